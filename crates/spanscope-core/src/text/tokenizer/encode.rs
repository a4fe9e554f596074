//! Text to tokens.

use super::super::pieces::SpecialTokens;
use super::added::Look;
use super::error::{TokenizerError, Trouble};
use super::normal::most;
use super::parts::{Tokenizer, Written};
use super::pattern::GoOn;
use super::placed::Placed;
use super::stages::{Start, apply};
use std::ops::Range;

/// The bytes of a text that are worked on at a time, where it can be cut there: the memory a text takes on its way is many times
/// its length.
const CHUNK: usize = 64 << 10;

/// One token of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The token.
    pub id: u32,
    /// The bytes of the text that it stands for: empty for what was put in, such as BOS. Ranges may cut characters in two, and leave
    /// bytes out; where a normalizer changed a character, all tokens of that character have the whole of it.
    pub bytes: Range<usize>,
}

/// The parts that a text is cut into before tokens are made of it.
pub(super) enum Part<'a> {
    /// A token already.
    Token(u32, Range<usize>),
    /// A byte that is no UTF-8.
    Byte(u8, usize),
    /// A part for the model: what it sees of it, and which bytes that comes from.
    Text(&'a Placed, Range<usize>, usize),
}

impl Tokenizer {
    /// Cuts `text` into tokens, in order.
    ///
    /// # Errors
    /// [`TokenizerError::Text`], in words with the way out: a pattern that takes too long on this text, something that the vocabulary
    /// lacks, or a token beyond [`Tokenizer::with_rows`].
    pub fn encode(
        &self,
        text: &[u8],
        special: SpecialTokens,
    ) -> Result<Vec<Piece>, TokenizerError> {
        self.encode_from(text, 0, special, &|| true)
    }

    /// As [`Tokenizer::encode`], from byte `start` on, which is 0 or one that [`Tokenizer::safe_cut`] gave: the tokens are those that
    /// the whole text has from there on. `go_on` is asked again and again, at least once per match of a pattern.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`], and [`TokenizerError::Stopped`] once `go_on` says no.
    pub fn encode_from(
        &self,
        text: &[u8],
        start: usize,
        special: SpecialTokens,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Piece>, TokenizerError> {
        let mut pieces = Vec::new();
        if start == 0 && special.begin {
            pieces.extend(self.prefix.iter().map(|id| Piece {
                id: *id,
                bytes: 0..0,
            }));
        }
        let mut at = start.min(text.len());
        while at < text.len() {
            let end = self.chunk_end(text, at);
            self.encode_part(text, at..end, special, go_on, &mut pieces)
                .map_err(|trouble| trouble.of(&self.path))?;
            at = end;
        }
        let beyond = self
            .rows
            .and_then(|rows| pieces.iter().find(|p| p.id as usize >= rows));
        match beyond {
            None => Ok(pieces),
            Some(piece) => Err(Trouble::Words(format!(
                "its token {} ({}) is beyond the model's {} tokens. Pass the tokenizer of this model",
                piece.id,
                self.label(piece.id),
                self.rows.unwrap_or_default()
            ))
            .of(&self.path)),
        }
    }

    /// The end of what is worked on from `at` on.
    fn chunk_end(&self, text: &[u8], at: usize) -> usize {
        let mut size = CHUNK;
        while text.len() - at > size {
            let cut = self.cut_within(text, at, at + size);
            if cut > at {
                return cut;
            }
            size = size.saturating_mul(2);
        }
        text.len()
    }

    fn encode_part(
        &self,
        text: &[u8],
        range: Range<usize>,
        special: SpecialTokens,
        go_on: GoOn<'_>,
        pieces: &mut Vec<Piece>,
    ) -> Result<(), Trouble> {
        let byte_level = self.written == Written::ByteLevel;
        self.each_part(text, range, special.in_text, go_on, &mut |part| {
            match part {
                Part::Token(id, bytes) => pieces.push(Piece { id, bytes }),
                Part::Byte(byte, at) => {
                    let id = self.model.byte(byte, byte_level);
                    pieces.extend(id.map(|id| Piece {
                        id,
                        bytes: at..at + 1,
                    }));
                }
                Part::Text(placed, part, base) => {
                    if !go_on() {
                        return Err(Trouble::Stopped);
                    }
                    let inside = placed.text.get(part.clone()).unwrap_or_default();
                    let add = &mut |id, bytes: Range<usize>| {
                        let place =
                            placed.place(&(part.start + bytes.start..part.start + bytes.end));
                        let bytes = base + place.0 as usize..base + place.1 as usize;
                        pieces.push(Piece { id, bytes });
                    };
                    self.model.tokens(inside, add).map_err(Trouble::Words)?;
                }
            }
            Ok(())
        })
    }

    /// Takes a part of a text through all that comes before the model.
    pub(super) fn each_part(
        &self,
        text: &[u8],
        range: Range<usize>,
        special: bool,
        go_on: GoOn<'_>,
        with: &mut dyn FnMut(Part<'_>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let inside = text.get(range.clone()).unwrap_or_default();
        if u32::try_from(inside.len()).is_err() {
            let words = "it has 4 GB or more and no place where it can be cut. Pass a part of it";
            return Err(Trouble::Words(words.into()));
        }
        let mut at = range.start;
        let mut fresh = at == 0;
        for chunk in inside.utf8_chunks() {
            let valid = chunk.valid();
            for (found, token) in self.find_added(valid, Look::Raw, special) {
                let start = at + found.start;
                match token {
                    Some(id) => with(Part::Token(id, start..at + found.end))?,
                    None => {
                        let inside = valid.get(found).unwrap_or_default();
                        self.each_part_between(inside, start, fresh, special, go_on, with)?;
                    }
                }
                fresh = token.is_some();
            }
            at += valid.len();
            for byte in chunk.invalid() {
                with(Part::Byte(*byte, at))?;
                at += 1;
                fresh = false;
            }
        }
        Ok(())
    }

    /// A part that no token is cut out of as it stands.
    fn each_part_between(
        &self,
        text: &str,
        base: usize,
        mut fresh: bool,
        special: bool,
        go_on: GoOn<'_>,
        with: &mut dyn FnMut(Part<'_>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let mut placed = Placed::of(text, 0);
        for normal in &self.normals {
            placed = normal.apply(placed, fresh, most(text.len()), go_on)?;
        }
        let mut first = base == 0;
        for (found, token) in self.find_added(&placed.text, Look::Normalized, special) {
            let place = placed.place(&found);
            match token {
                Some(id) => with(Part::Token(
                    id,
                    base + place.0 as usize..base + place.1 as usize,
                ))?,
                None => {
                    let mut part = Placed::with_capacity(found.len());
                    part.push_part(&placed, found);
                    let (part, ranges) = apply(&self.stages, part, Start { first, fresh }, go_on)?;
                    for range in ranges {
                        with(Part::Text(&part, range, base))?;
                    }
                }
            }
            (first, fresh) = (false, true);
        }
        Ok(())
    }
}
