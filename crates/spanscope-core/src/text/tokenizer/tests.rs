//! Tokenizers against what the library that made them says.

use super::*;
use proptest::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

pub(super) const NAMES: [&str; 6] = ["gpt2", "gpt_neox", "llama", "mistral", "qwen2", "gemma2"];
pub(super) const GGUF: [&str; 4] = ["gpt2", "llama", "qwen2", "gemma2"];

pub(super) fn data(name: &str) -> PathBuf {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/families"
    ))
    .join(name)
}

pub(super) fn read(name: &str) -> Vec<u8> {
    std::fs::read(data(name)).unwrap()
}

pub(super) fn of_json(name: &str) -> Tokenizer {
    Tokenizer::find(&data(name)).unwrap()
}

pub(super) fn vocabulary(name: &str) -> GgufVocabulary {
    let value: Value =
        serde_json::from_slice(&read(&format!("gguf/{name}.vocabulary.json"))).unwrap();
    let texts = |key: &str| -> Vec<String> { serde_json::from_value(value[key].clone()).unwrap() };
    let id = |key: &str| value[key].as_u64().map(|id| id as u32);
    GgufVocabulary {
        model: value["model"].as_str().unwrap().into(),
        pre: value["pre"].as_str().map(Into::into),
        tokens: texts("tokens"),
        types: serde_json::from_value(value["types"].clone()).unwrap(),
        scores: serde_json::from_value(value["scores"].clone()).unwrap(),
        merges: texts("merges"),
        bos: id("bos"),
        eos: id("eos"),
        unknown: id("unknown"),
        add_bos: value["add_bos"].as_bool(),
        add_space_prefix: value["add_space_prefix"].as_bool(),
        hugging_face_json: None,
    }
}

pub(super) fn of_gguf(name: &str) -> Tokenizer {
    Tokenizer::of_gguf(vocabulary(name), Path::new("model.gguf")).unwrap()
}

/// `vocab.json` and `merges.txt` of the same vocabulary.
pub(super) fn of_age(name: &str) -> Tokenizer {
    let json: Value = serde_json::from_slice(&read(&format!("{name}/tokenizer.json"))).unwrap();
    let vocab = serde_json::to_vec(&json["model"]["vocab"]).unwrap();
    let merges = json["model"]["merges"].as_array().unwrap().iter();
    let merges = merges.map(|m| format!("{} {}\n", m[0].as_str().unwrap(), m[1].as_str().unwrap()));
    let merges = "#version: 0.2\n".to_owned() + &merges.collect::<String>();
    Tokenizer::of_vocab_and_merges(&vocab, merges.as_bytes(), Path::new("vocab.json")).unwrap()
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 0x7F {
        field.push(length as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    [&field, bytes].concat()
}

/// The protocol buffer of a `tokenizer.model` with the vocabulary of a GGUF file.
pub(super) fn sentencepiece(name: &str) -> Vec<u8> {
    let vocabulary = vocabulary(name);
    let mut file = Vec::new();
    for ((piece, score), kind) in vocabulary
        .tokens
        .iter()
        .zip(&vocabulary.scores)
        .zip(&vocabulary.types)
    {
        let mut message = field(1, piece.as_bytes());
        message.push(2 << 3 | 5);
        message.extend(score.to_le_bytes());
        message.extend([3 << 3, *kind as u8]);
        file.extend(field(1, &message));
    }
    // The trainer's field 41, which is BOS, takes two bytes for its number.
    let bos = vocabulary.bos.unwrap() as u8;
    file.extend(field(2, &[3 << 3, 2, 0xC8, 0x02, bos]));
    let in_front = u8::from(vocabulary.add_space_prefix.unwrap());
    let mut normalizer = field(1, b"identity");
    normalizer.extend([3 << 3, in_front, 4 << 3, 0]);
    file.extend(field(3, &normalizer));
    file
}

fn cases(name: &str) -> Vec<(String, Vec<Piece>)> {
    let cases: Vec<Value> =
        serde_json::from_slice(&read(&format!("{name}/tokenizer_cases.json"))).unwrap();
    let case = |case: &Value| {
        let ids = case["ids"].as_array().unwrap().iter();
        let ranges = case["byte_ranges"].as_array().unwrap().iter();
        let pieces = ids.zip(ranges).map(|(id, range)| Piece {
            id: id.as_u64().unwrap() as u32,
            bytes: range[0].as_u64().unwrap() as usize..range[1].as_u64().unwrap() as usize,
        });
        (case["text"].as_str().unwrap().to_owned(), pieces.collect())
    };
    cases.iter().map(case).collect()
}

pub(super) fn encode(tokenizer: &Tokenizer, text: &[u8]) -> Vec<Piece> {
    tokenizer.encode(text, SpecialTokens::default()).unwrap()
}

fn ids(pieces: &[Piece]) -> Vec<u32> {
    pieces.iter().map(|piece| piece.id).collect()
}

#[test]
fn awkward_texts_have_the_ids_and_bytes_that_they_have_elsewhere() {
    for name in NAMES {
        let tokenizer = of_json(name);
        for (text, expected) in cases(name) {
            assert_eq!(
                encode(&tokenizer, text.as_bytes()),
                expected,
                "{name}: {text:?}"
            );
        }
    }
}

#[test]
fn vocabularies_of_other_files_give_the_same_tokens() {
    for name in GGUF {
        let mut all = vec![of_gguf(name)];
        match name {
            "gpt2" => all.push(of_age(name)),
            "llama" | "gemma2" => {
                let bytes = sentencepiece(name);
                all.push(
                    Tokenizer::of_sentencepiece(&bytes, Path::new("tokenizer.model")).unwrap(),
                );
            }
            _ => {}
        }
        for tokenizer in all {
            assert!(tokenizer.note().is_none());
            for (text, expected) in cases(name) {
                assert_eq!(
                    encode(&tokenizer, text.as_bytes()),
                    expected,
                    "{name}: {text:?}"
                );
            }
        }
    }
}

/// Pieces of texts that tokenizers treat in ways of their own.
pub(super) fn texts() -> impl Strategy<Value = String> {
    let words = [
        " ",
        "  ",
        "   ",
        "\n",
        "\n\n",
        "\r\n",
        "\t",
        " the",
        "The",
        "the ",
        "he",
        "ing",
        "'s",
        "'LL",
        "don't",
        "1",
        "12345",
        "٣",
        "²",
        "½",
        ",",
        "...",
        "?!",
        "-",
        "—",
        "…",
        "_",
        "<",
        "s",
        ">",
        "<s>",
        "</s>",
        "<unk>",
        "<bos>",
        "<eos>",
        "<|endoftext|>",
        "<|im_end|>",
        "\u{2581}",
        "é",
        "e\u{301}",
        "\u{301}",
        "ﬁ",
        "語",
        "日本語、",
        "。",
        "한글",
        "\u{1112}\u{1161}",
        "\u{1f642}",
        "👩\u{200d}👧",
        "\u{a0}",
        "\u{200b}",
        "\u{3000}",
        "я",
        "नि",
        "\u{958}",
        "\0",
        "x",
        "X",
        "aa",
        "aaa",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..40)
        .prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_has_the_tokens_of_the_library(text in texts()) {
        for name in NAMES {
            let library = tokenizers::Tokenizer::from_str(&String::from_utf8(read(&format!("{name}/tokenizer.json"))).unwrap()).unwrap();
            let expected = library.encode(text.as_str(), true).unwrap();
            let tokenizer = of_json(name);
            let pieces = encode(&tokenizer, text.as_bytes());
            prop_assert_eq!(ids(&pieces), expected.get_ids(), "{}: {:?}", name, text);
            is_sound(&tokenizer, text.as_bytes(), &pieces)?;
        }
        for name in GGUF {
            let tokenizer = of_gguf(name);
            let pieces = encode(&tokenizer, text.as_bytes());
            is_sound(&tokenizer, text.as_bytes(), &pieces)?;
            // Without the normalizer, for which GGUF has no word.
            if name != "qwen2" {
                prop_assert_eq!(ids(&pieces), ids(&encode(&of_json(name), text.as_bytes())), "{}: {:?}", name, text);
            }
        }
    }

    #[test]
    fn any_bytes_have_tokens_in_order(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'a'), Just(b' '), Just(0xE8)], 0..60)) {
        for tokenizer in NAMES.map(of_json).iter().chain(&GGUF.map(of_gguf)) {
            let pieces = encode(tokenizer, &bytes);
            is_sound(tokenizer, &bytes, &pieces)?;
        }
    }
}

/// Ranges follow each other and stand for what their tokens are, but where a normalizer changed it.
fn is_sound(tokenizer: &Tokenizer, text: &[u8], pieces: &[Piece]) -> Result<(), TestCaseError> {
    let mut end = 0;
    let changes = tokenizer.cuts.changes_letters();
    for (i, piece) in pieces.iter().enumerate() {
        prop_assert!(piece.bytes.start <= piece.bytes.end && piece.bytes.end <= text.len());
        if changes {
            continue;
        }
        prop_assert_eq!(piece.bytes.start, end, "{:?} of {:?}", piece, pieces);
        end = piece.bytes.end;
        let inside = &text[piece.bytes.clone()];
        let bytes = tokenizer.piece_bytes(piece.id).unwrap();
        // The mark itself may stand in a text, and what is unknown is another.
        let same = inside == bytes
            || inside.is_empty()
            || [b" ".as_slice(), inside].concat() == bytes
            || String::from_utf8_lossy(inside)
                .replace('\u{2581}', " ")
                .as_bytes()
                .ends_with(bytes.trim_ascii_start())
            || tokenizer.piece(piece.id) == Some("<unk>");
        prop_assert!(same, "{}: {:?} is not {:?}", i, inside, bytes);
    }
    prop_assert!(changes || end == text.len());
    Ok(())
}

#[test]
fn special_tokens_are_tokens_or_text() {
    for (name, text) in [
        ("gpt2", "a<|endoftext|>b"),
        ("llama", "a</s>b"),
        ("mistral", "a</s>b"),
        ("gemma2", "a<eos>b"),
    ] {
        let tokenizer = of_json(name);
        let with = |begin, in_text| {
            tokenizer
                .encode(text.as_bytes(), SpecialTokens { begin, in_text })
                .unwrap()
        };
        let is_special = |pieces: &[Piece]| {
            pieces
                .iter()
                .filter(|p| tokenizer.is_special(p.id) && !p.bytes.is_empty())
                .count()
        };
        assert_eq!(is_special(&with(true, true)), 1, "{name}");
        assert_eq!(is_special(&with(true, false)), 0, "{name}");
        let begun = with(true, true);
        assert_eq!(begun[tokenizer.prefix().len()..], with(false, true));
        assert!(
            begun
                .iter()
                .zip(tokenizer.prefix())
                .all(|(piece, id)| piece.id == *id && piece.bytes == (0..0))
        );
    }
    assert_eq!(of_json("llama").prefix(), [1]);
    assert_eq!(of_gguf("gemma2").prefix(), [2]);
    assert_eq!(of_gguf("gpt2").prefix(), [0_u32; 0]);
}

#[test]
fn tokens_are_shown_as_people_know_them() {
    let gpt2 = of_json("gpt2");
    let by_label = |tokenizer: &Tokenizer, label: &str| {
        (0..tokenizer.len() as u32).find(|id| tokenizer.label(*id) == label)
    };
    for label in ["␣the", "<|endoftext|>", "⏎", "⟨xC3⟩", "A"] {
        assert!(by_label(&gpt2, label).is_some(), "{label}");
    }
    let llama = of_gguf("llama");
    for label in ["␣the", "<s>", "⏎", "⟨xC3⟩", "␣"] {
        assert!(by_label(&llama, label).is_some(), "{label}");
    }
    assert_eq!(gpt2.label(4000), "#4000");
    assert_eq!(gpt2.piece_bytes(4000), None);
    assert_eq!(gpt2.decode_after(None, 4000), "\u{fffd}".as_bytes());
    let the = by_label(&llama, "␣the").unwrap();
    assert_eq!(llama.decode_after(Some(1), the), b"the");
    assert_eq!(llama.decode_after(Some(the), the), b" the");
    let the = by_label(&gpt2, "␣the").unwrap();
    assert_eq!(gpt2.decode_after(None, the), b" the");
    assert_eq!(gpt2.id_of("Ġthe"), Some(the));
}

#[test]
fn what_texts_begin_with_and_rows_can_be_said() {
    let opt = of_age("gpt2").with_prefix(&[0]).unwrap();
    assert_eq!(encode(&opt, b"x")[0], Piece { id: 0, bytes: 0..0 });
    assert!(of_age("gpt2").with_prefix(&[9999]).is_err());
    let few = of_json("gpt2").with_rows(80);
    assert!(few.encode(b"AB", SpecialTokens::default()).is_ok());
    let error = few
        .encode(b" the", SpecialTokens::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("beyond the model's 80 tokens"), "{error}");
    assert!(
        Tokenizer::find(&data("gguf"))
            .unwrap_err()
            .to_string()
            .contains("--ids")
    );
}

#[test]
fn a_text_that_nobody_waits_for_is_left() {
    for tokenizer in [of_json("gpt2"), of_json("mistral")] {
        let stopped = tokenizer.encode_from(b"some text", 0, SpecialTokens::default(), &|| false);
        assert!(matches!(stopped, Err(TokenizerError::Stopped)));
    }
}
