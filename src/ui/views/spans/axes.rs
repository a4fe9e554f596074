//! Where the numbers of the axes go, and where a number of tokens stands on them.

use crate::chart::{SpanMeasure as Measure, thousands};
use crate::model::Span;
use egui_plot::GridMark;

/// How a number of tokens becomes a height in the chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub measure: Measure,
    pub linear: bool,
    /// The number of tokens at which heads stand that nothing ends.
    pub top: f64,
}

impl Scale {
    /// The height of a number of tokens.
    pub fn y(&self, tokens: f64) -> f64 {
        if self.linear {
            tokens
        } else {
            // A span of nothing has no logarithm; it stands on the axis.
            tokens.max(0.1).log10()
        }
    }

    /// The number of tokens at a height.
    pub fn tokens(&self, y: f64) -> f64 {
        if self.linear { y } else { 10_f64.powf(y) }
    }

    /// The number of a head that is drawn.
    pub fn value(&self, span: &Span) -> f64 {
        match self.measure {
            Measure::Reach => span.reach.end().map_or(self.top, |reach| reach as f64),
            Measure::Span => span.designed().map_or(self.top, f64::from),
        }
    }

    /// The z that puts the point of `head` at the height `y`, as whole as a hand can tell apart.
    pub fn span_at(&self, y: f64, head: &Span) -> f32 {
        let tokens = self.tokens(y);
        let z = match self.measure {
            Measure::Reach => tokens - head.ramp().map_or(0.0, |ramp| f64::from(ramp.tokens())),
            Measure::Span => tokens,
        };
        let z = z.max(0.0);
        let z = if z < 0.15 {
            0.0
        } else if z < 10.0 {
            (10.0 * z).round() / 10.0
        } else {
            z.round()
        };
        head.with(z as f32).span
    }
}

/// Marks in the middle of layers' heads: every one, or every second, fifth or tenth where their names would touch.
pub(super) fn layer_marks(
    input: &egui_plot::GridInput,
    layers: usize,
    heads: usize,
) -> Vec<GridMark> {
    // The step that egui_plot suggests is for 8 points; a name needs 22.
    let room = 22.0 * input.base_step_size / 8.0;
    let width = (heads + 1) as f64;
    let step = [1, 2, 5, 10, 20, 50]
        .into_iter()
        .find(|step| *step as f64 * width >= room);
    let step = step.unwrap_or(100);
    let mark = |layer: usize| GridMark {
        value: layer as f64 * width + heads as f64 / 2.0,
        step_size: step as f64 * width,
    };
    (0..layers)
        .filter(|layer| layer.is_multiple_of(step))
        .map(mark)
        .collect()
}

/// The layer's number.
pub(super) fn layer_tick(mark: GridMark, heads: usize) -> String {
    format!(
        "{:.0}",
        (mark.value - heads as f64 / 2.0) / (heads + 1) as f64
    )
}

pub(super) fn log_marks(input: egui_plot::GridInput) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    let mut marks = Vec::new();
    // However far one zooms out, there are no spans below a hundredth or beyond a billion tokens.
    for decade in (low.floor().max(-2.0) as i32)..=(high.ceil().min(9.0) as i32) {
        for digit in [1, 2, 5] {
            let value = f64::from(decade) + f64::from(digit).log10();
            if (low..=high).contains(&value) {
                // Thickness tells decades from what lies between.
                let step_size = if digit == 1 { 1.0 } else { 0.1 };
                marks.push(GridMark { value, step_size });
            }
        }
    }
    marks
}

pub(super) fn linear_marks(input: egui_plot::GridInput) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    let rough = ((high - low) / 6.0).max(1.0);
    let decade = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|m| m * decade)
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last.min(first.saturating_add(100)))
        .map(|i| GridMark {
            value: i as f64 * step,
            step_size: step,
        })
        .collect()
}

/// A number at the axis.
pub(super) fn tick(mark: GridMark, linear: bool) -> String {
    if linear {
        return thousands(mark.value);
    }
    let value = 10_f64.powf(mark.value);
    if value < 0.95 {
        format!("{value:.1}")
    } else {
        thousands(format!("{value:.0}"))
    }
}

/// Round numbers from `low` to `high`, at most about `count` of them.
pub(super) fn round_numbers(low: f64, high: f64, count: f64) -> Vec<f64> {
    let rough = (high - low) / count.max(1.0);
    if !(rough > 0.0 && rough.is_finite()) {
        return Vec::new();
    }
    let decade = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|m| m * decade).into_iter();
    let step = steps.into_iter().find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(10.0 * decade);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last.min(first.saturating_add(100)))
        .map(|i| i as f64 * step)
        .collect()
}

/// Powers of ten from `low` to `high`, with their double and fivefold where a decade has `room` for them.
pub(super) fn decades(low: f64, high: f64, room: bool) -> Vec<f64> {
    if !(low > 0.0 && high >= low && high.is_finite()) {
        return Vec::new();
    }
    let digits: &[f64] = if room { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let powers = low.log10().floor() as i32..=high.log10().floor() as i32;
    powers
        .flat_map(|power| digits.iter().map(move |digit| digit * 10_f64.powi(power)))
        .filter(|value| (low * 0.999..=high * 1.001).contains(value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reach;
    use crate::model::architecture::Window;

    fn head(window: Window) -> Span {
        Span {
            designed: window,
            first: 0,
            columns: 0,
            layer: 0,
            head: 0,
            span: 0.0,
            reach: Reach::of(0),
            kept: 0,
            window,
            nearest: 1,
            open: false,
        }
    }

    #[test]
    fn a_height_is_the_span_that_stands_there() {
        let learned = head(Window::Soft {
            limit: 1024,
            ramp: 32.into(),
        });
        let fixed = head(Window::Fixed(1024));
        for linear in [false, true] {
            for measure in [Measure::Reach, Measure::Span] {
                let scale = Scale {
                    measure,
                    linear,
                    top: f64::NAN,
                };
                for z in [0.0, 0.5, 7.3, 10.0, 73.0, 992.0] {
                    let span = learned.with(z);
                    let back = scale.span_at(scale.y(scale.value(&span)), &learned);
                    // The reach is z rounded up.
                    let want = match measure {
                        Measure::Reach => z.ceil(),
                        Measure::Span => z,
                    };
                    assert!(
                        (back - want).abs() < 0.06,
                        "{linear} {measure:?} {z} {back}"
                    );
                }
                let (low, high) = (scale.y(-5.0), scale.y(1e9));
                assert_eq!(scale.span_at(low, &learned), 0.0);
                assert_eq!(scale.span_at(high, &learned), 1024.0);
                // A fixed window holds one token at least.
                assert_eq!(scale.span_at(low, &fixed), 1.0);
            }
        }
        assert_eq!(fixed.with(3.0).reach, 3);
        assert_eq!(learned.with(3.2).reach, 36);
    }

    #[test]
    fn round_numbers_and_decades() {
        assert_eq!(round_numbers(1.0, 116.0, 5.0), [50.0, 100.0]);
        assert_eq!(round_numbers(0.0, 0.09, 2.0), [0.0, 0.05]);
        assert!(round_numbers(1.0, 1.0, 5.0).is_empty());
        assert!(round_numbers(0.0, f64::NAN, 5.0).is_empty());
        assert_eq!(decades(1.0, 60.0, true), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!(decades(0.001, 0.1, false).len(), 3);
        assert!(decades(0.0, 1.0, true).is_empty());
    }

    #[test]
    fn marks_are_few_however_far_one_zooms() {
        for reach in [1.0, 1e6, 1e300] {
            let input = || egui_plot::GridInput {
                bounds: (-reach, reach),
                base_step_size: reach / 50.0,
            };
            assert!(log_marks(input()).len() < 40);
            assert!(linear_marks(input()).len() < 200);
        }
        let decades: Vec<String> = log_marks(egui_plot::GridInput {
            bounds: (0.0, 1.0),
            base_step_size: 0.1,
        })
        .into_iter()
        .map(|mark| tick(mark, false))
        .collect();
        assert_eq!(decades, ["1", "2", "5", "10"]);
    }
}
