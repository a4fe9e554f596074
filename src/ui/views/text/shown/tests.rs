//! Parts of a text with and without tokens.

use super::*;
use crate::engine::SAMPLES;
use crate::model::Cancel;
use crate::text::Vocabulary;

fn snapshot(text: &str, vocabulary: Option<Vocabulary>) -> Snapshot {
    let mut model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
    model.vocabulary = vocabulary.or(model.vocabulary);
    Snapshot {
        tokens: Arc::new(Tokens::new(&model, text.into(), 1000, &Cancel::default()).unwrap()),
        model: Some(Arc::new(model)),
        ..Snapshot::default()
    }
}

fn words() -> Option<Vocabulary> {
    let tokens = ["one", "two", "<eos>"].map(Into::into).to_vec();
    Vocabulary::from_tokens(tokens, Unit::Word).ok()
}

fn parts(shown: &Shown) -> Vec<(String, Kind)> {
    let text = |part| String::from_utf8_lossy(shown.bytes_of(part)).into_owned();
    (0..shown.len())
        .map(|part| (text(part), shown.kind(part)))
        .collect()
}

/// Every byte is in one part, in order.
fn covers(shown: &Shown) {
    let all: Vec<u8> = (0..shown.len())
        .flat_map(|part| shown.bytes_of(part).to_vec())
        .collect();
    assert_eq!(all, shown.bytes());
}

#[test]
fn words_stand_apart_and_what_is_between_them_is_shown() {
    let shown = Shown::of(&snapshot(" one  xyz\ntwo ", words()));
    covers(&shown);
    let part = |text: &str, kind| (text.to_owned(), kind);
    let expected = [
        part(" ", Kind::Gap),
        part("one", Kind::Token(0)),
        part(" ", Kind::Gap),
        part(" ", Kind::Gap),
        part("xyz", Kind::Unknown),
        part("\n", Kind::Token(1)),
        part("two", Kind::Token(2)),
        part(" ", Kind::Gap),
    ];
    assert_eq!(parts(&shown), expected);
    assert_eq!(
        (shown.range_of(2), shown.part_of(0)),
        (Some(10..13), Some(1))
    );
    assert_eq!(shown.token_before(0), Some(0));
    assert_eq!(shown.token_before(9), Some(0));
    assert_eq!(shown.token_before(12), Some(2));
    assert_eq!(shown.tokens_in(&(2..11)), Some(0..3));
    assert_eq!(shown.tokens_in(&(5..8)), None);
}

#[test]
fn what_is_typed_shows_before_it_is_cut() {
    let base = snapshot("one é two", words());
    let before = Shown::update(&Arc::default(), &base, &"one é two".into());
    for new in [
        "one éx two",
        "",
        "x",
        "onee é two",
        "one é two!",
        "è one é two",
        "one two",
    ] {
        let text: Arc<str> = new.into();
        let shown = Shown::update(&before, &base, &text);
        covers(&shown);
        assert_eq!(shown.bytes(), new.as_bytes());
        assert!(!shown.is_cut());
        assert!(shown.first.len() <= 2);
    }
    let text: Arc<str> = "one é two".into();
    assert!(Arc::ptr_eq(&before, &Shown::update(&before, &base, &text)));
    // Bytes that are parts of characters: none is shown by itself.
    let bytes = snapshot("aé", None);
    let before = Arc::new(Shown::of(&bytes));
    let shown = Shown::update(&before, &bytes, &"aè".into());
    assert_eq!(parts(&shown)[1], ("è".to_owned(), Kind::Plain));
    covers(&shown);
}

#[test]
fn without_a_model_the_text_is_plain() {
    let text: Arc<str> = "a\u{301} 👨‍👩‍👧\r\nx".into();
    let shown = Shown::update(&Arc::default(), &Snapshot::default(), &text);
    covers(&shown);
    let texts: Vec<String> = parts(&shown).into_iter().map(|(text, _)| text).collect();
    assert_eq!(texts, ["a\u{301}", " ", "👨‍👩‍👧", "\r\n", "x"]);
    assert!(shown.is_by_letter() && shown.token_before(3).is_none());
}
