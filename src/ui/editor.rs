//! The text field, and the text too long for one.

use super::theme::quiet;
use eframe::egui::{self, Ui};
use std::sync::Arc;

/// Longest text that is edited in the field, in bytes: laying out a longer one would hold up every key.
const EDITABLE: usize = 100_000;

/// The text that the model runs over.
#[derive(Debug, Default)]
pub struct Editor {
    text: String,
    /// A text too long to edit, with the name of its file.
    long: Option<(String, Arc<str>)>,
}

impl Editor {
    /// An editor that holds `text`.
    pub fn new(text: &str) -> Self {
        let mut editor = Self::default();
        editor.set(text.to_owned(), "the text");
        editor
    }

    /// Replaces the text; `name` is where it came from.
    pub fn set(&mut self, text: String, name: &str) {
        if text.len() > EDITABLE {
            self.long = Some((name.to_owned(), text.into()));
        } else {
            self.long = None;
            self.text = text;
        }
    }

    /// The text.
    pub fn text(&self) -> Arc<str> {
        match &self.long {
            Some((_, text)) => Arc::clone(text),
            None => self.text.as_str().into(),
        }
    }

    /// Draws the field; true when the text changed.
    pub fn show(&mut self, ui: &mut Ui, hint: &str) -> bool {
        if let Some((name, text)) = &self.long {
            let mut back = false;
            ui.horizontal(|ui| {
                ui.label(format!(
                    "{name}: {} bytes",
                    crate::chart::thousands(text.len())
                ));
                ui.label(quiet("too long to edit here; the views show it"));
                back = ui.button("Close this text").clicked();
            });
            if back {
                self.long = None;
            }
            return back;
        }
        let mut changed = false;
        egui::ScrollArea::vertical()
            .auto_shrink(false)
            .show(ui, |ui| {
                let edit = egui::TextEdit::multiline(&mut self.text)
                    .id_salt("text")
                    .font(egui::TextStyle::Monospace)
                    .hint_text(hint)
                    .desired_width(f32::INFINITY)
                    .desired_rows(3);
                let response = ui.add_sized(ui.available_size(), edit);
                response.widget_info(|| {
                    egui::WidgetInfo::labeled(
                        egui::Role::MultilineTextInput,
                        true,
                        "Text to run the model on",
                    )
                });
                changed = response.changed();
            });
        if changed && self.text.len() > EDITABLE {
            // A long paste: shown, but edited no further.
            self.long = Some(("Pasted text".into(), std::mem::take(&mut self.text).into()));
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_kept_beside_the_field() {
        let mut editor = Editor::new("short");
        editor.set("x".repeat(EDITABLE + 1), "big.txt");
        assert_eq!(editor.text().len(), EDITABLE + 1);
        assert_eq!(editor.text, "short");
        editor.set("next".into(), "small.txt");
        assert_eq!(&*editor.text(), "next");
    }
}
