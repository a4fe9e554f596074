//! The text field, and the text too long for one.

use super::history::{History, Text, difference};
use super::language::{tr, trf};
use super::theme::quiet;
use crate::chart::thousands;
use eframe::egui::text::{CCursor, CCursorRange};
use eframe::egui::{self, Ui};
use std::sync::Arc;

/// Longest text that is edited in the field, in bytes: laying out a longer one would hold up every key.
const EDITABLE: usize = 100_000;

/// The field, which shows the present text of a [`History`].
#[derive(Debug, Default)]
pub struct Editor {
    field: String,
    /// The text that the field shows, but for what was just typed.
    shown: Arc<str>,
    focus: bool,
}

impl Editor {
    /// The id of the text field.
    pub fn id() -> egui::Id {
        egui::Id::unique("text to run the model on")
    }

    /// Gives the field the focus, in the next frame.
    pub fn focus(&mut self) {
        self.focus = true;
    }

    /// Draws the field; true when the text changed.
    pub fn show(&mut self, ui: &mut Ui, hint: &str, history: &mut History) -> bool {
        if history.present().text.text.len() > EDITABLE {
            self.focus = false;
            return self.long(ui, history);
        }
        self.follow(ui.ctx(), history);
        let id = Self::id();
        let cursor = |ctx: &egui::Context| {
            let state = egui::TextEdit::load_state(ctx, id);
            state.and_then(|state| state.cursor.char_range())
        };
        let before = cursor(ui.ctx());
        let mut changed = false;
        egui::ScrollArea::vertical()
            .auto_shrink(false)
            .show(ui, |ui| {
                let edit = egui::TextEdit::multiline(&mut self.field)
                    .id(id)
                    .font(egui::TextStyle::Monospace)
                    .hint_text(hint)
                    .desired_width(f32::INFINITY)
                    .desired_rows(3);
                let response = ui.add_sized(ui.available_size(), edit);
                response.widget_info(|| {
                    let name = tr("Text to run the model on");
                    egui::WidgetInfo::labeled(egui::Role::MultilineTextInput, true, name)
                });
                if std::mem::take(&mut self.focus) {
                    response.request_focus();
                }
                changed = response.changed();
            });
        if !changed {
            return false;
        }
        // The window's history is the field's; a second one would only cost memory.
        if let Some(mut state) = egui::TextEdit::load_state(ui.ctx(), id) {
            state.clear_undoer();
            egui::TextEdit::store_state(ui.ctx(), id, state);
        }
        if self.field.len() > EDITABLE {
            // A long paste: shown, but edited no further; the field keeps what it held.
            let text = std::mem::replace(&mut self.field, self.shown.as_ref().to_owned());
            history.load(Text {
                text: text.into(),
                name: tr("Pasted text").into(),
                origin: None,
            });
        } else {
            let time = ui.input(|i| i.time);
            history.typed(&self.field, before, cursor(ui.ctx()), time);
            self.shown = Arc::clone(&history.present().text.text);
        }
        true
    }

    /// Shows the present text if it is not the one in the field, with the cursor where it was, or where it changed.
    fn follow(&mut self, ctx: &egui::Context, history: &History) {
        let present = history.present();
        if Arc::ptr_eq(&self.shown, &present.text.text) {
            return;
        }
        let text = &present.text.text;
        let at_change = || {
            let (_, added) = difference(&self.shown, text)?;
            let index = text.get(..added.end)?.chars().count();
            Some(CCursorRange::one(CCursor::new(index)))
        };
        let cursor = present.cursor.or_else(at_change);
        self.field = text.as_ref().to_owned();
        self.shown = Arc::clone(text);
        let mut state = egui::TextEdit::load_state(ctx, Self::id()).unwrap_or_default();
        state.cursor.set_char_range(cursor);
        state.clear_undoer();
        egui::TextEdit::store_state(ctx, Self::id(), state);
    }

    /// What stands instead of the field; true when the text was closed.
    fn long(&self, ui: &mut Ui, history: &mut History) -> bool {
        let text = history.present().text.clone();
        let name = match &*text.name {
            "" => tr("Text"),
            name => name,
        };
        let mut closed = false;
        ui.horizontal_wrapped(|ui| {
            ui.label(trf("{0}: {1} bytes", &[&name, &thousands(text.text.len())]));
            ui.label(quiet(tr("too long to edit here; the views show it")));
            closed = ui.button(tr("Close this text")).clicked();
        });
        if closed {
            // What was in the field before is still there.
            history.load(Text {
                text: self.field.as_str().into(),
                ..Text::default()
            });
        }
        closed
    }
}
