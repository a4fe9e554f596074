//! Names and numbers of a note at the pointer: names at the left, numbers at the right edge.

use crate::ui::theme::quiet;
use eframe::egui::{self, Align, Layout, Rect, Sense, TextStyle, Ui, UiBuilder, WidgetText, vec2};

/// Least room between a name and its number, in points.
const GAP: f32 = 16.0;

/// Room between rows, in points.
const BETWEEN: f32 = 2.0;

/// Room between columns, in points.
const APART: f32 = 24.0;

/// Rows of a column: a note of more would hide what it is about on a small screen.
const COLUMN: usize = 16;

/// Rows that `contents` gives one after the other, each by its name and its value. They are as wide as the widest name and the
/// widest value, whatever the note was before.
pub fn fact_rows(ui: &mut Ui, contents: impl FnOnce(&mut dyn FnMut(&str, String))) {
    let mut rows: Vec<(WidgetText, WidgetText)> = Vec::new();
    contents(&mut |name, value| rows.push((quiet(name).into(), value.into())));
    let measure = |text: &WidgetText| {
        let wrap = Some(egui::TextWrapMode::Extend);
        let galley = text
            .clone()
            .into_galley(ui, wrap, f32::INFINITY, TextStyle::Body);
        galley.size()
    };
    let mut widths = (0.0_f32, 0.0_f32);
    let mut height = 0.0_f32;
    for (name, value) in &rows {
        let (name, value) = (measure(name), measure(value));
        widths = (widths.0.max(name.x), widths.1.max(value.x));
        height = height.max(name.y).max(value.y);
    }
    let size = vec2((widths.0 + GAP + widths.1).ceil(), height);
    let columns = rows.len().div_ceil(COLUMN).max(1);
    let per_column = rows.len().div_ceil(columns);
    let step = size + vec2(APART, BETWEEN);
    let all = vec2(columns as f32, per_column as f32) * step - vec2(APART, BETWEEN);
    let (area, _) = ui.allocate_exact_size(all.max(egui::Vec2::ZERO), Sense::hover());
    for (i, (name, value)) in rows.into_iter().enumerate() {
        let at = vec2((i / per_column) as f32, (i % per_column) as f32) * step;
        let rect = Rect::from_min_size(area.min + at, size);
        let mut part = |rect: Rect, layout: Layout, text: WidgetText| {
            let place = UiBuilder::new().max_rect(rect).layout(layout);
            ui.new_child(place).add(egui::Label::new(text).extend());
        };
        let (left, right) = rect.split_left_right_at_x(rect.left() + widths.0 + GAP / 2.0);
        part(left, Layout::left_to_right(Align::Center), name);
        part(right, Layout::right_to_left(Align::Center), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The room that so many rows take.
    fn room(rows: usize) -> egui::Vec2 {
        let ctx = egui::Context::default();
        let mut taken = egui::Vec2::ZERO;
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            let before = ui.cursor().min;
            let inner = ui.scope(|ui| {
                fact_rows(ui, |row| {
                    for i in 0..rows {
                        row("a name", i.to_string());
                    }
                });
            });
            taken = inner.response.rect.max - before;
        });
        output.textures_delta.clear();
        taken
    }

    #[test]
    fn many_rows_lie_in_columns() {
        let (few, more, many) = (room(COLUMN), room(COLUMN + 1), room(2 * COLUMN));
        assert!(more.y < few.y && more.x > 2.0 * few.x, "{few} {more}");
        assert_eq!(many.y, few.y);
    }
}
