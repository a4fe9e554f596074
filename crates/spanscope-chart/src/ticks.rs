//! The places of the numbers on an axis.

/// A place on an axis; one with a label is a major tick.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: Option<String>,
}

/// The smallest of 1, 2, 5, 10, 20 … that is at least `raw`; below 1 as well.
pub(super) fn nice_step(raw: f64) -> f64 {
    if !(raw.is_finite() && raw > 0.0) {
        return 1.0;
    }
    let power = 10f64.powi(raw.log10().floor() as i32);
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|step| *step >= raw * (1.0 - 1e-9));
    step.unwrap_or(10.0 * power)
}

/// Whole steps from `low` to `high`, at most about `count`, with half steps between.
pub(super) fn linear(low: f64, high: f64, count: f64) -> Vec<Tick> {
    if high <= low || high.is_nan() || low.is_nan() {
        return vec![Tick {
            value: low,
            label: Some(number(low, 1.0)),
        }];
    }
    let step = nice_step((high - low) / count.max(1.0));
    let minor = step / 2.0;
    let first = (low / minor - 1e-6).ceil() as i64;
    let last = (high / minor + 1e-6).floor() as i64;
    (first..=last.min(first + 400))
        .map(|i| {
            let value = i as f64 * minor;
            Tick {
                value,
                label: (i % 2 == 0).then(|| number(value, step)),
            }
        })
        .collect()
}

/// Decades from `low` to `high`; with room, 1-2-5 in each; the rest without a label.
///
/// `decade` is the length of one decade and `line` the room that one label needs.
pub(super) fn log(low: f64, high: f64, decade: f64, line: f64) -> Vec<Tick> {
    if !(low > 0.0 && high >= low && high.is_finite()) {
        return Vec::new();
    }
    let first = (low.log10() - 1e-9).floor() as i32;
    let last = (high.log10() + 1e-9).floor() as i32;
    // Between 2 and 5 is the widest gap of 1-2-5, from 1 to 2 and 5 to 10 the narrowest.
    let labels = |m: u32, power: i32| match m {
        1 if decade >= line => true,
        1 => {
            let every = (line / decade.max(1e-6)).ceil() as i32;
            power.rem_euclid(every.max(1)) == 0
        }
        2 | 5 => decade * 2f64.log10() >= line * 1.15,
        _ => false,
    };
    let minor = decade >= 1.6 * line;
    let mut ticks = Vec::new();
    for power in first..=last {
        for m in 1..10u32 {
            let value = f64::from(m) * 10f64.powi(power);
            if value < low * (1.0 - 1e-9) || value > high * (1.0 + 1e-9) {
                continue;
            }
            let label = labels(m, power).then(|| number(value, value));
            if label.is_some() || minor || m == 1 {
                ticks.push(Tick { value, label });
            }
        }
    }
    ticks
}

/// The ticks that `make` finds between two ends; where these are shares to be shown as percentages, round percentages.
pub(super) fn shares(
    (low, high): (f64, f64),
    percent: bool,
    make: impl FnOnce(f64, f64) -> Vec<Tick>,
) -> Vec<Tick> {
    if !percent {
        return make(low, high);
    }
    let mut found = make(100.0 * low, 100.0 * high);
    for tick in &mut found {
        tick.value /= 100.0;
        tick.label = tick.label.take().map(|label| label + " %");
    }
    found
}

/// A number with as many decimals as `step` asks for.
pub(super) fn number(value: f64, step: f64) -> String {
    let decimals = (-step.abs().log10() - 1e-9).ceil().clamp(0.0, 12.0) as usize;
    if value != 0.0 && (decimals > 5 || value.abs() >= 1e7) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((m, e)) if m.len() > 6 => format!("{}e{e}", &m[..6]),
            _ => text,
        };
    }
    let text = format!("{value:.decimals$}");
    if text
        .trim_start_matches('-')
        .chars()
        .all(|c| matches!(c, '0' | '.'))
    {
        return "0".to_owned();
    }
    grouped(&text)
}

/// A decimal number with its thousands set apart and a minus sign.
pub(super) fn grouped(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("\u{2212}", digits),
        None => ("", text),
    };
    match digits.split_once('.') {
        Some((whole, part)) => format!("{sign}{}.{part}", thousands(whole)),
        None => format!("{sign}{}", thousands(digits)),
    }
}

/// Which of `count` labels, `pitch` apart, to show so that each has `room`.
pub(super) fn every(pitch: f64, room: f64) -> usize {
    if pitch <= 0.0 || pitch.is_nan() {
        return usize::MAX;
    }
    nice_step((room / pitch).max(1.0)).min(1e15).ceil() as usize
}

/// 1234567 as "1,234,567", 1234.5 as "1,234.5".
pub fn thousands(n: impl std::fmt::Display) -> String {
    let number = n.to_string();
    let whole = number.find('.').unwrap_or(number.len());
    let (digits, rest) = number.split_at(whole);
    let mut out = String::with_capacity(number.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<String> {
        ticks.iter().filter_map(|t| t.label.clone()).collect()
    }

    #[test]
    fn thousands_are_parted_before_the_point() {
        for (number, words) in [
            ("7", "7"),
            ("1000", "1,000"),
            ("1234567", "1,234,567"),
            ("1291.4", "1,291.4"),
            ("0.12345", "0.12345"),
        ] {
            assert_eq!(thousands(number), words);
        }
    }

    #[test]
    fn steps() {
        for (raw, want) in [
            (1.0, 1.0),
            (1.2, 2.0),
            (3.0, 5.0),
            (6.0, 10.0),
            (0.03, 0.05),
        ] {
            assert!((nice_step(raw) - want).abs() < 1e-9, "{raw}");
        }
        assert_eq!(nice_step(0.0), 1.0);
        assert_eq!(nice_step(f64::NAN), 1.0);
    }

    #[test]
    fn decades_only_when_narrow() {
        assert_eq!(
            labels(&log(1.0, 8192.0, 25.0, 10.0)),
            ["1", "10", "100", "1,000"]
        );
        assert_eq!(labels(&log(1.0, 8192.0, 4.0, 10.0)), ["1", "1,000"]);
        assert!(log(1.0, 8192.0, 25.0, 10.0).len() > 30);
    }

    #[test]
    fn one_two_five_when_wide() {
        assert_eq!(
            labels(&log(1.0, 120.0, 60.0, 10.0)),
            ["1", "2", "5", "10", "20", "50", "100"]
        );
    }

    #[test]
    fn linear_ticks() {
        assert_eq!(labels(&linear(0.0, 106.0, 5.0)), ["0", "50", "100"]);
        assert_eq!(
            labels(&linear(0.0, 0.25, 5.0)),
            ["0", "0.05", "0.10", "0.15", "0.20", "0.25"]
        );
        assert_eq!(linear(3.0, 3.0, 5.0).len(), 1);
        assert!(linear(0.0, 1e15, 6.0).len() < 20);
    }

    #[test]
    fn thinning() {
        assert_eq!(every(10.0, 8.0), 1);
        assert_eq!(every(3.0, 8.0), 5);
        assert_eq!(every(0.0, 8.0), usize::MAX);
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(n), text);
        }
    }
}
