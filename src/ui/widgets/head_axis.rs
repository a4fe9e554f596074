//! An axis along which heads stand by one of their numbers.

use super::axes::{decimal_marks, linear_marks, plain_tick, significant};
use super::statistic::{Row, Statistic};
use crate::analysis::StatisticKind;
use crate::chart::thousands;
use egui_plot::GridInput;

/// An axis with its ends, in the number itself or in its decimal logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadAxis {
    statistic: Statistic,
    low: f64,
    high: f64,
    is_log: bool,
}

/// Room beyond the outermost numbers, as a share of the axis.
const ROOM: f64 = 0.05;

impl HeadAxis {
    /// An axis with room for what is known of `rows`; `from_zero` begins where bars do.
    pub fn new(statistic: Statistic, rows: &[Row], from_zero: bool) -> Self {
        let is_log = statistic.is_log(rows);
        let (low, high) = statistic.range(rows);
        let (low, high) = match is_log {
            true => (low.log10(), high.log10()),
            false => (low, high),
        };
        let (low, high) = match low.is_finite() && high.is_finite() && high > low {
            true => (low, high),
            false if low.is_finite() => (low - 0.5, low + 0.5),
            false => (0.0, 1.0),
        };
        let room = ROOM * (high - low);
        let low = match (from_zero, is_log) {
            (true, false) => 0.0,
            (true, true) => low.floor(),
            (false, _) => low - room,
        };
        Self {
            statistic,
            low,
            high: high.max(low + 1e-9) + room,
            is_log,
        }
    }

    /// The place of a number, from 0 to 1; `None` where it has none.
    pub fn share(&self, value: f64) -> Option<f32> {
        let value = if self.is_log { value.log10() } else { value };
        let share = (value - self.low) / (self.high - self.low);
        // Zero, which a logarithm does not have, stands at the end.
        (!share.is_nan()).then_some(share.clamp(0.0, 1.0) as f32)
    }

    /// Numbers along the axis with their places, at least `room` points apart on one of `length` points.
    pub fn ticks(&self, length: f32, room: f32) -> Vec<(f32, String)> {
        let input = GridInput {
            bounds: (self.low, self.high),
            base_step_size: 8.0 * (self.high - self.low) / f64::from(length.max(1.0)),
        };
        let marks = match self.is_log {
            true => decimal_marks(&input),
            false => linear_marks(&input, f64::from(room)),
        };
        let mut last = f32::NEG_INFINITY;
        let mut ticks = Vec::new();
        for mark in marks {
            let share = ((mark.value - self.low) / (self.high - self.low)) as f32;
            if !(0.0..=1.0).contains(&share) || (share - last) * length < room * 0.9 {
                continue;
            }
            last = share;
            let words = match self.statistic.kind() {
                StatisticKind::Share => {
                    format!(
                        "{} %",
                        significant(100.0 * mark.value).trim_end_matches(".00")
                    )
                }
                StatisticKind::Tokens if self.is_log => {
                    thousands(10_f64.powf(mark.value).round() as usize)
                }
                _ => plain_tick(mark),
            };
            ticks.push((share, words));
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(low: f64, high: f64, is_log: bool) -> HeadAxis {
        HeadAxis {
            statistic: Statistic::Reach,
            low,
            high,
            is_log,
        }
    }

    #[test]
    fn numbers_stand_where_their_values_do_and_apart() {
        let linear = axis(0.0, 50.0, false);
        assert_eq!(linear.share(25.0), Some(0.5));
        let log = axis(0.0, 4.0, true);
        assert_eq!(log.share(100.0), Some(0.5));
        assert_eq!(log.share(0.0), Some(0.0));
        assert_eq!(linear.share(f64::NAN), None);
        for (axis, length) in [(linear, 300.0), (log, 300.0), (log, 60.0)] {
            let ticks = axis.ticks(length, 40.0);
            assert!(ticks.len() >= 2, "{ticks:?}");
            assert!(
                ticks.windows(2).all(|p| (p[1].0 - p[0].0) * length >= 36.0),
                "{ticks:?}"
            );
        }
        assert!(
            log.ticks(300.0, 40.0)
                .iter()
                .any(|(at, words)| (*at, words.as_str()) == (0.5, "100"))
        );
    }
}
