//! Probabilities as percentages, in the views and in the figures alike.

/// A percentage with two or three digits that say something: "34.2", "0.012", "0.00061", "<0.0001".
pub fn percentage(value: f32) -> String {
    match value {
        v if v >= 9.95 => format!("{v:.1}"),
        v if v >= 0.0995 => format!("{v:.2}"),
        v if v >= 0.009_95 => format!("{v:.3}"),
        v if v >= 0.000_995 => format!("{v:.4}"),
        v if v >= 0.000_099_5 => format!("{v:.5}"),
        v if v > 0.0 => "<0.0001".to_owned(),
        _ => "0".to_owned(),
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
        assert_eq!(percentage(0.006_123), "0.0061");
        assert_eq!(percentage(0.000_612), "0.00061");
        assert_eq!(percentage(0.000_012), "<0.0001");
        assert_eq!(percentage(0.0), "0");
        assert_eq!(percentage(5.7e-30), "<0.0001");
    }
}
