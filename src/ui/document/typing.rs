//! What is typed into the text, and where its caret stands.

use super::Document;
use super::draft::{Draft, EDITABLE, TextCaret};
use super::history::{Text, difference};
use crate::text::to_bytes;
use crate::ui::language::tr;
use std::sync::Arc;

impl Document {
    /// The text that the views show, for a view that lets people type in it.
    pub fn draft(&self) -> Draft {
        let caret = self.caret[usize::from(self.shows_recorded)];
        let text = Arc::clone(self.text());
        Draft::new(text, caret, self.placed, !self.is_recorded())
    }

    /// Takes what was typed at `time`: words are taken back as a whole. What is selected stays.
    pub fn take_draft(&mut self, draft: Draft, time: f64) {
        self.caret[usize::from(self.shows_recorded)] = draft.caret;
        if draft.changes.is_empty() {
            return;
        }
        for change in draft.changes {
            if change.text.len() > EDITABLE {
                // A long paste: shown, but typed in no further.
                self.history.load(Text {
                    text: change.text,
                    name: tr("Pasted text").into(),
                    origin: None,
                });
            } else {
                let cursor = (Some(change.before), Some(change.after));
                self.history.typed(&change.text, cursor.0, cursor.1, time);
            }
        }
        self.caret_of = Arc::clone(self.own_text());
        self.engine.set_text(Arc::clone(self.own_text()));
    }

    /// The caret and where what is selected begins, in characters of the text; `None` where it is too long to be typed in.
    pub fn caret_in_characters(&self) -> Option<(usize, usize)> {
        let text = self.own_text();
        let caret = || self.caret[0].in_characters(text);
        let kept = || (text.len() <= EDITABLE).then(caret);
        self.first_caret.or_else(kept)
    }

    /// Puts the caret to the end of another text, or where it was at the last start.
    pub(super) fn place_caret(&mut self) {
        let text = Arc::clone(self.own_text());
        let first = match text.is_empty() {
            true => None,
            false => self.first_caret.take(),
        };
        self.caret[0] = match first {
            Some(kept) => TextCaret::of_characters(kept, &text),
            None => TextCaret::one(to_bytes(&text).len()),
        };
        self.caret_of = text;
    }

    /// Puts the caret where it was when the text was left as it is now, else to the end of what is different of it.
    pub(super) fn caret_to_change(&mut self) {
        let present = self.history.present();
        let text = Arc::clone(&present.text.text);
        let at_change = || {
            let (_, added) = difference(&self.caret_of, &text)?;
            Some(TextCaret::one(to_bytes(text.get(..added.end)?).len()))
        };
        if let Some(caret) = present.cursor.or_else(at_change) {
            self.caret[0] = caret;
            self.placed += 1;
        }
        self.caret_of = text;
    }

    /// Goes back to the last text that can be typed in; to none where there was none.
    pub fn close_text(&mut self) {
        let before = self.history.last(|text| text.text.len() <= EDITABLE);
        self.history.load(before.unwrap_or_default());
        self.text_changed();
    }
}
