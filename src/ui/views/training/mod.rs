//! The curves of the training, as the checkpoint keeps them.

mod frame;
mod history;
mod lines;

use super::context::ViewContext;
use super::pane::{Home, Needs, ViewInfo};
use super::view::View;
use crate::analysis::smoothed;
use crate::chart::thousands;
use crate::checkpoint::{Line as Curve, Panel, Quantity};
use crate::engine::figures::{self, FigureChoice, FigureKind};
use crate::engine::{LoadedModel, Snapshot, SpanHistory};
use crate::ui::language::{tr, trf};
use crate::ui::theme::{Palette, quiet, strong};
use crate::ui::widgets::axes::{Dash, line_sample};
use crate::ui::widgets::number_field::number_field;
use crate::ui::widgets::paint::nothing;
use eframe::egui::{self, Align2, Color32, Ui, vec2};
use egui_plot::{Line, PlotPoint, PlotPoints, Points, Text};
use frame::Frame;
use lines::{decimated, lowest, nearest};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Weak};

/// The state of the view.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingView {
    /// A logarithmic axis of steps.
    log_x: bool,
    /// A logarithmic axis of values.
    log_y: bool,
    smooth: bool,
    /// Entries of the log that a smoothed value is the mean of.
    window: usize,
    #[serde(skip)]
    panels: Option<(Weak<LoadedModel>, Vec<Panel>)>,
    /// The step under the pointer in the last frame.
    #[serde(skip)]
    hover: Option<f64>,
}

impl Default for TrainingView {
    fn default() -> Self {
        Self {
            log_x: false,
            log_y: false,
            smooth: false,
            window: 9,
            panels: None,
            hover: None,
        }
    }
}

/// Height of the plot of every head, where that of another is 1.
const HISTORY: f32 = 1.6;

/// Height that a panel needs to be read.
const LEAST: f32 = 120.0;

impl View for TrainingView {
    const INFO: ViewInfo = ViewInfo {
        name: "training",
        title: || tr("Training"),
        figures: &[FigureKind::Training],
        key: None,
        home: Home::Left,
        needs: Needs::Weights,
    };

    fn choose(&self, _kind: FigureKind, _snapshot: &Snapshot, choice: &mut FigureChoice) {
        choice.smoothing = if self.smooth { self.window } else { 1 };
        choice.log = (self.log_x, self.log_y);
    }

    fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let Some(model) = cx.snapshot.model.clone() else {
            return;
        };
        let known = self.panels.take().filter(|(of, _)| {
            // A weak pointer keeps the address from being given to another model.
            std::ptr::eq(of.as_ptr(), Arc::as_ptr(&model))
        });
        let panels = known.map_or_else(|| panels_of(&model), |(_, panels)| panels);
        let history = model.span_history.clone();
        if panels.is_empty() && history.is_none() {
            self.panels = Some((Arc::downgrade(&model), panels));
            let words = if model.run.is_some() {
                tr("The run has not come to its first log interval yet.")
            } else if model.has_unread_curves() {
                tr(
                    "the file's training curves are in a form that is not read; expected lists of numbers",
                )
            } else {
                tr(
                    "This file holds no training curves. The published code logs them in its checkpoints, and spanscope convert keeps them.",
                )
            };
            return nothing(ui, words);
        }
        self.toolbar(ui);
        let of_history = if history.is_some() { HISTORY } else { 0.0 };
        let plots = panels.len() + usize::from(history.is_some());
        let around = 22.0 + ui.spacing().item_spacing.y * 2.0;
        let room = ui.available_height() - plots as f32 * around;
        let weights = panels.len() as f32 + of_history;
        let height = |weight: f32| (room * weight / weights).max(LEAST * weight);
        let mut hover = None;
        egui::ScrollArea::vertical()
            .auto_shrink(false)
            .show(ui, |ui| {
                // Between the loss and the means over all heads.
                let place = panels
                    .iter()
                    .position(|panel| panel.quantity as u8 >= Quantity::Span as u8);
                let place = place.unwrap_or(panels.len());
                for i in 0..=panels.len() {
                    if i == place
                        && let Some(history) = &history
                    {
                        let x = self.steps(&panels, Some(history), true);
                        let says_x = panels.get(i).is_none_or(|next| !next.by_step);
                        let sizes = (height(HISTORY), x, says_x);
                        if let Some(x) = self.history(ui, cx, history, sizes) {
                            hover = Some(x);
                        }
                    }
                    let Some(panel) = panels.get(i) else {
                        continue;
                    };
                    let x = self.steps(&panels, history.as_deref(), panel.by_step);
                    let height = height(1.0);
                    if let Some(x) = self.panel(ui, cx, i, &panels, height, x) {
                        hover = Some(x);
                    }
                }
            });
        if hover != self.hover {
            // The panel above has been drawn already.
            self.hover = hover;
            ui.ctx().request_repaint();
        }
        self.panels = Some((Arc::downgrade(&model), panels));
    }
}

impl TrainingView {
    /// What of x must be in view in all plots that share it.
    fn steps(&self, panels: &[Panel], history: Option<&SpanHistory>, by_step: bool) -> (f64, f64) {
        let same = panels.iter().filter(|panel| panel.by_step == by_step);
        let points = same.flat_map(|panel| panel.lines.iter().flat_map(|line| &line.points));
        let steps = history.filter(|_| by_step).map(|history| &history.steps);
        let steps = steps.into_iter().flatten().map(|step| [*step, 1.0]);
        let (left, right) = self.extent(points.copied().chain(steps), 0);
        // Names of heads stand behind the ends of their lines.
        let names = if history.is_some() { 0.04 } else { 0.0 };
        (left, right + names * (right - left))
    }

    fn toolbar(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            ui.checkbox(&mut self.log_x, tr("Log steps"))
                .on_hover_text(tr("A logarithmic axis of steps"));
            ui.checkbox(&mut self.log_y, tr("Log values"))
                .on_hover_text(tr("A logarithmic vertical axis"));
            ui.checkbox(&mut self.smooth, tr("Smooth"))
                .on_hover_text(tr(
                    "Means over neighbouring log intervals; the values themselves stay as a faint line",
                ));
            if self.smooth {
                let response = number_field(ui, &mut self.window, 3..=999, |field| {
                    field.suffix(tr(" intervals"))
                });
                response.on_hover_text(tr("Log intervals that a mean is taken of"));
            }
        });
    }

    /// One plot; the x under the pointer, if it is in this one.
    fn panel(
        &self,
        ui: &mut Ui,
        cx: &ViewContext<'_>,
        index: usize,
        all: &[Panel],
        height: f32,
        x: (f64, f64),
    ) -> Option<f64> {
        let panel = all.get(index)?;
        let colors: Vec<(Color32, Dash)> = (0..panel.lines.len())
            .map(|i| style(&cx.palette, &panel.lines[i].name, i))
            .collect();
        let best = panel
            .lines
            .iter()
            .find(|line| line.name.starts_with("val_"));
        let best = best.and_then(|line| lowest(&line.points));
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(10.0, 2.0);
            ui.label(strong(title(panel)));
            for (line, (color, dash)) in panel.lines.iter().zip(&colors) {
                line_sample(ui, *color, *dash, curve_name(&line.name)).on_hover_text(&line.name);
            }
            if let Some([x, y]) = best {
                let at = thousands(x.max(0.0) as usize);
                let words = if panel.by_step {
                    trf("best {0} at step {1}", &[&decimals(y), &at])
                } else {
                    trf("best {0} at entry {1}", &[&decimals(y), &at])
                };
                ui.label(quiet(words));
            }
        });
        // Said once below plots that share it.
        let next = all.get(index + 1);
        let says_x = next.is_none_or(|next| next.by_step != panel.by_step);
        let x_name = match says_x {
            true => tr(figures::steps_name(panel.by_step)),
            false => "",
        };
        let points = panel.lines.iter().flat_map(|line| &line.points);
        let name = index.to_string();
        let frame = Frame {
            name: &name,
            model: cx.snapshot.model_number,
            by_step: panel.by_step,
            height,
            x,
            y: self.extent(points.copied(), 1),
            y_name: axis_name(panel),
            x_name,
        };
        let log_x = self.log_x;
        let plot = self.plot(ui, &frame);
        let response = plot.show(ui, |plot| {
            let bounds = plot.plot_bounds();
            let columns = plot.transform().frame().width().max(1.0) as usize;
            let (low, high) = (bounds.min()[0], bounds.max()[0]);
            for (line, (color, dash)) in panel.lines.iter().zip(&colors) {
                let placed: Vec<[f64; 2]> = self.placed(&line.points);
                let color = *color;
                let draw = |name: String, points: &[[f64; 2]], color: Color32, width: f32| {
                    // The first frame does not know yet what is in view.
                    let points = if high > low {
                        decimated(points, low, high, columns)
                    } else {
                        points.to_vec()
                    };
                    Line::new(name, PlotPoints::from(points))
                        .color(color)
                        .width(width)
                        .style(dash.style())
                        .allow_hover(false)
                };
                if self.smooth {
                    let faint = color.gamma_multiply(0.35);
                    plot.line(draw(format!("{} raw", line.name), &placed, faint, 1.0));
                    let mean = self.placed(&smoothed(&line.points, self.window));
                    plot.line(draw(line.name.clone(), &mean, color, 2.0));
                } else {
                    plot.line(draw(line.name.clone(), &placed, color, 1.8));
                }
            }
            let ink = plot.ctx().global_style().visuals.text_color();
            if let Some(best) = best
                && let Some(at) = self.placed(&[best]).first()
            {
                let ring = Points::new("best", PlotPoints::from(vec![*at]))
                    .shape(egui_plot::MarkerShape::Circle)
                    .filled(false)
                    .radius(5.0)
                    .color(ink);
                plot.points(ring.allow_hover(false));
                let words = egui::RichText::new(tr("best")).size(11.0).color(ink);
                let place = PlotPoint::new(at[0], at[1] + 0.03 * bounds.height());
                // Within the frame, wherever the point is.
                let along = (at[0] - low) / (high - low);
                let anchor = match along {
                    x if x > 0.94 => Align2::RIGHT_BOTTOM,
                    x if x < 0.06 => Align2::LEFT_BOTTOM,
                    _ => Align2::CENTER_BOTTOM,
                };
                let text = Text::new("best label", place, words).anchor(anchor);
                plot.text(text.allow_hover(false));
            }
            self.mark_hovered(plot);
            plot.pointer_coordinate()
                .filter(|_| plot.response().hovered())
                .map(|at| if log_x { 10_f64.powf(at.x) } else { at.x })
        });
        let plot = response.response;
        plot.widget_info(|| {
            let ends = panel.lines.iter().filter_map(|line| {
                let [_, y] = line.points.last()?;
                Some(format!("{} {}", curve_name(&line.name), decimals(*y)))
            });
            let ends: Vec<String> = ends.collect();
            let name = trf(
                "{0}; at the end {1}",
                &[&title(panel), &ends.join(tr(", "))],
            );
            egui::WidgetInfo::labeled(egui::Role::Canvas, true, name)
        });
        let x = response.inner?;
        // To the nearest entry: between two there is nothing to read.
        let lines = panel.lines.iter();
        let entries = lines.filter_map(|line| nearest(&line.points, x));
        let by = |a: &f64, b: &f64| (a - x).abs().total_cmp(&(b - x).abs());
        let x = entries.map(|point| point[0]).min_by(by)?;
        plot.on_hover_ui_at_pointer(|ui| readout(ui, &cx.palette, all, panel.by_step, x));
        Some(x)
    }

    /// The least and the largest coordinate of points in a plot: x for an `axis` of 0, y for 1.
    fn extent(&self, points: impl Iterator<Item = [f64; 2]>, axis: usize) -> (f64, f64) {
        let points = points.filter_map(|point| self.place(point));
        let ends = points.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| {
            (low.min(point[axis]), high.max(point[axis]))
        });
        if ends.0 <= ends.1 { ends } else { (0.0, 1.0) }
    }

    /// Points where they stand in a plot; what has no logarithm is left out.
    fn placed(&self, points: &[[f64; 2]]) -> Vec<[f64; 2]> {
        points
            .iter()
            .filter_map(|point| self.place(*point))
            .collect()
    }
}

/// The curves of a model by what they measure. A run that has only just begun has curves without a point.
fn panels_of(model: &LoadedModel) -> Vec<Panel> {
    let mut panels = Panel::of(&model.curves);
    panels.retain(|panel| panel.lines.iter().any(|line| !line.points.is_empty()));
    panels
}

/// Every curve's value at one step.
fn readout(ui: &mut Ui, palette: &Palette, all: &[Panel], by_step: bool, x: f64) {
    let at = thousands(x.max(0.0) as usize);
    ui.label(strong(if by_step {
        trf("Step {0}", &[&at])
    } else {
        trf("Entry {0}", &[&at])
    }));
    egui::Grid::new("training readout")
        .num_columns(2)
        .spacing([12.0, 2.0])
        .show(ui, |ui| {
            for panel in all.iter().filter(|panel| panel.by_step == by_step) {
                for (i, line) in panel.lines.iter().enumerate() {
                    let value = line.points.iter().find(|point| point[0] == x);
                    let (color, dash) = style(palette, &line.name, i);
                    line_sample(ui, color, dash, curve_name(&line.name));
                    ui.label(value.map_or_else(|| "–".to_owned(), |point| decimals(point[1])));
                    ui.end_row();
                }
            }
        });
}

/// Colour and dash of a curve: the quantity that generalises is solid.
fn style(palette: &Palette, name: &str, i: usize) -> (Color32, Dash) {
    let (color, dashed) = figures::curve_look(name, i);
    let dash = if dashed { Dash::Dashed } else { Dash::Solid };
    (palette.layers[color % palette.layers.len()], dash)
}

/// What a curve of the published code's log is.
fn curve_name(name: &str) -> &str {
    match figures::curve_name(name) {
        Some(known) => tr(known),
        None => name,
    }
}

fn title(panel: &Panel) -> &str {
    match panel.quantity {
        Quantity::BitsPerCharacter | Quantity::Perplexity => tr("Loss"),
        Quantity::Span => tr("Reach"),
        Quantity::Other => panel.lines.first().map_or("", |line: &Curve| &line.name),
    }
}

fn axis_name(panel: &Panel) -> &str {
    match figures::quantity_name(panel.quantity) {
        Some(name) => tr(name),
        None => panel.lines.first().map_or("", |line| &line.name),
    }
}

/// A value of a log: four digits after the point while they say something.
fn decimals(value: f64) -> String {
    if value.abs() < 10.0 && value.fract() != 0.0 {
        format!("{value:.4}")
    } else if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::language::{Language, speak};

    #[test]
    fn names_that_the_figure_has_as_well_are_translated() {
        speak(Language::Chinese);
        let curves = ["train_bpc", "val_ppl", "span_avg", "span_max"].map(curve_name);
        let quantities = [
            Quantity::BitsPerCharacter,
            Quantity::Perplexity,
            Quantity::Span,
        ];
        let axes = quantities.map(|quantity| figures::quantity_name(quantity).map_or("", tr));
        let steps = [true, false].map(|by_step| tr(figures::steps_name(by_step)));
        for name in curves.iter().chain(&axes).chain(&steps) {
            assert!(!name.is_empty() && !name.is_ascii(), "{name}");
        }
        assert_eq!(curve_name("lr"), "lr");
        speak(Language::English);
    }
}
