//! Probabilities as percentages, in the views and in the figures alike.

/// A percentage with the digits that say something: "34.2", "0.012", "1.3e-5", "<1e-6".
pub fn percentage(value: f32) -> String {
    match value {
        v if v >= 9.95 => format!("{v:.1}"),
        v if v >= 0.0995 => format!("{v:.2}"),
        v if v >= 0.000_995 || v <= 0.0 => format!("{v:.3}"),
        v if v < 1e-6 => "<1e-6".to_owned(),
        v => format!("{v:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_percentages_keep_their_digits() {
        assert_eq!(percentage(34.21), "34.2");
        assert_eq!(percentage(1.234), "1.23");
        assert_eq!(percentage(0.0123), "0.012");
        assert_eq!(percentage(0.000_012), "1.2e-5");
        assert_eq!(percentage(0.0), "0.000");
        assert_eq!(percentage(5.7e-30), "<1e-6");
    }
}
