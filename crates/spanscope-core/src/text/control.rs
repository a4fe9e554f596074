//! Texts made as controls: what a head does on them is no accident of one text.
//!
//! They are texts like any other, which the vocabulary cuts into the tokens that were meant. The same seed gives the same text
//! everywhere.

use super::encode::is_bracketed;
use super::{Unit, Vocabulary};
use crate::mixer;
use std::fmt;
use std::str::FromStr;

/// A control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Control {
    /// Random tokens, and the same once more: nothing in them can be known but what was there before.
    Repeated {
        /// Tokens until they come again.
        length: usize,
        /// The seed that they are drawn with.
        seed: u64,
    },
    /// The words of a text, or its characters where tokens are bytes or characters, in random order.
    Shuffled {
        /// The seed of the order.
        seed: u64,
    },
}

/// The most tokens before they come again.
pub const MOST_REPEATED: usize = 1 << 20;

/// The form in which controls are written.
const FORM: &str = "expected repeated:LENGTH, repeated:LENGTH:SEED, shuffled or shuffled:SEED";

/// Why there is no such control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// Nothing to shuffle.
    #[error("a shuffled control needs a text to shuffle: pass one as well")]
    NoText,
    /// A text beside a control that is one.
    #[error("a repeated control is a text by itself: leave the other one out")]
    IsText,
    /// Too few tokens to draw from.
    #[error(
        "the vocabulary has {0} tokens that are ordinary text by themselves, and it takes 2: pass a text"
    )]
    TooFew(usize),
    /// The text is cut into other tokens.
    #[error(
        "the tokenizer cuts the random words into other tokens than those that were drawn: pass token ids with --ids"
    )]
    Unlike,
}

/// The state of a sequence of random numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        mixer::next(&mut self.0)
    }

    /// A number below `end`, each alike: what would favour some is drawn again.
    fn below(&mut self, end: usize) -> usize {
        let end = (end as u64).max(1);
        let fair = u64::MAX - u64::MAX % end;
        loop {
            let drawn = self.next();
            if drawn < fair {
                return (drawn % end) as usize;
            }
        }
    }

    /// The same things in random order (Fisher and Yates).
    fn shuffle<T>(&mut self, all: &mut [T]) {
        for i in (1..all.len()).rev() {
            all.swap(i, self.below(i + 1));
        }
    }
}

impl Control {
    /// True if it is a text by itself; else it takes one.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Repeated { .. })
    }

    /// The control as a text that `vocabulary` cuts into its tokens; `text` is what is shuffled.
    ///
    /// # Errors
    /// When there is none, or a text is missing or too many.
    pub fn bytes(
        self,
        vocabulary: &Vocabulary,
        text: Option<&[u8]>,
    ) -> Result<Vec<u8>, ControlError> {
        match (self, text) {
            (Self::Repeated { length, seed }, None) => repeated(vocabulary, length, Random(seed)),
            (Self::Repeated { .. }, Some(_)) => Err(ControlError::IsText),
            (Self::Shuffled { .. }, None) => Err(ControlError::NoText),
            (Self::Shuffled { seed }, Some(text)) => Ok(match vocabulary.unit() {
                Unit::Byte | Unit::Char => shuffled_characters(text, Random(seed)),
                Unit::Word | Unit::Piece => shuffled_words(text, Random(seed)),
            }),
        }
    }

    /// The control as ids below `vocab_size`, of a model without a vocabulary; `ids` is what is shuffled.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub fn ids(self, vocab_size: usize, ids: Option<&[u32]>) -> Result<Vec<u32>, ControlError> {
        match (self, ids) {
            (Self::Repeated { length, seed }, None) => {
                if vocab_size < 2 {
                    return Err(ControlError::TooFew(vocab_size));
                }
                let all: Vec<u32> = (0..u32::try_from(vocab_size).unwrap_or(u32::MAX)).collect();
                Ok(drawn(all, length, Random(seed), |_| true).repeat(2))
            }
            (Self::Repeated { .. }, Some(_)) => Err(ControlError::IsText),
            (Self::Shuffled { .. }, None) => Err(ControlError::NoText),
            (Self::Shuffled { seed }, Some(ids)) => {
                let mut ids = ids.to_vec();
                Random(seed).shuffle(&mut ids);
                Ok(ids)
            }
        }
    }
}

/// `length` of `all`, none twice as long as there are others; only those that `is_right`.
fn drawn(
    mut all: Vec<u32>,
    length: usize,
    mut random: Random,
    is_right: impl Fn(u32) -> bool,
) -> Vec<u32> {
    let mut found = Vec::with_capacity(length.min(1 << 16));
    let once = all.len() >= length;
    while found.len() < length && !all.is_empty() {
        let at = random.below(all.len());
        let id = all[at];
        let right = is_right(id);
        if right {
            found.push(id);
        }
        if once || !right {
            all.swap_remove(at);
        }
    }
    found
}

fn repeated(
    vocabulary: &Vocabulary,
    length: usize,
    random: Random,
) -> Result<Vec<u8>, ControlError> {
    let count = u32::try_from(vocabulary.len()).unwrap_or(u32::MAX);
    let ordinary = |id: &u32| Some(*id) != vocabulary.eos() && is_ordinary(vocabulary, *id);
    let all: Vec<u32> = (0..count).filter(ordinary).collect();
    if all.len() < 2 {
        return Err(ControlError::TooFew(all.len()));
    }
    let once = drawn(all, length, random, |id| stands_alone(vocabulary, id));
    if once.len() < 2.min(length) {
        return Err(ControlError::TooFew(once.len()));
    }
    let twice = once.repeat(2);
    let mut text = Vec::new();
    let mut last = None;
    for id in &twice {
        text.extend(vocabulary.decode_after(last, *id));
        last = Some(*id);
    }
    match tokens(vocabulary, &text).as_deref() == Some(&twice) {
        true => Ok(text),
        false => Err(ControlError::Unlike),
    }
}

/// The tokens of a text without those that stand for nothing; `None` where some of it has none.
fn tokens(vocabulary: &Vocabulary, text: &[u8]) -> Option<Vec<u32>> {
    match vocabulary.encode_whole(text, &|| true) {
        Some(found) => {
            let ids = found.ok()?.into_iter().map(|piece| piece.id);
            let ids = ids.filter(|id| id.is_none_or(|id| !vocabulary.is_special(id)));
            ids.collect()
        }
        None => vocabulary.encode_ids(text).into_iter().collect(),
    }
}

/// True for tokens that are visible text: of pieces a space and letters, as in the middle of a text.
fn is_ordinary(vocabulary: &Vocabulary, id: u32) -> bool {
    let bytes = vocabulary.decode_after(None, id);
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return false;
    };
    match vocabulary.unit() {
        Unit::Piece if vocabulary.is_special(id) => false,
        Unit::Piece => {
            let after = vocabulary.decode_after(Some(id), id);
            let word = after.strip_prefix(b" ");
            word.is_some_and(|word| {
                !word.is_empty() && word.iter().all(|byte| byte.is_ascii_alphabetic())
            })
        }
        Unit::Byte => matches!(bytes.as_slice(), [b' '..=b'~']),
        Unit::Char => !text.is_empty() && !text.chars().any(char::is_control),
        Unit::Word => {
            let is_plain = |c: char| !c.is_control() && !c.is_whitespace();
            let word = text.trim();
            !word.is_empty() && !is_bracketed(word) && word.chars().all(is_plain)
        }
    }
}

/// True if the token's text, after another, is that token again.
fn stands_alone(vocabulary: &Vocabulary, id: u32) -> bool {
    match vocabulary.unit() {
        Unit::Piece => {
            let text = [b"The".to_vec(), vocabulary.decode_after(Some(id), id)].concat();
            let found = tokens(vocabulary, &text);
            found.is_some_and(|ids| ids.last() == Some(&id))
        }
        _ => tokens(vocabulary, &vocabulary.decode_after(None, id)).as_deref() == Some(&[id]),
    }
}

/// Characters in random order; a byte that is no UTF-8 is one by itself.
fn shuffled_characters(text: &[u8], mut random: Random) -> Vec<u8> {
    let mut units: Vec<&[u8]> = Vec::new();
    let mut at = 0;
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            units.push(&text[at..at + c.len_utf8()]);
            at += c.len_utf8();
        }
        for _ in chunk.invalid() {
            units.push(&text[at..at + 1]);
            at += 1;
        }
    }
    random.shuffle(&mut units);
    units.concat()
}

/// Words in random order; the white space between them stays where it is.
fn shuffled_words(text: &[u8], mut random: Random) -> Vec<u8> {
    let parts: Vec<&[u8]> = text
        .chunk_by(|a, b| a.is_ascii_whitespace() == b.is_ascii_whitespace())
        .collect();
    let is_word = |part: &[u8]| part.first().is_some_and(|byte| !byte.is_ascii_whitespace());
    let mut words: Vec<&[u8]> = parts.iter().copied().filter(|part| is_word(part)).collect();
    random.shuffle(&mut words);
    let mut words = words.into_iter();
    let mut text = Vec::with_capacity(text.len());
    for part in parts {
        text.extend_from_slice(match is_word(part) {
            true => words.next().unwrap_or_default(),
            false => part,
        });
    }
    text
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated { length, seed } => write!(f, "repeated:{length}:{seed}"),
            Self::Shuffled { seed } => write!(f, "shuffled:{seed}"),
        }
    }
}

impl FromStr for Control {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let kind = parts.next().unwrap_or_default();
        let length =
            match kind {
                "repeated" => {
                    let length = parts.next().and_then(|length| length.parse().ok());
                    let is_right = |length: &usize| (1..=MOST_REPEATED).contains(length);
                    let length = length.filter(is_right);
                    Some(length.ok_or_else(|| {
                        format!("{FORM}, with a length from 1 to {MOST_REPEATED}")
                    })?)
                }
                "shuffled" => None,
                _ => return Err(FORM.into()),
            };
        let seed = match parts.next() {
            Some(seed) => seed.parse().map_err(|_| FORM.to_owned())?,
            None => 0,
        };
        match (parts.next(), length) {
            (Some(_), _) => Err(FORM.into()),
            (None, Some(length)) => Ok(Self::Repeated { length, seed }),
            (None, None) => Ok(Self::Shuffled { seed }),
        }
    }
}

#[cfg(test)]
mod tests;
