//! Words and lines that several views draw.

use crate::ui::theme::quiet;
use eframe::egui::{self, Align2, FontId, Pos2, Rect, Ui};

/// A quiet sentence in the middle of an empty view.
pub fn nothing(ui: &mut Ui, words: &str) {
    ui.centered_and_justified(|ui| {
        ui.label(quiet(words));
    });
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
