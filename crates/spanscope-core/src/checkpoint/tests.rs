//! PyTorch files made here: large ones, and such as no PyTorch would write.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::{Checkpoint, CheckpointError, Format};
use rayon::prelude::*;
use std::io::Write;
use std::path::PathBuf;
use tempfile::TempDir;

/// A state dict with the one tensor `key_pe`, n × 1 numbers of the storage "1", as a pickle.
fn state_dict(n: i32) -> Vec<u8> {
    let text = |s: &str| {
        [
            b"X".as_slice(),
            &(s.len() as u32).to_le_bytes(),
            s.as_bytes(),
        ]
        .concat()
    };
    let int = |i: i32| [b"J".as_slice(), &i.to_le_bytes()].concat();
    let storage = |key: &str, n: i32| {
        let class = b"ctorch\nFloatStorage\n".to_vec();
        let id = [text("storage"), class, text(key), text("cpu"), int(n)].concat();
        [b"(", id.as_slice(), b"NtQ"].concat()
    };
    let tensor = |key: &str, n: i32| {
        [
            b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec(),
            storage(key, n),
            int(0),
            [b"(", int(n).as_slice(), &int(1), b"t"].concat(),
            [b"(", int(1).as_slice(), &int(1), b"t"].concat(),
            b"\x89ccollections\nOrderedDict\n)RtR".to_vec(),
        ]
        .concat()
    };
    [
        b"\x80\x02}".to_vec(),
        text("model"),
        b"}".to_vec(),
        text("key_pe"),
        tensor("1", n),
        b"ss".to_vec(),
        text("optimizer"),
        tensor("0", 3),
        b"s.".to_vec(),
    ]
    .concat()
}

fn numbers(n: i32) -> Vec<u8> {
    (0..n).flat_map(|i| (i as f32).to_le_bytes()).collect()
}

fn write(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.pt");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn zip(n: i32) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in [
        ("made/data.pkl", state_dict(n)),
        ("made/data/1", numbers(n)),
        ("made/data/0", numbers(3)),
    ] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The legacy stream; its storages say that they have `counts` elements.
fn legacy(n: i32, counts: [u64; 2]) -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec();
    let keys = b"\x80\x02](X\x01\0\0\x000X\x01\0\0\x001e.".to_vec();
    [
        magic,
        b"\x80\x02M\xe9\x03.".to_vec(),
        b"\x80\x02}.".to_vec(),
        state_dict(n),
        keys,
        counts[0].to_le_bytes().to_vec(),
        numbers(3),
        counts[1].to_le_bytes().to_vec(),
        numbers(n),
    ]
    .concat()
}

/// More bytes than one thread sums up.
const LARGE: i32 = 1_300_007;

#[test]
fn large_storages_read_alike_from_both_containers() {
    for (bytes, format) in [
        (zip(LARGE), Format::PtZip),
        (legacy(LARGE, [3, LARGE as u64]), Format::PtLegacy),
    ] {
        let (_folder, path) = write(&bytes);
        let checkpoint = Checkpoint::open(&path).unwrap();
        assert_eq!(checkpoint.format(), format);
        let values = checkpoint.read("key_pe").unwrap();
        assert_eq!(values.len(), LARGE as usize);
        assert!(values.iter().enumerate().all(|(i, v)| *v == i as f32));
    }
}

#[test]
fn a_damaged_byte_of_a_large_storage_is_found_wherever_it_is() {
    let sound = zip(LARGE);
    let start = (0..sound.len())
        .find(|&at| sound[at..].starts_with(&numbers(9)))
        .unwrap();
    let size = LARGE as usize * 4;
    for at in [0, 1, size / 2, (1 << 20) - 1, 1 << 20, size - 1] {
        let mut bytes = sound.clone();
        bytes[start + at] ^= 1;
        let (_folder, path) = write(&bytes);
        let checkpoint = Checkpoint::open(&path).unwrap();
        let tensor = checkpoint.tensor("key_pe").map(|_| ());
        let message = tensor.unwrap_err().to_string();
        assert!(
            message.contains("made.pt") && message.contains("tensor key_pe fail"),
            "{message}"
        );
        assert!(matches!(
            checkpoint.read("key_pe"),
            Err(CheckpointError::Damaged { .. })
        ));
    }
}

/// Whoever waits for a part of the sum may be given work that asks for the same storage.
#[test]
fn many_threads_ask_for_one_storage_at_once() {
    let (_folder, path) = write(&zip(LARGE));
    for _ in 0..20 {
        let checkpoint = Checkpoint::open(&path).unwrap();
        let ends = (0..64).into_par_iter().map(|i| {
            let mut end = [0.0];
            let tensor = checkpoint.tensor("key_pe").unwrap();
            tensor.read_range(tensor.len() - 1 - i, &mut end);
            end[0] as i32 + i as i32
        });
        assert!(ends.collect::<Vec<_>>().iter().all(|end| *end == LARGE - 1));
    }
}

#[test]
fn an_empty_tensor_of_absurd_extent_is_an_error_or_empty() {
    for shape in [
        "0,18446744073709551615,2",
        "18446744073709551615,2,0",
        "7,0,9",
    ] {
        let header = format!(
            "{{\"key_pe\":{{\"dtype\":\"F32\",\"shape\":[{shape}],\"data_offsets\":[0,0]}}}}"
        );
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
        let (_folder, path) = write(&bytes);
        if let Ok(checkpoint) = Checkpoint::open(&path) {
            assert!(checkpoint.read("key_pe").unwrap().is_empty());
        }
    }
}

#[test]
fn the_legacy_streams_other_storages_are_not_looked_at() {
    let (_folder, path) = write(&legacy(5, [u64::MAX, 5]));
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!(checkpoint.read("key_pe").unwrap(), [0., 1., 2., 3., 4.]);
}

#[test]
fn a_legacy_storage_that_is_not_where_it_should_be_is_damage() {
    let (_folder, path) = write(&legacy(5, [3, 6]));
    let message = Checkpoint::open(&path).unwrap_err().to_string();
    for part in ["made.pt", "key_pe", "6 elements", "5 expected"] {
        assert!(message.contains(part), "{message}");
    }
}

/// Code that trains saves over the same file, and begins with cutting it off.
#[test]
fn a_file_that_is_shortened_while_it_is_open_is_told() {
    for bytes in [zip(LARGE), legacy(LARGE, [3, LARGE as u64])] {
        let (_folder, path) = write(&bytes);
        let checkpoint = Checkpoint::open(&path).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(100).unwrap();
        let message = checkpoint.read("key_pe").unwrap_err().to_string();
        for part in ["made.pt", "shortened while it was read", "open it again"] {
            assert!(message.contains(part), "{message}");
        }
    }
}
