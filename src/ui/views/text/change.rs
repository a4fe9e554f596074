//! The parts of a text that an edit left as they were.

use super::shown::{Kind, Shown};

/// The counts of parts that stand the same in both texts: at the start, and of the others at the end.
pub(super) fn unchanged(old: &Shown, new: &Shown) -> (usize, usize) {
    let (a, b) = (old.bytes(), new.bytes());
    // What a part is to the model changes no form, but for a line break of a model of words.
    let same_form = |p: usize, q: usize| {
        old.bytes_of(p) != b"\r"
            || matches!(old.kind(p), Kind::Token(_)) == matches!(new.kind(q), Kind::Token(_))
    };
    let shared = common(a, b);
    let most = old.len().min(new.len());
    let before = (0..most)
        .take_while(|part| {
            let range = old.range(*part);
            range == new.range(*part) && range.end <= shared && same_form(*part, *part)
        })
        .count();
    let shared = common_end(a, b);
    let after = (1..=most - before)
        .take_while(|i| {
            let (p, q) = (old.range(old.len() - i), new.range(new.len() - i));
            a.len() - p.start == b.len() - q.start
                && a.len() - p.end == b.len() - q.end
                && a.len() - p.start <= shared
                && same_form(old.len() - i, new.len() - i)
        })
        .count();
    (before, after)
}

/// Bytes compared at once: texts are mostly the same for long.
const CHUNK: usize = 256;

/// Length of the common start of two texts.
pub(super) fn common(a: &[u8], b: &[u8]) -> usize {
    let pairs = || a.chunks(CHUNK).zip(b.chunks(CHUNK));
    let at = CHUNK * pairs().take_while(|(a, b)| a == b).count();
    let at = at.min(a.len()).min(b.len());
    let rest = a[at..].iter().zip(&b[at..]);
    at + rest.take_while(|(a, b)| a == b).count()
}

/// Length of the common end of two texts.
pub(super) fn common_end(a: &[u8], b: &[u8]) -> usize {
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
