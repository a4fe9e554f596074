//! The axes of the leading head's curve.

use super::axes::{decades, round_numbers};
use crate::chart::thousands;
use crate::engine::figures::Quantity;
use crate::ui::language::tr;
use eframe::egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Stroke, pos2, vec2};

/// Room within the frame for the names of z, ramp and reach.
const NAMES: f32 = 16.0;

/// The places of distances and numbers.
#[derive(Clone, Copy)]
pub(super) struct Axes {
    pub frame: Rect,
    pub log_distance: bool,
    /// The nearest distance that a query sees.
    pub nearest: f64,
    /// The largest distance.
    pub far: f64,
    /// The logarithms of the least and the largest weight, or 0 and the largest weight.
    pub weights: (f64, f64),
    pub log_weight: bool,
}

impl Axes {
    pub fn x(&self, distance: f64) -> f32 {
        let share = if self.log_distance {
            // Distance 0 has no logarithm; it stands on the axis, like half a token.
            let low = self.nearest.max(0.5);
            (distance.max(low) / low).ln() / (self.far / low).ln()
        } else {
            (distance - self.nearest) / (self.far - self.nearest)
        };
        self.frame.left() + share as f32 * self.frame.width()
    }

    pub fn distance(&self, x: f32) -> f64 {
        let share = f64::from((x - self.frame.left()) / self.frame.width().max(1.0));
        if self.log_distance {
            let low = self.nearest.max(0.5);
            low * (share * (self.far / low).ln()).exp()
        } else {
            self.nearest + share * (self.far - self.nearest)
        }
    }

    pub fn height(&self, share: f64) -> f32 {
        self.frame.bottom() - share as f32 * (self.frame.height() - NAMES)
    }

    pub fn weight(&self, weight: f64) -> f32 {
        let (low, high) = self.weights;
        let weight = if self.log_weight {
            weight.max(1e-30).log10()
        } else {
            weight
        };
        self.height(((weight - low) / (high - low).max(1e-12)).clamp(0.0, 1.0))
    }
}

pub(super) fn small() -> FontId {
    FontId::proportional(11.0)
}

/// The name of an axis, with the colour of what it measures; returns where it is.
pub(super) fn name(
    painter: &Painter,
    at: Pos2,
    anchor: Align2,
    words: &str,
    color: Color32,
    weak: Color32,
) -> Rect {
    let glyph = 16.0;
    if anchor == Align2::LEFT_TOP {
        let y = at.y + 7.0;
        painter.hline(at.x..=at.x + 11.0, y, Stroke::new(2.5, color));
        let text = painter.text(at + vec2(glyph, 0.0), anchor, words, small(), weak);
        Rect::from_min_max(at, text.max)
    } else {
        let text = painter.text(at, anchor, words, small(), weak);
        let box_at = pos2(text.left() - glyph, at.y + 3.0);
        let rect = Rect::from_min_size(box_at, vec2(11.0, 9.0));
        painter.rect_filled(rect, 0.0, color.gamma_multiply(0.35));
        painter.hline(rect.x_range(), rect.top(), Stroke::new(1.0, color));
        text.union(rect)
    }
}

pub(super) fn distance_axis(painter: &Painter, axes: &Axes, weak: Color32, line: Color32) {
    let frame = axes.frame;
    let values = if axes.log_distance {
        let decade = f64::from(frame.width()) / axes.far.log10();
        decades(1.0, axes.far, decade > 110.0)
    } else {
        let count = f64::from(frame.width() / 56.0).clamp(2.0, 12.0);
        let mut values = round_numbers(axes.nearest + 1.0, axes.far, count);
        values.insert(0, axes.nearest);
        values
    };
    let mut right = f32::NEG_INFINITY;
    for value in values {
        let x = axes.x(value);
        painter.vline(
            x,
            frame.y_range(),
            Stroke::new(1.0, line.gamma_multiply(0.6)),
        );
        let words = thousands(value as usize);
        let galley = painter.layout_no_wrap(words, small(), weak);
        let left = x - 0.5 * galley.size().x;
        if left > right + 6.0 {
            right = left + galley.size().x;
            painter.galley(pos2(left, frame.bottom() + 2.0), galley, weak);
        }
    }
    let at = pos2(frame.center().x, frame.bottom() + 14.0);
    let words = tr(Quantity::Distance.axis());
    painter.text(at, Align2::CENTER_TOP, words, small(), weak);
}

pub(super) fn mask_axis(painter: &Painter, axes: &Axes, weak: Color32) {
    for (value, words) in [(0.0, "0"), (0.5, "0.5"), (1.0, "1")] {
        let at = pos2(axes.frame.left() - 4.0, axes.height(value));
        painter.text(at, Align2::RIGHT_CENTER, words, small(), weak);
    }
}

pub(super) fn weight_axis(painter: &Painter, axes: &Axes, weak: Color32) {
    let (low, high) = axes.weights;
    let room = f64::from(axes.frame.height() - NAMES);
    let values = if axes.log_weight {
        decades(10_f64.powf(low), 10_f64.powf(high), false)
    } else {
        round_numbers(0.0, high, (room / 22.0).clamp(1.0, 6.0))
    };
    let mut last = f32::INFINITY;
    for value in values {
        let y = axes.weight(value);
        if y > last - 13.0 {
            continue;
        }
        last = y;
        let at = pos2(axes.frame.right() + 4.0, y);
        painter.text(at, Align2::LEFT_CENTER, share_tick(value), small(), weak);
    }
}

/// A share as a percentage with no more digits than it needs.
pub(super) fn share_tick(share: f64) -> String {
    let percent = 100.0 * share;
    if percent > 0.0 && percent < 0.000_95 {
        // Zeros would not fit beside the axis.
        return format!("{percent:.1e} %").replace(".0e", "e");
    }
    // Rounding at the seventh digit takes off what binary fractions leave.
    let words = format!("{:.5}", percent);
    let words = words.trim_end_matches('0').trim_end_matches('.');
    if words.len() > 6 && percent >= 0.01 {
        return format!("{percent:.2} %");
    }
    format!("{words} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_at_an_axis_have_the_digits_they_need() {
        let of = |share| share_tick(share);
        assert_eq!([of(0.0), of(0.3), of(0.05)], ["0 %", "30 %", "5 %"]);
        assert_eq!([of(0.0025), of(1e-5)], ["0.25 %", "0.001 %"]);
        assert_eq!(of(0.123_456), "12.35 %");
        assert_eq!([of(1e-7), of(4.2e-6)], ["1e-5 %", "4.2e-4 %"]);
        // All that a logarithmic axis can show has room beside it.
        for power in 0..12 {
            let tick = of(10_f64.powi(-power));
            assert!(tick.len() <= "0.001 %".len(), "{tick}");
        }
    }

    #[test]
    fn distances_and_places_belong_together() {
        for log_distance in [false, true] {
            let axes = Axes {
                frame: Rect::from_min_max(pos2(10.0, 10.0), pos2(210.0, 110.0)),
                log_distance,
                nearest: 1.0,
                far: 119.0,
                weights: (0.0, 1.0),
                log_weight: false,
            };
            assert_eq!((axes.x(1.0), axes.x(119.0)), (10.0, 210.0));
            let own = Axes {
                nearest: 0.0,
                ..axes
            };
            assert_eq!((own.x(0.0), own.x(119.0)), (10.0, 210.0));
            assert!(own.distance(own.x(0.0)).round() < 1.5 && own.x(1.0) > own.x(0.0));
            for distance in [1.0, 7.0, 100.0] {
                assert!((axes.distance(axes.x(distance)) - distance).abs() < 1e-3);
            }
        }
    }
}
