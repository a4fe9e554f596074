//! The text field, and the text too long for one.

use super::theme::quiet;
use crate::engine::SAMPLES;
use eframe::egui::{self, Ui};
use std::sync::Arc;

/// Longest text that is edited in the field, in bytes: laying out a longer one would hold up every key.
const EDITABLE: usize = 100_000;

/// Texts kept that were replaced.
const KEPT: usize = 10;

/// The text that the model runs over.
#[derive(Debug, Default)]
pub struct Editor {
    text: String,
    /// A text too long to edit, with its name.
    long: Option<(String, Arc<str>)>,
    /// What was replaced by other texts, the last one last.
    replaced: Vec<Arc<str>>,
}

impl Editor {
    /// An editor that holds `text`.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// Replaces the text; `name` is where the new one came from. The old one can be brought back.
    pub fn set(&mut self, text: Arc<str>, name: &str) {
        let old = self.text();
        if !old.trim().is_empty() && !is_sample(&old) {
            self.replaced.push(old);
            if self.replaced.len() > KEPT {
                self.replaced.remove(0);
            }
        }
        self.put(text, name);
    }

    fn put(&mut self, text: Arc<str>, name: &str) {
        if text.len() > EDITABLE {
            self.long = Some((name.to_owned(), text));
        } else {
            self.long = None;
            self.text = text.as_ref().to_owned();
        }
    }

    /// Whether there is a text to bring back.
    pub fn can_restore(&self) -> bool {
        !self.replaced.is_empty()
    }

    /// Brings back the text that was replaced last; false when there is none.
    pub fn restore(&mut self) -> bool {
        match self.replaced.pop() {
            Some(text) => {
                self.put(text, "Earlier text");
                true
            }
            None => false,
        }
    }

    /// The text.
    pub fn text(&self) -> Arc<str> {
        match &self.long {
            Some((_, text)) => Arc::clone(text),
            None => self.text.as_str().into(),
        }
    }

    /// Puts `text` in before byte `at`, or the next one at which a character begins.
    pub fn insert(&mut self, at: usize, text: &str) {
        let old = self.text();
        let at = (at..=old.len())
            .find(|at| old.is_char_boundary(*at))
            .unwrap_or(old.len());
        let new = [&old[..at], text, &old[at..]].concat();
        self.put(new.into(), "Text");
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
                // What was in the field before is still there.
                self.long = None;
            }
            return back;
        }
        // Only what is about to be typed or pasted can make the text too long.
        let grows =
            |event: &egui::Event| matches!(event, egui::Event::Paste(_) | egui::Event::Text(_));
        let before = ui
            .input(|i| i.events.iter().any(grows))
            .then(|| self.text.clone());
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
            // A long paste: shown, but edited no further; the field keeps what it held.
            let text = std::mem::replace(&mut self.text, before.unwrap_or_default());
            self.long = Some(("Text".into(), text.into()));
        }
        changed
    }
}

fn is_sample(text: &str) -> bool {
    SAMPLES.iter().any(|sample| sample.text == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_kept_beside_the_field() {
        let mut editor = Editor::new("short");
        editor.set("x".repeat(EDITABLE + 1).into(), "big.txt");
        assert_eq!(editor.text().len(), EDITABLE + 1);
        assert_eq!(editor.text, "short");
        editor.set("next".into(), "small.txt");
        assert_eq!(&*editor.text(), "next");
    }

    #[test]
    fn a_replaced_text_comes_back_but_no_sample_does() {
        let mut editor = Editor::new("mine");
        editor.set(SAMPLES[0].text.into(), "sample");
        editor.set(SAMPLES[1].text.into(), "sample");
        assert!(editor.can_restore() && editor.restore());
        assert_eq!(&*editor.text(), "mine");
        assert!(!editor.can_restore() && !editor.restore());
    }
}
