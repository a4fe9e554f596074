//! One file per view. A view draws the snapshot and says what it wants; it computes nothing and knows no other view.

pub mod attention;
pub mod context;
pub mod cost;
pub mod grid;
pub mod heads;
pub mod model_card;
pub mod persistent;
pub mod predictions;
pub mod spans;
pub mod text;
pub mod training;

use crate::chart::{ColorMap, Scale};
use crate::engine::Snapshot;
use crate::engine::figures::{FigureChoice, FigureKind};
use crate::ui::language::tr;
use crate::ui::theme::quiet;
use crate::ui::views::context::ViewContext;
use eframe::egui::{self, Align2, FontId, Pos2, Rect, Ui};
use serde::{Deserialize, Serialize};

/// What each tile shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pane {
    /// Every head, as a matrix and a list.
    Heads,
    /// The reach of every head by layer.
    Spans,
    /// A thumbnail for every head.
    Grid,
    /// What a run costs, against the span limit.
    Cost,
    /// The curves of the training.
    Training,
    /// The selected heads' weights as a heatmap.
    Attention,
    /// Shares of every head, and use of the selected head's persistent vectors.
    Persistent,
    /// What comes after the selected token; a continuation.
    Predictions,
    /// What is known of the model.
    Model,
    /// The text, shaded by the selected tokens' weights.
    Text,
}

impl Pane {
    /// Every view.
    pub const ALL: [Self; 10] = [
        Self::Heads,
        Self::Spans,
        Self::Grid,
        Self::Cost,
        Self::Training,
        Self::Attention,
        Self::Persistent,
        Self::Predictions,
        Self::Model,
        Self::Text,
    ];

    /// The title of the tile.
    pub fn title(self) -> &'static str {
        match self {
            Self::Heads => tr("Heads"),
            Self::Spans => tr("Spans"),
            Self::Grid => tr("Grid"),
            Self::Cost => tr("Cost"),
            Self::Training => tr("Training"),
            Self::Attention => tr("Attention"),
            Self::Persistent => tr("Persistent"),
            Self::Predictions => tr("Predictions"),
            Self::Model => tr("Model"),
            Self::Text => tr("Text"),
        }
    }
}

/// The state of all views: what is shown and how, never what it is shown of. It survives a restart.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Views {
    heads: heads::HeadsView,
    spans: spans::SpansView,
    grid: grid::GridView,
    cost: cost::CostView,
    training: training::TrainingView,
    attention: attention::AttentionView,
    persistent: persistent::PersistentView,
    predictions: predictions::PredictionsView,
    model: model_card::ModelCardView,
    text: text::TextView,
}

impl Views {
    /// What a figure shows, as the views that have it are set.
    pub fn choice(&self, kind: FigureKind, snapshot: &Snapshot) -> FigureChoice {
        let mut choice = FigureChoice::default();
        match kind {
            FigureKind::Spans | FigureKind::Mask => self.spans.choose(&mut choice),
            FigureKind::Heads => self.heads.choose(&mut choice),
            FigureKind::Attention => self.attention.choose(snapshot, &mut choice),
            FigureKind::Grid => self.grid.choose(&mut choice),
            FigureKind::Text => self.text.choose(&mut choice),
            FigureKind::Training => self.training.choose(&mut choice),
            FigureKind::Cost => self.cost.choose(snapshot, &mut choice),
            FigureKind::Usage | FigureKind::Vectors => self.persistent.choose(&mut choice),
            FigureKind::Surprisal => self.predictions.choose(&mut choice),
            FigureKind::Shares | FigureKind::Predictions | FigureKind::Parameters => {}
        }
        choice
    }

    /// Draws one view into its tile.
    pub fn show(&mut self, pane: Pane, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        // The span chart is there before the weights are.
        let model = match pane {
            Pane::Spans | Pane::Cost => cx.snapshot.shown(),
            _ => cx.snapshot.model.as_ref(),
        };
        if model.is_none() {
            let words = if cx.snapshot.opening {
                tr("Opening…")
            } else {
                tr("No model is open. Open one with File → Open model, or drop a file here.")
            };
            return nothing(ui, words);
        }
        match pane {
            Pane::Heads => self.heads.show(ui, cx),
            Pane::Spans => self.spans.show(ui, cx),
            Pane::Grid => self.grid.show(ui, cx),
            Pane::Cost => self.cost.show(ui, cx),
            Pane::Training => self.training.show(ui, cx),
            Pane::Attention => self.attention.show(ui, cx),
            Pane::Persistent => self.persistent.show(ui, cx),
            Pane::Predictions => self.predictions.show(ui, cx),
            Pane::Model => self.model.show(ui, cx),
            Pane::Text => self.text.show(ui, cx),
        }
    }
}

/// A quiet sentence in the middle of an empty view.
fn nothing(ui: &mut Ui, words: &str) {
    ui.centered_and_justified(|ui| {
        ui.label(quiet(words));
    });
}

/// Tells screen readers what a combo box is for: egui knows only what is chosen in it.
fn name_combo(response: &egui::Response, name: &str) {
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, name));
}

/// A scale's name.
fn scale_name(scale: Scale) -> &'static str {
    match scale {
        Scale::Linear => tr("Linear"),
        Scale::Sqrt => tr("Square root"),
        Scale::Log => tr("Logarithmic"),
    }
}

/// The choice of a colour scale and a colour map.
fn scale_and_map(ui: &mut Ui, scale: &mut Scale, map: &mut ColorMap) {
    let combo = egui::ComboBox::from_id_salt("scale")
        .selected_text(scale_name(*scale))
        .show_ui(ui, |ui| {
            for one in Scale::ALL {
                ui.selectable_value(scale, one, scale_name(one));
            }
        })
        .response;
    name_combo(&combo, tr("Colour scale"));
    combo.on_hover_text(tr("How weights are spread over the colours"));
    let combo = egui::ComboBox::from_id_salt("map")
        .selected_text(map.name())
        .show_ui(ui, |ui| {
            for one in ColorMap::ALL {
                ui.selectable_value(map, one, one.name());
            }
        })
        .response;
    name_combo(&combo, tr("Colour map"));
    combo.on_hover_text(tr("The colours"));
}

/// The colour of grid lines: they must not compete with the data.
fn grid_color(ui: &Ui) -> egui::Color32 {
    ui.visuals().text_color().gamma_multiply(0.2)
}

/// The name of an axis, read upwards, its left side at `left` and in the middle of `frame`: the first of `names` that has
/// room, if any.
fn paint_upwards(ui: &Ui, left: f32, frame: Rect, names: &[&str]) {
    let ink = ui.visuals().weak_text_color();
    let lay = |name: &&str| {
        let font = FontId::proportional(11.0);
        ui.painter().layout_no_wrap((*name).to_owned(), font, ink)
    };
    let fits = |galley: &std::sync::Arc<egui::Galley>| galley.size().x <= frame.height() + 6.0;
    if let Some(galley) = names.iter().map(lay).find(fits) {
        let at = egui::pos2(left, frame.center().y + galley.size().x / 2.0);
        let text = egui::epaint::TextShape::new(at, galley, ink);
        ui.painter()
            .add(text.with_angle(-std::f32::consts::FRAC_PI_2));
    }
}

/// Small text whose baseline does not matter, drawn straight on the view.
fn paint_text(
    ui: &Ui,
    at: Pos2,
    anchor: Align2,
    text: &str,
    size: f32,
    color: egui::Color32,
) -> Rect {
    ui.painter()
        .text(at, anchor, text, FontId::proportional(size), color)
}
