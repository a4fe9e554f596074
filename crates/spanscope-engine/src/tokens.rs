//! A text as the model sees it, without losing the place of anything in it.

use super::open::LoadedModel;
use spanscope_core::model::Cancel;
use spanscope_core::text::{self, Coverage, Gathered, Piece, SpecialTokens, Unit, Vocabulary};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A text cut into tokens.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// The text itself. What a file held that is no UTF-8 is in it as stand-ins; the model reads [`Tokens::bytes`].
    pub text: Arc<str>,
    /// The text's bytes where they are not those of `text`, because it has stand-ins.
    raw: Option<Arc<[u8]>>,
    /// Its pieces in order, those that the vocabulary lacks included. Their places are those in [`Tokens::bytes`].
    pub pieces: Vec<Piece>,
    /// The known tokens: what the network runs over.
    pub ids: Vec<u32>,
    /// For every token, its piece.
    pub piece_of: Vec<u32>,
    /// Pieces that the vocabulary lacks; the network never sees them.
    pub unknown: usize,
    /// Bytes at the end that are left out, because there are more pieces than a window can show.
    pub left_out: usize,
    /// Why the text cannot be cut, where it cannot: it is one piece then, which the vocabulary lacks.
    pub trouble: Option<Arc<str>>,
    /// The vocabulary that cut all of it, where that is a tokenizer's.
    cutter: Option<Vocabulary>,
}

/// Bytes cut into pieces between two looks at whether they are still wanted.
const CHUNK: usize = 1 << 16;

impl Tokens {
    /// Cuts `text` into pieces, at most `limit` of them; `None` on cancellation. Without a vocabulary the text is a
    /// list of token ids.
    pub fn new(model: &LoadedModel, text: Arc<str>, limit: usize, cancel: &Cancel) -> Option<Self> {
        let pieces = model.vocabulary.as_ref();
        if let Some(vocabulary) = pieces.filter(|v| v.unit() == Unit::Piece) {
            return Self::of_pieces(vocabulary, text, None, limit, cancel);
        }
        let cut = |chunk: &[u8]| match &model.vocabulary {
            Some(vocabulary) => vocabulary.encode_bytes(chunk),
            None => numbers(chunk, model.network.architecture().vocab_size),
        };
        let is_mark = |bytes: &[u8]| match &model.vocabulary {
            Some(vocabulary) => vocabulary.mark_len(bytes),
            None => 0,
        };
        Self::cut(text, limit, cancel, is_mark, cut)
    }

    /// As [`Tokens::new`], with what special tokens are in a text, and with a text cut `before` that it may go on from: of a tokenizer's,
    /// only what an edit may have changed is cut anew.
    pub fn again(
        model: &LoadedModel,
        text: Arc<str>,
        (special, before): (SpecialTokens, &Self),
        limit: usize,
        cancel: &Cancel,
    ) -> Option<Self> {
        let pieces = model.vocabulary.as_ref();
        match pieces.filter(|v| v.unit() == Unit::Piece) {
            Some(vocabulary) => {
                let vocabulary = vocabulary.clone().with_special_tokens(special);
                Self::of_pieces(&vocabulary, text, Some(before), limit, cancel)
            }
            None => Self::new(model, text, limit, cancel),
        }
    }

    /// As [`Tokens::new`], of a list of ids whether or not the model has a vocabulary.
    pub fn of_ids(
        model: &LoadedModel,
        text: Arc<str>,
        limit: usize,
        cancel: &Cancel,
    ) -> Option<Self> {
        let vocab_size = model.network.architecture().vocab_size;
        let none = |_: &[u8]| 0;
        Self::cut(text, limit, cancel, none, |chunk| {
            numbers(chunk, vocab_size)
        })
    }

    /// As [`Tokens::new`], of a text whose tokens are parts of words: which ones depends on all of it. A text that cannot be cut is
    /// one piece that is not known.
    fn of_pieces(
        vocabulary: &Vocabulary,
        text: Arc<str>,
        before: Option<&Self>,
        limit: usize,
        cancel: &Cancel,
    ) -> Option<Self> {
        let raw = raw(&text);
        let bytes = raw.as_deref().unwrap_or(text.as_bytes());
        let go_on = || !cancel.is_cancelled();
        let before = before.filter(|before| before.cutter.as_ref() == Some(vocabulary));
        let found = match before {
            Some(before) => {
                vocabulary.encode_again(bytes, (before.bytes(), &before.pieces), &go_on)
            }
            None => vocabulary.encode_whole(bytes, &go_on),
        }?;
        if cancel.is_cancelled() {
            return None;
        }
        let trouble = found.as_ref().err().map(|reason| reason.as_str().into());
        let mut pieces = found.unwrap_or_else(|_| {
            vec![Piece {
                id: None,
                range: 0..bytes.len(),
            }]
        });
        let mut end = bytes.len();
        let is_whole = trouble.is_none() && pieces.len() <= limit;
        if pieces.len() > limit {
            pieces.truncate(limit);
            end = pieces.last().map_or(0, |piece| piece.range.end);
        }
        Some(Self {
            trouble,
            cutter: is_whole.then(|| vocabulary.clone()),
            ..Self::of(text, raw, pieces, end)
        })
    }

    /// Of `pieces`, which cover the text up to byte `end`.
    fn of(text: Arc<str>, raw: Option<Arc<[u8]>>, pieces: Vec<Piece>, end: usize) -> Self {
        let (ids, piece_of): (Vec<u32>, Vec<u32>) = pieces
            .iter()
            .enumerate()
            .filter_map(|(i, piece)| Some((piece.id?, i as u32)))
            .unzip();
        let bytes = raw.as_deref().unwrap_or(text.as_bytes());
        Self {
            unknown: pieces.len() - ids.len(),
            left_out: bytes.len() - end,
            text,
            raw,
            pieces,
            ids,
            piece_of,
            trouble: None,
            cutter: None,
        }
    }

    fn cut(
        text: Arc<str>,
        limit: usize,
        cancel: &Cancel,
        before: impl Fn(&[u8]) -> usize,
        cut: impl Fn(&[u8]) -> Vec<Piece>,
    ) -> Option<Self> {
        let raw = raw(&text);
        let bytes = raw.as_deref().unwrap_or(text.as_bytes());
        let mut pieces = Vec::new();
        let mut from = before(bytes);
        while from < bytes.len() && pieces.len() < limit {
            if cancel.is_cancelled() {
                return None;
            }
            let to = chunk_end(bytes, from);
            let chunk = &bytes[from..to];
            pieces.extend(cut(chunk).into_iter().map(|piece| Piece {
                range: piece.range.start + from..piece.range.end + from,
                ..piece
            }));
            from = to;
        }
        if pieces.len() > limit {
            pieces.truncate(limit);
            from = pieces.last().map_or(0, |piece| piece.range.end);
        }
        Some(Self::of(text, raw, pieces, from))
    }

    /// A text of a recorded run whose tokens are parts of words: what it was cut into.
    pub(super) fn recorded(text: Arc<str>, ids: &[u32], ranges: &[Range<usize>]) -> Self {
        let raw = raw(&text);
        let end = raw.as_deref().unwrap_or(text.as_bytes()).len();
        let pieces = ids.iter().zip(ranges).map(|(id, range)| Piece {
            id: Some(*id),
            range: range.clone(),
        });
        Self::of(text, raw, pieces.collect(), end)
    }

    /// Where the bytes of each known token begin and end.
    pub(super) fn ranges(&self) -> Vec<[u32; 2]> {
        let known = self.pieces.iter().filter(|piece| piece.id.is_some());
        let ranges = known.map(|piece| [piece.range.start as u32, piece.range.end as u32]);
        ranges.collect()
    }

    /// The coverage of the text by the vocabulary.
    pub fn coverage(&self, model: &LoadedModel) -> Coverage {
        match (&model.vocabulary, self.unknown) {
            (Some(vocabulary), 1..) => {
                let mut gathered = Gathered::new(vocabulary.unit());
                for piece in &self.pieces {
                    let bytes = self.bytes().get(piece.range.clone());
                    gathered.add(piece.id.is_some(), bytes.unwrap_or_default());
                }
                gathered.finish()
            }
            _ => Coverage::counted(self.pieces.len(), self.unknown),
        }
    }

    /// The text's bytes, as the model reads them.
    pub fn bytes(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or(self.text.as_bytes())
    }

    /// The character of the text that the token at position `token` is part of. `None` where it is more than a part of
    /// one, or where the bytes are no UTF-8.
    pub fn character_of(&self, token: usize) -> Option<&str> {
        let piece = self.pieces.get(*self.piece_of.get(token)? as usize)?;
        let (character, whole) = text::character_at(self.bytes(), piece.range.start)?;
        (piece.range.end <= whole.end).then_some(character)
    }

    /// The token at `piece`, if the model knows it.
    pub fn token_of(&self, piece: usize) -> Option<usize> {
        self.piece_of
            .binary_search(&u32::try_from(piece).ok()?)
            .ok()
    }
}

/// A text's bytes, where they are not its own.
fn raw(text: &str) -> Option<Arc<[u8]>> {
    match text::to_bytes(text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(bytes) => Some(bytes.into()),
    }
}

/// The end of a chunk that begins at `from`: at white space, so that no word is cut, unless there is none for long.
fn chunk_end(text: &[u8], from: usize) -> usize {
    let mut least = (from + CHUNK).min(text.len());
    // Before whatever begins a character, so that none is cut; a run of continuations is no character.
    while text.get(least).is_some_and(|byte| byte & 0xC0 == 0x80) {
        least += 1;
    }
    let rest = &text[least..];
    let mut space = None;
    let near = rest.get(..CHUNK).unwrap_or(rest);
    let mut at = 0;
    for chunk in near.utf8_chunks() {
        let valid = chunk.valid().char_indices();
        if let Some((offset, c)) = valid.clone().find(|(_, c)| c.is_whitespace()) {
            space = Some(at + offset + c.len_utf8());
            break;
        }
        at += chunk.valid().len() + chunk.invalid().len();
    }
    let mut end = least + space.unwrap_or(0);
    // "\r\n" is one line break.
    if text[..end].ends_with(b"\r") && text[end..].starts_with(b"\n") {
        end += 1;
    }
    end
}

/// Token ids as people write them: numbers between spaces, commas or brackets. What is no id of the model keeps its
/// place with none.
fn numbers(text: &[u8], vocab_size: usize) -> Vec<Piece> {
    let apart = |c: Option<char>| {
        c.is_some_and(|c| c.is_whitespace() || matches!(c, ',' | ';' | '[' | ']'))
    };
    let mut pieces = Vec::new();
    let mut start = None;
    let mut end_number = |start: &mut Option<usize>, end: usize| {
        if let Some(from) = start.take() {
            let number = str::from_utf8(&text[from..end]).ok();
            let id = number.and_then(|number| number.parse().ok());
            pieces.push(Piece {
                id: id.filter(|id: &u32| (*id as usize) < vocab_size),
                range: from..end,
            });
        }
    };
    text::each_char(text, |c, range| {
        if apart(c) {
            end_number(&mut start, range.start);
        } else {
            start.get_or_insert(range.start);
        }
    });
    end_number(&mut start, text.len());
    pieces
}

#[cfg(test)]
mod tests;
