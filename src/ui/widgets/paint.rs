//! Words and lines that several views draw.

use crate::ui::theme::{QUIET, quiet};
use eframe::egui::{self, Align2, FontId, Pos2, Rect, Ui};

/// A quiet sentence in the middle of an empty view; its lines are not stretched to its width.
pub fn nothing(ui: &mut Ui, words: &str) {
    let area = ui.available_rect_before_wrap();
    let galley = {
        let (font, color) = (FontId::proportional(QUIET), ui.visuals().text_color());
        ui.painter()
            .layout(words.to_owned(), font, color, area.width())
    };
    let size = egui::vec2(area.width(), galley.size().y);
    let middle = egui::UiBuilder::new()
        .max_rect(Rect::from_center_size(area.center(), size))
        .layout(egui::Layout::top_down(egui::Align::Center));
    ui.scope_builder(middle, |ui| ui.label(quiet(words)));
    ui.advance_cursor_after_rect(area);
}

/// A sentence in the middle of a place, in as many lines as it takes.
pub fn paint_wrapped(ui: &Ui, area: Rect, words: &str, size: f32, color: egui::Color32) {
    let font = FontId::proportional(size);
    let mut job = egui::text::LayoutJob::simple(words.to_owned(), font, color, area.width());
    job.halign = egui::Align::Center;
    let galley = ui.painter().layout_job(job);
    let at = area.center() - egui::vec2(0.0, 0.5 * galley.size().y);
    ui.painter().galley(at, galley, color);
}

/// The colour of grid lines: they must not compete with the data.
pub fn grid_color(ui: &Ui) -> egui::Color32 {
    ui.visuals().text_color().gamma_multiply(0.2)
}

/// The name of an axis, read upwards, its left side at `left` and in the middle of `frame`: the first of `names` that has
/// room, if any.
pub fn paint_upwards(ui: &Ui, left: f32, frame: Rect, names: &[&str]) {
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
pub fn paint_text(
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
