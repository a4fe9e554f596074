//! What plots share: marks of axes, numbers with units, legends.

use crate::chart::thousands;
use eframe::egui::{self, Color32, FontId, Rect, Sense, Stroke, Ui, pos2, vec2};
use egui_plot::{AxisHints, GridInput, GridMark};

/// A power of a thousand, for numbers that are read together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::ui) struct Unit {
    /// What it stands for.
    pub factor: f64,
    /// Its letter: "", "k", "M", "G", "T" or "P".
    pub prefix: &'static str,
}

impl Unit {
    /// The unit in which `largest` has one to three digits before the point.
    pub fn of(largest: f64) -> Self {
        let mut unit = Self {
            factor: 1.0,
            prefix: "",
        };
        for (factor, prefix) in [(1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"), (1e15, "P")] {
            if largest >= factor {
                unit = Self { factor, prefix };
            }
        }
        unit
    }

    /// `value` in this unit, with about three digits.
    pub fn number(self, value: f64) -> String {
        significant(value / self.factor)
    }
}

/// A number with about three digits: "0.123", "1.23", "12.3", "123", "1,235".
pub(in crate::ui) fn significant(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 99.95 || v == 0.0 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        _ => 3,
    };
    match value.abs() {
        v if (999.5..1e15).contains(&v) => {
            let sign = if value < 0.0 { "-" } else { "" };
            format!("{sign}{}", thousands(v.round() as usize))
        }
        _ => format!("{value:.decimals$}"),
    }
}

/// A number with its unit's letter: "1.23 M".
pub(in crate::ui) fn with_prefix(value: f64) -> String {
    let unit = Unit::of(value.abs());
    let space = if unit.prefix.is_empty() { "" } else { " " };
    format!("{}{space}{}", unit.number(value), unit.prefix)
}

/// Bytes for people: "1.23 MB".
pub(in crate::ui) fn bytes(value: f64) -> String {
    let unit = Unit::of(value.abs());
    let number = if unit.factor == 1.0 {
        format!("{value:.0}")
    } else {
        unit.number(value)
    };
    format!("{number} {}B", unit.prefix)
}

/// Marks of an axis on which a value stands at its base-2 logarithm: at powers of two, as many as have `room` points.
pub(in crate::ui) fn binary_marks(input: &GridInput, room: f64) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    // egui_plot's own step is for 8 points.
    let step = (room * input.base_step_size / 8.0).ceil().clamp(1.0, 64.0) as i64;
    // However far one zooms out.
    let first = low.max(-2.0).ceil() as i64;
    let last = high.min(62.0).floor() as i64;
    (first..=last)
        .filter(|power| *power >= 0 && power % step == 0)
        .map(|power| GridMark {
            value: power as f64,
            step_size: step as f64,
        })
        .collect()
}

/// Marks of an axis on which a value stands at its decimal logarithm: decades, and 2 and 5 between them where there is
/// room.
pub(in crate::ui) fn decimal_marks(input: &GridInput) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    let (low, high) = (low.max(-12.0), high.min(18.0));
    let mut marks = Vec::new();
    let mut decade = low.floor();
    while decade <= high {
        for (digit, step_size) in [(1.0_f64, 1.0), (2.0, 0.3), (5.0, 0.3)] {
            let value = decade + digit.log10();
            if (low..=high).contains(&value) {
                marks.push(GridMark { value, step_size });
            }
        }
        decade += 1.0;
    }
    marks
}

/// Marks of a plain axis at multiples of 1, 2 or 5 times a power of ten, at least `room` points apart.
pub(in crate::ui) fn linear_marks(input: &GridInput, room: f64) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    let rough = (room * input.base_step_size / 8.0).max(f64::MIN_POSITIVE);
    let decade = 10_f64.powf(rough.log10().floor());
    let nice = [1.0, 2.0, 5.0].map(|m| m * decade);
    let step = nice.into_iter().find(|step| *step >= rough);
    let step_size = step.unwrap_or(10.0 * decade);
    let (first, last) = ((low / step_size).ceil(), (high / step_size).floor());
    // However far one zooms, there are no more than that.
    let count = (last - first).clamp(-1.0, 200.0) as i32 + 1;
    (0..count)
        .map(|i| GridMark {
            value: (first + f64::from(i)) * step_size,
            step_size,
        })
        .collect()
}

/// The marks of an axis that counts: those at whole numbers, once each. `value` is the number that a mark stands for.
pub(in crate::ui) fn whole(mut marks: Vec<GridMark>, value: impl Fn(f64) -> f64) -> Vec<GridMark> {
    let is_whole = |x: f64| (x - x.round()).abs() <= 1e-6 * x.abs().max(1.0);
    marks.retain(|mark| is_whole(value(mark.value)));
    marks
}

/// A mark's value with no more digits than the step between marks needs.
pub(in crate::ui) fn plain_tick(mark: GridMark) -> String {
    let decimals = (-mark.step_size.abs().max(1e-9).log10())
        .ceil()
        .clamp(0.0, 9.0);
    // Rounded to the step, so that −0 is 0.
    let value = if mark.value.abs() < 1e-9 * mark.step_size {
        0.0
    } else {
        mark.value
    };
    format!("{value:.0$}", decimals as usize)
}

/// Points between two numbers of a vertical axis.
pub(in crate::ui) const LINE: f64 = 28.0;

/// Points between two numbers of a horizontal axis.
pub(in crate::ui) const NUMBER: f64 = 56.0;

/// A vertical axis whose marks stand [`LINE`] points apart.
pub(in crate::ui) fn vertical<'a>(label: impl Into<egui::WidgetText>) -> AxisHints<'a> {
    AxisHints::new_y()
        .label(label)
        .label_spacing(egui::Rangef::new(4.0, 14.0))
        .formatter(|mark, _| plain_tick(mark))
}

/// A horizontal axis whose marks stand [`NUMBER`] points apart.
pub(in crate::ui) fn horizontal<'a>(label: impl Into<egui::WidgetText>) -> AxisHints<'a> {
    AxisHints::new_x()
        .label(label)
        .label_spacing(egui::Rangef::new(4.0, 20.0))
}

/// How a line is told from others without its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Dash {
    Solid,
    Dashed,
    Dotted,
}

impl Dash {
    /// For a plot's line.
    pub fn style(self) -> egui_plot::LineStyle {
        match self {
            Self::Solid => egui_plot::LineStyle::Solid,
            Self::Dashed => egui_plot::LineStyle::Dashed { length: 6.0 },
            Self::Dotted => egui_plot::LineStyle::Dotted { spacing: 5.0 },
        }
    }
}

/// Widgets that stay on one line, `width` points wide, however the row around them wraps.
pub(in crate::ui) fn together<R>(
    ui: &mut Ui,
    width: f32,
    contents: impl FnOnce(&mut Ui) -> R,
) -> R {
    let size = vec2(width, ui.spacing().interact_size.y);
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        contents(ui)
    })
    .inner
}

/// A filled square with a name beside it; in a row that wraps, both stay together.
pub(in crate::ui) fn swatch(ui: &mut Ui, color: Color32, name: &str) -> egui::Response {
    named(ui, 9.0, name, |ui, rect| {
        ui.painter().rect_filled(rect, 2.0, color);
    })
}

/// A piece of a line with its name beside it; in a row that wraps, both stay together.
pub(in crate::ui) fn line_sample(
    ui: &mut Ui,
    color: Color32,
    dash: Dash,
    name: &str,
) -> egui::Response {
    named(ui, 20.0, name, |ui, rect| {
        let ends = [rect.left_center(), rect.right_center()];
        let stroke = Stroke::new(1.8, color);
        let painter = ui.painter();
        match dash {
            Dash::Solid => {
                painter.line_segment(ends, stroke);
            }
            Dash::Dashed => {
                painter.extend(egui::Shape::dashed_line(&ends, stroke, 6.0, 3.5));
            }
            Dash::Dotted => {
                painter.extend(egui::Shape::dotted_line(&ends, color, 5.0, 1.2));
            }
        }
    })
}

/// A sign of the given width and 9 points of height, with quiet words beside it.
pub(in crate::ui) fn named(
    ui: &mut Ui,
    width: f32,
    name: &str,
    sign: impl FnOnce(&Ui, Rect),
) -> egui::Response {
    let font = FontId::proportional(12.0);
    let color = ui.visuals().weak_text_color();
    let galley = ui.painter().layout_no_wrap(name.to_owned(), font, color);
    let gap = 5.0;
    let size = vec2(width + gap + galley.size().x, galley.size().y.max(12.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let middle = pos2(rect.left() + 0.5 * width, rect.center().y);
    sign(ui, Rect::from_center_size(middle, vec2(width, 9.0)));
    let at = pos2(
        rect.left() + width + gap,
        rect.center().y - 0.5 * galley.size().y,
    );
    ui.painter().galley(at, galley, color);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, name));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_about_three_digits_and_a_unit() {
        assert_eq!(Unit::of(999.0).prefix, "");
        assert_eq!(with_prefix(1_234_567.0), "1.23 M");
        assert_eq!(with_prefix(12.0), "12.0");
        assert_eq!(bytes(831_000.0), "831 kB");
        assert_eq!(bytes(12.0), "12 B");
        assert_eq!(significant(0.1234), "0.123");
        assert_eq!(significant(99.96), "100");
        assert_eq!(significant(0.0), "0");
        assert_eq!(significant(8192.0), "8,192");
        assert_eq!(significant(-1234.6), "-1,235");
        assert_eq!(significant(999.96), "1,000");
    }

    #[test]
    fn marks_are_few_however_far_one_zooms() {
        for reach in [1.0, 1e6, 1e300] {
            let input = GridInput {
                bounds: (-reach, reach),
                base_step_size: reach / 50.0,
            };
            assert!(binary_marks(&input, 40.0).len() < 70);
            assert!(decimal_marks(&input).len() < 100);
            assert!(linear_marks(&input, 40.0).len() < 202);
        }
        let marks = binary_marks(
            &GridInput {
                bounds: (0.0, 9.3),
                base_step_size: 0.2,
            },
            40.0,
        );
        assert_eq!(marks.len(), 10);
        let input = GridInput {
            bounds: (-0.3, 8.1),
            base_step_size: 0.2,
        };
        let marks = linear_marks(&input, 40.0);
        let values: Vec<f64> = marks.iter().map(|mark| mark.value).collect();
        assert_eq!(values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    }

    #[test]
    fn an_axis_that_counts_names_no_number_twice() {
        // A run whose log has one entry, and one that is looked at from near.
        for (low, high) in [(99.5, 100.5), (99.9, 101.3), (-0.5, 0.5), (12.0, 900.0)] {
            let input = GridInput {
                bounds: (low, high),
                base_step_size: (high - low) / 40.0,
            };
            let names = |marks: Vec<GridMark>, value: fn(f64) -> f64| {
                let marks = whole(marks, value).into_iter();
                let names = marks.map(|mark| format!("{:.0}", value(mark.value)));
                names.collect::<Vec<_>>()
            };
            let mut plain = names(linear_marks(&input, 30.0), |x| x);
            let count = plain.len();
            plain.dedup();
            assert!(count > 0 && plain.len() == count, "{plain:?}");
            let input = GridInput {
                bounds: (f64::max(low, 0.02).log10(), f64::log10(high)),
                base_step_size: 0.01,
            };
            let mut logs = names(decimal_marks(&input), |x| 10_f64.powf(x));
            let count = logs.len();
            logs.dedup();
            assert_eq!(logs.len(), count, "{logs:?}");
        }
    }

    #[test]
    fn ticks_have_the_digits_of_their_step() {
        let tick = |value, step_size| plain_tick(GridMark { value, step_size });
        assert_eq!(tick(2.5, 0.5), "2.5");
        assert_eq!(tick(20.0, 10.0), "20");
        assert_eq!(tick(-1e-17, 1.0), "0");
    }
}
