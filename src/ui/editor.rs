//! The text field, and the text too long for one.

use super::theme::quiet;
use crate::engine::SAMPLES;
use eframe::egui::text::{LayoutJob, LayoutSection};
use eframe::egui::{self, Ui};
use std::ops::Range;
use std::sync::Arc;
use unicode_width::UnicodeWidthChar;

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
        self.replace(at..at, text);
    }

    /// Puts `text` in the place of the bytes of `range`, which both end where a character begins, or with the next one.
    pub fn replace(&mut self, range: Range<usize>, text: &str) {
        let old = self.text();
        let edge = |at: usize| {
            let edges = at..=old.len();
            let mut edges = edges.filter(|at| old.is_char_boundary(*at));
            edges.next().unwrap_or(old.len())
        };
        let (from, to) = (edge(range.start), edge(range.end.max(range.start)));
        let new = [&old[..from], text, &old[to..]].concat();
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
                let has_rtl = self.text.chars().any(is_rtl);
                let mut lay = |ui: &Ui, text: &dyn egui::TextBuffer, width: f32| {
                    let font = egui::TextStyle::Monospace.resolve(ui.style());
                    let color = ui.visuals().widgets.inactive.text_color();
                    let job = letters_apart(text.as_str(), font, color, width);
                    ui.fonts_mut(|fonts| fonts.layout_job(job))
                };
                let mut edit = egui::TextEdit::multiline(&mut self.text)
                    .id_salt("text")
                    .font(egui::TextStyle::Monospace)
                    .hint_text(hint)
                    .desired_width(f32::INFINITY)
                    .desired_rows(3);
                if has_rtl {
                    edit = edit.layouter(&mut lay);
                }
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

/// Whether a character belongs to a script that is written from right to left.
fn is_rtl(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// A text with every letter of a script written from right to left laid out by itself, left to right like all others.
///
/// egui joins such letters and turns them round, but still counts glyphs from left to right, and some twice: a click
/// behind a word in Arabic would set the caret letters away from where it shows.
fn letters_apart(text: &str, font: egui::FontId, color: egui::Color32, width: f32) -> LayoutJob {
    let mut job = LayoutJob::simple(text.to_owned(), font, color, width);
    job.keep_trailing_whitespace = true;
    let Some(whole) = job.sections.pop() else {
        return job;
    };
    let mut add = |range: Range<usize>| {
        job.sections.push(LayoutSection {
            byte_range: range.start.into()..range.end.into(),
            ..whole.clone()
        });
    };
    let mut start = 0;
    let mut before = false;
    for (at, c) in text.char_indices() {
        // A mark stays with its letter.
        let mark = before && c.width() == Some(0);
        if at > start && (before || is_rtl(c)) && !mark {
            add(start..at);
            start = at;
        }
        before = is_rtl(c) || mark;
    }
    add(start..text.len());
    job
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
    fn a_part_is_replaced_by_whole_characters() {
        let mut editor = Editor::new("a€b");
        editor.replace(1..4, "c");
        assert_eq!(&*editor.text(), "acb");
        editor = Editor::new("a€b");
        editor.replace(2..3, "c");
        assert_eq!(&*editor.text(), "a€cb");
        editor.replace(90..95, "d");
        assert_eq!(&*editor.text(), "a€cbd");
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

    #[test]
    fn the_caret_stands_where_it_shows() {
        let ctx = egui::Context::default();
        super::super::theme::install(&ctx);
        ctx.run_ui(egui::RawInput::default(), |_| {})
            .textures_delta
            .clear();
        let texts = [
            "ab سلام لا cd\nلالا x",
            "مَرحَبًا بِكَ (سلام) 12",
            "\u{5e9}\u{5b8}\u{5dc}\u{5d5}\u{5dd} ab",
            "中é😀 ل",
        ];
        for text in texts {
            let font = egui::FontId::monospace(13.0);
            let job = letters_apart(text, font, egui::Color32::WHITE, 400.0);
            assert_eq!(job.text, text);
            let galley = ctx.fonts_mut(|fonts| fonts.layout_job(job));
            let glyphs = galley.rows.iter().map(|row| row.row.glyphs.len());
            let letters = text.chars().filter(|c| *c != '\n');
            assert_eq!(glyphs.sum::<usize>(), letters.count(), "{text}");
            // Before every letter of the first line; its marks have no place of their own.
            let letters = text.chars().take_while(|c| *c != '\n').enumerate();
            let places: Vec<f32> = letters
                .filter(|(_, c)| c.width() != Some(0))
                .map(|(at, _)| galley.pos_from_cursor(egui::text::CCursor::new(at)))
                .map(|place| place.left())
                .collect();
            assert!(places.is_sorted(), "{text}: {places:?}");
        }
    }

    #[test]
    fn keys_edit_the_letters_of_any_script() {
        use egui_kittest::{Harness, kittest::Queryable};
        for text in ["中é😀", "ab سلام لا cd", "a\u{10fee4}\0b"] {
            let mut harness = Harness::builder().allow_missing_glyphs().build_ui_state(
                |ui, editor: &mut Editor| _ = editor.show(ui, ""),
                Editor::new(text),
            );
            super::super::theme::install(&harness.ctx);
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
            assert_eq!(harness.state().text, expected + "Y");
        }
    }
}
