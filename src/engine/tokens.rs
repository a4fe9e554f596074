//! A text as the model sees it, without losing the place of anything in it.

use super::open::Model;
use crate::text::Piece;
use std::ops::Range;
use std::sync::Arc;

/// A text cut into tokens.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// The text itself.
    pub text: Arc<str>,
    /// Its pieces in order, those that the vocabulary lacks included.
    pub pieces: Vec<Piece>,
    /// The known tokens: what the network runs over.
    pub ids: Vec<u32>,
    /// For every token, its piece.
    pub piece_of: Vec<u32>,
    /// Pieces that the vocabulary lacks; the network never sees them.
    pub unknown: usize,
    /// Tokens at the end that are left out, because a run over them would not fit the memory budget.
    pub left_out: usize,
}

impl Tokens {
    /// Cuts `text` into tokens, at most `limit` of them. Without a vocabulary the text is a list of token ids.
    pub fn new(model: &Model, text: Arc<str>, limit: usize) -> Self {
        let mut pieces = match &model.vocabulary {
            Some(vocabulary) => vocabulary.encode(&text),
            None => numbers(&text, model.network.config().vocab_size),
        };
        let known = pieces.iter().filter(|piece| piece.id.is_some()).count();
        if known > limit {
            let mut seen = 0;
            let end = pieces.iter().position(|piece| {
                seen += usize::from(piece.id.is_some());
                seen > limit
            });
            pieces.truncate(end.unwrap_or(pieces.len()));
        }
        let (ids, piece_of): (Vec<u32>, Vec<u32>) = pieces
            .iter()
            .enumerate()
            .filter_map(|(i, piece)| Some((piece.id?, i as u32)))
            .unzip();
        Self {
            unknown: pieces.len() - ids.len(),
            left_out: known - ids.len(),
            text,
            pieces,
            ids,
            piece_of,
        }
    }

    /// Where the token at position `token` stands in the text, in bytes.
    pub fn range(&self, token: usize) -> Option<Range<usize>> {
        let piece = *self.piece_of.get(token)?;
        Some(self.pieces.get(piece as usize)?.range.clone())
    }

    /// The token at `piece`, if the model knows it.
    pub fn token_of(&self, piece: usize) -> Option<usize> {
        self.piece_of.binary_search(&u32::try_from(piece).ok()?).ok()
    }
}

/// Token ids as people write them: numbers between spaces, commas or brackets. What is no id of the model keeps its
/// place with none.
fn numbers(text: &str, vocab_size: usize) -> Vec<Piece> {
    let apart = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '[' | ']');
    let mut pieces = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (apart(c), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                let id = text[from..at].parse().ok();
                pieces.push(Piece {
                    id: id.filter(|id: &u32| (*id as usize) < vocab_size),
                    range: from..at,
                });
                start = None;
            }
            _ => {}
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SAMPLES;

    #[test]
    fn ids_are_read_as_people_write_them() {
        let ids: Vec<Option<u32>> = numbers("[3, 12,7] x 99\n-1;0", 64).iter().map(|p| p.id).collect();
        assert_eq!(ids, [Some(3), Some(12), Some(7), None, None, None, Some(0)]);
        assert!(numbers("", 4).is_empty());
    }

    #[test]
    fn what_the_vocabulary_lacks_keeps_its_place_and_the_limit_counts_tokens() {
        let model = Model::open_sample(&SAMPLES[0]).unwrap();
        let tokens = Tokens::new(&model, "To é be".into(), 100);
        // "é" is two bytes that Shakespeare's text lacks.
        assert_eq!((tokens.ids.len(), tokens.unknown), (6, 2));
        assert_eq!(tokens.range(3), Some(5..6));
        assert_eq!((tokens.token_of(5), tokens.token_of(3)), (Some(3), None));
        let cut = Tokens::new(&model, "To é be".into(), 4);
        assert_eq!((cut.ids.len(), cut.left_out, cut.unknown), (4, 2, 2));
    }
}
