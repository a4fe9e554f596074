//! The numbers of the cell under the pointer.

use super::axes::distance;
use super::side_columns;
use crate::chart::thousands;
use crate::engine::{Combine, HeatmapImage, SelectedHeads, Weighting};
use crate::model::Span;
use crate::model::architecture::Position;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::names::percent;
use eframe::egui::{self, Response, Ui, vec2};

/// Stands where a number is on its way.
const COMING: &str = "…";

/// Width of the readout: it must not change from cell to cell.
const WIDTH: f32 = 250.0;

/// True if the head of `span` finds the token at position `key` at one of its distances, which are to earlier tokens.
fn sees(span: &Span, query: usize, key: usize) -> bool {
    let distance = query.checked_sub(key);
    distance.is_some_and(|distance| span.distances().contains(&distance))
}

/// Tells beside the pointer what the cell of `query` and `key` is made of.
pub(super) fn show(
    response: &Response,
    cx: &mut ViewContext<'_>,
    (query, key): (usize, Option<usize>),
    span: &Span,
    picture: Option<&HeatmapImage>,
) {
    let single = cx.selection.heads.single();
    if let (Some(key), Some(_)) = (key.filter(|key| sees(span, query, *key)), single) {
        cx.looks.score = Some((query, key));
    }
    let cx = &*cx;
    egui::Tooltip::for_widget(response)
        .at_pointer()
        .gap(16.0)
        .width(WIDTH)
        .show(|ui| {
            ui.set_min_width(WIDTH);
            egui::Grid::new("readout")
                .num_columns(2)
                .min_col_width(118.0)
                .spacing(vec2(10.0, 2.0))
                .show(ui, |ui| rows(ui, cx, query, key, span, picture));
            if let Some(words) = missing(cx, query, key) {
                ui.label(quiet(words));
            }
        });
}

fn row(ui: &mut Ui, name: &str, value: &str) {
    ui.label(quiet(name));
    ui.monospace(value);
    ui.end_row();
}

fn token(ui: &mut Ui, cx: &ViewContext<'_>, name: &str, position: usize) {
    ui.label(strong(name));
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.monospace(thousands(position));
        ui.add(
            egui::Label::new(
                egui::RichText::new(cx.snapshot.label(position))
                    .monospace()
                    .strong(),
            )
            .truncate(),
        );
    });
    ui.end_row();
}

fn rows(
    ui: &mut Ui,
    cx: &ViewContext<'_>,
    query: usize,
    key: Option<usize>,
    span: &Span,
    picture: Option<&HeatmapImage>,
) {
    token(ui, cx, tr("query"), query);
    let detail = cx.detail();
    if let Some(key) = key {
        token(ui, cx, tr("key"), key);
        row(ui, tr("distance"), &distance(query as i64 - key as i64));
        let weight = detail.and_then(|detail| detail.weight(query, key));
        weight_row(ui, cx, weight, picture);
        // Weights that are stored as they are have no scores.
        let recorded = cx.snapshot.model.as_ref().and_then(|m| m.recorded.as_ref());
        let has_scores = recorded.is_none_or(|run| !run.header().has_weights());
        if has_scores && cx.selection.heads.single().is_some() && sees(span, query, key) {
            score_rows(ui, cx, query, key, span);
        }
    }
    let Some(detail) = detail else {
        return;
    };
    ui.end_row();
    let has_empty = cx.snapshot.shown().is_none_or(|model| {
        let architecture = model.network.architecture();
        architecture.has_empty_context()
    });
    if let Some(empty) = detail.empty(query).filter(|_| has_empty) {
        row(ui, tr("empty context"), &percent(empty));
    }
    if detail.weights.vectors > 0
        && let Some(persistent) = detail.persistent(query)
    {
        row(ui, tr("persistent vectors"), &percent(persistent));
    }
    if let Some(sink) = detail.sink(query) {
        row(ui, tr("sink"), &percent(sink));
    }
    if let Some(masked) = detail.masked(query) {
        row(ui, tr("masked, not renormalised"), &percent(masked));
    }
}

/// The weight, with the colour it has on the map.
fn weight_row(
    ui: &mut Ui,
    cx: &ViewContext<'_>,
    weight: Option<f32>,
    picture: Option<&HeatmapImage>,
) {
    let norm = cx.selection.weighting() == Weighting::Norm;
    let name = match (cx.selection.heads.single(), cx.selection.combine()) {
        (Some(_), _) if norm => tr("norm-weighted"),
        (Some(_), _) => tr("weight"),
        (None, Combine::Mean) => tr("mean weight"),
        (None, Combine::Max) => tr("largest weight"),
    };
    ui.label(quiet(name));
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let Some(weight) = weight else {
            ui.monospace(COMING);
            return;
        };
        let small = weight > 0.0 && weight < 5e-5;
        ui.monospace(if small {
            format!("{weight:.1e}")
        } else {
            format!("{weight:.5}")
        });
        if let Some(picture) = picture {
            let (rect, _) = ui.allocate_exact_size(vec2(12.0, 12.0), egui::Sense::hover());
            let line = ui.visuals().widgets.noninteractive.bg_stroke;
            ui.painter().rect(
                rect,
                2.0,
                side_columns::swatch(picture, weight),
                line,
                egui::StrokeKind::Inside,
            );
        }
    });
    ui.end_row();
}

/// The terms of the weight. While the answer is on its way its rows stay, with "…".
fn score_rows(ui: &mut Ui, cx: &ViewContext<'_>, query: usize, key: usize, span: &Span) {
    let score = cx.snapshot.score.as_deref();
    let score = score.filter(|score| {
        (score.query, score.key) == (query, key) && score.head == cx.selection.heads.leading()
    });
    let number = |value: Option<f32>| {
        value.map_or_else(
            || COMING.to_owned(),
            |v| format!("{v:+.3}").replacen('-', "−", 1),
        )
    };
    let parts = score.map(|score| &score.parts);
    let spec = cx.snapshot.shown().and_then(|model| {
        let layers = &model.network.architecture().layers;
        Some(layers.get(span.layer)?.attention.clone())
    });
    let position = spec.as_ref().map_or(&Position::None, |spec| &spec.position);
    // A recorded run has keys as they were turned, and no angles.
    let model = cx.snapshot.model.as_ref();
    let is_live = model.is_none_or(|model| model.recorded.is_none());
    if is_live && matches!(position, Position::Rotary(_)) {
        row(
            ui,
            tr("content at distance 0"),
            &number(parts.and_then(|p| p.unrotated)),
        );
        let turned = parts.and_then(|p| Some(p.uncapped - p.unrotated?));
        row(ui, tr("by rotation"), &number(turned));
    }
    if spec.as_ref().is_some_and(|spec| spec.score_cap.is_some()) {
        row(
            ui,
            tr("before the soft cap"),
            &number(parts.map(|p| p.uncapped)),
        );
    }
    row(ui, tr("content score"), &number(parts.map(|p| p.content)));
    let name = match position {
        Position::Relative { .. } => Some(tr("position score")),
        Position::Alibi { .. } => Some(tr("ALiBi")),
        _ => None,
    };
    if let Some(name) = name {
        row(ui, name, &number(parts.map(|p| p.position)));
        row(
            ui,
            tr("their sum"),
            &number(parts.map(|p| p.content + p.position)),
        );
    }
    if cx.selection.weighting() == Weighting::Norm {
        let weight = parts.map(|p| format!(" {:.5}", p.weight));
        row(
            ui,
            tr("attention weight"),
            &weight.unwrap_or_else(|| COMING.to_owned()),
        );
    }
    if span.is_learned() && cx.snapshot.model.is_some() {
        let mask = span.mask(query - key);
        row(ui, tr("soft mask"), &format!(" {mask:.3}"));
        let removed = score.map_or_else(|| COMING.to_owned(), |score| percent(score.removed));
        row(ui, tr("removed by the mask"), &format!(" {removed}"));
    }
}

/// Why there is no weight, in words.
fn missing(cx: &ViewContext<'_>, query: usize, key: Option<usize>) -> Option<String> {
    let Some(key) = key else {
        return Some(tr("a token attends only to those before it").to_owned());
    };
    let detail: &SelectedHeads = cx.detail()?;
    if detail.weight(query, key).is_some() {
        return None;
    }
    Some(if (detail.weights.first..detail.end()).contains(&query) {
        trf(
            "beyond the reach of {0} tokens",
            &[&thousands(detail.weights.reach)],
        )
    } else {
        let last = detail.end().saturating_sub(1);
        trf(
            "weights are available for queries {0} to {1}; select this one to see its own",
            &[&thousands(detail.weights.first), &thousands(last)],
        )
    })
}
