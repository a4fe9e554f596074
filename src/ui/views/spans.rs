//! How far every head looks, grouped by layer: the figure of arXiv 1905.07799.

use super::super::command::Command;
use super::super::state::{ViewContext, head_name};
use super::super::theme::quiet;
use crate::chart::SpanMeasure as Measure;
use crate::model::Span;
use eframe::egui::{self, Color32, Ui};
use egui_plot::{
    AxisHints, FilledArea, GridMark, HLine, Line, LineStyle, Plot, PlotPoint, PlotPoints, Points,
    Text,
};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

fn value(measure: Measure, span: &Span) -> f64 {
    match measure {
        Measure::Reach => span.reach as f64,
        Measure::Span => f64::from(span.span),
    }
}

/// The state of the view.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct SpansView {
    /// Which number of a head is drawn.
    pub measure: Measure,
    /// A linear instead of a logarithmic axis.
    pub linear: bool,
    /// Heads of a layer by rising span, as in the paper; otherwise by index.
    pub sorted: bool,
}

impl Default for SpansView {
    fn default() -> Self {
        Self {
            measure: Measure::Reach,
            linear: false,
            sorted: true,
        }
    }
}

/// A head at its place.
struct Mark {
    span: Span,
    x: f64,
    y: f64,
}

impl SpansView {
    /// Draws the view.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let Some(model) = cx.snapshot.shown().cloned() else {
            return;
        };
        self.toolbar(ui, cx);
        let config = model.network.config();
        let marks = self.marks(&model.network.spans(), config.nb_heads);
        let linear = self.linear;
        let top = marks.iter().map(|mark| mark.y).fold(0.0, f64::max);
        let limit = self.y(config.attn_span as f64);
        // The line of the limit is drawn where it does not squeeze the heads.
        let show_limit = limit <= if linear { 1.6 * top } else { top + 1.0 };
        let high = if show_limit { limit.max(top) } else { top };
        let low = if linear { 0.0 } else { self.floor(&marks) };
        let (layers, heads) = (config.nb_layers, config.nb_heads);
        let right = (layers * (heads + 1)) as f64;

        let plot = Plot::new((
            "spans",
            cx.snapshot.model_number,
            linear,
            self.measure == Measure::Reach,
        ))
        .show_x(false)
        .show_y(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .set_margin_fraction(egui::vec2(0.0, 0.0))
        .include_x(-0.5)
        .include_x(right)
        .include_y(low)
        .include_y(high + 0.06 * (high - low).max(0.2))
        .x_grid_spacer(move |input| layer_marks(&input, layers, heads))
        .show_grid([false, true])
        .grid_color(super::grid_color(ui))
        .y_grid_spacer(move |input| {
            if linear {
                linear_marks(input)
            } else {
                log_marks(input)
            }
        })
        .label_formatter(|_| None)
        .custom_y_axes(vec![
            AxisHints::new_y()
                .label(match self.measure {
                    Measure::Reach => "Reach (tokens)",
                    Measure::Span => "Span z (tokens)",
                })
                .label_spacing(egui::Rangef::new(8.0, 14.0))
                .formatter(move |mark, _: &RangeInclusive<f64>| tick(mark, linear)),
        ])
        .custom_x_axes(vec![
            AxisHints::new_x()
                .label("Layer")
                .label_spacing(egui::Rangef::new(14.0, 18.0))
                .formatter(move |mark, _| layer_tick(mark, heads)),
        ]);
        let (palette, selected) = (cx.palette, cx.selection.heads.leading());
        let response = plot.show(ui, |plot| {
            let ink = plot.ctx().global_style().visuals.text_color();
            if show_limit {
                plot.hline(
                    HLine::new("limit", limit)
                        .color(palette.limit)
                        .width(1.0)
                        .style(LineStyle::dashed_loose())
                        .allow_hover(false),
                );
                let label = egui::RichText::new(format!("S = {}", config.attn_span))
                    .size(11.0)
                    .color(palette.limit);
                plot.text(
                    Text::new(
                        "limit label",
                        PlotPoint::new(right - 0.3, limit + 0.012 * (high - low)),
                        label,
                    )
                    .anchor(egui::Align2::RIGHT_BOTTOM)
                    .allow_hover(false),
                );
            }
            for layer in marks.chunk_by(|a, b| a.span.layer == b.span.layer) {
                let index = layer[0].span.layer;
                let color = palette.layers[index % palette.layers.len()];
                let line: Vec<[f64; 2]> = layer.iter().map(|mark| [mark.x, mark.y]).collect();
                let xs: Vec<f64> = layer.iter().map(|mark| mark.x).collect();
                let tops: Vec<f64> = layer.iter().map(|mark| mark.y).collect();
                plot.add(
                    FilledArea::new(
                        format!("fill {index}"),
                        &xs,
                        &vec![low.min(0.0); xs.len()],
                        &tops,
                    )
                    .fill_color(color.gamma_multiply(0.16))
                    .allow_hover(false),
                );
                if self.sorted {
                    plot.line(
                        Line::new(format!("layer {index}"), PlotPoints::from(line.clone()))
                            .color(color)
                            .width(1.5)
                            .allow_hover(false),
                    );
                }
                plot.points(
                    Points::new(format!("heads {index}"), PlotPoints::from(line))
                        .color(color)
                        .radius(3.2)
                        .allow_hover(false),
                );
            }
            if let Some(mark) = marks
                .iter()
                .find(|mark| (mark.span.layer, mark.span.head) == selected)
            {
                ring(plot, mark, 6.5, ink);
            }
            plot.pointer_coordinate()
                .filter(|_| plot.response().hovered())
        });
        layer_lines(ui, &response.transform, layers, heads);
        let nearest = response.inner.and_then(|at| {
            let distance = |mark: &&Mark| (mark.x - at.x).abs();
            marks
                .iter()
                .min_by(|a, b| distance(a).total_cmp(&distance(b)))
                .filter(|mark| distance(mark) < 0.8)
        });
        let response = response.response;
        response.widget_info(|| {
            egui::WidgetInfo::labeled(
                egui::Role::Canvas,
                true,
                "Span chart: click a head to select it",
            )
        });
        if let Some(mark) = nearest {
            let span = mark.span;
            if response.clicked() {
                cx.click_head(ui, (span.layer, span.head));
            }
            let ramp = config.adapt_span.then_some(config.adapt_span_ramp);
            response
                .on_hover_cursor(egui::CursorIcon::PointingHand)
                .on_hover_ui_at_pointer(|ui| tooltip(ui, &span, ramp));
        }
    }

    fn toolbar(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        ui.horizontal_wrapped(|ui| {
            ui.selectable_value(&mut self.measure, Measure::Reach, "Reach")
                .on_hover_text(
                    "Distances with a mask above 0: min(S, ⌈z⌉ + R), as the paper's figure shows",
                );
            ui.selectable_value(&mut self.measure, Measure::Span, "z")
                .on_hover_text("The learned span parameter, in tokens");
            ui.separator();
            ui.checkbox(&mut self.sorted, "Sorted").on_hover_text(
                "Heads of a layer by rising span, as in the paper; otherwise by index",
            );
            ui.checkbox(&mut self.linear, "Linear")
                .on_hover_text("A linear instead of a logarithmic axis");
            let export = ui.button("Export…");
            if export
                .on_hover_text("Write the chart as SVG, PNG, CSV or JSON (Ctrl+S)")
                .clicked()
            {
                cx.commands.push(Command::ExportSpans);
            }
            if let Some(span) = cx.span() {
                ui.label(quiet(format!(
                    "{}.{}: {}",
                    span.layer + 1,
                    span.head + 1,
                    span.reach
                )))
                .on_hover_text(format!("{}, selected", head_name((span.layer, span.head))));
            }
        });
    }

    fn marks(&self, spans: &[Span], nb_heads: usize) -> Vec<Mark> {
        let mut marks = Vec::with_capacity(spans.len());
        for layer in spans.chunk_by(|a, b| a.layer == b.layer) {
            let mut heads = layer.to_vec();
            if self.sorted {
                heads.sort_by(|a, b| value(self.measure, a).total_cmp(&value(self.measure, b)));
            }
            for (place, span) in heads.into_iter().enumerate() {
                marks.push(Mark {
                    x: (span.layer * (nb_heads + 1) + place) as f64 + 0.5,
                    y: self.y(value(self.measure, &span)),
                    span,
                });
            }
        }
        marks
    }

    /// The height of a number of tokens in the plot.
    fn y(&self, tokens: f64) -> f64 {
        if self.linear {
            tokens
        } else {
            // A span of nothing has no logarithm; it stands on the axis.
            tokens.max(0.1).log10()
        }
    }

    /// Where the logarithmic axis begins: the paper's 10, or lower where a head is.
    fn floor(&self, marks: &[Mark]) -> f64 {
        let lowest = marks
            .iter()
            .map(|mark| mark.y)
            .fold(f64::INFINITY, f64::min);
        if lowest > 1.0 {
            1.0
        } else {
            lowest.floor().max(-1.0)
        }
    }
}

fn ring(plot: &mut egui_plot::PlotUi<'_>, mark: &Mark, radius: f32, color: Color32) {
    plot.points(
        Points::new("selected", PlotPoints::from(vec![[mark.x, mark.y]]))
            .shape(egui_plot::MarkerShape::Circle)
            .filled(false)
            .radius(radius)
            .color(color)
            .allow_hover(false),
    );
}

fn tooltip(ui: &mut Ui, span: &Span, ramp: Option<usize>) {
    ui.label(super::super::theme::strong(head_name((
        span.layer, span.head,
    ))));
    match ramp {
        Some(ramp) => ui.label(format!(
            "reach {} tokens\nz = {:.2}, ramp {ramp}\nclick to select",
            span.reach, span.span
        )),
        None => ui.label(format!(
            "fixed span: {} tokens\nclick to select",
            span.reach
        )),
    };
}

/// A line between every two layers.
fn layer_lines(ui: &Ui, transform: &egui_plot::PlotTransform, layers: usize, heads: usize) {
    let frame = transform.frame();
    let line = ui.visuals().widgets.noninteractive.bg_stroke;
    for layer in 1..layers {
        let x = transform.position_from_point_x((layer * (heads + 1)) as f64 - 0.5);
        if frame.x_range().contains(x) {
            ui.painter().vline(x, frame.y_range(), line);
        }
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
        .filter(|layer| (layer + 1).is_multiple_of(step) || (*layer == 0 && step != 2))
        .map(mark)
        .collect()
}

/// The layer's number, from 1.
pub(super) fn layer_tick(mark: GridMark, heads: usize) -> String {
    format!(
        "{:.0}",
        (mark.value - heads as f64 / 2.0) / (heads + 1) as f64 + 1.0
    )
}

fn log_marks(input: egui_plot::GridInput) -> Vec<GridMark> {
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

fn linear_marks(input: egui_plot::GridInput) -> Vec<GridMark> {
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
fn tick(mark: GridMark, linear: bool) -> String {
    if linear {
        return format!("{}", mark.value);
    }
    let value = 10_f64.powf(mark.value);
    if value < 0.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
