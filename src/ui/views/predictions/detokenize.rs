//! A continuation as text, token by token.

use crate::engine::{Generated, LoadedModel, SampledToken};
use crate::mixer;
use crate::text::Vocabulary;

/// The text of each token drawn: a character that several share belongs to the one that completes it.
pub fn pieces(model: &LoadedModel, last: Option<u32>, drawn: &[SampledToken]) -> Vec<String> {
    let Some(vocabulary) = &model.vocabulary else {
        return drawn.iter().map(|drawn| format!(" {}", drawn.id)).collect();
    };
    let mut texts = Vec::with_capacity(drawn.len());
    let (mut last, mut pending) = (last, Vec::new());
    for drawn in drawn {
        texts.push(text(vocabulary, last, drawn.id, &mut pending));
        last = Some(drawn.id);
    }
    texts
}

/// The text that is complete after `id`; the bytes of a character that is not stay in `pending`.
fn text(vocabulary: &Vocabulary, last: Option<u32>, id: u32, pending: &mut Vec<u8>) -> String {
    pending.extend(vocabulary.decode_after(last, id));
    let bytes = std::mem::take(pending);
    let mut text = String::new();
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text.push_str(chunk.valid());
        let invalid = chunk.invalid();
        let unfinished = std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none());
        if chunks.peek().is_none() && unfinished {
            pending.extend(invalid);
        } else if !invalid.is_empty() {
            text.push('\u{fffd}');
        }
    }
    text
}

/// Bits of surprise over a whole continuation, per token.
pub fn bits_per_token(continued: &Generated) -> Option<f32> {
    let count = continued.drawn.len();
    let nats: f32 = continued.drawn.iter().map(|drawn| -drawn.log_p).sum();
    (count > 0).then(|| crate::analysis::bits(nats) / count as f32)
}

/// A text to stop at as it was typed: `\n` is a line break, `\t` a tab, `\\` a backslash.
pub fn unescaped(typed: &str) -> String {
    let mut out = String::with_capacity(typed.len());
    let mut chars = typed.chars();
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some(next @ ('n' | 't' | '\\'))) => {
                chars.next();
                out.push(match next {
                    'n' => '\n',
                    't' => '\t',
                    other => other,
                });
            }
            _ => out.push(c),
        }
    }
    out
}

/// Another seed, far from the last one in no way that one could guess, and short enough to be written down.
pub fn next_seed(seed: u64) -> u64 {
    mixer::mix(seed.wrapping_add(mixer::STEP)) % 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SAMPLES;

    #[test]
    fn a_character_of_several_tokens_belongs_to_the_last() {
        let vocabulary = Vocabulary::from_bytes_in_order("a€\u{7ff}".as_bytes());
        let mut pending = Vec::new();
        let ids = vocabulary.encode_ids("a€a".as_bytes());
        let mut texts = Vec::new();
        for id in ids.iter().flatten() {
            texts.push(text(&vocabulary, None, *id, &mut pending));
        }
        assert_eq!(texts, ["a", "", "", "€", "a"]);
        assert!(pending.is_empty());
        // A byte that begins nothing, and one that is cut off by another character.
        let id = |byte: u8| vocabulary.id_of(&byte.to_string()).unwrap();
        assert_eq!(text(&vocabulary, None, id(0x82), &mut pending), "\u{fffd}");
        assert_eq!(text(&vocabulary, None, id(0xe2), &mut pending), "");
        assert_eq!(text(&vocabulary, None, id(b'a'), &mut pending), "\u{fffd}a");
    }

    #[test]
    fn the_pieces_are_the_text() {
        let model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
        let ids = model.prepare(b"To be, or not").unwrap().ids;
        let drawn = ids.iter().map(|id| SampledToken {
            id: *id,
            log_p: -1.0,
        });
        let drawn: Vec<SampledToken> = drawn.collect();
        assert_eq!(pieces(&model, None, &drawn).concat(), "To be, or not");
        let mut bare = model;
        bare.vocabulary = None;
        assert_eq!(pieces(&bare, None, &drawn[..1]), [format!(" {}", ids[0])]);
    }

    #[test]
    fn escapes_in_a_text_to_stop_at() {
        assert_eq!(unescaped(r"a\nb\t\\n\x\"), "a\nb\t\\n\\x\\");
        assert_eq!(unescaped(""), "");
    }

    #[test]
    fn seeds_differ() {
        let seeds: std::collections::BTreeSet<u64> =
            std::iter::successors(Some(0), |seed| Some(next_seed(*seed)))
                .take(100)
                .collect();
        assert!(seeds.len() > 95);
    }
}
