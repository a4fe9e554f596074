//! SentencePiece's way of making tokens: neighbours are joined, the pair whose joined piece has the highest score first.

use super::bytes::fallback_piece;
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::ops::Range;

/// Pieces with their scores.
#[derive(Debug, Default)]
pub(super) struct Merger {
    /// Only what texts are made of: no control tokens, no bytes.
    pieces: HashMap<Box<str>, (u32, f32)>,
    /// The longest of them, in bytes.
    longest: usize,
    /// The tokens that stand for single bytes.
    bytes: Vec<Option<u32>>,
    unknown: Option<u32>,
}

/// A piece of the text so far, and its neighbours.
struct Symbol {
    range: Range<usize>,
    before: Option<usize>,
    after: Option<usize>,
}

/// A pair that may be joined.
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    /// Bytes of both: of another length, one of them has been joined to something else since.
    length: usize,
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        // Of the same score, the leftmost.
        let by_score = self.score.total_cmp(&other.score);
        by_score.then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

impl Merger {
    /// `pieces` with their ids and scores; `id_of` finds the tokens `<0x00>` to `<0xFF>`.
    pub(super) fn new<'a>(
        pieces: impl Iterator<Item = (&'a str, u32, f32)>,
        id_of: impl Fn(&str) -> Option<u32>,
        unknown: Option<u32>,
    ) -> Self {
        let mut merger = Self {
            bytes: (0..=255).map(|b| id_of(&fallback_piece(b))).collect(),
            unknown,
            ..Self::default()
        };
        for (piece, id, score) in pieces {
            merger.longest = merger.longest.max(piece.len());
            // Of two of a name the first, as llama.cpp has it.
            merger.pieces.entry(piece.into()).or_insert((id, score));
        }
        merger
    }

    /// True if a character becomes tokens of its own kind: a piece, or its bytes.
    pub(super) fn knows(&self, c: &str) -> bool {
        self.pieces.contains_key(c) || c.bytes().all(|b| self.byte(b).is_some())
    }

    /// The token for what is no piece and has no bytes.
    pub(super) fn unknown(&self) -> Option<u32> {
        self.unknown
    }

    /// The token that stands for a byte.
    pub(super) fn byte(&self, byte: u8) -> Option<u32> {
        self.bytes.get(usize::from(byte)).copied().flatten()
    }

    /// The tokens of a text, in which spaces are U+2581 already.
    pub(super) fn tokens(&self, text: &str, add: &mut dyn FnMut(u32, Range<usize>)) {
        let mut symbols: Vec<Symbol> = Vec::with_capacity(text.len());
        for (at, c) in text.char_indices() {
            let i = symbols.len();
            symbols.push(Symbol {
                range: at..at + c.len_utf8(),
                before: i.checked_sub(1),
                after: Some(i + 1),
            });
        }
        if let Some(last) = symbols.last_mut() {
            last.after = None;
        }
        let mut pairs = BinaryHeap::new();
        for right in 1..symbols.len() {
            pairs.extend(self.pair(text, &symbols, right - 1, right));
        }
        while let Some(pair) = pairs.pop() {
            let (left, right) = (&symbols[pair.left].range, &symbols[pair.right].range);
            let is_whole = left.end == right.start
                && !left.is_empty()
                && !right.is_empty()
                && right.end - left.start == pair.length;
            if !is_whole {
                continue;
            }
            let end = right.end;
            let after = symbols[pair.right].after;
            symbols[pair.right].range = end..end;
            symbols[pair.left].range.end = end;
            symbols[pair.left].after = after;
            if let Some(after) = after {
                symbols[after].before = Some(pair.left);
                pairs.extend(self.pair(text, &symbols, pair.left, after));
            }
            if let Some(before) = symbols[pair.left].before {
                pairs.extend(self.pair(text, &symbols, before, pair.left));
            }
        }
        self.unknown_runs(text, &symbols, add);
    }

    fn pair(&self, text: &str, symbols: &[Symbol], left: usize, right: usize) -> Option<Pair> {
        let range = symbols[left].range.start..symbols[right].range.end;
        let length = range.len();
        if length > self.longest {
            return None;
        }
        let (_, score) = self.pieces.get(text.get(range)?)?;
        Some(Pair {
            score: *score,
            left,
            right,
            length,
        })
    }

    /// Pieces by their names, the rest as bytes; where there are no tokens for those, one unknown token for each run.
    fn unknown_runs(&self, text: &str, symbols: &[Symbol], add: &mut dyn FnMut(u32, Range<usize>)) {
        let mut run: Option<Range<usize>> = None;
        for symbol in symbols.iter().filter(|symbol| !symbol.range.is_empty()) {
            let range = symbol.range.clone();
            let piece = text.get(range.clone()).unwrap_or_default();
            let id = self.pieces.get(piece).map(|(id, _)| *id);
            if id.is_none() && !self.knows(piece) {
                run = Some(run.map_or(range.start, |run| run.start)..range.end);
                continue;
            }
            if let (Some(run), Some(unknown)) = (run.take(), self.unknown) {
                add(unknown, run);
            }
            if let Some(id) = id {
                add(id, range);
                continue;
            }
            for (at, byte) in range.zip(piece.bytes()) {
                if let Some(id) = self.byte(byte) {
                    add(id, at..at + 1);
                }
            }
        }
        if let (Some(run), Some(unknown)) = (run, self.unknown) {
            add(unknown, run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(merger: &Merger, text: &str) -> Vec<(u32, Range<usize>)> {
        let mut tokens = Vec::new();
        merger.tokens(text, &mut |id, range| tokens.push((id, range)));
        tokens
    }

    #[test]
    fn the_highest_score_is_joined_first_and_the_leftmost_of_equals() {
        let pieces = [
            ("a", 0, -9.0),
            ("b", 1, -9.0),
            ("aa", 2, -1.0),
            ("ab", 3, -2.0),
            ("aaa", 4, -3.0),
        ];
        let merger = Merger::new(pieces.into_iter(), |_| None, Some(9));
        assert_eq!(cut(&merger, "aab"), [(2, 0..2), (1, 2..3)]);
        assert_eq!(cut(&merger, "aaaaa"), [(2, 0..2), (4, 2..5)]);
        assert_eq!(cut(&merger, "bxyab"), [(1, 0..1), (9, 1..3), (3, 3..5)]);
        assert_eq!(cut(&merger, ""), []);
    }

    #[test]
    fn what_is_no_piece_becomes_bytes() {
        let pieces = [("a", 0, -1.0)];
        let merger = Merger::new(
            pieces.into_iter(),
            |piece| super::super::bytes::fallback_byte(piece).map(|b| 100 + u32::from(b)),
            None,
        );
        assert_eq!(cut(&merger, "aé"), [(0, 0..1), (295, 1..2), (269, 2..3)]);
    }

    #[test]
    fn a_long_text_takes_no_quadratic_time() {
        let pieces = [("a", 0, -9.0), ("aa", 1, -1.0), ("aaaa", 2, -2.0)];
        let merger = Merger::new(pieces.into_iter(), |_| None, None);
        let text = "a".repeat(400_000);
        assert_eq!(cut(&merger, &text).len(), 100_000);
    }
}
