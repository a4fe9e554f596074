//! The division of the view's area among its parts.

use crate::ui::language::tr;
use eframe::egui::{self, Rect, Sense, Ui, UiBuilder, pos2};

/// From this width on one vector, or neuron, has room beside all of them, in points.
pub(super) const BESIDE: f32 = 720.0;

/// Room between two parts: there they are dragged.
const SPLIT: f32 = 8.0;

/// Draws a part into its place.
pub(super) fn inside(ui: &mut Ui, rect: Rect, salt: &str, draw: impl FnOnce(&mut Ui)) {
    let mut ui = ui.new_child(UiBuilder::new().id_salt(salt).max_rect(rect));
    ui.shrink_clip_rect(rect.expand(2.0));
    draw(&mut ui);
}

/// Cuts the first part off `area`: `share` of it, which can be dragged.
pub(super) fn divide(ui: &Ui, area: &mut Rect, share: &mut f32, across: bool) -> Rect {
    let length = if across { area.height() } else { area.width() };
    // Both parts keep room to be of use.
    let (least, most) = (
        110.0_f32.min(0.4 * length),
        length - 0.4 * length.min(600.0),
    );
    let first = (*share * length).clamp(least, most.max(least));
    let (cut, rest, bar) = if across {
        let y = area.top() + first;
        (
            Rect::from_min_max(area.min, pos2(area.right(), y)),
            Rect::from_min_max(pos2(area.left(), y + SPLIT), area.max),
            Rect::from_min_max(pos2(area.left(), y), pos2(area.right(), y + SPLIT)),
        )
    } else {
        let x = area.left() + first;
        (
            Rect::from_min_max(area.min, pos2(x, area.bottom())),
            Rect::from_min_max(pos2(x + SPLIT, area.top()), area.max),
            Rect::from_min_max(pos2(x, area.top()), pos2(x + SPLIT, area.bottom())),
        )
    };
    let id = ui.scope_id().with(("divide", across));
    let response = ui.interact(bar, id, Sense::drag());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Splitter, true, tr("Drag to resize"))
    });
    if response.dragged() {
        let moved = response.drag_delta();
        let moved = if across { moved.y } else { moved.x };
        *share = ((first + moved) / length.max(1.0)).clamp(0.05, 0.95);
    }
    let active = response.hovered() || response.dragged();
    let visuals = ui.visuals();
    let line = if active {
        visuals.widgets.hovered.fg_stroke
    } else {
        visuals.widgets.noninteractive.bg_stroke
    };
    if across {
        ui.painter().hline(bar.x_range(), bar.center().y, line);
        response.on_hover_cursor(egui::CursorIcon::ResizeVertical);
    } else {
        ui.painter().vline(bar.center().x, bar.y_range(), line);
        response.on_hover_cursor(egui::CursorIcon::ResizeHorizontal);
    }
    *area = rest;
    cut
}
