//! Where the weight of every head goes, and which persistent vectors the selected head uses (arXiv 1907.01470).

use super::super::state::{ViewContext, head_name, percent};
use super::super::theme::{Palette, quiet, strong};
use super::grid_color;
use super::spans::{layer_marks, layer_tick};
use crate::analysis::{Shares, VectorUsage};
use eframe::egui::{self, Color32, Ui};
use egui_plot::{Bar, BarChart, FilledArea, GridMark, Line, Plot, PlotPoints};
use serde::{Deserialize, Serialize};

/// The state of the view.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct PersistentView {
    /// Vectors by falling use; otherwise by index.
    sorted: bool,
}

impl Default for PersistentView {
    fn default() -> Self {
        Self { sorted: true }
    }
}

impl PersistentView {
    /// Draws the view.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let Some(model) = cx.snapshot.model.clone() else {
            return;
        };
        let config = model.network.config();
        if cx.snapshot.shares.is_empty() {
            return super::nothing(ui, "Type a text to see where every head's weight goes.");
        }
        let height = ui.available_height();
        ui.horizontal_wrapped(|ui| {
            ui.label(strong("Where the weight goes")).on_hover_text(
                "Mean over the tokens of this text. Click a bar to select its head.",
            );
            let mut part = |color: Color32, name: &str| {
                let (rect, _) = ui.allocate_exact_size(egui::vec2(9.0, 9.0), egui::Sense::hover());
                ui.painter().rect_filled(rect, 2.0, color);
                ui.label(quiet(name));
            };
            part(cx.palette.context, "text");
            if config.pers_mem_size > 0 {
                part(cx.palette.persistent, "persistent vectors");
            }
            part(cx.palette.empty, "empty context");
        });
        let upper = if config.pers_mem_size > 0 {
            0.42 * height
        } else {
            0.7 * height
        };
        shares(
            ui,
            cx,
            config.nb_heads,
            config.pers_mem_size > 0,
            upper.max(90.0),
        );
        if config.pers_mem_size == 0 {
            ui.add_space(6.0);
            ui.label(quiet(
                "This model has feed-forward sublayers instead of persistent vectors, so all weight falls on the text or \
                 on the empty context before its start.",
            ));
            return;
        }
        ui.add_space(2.0);
        let Some(usage) = cx.detail().and_then(|detail| detail.usage.clone()) else {
            return super::nothing(ui, "…");
        };
        self.toolbar(ui, cx.selection.heads.leading(), &usage);
        self.usage(ui, cx, &usage);
    }

    fn toolbar(&mut self, ui: &mut Ui, head: (usize, usize), usage: &VectorUsage) {
        ui.horizontal_wrapped(|ui| {
            ui.label(strong(format!("{}: {} vectors", head_name(head), usage.mean.len())));
            ui.label(quiet(format!(
                "{:.0} effective · {} never used · {} of its weight",
                usage.effective,
                usage.never,
                percent(usage.mean.iter().sum())
            )))
            .on_hover_text(
                "exp(entropy) of the weight among the vectors; never used means less than 1 % of an even share",
            );
            ui.checkbox(&mut self.sorted, "Sorted")
                .on_hover_text("Vectors by falling use; otherwise by their index");
        });
    }

    fn usage(&self, ui: &mut Ui, cx: &ViewContext<'_>, usage: &VectorUsage) {
        let vector = |rank: usize| {
            if self.sorted {
                usage.order.get(rank).map_or(0, |v| *v as usize)
            } else {
                rank
            }
        };
        // Steps in one piece: bars one pixel wide would shimmer.
        let xs: Vec<f64> = (0..usage.mean.len())
            .flat_map(|rank| [rank as f64, rank as f64 + 1.0])
            .collect();
        let heights: Vec<f64> = (0..usage.mean.len())
            .flat_map(|rank| [f64::from(usage.mean[vector(rank)]); 2])
            .collect();
        let color = cx.palette.persistent;
        let response = Plot::new((
            "usage",
            cx.snapshot.model_number,
            self.sorted,
            cx.selection.heads.leading(),
        ))
        .show_x(false)
        .show_y(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .include_y(0.0)
        .show_grid([false, true])
        .grid_color(grid_color(ui))
        .set_margin_fraction(egui::vec2(0.005, 0.04))
        .x_axis_label(if self.sorted {
            "Persistent vector, most used first"
        } else {
            "Persistent vector"
        })
        .y_axis_label("Mean weight")
        .y_axis_formatter(|mark, _| share_tick(mark))
        .label_formatter(|_| None)
        .show(ui, |plot| {
            let outline: Vec<[f64; 2]> = xs.iter().zip(&heights).map(|(x, y)| [*x, *y]).collect();
            plot.add(
                FilledArea::new("usage", &xs, &vec![0.0; xs.len()], &heights)
                    .fill_color(color.gamma_multiply(0.45))
                    .allow_hover(false),
            );
            plot.line(
                Line::new("outline", PlotPoints::from(outline))
                    .color(color)
                    .width(1.2)
                    .allow_hover(false),
            );
            plot.pointer_coordinate()
                .filter(|_| plot.response().hovered())
        });
        let hovered = response
            .inner
            .filter(|at| at.x >= 0.0)
            .map(|at| at.x as usize)
            .filter(|rank| *rank < usage.mean.len());
        if let Some(rank) = hovered {
            response.response.on_hover_ui_at_pointer(|ui| {
                let v = vector(rank);
                ui.label(strong(format!("Persistent vector {v}")));
                ui.label(format!("mean weight {:.3} %", 100.0 * usage.mean[v]));
            });
        }
    }
}

/// Stacked bars, one per head, grouped by layer.
fn shares(ui: &mut Ui, cx: &mut ViewContext<'_>, heads: usize, persistent: bool, height: f32) {
    let x = |i: usize| (i + i / heads) as f64 + 0.5;
    let Palette {
        context,
        persistent: on_vectors,
        empty,
        accent,
        ..
    } = cx.palette;
    let selected = cx.selection.heads.leading().0 * heads + cx.selection.heads.leading().1;
    let all = std::sync::Arc::clone(&cx.snapshot.shares);
    let chart = |name: &str, color: Color32, of: fn(&Shares) -> f32| {
        let bars = all.iter().enumerate().map(|(i, shares)| {
            let stroke = if i == selected {
                egui::Stroke::new(1.5, accent)
            } else {
                egui::Stroke::NONE
            };
            Bar::new(x(i), f64::from(of(shares)))
                .width(0.86)
                .fill(color)
                .stroke(stroke)
        });
        BarChart::new(name.to_owned(), bars.collect())
            .color(color)
            .allow_hover(false)
    };
    let context = chart("text", context, |s| s.context);
    let on_vectors =
        chart("persistent vectors", on_vectors, |s| s.persistent).stack_on(&[&context]);
    let empty = chart("empty context", empty, |s| s.empty).stack_on(&[&context, &on_vectors]);
    let layers = all.len() / heads;
    let response = Plot::new(("shares", cx.snapshot.model_number))
        .height(height)
        .show_x(false)
        .show_y(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .include_y(0.0)
        .include_y(1.0)
        .include_x(-0.3)
        .include_x(x(all.len().saturating_sub(1)) + 0.8)
        .set_margin_fraction(egui::vec2(0.0, 0.0))
        .x_grid_spacer(move |input| layer_marks(&input, layers, heads))
        .x_axis_formatter(move |mark, _| layer_tick(mark, heads))
        .show_grid([false, true])
        .grid_color(grid_color(ui))
        .x_axis_label("Layer")
        .y_axis_label("Share of weight")
        .y_axis_formatter(|mark, _| share_tick(mark))
        .label_formatter(|_| None)
        .show(ui, |plot| {
            plot.bar_chart(context);
            if persistent {
                plot.bar_chart(on_vectors);
            }
            plot.bar_chart(empty);
            plot.pointer_coordinate()
                .filter(|_| plot.response().hovered())
        });
    let hovered = response.inner.and_then(|at| {
        (0..all.len()).find(|&i| (x(i) - at.x).abs() <= 0.5 && (0.0..=1.0).contains(&at.y))
    });
    if let Some(i) = hovered {
        let place = (i / heads, i % heads);
        if response.response.clicked() {
            cx.click_head(ui, place);
        }
        response.response.on_hover_ui_at_pointer(|ui| {
            ui.label(strong(head_name(place)));
            ui.label(format!("text {}", percent(all[i].context)));
            if persistent {
                ui.label(format!("persistent vectors {}", percent(all[i].persistent)));
            }
            ui.label(format!("empty context {}", percent(all[i].empty)));
        });
    }
}

fn share_tick(mark: GridMark) -> String {
    let decimals = if mark.step_size < 0.001 {
        2
    } else {
        usize::from(mark.step_size < 0.01)
    };
    format!("{:.decimals$} %", 100.0 * mark.value)
}
