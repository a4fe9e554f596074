//! The names along the map's sides, for clicking and dragging: what is selected there is selected in every view.

use super::axes::{self, Marked, Names, nearest};
use super::cells::Axes;
use super::map_layout::Places;
use super::{Aim, AttentionView};
use crate::analysis::BandLayout;
use crate::chart::thousands;
use crate::engine::figures::Quantity;
use crate::ui::language::{tr, trf};
use crate::ui::views::context::ViewContext;
use eframe::egui::{self, Rect, Response, Sense, Ui, vec2};
use egui_plot::PlotTransform;

/// The map moves by this share of what a drag is beyond its end, each frame.
const PULL: f32 = 0.25;

/// The queries: a click selects one, a drag a range.
pub(super) fn rows(
    view: &mut AttentionView,
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    axes: &Axes,
    places: &Places,
    transform: &PlotTransform,
    names: Names,
) {
    let words = tr("Queries: select one with a click, a range by dragging");
    let response = sensed(ui, places.rows, "queries", words);
    let at = |pos: egui::Pos2| transform.value_from_position(pos).y;
    choose(view, ui, cx, axes, places, &response, at, |beyond| {
        vec2(0.0, beyond.y)
    });
    if let Some(query) = hovered(&response, axes, at) {
        cx.hovering.token = Some(query);
        tell(&response, cx, tr("query"), query);
    }
    axes::rows(
        ui,
        places.rows,
        transform,
        cx.snapshot,
        names,
        &marked(cx, cx.hover.token),
    );
    axes::title(
        ui,
        places.rows_title,
        tr(Quantity::Query.axis()),
        tr(Quantity::Query.short()),
        true,
    );
}

/// The keys: a click selects that token, a drag a range. Distances are no tokens.
pub(super) fn columns(
    view: &mut AttentionView,
    ui: &mut Ui,
    cx: &mut ViewContext<'_>,
    axes: &Axes,
    places: &Places,
    transform: &PlotTransform,
    names: Names,
) {
    let keys = axes.layout == BandLayout::Key;
    if keys {
        let words = tr("Keys: select a token with a click, a range by dragging");
        let response = sensed(ui, places.columns, "keys", words);
        let at = |pos: egui::Pos2| transform.value_from_position(pos).x;
        choose(view, ui, cx, axes, places, &response, at, |beyond| {
            vec2(beyond.x, 0.0)
        });
        if let Some(key) = hovered(&response, axes, at) {
            cx.hovering.token = Some(key);
            tell(&response, cx, tr("key"), key);
        }
    }
    let hovered = cx.hover.key.or(cx.hover.token);
    axes::columns(
        ui,
        places.columns,
        transform,
        cx.snapshot,
        axes,
        names,
        &marked(cx, hovered),
    );
    let across = if keys {
        Quantity::Key
    } else {
        Quantity::Distance
    };
    let (long, short) = (tr(across.axis()), tr(across.short()));
    axes::title(ui, places.columns_title, long, short, false);
}

fn sensed(ui: &Ui, rect: Rect, id: &str, words: &str) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(id), Sense::CLICK | Sense::DRAG);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, words));
    response
}

fn marked<'a>(cx: &'a ViewContext<'_>, hovered: Option<usize>) -> Marked<'a> {
    Marked {
        selected: &cx.selection.tokens,
        hovered,
        accent: cx.palette.accent,
    }
}

/// The token whose name is under the pointer.
fn hovered(response: &Response, axes: &Axes, at: impl Fn(egui::Pos2) -> f64) -> Option<usize> {
    let place = at(response.hover_pos()?);
    (place >= 0.0 && place < axes.tokens as f64).then_some(place as usize)
}

/// Clicks and drags.
#[expect(
    clippy::too_many_arguments,
    reason = "both gutters do the same along their own axis"
)]
fn choose(
    view: &mut AttentionView,
    ui: &Ui,
    cx: &mut ViewContext<'_>,
    axes: &Axes,
    places: &Places,
    response: &Response,
    at: impl Fn(egui::Pos2) -> f64,
    along: impl Fn(egui::Vec2) -> egui::Vec2,
) {
    if response.clicked()
        && let Some(token) = hovered(response, axes, &at)
    {
        cx.click_token(ui, token);
        view.stay(cx);
    }
    if response.drag_started_by(egui::PointerButton::Primary) {
        let origin = ui.input(|input| input.pointer.press_origin());
        view.dragged = origin.map(|pos| nearest(at(pos), axes.tokens));
    }
    if !response.dragged_by(egui::PointerButton::Primary) {
        if response.drag_stopped() {
            view.dragged = None;
        }
        return;
    }
    let (Some(from), Some(pos)) = (view.dragged, response.interact_pointer_pos()) else {
        return;
    };
    let to = nearest(at(places.map.clamp(pos)), axes.tokens);
    cx.selection.drag_tokens(from, to);
    view.stay(cx);
    // Beyond an end the map follows.
    let beyond = along(pos - places.map.clamp(pos)) * PULL;
    if beyond != egui::Vec2::ZERO
        && let Some(camera) = &mut view.camera
    {
        camera.pan(-beyond);
        camera.limit(axes, places.map.size());
        view.target = None;
        view.aim = Aim::Free;
        ui.ctx().request_repaint();
    }
}

/// Names a token in full: labels are cut.
fn tell(response: &Response, cx: &ViewContext<'_>, name: &str, token: usize) {
    if response.dragged() {
        return;
    }
    let words = trf(
        "{0} {1}  {2}",
        &[&name, &thousands(token), &cx.snapshot.label(token)],
    );
    egui::Tooltip::for_widget(response)
        .at_pointer()
        .gap(14.0)
        .show(|ui| {
            ui.monospace(words);
        });
}
