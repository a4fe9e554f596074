//! Choices that several views offer.

use crate::chart::{ColorMap, Scale};
use crate::ui::language::tr;
use eframe::egui::{self, Ui};

/// Tells screen readers what a combo box is for: egui knows only what is chosen in it.
pub fn name_combo(response: &egui::Response, name: &str) {
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, name));
}

/// A scale's name.
pub fn scale_name(scale: Scale) -> &'static str {
    match scale {
        Scale::Linear => tr("Linear"),
        Scale::Sqrt => tr("Square root"),
        Scale::Log => tr("Logarithmic"),
    }
}

/// The choice of a colour scale and a colour map.
pub fn scale_and_map(ui: &mut Ui, scale: &mut Scale, map: &mut ColorMap) {
    let combo = egui::ComboBox::from_id_salt("scale")
        .selected_text(scale_name(*scale))
        .show_ui(ui, |ui| {
            for one in Scale::ALL {
                ui.selectable_value(scale, one, scale_name(one));
            }
        })
        .response;
    name_combo(&combo, tr("Colour scale"));
    combo.on_hover_text(tr("How weights are spread over the colours"));
    let combo = egui::ComboBox::from_id_salt("map")
        .selected_text(map.name())
        .show_ui(ui, |ui| {
            for one in ColorMap::ALL {
                ui.selectable_value(map, one, one.name());
            }
        })
        .response;
    name_combo(&combo, tr("Colour map"));
    combo.on_hover_text(tr("The colours"));
}
