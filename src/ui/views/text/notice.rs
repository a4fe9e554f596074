//! The line over a text that cannot be changed: why, and what can be done.

use crate::chart::thousands;
use crate::ui::commands::command::Command;
use crate::ui::commands::recorded::menu;
use crate::ui::document::draft::EDITABLE;
use crate::ui::document::recorded::Texts;
use crate::ui::language::{tr, trf};
use crate::ui::theme::quiet;
use crate::ui::views::context::ViewContext;
use eframe::egui::{self, Ui};

/// True if the text is that of a recorded run.
pub(super) fn is_recorded(cx: &ViewContext<'_>) -> bool {
    Texts::of(cx.snapshot).is_some()
}

/// Draws the line, where there is something to say.
pub(super) fn show(ui: &mut Ui, cx: &mut ViewContext<'_>) {
    if let Some(texts) = Texts::of(cx.snapshot) {
        ui.horizontal(|ui| {
            if texts.names.len() > 1 {
                choice(ui, &texts, cx.commands);
            } else if let Some(name) = texts.names.first() {
                ui.label(name);
            }
            let note = tr("A recorded run: the text cannot be changed; open the model to type");
            ui.add(egui::Label::new(quiet(note)).truncate());
        });
    } else if cx.draft.text().len() > EDITABLE {
        ui.horizontal(|ui| {
            if ui.small_button(Command::CloseText.name()).clicked() {
                cx.commands.push(Command::CloseText);
            }
            let bytes = thousands(cx.draft.text().len());
            let most = thousands(EDITABLE);
            let words = trf(
                "{0} bytes: longer than what can be typed in here ({1})",
                &[&bytes, &most],
            );
            ui.add(egui::Label::new(quiet(words)).truncate());
        });
    }
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
