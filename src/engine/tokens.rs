//! A text as the model sees it, without losing the place of anything in it.

use super::open::Model;
use crate::model::Cancel;
use crate::text::Piece;
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
    /// Bytes at the end that are left out, because there are more pieces than a window can show.
    pub left_out: usize,
}

/// Bytes cut into pieces between two looks at whether they are still wanted.
const CHUNK: usize = 1 << 16;

impl Tokens {
    /// Cuts `text` into pieces, at most `limit` of them; `None` on cancellation. Without a vocabulary the text is a
    /// list of token ids.
    pub fn new(model: &Model, text: Arc<str>, limit: usize, cancel: &Cancel) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut from = 0;
        while from < text.len() && pieces.len() < limit {
            if cancel.is_cancelled() {
                return None;
            }
            let to = chunk_end(&text, from);
            let chunk = &text[from..to];
            let cut = match &model.vocabulary {
                Some(vocabulary) => vocabulary.encode(chunk),
                None => numbers(chunk, model.network.config().vocab_size),
            };
            pieces.extend(cut.into_iter().map(|piece| Piece {
                range: piece.range.start + from..piece.range.end + from,
                ..piece
            }));
            from = to;
        }
        if pieces.len() > limit {
            pieces.truncate(limit);
            from = pieces.last().map_or(0, |piece| piece.range.end);
        }
        let (ids, piece_of): (Vec<u32>, Vec<u32>) = pieces
            .iter()
            .enumerate()
            .filter_map(|(i, piece)| Some((piece.id?, i as u32)))
            .unzip();
        Some(Self {
            unknown: pieces.len() - ids.len(),
            left_out: text.len() - from,
            text,
            pieces,
            ids,
            piece_of,
        })
    }

    /// The token at `piece`, if the model knows it.
    pub fn token_of(&self, piece: usize) -> Option<usize> {
        self.piece_of
            .binary_search(&u32::try_from(piece).ok()?)
            .ok()
    }
}

/// Where a chunk that begins at `from` may end: at white space, so that no word is cut, unless there is none for long.
fn chunk_end(text: &str, from: usize) -> usize {
    let mut least = (from + CHUNK).min(text.len());
    while !text.is_char_boundary(least) {
        least += 1;
    }
    let rest = &text[least..];
    let space = rest
        .char_indices()
        .take(CHUNK)
        .find(|(_, c)| c.is_whitespace())
        .map(|(at, c)| at + c.len_utf8());
    let mut end = least + space.unwrap_or(0);
    // "\r\n" is one line break.
    if text[..end].ends_with('\r') && text[end..].starts_with('\n') {
        end += 1;
    }
    end
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
        let ids: Vec<Option<u32>> = numbers("[3, 12,7] x 99\n-1;0", 64)
            .iter()
            .map(|p| p.id)
            .collect();
        assert_eq!(ids, [Some(3), Some(12), Some(7), None, None, None, Some(0)]);
        assert!(numbers("", 4).is_empty());
    }

    fn cut(text: &str, limit: usize) -> Tokens {
        let model = Model::open_sample(&SAMPLES[0]).unwrap();
        Tokens::new(&model, text.into(), limit, &Cancel::default()).unwrap()
    }

    #[test]
    fn what_the_vocabulary_lacks_keeps_its_place() {
        let tokens = cut("To é be", 100);
        // "é" is two bytes that Shakespeare's text lacks.
        assert_eq!((tokens.ids.len(), tokens.unknown), (6, 2));
        assert_eq!(tokens.pieces[tokens.piece_of[3] as usize].range, 5..6);
        assert_eq!((tokens.token_of(5), tokens.token_of(3)), (Some(3), None));
    }

    #[test]
    fn the_limit_counts_pieces_known_or_not() {
        let tokens = cut("To é be", 4);
        assert_eq!(
            (tokens.ids.len(), tokens.unknown, tokens.left_out),
            (3, 1, 4)
        );
        assert_eq!(cut("éééé", 0).left_out, 8);
    }

    #[test]
    fn chunks_leave_no_trace() {
        let text = "né\r\n to be ".repeat(3 * CHUNK / 11);
        let tokens = cut(&text, usize::MAX);
        let whole = Model::open_sample(&SAMPLES[0])
            .unwrap()
            .vocabulary
            .unwrap()
            .encode(&text);
        assert_eq!(tokens.pieces, whole);
        assert_eq!(tokens.left_out, 0);
        let cancel = Cancel::default();
        cancel.cancel();
        let model = Model::open_sample(&SAMPLES[0]).unwrap();
        assert!(Tokens::new(&model, "a".into(), 9, &cancel).is_none());
    }
}
