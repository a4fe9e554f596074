//! The parts of a text that an edit left as they were.

use crate::engine::Tokens;

/// The counts of pieces that are the same in both texts: at the start, and of the others at the end.
pub(super) fn unchanged(old: &Tokens, new: &Tokens) -> (usize, usize) {
    let (a, b) = (old.bytes(), new.bytes());
    let shared = common(a, b);
    let before = old
        .pieces
        .iter()
        .zip(&new.pieces)
        .take_while(|(a, b)| a == b && a.range.end <= shared)
        .count();
    let shared = common_end(a, b);
    let after = old.pieces[before..]
        .iter()
        .rev()
        .zip(new.pieces[before..].iter().rev())
        .take_while(|(p, q)| {
            p.id == q.id
                && a.len() - p.range.start == b.len() - q.range.start
                && a.len() - p.range.end == b.len() - q.range.end
                && a.len() - p.range.start <= shared
        })
        .count();
    (before, after)
}

/// Bytes compared at once: texts are mostly the same for long.
const CHUNK: usize = 256;

/// Length of the common start of two texts.
fn common(a: &[u8], b: &[u8]) -> usize {
    let pairs = || a.chunks(CHUNK).zip(b.chunks(CHUNK));
    let at = CHUNK * pairs().take_while(|(a, b)| a == b).count();
    let at = at.min(a.len()).min(b.len());
    let rest = a[at..].iter().zip(&b[at..]);
    at + rest.take_while(|(a, b)| a == b).count()
}

/// Length of the common end of two texts.
fn common_end(a: &[u8], b: &[u8]) -> usize {
    let pairs = || a.rchunks(CHUNK).zip(b.rchunks(CHUNK));
    let at = CHUNK * pairs().take_while(|(a, b)| a == b).count();
    let at = at.min(a.len()).min(b.len());
    let rest = a[..a.len() - at].iter().rev();
    let pairs = rest.zip(b[..b.len() - at].iter().rev());
    at + pairs.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_ends_of_texts() {
        let long = "abc".repeat(500);
        let other = format!("{long}x{long}");
        assert_eq!(common(long.as_bytes(), other.as_bytes()), 1500);
        assert_eq!(common_end(long.as_bytes(), other.as_bytes()), 1500);
        assert_eq!(common(b"abcd", b"abxd"), 2);
        assert_eq!(common_end(b"abcd", b"xbcd"), 3);
        assert_eq!(common(b"", b"a"), 0);
    }
}
