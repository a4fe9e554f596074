//! Safe places: whatever comes after one, both sides have the tokens that they have in the whole.

use super::tests::{GGUF, NAMES, data, of_age, of_gguf, of_json, read, sentencepiece, texts};
use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;

fn with(name: &str, change: impl FnOnce(&mut Value)) -> Tokenizer {
    let mut value: Value =
        serde_json::from_slice(&read(&format!("{name}/tokenizer.json"))).unwrap();
    change(&mut value);
    Tokenizer::of_json(value.to_string().as_bytes(), Path::new("tokenizer.json")).unwrap()
}

/// One of every kind, and some whose parts are put together in ways that published ones have.
fn all() -> Vec<Tokenizer> {
    let mut all: Vec<Tokenizer> = NAMES.iter().map(|name| of_json(name)).collect();
    all.extend(GGUF.iter().map(|name| of_gguf(name)));
    all.push(of_age("gpt2"));
    all.push(
        Tokenizer::of_sentencepiece(&sentencepiece("llama"), Path::new("tokenizer.model")).unwrap(),
    );
    let split = |regex: &str, behaviour: &str| json!({"type": "Split", "pattern": {"Regex": regex}, "behavior": behaviour, "invert": false});
    let bytes = |regex: bool, front: bool| json!({"type": "ByteLevel", "add_prefix_space": front, "use_regex": regex});
    let digits = json!({"type": "Digits", "individual_digits": false});
    let punctuation = json!({"type": "Punctuation", "behavior": "Contiguous"});
    let bloom = split(" ?[^(\\s|[.,!?…。，、।۔،])]+", "Isolated");
    for stages in [
        vec![
            punctuation.clone(),
            bytes(true, false),
            digits.clone(),
            split("[0-9][0-9][0-9]", "Isolated"),
        ],
        vec![split("\\p{N}{1,3}", "Isolated"), bytes(true, false)],
        vec![bytes(true, true)],
        vec![bloom, bytes(false, false)],
        vec![
            split("\\p{N}{1,3}", "Isolated"),
            split("\\p{N}", "Isolated"),
            bytes(false, false),
        ],
        vec![split("[a-z]+", "MergedWithNext"), bytes(true, false)],
        vec![split("\\s+", "Removed"), bytes(false, true)],
        vec![split("x", "Contiguous"), bytes(false, false)],
        vec![bytes(false, false)],
        vec![
            json!({"type": "FixedLength", "length": 5}),
            bytes(false, false),
        ],
    ] {
        all.push(with("gpt2", |value| {
            value["pre_tokenizer"] = json!({"type": "Sequence", "pretokenizers": stages});
        }));
    }
    for normalizer in [
        json!({"type": "Lowercase"}),
        json!({"type": "NFKC"}),
        json!({"type": "NFD"}),
    ] {
        all.push(with("gpt2", |value| value["normalizer"] = normalizer));
    }
    let token = |id: u32, content: &str, flags: Value| {
        let mut token = json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": false});
        token
            .as_object_mut()
            .unwrap()
            .extend(flags.as_object().unwrap().clone());
        token
    };
    for tokens in [
        vec![
            token(300, "the he", json!({})),
            token(301, "\n\n", json!({})),
            token(302, "   ", json!({})),
        ],
        vec![
            token(300, "x", json!({"rstrip": true})),
            token(301, "the", json!({"lstrip": true})),
        ],
        vec![
            token(300, "he", json!({"single_word": true})),
            token(301, "ing ", json!({"normalized": true})),
        ],
    ] {
        for name in ["gpt2", "llama"] {
            let tokens = tokens.clone();
            all.push(with(name, |value| {
                value["added_tokens"].as_array_mut().unwrap().extend(tokens)
            }));
        }
    }
    for scheme in ["always", "never"] {
        all.push(with("mistral", |value| {
            value["pre_tokenizer"]["prepend_scheme"] = scheme.into()
        }));
    }
    all
}

/// The tokens of the whole text, worked on in one go.
fn whole(tokenizer: &Tokenizer, text: &[u8], special: SpecialTokens) -> Vec<Piece> {
    // Texts here are shorter than what is worked on at a time.
    tokenizer.encode(text, special).unwrap()
}

/// Checks that the tokens of `after` are those of `before` up to a cut, and those from there on.
fn holds(
    tokenizer: &Tokenizer,
    before: &[u8],
    after: &[u8],
    from: usize,
    in_text: bool,
) -> Result<usize, TestCaseError> {
    let special = SpecialTokens {
        begin: true,
        in_text,
    };
    let cut = tokenizer.safe_cut(before, from);
    prop_assert!(cut <= from);
    prop_assert_eq!(cut, tokenizer.safe_cut(after, from));
    let old = whole(tokenizer, before, special);
    let mut kept: Vec<Piece> = old
        .into_iter()
        .take_while(|piece| cut > 0 && piece.bytes.end <= cut)
        .collect();
    // What begins at the cut and is empty belongs to what follows.
    while kept.last().is_some_and(|piece| piece.bytes == (cut..cut)) {
        kept.pop();
    }
    kept.extend(
        tokenizer
            .encode_from(after, cut, special, &|| true)
            .unwrap(),
    );
    let expected = whole(tokenizer, after, special);
    prop_assert_eq!(
        kept,
        expected,
        "cut at {} of {:?} before {:?}",
        cut,
        String::from_utf8_lossy(before),
        String::from_utf8_lossy(&after[from..])
    );
    Ok(cut)
}

thread_local! {
    static ALL: Vec<Tokenizer> = all();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_follows_a_safe_place_both_sides_stay(start in texts(), old in texts(), new in texts(), back in 0_usize..12, in_text in any::<bool>()) {
        let from = start.len().saturating_sub(back);
        // In the middle of a character, as well.
        let before = [start.as_bytes(), old.as_bytes()].concat();
        let after = [&start.as_bytes()[..from], new.as_bytes()].concat();
        ALL.with(|all| all.iter().try_for_each(|tokenizer| holds(tokenizer, &before, &after, from, in_text).map(|_| ())))?;
    }
}

#[test]
fn an_edit_of_prose_is_cut_near_it() {
    let text = std::fs::read(data("../shakespeare_test_20000.txt")).unwrap();
    let wiki = std::fs::read(data("../wikitext_test_20000.txt")).unwrap();
    for tokenizer in NAMES
        .iter()
        .map(|name| of_json(name))
        .chain(GGUF.iter().map(|name| of_gguf(name)))
    {
        for text in [&text, &wiki] {
            for from in (200..text.len()).step_by(331) {
                let cut = tokenizer.safe_cut(text, from);
                assert!(
                    from - cut < 120,
                    "{cut} before {from} of {:?}",
                    tokenizer.path
                );
            }
        }
    }
    // Prose without spaces.
    let chinese = "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？".repeat(30);
    for name in ["gpt2", "qwen2"] {
        let cut = of_json(name).safe_cut(chinese.as_bytes(), 1500);
        assert!(1500 - cut < 200, "{name}: {cut}");
    }
}

#[test]
fn a_long_text_has_the_tokens_of_its_chunks() {
    let text = std::fs::read_to_string(data("../wikitext_test_20000.txt"))
        .unwrap()
        .repeat(8);
    for name in NAMES {
        let json = String::from_utf8(read(&format!("{name}/tokenizer.json"))).unwrap();
        let library: tokenizers::Tokenizer = json.parse().unwrap();
        let expected = library.encode(text.as_str(), true).unwrap();
        let started = std::time::Instant::now();
        let pieces = of_json(name)
            .encode(text.as_bytes(), SpecialTokens::default())
            .unwrap();
        let speed = text.len() as f64 / 1e6 / started.elapsed().as_secs_f64();
        assert!(
            pieces
                .iter()
                .map(|piece| piece.id)
                .eq(expected.get_ids().iter().copied()),
            "{name}: {speed} MB/s"
        );
    }
}
