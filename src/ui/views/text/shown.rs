//! The text as the pane shows it: every byte of it in a part, whether or not the model has a token there.
//!
//! The engine's tokens come a moment after a change. Until then the parts before and after it stay, and what is between them is
//! plain characters, as is all of the text where no model is open. So what is typed shows at once.

use super::change::{common, common_end};
use crate::engine::{LoadedModel, Snapshot, Tokens};
use crate::text::{self, Unit, to_bytes};
use crate::ui::document::draft::EDITABLE;
use crate::ui::document::draft::after;
use std::ops::Range;
use std::sync::Arc;
use unicode_width::UnicodeWidthChar;

/// Bytes of a text without tokens that are shown, at most: they are looked through in one frame.
const PLAIN: usize = 500_000;

/// What a part of the text is to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Part of a token, by its position.
    Token(usize),
    /// Nothing that the vocabulary has.
    Unknown,
    /// What stands between words, and is no token.
    Gap,
    /// Not cut into tokens yet.
    Plain,
}

/// A part: its first byte, and its kind in few bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    start: u32,
    kind: u32,
}

const UNKNOWN: u32 = u32::MAX;
const GAP: u32 = u32::MAX - 1;
const PLAIN_KIND: u32 = u32::MAX - 2;

/// The text in parts.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The tokens that it was made of.
    tokens: Arc<Tokens>,
    /// The text, where that is newer than the tokens.
    newer: Option<Arc<str>>,
    /// Its bytes, where they are neither those of the tokens nor those of `newer`.
    raw: Option<Arc<[u8]>>,
    model: Option<Arc<LoadedModel>>,
    parts: Vec<Part>,
    /// For every token its first part.
    first: Vec<u32>,
    /// The end of the last part.
    end: usize,
    /// True if that is the text as it was last changed, and its tokens are known.
    is_cut: bool,
}

impl Shown {
    /// What is to be shown of a snapshot and of `text`, which may be newer; `old` if that is it.
    pub fn update(old: &Arc<Self>, snapshot: &Snapshot, text: &Arc<str>) -> Arc<Self> {
        let tokens = &snapshot.tokens;
        let same_text = Arc::ptr_eq(text, &tokens.text) || **text == *tokens.text;
        // A text that nobody types in is shown when it is cut.
        let is_newer = !same_text && (text.len() <= EDITABLE || tokens.pieces.is_empty());
        let newer = is_newer.then_some(text);
        let is_same = |a: &Option<Arc<LoadedModel>>, b: &Option<Arc<LoadedModel>>| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        let stays = Arc::ptr_eq(&old.tokens, tokens)
            && old.is_cut == same_text
            && is_same(&old.model, &snapshot.model)
            && match (&old.newer, newer) {
                (Some(old), Some(new)) => Arc::ptr_eq(old, new) || old == new,
                (old, new) => old.is_none() && new.is_none(),
            };
        if stays {
            return Arc::clone(old);
        }
        let cut = Self {
            is_cut: same_text,
            ..Self::of(snapshot)
        };
        Arc::new(match newer {
            Some(text) => cut.followed_by(Arc::clone(text)),
            None => cut,
        })
    }

    /// The text of a snapshot.
    pub fn of(snapshot: &Snapshot) -> Self {
        let tokens = &snapshot.tokens;
        let mut shown = Self {
            tokens: Arc::clone(tokens),
            model: snapshot.model.clone(),
            parts: Vec::with_capacity(tokens.pieces.len()),
            first: Vec::with_capacity(tokens.ids.len()),
            ..Self::default()
        };
        let bytes = tokens.bytes();
        if tokens.trouble.is_some() {
            shown.characters(bytes, 0..bytes.len(), UNKNOWN);
            return shown;
        }
        for piece in &tokens.pieces {
            if piece.range.start > shown.end {
                shown.characters(bytes, shown.end..piece.range.start, GAP);
            }
            let kind = match piece.id {
                Some(_) => {
                    shown.first.push(shown.parts.len() as u32);
                    shown.first.len() as u32 - 1
                }
                None => UNKNOWN,
            };
            let range = piece.range.start.max(shown.end)..piece.range.end.max(shown.end);
            shown.lines(bytes, range, kind);
        }
        let rest = shown.end..bytes.len().saturating_sub(tokens.left_out);
        shown.characters(bytes, rest, GAP);
        shown
    }

    /// `text` in the place of this one, whose parts stay as far as it is the same.
    fn followed_by(self, text: Arc<str>) -> Self {
        let new = to_bytes(&text);
        let old = self.bytes();
        let same = common(old, &new);
        let mut kept = self
            .parts
            .partition_point(|part| (part.start as usize) < same);
        // Whole parts, and no character cut in two.
        while kept > 0 {
            let end = self.range(kept - 1).end;
            if end <= same && new.get(end).is_none_or(|byte| byte & 0xC0 != 0x80) {
                break;
            }
            kept -= 1;
        }
        let from = kept.checked_sub(1).map_or(0, |last| self.range(last).end);
        let least = old.len() - common_end(old, &new).min(old.len().min(new.len()) - from);
        let mut rest = self
            .parts
            .partition_point(|part| (part.start as usize) < least);
        let starts_within = |byte: Option<&u8>| byte.is_some_and(|byte| byte & 0xC0 == 0x80);
        while rest < self.parts.len() && starts_within(old.get(self.parts[rest].start as usize)) {
            rest += 1;
        }
        let tail = self
            .parts
            .get(rest)
            .map_or(0, |part| old.len() - part.start as usize);
        let until = new.len() - tail;
        let mut shown = Self {
            tokens: Arc::clone(&self.tokens),
            model: self.model.clone(),
            parts: self.parts.get(..kept).unwrap_or_default().to_vec(),
            first: self
                .first
                .iter()
                .take_while(|part| (**part as usize) < kept)
                .copied()
                .collect(),
            end: from,
            ..Self::default()
        };
        shown.characters(&new, from..until.min(from + PLAIN), PLAIN_KIND);
        for part in self.parts.get(rest..).unwrap_or_default() {
            let start = part.start as usize + new.len() - old.len();
            let kind = if part.kind == GAP { GAP } else { PLAIN_KIND };
            shown.push(start, kind);
        }
        if until + tail == new.len() && until <= from + PLAIN {
            shown.end = new.len();
        }
        shown.raw = match new {
            std::borrow::Cow::Borrowed(_) => None,
            std::borrow::Cow::Owned(bytes) => Some(bytes.into()),
        };
        shown.newer = Some(text);
        shown
    }

    fn push(&mut self, start: usize, kind: u32) {
        if let Ok(start) = u32::try_from(start) {
            self.parts.push(Part { start, kind });
        }
    }

    /// Adds a token, a part of its own for each line.
    fn lines(&mut self, bytes: &[u8], range: Range<usize>, kind: u32) {
        self.push(range.start, kind);
        let inside = bytes.get(range.clone()).unwrap_or_default();
        for (i, byte) in inside.iter().enumerate() {
            if *byte == b'\n' && i + 1 < inside.len() {
                self.push(range.start + i + 1, kind);
            }
        }
        self.end = range.end;
    }

    /// Adds characters one by one, each with the marks on it.
    fn characters(&mut self, bytes: &[u8], range: Range<usize>, kind: u32) {
        let mut at = range.start;
        let mut joins = true;
        while at < range.end {
            let end = after(bytes, at);
            let c = text::character_at(bytes, at).and_then(|(c, _)| c.chars().next());
            let is_mark = c.is_some_and(|c| c.width() == Some(0) && !c.is_control());
            let is_return = c == Some('\n') && bytes.get(at.wrapping_sub(1)) == Some(&b'\r');
            if at == range.start || !(is_mark || joins || is_return && at > range.start) {
                self.push(at, kind);
            }
            joins = c == Some('\u{200d}');
            at = end;
        }
        self.end = range.end.max(range.start);
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        match (&self.raw, &self.newer) {
            (Some(raw), _) => raw,
            (None, Some(text)) => text.as_bytes(),
            (None, None) => self.tokens.bytes(),
        }
    }

    /// True if it is the text as it was last changed, with its tokens.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Number of parts.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// The bytes from its first to the end of its last part.
    pub fn end(&self) -> usize {
        self.end
    }

    /// The place of a part.
    pub fn range(&self, part: usize) -> Range<usize> {
        let start = |part: usize| {
            self.parts
                .get(part)
                .map_or(self.end, |part| part.start as usize)
        };
        start(part)..start(part + 1)
    }

    /// The bytes of a part.
    pub fn bytes_of(&self, part: usize) -> &[u8] {
        self.bytes().get(self.range(part)).unwrap_or_default()
    }

    /// The kind of a part.
    pub fn kind(&self, part: usize) -> Kind {
        match self.parts.get(part).map_or(PLAIN_KIND, |part| part.kind) {
            UNKNOWN => Kind::Unknown,
            GAP => Kind::Gap,
            PLAIN_KIND => Kind::Plain,
            token => Kind::Token(token as usize),
        }
    }

    /// The token that a part is of.
    pub fn token(&self, part: usize) -> Option<usize> {
        match self.kind(part) {
            Kind::Token(token) => Some(token),
            _ => None,
        }
    }

    /// The first part of a token.
    pub fn part_of(&self, token: usize) -> Option<usize> {
        self.first.get(token).map(|part| *part as usize)
    }

    /// The place of a token, in bytes.
    pub fn range_of(&self, token: usize) -> Option<Range<usize>> {
        let first = self.part_of(token)?;
        let mut last = first;
        while self.token(last + 1) == Some(token) {
            last += 1;
        }
        Some(self.range(first).start..self.range(last).end)
    }

    /// The part that holds the byte `at`, or the last one.
    pub fn part_at(&self, at: usize) -> Option<usize> {
        let after = self.parts.partition_point(|part| part.start as usize <= at);
        after.checked_sub(1)
    }

    /// The token of a part, or the last one before it; the first where there is none before.
    pub fn token_near(&self, part: usize) -> Option<usize> {
        let after = self.first.partition_point(|first| *first as usize <= part);
        (!self.first.is_empty()).then(|| after.saturating_sub(1))
    }

    /// The token before the caret at `at`, or the first.
    pub fn token_before(&self, at: usize) -> Option<usize> {
        let part = at.checked_sub(1).and_then(|last| self.part_at(last));
        self.token_near(part.unwrap_or(0))
    }

    /// The tokens that have a byte of `range`.
    pub fn tokens_in(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let first = self.part_at(range.start)?;
        let last = self.part_at(range.end.checked_sub(1)?)?;
        let mut tokens = (first..=last).filter_map(|part| self.token(part));
        let start = tokens.next()?;
        let end = tokens.next_back().unwrap_or(start) + 1;
        Some(start..end)
    }

    /// True if a token of the model is a letter at most, so that words are longer steps than tokens.
    pub fn is_by_letter(&self) -> bool {
        let vocabulary = self.model.as_ref().map(|model| model.vocabulary.as_ref());
        match vocabulary {
            Some(Some(vocabulary)) => matches!(vocabulary.unit(), Unit::Byte | Unit::Char),
            Some(None) => false,
            None => true,
        }
    }

    /// What the vocabulary calls a token, where there is a model.
    pub fn label(&self, token: usize) -> Option<String> {
        let id = self.tokens.ids.get(token)?;
        Some(self.model.as_ref()?.label(*id))
    }

    /// Why the text cannot be cut, where it cannot.
    pub fn trouble(&self) -> Option<&Arc<str>> {
        self.tokens.trouble.as_ref()
    }
}

#[cfg(test)]
mod tests;
