//! The span of every head, grouped by layer: the figure of arXiv 1905.07799, with the use that this text makes of it, and
//! the effect on the text of a span changed by hand.

mod asked;
mod axes;
mod chart;
mod curve;
mod curve_axes;
mod curve_marks;
mod curve_words;
mod cutting;
mod edits;
mod facts;
mod marks;
mod removed;
mod series;
mod sinks;
mod span_drag;
mod toolbar;
mod tooltip;
mod verified;

use super::context::ViewContext;
use super::pane::{Home, Needs, ViewInfo};
use super::view::View;
use crate::chart::SpanMeasure as Measure;
use crate::engine::figures::{FigureChoice, FigureKind};
use crate::engine::{HeadStats, Queries, Snapshot};
use crate::model::HeadId;
use crate::ui::language::tr;
use axes::Scale;
use eframe::egui::{self, Rect, Sense, Ui, UiBuilder, vec2};
use facts::Facts;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Height of the line between the chart and the curve, which can be dragged.
const SEAM: f32 = 9.0;

/// Least heights of the chart and of what is below it, where both are shown.
const LEAST: (f32, f32) = (112.0, 118.0);

/// The share of a head's weight that its effective span holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Held {
    /// No effective span is drawn.
    Nothing,
    Half,
    #[default]
    Most,
    Nearly,
}

impl Held {
    const ALL: [Self; 4] = [Self::Nothing, Self::Half, Self::Most, Self::Nearly];

    /// The place of the share in [`crate::analysis::EFFECTIVE_SHARES`].
    fn index(self) -> Option<usize> {
        match self {
            Self::Nothing => None,
            Self::Half => Some(0),
            Self::Most => Some(1),
            Self::Nearly => Some(2),
        }
    }
}

/// The part of the view on show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    /// All heads and, below, the leading one.
    #[default]
    Both,
    /// All heads.
    All,
    /// The leading head.
    Leading,
}

/// The state of the view.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct SpansView {
    /// Which number of a head is drawn.
    measure: Measure,
    /// A linear instead of a logarithmic axis.
    linear: bool,
    /// Heads of a layer by rising span, as in the paper; otherwise by index.
    sorted: bool,
    held: Held,
    part: Part,
    /// The chart's share of the height.
    split: f32,
    /// Of the curve: whether its axes are logarithmic.
    log_distance: bool,
    log_weight: bool,
    cutting: cutting::Cutting,
    /// The first tokens that effective spans leave out, if somebody said so.
    sink_free: Option<usize>,
    #[serde(skip)]
    hand: span_drag::Hand,
    /// The last measurements, and the model they are of: an edit must not make the marks flicker.
    #[serde(skip)]
    survey: Option<(u64, Arc<HeadStats>)>,
    #[serde(skip)]
    weights: series::Series,
    #[serde(skip)]
    removed: series::Series,
    /// The head that led when the chart was last drawn.
    #[serde(skip)]
    seen: Option<HeadId>,
    /// The search for the leading head's reach.
    #[serde(skip)]
    asked: Option<asked::Asked>,
}

impl Default for SpansView {
    fn default() -> Self {
        Self {
            measure: Measure::Reach,
            linear: false,
            sorted: true,
            held: Held::default(),
            part: Part::default(),
            split: 0.52,
            log_distance: false,
            log_weight: true,
            cutting: cutting::Cutting::default(),
            sink_free: None,
            hand: span_drag::Hand::default(),
            survey: None,
            weights: series::Series::default(),
            removed: series::Series::default(),
            seen: None,
            asked: None,
        }
    }
}

impl View for SpansView {
    const INFO: ViewInfo = ViewInfo {
        name: "spans",
        title: || tr("Spans"),
        figures: &[FigureKind::Spans, FigureKind::Mask, FigureKind::Profile],
        key: Some(2),
        home: Home::Left,
        needs: Needs::Spans,
    };

    fn choose(&self, _kind: FigureKind, _snapshot: &Snapshot, choice: &mut FigureChoice) {
        choice.measure = self.measure;
        choice.linear = self.linear;
        choice.sorted = self.sorted;
        choice.mask_log = Some((self.log_distance, self.log_weight));
        if let Some(held) = self.held.index() {
            choice.effective[held] = true;
        }
    }

    fn ask(&self, cx: &ViewContext<'_>, looks: &mut Queries) {
        looks.survey = true;
        looks.sink_free = self.sink_free;
        self.ask_reach(cx, looks);
    }

    fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let Some(model) = cx.snapshot.shown().cloned() else {
            return;
        };
        self.hand.begin(ui, cx);
        let facts = Facts::new(cx, &model, &self.hand, &mut self.survey);
        self.toolbar(ui, cx, &facts);
        let area = ui.available_rect_before_wrap();
        let room = area.height() - SEAM;
        let both = self.part == Part::Both && room >= LEAST.0 + LEAST.1;
        if !both {
            let mut ui = ui.new_child(UiBuilder::new().max_rect(area));
            return match self.part {
                Part::Leading => self.leading(&mut ui, cx, &facts),
                Part::Both | Part::All => self.chart(&mut ui, cx, &facts),
            };
        }
        let split = self.split.clamp(0.05, 0.95);
        let upper = (split * room).clamp(LEAST.0, room - LEAST.1).round();
        let at = area.top() + upper;
        self.seam(ui, area, at);
        let top = Rect::from_min_max(area.min, egui::pos2(area.right(), at));
        let bottom = Rect::from_min_max(egui::pos2(area.left(), at + SEAM), area.max);
        let mut child =
            |rect: Rect, name: &str| ui.new_child(UiBuilder::new().max_rect(rect).id_salt(name));
        let (mut top, mut bottom) = (child(top, "heads"), child(bottom, "head"));
        self.chart(&mut top, cx, &facts);
        self.leading(&mut bottom, cx, &facts);
        ui.advance_cursor_after_rect(area);
    }
}

impl SpansView {
    /// The line between the two parts.
    fn seam(&mut self, ui: &Ui, area: Rect, at: f32) {
        let rect = Rect::from_min_size(egui::pos2(area.left(), at), vec2(area.width(), SEAM));
        let seam = ui.interact(rect, ui.scope_id().with("seam"), Sense::drag());
        if let Some(pointer) = seam.interact_pointer_pos().filter(|_| seam.dragged()) {
            let room = (area.height() - SEAM).max(1.0);
            let upper = pointer.y - 0.5 * SEAM - area.top();
            let upper = upper.clamp(LEAST.0, (room - LEAST.1).max(LEAST.0));
            self.split = upper / room;
        }
        let visuals = ui.visuals();
        let stroke = if seam.hovered() || seam.dragged() {
            egui::Stroke::new(2.0, visuals.selection.bg_fill)
        } else {
            visuals.widgets.noninteractive.bg_stroke
        };
        ui.painter()
            .hline(rect.x_range(), rect.center().y.round() + 0.5, stroke);
        seam.on_hover_cursor(egui::CursorIcon::ResizeVertical);
    }

    /// The scale; a head that nothing ends stands clear above all that has a number: other reaches, and the text.
    fn scale(&self, facts: &Facts, tokens: usize) -> Scale {
        // While a head is dragged, the others stand still.
        let others = facts.spans.iter();
        let others = others.filter(|span| Some(span.id()) != self.hand.dragged());
        let longest = others.filter_map(|span| span.reach.end()).max();
        let most = longest.unwrap_or(0).max(tokens).max(10) as f64;
        Scale {
            measure: self.measure,
            linear: self.linear,
            top: most * if self.linear { 1.25 } else { 3.0 },
        }
    }
}
