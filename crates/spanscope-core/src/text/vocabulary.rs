//! The vocabulary: which token each id stands for.

use crate::shown::shown;
use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::encode::is_bracketed;
use super::error::TextError;
use super::pieces::{Pieces, SpecialTokens};
use super::raw::RawTally;

/// The end of a line, as the published preprocessing spells it.
pub(super) const EOS: &str = "<eos>";

/// The same, as fairseq spells it.
const FAIRSEQ_EOS: &str = "</s>";

/// The text8 order: fixed, since everyone trains on the same 90 million characters.
const TEXT8: &str = "anrchism_ogtedfbulywkvpjzqx";

/// The unit of text that one token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// One byte of the text (enwik8 style).
    Byte,
    /// One character (text8 style).
    Char,
    /// One word: what stands between white space.
    Word,
    /// Tokens are parts of words, cut by a tokenizer.
    Piece,
}

impl Unit {
    /// The unit's name for `count` of them: "1 byte", "65 bytes".
    pub(super) fn counted(self, count: usize) -> String {
        let name = match self {
            Unit::Byte => "byte",
            Unit::Char => "character",
            Unit::Word => "word",
            Unit::Piece => "piece",
        };
        format!("{count} {name}{}", if count == 1 { "" } else { "s" })
    }
}

/// One entry of a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Token {
    /// One byte; only with [`Unit::Byte`].
    Byte(u8),
    /// The end of a line, whatever the unit.
    Eos,
    /// A character, a word, or a special token such as `<unk>`.
    Text(Arc<str>),
}

/// Which token each id stands for. Cheap to clone.
///
/// Two vocabularies are equal when their units and tokens are, and what they take special tokens for; the note does not count.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    inner: Arc<Inner>,
    note: Arc<str>,
    /// What special tokens of a tokenizer are in a text.
    special: SpecialTokens,
}

#[derive(Debug)]
struct Inner {
    unit: Unit,
    tokens: Vec<Token>,
    /// Ids of single bytes ([`Unit::Byte`]) or of ASCII characters ([`Unit::Char`]), with the
    /// stand-ins for a line break and a space already resolved.
    direct: [Option<u32>; 256],
    index: HashMap<Arc<str>, u32>,
    eos: Option<u32>,
    /// True if `_` stands for a space.
    underscore_is_space: bool,
    /// A tokenizer, and how many rows the model's embeddings have.
    pieces: Option<(Arc<dyn Pieces>, usize)>,
}

impl PartialEq for Vocabulary {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.inner.pieces, &other.inner.pieces) {
            (None, None) => true,
            (Some((a, n)), Some((b, m))) => Arc::ptr_eq(a, b) && n == m,
            _ => false,
        };
        same && self.special == other.special
            && self.inner.unit == other.inner.unit
            && self.inner.tokens == other.inner.tokens
    }
}

impl Eq for Vocabulary {}

impl Vocabulary {
    /// The vocabulary of every text8 model: 27 characters in their fixed order, then `<eos>`.
    pub fn text8() -> Self {
        let letters = TEXT8.chars().map(|c| Token::Text(c.to_string().into()));
        let tokens = letters.chain([Token::Eos]).collect();
        Self::build(tokens, Unit::Char).with_note("28 characters in the fixed order of text8")
    }

    /// The vocabulary of `text` read byte by byte: order of first appearance, a line break being
    /// `<eos>`. As in the published preprocessing a last line without a line break gets its
    /// `<eos>` too, so a text without any has `<eos>` last. An empty text gives no tokens.
    pub fn from_bytes_in_order(text: &[u8]) -> Self {
        let mut tally = RawTally::default();
        tally.feed(text);
        let tokens = tally.byte_tokens(tally.len());
        let note = format!("{} by first appearance", Unit::Byte.counted(tokens.len()));
        Self::build(tokens, Unit::Byte).with_note(note)
    }

    /// A vocabulary of these tokens, ids in their order.
    ///
    /// `<eos>` is the end of a line, or `</s>` where there is none. With [`Unit::Byte`] each other token is a byte written
    /// as a decimal number, as in a prepared `train.txt`, or stands for nothing, such as `<pad>`. With [`Unit::Char`] `_` stands for a space
    /// unless there is a token " " as well; tokens longer than a character (such as `<unk>`) are
    /// kept but no text encodes to them.
    ///
    /// # Errors
    /// A token given twice, an empty list, or a token that is no byte with [`Unit::Byte`].
    pub fn from_tokens(tokens: Vec<String>, unit: Unit) -> Result<Self, TextError> {
        let tokens = tokens
            .into_iter()
            .enumerate()
            .map(|(id, text)| match unit {
                _ if text == EOS => Ok(Token::Eos),
                Unit::Byte if is_bracketed(&text) => Ok(Token::Text(text.into())),
                Unit::Byte => byte_of(&text).map(Token::Byte).ok_or_else(|| {
                    TextError::Vocabulary(format!(
                        "token {id} is \"{}\", which is neither a byte as a number from 0 to 255 nor {EOS}",
                        shown(&text)
                    ))
                }),
                Unit::Char | Unit::Word | Unit::Piece => Ok(Token::Text(text.into())),
            })
            .collect::<Result<Vec<_>, _>>()?;
        Self::checked(tokens, unit)
    }

    /// Builds a vocabulary from tokens that may hold duplicates or be none at all.
    pub(super) fn checked(tokens: Vec<Token>, unit: Unit) -> Result<Self, TextError> {
        if tokens.is_empty() {
            return Err(TextError::Vocabulary("there are no tokens".into()));
        }
        if u32::try_from(tokens.len()).is_err() {
            return Err(TextError::Vocabulary("there are too many tokens".into()));
        }
        let mut seen = HashMap::with_capacity(tokens.len());
        for (id, token) in tokens.iter().enumerate() {
            if let Some(first) = seen.insert(token, id) {
                return Err(TextError::Vocabulary(format!(
                    "tokens {first} and {id} are both \"{}\"",
                    shown(&spelling(token))
                )));
            }
        }
        let note = format!("{} from a list", unit.counted(tokens.len()));
        Ok(Self::build(tokens, unit).with_note(note))
    }

    /// Builds a vocabulary from tokens known to differ from one another.
    pub(super) fn build(tokens: Vec<Token>, unit: Unit) -> Self {
        let mut direct = [None; 256];
        let mut index = HashMap::new();
        let mut eos = None;
        for (id, token) in (0u32..).zip(&tokens) {
            match token {
                Token::Byte(byte) => direct[usize::from(*byte)] = Some(id),
                Token::Eos => eos = Some(id),
                Token::Text(text) => {
                    if let ([byte @ ..=0x7f], Unit::Char) = (text.as_bytes(), unit) {
                        direct[usize::from(*byte)] = Some(id);
                    }
                    index.insert(Arc::clone(text), id);
                }
            }
        }
        let eos = eos.or_else(|| index.get(FAIRSEQ_EOS).copied());
        let newline = &mut direct[usize::from(b'\n')];
        *newline = newline.or(eos);
        let underscore = direct[usize::from(b'_')];
        let space = &mut direct[usize::from(b' ')];
        let underscore_is_space = unit == Unit::Char && space.is_none() && underscore.is_some();
        if underscore_is_space {
            *space = underscore;
        }
        Self {
            inner: Arc::new(Inner {
                unit,
                tokens,
                direct,
                index,
                eos,
                underscore_is_space,
                pieces: None,
            }),
            note: "".into(),
            special: SpecialTokens::default(),
        }
    }

    pub(super) fn build_pieces(pieces: Arc<dyn Pieces>, rows: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                unit: Unit::Piece,
                tokens: Vec::new(),
                direct: [None; 256],
                index: HashMap::new(),
                eos: None,
                underscore_is_space: false,
                pieces: Some((pieces, rows)),
            }),
            note: "".into(),
            special: SpecialTokens::default(),
        }
    }

    pub(super) fn pieces(&self) -> Option<&dyn Pieces> {
        self.inner.pieces.as_ref().map(|(pieces, _)| &**pieces)
    }

    /// The same, taking special tokens that are spelled in a text for tokens, or for text like any other. Only a tokenizer has some.
    #[must_use]
    pub fn with_special_tokens(mut self, special: SpecialTokens) -> Self {
        self.special = special;
        self
    }

    /// What it takes special tokens for.
    pub fn special_tokens(&self) -> SpecialTokens {
        self.special
    }

    pub(super) fn with_note(mut self, note: impl Into<Arc<str>>) -> Self {
        self.note = note.into();
        self
    }

    /// The number of tokens.
    pub fn len(&self) -> usize {
        match &self.inner.pieces {
            Some((_, rows)) => *rows,
            None => self.inner.tokens.len(),
        }
    }

    /// True if there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The unit of text that one token stands for.
    pub fn unit(&self) -> Unit {
        self.inner.unit
    }

    /// One line on where the vocabulary comes from and what was assumed.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The id of `<eos>`, the end of a line.
    pub fn eos(&self) -> Option<u32> {
        self.inner.eos
    }

    /// The token as a prepared `train.txt` spells it (a byte as a decimal number, a space of text8 as `_`), or `None` when there
    /// is no such id.
    pub fn token(&self, id: u32) -> Option<String> {
        match self.pieces() {
            Some(pieces) => pieces.piece(id),
            None => self.entry(id).map(spelling),
        }
    }

    /// The id of a token spelt as in a prepared `train.txt`.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        if let Some(pieces) = self.pieces() {
            return pieces.id_of(token);
        }
        if token == EOS {
            return self.inner.eos;
        }
        match self.inner.unit {
            // A line break's place in the table may hold the id of `<eos>`, which is not byte 10.
            Unit::Byte => match byte_of(token) {
                Some(byte) => {
                    let id = self.direct(byte);
                    id.filter(|id| self.entry(*id) == Some(&Token::Byte(byte)))
                }
                None => self.inner.index.get(token).copied(),
            },
            Unit::Char | Unit::Word | Unit::Piece => self.inner.index.get(token).copied(),
        }
    }

    pub(super) fn entry(&self, id: u32) -> Option<&Token> {
        self.inner.tokens.get(usize::try_from(id).ok()?)
    }

    pub(super) fn entries(&self) -> &[Token] {
        &self.inner.tokens
    }

    pub(super) fn direct(&self, byte: u8) -> Option<u32> {
        self.inner.direct[usize::from(byte)]
    }

    pub(super) fn underscore_is_space(&self) -> bool {
        self.inner.underscore_is_space
    }
}

/// The byte that a decimal number of a prepared file stands for. Only the spelling that the
/// preprocessing writes counts: no sign, no leading zero.
pub(super) fn byte_of(text: &str) -> Option<u8> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let canonical = text == "0" || !text.starts_with('0');
    (digits && canonical).then(|| text.parse().ok()).flatten()
}

fn spelling(token: &Token) -> String {
    match token {
        Token::Byte(byte) => byte.to_string(),
        Token::Eos => EOS.to_owned(),
        Token::Text(text) => text.to_string(),
    }
}
