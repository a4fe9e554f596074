//! Files of strangers.

use super::tests::{GGUF, NAMES, of_json, read, sentencepiece, vocabulary};
use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

fn open(value: &Value) -> Result<Tokenizer, TokenizerError> {
    Tokenizer::of_json(value.to_string().as_bytes(), Path::new("tokenizer.json"))
}

fn changed(name: &str, change: impl FnOnce(&mut Value)) -> Result<Tokenizer, TokenizerError> {
    let mut value: Value =
        serde_json::from_slice(&read(&format!("{name}/tokenizer.json"))).unwrap();
    change(&mut value);
    open(&value)
}

/// Whatever opened is used: nothing of it may end the program.
fn used(tokenizer: &Tokenizer) {
    let text = "First  Citizen:\n\nwe'll <s>pay</s> 1234 é語\u{1f642}e\u{301}\u{0}".as_bytes();
    for special in [
        SpecialTokens::default(),
        SpecialTokens {
            begin: false,
            in_text: false,
        },
    ] {
        drop(tokenizer.encode(text, special));
    }
    drop(tokenizer.encode(b"\xff a\xc3 b\xe8\xaa", SpecialTokens::default()));
    for from in 0..text.len() {
        assert!(tokenizer.safe_cut(text, from) <= from);
    }
    for id in [0, 1, 7, 300, u32::MAX] {
        drop((
            tokenizer.label(id),
            tokenizer.piece_bytes(id),
            tokenizer.decode_after(Some(1), id),
            tokenizer.is_special(id),
        ));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused_or_used(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let path = Path::new("tokenizer.json");
        for tokenizer in [Tokenizer::of_json(&bytes, path), Tokenizer::of_sentencepiece(&bytes, path), Tokenizer::of_vocab_and_merges(&bytes, &bytes, path)].into_iter().flatten() {
            used(&tokenizer);
        }
    }

    #[test]
    fn a_damaged_file_is_refused_or_used(i in 0..NAMES.len(), changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), prop::sample::select(b"0123456789\"[]{},:<> a".to_vec())]), 1..4), cut in any::<Option<prop::sample::Index>>()) {
        let mut bytes = read(&format!("{}/tokenizer.json", NAMES[i]));
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Some(cut) = cut.filter(|_| changes.len() == 1) {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(tokenizer) = Tokenizer::of_json(&bytes, Path::new("tokenizer.json")) {
            used(&tokenizer);
        }
        let mut bytes = sentencepiece("llama");
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Ok(tokenizer) = Tokenizer::of_sentencepiece(&bytes, Path::new("tokenizer.model")) {
            used(&tokenizer);
        }
    }

    #[test]
    fn parts_of_all_kinds_are_refused_or_used(i in 0..NAMES.len(), key in prop::sample::select(vec!["normalizer", "pre_tokenizer", "post_processor", "decoder", "added_tokens", "model"]), part in parts()) {
        if let Ok(tokenizer) = changed(NAMES[i], |value| value[key] = part) {
            used(&tokenizer);
        }
    }
}

fn parts() -> impl Strategy<Value = Value> {
    let kinds = [
        "Sequence",
        "Split",
        "Replace",
        "Prepend",
        "NFC",
        "NFKD",
        "Lowercase",
        "StripAccents",
        "Strip",
        "BertNormalizer",
        "Nmt",
        "ByteLevel",
        "Precompiled",
        "Metaspace",
        "Digits",
        "Punctuation",
        "Whitespace",
        "WhitespaceSplit",
        "CharDelimiterSplit",
        "BertPreTokenizer",
        "UnicodeScripts",
        "FixedLength",
        "TemplateProcessing",
        "RobertaProcessing",
        "BPE",
        "Unigram",
        "WordPiece",
        "WordLevel",
    ];
    let leaf = prop_oneof![
        prop::sample::select(kinds.to_vec()).prop_map(|kind| json!({
            "type": kind, "pattern": {"Regex": "\\s*x?"}, "content": "ab", "behavior": "MergedWithNext", "invert": true, "replacement": "\u{2581}", "split": true,
            "prepend": "__", "individual_digits": true, "delimiter": " ", "length": 3, "strip_left": true, "strip_right": true, "clean_text": true,
            "handle_chinese_chars": true, "strip_accents": null, "lowercase": true, "add_prefix_space": true, "trim_offsets": true, "use_regex": true,
            "prepend_scheme": "first", "cls": ["a", 3], "sep": ["b", 4], "vocab": {"a": 0, "b": 1, "##b": 2, "<unk>": 3, "[UNK]": 4}, "merges": ["a b"], "unk_token": "<unk>",
            "continuing_subword_prefix": "##", "max_input_chars_per_word": 100})),
        Just(json!({"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0], ["ab", f64::MAX]]})),
        Just(json!({"type": "Unigram", "unk_id": null, "vocab": [["a", -1.0]]})),
        Just(json!({"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]], "continuing_subword_prefix": "é"})),
        Just(json!({"type": "BPE", "vocab": {"a": 0, "b</w>": 1, "ab</w>": 2}, "merges": [["a", "b</w>"]], "end_of_word_suffix": "</w>", "dropout": 0.9})),
        Just(json!([{"id": 5, "content": "a", "special": true}, {"id": 6, "content": "a", "normalized": true}, {"id": 7, "content": " ", "lstrip": true, "rstrip": true}])),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(|list| json!({"type": "Sequence", "normalizers": list, "pretokenizers": list, "processors": list, "decoders": list}))
    })
}

#[test]
fn what_is_out_of_bounds_is_said() {
    let deep = format!(
        "{{\"model\": {}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let path = Path::new("tokenizer.json");
    assert!(Tokenizer::of_json(deep.as_bytes(), path).is_err());
    let far = |value: &mut Value| value["model"]["vocab"]["far"] = json!(u32::MAX);
    let split = |regex: &str| json!({"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": false});
    let many: Vec<Value> = (0..1000)
        .map(|_| json!({"SpecialToken": {"id": "<s>", "type_id": 0}}))
        .collect();
    for (opened, word) in [
        (changed("gpt2", far), "has the id 4294967295"),
        (
            changed("gpt2", |v| v["model"]["type"] = "Other\x1b".into()),
            "model is Other\\u{1b};",
        ),
        (
            changed("gpt2", |v| v["model"]["merges"] = json!(["Ġ zz"])),
            "not in the vocabulary",
        ),
        (
            changed("gpt2", |v| v["model"]["merges"] = json!(["Ġzz"])),
            "two pieces",
        ),
        (
            changed("gpt2", |v| v["model"]["unk_token"] = "<none>".into()),
            "unknown token",
        ),
        (
            changed("gpt2", |v| v["pre_tokenizer"] = split("(")),
            "pattern",
        ),
        (
            changed("gpt2", |v| {
                v["normalizer"] = json!({"type": "Precompiled", "precompiled_charsmap": "////"})
            }),
            "Precompiled",
        ),
        (
            changed("llama", |v| v["post_processor"]["single"] = many.into()),
            "template",
        ),
        (
            changed("llama", |v| {
                v["post_processor"]["special_tokens"]["<s>"]["ids"] = json!(vec![1; 50])
            }),
            "in front of every text",
        ),
        (
            changed("llama", |v| {
                v["post_processor"]["special_tokens"]["<s>"]["ids"] = json!([5000])
            }),
            "none of that id",
        ),
        (
            changed("mistral", |v| v["model"]["vocab"][5] = json!(["", 0.0])),
            "the piece",
        ),
        (
            changed("mistral", |v| v["model"]["unk_id"] = json!(5000)),
            "unk_id",
        ),
    ] {
        let error = opened.unwrap_err().to_string();
        assert!(
            error.contains(word)
                && error.starts_with("tokenizer.json: ")
                && error.contains("--ids"),
            "{word}: {error}"
        );
    }
    // A vocabulary with holes, and an added token past it.
    let holes = changed("gpt2", |v| {
        v["model"]["vocab"]["hole"] = json!(900);
        v["added_tokens"]
            .as_array_mut()
            .unwrap()
            .push(json!({"id": 1000, "content": "<new>"}));
    });
    let holes = holes.unwrap();
    assert_eq!(
        (holes.len(), holes.piece(899), holes.label(899).as_str()),
        (1001, None, "#899")
    );
    assert_eq!(
        holes.encode(b"<new>", SpecialTokens::default()).unwrap()[0].id,
        1000
    );
    assert!(
        holes
            .with_rows(1000)
            .encode(b"<new>", SpecialTokens::default())
            .is_err()
    );
    // What asks for a length is passed over.
    let cut = changed("gpt2", |v| {
        v["truncation"] =
            json!({"max_length": 1, "strategy": "LongestFirst", "stride": 0, "direction": "Right"});
        v["padding"] = json!({"strategy": {"Fixed": 512}});
    });
    assert_eq!(
        cut.unwrap().encode(b"the cat", SpecialTokens::default()),
        of_json("gpt2").encode(b"the cat", SpecialTokens::default())
    );
}

impl PartialEq for TokenizerError {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

#[test]
fn a_catastrophic_pattern_says_so_or_stops() {
    let slow = changed("gpt2", |v| {
        v["pre_tokenizer"] = json!({"type": "Split", "pattern": {"Regex": "(?:(?:a+)+)+(?!a)b|(a|a)*\\1c|."}, "behavior": "Isolated", "invert": false});
    });
    let slow = slow.unwrap();
    let text = "a".repeat(2000);
    let started = Instant::now();
    match slow.encode(text.as_bytes(), SpecialTokens::default()) {
        Ok(_) => {}
        Err(error) => assert!(error.to_string().contains("takes too long"), "{error}"),
    }
    assert!(started.elapsed().as_secs() < 60);
    let stop = || started.elapsed().as_millis() < 1;
    drop(slow.encode_from(text.as_bytes(), 0, SpecialTokens::default(), &stop));
    assert!(started.elapsed().as_secs() < 60);
}

#[test]
fn vocabularies_of_gguf_files_are_checked() {
    let path = Path::new("model.gguf");
    let of = |name: &str, change: &dyn Fn(&mut GgufVocabulary)| {
        let mut vocabulary = vocabulary(name);
        change(&mut vocabulary);
        Tokenizer::of_gguf(vocabulary, path)
    };
    type Change<'a> = &'a dyn Fn(&mut GgufVocabulary);
    let cases: [(&str, Change<'_>, &str); 8] = [
        ("gpt2", &|v| v.model = "bert".into(), "kind bert;"),
        ("gpt2", &|v| v.tokens.clear(), "no tokens"),
        ("gpt2", &|v| v.types.truncate(5), "5 entries for 300 tokens"),
        ("gpt2", &|v| v.merges.push("ab".into()), "two pieces"),
        ("gpt2", &|v| v.bos = Some(5000), "bos_token_id is 5000"),
        (
            "llama",
            &|v| v.scores.clear(),
            "without tokenizer.ggml.scores",
        ),
        ("llama", &|v| v.scores.push(0.0), "353 entries"),
        (
            "llama",
            &|v| v.hugging_face_json = Some("{}".into()),
            "model",
        ),
    ];
    for (name, change, word) in cases {
        let error = of(name, change).unwrap_err().to_string();
        assert!(
            error.contains(word) && error.starts_with("model.gguf: "),
            "{word}: {error}"
        );
    }
    // Odd, but usable: no kinds, no byte tokens, no unknown token, scores that are no numbers, a name that is not known.
    let changes: [(&str, Change<'_>); 5] = [
        ("gpt2", &|v| v.types.clear()),
        ("llama", &|v| {
            v.types
                .iter_mut()
                .for_each(|kind| *kind = if *kind == 6 { 5 } else { *kind })
        }),
        ("llama", &|v| v.types.iter_mut().for_each(|kind| *kind = 1)),
        ("llama", &|v| {
            v.scores
                .iter_mut()
                .step_by(3)
                .for_each(|score| *score = f32::NAN)
        }),
        ("gpt2", &|v| v.pre = Some("odd".into())),
    ];
    for (name, change) in changes {
        used(&of(name, change).unwrap());
    }
    for name in GGUF {
        let json = read(&format!("{name}/tokenizer.json"));
        let json = String::from_utf8(json).unwrap();
        let with = of(name, &|v| v.hugging_face_json = Some(json.clone())).unwrap();
        assert_eq!(with.len(), of_json(name).len());
    }
}
