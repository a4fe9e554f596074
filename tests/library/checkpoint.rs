//! Opening checkpoint files, sound and broken.

use proptest::prelude::*;
use spanscope::checkpoint::{
    Checkpoint, CheckpointError, Dtype, Format, NamedTensor, write_safetensors,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn open(name: &str) -> Checkpoint {
    Checkpoint::open(&data(name)).unwrap()
}

#[test]
fn both_containers_are_recognised() {
    assert_eq!(open("tiny_adaptive.pt").format(), Format::PtZip);
    assert_eq!(open("tiny_adaptive_legacy.pt").format(), Format::PtLegacy);
}

#[test]
fn layouts_of_the_same_weights_read_alike() {
    let plain = open("tiny_adaptive.pt");
    for other in ["tiny_fairseq_layout.pt", "tiny_adaptive_views.pt"] {
        let other = open(other);
        for name in plain
            .names()
            .filter(|name| !name.ends_with("mask_template"))
        {
            assert_eq!(
                plain.info(name).unwrap().shape,
                other.info(name).unwrap().shape,
                "{name}"
            );
            assert_eq!(
                plain.read(name).unwrap(),
                other.read(name).unwrap(),
                "{name}"
            );
        }
    }
}

#[test]
fn half_precision_weights_are_the_rounded_ones() {
    let plain = open("tiny_adaptive.pt");
    for (other, dtype, tolerance) in [
        ("tiny_adaptive_f16.pt", Dtype::F16, 1e-3),
        ("tiny_adaptive_bf16.pt", Dtype::BF16, 8e-3),
    ] {
        let other = open(other);
        assert_eq!(other.info("key_pe").unwrap().dtype, dtype);
        for name in plain.names() {
            for (a, b) in plain
                .read(name)
                .unwrap()
                .iter()
                .zip(other.read(name).unwrap())
            {
                assert!(
                    (a - b).abs() <= tolerance * a.abs().max(1e-2),
                    "{name}: {a} {b}"
                );
            }
        }
    }
}

#[test]
fn tied_weights_are_seen_to_share_a_storage() {
    let tied = open("tiny_adaptive_io_tied_pers.pt");
    assert!(tied.same_storage("in_emb.emb_layers.1.weight", "out_emb.out_layers.1.weight"));
    let free = open("tiny_adaptive_io.pt");
    assert!(!free.same_storage("in_emb.emb_layers.1.weight", "out_emb.out_layers.1.weight"));
}

#[test]
fn a_damaged_or_foreign_file_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    for (content, expected) in [
        (&b""[..], "empty"),
        (b"hello, world, this is text", "hello"),
        (b"PK\x03\x04 and nothing more", "zip"),
        (b"\x89PNG\r\n\x1a\n0000000000", "PNG"),
        (b"\x01\x02\xff0000000000000", "01 02 ff"),
    ] {
        std::fs::write(&path, content).unwrap();
        let message = Checkpoint::open(&path).unwrap_err().to_string();
        assert!(
            message.contains("model.pt") && message.contains(expected),
            "{message}"
        );
    }
    let message = Checkpoint::open(&folder.path().join("absent.pt"))
        .unwrap_err()
        .to_string();
    assert!(message.contains("absent.pt"), "{message}");
    assert!(matches!(
        Checkpoint::open(folder.path()),
        Err(CheckpointError::NoRun { .. })
    ));
}

#[test]
fn a_file_cut_short_anywhere_is_an_error_or_reads_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pt");
    for name in ["tiny_adaptive_views.pt", "tiny_all_attention_fixed.pt"] {
        let whole = std::fs::read(data(name)).unwrap();
        for part in 0..60 {
            std::fs::write(&path, &whole[..whole.len() * part / 60]).unwrap();
            if let Ok(checkpoint) = Checkpoint::open(&path) {
                for name in checkpoint.names() {
                    assert_eq!(
                        checkpoint.read(name).unwrap().len(),
                        checkpoint.info(name).unwrap().elements()
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever bytes are wrong, opening ends with an error or a checkpoint whose tensors can be read.
    #[test]
    fn changed_bytes_never_panic(
        file in prop::sample::select(vec!["tiny_adaptive_f16.pt", "tiny_adaptive_views.pt", "tiny_all_attention_fixed.pt"]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        early in any::<bool>(),
    ) {
        let mut bytes = std::fs::read(data(file)).unwrap();
        // The pickle is at the start; the storages after it are mere numbers.
        let end = if early { 6000 } else { bytes.len() };
        for (at, value) in edits {
            let at = at.index(end);
            bytes[at] = value;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("changed.pt");
        std::fs::write(&path, bytes).unwrap();
        if let Ok(checkpoint) = Checkpoint::open(&path) {
            for name in checkpoint.names() {
                // The archive's checksum may tell; the numbers are never too few.
                if let Ok(values) = checkpoint.read(name) {
                    prop_assert_eq!(values.len(), checkpoint.info(name).unwrap().elements());
                }
            }
        }
    }

    #[test]
    fn safetensors_keep_what_was_written(values in prop::collection::vec(-1e3_f32..1e3, 0..40)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let tensors = [NamedTensor { name: "key_pe".into(), shape: vec![1, values.len()], values: values.clone() }];
        let tied = BTreeMap::from([("other".to_owned(), "key_pe".to_owned())]);
        let metadata = BTreeMap::from([("config".to_owned(), "{\"ramp\": 16}".to_owned())]);
        write_safetensors(&path, &tensors, &tied, Dtype::F32, &metadata).unwrap();
        let back = Checkpoint::open(&path).unwrap();
        prop_assert_eq!(back.read("key_pe").unwrap(), values);
        prop_assert!(back.same_storage("key_pe", "other"));
        prop_assert_eq!(back.metadata().get("config"), metadata.get("config"));
    }
}

/// The optimizer's storage, a terabyte of it by its own account, is not even in the file.
#[test]
fn the_optimizer_is_never_read() {
    let checkpoint = open("optimizer_absent.pt");
    assert!(checkpoint.names().all(|name| !name.contains("sum")));
    for name in checkpoint.names() {
        let elements = checkpoint.info(name).unwrap().elements();
        assert_eq!(checkpoint.read(name).unwrap().len(), elements, "{name}");
    }
    assert!(spanscope::model::Network::load(&checkpoint, None).is_ok());
    let curve = checkpoint
        .curves()
        .iter()
        .find(|c| c.name == "val_bpc")
        .unwrap();
    assert_eq!(curve.values, [3.5, 2.5]);
}

#[test]
fn damaged_numbers_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.pt");
    let mut bytes = std::fs::read(data("tiny_adaptive.pt")).unwrap();
    // Within the first storage: the embedding.
    bytes[13_500] ^= 0x40;
    std::fs::write(&path, &bytes).unwrap();
    let checkpoint = Checkpoint::open(&path).unwrap();
    let failed: Vec<String> = checkpoint
        .names()
        .filter_map(|name| checkpoint.read(name).err())
        .map(|error| error.to_string())
        .collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(
        failed[0].contains("damaged.pt") && failed[0].contains("checksum"),
        "{failed:?}"
    );
}
