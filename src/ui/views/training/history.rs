//! z of every head over the steps of the training: how the heads learned how far to look.

use super::frame::Frame;
use super::lines::{decimated, nearest};
use super::{TrainingView, decimals};
use crate::chart::thousands;
use crate::engine::SpanHistory;
use crate::engine::figures::Quantity;
use crate::model::HeadId;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::axes::{Dash, line_sample};
use crate::ui::widgets::names::head_name;
use eframe::egui::{self, Align2, Color32, Ui, vec2};
use egui_plot::{Line, PlotPoint, PlotPoints, Points, Text};

/// Distance from a line within which the pointer is on it, in points.
const NEAR: f32 = 14.0;

/// Most heads whose names stand beside their lines.
const NAMED: usize = 6;

/// Points of the width of a plot for each of which a line has two points at most.
const PER_COLUMN: f32 = 3.0;

/// A head's line as it stands in the plot.
struct Drawn {
    head: HeadId,
    points: Vec<[f64; 2]>,
}

impl TrainingView {
    /// z where it stands on the vertical axis. No head is missing from a logarithmic one because it looks nowhere.
    fn placed_z(&self, [x, z]: [f64; 2]) -> Option<[f64; 2]> {
        self.place([x, if self.log_y { z.max(1.0) } else { z }])
    }

    /// The range of z that must be in view. Where all heads look about as far, as they do at first, it does not begin at
    /// nothing: else nobody would see them part.
    fn heights(&self, history: &SpanHistory) -> (f64, f64) {
        let (low, high) = history.extent();
        let (low, high) = (f64::from(low), f64::from(high).max(1.0));
        if self.log_y {
            let (low, high) = (low.max(1.0).log10(), high.log10());
            return (low.min(high - 0.05).max(0.0), high.max(0.05));
        }
        match low > 0.5 * high {
            true => (low.min(high - 1.0), high),
            false => (0.0, high),
        }
    }

    /// Draws the plot, so high, with these steps in view, and whether x is named; the step under the pointer, if it is in
    /// this one.
    pub(super) fn history(
        &self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        history: &SpanHistory,
        (height, x, says_x): (f32, (f64, f64), bool),
    ) -> Option<f64> {
        legend(ui, cx, history);
        let (low, high) = self.heights(history);
        let frame = Frame {
            name: "every head",
            model: cx.snapshot.model_number,
            by_step: true,
            height,
            x,
            y: (low, high),
            y_name: tr(Quantity::Spans.axis()),
            x_name: if says_x { tr("Training step") } else { "" },
        };
        let lines: Vec<Drawn> = history
            .all_heads()
            .map(|head| Drawn {
                head,
                points: history
                    .of_head(head)
                    .filter_map(|point| self.placed_z(point))
                    .collect(),
            })
            .collect();
        let selected = cx.selection.heads.all();
        let all = selected.len() == lines.len();
        let stands_out = |head: HeadId| !all && selected.contains(&head);
        let hovered = cx.hover.head;
        let (palette, layers) = (cx.palette, history.layers);
        let response = self.plot(ui, &frame).show(ui, |plot| {
            let bounds = plot.plot_bounds();
            let width = plot.transform().frame().width().max(1.0);
            let columns = (width / PER_COLUMN) as usize;
            let (left, right) = (bounds.min()[0], bounds.max()[0]);
            // What stands out is drawn last.
            let rank =
                |head| usize::from(stands_out(head)) + 2 * usize::from(hovered == Some(head));
            for of in 0..=3 {
                for line in lines.iter().filter(|line| rank(line.head) == of) {
                    let color = palette.layer(line.head.layer, layers);
                    let (color, thickness) = match of {
                        0 => (color.gamma_multiply(0.75), 1.0),
                        _ => (color, 2.6),
                    };
                    draw(plot, line, color, thickness, (left, right, columns));
                }
            }
            let named = lines.iter().filter(|line| stands_out(line.head));
            let named: Vec<&Drawn> = named.take(NAMED + 1).collect();
            if named.len() <= NAMED {
                names(plot, &named, |layer| palette.layer(layer, layers));
            }
            self.mark_hovered(plot);
        });
        let (plot, transform) = (response.response, response.transform);
        plot.widget_info(|| {
            let heads = history.layers * history.heads;
            let last = history.steps.last().copied().unwrap_or(0.0);
            let name = trf(
                "Span of every head; {0} heads, after {1} steps",
                &[&heads, &thousands(last.max(0.0) as usize)],
            );
            egui::WidgetInfo::labeled(egui::Role::Canvas, true, name)
        });
        let pointer = plot.hover_pos()?;
        let at = transform.value_from_position(pointer).x;
        // Up and down from the pointer: lines are read at one step.
        let distance = |line: &Drawn| {
            let y = height_at(&line.points, at)?;
            let there = transform.position_from_point(&PlotPoint::new(at, y));
            Some((there.y - pointer.y).abs())
        };
        let near = lines
            .iter()
            .filter_map(|line| Some((distance(line)?, line.head)));
        let near = near.filter(|(distance, _)| *distance < NEAR);
        let found = near
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, head)| head);
        if let Some(head) = found {
            cx.hovering.head = Some(head);
            ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
            if plot.clicked() {
                cx.click_head(ui, head);
            }
        }
        let at = if self.log_x { 10_f64.powf(at) } else { at };
        let steps: Vec<[f64; 2]> = history.steps.iter().map(|step| [*step, 0.0]).collect();
        let [step, _] = nearest(&steps, at)?;
        plot.on_hover_ui_at_pointer(|ui| readout(ui, history, found, step));
        Some(step)
    }
}

/// The title, and which colour is which layer's.
fn legend(ui: &mut Ui, cx: &ViewContext<'_>, history: &SpanHistory) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(10.0, 2.0);
        ui.label(strong(tr("Span of every head")));
        let few = history.layers <= cx.palette.layers.len();
        if !few {
            ui.label(quiet(tr("layer")));
        }
        for layer in 0..history.layers {
            let color = cx.palette.layer(layer, history.layers);
            let name = match few {
                true => trf("layer {0}", &[&layer]),
                false => layer.to_string(),
            };
            line_sample(ui, color, Dash::Solid, &name);
        }
    });
}

/// A line as far as it is in view; a single entry is a dot.
fn draw(
    plot: &mut egui_plot::PlotUi<'_>,
    line: &Drawn,
    color: Color32,
    width: f32,
    (left, right, columns): (f64, f64, usize),
) {
    let name = format!("{}.{}", line.head.layer, line.head.head);
    if let [only] = line.points[..] {
        let points = Points::new(name, PlotPoints::from(vec![only]));
        plot.points(points.radius(1.0 + width).color(color).allow_hover(false));
        return;
    }
    // The first frame does not know yet what is in view.
    let points = match right > left {
        true => decimated(&line.points, left, right, columns),
        false => line.points.clone(),
    };
    let line = Line::new(name, PlotPoints::from(points));
    plot.line(line.color(color).width(width).allow_hover(false));
}

/// Writes the names of heads behind the ends of their lines, where there is room.
fn names(plot: &mut egui_plot::PlotUi<'_>, lines: &[&Drawn], color: impl Fn(usize) -> Color32) {
    let bounds = plot.plot_bounds();
    let per_point = bounds.height() / f64::from(plot.transform().frame().height().max(1.0));
    let mut taken: Vec<f64> = Vec::new();
    for line in lines {
        let Some([x, y]) = line.points.last().copied() else {
            continue;
        };
        if taken
            .iter()
            .any(|other| (other - y).abs() < 11.0 * per_point)
        {
            continue;
        }
        taken.push(y);
        let HeadId { layer, .. } = line.head;
        let name = format!(" {}", line.head);
        let words = egui::RichText::new(&name).size(11.0).color(color(layer));
        let text = Text::new(name, PlotPoint::new(x, y), words).anchor(Align2::LEFT_CENTER);
        plot.text(text.allow_hover(false));
    }
}

/// The height of a line at `x`, between two of its points as well.
fn height_at(points: &[[f64; 2]], x: f64) -> Option<f64> {
    let after = points.partition_point(|point| point[0] < x);
    match (after.checked_sub(1).map(|i| points[i]), points.get(after)) {
        (Some(a), Some(b)) => Some(a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0])),
        (Some(end), None) => Some(end[1]),
        (None, first) => first.map(|first| first[1]),
    }
}

fn readout(ui: &mut Ui, history: &SpanHistory, head: Option<HeadId>, step: f64) {
    let at = trf("Step {0}", &[&thousands(step.max(0.0) as usize)]);
    let Some(head) = head else {
        ui.label(strong(at));
        return;
    };
    ui.label(strong(head_name(head)));
    let z = history.of_head(head).find(|point| point[0] == step);
    if let Some([_, z]) = z {
        let z = decimals((10.0 * z).round() / 10.0);
        ui.label(trf("{0}: z = {1} tokens", &[&at, &z]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_height_between_its_points_and_beyond_its_ends() {
        let points = [[1.0, 10.0], [3.0, 20.0]];
        assert_eq!(height_at(&points, 2.0), Some(15.0));
        assert_eq!(height_at(&points, 3.0), Some(20.0));
        assert_eq!(height_at(&points, 9.0), Some(20.0));
        assert_eq!(height_at(&points, 0.0), Some(10.0));
        assert_eq!(height_at(&[], 0.0), None);
    }
}
