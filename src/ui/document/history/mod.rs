//! The states that can be taken back: of the text and of the edits made by hand to the model.
//!
//! A state is whole, not a difference: texts are shared with whoever shows them, so a state costs its text once. The
//! history as a whole is bounded in bytes and in steps.

use super::draft::TextCaret;
use crate::model::Edits;
use crate::platform::time::SystemTime;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Most bytes of text that are kept beside the present one.
const BYTES: usize = 48 << 20;

/// Most steps that are kept.
const STEPS: usize = 1000;

/// Seconds without typing after which a new step begins.
const PAUSE: f64 = 1.0;

/// The file that a text came from, as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was last changed.
    pub modified: Option<SystemTime>,
}

/// A text with where it came from.
#[derive(Debug, Clone, Default)]
pub struct Text {
    /// The text.
    pub text: Arc<str>,
    /// The name of the text, where it was not typed.
    pub name: Arc<str>,
    /// The file that holds just this text.
    pub origin: Option<Arc<Origin>>,
}

/// A state to come back to.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// The text.
    pub text: Text,
    /// The edits of the model.
    pub edits: Arc<Edits>,
    /// The place of the caret, where that is known.
    pub cursor: Option<TextCaret>,
}

/// The direction of a change: it adds or takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Typing {
    Adds,
    Deletes,
}

/// The step that goes on as long as the same is typed.
#[derive(Debug, Clone)]
enum Open {
    Typing {
        kind: Typing,
        /// The place of the next change, in bytes.
        at: Range<usize>,
        /// True if what was typed last ended a word.
        ended: bool,
        time: f64,
    },
    Edit {
        time: f64,
    },
}

/// The states before and after the present one.
#[derive(Debug, Default)]
pub struct History {
    past: Vec<Entry>,
    present: Entry,
    future: Vec<Entry>,
    open: Option<Open>,
}

impl History {
    /// A history that begins with `text`.
    pub fn new(text: Text) -> Self {
        let present = Entry {
            text,
            ..Entry::default()
        };
        Self {
            present,
            ..Self::default()
        }
    }

    /// The present state.
    pub fn present(&self) -> &Entry {
        &self.present
    }

    /// The last text before the present one that is as `wanted`.
    pub fn last(&self, wanted: impl Fn(&Text) -> bool) -> Option<Text> {
        let mut past = self.past.iter().rev().map(|entry| &entry.text);
        past.find(|text| wanted(text)).cloned()
    }

    /// True if there is something to take back.
    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// True if there is something to do again.
    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// Begins anew with `text`, as if it had been there from the start.
    pub fn begin(&mut self, text: Text) {
        let edits = Arc::clone(&self.present.edits);
        *self = Self::new(text);
        self.present.edits = edits;
    }

    /// The model was edited so from the start.
    pub fn begin_edited(&mut self, edits: Edits) {
        let edits = Arc::new(edits);
        let all = self.past.iter_mut().chain([&mut self.present]);
        for entry in all.chain(&mut self.future) {
            entry.edits = Arc::clone(&edits);
        }
    }

    /// Another text: one step, whatever comes after it.
    pub fn load(&mut self, text: Text) {
        self.open = None;
        if *text.text == *self.present.text.text {
            // Only where it comes from is new.
            self.present.text = text;
            return;
        }
        let edits = Arc::clone(&self.present.edits);
        self.step(Entry {
            text,
            edits,
            cursor: None,
        });
    }

    /// The text after a change by a key, `time` seconds after some moment. Words are steps: what is typed without a
    /// pause up to the end of a word, or deleted at one place, is taken back at once. `before` and `after` are where the
    /// caret stood.
    pub fn typed(
        &mut self,
        text: &str,
        before: Option<TextCaret>,
        after: Option<TextCaret>,
        time: f64,
    ) {
        let old = Arc::clone(&self.present.text.text);
        let Some((removed, added)) = difference(&old, text) else {
            return;
        };
        let word = &text[added.clone()];
        let kind = match (removed.is_empty(), added.is_empty()) {
            (true, false) if word.chars().count() == 1 => Some(Typing::Adds),
            (false, true) if old[removed.clone()].chars().count() == 1 => Some(Typing::Deletes),
            _ => None,
        };
        let goes_on = match (&self.open, kind) {
            (
                Some(Open::Typing {
                    kind: last,
                    at,
                    ended,
                    time: then,
                }),
                Some(kind),
            ) if *last == kind && time - then < PAUSE => match kind {
                // The same letters next to each other leave open which of them is new.
                Typing::Adds => {
                    added.end == at.end + word.len()
                        && (!*ended || word.starts_with(char::is_whitespace))
                }
                // Backspace goes on to the left, Delete stays.
                Typing::Deletes => removed.end == at.start || removed.start == at.start,
            },
            _ => false,
        };
        let entry = Entry {
            text: Text {
                text: text.into(),
                name: Arc::default(),
                origin: None,
            },
            edits: Arc::clone(&self.present.edits),
            cursor: after,
        };
        if goes_on {
            self.present = entry;
            self.future.clear();
        } else {
            self.present.cursor = before.or(self.present.cursor);
            self.step(entry);
        }
        self.open = kind.map(|kind| Open::Typing {
            kind,
            at: added.start..added.end,
            ended: word.ends_with(char::is_whitespace),
            time,
        });
    }

    /// Other changes of the model. Changes in quick succession, as by dragging, are one step.
    pub fn edit(&mut self, edits: Edits, time: f64) {
        if *self.present.edits == edits {
            return;
        }
        let edits = Arc::new(edits);
        let goes_on = matches!(self.open, Some(Open::Edit { time: then }) if time - then < PAUSE);
        if goes_on {
            self.present.edits = edits;
            self.future.clear();
        } else {
            let entry = Entry {
                edits,
                ..self.present.clone()
            };
            self.step(entry);
        }
        self.open = Some(Open::Edit { time });
    }

    /// Another model is open: changes of the one before mean nothing to it.
    pub fn forget_edits(&mut self) {
        let none = Arc::<Edits>::default();
        let all = self.past.iter_mut().chain([&mut self.present]);
        for entry in all.chain(&mut self.future) {
            entry.edits = Arc::clone(&none);
        }
        // Steps that changed the model only are none any more.
        let same = |a: &mut Entry, b: &mut Entry| Arc::ptr_eq(&a.text.text, &b.text.text);
        self.past.dedup_by(same);
        self.future.dedup_by(same);
        let present = &self.present.text.text;
        let is_present = |entry: &Entry| Arc::ptr_eq(&entry.text.text, present);
        if self.past.last().is_some_and(is_present) {
            self.past.pop();
        }
        if self.future.last().is_some_and(is_present) {
            self.future.pop();
        }
        self.open = None;
    }

    /// One step back; false where there is none.
    pub fn undo(&mut self) -> bool {
        let Some(entry) = self.past.pop() else {
            return false;
        };
        self.future
            .push(std::mem::replace(&mut self.present, entry));
        self.open = None;
        true
    }

    /// One step forward again; false where there is none.
    pub fn redo(&mut self) -> bool {
        let Some(entry) = self.future.pop() else {
            return false;
        };
        self.past.push(std::mem::replace(&mut self.present, entry));
        self.open = None;
        true
    }

    fn step(&mut self, entry: Entry) {
        self.future.clear();
        self.past.push(std::mem::replace(&mut self.present, entry));
        let mut bytes = 0;
        let mut kept = 0;
        // The last state stays, however large it is: nobody should lose a text by opening another one.
        for (i, entry) in self.past.iter().rev().enumerate() {
            let next = self.past.get(self.past.len() - i).unwrap_or(&self.present);
            if !Arc::ptr_eq(&entry.text.text, &next.text.text) {
                bytes += entry.text.text.len();
            }
            if i > 0 && (bytes > BYTES || i >= STEPS) {
                break;
            }
            kept = i + 1;
        }
        self.past.drain(..self.past.len() - kept);
    }
}

/// The difference of two texts: what of `old` is gone and what of `new` came for it, in bytes. `None` when they are the same.
pub(in crate::ui) fn difference(old: &str, new: &str) -> Option<(Range<usize>, Range<usize>)> {
    let (a, b) = (old.as_bytes(), new.as_bytes());
    let mut start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    if start == a.len() && start == b.len() {
        return None;
    }
    while !old.is_char_boundary(start) || !new.is_char_boundary(start) {
        start -= 1;
    }
    let most = a.len().min(b.len()) - start;
    let tails = a.iter().rev().zip(b.iter().rev()).take(most);
    let mut tail = tails.take_while(|(x, y)| x == y).count();
    while !old.is_char_boundary(a.len() - tail) || !new.is_char_boundary(b.len() - tail) {
        tail -= 1;
    }
    Some((start..a.len() - tail, start..b.len() - tail))
}

#[cfg(test)]
mod tests;
