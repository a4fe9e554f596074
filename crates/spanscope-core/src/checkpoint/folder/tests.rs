//! Folders in Hugging Face's layout, whole and broken.
#![allow(clippy::unwrap_used)]

use super::super::{Checkpoint, Format, NamedTensor, Origin, write_safetensors};
use super::*;
use crate::checkpoint::Dtype;
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

/// A folder of the tests' data.
fn data(name: &str) -> PathBuf {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    root.join("tests/data/families").join(name)
}

/// A copy of one, to be changed.
fn copy(name: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(data(name)).unwrap() {
        let entry = entry.unwrap();
        fs::write(
            folder.path().join(entry.file_name()),
            fs::read(entry.path()).unwrap(),
        )
        .unwrap();
    }
    folder
}

const SHARDED: &str = "llama_rope_linear_sharded";

/// Writes a file of the tensors named, each of two numbers.
fn weights(path: &Path, names: &[&str]) {
    let tensor = |name: &&str| NamedTensor {
        name: (*name).to_owned(),
        shape: vec![2],
        values: vec![1.0, 2.0],
    };
    let tensors: Vec<NamedTensor> = names.iter().map(tensor).collect();
    let none = BTreeMap::new();
    write_safetensors(path, &tensors, &none, Dtype::F32, &none).unwrap();
}

/// A folder with these tensors in one file.
fn one(config: &[u8], names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(CONFIG), config).unwrap();
    weights(&folder.path().join("model.safetensors"), names);
    folder
}

fn refused(path: &Path) -> String {
    Checkpoint::open(path).unwrap_err().to_string()
}

#[test]
fn parts_are_one_checkpoint_however_they_are_named() {
    let folder = data(SHARDED);
    let read = Checkpoint::open(&folder).unwrap();
    assert_eq!(read.format(), Format::HuggingFace);
    assert_eq!(read.path(), folder);
    assert_eq!(read.files().count(), 2);
    let config = read.origin().config().unwrap();
    assert_eq!(config["model_type"], "llama");
    let names: Vec<&str> = read.names().collect();
    assert_eq!(names.len(), 20);
    assert!(names.contains(&"model.layers.1.self_attn.q_proj.weight"));
    for name in &names {
        let numbers = read.read(name).unwrap();
        assert_eq!(numbers.len(), read.info(name).unwrap().elements());
        assert!(numbers.iter().any(|v| *v != 0.0));
    }
    for file in [
        "config.json",
        "model.safetensors.index.json",
        "model-00002-of-00002.safetensors",
    ] {
        let again = Checkpoint::open(&folder.join(file)).unwrap();
        assert_eq!(again.names().collect::<Vec<_>>(), names);
        assert_eq!(again.format(), Format::HuggingFace);
        let name = "model.norm.weight";
        assert_eq!(again.read(name).unwrap(), read.read(name).unwrap());
    }
    assert_eq!(
        read.companion("config.json"),
        Some(folder.join("config.json"))
    );
    assert_eq!(read.companion("tokenizer.json"), None);
    assert_eq!(read.companion("../gguf/quant_blocks.safetensors"), None);
}

#[test]
fn the_files_of_a_folder_are_opened_again_as_they_were() {
    let folder = copy(SHARDED);
    let read = Checkpoint::open(folder.path()).unwrap();
    let source = read.source().unwrap();
    assert_eq!(source.known_sha256(), None);
    let sum = source.sha256().unwrap().to_owned();
    let again = Checkpoint::again(folder.path(), &source).unwrap();
    assert_eq!(again.origin().config(), read.origin().config());
    assert_eq!(again.source().unwrap().sha256(), Some(sum.as_str()));
    let part = folder.path().join("model-00002-of-00002.safetensors");
    fs::write(&part, b"something else").unwrap();
    assert!(Checkpoint::again(folder.path(), &source).is_err());
}

#[test]
fn a_part_that_is_missing_is_named() {
    let folder = copy(SHARDED);
    fs::remove_file(folder.path().join("model-00002-of-00002.safetensors")).unwrap();
    let said = refused(folder.path());
    assert!(
        said.contains("model-00002-of-00002.safetensors") && said.contains("missing"),
        "{said}"
    );
}

#[test]
fn an_index_leads_nowhere_else() {
    for name in [
        "../model.safetensors",
        "/etc/passwd",
        "a/b.safetensors",
        "..",
        "",
        "C:\\x",
    ] {
        let folder = copy(SHARDED);
        let index = serde_json::json!({"weight_map": {"a": name}}).to_string();
        fs::write(folder.path().join("model.safetensors.index.json"), index).unwrap();
        let said = refused(folder.path());
        assert!(said.contains("no file of the same folder"), "{said}");
    }
}

#[test]
fn an_index_without_end_is_refused_before_it_is_read() {
    let folder = copy(SHARDED);
    let many: String = (0..300_000).map(|i| format!("\"{i}\":\"a\",")).collect();
    let index = format!("{{\"weight_map\":{{{many}\"x\":\"a\"}}}}");
    fs::write(folder.path().join("model.safetensors.index.json"), index).unwrap();
    assert!(refused(folder.path()).contains("in memory"));
    let parts: String = (0..600).map(|i| format!("\"{i}\":\"{i}\",")).collect();
    let index = format!("{{\"weight_map\":{{{parts}\"x\":\"a\"}}}}");
    fs::write(folder.path().join("model.safetensors.index.json"), index).unwrap();
    assert!(refused(folder.path()).contains("601 files"));
}

#[test]
fn a_tensor_in_two_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(CONFIG), b"{}").unwrap();
    weights(&folder.path().join("a.safetensors"), &["x", "y"]);
    weights(&folder.path().join("b.safetensors"), &["y"]);
    let index = br#"{"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}"#;
    fs::write(folder.path().join("model.safetensors.index.json"), index).unwrap();
    let said = refused(folder.path());
    assert!(
        said.contains("tensor y is in a.safetensors and in b.safetensors"),
        "{said}"
    );
}

#[test]
fn a_configuration_is_an_object_of_bounded_size() {
    let opens = |config: &[u8]| Checkpoint::open(one(config, &["wte.weight"]).path()).is_ok();
    assert!(opens(b"{\"model_type\": \"gpt2\"}"));
    assert!(opens(b"\xef\xbb\xbf {\"model_type\": \"gpt2\"}"));
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let large = format!("{{\"a\":[{}0]}}", "{},".repeat(100_000));
    for config in [
        &b""[..],
        b"[]",
        b"null",
        b"{",
        deep.as_bytes(),
        large.as_bytes(),
    ] {
        let folder = one(config, &["wte.weight"]);
        let said = refused(folder.path());
        assert!(said.contains("config.json"), "{said}");
        // By itself the file says enough: what stands beside it may be another program's.
        let file = folder.path().join("model.safetensors");
        assert_eq!(
            Checkpoint::open(&file).unwrap().format(),
            Format::Safetensors
        );
    }
}

#[test]
fn a_network_of_the_published_code_needs_no_configuration() {
    let folder = one(br#"{"model_type": "gpt2"}"#, &["module.key_pe"]);
    let read = Checkpoint::open(&folder.path().join("model.safetensors")).unwrap();
    assert!(matches!(read.origin(), Origin::Plain));
    assert_eq!(read.names().collect::<Vec<_>>(), ["key_pe"]);
}

#[test]
fn a_folder_without_weights_says_what_it_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(CONFIG), b"{}").unwrap();
    let said = refused(folder.path());
    assert!(said.contains("pytorch_model.bin"), "{said}");
}

#[test]
fn a_folder_that_is_no_model_names_what_would_open() {
    let folder = tempfile::tempdir().unwrap();
    let said = refused(folder.path());
    assert!(
        said.contains("no checkpoint.safetensors") && said.contains("no config.json"),
        "{said}"
    );
    let model = folder.path().join("gpt2");
    fs::create_dir(&model).unwrap();
    fs::write(model.join(CONFIG), b"{}").unwrap();
    let said = refused(folder.path());
    assert!(said.ends_with("may be opened: gpt2"), "{said}");
    weights(&model.join("model.safetensors"), &["wte.weight"]);
    assert!(Checkpoint::open(&model).is_ok());
    // A run of training is opened as one, whatever else is in its folder.
    weights(&model.join(IN_FOLDER), &["key_pe"]);
    let run = Checkpoint::open(&model).unwrap();
    assert_eq!(run.format(), Format::Safetensors);
    assert!(run.names().eq(["key_pe"]));
}

#[test]
fn pytorch_weights_are_read_with_both_names_of_one_storage() {
    let read = Checkpoint::open(&data("opt")).unwrap();
    assert_eq!(read.format(), Format::HuggingFace);
    assert_eq!(read.origin().config().unwrap()["model_type"], "opt");
    assert!(read.same_storage("lm_head.weight", "model.decoder.embed_tokens.weight"));
    let by_itself = Checkpoint::open(&data("opt").join("pytorch_model.bin")).unwrap();
    assert!(by_itself.names().eq(read.names()));
    assert_eq!(by_itself.format(), Format::HuggingFace);
    assert_eq!(by_itself.prefix(), "");
}

#[test]
fn parts_of_pytorch_are_one_checkpoint() {
    let folder = copy("opt");
    let at = |name: &str| folder.path().join(name);
    fs::rename(
        at("pytorch_model.bin"),
        at("pytorch_model-00001-of-00002.bin"),
    )
    .unwrap();
    weights(&at("pytorch_model-00002-of-00002.bin"), &["more"]);
    let index = serde_json::json!({"metadata": {}, "weight_map": {
        "lm_head.weight": "pytorch_model-00001-of-00002.bin",
        "more": "pytorch_model-00002-of-00002.bin",
    }});
    fs::write(at("pytorch_model.bin.index.json"), index.to_string()).unwrap();
    let read = Checkpoint::open(folder.path()).unwrap();
    assert_eq!(read.read("more").unwrap(), [1.0, 2.0]);
    assert!(read.same_storage("lm_head.weight", "model.decoder.embed_tokens.weight"));
    let name = "model.decoder.layers.0.fc1.weight";
    let whole = Checkpoint::open(&data("opt")).unwrap();
    assert_eq!(read.read(name).unwrap(), whole.read(name).unwrap());
    // Storages of different files are never the same, whatever their numbers in these.
    assert!(!read.same_storage("more", name));
}

#[test]
fn the_first_of_the_weights_that_is_there_is_read() {
    let folder = copy("opt");
    weights(&folder.path().join("model.safetensors"), &["wte.weight"]);
    assert!(
        Checkpoint::open(folder.path())
            .unwrap()
            .names()
            .eq(["wte.weight"])
    );
    // A file that is named is read, and keeps its configuration.
    let other = folder.path().join("other.safetensors");
    weights(&other, &["module.transformer.wte.weight"]);
    let read = Checkpoint::open(&other).unwrap();
    assert!(read.names().eq(["transformer.wte.weight"]));
    assert_eq!(read.origin().config().unwrap()["model_type"], "opt");
}

#[test]
fn a_folder_of_the_hubs_cache_opens_with_companions_beside_the_links() {
    let cache = tempfile::tempdir().unwrap();
    let model = cache.path().join("models--org--opt");
    let (snapshot, blobs) = (model.join("snapshots/abc"), model.join("blobs"));
    fs::create_dir_all(&snapshot).unwrap();
    fs::create_dir_all(&blobs).unwrap();
    for name in ["config.json", "pytorch_model.bin"] {
        let blob = blobs.join(format!("sha-{}", name.len()));
        fs::copy(data("opt").join(name), &blob).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&blob, snapshot.join(name)).unwrap();
        #[cfg(not(unix))]
        fs::copy(&blob, snapshot.join(name)).unwrap();
    }
    fs::write(snapshot.join("tokenizer.json"), b"{}").unwrap();
    for path in [
        model.clone(),
        snapshot.clone(),
        snapshot.join("pytorch_model.bin"),
    ] {
        let read = Checkpoint::open(&path).unwrap();
        assert_eq!(read.format(), Format::HuggingFace, "{path:?}");
        let beside = read.companion("tokenizer.json");
        assert_eq!(beside, Some(snapshot.join("tokenizer.json")));
    }
}

/// A `.safetensors` file with one tensor of bytes, 2 × 4.
fn bytes(path: &Path, name: &str) {
    use crate::checkpoint::{Element, PlannedTensor, TensorFile};
    let plan = [PlannedTensor::new(name, Element::U8, &[2, 4])];
    let mut file = TensorFile::create(path, &plan, &BTreeMap::new()).unwrap();
    file.write(name, 0, &[0, 1, 2, 3, 4, 5, 6, 255]).unwrap();
    file.finish().unwrap();
}

#[test]
fn quantised_weights_are_refused_by_the_name_of_their_method() {
    let folder = tempfile::tempdir().unwrap();
    bytes(&folder.path().join("model.safetensors"), "q_proj.weight");
    let config = |text: &str| fs::write(folder.path().join(CONFIG), text).unwrap();
    for (how, name) in [
        (r#"{"quant_method": "gptq", "bits": 4}"#, "gptq"),
        (r#"{"load_in_8bit": true}"#, "bitsandbytes"),
        ("{}", "a way without a name"),
    ] {
        config(&format!(r#"{{"quantization_config": {how}}}"#));
        let said = refused(folder.path());
        assert!(said.contains(&format!("quantised by {name}")), "{said}");
        assert!(said.contains("q_proj.weight is uint8"), "{said}");
    }
    // Without the word it is a tensor that is not read, like any other.
    config("{}");
    let read = Checkpoint::open(folder.path()).unwrap();
    assert!(read.unread().contains_key("q_proj.weight"));
}

#[test]
fn packed_weights_of_gpt_oss_are_read_as_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let name = "model.layers.0.mlp.experts.down_proj_blocks";
    bytes(&folder.path().join("model.safetensors"), name);
    let config = r#"{"model_type": "gpt_oss", "quantization_config": {"quant_method": "mxfp4"}}"#;
    fs::write(folder.path().join(CONFIG), config).unwrap();
    let read = Checkpoint::open(folder.path()).unwrap();
    let tensor = read.tensor(name).unwrap();
    assert_eq!(tensor.info().dtype, Dtype::U8);
    assert_eq!(tensor.as_u8(), Some(&[0, 1, 2, 3, 4, 5, 6, 255][..]));
    assert_eq!(tensor.to_vec()[7], 255.0);
    // By itself the file does not say whose bytes these are.
    fs::remove_file(folder.path().join(CONFIG)).unwrap();
    let read = Checkpoint::open(&folder.path().join("model.safetensors")).unwrap();
    assert_eq!(read.names().count(), 0);
}
