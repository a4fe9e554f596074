//! The keyboard on the bars and on the heatmap.

use super::columns::Columns;
use crate::ui::views::context::ViewContext;
use eframe::egui::{self, Key, Modifiers, Response, Ui};
use std::ops::Range;

/// Arrow keys, while the bars or the heatmap have the focus: the next vector, and the next of the queries in `rows`.
pub(super) fn keys(
    ui: &Ui,
    cx: &mut ViewContext<'_>,
    columns: &Columns,
    response: &Response,
    rows: Option<Range<usize>>,
) {
    if response.clicked() {
        response.request_focus();
    }
    if !response.has_focus() {
        return;
    }
    let filter = egui::EventFilter {
        horizontal_arrows: true,
        vertical_arrows: rows.is_some(),
        ..egui::EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let (ring, line) = (response.rect.expand(1.0), ui.visuals().selection.stroke);
    ui.painter()
        .rect_stroke(ring, 0.0, line, egui::StrokeKind::Outside);
    let pressed = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key));
    // The place after so many steps forward and back, among `count`.
    let moved = |place: usize, forward: usize, back: usize, count: usize| {
        (place + forward)
            .saturating_sub(back)
            .min(count.saturating_sub(1))
    };
    let (right, left) = (pressed(Key::ArrowRight), pressed(Key::ArrowLeft));
    if right + left > 0 {
        let now = cx.selection.vector.and_then(|v| columns.column(v));
        let to = now.map_or(0, |column| moved(column, right, left, columns.len()));
        cx.selection.vector = columns.vector(to);
    }
    if let (Some(rows), Some(query)) = (rows, cx.query()) {
        let (down, up) = (pressed(Key::ArrowDown), pressed(Key::ArrowUp));
        if down + up > 0 {
            let to = moved(query, down, up, rows.end).max(rows.start);
            cx.selection.drag_tokens(to, to);
        }
    }
}
