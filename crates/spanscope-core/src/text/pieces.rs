//! Vocabularies of pieces: those of tokenizers that cut words into parts. Which pieces a text becomes depends on all of it, so
//! they are no list of tokens but a program, given from elsewhere.

use super::encode::Piece;
use super::vocabulary::Vocabulary;
use std::fmt;
use std::sync::Arc;

/// The treatment of special tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpecialTokens {
    /// The text begins with the tokens that the model wants there, such as BOS.
    pub begin: bool,
    /// A special token that is spelled in the text is that token; otherwise it is text like any other.
    pub in_text: bool,
}

impl Default for SpecialTokens {
    /// As models want it: both.
    fn default() -> Self {
        Self {
            begin: true,
            in_text: true,
        }
    }
}

/// A tokenizer whose tokens are parts of words.
pub trait Pieces: fmt::Debug + Send + Sync {
    /// Cuts a text from byte `start` on into tokens, each with its bytes of the text: `start` is 0 or a place that
    /// [`safe_cut`](Self::safe_cut) gave. `go_on` is asked now and then, and once it says no there are none.
    ///
    /// # Errors
    /// In words, with the way out.
    fn encode(
        &self,
        text: &[u8],
        start: usize,
        special: SpecialTokens,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Piece>, String>;

    /// A place from which on a text must be cut anew when it changes at byte `from` or later: the tokens before it stay what they
    /// are, whatever follows.
    fn safe_cut(&self, text: &[u8], from: usize) -> usize;

    /// The bytes that a token stands for; `None` for an id without a token.
    fn bytes(&self, id: u32) -> Option<Vec<u8>>;

    /// The bytes that a token adds to a text after another.
    fn decode_after(&self, last: Option<u32>, id: u32) -> Vec<u8>;

    /// A short visible name.
    fn label(&self, id: u32) -> String;

    /// The piece as files write it.
    fn piece(&self, id: u32) -> Option<String>;

    /// The token of a piece as files write it.
    fn id_of(&self, piece: &str) -> Option<u32>;

    /// True if it stands for no text, such as the token that a text begins with.
    fn is_special(&self, id: u32) -> bool;
}

impl Vocabulary {
    /// The vocabulary of a tokenizer, for a model with embeddings of `rows` tokens; `note` says where it is from.
    pub fn of_pieces(pieces: Arc<dyn Pieces>, rows: usize, note: &str) -> Self {
        Self::build_pieces(pieces, rows).with_note(note)
    }

    /// The pieces of a whole text, where they are parts of words; `None` for other vocabularies. Elsewhere a text may be cut at white
    /// space before its tokens are made, not here.
    ///
    /// # Errors
    /// As [`Pieces::encode`].
    pub fn encode_whole(
        &self,
        text: &[u8],
        go_on: &dyn Fn() -> bool,
    ) -> Option<Result<Vec<Piece>, String>> {
        Some(self.pieces()?.encode(text, 0, self.special_tokens(), go_on))
    }

    /// As [`encode_whole`](Self::encode_whole), of a text that begins as `before` does, whose pieces are `known`: only what an
    /// edit may have changed is cut anew.
    ///
    /// # Errors
    /// As [`Pieces::encode`].
    pub fn encode_again(
        &self,
        text: &[u8],
        (before, known): (&[u8], &[Piece]),
        go_on: &dyn Fn() -> bool,
    ) -> Option<Result<Vec<Piece>, String>> {
        let of = self.pieces()?;
        let same = before.iter().zip(text).take_while(|(a, b)| a == b).count();
        let cut = of.safe_cut(text, same);
        let mut pieces: Vec<Piece> = match cut {
            0 => Vec::new(),
            _ => {
                let kept = known.iter().take_while(|piece| piece.range.end <= cut);
                kept.cloned().collect()
            }
        };
        // What begins there and stands for nothing belongs to what follows.
        while pieces.last().is_some_and(|last| last.range == (cut..cut)) {
            pieces.pop();
        }
        let rest = of.encode(text, cut, self.special_tokens(), go_on);
        Some(rest.map(|rest| {
            pieces.extend(rest);
            pieces
        }))
    }

    /// True if a token stands for no text.
    pub fn is_special(&self, id: u32) -> bool {
        self.pieces().is_some_and(|pieces| pieces.is_special(id))
    }
}

#[cfg(feature = "tokenizers")]
impl Pieces for super::tokenizer::Tokenizer {
    fn encode(
        &self,
        text: &[u8],
        start: usize,
        special: SpecialTokens,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Piece>, String> {
        let pieces = self.encode_from(text, start, special, go_on);
        let pieces = pieces.map_err(|error| error.to_string())?;
        let pieces = pieces.into_iter().map(|piece| Piece {
            id: Some(piece.id),
            range: piece.bytes,
        });
        Ok(pieces.collect())
    }

    fn safe_cut(&self, text: &[u8], from: usize) -> usize {
        self.safe_cut(text, from)
    }

    fn bytes(&self, id: u32) -> Option<Vec<u8>> {
        self.piece_bytes(id)
    }

    fn decode_after(&self, last: Option<u32>, id: u32) -> Vec<u8> {
        self.decode_after(last, id)
    }

    fn label(&self, id: u32) -> String {
        self.label(id)
    }

    fn piece(&self, id: u32) -> Option<String> {
        self.piece(id).map(Into::into)
    }

    fn id_of(&self, piece: &str) -> Option<u32> {
        self.id_of(piece)
    }

    fn is_special(&self, id: u32) -> bool {
        self.is_special(id)
    }
}
