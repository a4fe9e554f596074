//! Text to tokens.

use std::ops::Range;

use super::bytes::each_char;
use super::kind::MARK;
use super::vocabulary::{EOS, Unit, Vocabulary};

/// One token of a text: its id, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The id, or `None` when the vocabulary has no such token.
    pub id: Option<u32>,
    /// The place of the token, in bytes. With [`Unit::Byte`] a range may cut a character in two,
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

    /// The length in bytes of a mark that some programs write before UTF-8. To a model of bytes it is text; of others it is
    /// no part of the first character or word.
    pub fn mark_len(&self, text: &[u8]) -> usize {
        // A tokenizer knows what to make of it.
        let is_token =
            matches!(self.unit(), Unit::Byte | Unit::Piece) || self.id_of("\u{feff}").is_some();
        match text.starts_with(MARK) && !is_token {
            true => MARK.len(),
            false => 0,
        }
    }

    /// Number of pieces that are not in the vocabulary.
    pub fn missing(&self, pieces: &[Piece]) -> usize {
        pieces.iter().filter(|piece| piece.id.is_none()).count()
    }

    pub(super) fn each_piece(&self, text: &[u8], mut add: impl FnMut(Option<u32>, Range<usize>)) {
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
            Unit::Piece => match self.encode_whole(text, &|| true) {
                Some(Ok(pieces)) => pieces
                    .into_iter()
                    .for_each(|piece| add(piece.id, piece.range)),
                // What cannot be cut is one piece that is not known.
                _ if !text.is_empty() => add(None, 0..text.len()),
                _ => {}
            },
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

/// True for what Python's `str.split()` takes for white space: the training code cut its text with it.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

/// Tokens that stand for nothing in a text, as other programs write them.
const SPECIAL: [&str; 18] = [
    "<s>",
    "</s>",
    "<pad>",
    "<unk>",
    "<bos>",
    "<mask>",
    "<sep>",
    "<cls>",
    "<blank>",
    "<PAD>",
    "<UNK>",
    "<|endoftext|>",
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[EOS]",
];

/// True if a token is known to stand for nothing in a text, such as `<unk>` and fairseq's `madeupword0001`.
pub(super) fn is_special(token: &str) -> bool {
    let filler = token.strip_prefix("madeupword");
    let is_filler = filler.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    is_filler || SPECIAL.contains(&token)
}

/// True if a token of a list, where no text is, stands for nothing in a text: anything in such brackets may.
pub(super) fn is_bracketed(token: &str) -> bool {
    let inside = |open: char, close: char| {
        let inside = token.strip_prefix(open).and_then(|t| t.strip_suffix(close));
        inside.is_some_and(|inside| !inside.is_empty())
    };
    is_special(token) || inside('<', '>') || inside('[', ']')
}

/// Which unit the tokens of a text are.
pub(super) fn guess_unit<'a>(tokens: impl Iterator<Item = &'a str> + Clone) -> Unit {
    unit_of(tokens.filter(|token| !is_special(token)))
}

/// Which unit the tokens of a list are.
pub(super) fn guess_listed_unit<'a>(tokens: impl Iterator<Item = &'a str> + Clone) -> Unit {
    unit_of(tokens.filter(|token| !is_bracketed(token)))
}

fn unit_of<'a>(tokens: impl Iterator<Item = &'a str> + Clone) -> Unit {
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
