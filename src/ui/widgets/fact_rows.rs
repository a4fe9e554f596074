//! Names and numbers of a note at the pointer: names at the left, numbers at the right edge.

use crate::ui::theme::quiet;
use eframe::egui::{self, Align, Layout, Rect, Sense, TextStyle, Ui, UiBuilder, WidgetText, vec2};

/// Least room between a name and its number, in points.
const GAP: f32 = 16.0;

/// Room between rows, in points.
const BETWEEN: f32 = 2.0;

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
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = BETWEEN;
        for (name, value) in rows {
            let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
            let part = |ui: &mut Ui, rect: Rect, layout: Layout, text: WidgetText| {
                let place = UiBuilder::new().max_rect(rect).layout(layout);
                ui.new_child(place).add(egui::Label::new(text).extend());
            };
            let (left, right) = rect.split_left_right_at_x(rect.left() + widths.0 + GAP / 2.0);
            part(ui, left, Layout::left_to_right(Align::Center), name);
            part(ui, right, Layout::right_to_left(Align::Center), value);
        }
    });
}
