//! The choices about figures.

use crate::chart::{ColorMap, Style};
use crate::engine::figures::FigureKind;
use crate::ui::commands::command::{Command, Now};
use crate::ui::export::figures::{self, Way};
use crate::ui::language::{tr, trf};
use crate::ui::widgets::number_field::number_field;
use eframe::egui::{self, Ui, vec2};

/// Widths that have a name, in millimetres.
const WIDTHS: [(f64, &str); 4] = [
    (84.0, "Column"),
    (140.0, "Text width"),
    (174.0, "Page width"),
    (254.0, "Slide"),
];

/// Which figure it is.
pub(super) fn which(ui: &mut Ui, kind: &mut FigureKind) {
    let combo = egui::ComboBox::from_id_salt("figure")
        .selected_text(figures::name(*kind))
        .width(220.0)
        .show_ui(ui, |ui| {
            for one in FigureKind::ALL {
                ui.selectable_value(kind, one, figures::name(one));
            }
        });
    combo
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, tr("Which figure")));
}

fn width_name(mm: f64) -> String {
    let named = WIDTHS.iter().find(|(width, _)| *width == mm);
    match named.map(|(_, name)| *name) {
        Some("Column") => tr("Column, 84 mm").into(),
        Some("Text width") => tr("Text width, 140 mm").into(),
        Some("Page width") => tr("Page width, 174 mm").into(),
        Some(_) => tr("Slide, 254 mm").into(),
        None => trf("{0} mm", &[&mm]),
    }
}

/// Size, type, colours and ground.
pub(super) fn options(ui: &mut Ui, style: &mut Style) {
    egui::Grid::new("figure options")
        .num_columns(2)
        .spacing(vec2(12.0, 6.0))
        .show(ui, |ui| {
            let name = ui.label(tr("Width"));
            ui.horizontal(|ui| {
                let combo = egui::ComboBox::from_id_salt("width")
                    .selected_text(width_name(style.width_mm))
                    .show_ui(ui, |ui| {
                        for (width, _) in WIDTHS {
                            ui.selectable_value(&mut style.width_mm, width, width_name(width));
                        }
                    });
                combo.response.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::Role::ComboBox, true, tr("Usual widths"))
                });
            });
            ui.end_row();
            ui.label("");
            millimetres(ui, &mut style.width_mm, 40.0).labelled_by(name.id);
            ui.end_row();
            let name = ui.label(tr("Height"));
            ui.horizontal(|ui| {
                let mut own = style.height_mm.is_some();
                ui.checkbox(&mut own, tr("Custom")).on_hover_text(tr(
                    "Otherwise the height suits the width; of matrices it always does",
                ));
                if own && style.height_mm.is_none() {
                    style.height_mm = Some((style.width_mm * 0.6).round());
                } else if !own {
                    style.height_mm = None;
                }
                if let Some(height) = &mut style.height_mm {
                    millimetres(ui, height, 20.0).labelled_by(name.id);
                }
            });
            ui.end_row();
            let name = ui.label(tr("Font size"));
            let points = number_field(ui, &mut style.font_pt, 4.0..=32.0, |field| {
                field.speed(0.1).suffix(" pt")
            });
            points.labelled_by(name.id);
            ui.end_row();
            ui.label(tr("Colours"));
            let combo = egui::ComboBox::from_id_salt("map")
                .selected_text(style.map.map_or(tr("as in the view"), ColorMap::name))
                .show_ui(ui, |ui| {
                    ui.selectable_value(&mut style.map, None, tr("as in the view"));
                    for map in ColorMap::ALL {
                        ui.selectable_value(&mut style.map, Some(map), map.name());
                    }
                });
            combo.response.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::ComboBox, true, tr("Colour map"))
            });
            ui.end_row();
            let name = ui.label(tr("PNG"));
            let mut dpi = (f64::from(style.pixels_per_mm) * 25.4).round();
            let dots = number_field(ui, &mut dpi, 10.0..=2400.0, |field| field.suffix(" dpi"));
            if dots.labelled_by(name.id).changed() {
                style.pixels_per_mm = (dpi / 25.4) as f32;
            }
            ui.end_row();
        });
    ui.checkbox(&mut style.dark, tr("Dark background"));
    ui.checkbox(&mut style.transparent, tr("Transparent"))
        .on_hover_text(tr("No background: what the figure lies on shows through"));
    ui.checkbox(&mut style.gray, tr("Grayscale-safe"))
        .on_hover_text(tr(
            "Greys, dashes and shapes instead of hues, for print in black and white",
        ));
    ui.checkbox(&mut style.titled, tr("Title"))
        .on_hover_text(tr(
            "Papers have captions instead; the title stays in the file's metadata",
        ));
}

/// Takes back all choices.
pub(super) fn as_at_first(ui: &mut Ui, style: &mut Style) {
    if ui
        .add_enabled(*style != Style::default(), egui::Button::new(tr("Reset")))
        .clicked()
    {
        *style = Style::default();
    }
}

fn millimetres(ui: &mut Ui, value: &mut f64, least: f64) -> egui::Response {
    number_field(ui, value, least..=1000.0, |field| {
        field.max_decimals(1).suffix(" mm")
    })
}

/// Buttons for what can be done with a figure.
pub(super) fn ways(ui: &mut Ui, kind: FigureKind, now: &Now, commands: &mut Vec<Command>) {
    let possible = now.missing(kind).is_none();
    ui.horizontal_wrapped(|ui| {
        for way in Way::ALL {
            let command = Command::Export(kind, way);
            let button = ui.add_enabled(possible, egui::Button::new(way.name()));
            if button.on_hover_text(command.explanation()).clicked() {
                commands.push(command);
            }
        }
    });
}
