//! The text field, and the text too long for one.

use super::rtl::{is_rtl, letters_apart};
use crate::chart::thousands;
use crate::ui::document::history::{History, Text, difference};
use crate::ui::language::{tr, trf};
use crate::ui::theme::quiet;
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
    /// The caret, and where what is selected begins, in characters.
    caret: Option<(usize, usize)>,
    /// Where the caret goes in the first text, as it was at the last start.
    first: Option<(usize, usize)>,
}

impl Editor {
    /// The id of the text field.
    pub fn id() -> egui::Id {
        egui::Id::unique("text to run the model on")
    }

    /// A field whose caret stands at `caret` in the first text.
    pub fn at(caret: Option<(usize, usize)>) -> Self {
        Self {
            first: caret,
            caret,
            ..Self::default()
        }
    }

    /// The caret, and where what is selected begins, in characters.
    pub fn caret(&self) -> Option<(usize, usize)> {
        self.first.or(self.caret)
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
                // Its edge is seen on any ground.
                let line = ui.visuals().widgets.noninteractive.bg_stroke;
                ui.visuals_mut().widgets.inactive.bg_stroke = line;
                let has_rtl = self.field.chars().any(is_rtl);
                let mut lay = |ui: &Ui, text: &dyn egui::TextBuffer, width: f32| {
                    let font = egui::TextStyle::Monospace.resolve(ui.style());
                    let color = ui.visuals().widgets.inactive.text_color();
                    let job = letters_apart(text.as_str(), font, color, width);
                    ui.fonts_mut(|fonts| fonts.layout_job(job))
                };
                let mut edit = egui::TextEdit::multiline(&mut self.field)
                    .id(id)
                    .font(egui::TextStyle::Monospace)
                    .hint_text(hint)
                    .desired_width(f32::INFINITY)
                    .desired_rows(3);
                if has_rtl {
                    edit = edit.layouter(&mut lay);
                }
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
        let now = cursor(ui.ctx());
        self.caret = now.map(|range| (range.primary.index.into(), range.secondary.index.into()));
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
        let first = match text.is_empty() {
            true => None,
            false => self.first.take(),
        };
        let first = first.map(|(caret, other)| {
            let all = text.chars().count();
            let at = |index: usize| CCursor::new(index.min(all));
            CCursorRange::two(at(other), at(caret))
        });
        let cursor = present.cursor.or(first).or_else(at_change);
        self.field = text.as_ref().to_owned();
        self.shown = Arc::clone(text);
        let mut state = egui::TextEdit::load_state(ctx, Self::id()).unwrap_or_default();
        state.cursor.set_char_range(cursor);
        state.clear_undoer();
        egui::TextEdit::store_state(ctx, Self::id(), state);
    }

    /// The row that stands instead of the field; true when the text was closed.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn history_text(text: &str) -> Text {
        Text {
            text: text.into(),
            ..Text::default()
        }
    }

    #[test]
    fn keys_edit_the_letters_of_any_script() {
        use egui_kittest::{Harness, kittest::Queryable};
        for text in ["中é😀", "ab سلام لا cd", "a\u{10fee4}\0b"] {
            let mut harness = Harness::builder().allow_missing_glyphs().build_ui_state(
                |ui, (editor, history): &mut (Editor, History)| _ = editor.show(ui, "", history),
                (Editor::default(), History::new(history_text(text))),
            );
            crate::ui::theme::install(&harness.ctx);
            harness.run_steps(2);
            harness.get_by_label("Text to run the model on").focus();
            harness.step();
            harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Home);
            harness.step();
            let mut expected = String::new();
            for c in text.chars() {
                harness.event(egui::Event::Text("X".into()));
                harness.step();
                harness.key_press(egui::Key::ArrowRight);
                harness.step();
                expected.extend(['X', c]);
            }
            harness.key_press(egui::Key::End);
            harness.step();
            harness.event(egui::Event::Text("Y".into()));
            harness.step();
            assert_eq!(harness.state().0.field, expected + "Y");
        }
    }
}
