//! GGUF files as checkpoints.

use super::*;
use crate::checkpoint::{Checkpoint, Dtype, Format, TensorData};
use std::path::Path;

fn opened(build: &Build) -> Checkpoint {
    Checkpoint::from_bytes(Path::new("t.gguf"), build.file()).unwrap()
}

fn path(name: &str) -> PathBuf {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    root.join("tests/data/families/gguf").join(name)
}

#[test]
fn a_file_is_a_checkpoint_by_its_first_bytes() {
    let read = Checkpoint::open(&path("llama-mixed.gguf")).unwrap();
    assert_eq!(read.format(), Format::Gguf);
    let metadata = read.origin().gguf().unwrap();
    assert_eq!(metadata.architecture(), Some("llama"));
    let layers = metadata.get_u64("llama.block_count").unwrap() as usize;
    let heads = metadata.per_layer("llama.attention.head_count", layers);
    assert_eq!(heads.unwrap().unwrap().len(), layers);
    assert!(
        metadata
            .get_f32("llama.attention.layer_norm_rms_epsilon")
            .unwrap()
            > 0.0
    );
    assert_eq!(metadata.get_bool("llama.block_count"), None);
    assert!(metadata.get_strs("llama.block_count").is_err());
    assert_eq!(metadata.get_strs("none"), Ok(None));
    let embedding = read.info("token_embd.weight").unwrap();
    let width = metadata.get_u64("llama.embedding_length").unwrap() as usize;
    assert_eq!(embedding.shape[1], width);
    assert!(embedding.shape[0] > width);

    // As Ollama keeps it.
    let folder = tempfile::tempdir().unwrap();
    let blob = folder.path().join("sha256-0123");
    std::fs::copy(path("llama-mixed.gguf"), &blob).unwrap();
    let again = Checkpoint::open(&blob).unwrap();
    assert!(again.names().eq(read.names()));
    let source = again.source().unwrap();
    let once_more = Checkpoint::again(&blob, &source).unwrap();
    assert_eq!(
        once_more.origin().gguf().unwrap().architecture(),
        Some("llama")
    );
    assert_eq!(source.sha256().map(str::len), Some(64));
}

#[test]
fn every_tensor_gives_the_numbers_of_its_blocks_in_any_range() {
    for name in [
        "llama-mixed.gguf",
        "llama-iq4_nl.gguf",
        "llama3-q4_0.gguf",
        "gpt_oss-mxfp4.gguf",
    ] {
        let bytes = data(name);
        let gguf = Gguf::read(&bytes).unwrap();
        let read = Checkpoint::open(&path(name)).unwrap();
        for tensor_name in gguf.names() {
            let tensor = gguf.tensor(tensor_name).unwrap();
            let mut expected = vec![0.0; tensor.elements()];
            let place = tensor.bytes.clone().unwrap();
            dequantise(tensor.kind, &bytes[place.clone()], &mut expected);
            let found: TensorData<'_> = read.tensor(tensor_name).unwrap();
            assert_eq!(found.info().shape, tensor.shape);
            assert_eq!(found.info().dtype.name().to_uppercase(), tensor.kind.name());
            assert_eq!(found.to_vec(), expected, "{name} {tensor_name}");
            let blocks = found.blocks();
            match found.info().dtype {
                Dtype::Blocks(kind) => assert_eq!(blocks, Some((kind, &bytes[place]))),
                _ => assert_eq!(blocks, None),
            }
            let n = expected.len();
            for (start, end) in [(0, 1), (1, n / 2 + 1), (n / 3, n - 1), (n - 1, n), (n, n)] {
                let (start, end) = (start.min(n), end.min(n));
                if start > end {
                    continue;
                }
                let mut out = vec![f32::NAN; end - start];
                assert!(found.read_range_finite(start, &mut out));
                assert_eq!(
                    out,
                    expected[start..end],
                    "{name} {tensor_name} {start}..{end}"
                );
            }
        }
        assert!(read.dtypes().len() > 1, "{name}");
    }
}

#[test]
fn blocks_of_256_are_cut_anywhere() {
    let file = data("quant_blocks.safetensors");
    let tensors = safetensors::SafeTensors::deserialize(&file).unwrap();
    for (name, kind) in [("Q2_K", 10_u32), ("Q6_K", 14), ("Q4_K", 12)] {
        let raw = tensors.tensor(&format!("{name}.raw")).unwrap();
        let values = GgmlType::of(kind).block().unwrap();
        let n = (raw.data().len() / values.1 * values.0) as u64;
        let mut build = Build::default().tensor("t", &[n], kind, 0);
        build.data = raw.data().to_vec();
        let read = opened(&build);
        let tensor = read.tensor("t").unwrap();
        let all = tensor.to_vec();
        for start in (0..all.len()).step_by(37) {
            for length in [1, 255, 256, 300, 600] {
                let end = (start + length).min(all.len());
                let mut out = vec![0.0; end - start];
                tensor.read_range(start, &mut out);
                assert_eq!(out, all[start..end], "{name} {start}..{end}");
            }
        }
    }
}

#[test]
fn a_scale_that_is_no_number_is_told() {
    // Q8_0: an infinite scale.
    let mut build = Build::default().tensor("t", &[64], 8, 0);
    build.data = [vec![0; 34], vec![0x00, 0x7c], vec![1; 32]].concat();
    let read = opened(&build);
    let tensor = read.tensor("t").unwrap();
    let mut out = [0.0; 32];
    assert!(tensor.read_range_finite(0, &mut out));
    assert!(!tensor.read_range_finite(32, &mut out));
}

#[test]
fn a_format_that_is_not_read_is_listed_with_what_is() {
    let build = Build::default()
        .tensor("a", &[2, 256], 16, 0)
        .tensor("b", &[4], 0, 96)
        .data(112);
    let read = opened(&build);
    assert!(read.names().eq(["b"]));
    let unread = &read.unread()["a"];
    assert_eq!(unread.form, "IQ2_XXS");
    assert_eq!(unread.shape.as_deref(), Some(&[256, 2][..]));
    assert!(unread.what.contains("MXFP4"), "{}", unread.what);
    assert!(read.tensor("a").is_err());
}

#[test]
fn arrays_are_read_as_what_they_are() {
    let texts = [text(b"a"), text("\u{2581}b".as_bytes())].concat();
    let build = Build::default()
        .entry("tokens", 9, &array(8, 2, &texts))
        .entry("bad", 9, &array(8, 1, &text(&[0xff])))
        .entry("kinds", 9, &array(5, 2, &[1, 0, 0, 0, 255, 255, 255, 255]))
        .entry("scores", 9, &array(6, 1, &(-1.5_f32).to_le_bytes()))
        .entry("yes", 9, &array(7, 2, &[1, 0]))
        .entry("counts", 9, &array(4, 2, &[1, 0, 0, 0, 2, 0, 0, 0]))
        .entry("many", 9, &array(0, 5 << 20, &vec![0; 5 << 20]));
    let read = opened(&build);
    let metadata = read.origin().gguf().unwrap();
    assert_eq!(
        metadata.get_strs("tokens"),
        Ok(Some(vec!["a", "\u{2581}b"]))
    );
    assert!(metadata.get_strs("bad").unwrap_err().contains("not UTF-8"));
    assert!(metadata.get_strs("kinds").is_err());
    assert_eq!(metadata.get_i64s("kinds"), Ok(Some(vec![1, -1])));
    let negative = metadata.get_u64s("kinds").unwrap_err();
    assert!(negative.contains("element 1"), "{negative}");
    assert_eq!(metadata.get_f32s("scores"), Ok(Some(vec![-1.5])));
    assert!(metadata.get_f32s("tokens").is_err());
    assert_eq!(metadata.get_bools("yes"), Ok(Some(vec![true, false])));
    assert_eq!(metadata.array_len("counts"), Some(2));
    assert_eq!(metadata.per_layer("counts", 2), Ok(Some(vec![1, 2])));
    assert!(metadata.per_layer("counts", 3).is_err());
    assert!(metadata.per_layer("counts", 1 << 40).is_err());
    assert!(metadata.get_u64s("many").unwrap_err().contains("at most"));
}

/// A part of a model of two, with one tensor.
fn part(no: u16, count: u16, name: &str) -> Vec<u8> {
    Build::default()
        .entry("split.no", 2, &no.to_le_bytes())
        .entry("split.count", 2, &count.to_le_bytes())
        .entry("general.architecture", 8, &text(name.as_bytes()))
        .tensor(name, &[4], 0, 0)
        .data(16)
        .file()
}

#[test]
fn a_model_in_parts_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = |n| folder.path().join(format!("m-{n:05}-of-00002.gguf"));
    std::fs::write(file(1), part(0, 2, "a")).unwrap();
    let refused = |path: &Path| Checkpoint::open(path).unwrap_err().to_string();
    let said = refused(&file(1));
    assert!(said.contains("m-00002-of-00002.gguf is missing"), "{said}");
    std::fs::write(file(2), part(1, 2, "b")).unwrap();
    for n in [1, 2] {
        let read = Checkpoint::open(&file(n)).unwrap();
        assert!(read.names().eq(["a", "b"]));
        assert_eq!(read.files().count(), 2);
        assert_eq!(read.origin().gguf().unwrap().architecture(), Some("a"));
        let source = read.source().unwrap();
        let again = Checkpoint::again(&file(n), &source).unwrap();
        assert_eq!(again.read("b").unwrap(), read.read("b").unwrap());
    }
    // The folder holds nothing else.
    let read = Checkpoint::open(folder.path()).unwrap();
    assert!(read.names().eq(["a", "b"]));
    assert_eq!(read.path(), folder.path());
    std::fs::write(file(2), part(1, 2, "a")).unwrap();
    assert!(refused(&file(1)).contains("tensor a is in"));
    std::fs::write(file(2), part(0, 2, "b")).unwrap();
    assert!(refused(&file(1)).contains("part 1 by its metadata, and part 2"));
    std::fs::write(file(2), part(1, 3, "b")).unwrap();
    assert!(refused(&file(1)).contains("one of 3 parts by its metadata"));
    let alone = folder.path().join("alone.gguf");
    std::fs::write(&alone, part(0, 2, "a")).unwrap();
    assert!(refused(&alone).contains("does not say where the others are"));
    // Of several models none is meant.
    let said = refused(folder.path());
    assert!(said.contains("may be opened: alone.gguf"), "{said}");
}
