//! A part of a text replaced.

use crate::text::{character_at, stood_for};
use std::ops::Range;

/// The place at `at` or after it where a character of `bytes` begins.
pub fn edge(bytes: &[u8], at: usize) -> usize {
    match character_at(bytes, at) {
        Some((_, whole)) if whole.start < at => whole.end,
        _ => at.min(bytes.len()),
    }
}

/// `old` with `text` in the place of a range of the text's own bytes ([`crate::text::to_bytes`]); the range begins and
/// ends where a character begins, or with the next one.
pub fn splice(old: &str, range: Range<usize>, text: &str) -> String {
    let edge = |at: usize| {
        let mut bytes = 0;
        let mut starts = old.char_indices().map(|(place, c)| {
            let before = bytes;
            // A character that stands for a byte that is no UTF-8 is one byte of the text.
            bytes += stood_for(c).map_or(c.len_utf8(), |_| 1);
            (place, before)
        });
        let start = starts.find(|(_, before)| *before >= at);
        start.map_or(old.len(), |(place, _)| place)
    };
    let (from, to) = (edge(range.start), edge(range.end.max(range.start)));
    [&old[..from], text, &old[to..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_replaced_by_whole_characters() {
        assert_eq!(splice("a€b", 1..4, "c"), "acb");
        assert_eq!(splice("a€b", 2..3, "c"), "a€cb");
        assert_eq!(splice("a€cb", 90..95, "d"), "a€cbd");
        for at in 0..8 {
            let expected = splice("a€cb", at..at, "|").find('|').unwrap();
            assert_eq!(edge("a€cb".as_bytes(), at), expected, "{at}");
        }
        // Two bytes that are no UTF-8, each of which a character stands for.
        let broken = crate::text::to_text(vec![b'a', 0xE4, 0xFF, b'b']);
        let replaced = splice(&broken, 2..3, "c");
        assert_eq!(&*crate::text::to_bytes(&replaced), b"a\xE4cb");
    }
}
