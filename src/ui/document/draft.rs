//! The text at hand with its caret, while a frame changes it.
//!
//! The view in which the text is typed changes its draft at once, so that what is typed shows in the same frame; the document then
//! takes the changes into its history and hands the text to the engine.

use super::replace::{edge, splice};
use crate::text::{character_at, stood_for, to_bytes, to_text};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// Longest text that is typed in, in bytes: every key has all of it cut into tokens again.
pub const EDITABLE: usize = 100_000;

/// The caret, and where what is selected begins, in the text's own bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextCaret {
    /// The byte before which the next letter goes.
    pub at: usize,
    /// The other end of what is selected; the same where nothing is.
    pub anchor: usize,
}

impl TextCaret {
    /// A caret with nothing selected.
    pub fn one(at: usize) -> Self {
        Self { at, anchor: at }
    }

    /// The bytes that are selected.
    pub fn range(self) -> Range<usize> {
        self.at.min(self.anchor)..self.at.max(self.anchor)
    }

    /// The caret as sessions keep it, in characters of `text`, the place of the caret first.
    pub fn in_characters(self, text: &str) -> (usize, usize) {
        let count = |at: usize| places(text).take_while(|place| *place < at).count();
        (count(self.at), count(self.anchor))
    }

    /// A caret from characters of `text`.
    pub fn of_characters((at, anchor): (usize, usize), text: &str) -> Self {
        let place = |index: usize| {
            let end = || to_bytes(text).len();
            places(text).nth(index).unwrap_or_else(end)
        };
        Self {
            at: place(at),
            anchor: place(anchor),
        }
    }
}

/// The first byte of every character of `text`, in its own bytes.
fn places(text: &str) -> impl Iterator<Item = usize> {
    text.chars().scan(0, |at, c| {
        let place = *at;
        *at += stood_for(c).map_or(c.len_utf8(), |_| 1);
        Some(place)
    })
}

/// A change of the text by a key.
#[derive(Debug, Clone)]
pub struct Typed {
    /// The text after it.
    pub text: Arc<str>,
    /// The caret before it.
    pub before: TextCaret,
    /// The caret after it.
    pub after: TextCaret,
}

/// The text as it is being changed.
#[derive(Debug)]
pub struct Draft {
    text: Arc<str>,
    /// The caret.
    pub caret: TextCaret,
    /// The number of times that something else than a key has set the caret: after undo, say.
    pub placed: u64,
    /// True if the text can be changed.
    pub is_open: bool,
    /// The changes of this frame, in their order.
    pub changes: Vec<Typed>,
}

impl Draft {
    /// A draft of `text`, which can be changed if `is_open` and it is not too long.
    pub fn new(text: Arc<str>, caret: TextCaret, placed: u64, is_open: bool) -> Self {
        Self {
            is_open: is_open && text.len() <= EDITABLE,
            text,
            caret,
            placed,
            changes: Vec::new(),
        }
    }

    /// The text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The text's own bytes.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        to_bytes(&self.text)
    }

    /// The characters that are selected.
    pub fn selected(&self) -> Option<String> {
        let bytes = self.bytes();
        let part = bytes.get(self.caret.range())?;
        (!part.is_empty()).then(|| to_text(part.to_vec()))
    }

    /// Puts `text` in the place of what is selected, or at the caret.
    pub fn put(&mut self, text: &str) {
        self.replace(self.caret.range(), text);
    }

    /// Deletes what is selected, else from the caret to `to`.
    pub fn delete(&mut self, to: impl FnOnce(&[u8], usize) -> usize) {
        let mut range = self.caret.range();
        if range.is_empty() {
            let to = to(&self.bytes(), range.start);
            range = range.start.min(to)..range.end.max(to);
        }
        if !range.is_empty() {
            self.replace(range, "");
        }
    }

    fn replace(&mut self, range: Range<usize>, text: &str) {
        if !self.is_open {
            return;
        }
        let before = self.caret;
        let start = edge(&self.bytes(), range.start);
        self.text = splice(&self.text, range, text).into();
        self.caret = TextCaret::one(start + to_bytes(text).len());
        self.changes.push(Typed {
            text: Arc::clone(&self.text),
            before,
            after: self.caret,
        });
    }
}

/// The end of the character after `at`.
pub fn after(bytes: &[u8], at: usize) -> usize {
    let end = character_at(bytes, at).map_or(at + 1, |(_, whole)| whole.end);
    end.min(bytes.len())
}

/// The start of the character before `at`.
pub fn before(bytes: &[u8], at: usize) -> usize {
    let Some(last) = at.checked_sub(1) else {
        return 0;
    };
    character_at(bytes, last).map_or(last, |(_, whole)| whole.start)
}

/// The end of the word after `at`.
pub fn word_after(bytes: &[u8], mut at: usize) -> usize {
    let mut in_word = false;
    while at < bytes.len() {
        let is_word = is_word(bytes, at);
        if in_word && !is_word {
            break;
        }
        in_word = is_word;
        at = after(bytes, at);
    }
    at
}

/// The start of the word before `at`.
pub fn word_before(bytes: &[u8], mut at: usize) -> usize {
    let mut in_word = false;
    while at > 0 {
        let to = before(bytes, at);
        let is_word = is_word(bytes, to);
        if in_word && !is_word {
            break;
        }
        in_word = is_word;
        at = to;
    }
    at
}

/// The word around `at`, or the single character there.
pub fn word_at(bytes: &[u8], at: usize) -> Range<usize> {
    if !is_word(bytes, at) {
        return at.min(bytes.len())..after(bytes, at);
    }
    let (mut start, mut end) = (at, at);
    while start > 0 && is_word(bytes, before(bytes, start)) {
        start = before(bytes, start);
    }
    while end < bytes.len() && is_word(bytes, end) {
        end = after(bytes, end);
    }
    start..end
}

/// The line around `at`, without its end.
pub fn line_at(bytes: &[u8], at: usize) -> Range<usize> {
    let at = at.min(bytes.len());
    let start = bytes[..at].iter().rposition(|byte| *byte == b'\n');
    let end = bytes[at..].iter().position(|byte| *byte == b'\n');
    start.map_or(0, |start| start + 1)..end.map_or(bytes.len(), |end| at + end)
}

/// True if the character at `at` is part of a word.
fn is_word(bytes: &[u8], at: usize) -> bool {
    let character = character_at(bytes, at).and_then(|(c, _)| c.chars().next());
    character.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '\'')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn draft(text: &str, caret: TextCaret) -> Draft {
        Draft::new(text.into(), caret, 0, true)
    }

    #[test]
    fn letters_of_any_script_are_put_in_and_deleted_whole() {
        for text in ["中é😀", "ab سلام لا cd", "a\u{10fee4}\0b"] {
            let mut draft = draft(text, TextCaret::one(0));
            let mut expected = String::new();
            for c in text.chars() {
                draft.put("X");
                draft.caret = TextCaret::one(after(&draft.bytes(), draft.caret.at));
                expected.extend(['X', c]);
            }
            assert_eq!(**draft.text(), expected);
            assert_eq!(draft.changes.len(), text.chars().count());
            for _ in 0..expected.chars().count() {
                draft.delete(before);
            }
            assert_eq!(&**draft.text(), "");
        }
    }

    #[test]
    fn what_is_selected_is_replaced() {
        let mut draft = draft("one two", TextCaret { at: 0, anchor: 3 });
        assert_eq!(draft.selected().as_deref(), Some("one"));
        draft.put("1");
        assert_eq!((&**draft.text(), draft.caret), ("1 two", TextCaret::one(1)));
        draft.caret = TextCaret { at: 5, anchor: 1 };
        draft.delete(after);
        assert_eq!((&**draft.text(), draft.selected()), ("1", None));
        draft.is_open = false;
        draft.put("x");
        assert_eq!((&**draft.text(), draft.changes.len()), ("1", 2));
    }

    #[test]
    fn words_and_lines_are_found() {
        let text = "to bé, or\nnot".as_bytes();
        assert_eq!(word_after(text, 0), 2);
        assert_eq!(word_after(text, 2), 6);
        assert_eq!(word_before(text, 8), 3);
        assert_eq!(word_before(text, 2), 0);
        assert_eq!(word_at(text, 4), 3..6);
        assert_eq!(word_at(text, 6), 6..7);
        assert_eq!(line_at(text, 3), 0..10);
        assert_eq!(line_at(text, 12), 11..14);
        assert_eq!((word_after(text, 14), word_at(text, 14)), (14, 14..14));
    }

    proptest! {
        #[test]
        fn a_caret_comes_back_from_a_session(text in "[aé中😀\u{10fee4}\n]{0,20}", at in 0..20usize, anchor in 0..20usize) {
            let count = text.chars().count();
            let kept = (at.min(count), anchor.min(count));
            let caret = TextCaret::of_characters(kept, &text);
            prop_assert_eq!(caret.in_characters(&text), kept);
            prop_assert!(caret.range().end <= to_bytes(&text).len());
        }
    }
}
