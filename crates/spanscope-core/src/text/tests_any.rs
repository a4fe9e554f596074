//! Properties of reading corpora: any text, cut anywhere, against its prepared file.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::raw::RawTally;
use super::tests_files::{Files, prepared, words};
use super::{Unit, Vocabulary};

/// Text of few different bytes, so that splits fall in all places.
fn small_text() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"ab  \n\r\t\xc3\xa9".to_vec()), 0..40)
}

proptest! {
    #[test]
    fn chunks_do_not_matter(text in small_text(), chunk in 1usize..8, by_count: bool) {
        prop_assert_eq!(words(&text, chunk, by_count), words(&text, 1000, by_count));
        let mut tally = RawTally::default();
        let mut whole = RawTally::default();
        whole.feed(&text);
        text.chunks(chunk).for_each(|part| tally.feed(part));
        prop_assert_eq!(tally.is_text8(), whole.is_text8());
        for end in 0..=text.len() as u64 {
            prop_assert_eq!(tally.byte_tokens(end), whole.byte_tokens(end));
            prop_assert_eq!(tally.text8_tokens(end), whole.text8_tokens(end));
        }
        prop_assert_eq!(tally.byte_tokens_by_count(), whole.byte_tokens_by_count());
        prop_assert_eq!(tally.text8_tokens_by_count(), whole.text8_tokens_by_count());
    }

    #[test]
    fn any_part_of_a_raw_text_equals_its_prepared_file(text in small_text(), end in 0usize..40) {
        let part = &text[..end.min(text.len())];
        let mut tally = RawTally::default();
        tally.feed(&text);
        let raw = Vocabulary::build(tally.byte_tokens(part.len() as u64), Unit::Byte);
        prop_assert_eq!(&raw, &Vocabulary::from_bytes_in_order(part));
        let tokens: Vec<String> = (0..raw.len() as u32).map(|id| raw.token(id).unwrap()).collect();
        prop_assert_eq!(tokens, words(prepared(part).as_bytes(), 7, false));
    }

    #[test]
    fn any_part_of_a_text8_equals_its_prepared_file(text in "[a-c ]{1,30}", end in 1usize..30) {
        let part = &text[..end.min(text.len())];
        prop_assume!(!part.trim().is_empty());
        let mut tally = RawTally::default();
        tally.feed(text.as_bytes());
        let raw = Vocabulary::build(tally.text8_tokens(part.len() as u64), Unit::Char);
        let spaced: Vec<String> = part.trim().chars().map(|c| c.to_string().replace(' ', "_")).collect();
        let tokens: Vec<String> = (0..raw.len() as u32).map(|id| raw.token(id).unwrap()).collect();
        prop_assert_eq!(tokens, words(spaced.join(" ").as_bytes(), 5, false));
    }

    #[test]
    fn any_file_is_a_vocabulary_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..60), size in 0usize..30, by_count: bool) {
        let files = Files::new();
        for start in [&b""[..], b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"{\"a\":"] {
            let path = files.put("any", [start, &bytes].concat());
            if let Ok(vocabulary) = Vocabulary::from_file(path, size, by_count) {
                prop_assert_eq!(vocabulary.len(), size);
            }
        }
    }
}
