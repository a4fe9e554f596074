//! Models of every family as one file, which opens again and gives the same numbers, bit for bit.

use spanscope::checkpoint::Format;
use spanscope::engine::{ConvertOptions, LoadedModel, convert};
use spanscope::model::{Cancel, NoObserver, Run};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn families() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/families")
}

/// The models of the test data, folders and GGUF files.
fn models() -> Vec<PathBuf> {
    let list = |folder: PathBuf| {
        let entries = std::fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    let mut all = list(families());
    all.retain(|folder| folder.join("config.json").is_file());
    let is_gguf = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "gguf");
    all.extend(list(families().join("gguf")).into_iter().filter(is_gguf));
    all.sort();
    all
}

/// log p of all tokens after some.
fn log_probs(model: &LoadedModel) -> Vec<f32> {
    let vocab = model.network.architecture().vocab_size as u32;
    let ids: Vec<u32> = (0..40).map(|i| (i * i * 3 + i) % vocab).collect();
    let mut run = Run::new(Arc::clone(&model.network));
    run.set(&ids, &Cancel::default(), &NoObserver).unwrap();
    run.log_probs(0, ids.len())
}

fn same(a: &LoadedModel, b: &LoadedModel, what: &str) {
    assert_eq!(a.network.architecture(), b.network.architecture(), "{what}");
    assert_eq!(a.network.spans(), b.network.spans(), "{what}");
    let bits = |model| {
        log_probs(model)
            .into_iter()
            .map(f32::to_bits)
            .collect::<Vec<_>>()
    };
    assert!(bits(a) == bits(b), "{what}");
    let text = "The cat sat on the mat. É <s> 中\n".as_bytes();
    match (&a.vocabulary, &b.vocabulary) {
        (None, None) => {}
        (Some(of), Some(again)) => {
            assert_eq!(of.encode_bytes(text), again.encode_bytes(text), "{what}");
            for id in 0..of.len() as u32 {
                assert_eq!(of.label(id), again.label(id), "{what}");
            }
        }
        _ => panic!("{what}: a vocabulary is missing"),
    }
}

#[test]
fn one_file_of_any_family_is_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    // What lies beside it is of another model.
    for name in ["config.json", "tokenizer.json"] {
        std::fs::copy(families().join("gpt2").join(name), folder.path().join(name)).unwrap();
    }
    let (to, again) = (
        folder.path().join("model.safetensors"),
        folder.path().join("again.safetensors"),
    );
    let all = models();
    assert!(all.len() > 35, "{}", all.len());
    let mut quantised = 0;
    for path in all {
        let what = path.display().to_string();
        let model = LoadedModel::open(&path, None, None).unwrap();
        let mut options = ConvertOptions::default();
        if let Err(refused) = convert(&model, &to, &options) {
            let refused = refused.to_string();
            assert!(refused.contains("--dequantise"), "{what}: {refused}");
            assert!(what.ends_with(".gguf"), "{what}");
            options.dequantise = true;
            quantised += 1;
            convert(&model, &to, &options).unwrap();
        }
        let opened = LoadedModel::open(&to, None, None).unwrap();
        same(&model, &opened, &what);
        assert_eq!(opened.format, Format::Safetensors, "{what}");
        let outline = LoadedModel::outline(&to, None).unwrap();
        assert_eq!(outline.network.spans(), model.network.spans(), "{what}");
        // Converted once more, it is the same file.
        convert(&opened, &again, &ConvertOptions::default()).unwrap();
        assert!(
            std::fs::read(&to).unwrap() == std::fs::read(&again).unwrap(),
            "{what}"
        );
    }
    assert_eq!(quantised, 6);
}

#[test]
fn a_tokenizer_that_was_given_goes_with_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("model.safetensors");
    let vocab = families().join("llama/tokenizer.json");
    // This one has none of its own.
    let path = families().join("smollm3");
    let model = LoadedModel::open(&path, Some(&vocab), None).unwrap();
    let options = ConvertOptions {
        vocab: Some(&vocab),
        ..ConvertOptions::default()
    };
    convert(&model, &to, &options).unwrap();
    same(
        &model,
        &LoadedModel::open(&to, None, None).unwrap(),
        "tokenizer",
    );
    // So does a list of tokens.
    let list = folder.path().join("tokens.json");
    let tokens: Vec<String> = (0..model.network.architecture().vocab_size)
        .map(|i| format!("w{i}"))
        .collect();
    std::fs::write(&list, serde_json::to_string(&tokens).unwrap()).unwrap();
    let model = LoadedModel::open(&path, Some(&list), None).unwrap();
    let options = ConvertOptions {
        vocab: Some(&list),
        ..ConvertOptions::default()
    };
    convert(&model, &to, &options).unwrap();
    same(&model, &LoadedModel::open(&to, None, None).unwrap(), "list");
}

#[test]
fn what_is_damaged_within_is_told_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("model.safetensors");
    for (path, name, part) in [
        ("gpt2", "config.json", &b"{"[..]),
        ("gpt2", "tokenizer.json", b"{"),
        ("gguf/llama-f32.gguf", "header.gguf", b"GGUF\x03"),
    ] {
        let model = LoadedModel::open(&families().join(path), None, None).unwrap();
        convert(&model, &to, &ConvertOptions::default()).unwrap();
        let mut file = std::fs::read(&to).unwrap();
        let (header, metadata) = safetensors::SafeTensors::read_metadata(&file).unwrap();
        let info = metadata.info(&format!("files.{name}")).unwrap();
        let start = 8 + header + info.data_offsets.0;
        assert!(file[start..].starts_with(part));
        file[start] = b'X';
        std::fs::write(&to, &file).unwrap();
        let refused = LoadedModel::open(&to, None, None).map(|_| ());
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("model.safetensors"), "{refused}");
        if name != "tokenizer.json" {
            assert!(refused.contains(name), "{refused}");
        }
    }
}
