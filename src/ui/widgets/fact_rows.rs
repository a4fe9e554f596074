//! Names and numbers of a note at the pointer: names at the left, numbers at the right edge.

use crate::ui::theme::quiet;
use eframe::egui::{self, Ui};

/// Rows that `contents` gives one after the other, each by its name and its value.
pub fn fact_rows(ui: &mut Ui, id: &str, contents: impl FnOnce(&mut dyn FnMut(&str, String))) {
    egui::Grid::new(id)
        .num_columns(2)
        .spacing([16.0, 2.0])
        .show(ui, |ui| {
            contents(&mut |name, value| {
                ui.label(quiet(name));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.label(value);
                });
                ui.end_row();
            });
        });
}
