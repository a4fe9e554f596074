//! What the plots of the training have in common: axes, scales, and the steps in view.

use super::TrainingView;
use crate::chart::thousands;
use crate::ui::widgets::axes::{
    LINE, NUMBER, decimal_marks, horizontal, linear_marks, significant, vertical, whole,
};
use crate::ui::widgets::paint::grid_color;
use eframe::egui::{self, Ui, vec2};
use egui_plot::{Plot, PlotUi, VLine};
use std::ops::RangeInclusive;

/// The place and the axes of a plot.
pub struct Frame<'a> {
    /// Tells it from the others.
    pub name: &'a str,
    /// The number of the model.
    pub model: u64,
    /// True if x is the step, and not the entry of the log.
    pub by_step: bool,
    /// In points.
    pub height: f32,
    /// What of x must be in view, where it stands in the plot.
    pub x: (f64, f64),
    /// The same of y.
    pub y: (f64, f64),
    /// What y is.
    pub y_name: &'a str,
    /// What x is, where it is said.
    pub x_name: &'a str,
}

impl TrainingView {
    /// An empty plot. What is drawn depends on what is in view, so what is in view must not depend on what is drawn.
    pub(super) fn plot<'a>(&self, ui: &Ui, frame: &Frame<'a>) -> Plot<'a> {
        let (log_x, log_y) = (self.log_x, self.log_y);
        let link = egui::Id::unique(("training", frame.model, log_x, frame.by_step));
        let mut y_axis = vertical(frame.y_name).min_thickness(58.0);
        if log_y {
            y_axis = y_axis
                .formatter(|mark, _: &RangeInclusive<f64>| significant(10_f64.powf(mark.value)));
        }
        let x_axis = horizontal(frame.x_name).formatter(move |mark, _: &RangeInclusive<f64>| {
            let x = if log_x {
                10_f64.powf(mark.value)
            } else {
                mark.value
            };
            if x < -0.5 {
                String::new()
            } else {
                thousands(x.round() as usize)
            }
        });
        let (left, right) = frame.x;
        let plot = Plot::new(("training", frame.name, frame.model, log_x, log_y))
            .height(frame.height)
            .link_axis(link, [true, false])
            .show_x(false)
            .show_y(false)
            .allow_scroll(false)
            .allow_boxed_zoom(false)
            .set_margin_fraction(vec2(0.01, 0.08))
            .include_x(left)
            // Room for the last number.
            .include_x(right + 0.035 * (right - left))
            .include_y(frame.y.0)
            .include_y(frame.y.1)
            .grid_color(grid_color(ui))
            .custom_x_axes(vec![x_axis])
            .custom_y_axes(vec![y_axis])
            .label_formatter(|_| None)
            .x_grid_spacer(move |input| match log_x {
                true => whole(decimal_marks(&input), |x| 10_f64.powf(x)),
                false => whole(linear_marks(&input, NUMBER), |x| x),
            });
        plot.y_grid_spacer(move |input| match log_y {
            true => decimal_marks(&input),
            false => linear_marks(&input, LINE),
        })
    }

    /// An upright line at the step under the pointer, in whichever plot that is.
    pub(super) fn mark_hovered(&self, plot: &mut PlotUi<'_>) {
        let Some(x) = self.hover else {
            return;
        };
        let x = if self.log_x { x.max(1e-9).log10() } else { x };
        let faint = plot.ctx().global_style().visuals.weak_text_color();
        plot.vline(
            VLine::new("hover", x)
                .color(faint)
                .width(1.0)
                .allow_hover(false),
        );
    }

    /// Where a point stands in a plot; nowhere where it has no logarithm.
    pub(super) fn place(&self, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        let place = |log: bool, value: f64| match log {
            true if value > 0.0 => Some(value.log10()),
            true => None,
            false => Some(value),
        };
        Some([place(self.log_x, x)?, place(self.log_y, y)?])
    }
}
