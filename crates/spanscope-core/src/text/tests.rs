//! Tests of vocabularies and tokenising, on inline data.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use serde_json::json;

use super::{Piece, TextError, Unit, Vocabulary, to_text, visible};

fn tokens(vocabulary: &Vocabulary) -> Vec<String> {
    (0..vocabulary.len() as u32)
        .map(|id| vocabulary.token(id).unwrap())
        .collect()
}

fn list(tokens: &[&str], unit: Unit) -> Vocabulary {
    Vocabulary::from_tokens(tokens.iter().map(|t| t.to_string()).collect(), unit).unwrap()
}

fn piece(id: impl Into<Option<u32>>, range: std::ops::Range<usize>) -> Piece {
    Piece {
        id: id.into(),
        range,
    }
}

#[test]
fn text8_has_its_published_order() {
    let text8 = Vocabulary::text8();
    let order = "a n r c h i s m _ o g t e d f b u l y w k v p j z q x <eos>";
    assert_eq!(tokens(&text8).join(" "), order);
    assert_eq!((text8.len(), text8.unit()), (28, Unit::Char));
    assert_eq!(text8.eos(), Some(27));
    let ids = text8.encode_ids(b"an x_\n");
    assert_eq!(ids, [0, 1, 8, 26, 8, 27].map(Some));
    assert_eq!(text8.text_of(&[0, 1, 8, 26, 27]), "an x\n");
    assert_eq!(text8.label(8), "␣");
    assert_eq!(text8.label(27), "⏎");
}

#[test]
fn bytes_are_numbered_by_first_appearance() {
    let vocabulary = Vocabulary::from_bytes_in_order(b"First Citizen:\nBefore");
    let labels: Vec<String> = (0..13).map(|id| vocabulary.label(id)).collect();
    assert_eq!(labels.join(" "), "F i r s t ␣ C z e n : ⏎ B");
    assert_eq!(vocabulary.eos(), Some(11));
    // A last line without a line break has its `<eos>`: here it is the only one.
    assert_eq!(
        tokens(&Vocabulary::from_bytes_in_order(b"ba")),
        ["98", "97", "<eos>"]
    );
    assert!(Vocabulary::from_bytes_in_order(b"").is_empty());
}

#[test]
fn unknown_pieces_keep_their_place() {
    let bytes = Vocabulary::from_bytes_in_order(b"ab\n");
    let pieces = bytes.encode("aéb\n");
    let ids: Vec<_> = pieces.iter().map(|p| p.id).collect();
    assert_eq!(ids, [Some(0), None, None, Some(1), Some(2)]);
    assert_eq!(bytes.missing(&pieces), 2);

    let chars = list(&["a", "é", "_", "<unk>"], Unit::Char);
    assert_eq!(
        chars.encode("é Xa\n"),
        [
            piece(1, 0..2),
            piece(2, 2..3),
            piece(None, 3..4),
            piece(0, 4..5),
            piece(None, 5..6)
        ]
    );
    let pieces = chars.encode_bytes(b"a\xffa");
    assert_eq!(pieces, [piece(0, 0..1), piece(None, 1..2), piece(0, 2..3)]);

    let words = list(&["the", "cat", "<eos>"], Unit::Word);
    assert_eq!(
        words.encode(" the\u{a0}dog\n\ncat\r\nthe"),
        [
            piece(0, 1..4),
            piece(None, 6..9),
            piece(2, 9..10),
            piece(2, 10..11),
            piece(1, 11..14),
            piece(2, 14..16),
            piece(0, 16..19)
        ]
    );
    let returns = words.encode("cat\r\r\ncat\r");
    let ids: Vec<_> = returns.iter().map(|p| p.id).collect();
    assert_eq!(ids, [1, 2, 2, 1, 2].map(Some));
}

#[test]
fn labels_are_visible() {
    let bytes = list(&["0", "32", "65", "255", "10", "<eos>"], Unit::Byte);
    let labels: Vec<String> = (0..7).map(|id| bytes.label(id)).collect();
    // Byte 10 is not what `<eos>` is.
    assert_eq!(labels, ["␀", "␣", "A", "⟨xFF⟩", "⟨x0A⟩", "⏎", "#6"]);
    let others = list(&["9", "13", "27", "127", "128", "228"], Unit::Byte);
    let labels: Vec<String> = (0..6).map(|id| others.label(id)).collect();
    assert_eq!(labels, ["⇥", "␍", "␛", "␡", "⟨x80⟩", "⟨xE4⟩"]);
    let chars = list(
        &["中", "😀", "س", "\u{301}", "\u{200d}", "\u{85}", "\u{3000}"],
        Unit::Char,
    );
    let labels: Vec<String> = (0..7).map(|id| chars.label(id)).collect();
    assert_eq!(
        labels,
        [
            "中",
            "😀",
            "س",
            "◌\u{301}",
            "⟨U+200D⟩",
            "⟨U+0085⟩",
            "⟨U+3000⟩"
        ]
    );
    // Byte 10 and `<eos>` side by side: the line break is byte 10.
    assert_eq!(bytes.encode_ids(b"\n"), [Some(4)]);
    assert_eq!(
        (bytes.id_of("10"), bytes.id_of("<eos>")),
        (Some(4), Some(5))
    );
    assert_eq!(Vocabulary::from_bytes_in_order(b"\n").id_of("10"), None);

    let long = "x".repeat(40);
    let words = list(&[&long, "_", "a\u{200b}\u{7f}\u{2028}"], Unit::Word);
    assert_eq!(words.label(0), format!("{}…", "x".repeat(23)));
    assert_eq!(words.label(1), "_");
    assert_eq!(words.label(2), "a⟨U+200B⟩␡⟨U+2028⟩");
    let cut = list(&[&"é".repeat(24), &"中".repeat(25)], Unit::Word);
    assert_eq!(cut.label(0), "é".repeat(24));
    assert_eq!(cut.label(1), "中".repeat(23) + "…");
    // Joiners belong to a word; a byte that is no UTF-8 shows as one.
    assert_eq!(visible("می\u{200c}خواهم"), "می\u{200c}خواهم");
    assert_eq!(visible(&to_text(b"na\xefve".to_vec())), "na⟨xEF⟩ve");
}

#[test]
fn text_for_people() {
    let words = list(&["the", "cat", "<eos>"], Unit::Word);
    assert_eq!(
        words.text_of(&[0, 1, 2, 2, 0, 9, 1]),
        "the cat\n\nthe \u{fffd} cat"
    );
    let bytes = list(&["195", "169", "<eos>"], Unit::Byte);
    assert_eq!(bytes.text_of(&[0, 1, 2, 0]), "é\n\u{fffd}");
    assert_eq!(bytes.decode(&[0, 1, 2, 0]), b"\xc3\xa9\n\xc3");
}

#[test]
fn json_of_other_shapes() {
    let from = |value| Vocabulary::from_json(&value);
    let chars = from(json!(["a", "é", " ", "_", "\n"])).unwrap();
    assert_eq!(chars.unit(), Unit::Char);
    assert_eq!(chars.encode_ids("_ \n".as_bytes()), [3, 2, 4].map(Some));
    assert_eq!(
        from(json!(["104", "105", "<eos>"])).unwrap().unit(),
        Unit::Byte
    );
    assert_eq!(from(json!(["1", "0", "7"])).unwrap().unit(), Unit::Char);
    let words = from(json!({ "cat": 1, "the": 0, "<eos>": 2 })).unwrap();
    assert_eq!(words, list(&["the", "cat", "<eos>"], Unit::Word));
    // A word may be called "tokens".
    assert_eq!(from(json!({ "tokens": 0, "of": 1 })).unwrap().len(), 2);
}

#[test]
fn json_that_is_no_vocabulary() {
    for (value, wanted) in [
        (json!(3), "neither a list nor an object"),
        (json!([]), "no tokens"),
        (json!({}), "no tokens"),
        (json!(["a", "b", "a"]), "tokens 0 and 2"),
        (json!([12, 0, 7]), "token 0 is a number"),
        (json!({ "a": 0, "b": 0 }), "both have the id 0"),
        (json!({ "a": 0, "b": 2 }), "ids go from 0 to 1"),
        (json!({ "a": -1 }), "ids go from 0 to 0"),
        (json!({ "a": 1e99 }), "ids go from 0 to 0"),
        (json!({ "a": null }), "null for its id"),
        (json!({ "unit": "bit", "tokens": ["a"] }), "unit is \"bit\""),
        (json!({ "unit": "byte", "tokens": [256] }), "\"256\""),
        (json!({ "unit": "byte", "tokens": ["07"] }), "\"07\""),
    ] {
        let error = Vocabulary::from_json(&value).unwrap_err();
        assert!(matches!(error, TextError::Vocabulary(_)));
        assert!(error.to_string().contains(wanted), "{value}: {error}");
    }
}

#[test]
fn json_keeps_every_byte_and_the_note() {
    let all: Vec<u8> = (0..=255).rev().collect();
    let vocabulary = Vocabulary::from_bytes_in_order(&all);
    let text = vocabulary.to_json().to_string();
    let back = Vocabulary::from_json(&serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(back, vocabulary);
    assert_eq!(back.note(), vocabulary.note());
    assert_eq!(back.encode("é\n"), vocabulary.encode("é\n"));
}

proptest! {
    #[test]
    fn byte_pieces_tile_any_text(
        seen in prop::collection::vec(any::<u8>(), 0..60),
        text in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let vocabulary = Vocabulary::from_bytes_in_order(&seen);
        let pieces = vocabulary.encode_bytes(&text);
        let mut at = 0;
        for piece in &pieces {
            prop_assert_eq!(piece.range.clone(), at..at + 1);
            at += 1;
        }
        prop_assert_eq!(at, text.len());
        let known = Vocabulary::from_bytes_in_order(&text);
        let ids: Option<Vec<u32>> = known.encode_ids(&text).into_iter().collect();
        prop_assert_eq!(known.decode(&ids.unwrap()), text);
    }

    #[test]
    fn no_text_panics_and_ranges_rise(
        text in prop::collection::vec(prop_oneof![
            any::<u8>(), Just(b' '), Just(b'\n'), Just(b'\r'), Just(b'a'), Just(0xc3), Just(0xa9),
        ], 0..60),
    ) {
        for vocabulary in [
            list(&["a", "é", "_", "<eos>"], Unit::Char),
            list(&["a", "aa", "é", "<eos>"], Unit::Word),
        ] {
            let pieces = vocabulary.encode_bytes(&text);
            let mut at = 0;
            for piece in &pieces {
                prop_assert!(piece.range.start >= at && piece.range.end > piece.range.start);
                at = piece.range.end;
            }
            prop_assert!(at <= text.len());
            if vocabulary.unit() == Unit::Char {
                let sum: usize = pieces.iter().map(|p| p.range.len()).sum();
                prop_assert_eq!(sum, text.len());
            }
            let ids: Vec<u32> = pieces.iter().map(|p| p.id.unwrap_or(99)).collect();
            let lossy = String::from_utf8_lossy(&text).into_owned();
            let slices: Vec<&str> = vocabulary.encode(&lossy).iter().map(|p| &lossy[p.range.clone()]).collect();
            prop_assert!(slices.len() <= lossy.len());
            prop_assert!(vocabulary.text_of(&ids).len() >= ids.len());
        }
    }

    #[test]
    fn json_round_trip(seen in prop::collection::vec(any::<u8>(), 1..60), words in "[a-c]{1,3}( [a-z\u{e9}]{1,3}){0,5}") {
        let bytes = Vocabulary::from_bytes_in_order(&seen);
        prop_assert_eq!(&Vocabulary::from_json(&bytes.to_json()).unwrap(), &bytes);
        let mut parts: Vec<String> = words.split(' ').map(str::to_owned).collect();
        parts.sort();
        parts.dedup();
        for unit in [Unit::Char, Unit::Word] {
            let vocabulary = Vocabulary::from_tokens(parts.clone(), unit).unwrap();
            prop_assert_eq!(&Vocabulary::from_json(&vocabulary.to_json()).unwrap(), &vocabulary);
        }
    }
}
