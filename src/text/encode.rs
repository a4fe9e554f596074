//! Text to tokens.

use std::ops::Range;

use super::bytes::each_char;
use super::vocabulary::{EOS, Unit, Vocabulary};

/// One token of a text: its id, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The id, or `None` when the vocabulary has no such token.
    pub id: Option<u32>,
    /// Where the token stands, in bytes. With [`Unit::Byte`] a range may cut a character in two,
    /// so slice the text's bytes, not the `str`. With [`Unit::Word`] white space other than line
    /// breaks belongs to no piece.
    pub range: Range<usize>,
}

impl Vocabulary {
    /// Cuts `text` into tokens, in order. Nothing is lost or moved: a byte, character or word that
    /// is not in the vocabulary keeps its place with no id.
    ///
    /// A line break is `<eos>`; none is added to a last line without one, so that a prompt can end
    /// in mid-line (the training data has one there). Where `_` stands for a space, both the space
    /// and `_` encode to it, as in text8's preprocessing.
    pub fn encode(&self, text: &str) -> Vec<Piece> {
        self.encode_bytes(text.as_bytes())
    }

    /// As [`Vocabulary::encode`], for any bytes. What is not UTF-8 has no id with [`Unit::Char`]
    /// and counts as U+FFFD inside a word with [`Unit::Word`].
    pub fn encode_bytes(&self, text: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        self.each_piece(text, |id, range| pieces.push(Piece { id, range }));
        pieces
    }

    /// The ids alone, for long texts: a third of the memory of the pieces.
    pub fn encode_ids(&self, text: &[u8]) -> Vec<Option<u32>> {
        let mut ids = Vec::new();
        self.each_piece(text, |id, _| ids.push(id));
        ids
    }

    /// How many of the pieces are not in the vocabulary.
    pub fn missing(&self, pieces: &[Piece]) -> usize {
        pieces.iter().filter(|piece| piece.id.is_none()).count()
    }

    fn each_piece(&self, text: &[u8], mut add: impl FnMut(Option<u32>, Range<usize>)) {
        match self.unit() {
            Unit::Byte => {
                for (at, byte) in text.iter().enumerate() {
                    add(self.direct(*byte), at..at + 1);
                }
            }
            Unit::Char => each_char(text, |c, range| {
                let id = match c {
                    Some(c) if c.is_ascii() => u8::try_from(c).ok().and_then(|b| self.direct(b)),
                    Some(c) => self.id_of(c.encode_utf8(&mut [0; 4])),
                    None => None,
                };
                add(id, range);
            }),
            Unit::Word => self.each_word(text, add),
        }
    }

    fn each_word(&self, text: &[u8], mut add: impl FnMut(Option<u32>, Range<usize>)) {
        let eos = self.eos();
        let mut word_start = None;
        let mut after_return: Option<usize> = None;
        let flush = |start: Option<usize>, end: usize, add: &mut dyn FnMut(_, _)| {
            if let Some(start) = start {
                let word = text.get(start..end).unwrap_or_default();
                add(self.id_of(&String::from_utf8_lossy(word)), start..end);
            }
        };
        each_char(text, |c, range| {
            // "\r\n" is one line break: the "\r" waits to see what follows.
            if let Some(at) = after_return.take() {
                let end = if c == Some('\n') { range.end } else { at + 1 };
                add(eos, at..end);
                if c == Some('\n') {
                    return;
                }
            }
            match c {
                Some(c) if is_space(c) => {
                    flush(word_start.take(), range.start, &mut add);
                    match c {
                        '\n' => add(eos, range),
                        '\r' => after_return = Some(range.start),
                        _ => {}
                    }
                }
                _ => {
                    word_start.get_or_insert(range.start);
                }
            }
        });
        if let Some(at) = after_return {
            add(eos, at..at + 1);
        }
        flush(word_start, text.len(), &mut add);
    }
}

/// What Python's `str.split()` takes for white space: the training code cut its text with it.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

/// Which unit a list of tokens is made of.
pub(super) fn guess_unit<'a>(tokens: impl Iterator<Item = &'a str> + Clone) -> Unit {
    let mut plain = tokens.filter(|token| *token != EOS).peekable();
    if plain.peek().is_none() {
        return Unit::Word;
    }
    let numbers = plain
        .clone()
        .all(|token| super::vocabulary::byte_of(token).is_some());
    // Digits alone are more likely characters than control bytes.
    if numbers && plain.clone().any(|token| token.len() > 1) {
        Unit::Byte
    } else if plain.all(|token| token.chars().nth(1).is_none()) {
        Unit::Char
    } else {
        Unit::Word
    }
}
