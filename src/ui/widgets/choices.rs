//! Choices that several views offer.

use crate::chart::{ColorMap, Scale};
use crate::ui::language::tr;
use crate::ui::theme::{QUIET, quiet};
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

/// The choice of a colour scale and a colour map, and what else there is to choose, in a menu: a row has no room for it.
pub fn scale_and_map_menu(
    ui: &mut Ui,
    scale: &mut Scale,
    map: &mut ColorMap,
    more: impl FnOnce(&mut Ui),
) {
    ui.menu_button(tr("Options"), |ui| {
        ui.label(quiet(tr("Colour scale")));
        for one in Scale::ALL {
            ui.radio_value(scale, one, scale_name(one));
        }
        ui.separator();
        ui.label(quiet(tr("Colour map")));
        for one in ColorMap::ALL {
            ui.radio_value(map, one, one.name());
        }
        more(ui);
    });
}

/// The first of some words, the longest first, that fits into what is left of a row; the last where none does.
pub fn fitting(ui: &Ui, words: Vec<String>) -> String {
    let font = egui::FontId::proportional(QUIET);
    let ink = ui.visuals().text_color();
    let width = |words: &String| {
        let galley = ui
            .painter()
            .layout_no_wrap(words.clone(), font.clone(), ink);
        galley.size().x
    };
    let room = ui.available_width();
    let fits = words.iter().find(|words| width(words) <= room);
    fits.or(words.last()).cloned().unwrap_or_default()
}
