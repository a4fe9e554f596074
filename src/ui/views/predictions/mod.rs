//! The predictions after the selected token, by layer and by part as well, the surprisal of every token, and continuations of the
//! text.

mod candidates;
mod detokenize;
mod generation_layout;
mod generation_panel;
mod lens;
mod minmax_mipmap;
mod surprisal_plot;

use super::context::ViewContext;
use super::pane::{Home, Needs, ViewInfo};
use super::view::View;
use crate::engine::figures::{FigureChoice, FigureKind, MEAN_OF};
use crate::engine::{Queries, Snapshot};
use crate::ui::language::tr;
use crate::ui::widgets::paint::nothing;
use eframe::egui::{self, Ui, vec2};
use generation_panel::GenerationPanel;
use lens::LensPages;
use minmax_mipmap::Pyramid;
use serde::{Deserialize, Serialize};

/// The state of the view.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub struct PredictionsView {
    /// Tokens that the running mean of surprisal is taken of.
    window: usize,
    continuing: GenerationPanel,
    pages: LensPages,
    #[serde(skip)]
    pyramid: Pyramid,
}

impl Default for PredictionsView {
    fn default() -> Self {
        Self {
            window: MEAN_OF,
            continuing: GenerationPanel::default(),
            pages: LensPages::default(),
            pyramid: Pyramid::default(),
        }
    }
}

/// Width from which candidates stand beside the rest.
const TWO_COLUMNS: f32 = 420.0;

impl View for PredictionsView {
    const INFO: ViewInfo = ViewInfo {
        name: "predictions",
        title: || tr("Predictions"),
        figures: &[
            FigureKind::Predictions,
            FigureKind::Lens,
            FigureKind::Attribution,
            FigureKind::Surprisal,
        ],
        key: Some(6),
        home: Home::Right,
        needs: Needs::Weights,
    };

    fn choose(&self, kind: FigureKind, snapshot: &Snapshot, choice: &mut FigureChoice) {
        choice.lens = self.pages.target(snapshot);
        if kind == FigureKind::Surprisal {
            choice.mean_of = self.window.max(1);
        }
    }

    fn ask(&self, cx: &ViewContext<'_>, looks: &mut Queries) {
        looks.prediction = cx.query();
        self.pages.ask(cx, looks);
    }

    fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let Some(model) = cx.snapshot.model.clone() else {
            return;
        };
        if cx.snapshot.tokens.ids.is_empty() {
            let words = tr("Type or paste a text in Text, or open one with File → Open text.");
            return nothing(ui, &cx.without_text(words));
        }
        self.pyramid.update(cx.snapshot);
        let size = ui.available_size();
        if size.x < TWO_COLUMNS {
            egui::ScrollArea::vertical()
                .id_salt("predictions")
                .auto_shrink(false)
                .show(ui, |ui| {
                    part(ui, vec2(size.x, 220.0), |ui| {
                        self.pages.show(ui, cx, &model)
                    });
                    ui.add_space(6.0);
                    surprisal_plot::show(ui, cx, &self.pyramid, &mut self.window, 120.0);
                    ui.add_space(6.0);
                    part(ui, vec2(size.x, 220.0), |ui| {
                        self.continuing.show(ui, cx, &model);
                    });
                });
            return;
        }
        // The same on every page, so that the chart beside stays as it is.
        let left = (0.48 * size.x).clamp(190.0, 560.0);
        ui.horizontal_top(|ui| {
            part(ui, vec2(left, size.y), |ui| self.pages.show(ui, cx, &model));
            ui.add_space(4.0);
            let right = vec2(ui.available_width(), size.y);
            part(ui, right, |ui| {
                let height = (0.36 * size.y).clamp(90.0, 340.0);
                surprisal_plot::show(ui, cx, &self.pyramid, &mut self.window, height);
                ui.add_space(6.0);
                self.continuing.show(ui, cx, &model);
            });
        });
    }
}

/// A piece of the view of a size of its own.
fn part(ui: &mut Ui, size: egui::Vec2, contents: impl FnOnce(&mut Ui)) {
    let rect = egui::Rect::from_min_size(ui.cursor().min, size);
    let layout = egui::Layout::top_down(egui::Align::Min);
    let builder = egui::UiBuilder::new().max_rect(rect).layout(layout);
    let mut inner = ui.new_child(builder);
    contents(&mut inner);
    // What is too wide for it moves nothing else.
    let height = inner.min_rect().height().max(size.y);
    let rect = egui::Rect::from_min_size(rect.min, vec2(size.x, height));
    ui.advance_cursor_after_rect(rect);
}
