//! The shares of every head's weight, and the persistent vectors that the selected head uses (arXiv 1907.01470); of models with
//! feed-forward sublayers, their neurons.

mod columns;
mod heat;
mod keys;
mod listed;
mod neurons;
mod places;
mod rooms;
mod shares;
mod sheet;
mod usage;
mod vector;
mod vectors;

use super::context::ViewContext;
use super::pane::{Home, Needs, ViewInfo};
use super::view::View;
use crate::engine::figures::{FigureChoice, FigureKind};
use crate::engine::{Queries, SelectedHeads, Snapshot};
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::widgets::names::head_name;
use crate::ui::widgets::paint::nothing;
use eframe::egui::Ui;
use rooms::{BESIDE, divide, inside};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use vectors::Vectors;

/// From this height on there is room for the shares above the heatmap, in points.
const ABOVE: f32 = 520.0;

/// A part of the view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Shares,
    #[default]
    Vectors,
    Vector,
}

/// The state of the view.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub struct PersistentView {
    /// The part on show where not all have room.
    part: Part,
    vectors: Vectors,
    neurons: neurons::Neurons,
    /// The share of the height that the shares take, and of the width that a vector takes.
    split: (f32, f32),
}

impl Default for PersistentView {
    fn default() -> Self {
        Self {
            part: Part::Vectors,
            vectors: Vectors::default(),
            neurons: neurons::Neurons::default(),
            split: (0.3, 0.36),
        }
    }
}

impl View for PersistentView {
    const INFO: ViewInfo = ViewInfo {
        name: "persistent",
        title: || tr("Persistent"),
        figures: &[
            FigureKind::Shares,
            FigureKind::Usage,
            FigureKind::Vectors,
            FigureKind::Neurons,
        ],
        key: Some(5),
        home: Home::Right,
        needs: Needs::Weights,
    };

    fn choose(&self, kind: FigureKind, _snapshot: &Snapshot, choice: &mut FigureChoice) {
        match kind {
            FigureKind::Shares => {}
            FigureKind::Neurons => self.neurons.choose(choice),
            _ => self.vectors.choose(choice),
        }
    }

    fn ask(&self, cx: &ViewContext<'_>, looks: &mut Queries) {
        let vectors = cx.snapshot.model.as_ref();
        let vectors = vectors.map_or(0, |model| model.network.architecture().persistent());
        let selected = cx.selection.vector.filter(|vector| *vector < vectors);
        looks.vector = selected.filter(|_| !cx.snapshot.shares.is_empty());
        if let Some(model) = cx.snapshot.model.as_ref().filter(|_| vectors == 0) {
            self.neurons.ask(cx, model, looks);
        }
    }

    fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let Some(model) = cx.snapshot.model.clone() else {
            return;
        };
        let architecture = model.network.architecture();
        let (heads, vectors) = (architecture.nb_heads(), architecture.persistent());
        if cx.snapshot.shares.is_empty() {
            let words = tr("Type a text to see where every head's weight goes.");
            return nothing(ui, &cx.without_text(words));
        }
        if vectors == 0 {
            let bars = worth_bars(cx);
            return self.neurons.show(ui, cx, &model, bars);
        }
        // The number of another model's vector.
        cx.selection.vector = cx.selection.vector.filter(|vector| *vector < vectors);
        let detail = cx.snapshot.detail.clone().filter(|_| cx.detail().is_some());
        self.vectors.take(detail.as_ref());
        let single = cx.selection.heads.single().is_some();

        let room = ui.available_size();
        let (beside, above) = (room.x >= BESIDE, room.y >= ABOVE);
        let part = match self.part {
            Part::Vector if beside => Part::Vectors,
            Part::Shares if above => Part::Vectors,
            part => part,
        };
        if !(beside && above) {
            self.switch(ui, cx, part, beside, above);
        }
        let mut area = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(area);
        if above {
            let rect = divide(ui, &mut area, &mut self.split.0, true);
            inside(ui, rect, "shares", |ui| {
                shares::legend(ui, cx, true);
                shares::chart(ui, cx, heads, true);
            });
        } else if part == Part::Shares {
            return inside(ui, area, "shares", |ui| {
                shares::legend(ui, cx, true);
                shares::chart(ui, cx, heads, true);
            });
        }
        if beside && single {
            let mut share = 1.0 - self.split.1;
            let rect = divide(ui, &mut area, &mut share, false);
            self.split.1 = 1.0 - share;
            inside(ui, rect, "vectors", |ui| self.all(ui, cx, detail.as_ref()));
            inside(ui, area, "vector", |ui| self.vector(ui, cx));
        } else if part == Part::Vector && !beside {
            inside(ui, area, "vector", |ui| self.vector(ui, cx));
        } else {
            inside(ui, area, "vectors", |ui| self.all(ui, cx, detail.as_ref()));
        }
    }
}

impl PersistentView {
    /// The parts that have no room of their own.
    fn switch(&mut self, ui: &mut Ui, cx: &ViewContext<'_>, now: Part, beside: bool, above: bool) {
        let vector = match cx.selection.vector {
            Some(vector) => trf("Vector {0}", &[&vector]),
            None => tr("Vector").to_owned(),
        };
        ui.horizontal(|ui| {
            for (part, name, words) in [
                (
                    Part::Shares,
                    tr("Overview").to_owned(),
                    tr("Where the weight of every head goes"),
                ),
                (
                    Part::Vectors,
                    tr("Usage").to_owned(),
                    tr("How much the selected head uses each of its vectors, and which tokens do"),
                ),
                (
                    Part::Vector,
                    vector,
                    tr("Which tokens use the selected vector, and which it promotes"),
                ),
            ] {
                let hidden = (part == Part::Shares && above) || (part == Part::Vector && beside);
                if !hidden
                    && ui
                        .selectable_label(now == part, name)
                        .on_hover_text(words)
                        .clicked()
                {
                    self.part = part;
                }
            }
        });
    }

    /// All vectors of the head.
    fn all(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, detail: Option<&Arc<SelectedHeads>>) {
        if self.vectors.columns.is_none() {
            return unknown(ui, cx);
        }
        self.vectors.show(ui, cx, detail);
    }

    /// The selected vector.
    fn vector(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let Some(columns) = &self.vectors.columns else {
            return unknown(ui, cx);
        };
        if cx.selection.vector.is_none() {
            return vector::none(ui, cx, columns);
        }
        vector::header(ui, cx, columns);
        vector::facts(ui, cx);
    }
}

/// Why the use of vectors is not known.
fn unknown(ui: &mut Ui, cx: &mut ViewContext<'_>) {
    if cx.selection.heads.single().is_some() {
        return nothing(ui, tr("Computing…"));
    }
    ui.label(strong(tr("Several heads are selected")));
    ui.label(quiet(tr(
        "Every head has persistent vectors of its own, so their use can be shown of one head only.",
    )));
    let leading = cx.selection.heads.leading();
    let words = trf("Select {0} alone", &[&head_name(leading)]);
    if ui.button(words).clicked() {
        cx.selection.select_head(leading);
    }
}

/// The share beside the text from which on bars of it say something: below, all are full.
const WORTH_BARS: f32 = 0.05;

/// True if the text leaves so much weight beside it that bars of shares say something.
fn worth_bars(cx: &ViewContext<'_>) -> bool {
    let least = cx.snapshot.shares.iter().map(|shares| shares.context);
    least.fold(1.0, f32::min) <= 1.0 - WORTH_BARS
}
