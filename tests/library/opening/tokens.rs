//! Texts of tokenizers: cut again after an edit, special tokens in them, and what cannot be cut.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use spanscope::engine::{LoadedModel, Tokens};
use spanscope::model::Cancel;
use spanscope::text::SpecialTokens;

/// A model of the test data, with its tokenizer.
fn family(name: &str) -> LoadedModel {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/families");
    LoadedModel::open(&std::path::Path::new(data).join(name), None, None).unwrap()
}

const FAMILIES: [&str; 7] = [
    "gpt2",
    "gpt_neox",
    "llama",
    "mistral",
    "qwen2",
    "gemma2",
    "gguf/llama-f32.gguf",
];

/// A fresh start each time, whatever was cut before.
fn fresh(model: &LoadedModel, text: &str, special: SpecialTokens) -> Tokens {
    let before = Tokens::default();
    let never = Cancel::default();
    Tokens::again(model, text.into(), (special, &before), usize::MAX, &never).unwrap()
}

#[test]
fn an_edit_gives_the_tokens_of_the_whole_text() {
    let models = FAMILIES.map(family);
    let words = prop::sample::select(vec![
        "the cat",
        " sat",
        " on the mat",
        ".",
        "\n",
        "\n\n",
        "  ",
        "É",
        "e\u{301}",
        "中文",
        "<s>",
        "</s>",
        "<|endoftext|>",
        "<bos>",
        " 12345",
        "don't",
        "\u{f8ff}",
        "\t",
        "x",
        "🙂",
    ]);
    let texts = || prop::collection::vec(words.clone(), 0..14).prop_map(|words| words.concat());
    let config = Config {
        cases: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let edits = prop::collection::vec(
        (
            texts(),
            texts(),
            any::<prop::sample::Index>(),
            any::<bool>(),
        ),
        1..4,
    );
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&(texts(), edits), |(start, edits)| {
        for model in &models {
            let mut text = start.clone();
            let mut tokens = fresh(model, &text, SpecialTokens::default());
            for (put_in, after, at, in_text) in &edits {
                let at = (0..=text.len())
                    .filter(|at| text.is_char_boundary(*at))
                    .nth(at.index(text.chars().count() + 1))
                    .unwrap();
                text = format!(
                    "{}{put_in}{}{after}",
                    &text[..at],
                    &text[at + text[at..].chars().next().map_or(0, char::len_utf8)..]
                );
                let special = SpecialTokens {
                    in_text: *in_text,
                    ..SpecialTokens::default()
                };
                let never = Cancel::default();
                tokens = Tokens::again(
                    model,
                    text.as_str().into(),
                    (special, &tokens),
                    usize::MAX,
                    &never,
                )
                .unwrap();
                let whole = fresh(model, &text, special);
                prop_assert_eq!(
                    &tokens.pieces,
                    &whole.pieces,
                    "{}: {:?}",
                    model.file_name(),
                    text
                );
                prop_assert_eq!(&tokens.ids, &whole.ids);
            }
        }
        Ok(())
    });
    result.unwrap();
}

#[test]
fn special_tokens_in_the_text_are_tokens_or_text() {
    let model = family("llama");
    let text = "a <s> b";
    let (as_tokens, as_text) = (
        SpecialTokens::default(),
        SpecialTokens {
            in_text: false,
            ..SpecialTokens::default()
        },
    );
    let count = |tokens: &Tokens| {
        let is_special = |id: &&u32| model.vocabulary.as_ref().unwrap().is_special(**id);
        tokens.ids.iter().filter(is_special).count()
    };
    let tokens = fresh(&model, text, as_tokens);
    // The one that a text begins with is there in any case.
    assert_eq!(count(&tokens), 2);
    let never = Cancel::default();
    let again = Tokens::again(&model, text.into(), (as_text, &tokens), 99, &never).unwrap();
    assert_eq!(count(&again), 1);
    assert!(again.ids.len() > tokens.ids.len());
    // The command line cuts alike.
    let ids = |in_text| {
        let model = model.clone().with_special_tokens(in_text);
        model.prepare(text.as_bytes()).unwrap().ids
    };
    assert_eq!((ids(true), ids(false)), (tokens.ids, again.ids));
}

#[test]
fn what_cannot_be_cut_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/families/gpt2");
    let from = std::path::Path::new(data);
    for name in ["config.json", "model.safetensors"] {
        std::fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    let json = std::fs::read(from.join("tokenizer.json")).unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let next = json["model"]["vocab"].as_object().unwrap().len() + 5000;
    let token = serde_json::json!({"id": next, "content": "<beyond>", "special": true});
    json["added_tokens"].as_array_mut().unwrap().push(token);
    std::fs::write(folder.path().join("tokenizer.json"), json.to_string()).unwrap();
    let model = LoadedModel::open(folder.path(), None, None).unwrap();
    let tokens = fresh(&model, "the <beyond> cat", SpecialTokens::default());
    let trouble = tokens.trouble.clone().unwrap();
    assert!(trouble.contains("beyond the model's"), "{trouble}");
    assert_eq!((tokens.ids.len(), tokens.unknown), (0, 1));
    let refused = model.prepare(b"the <beyond> cat").unwrap_err().to_string();
    assert!(refused.contains("beyond the model's"), "{refused}");
    // What goes on from there is cut from the beginning.
    let special = SpecialTokens::default();
    let never = Cancel::default();
    let again = Tokens::again(&model, "the cat".into(), (special, &tokens), 99, &never).unwrap();
    assert_eq!((again.unknown, again.trouble), (0, None));
    assert!(!again.ids.is_empty());
}
