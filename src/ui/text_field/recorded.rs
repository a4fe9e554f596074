//! The text of a recorded run, in the place of the text field.

use crate::chart::thousands;
use crate::engine::Snapshot;
use crate::ui::commands::command::Command;
use crate::ui::commands::recorded::menu;
use crate::ui::document::recorded::Texts;
use crate::ui::language::{tr, trf};
use crate::ui::theme::quiet;
use eframe::egui::{self, Ui};

/// Longest text that is laid out in the field, in bytes.
const SHOWN: usize = 100_000;

/// Draws the text in the place of the text field, with a note why it cannot be changed.
pub fn text(ui: &mut Ui, snapshot: &Snapshot, texts: &Texts, out: &mut Vec<Command>) {
    let name = texts.names.get(texts.shown);
    let name = name.map_or("", String::as_str);
    ui.horizontal(|ui| {
        if texts.names.len() > 1 {
            choice(ui, texts, out);
        } else {
            ui.label(name);
        }
        let note = tr("A recorded run: the text cannot be changed; open the model to type");
        ui.add(egui::Label::new(quiet(note)).truncate());
    });
    let text = &snapshot.tokens.text;
    if text.len() > SHOWN {
        let words = trf("{0}: {1} bytes", &[&name, &thousands(text.len())]);
        ui.label(quiet(words));
        return;
    }
    egui::ScrollArea::vertical()
        .auto_shrink(false)
        .show(ui, |ui| {
            // A borrowed text can be selected and copied, and takes no keys.
            let mut shown: &str = text;
            let edit = egui::TextEdit::multiline(&mut shown)
                .id(egui::Id::unique("text of a recorded run"))
                .font(egui::TextStyle::Monospace)
                .desired_width(f32::INFINITY)
                .desired_rows(2);
            let response = ui.add_sized(ui.available_size(), edit);
            response.widget_info(|| {
                let name = tr("Text of the recorded run");
                egui::WidgetInfo::labeled(egui::Role::MultilineTextInput, false, name)
            });
        });
}

/// A choice among the texts of the run.
fn choice(ui: &mut Ui, texts: &Texts, out: &mut Vec<Command>) {
    let name = texts.names.get(texts.shown);
    let shown = name.map_or_else(String::new, |name| {
        trf(
            "{0} of {1}: {2}",
            &[&(texts.shown + 1), &texts.names.len(), name],
        )
    });
    let combo = egui::ComboBox::from_id_salt("text of the run")
        .selected_text(shown)
        .width(220.0)
        .truncate()
        .show_ui(ui, |ui| menu(ui, texts, out));
    let response = combo.response;
    response.widget_info(|| {
        let name = tr("Text of the run to show");
        egui::WidgetInfo::labeled(egui::Role::ComboBox, true, name)
    });
    response.on_hover_text(tr("The texts that were recorded; each has its own views"));
}
