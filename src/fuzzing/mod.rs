//! The functions that the fuzz targets and the replay of their corpus call: the readers of untrusted files, on bytes in memory.
//!
//! Every function takes any bytes and must come back: with an error, or with something that can be used. What it asserts
//! beyond that is a finding too. Readers that would refuse nearly everything by a checksum, a length or a magic number get,
//! beside the bytes as they are, a file that is built around them.

mod around;
mod containers;
mod models;
mod small;
mod tokenizers;

pub use containers::{gguf, hugging_face};
pub use models::{model, run_file, sums_file, train_state};
pub use small::small_model;
pub use tokenizers::tokenizer;

use crate::checkpoint::{Checkpoint, read_pickle};
use crate::text::{Vocabulary, vocabulary_json};
use crate::ui::session_survives;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The largest vocabulary that a text may be tried for.
const TOKENS: usize = 64;

/// A pickle, and what a checkpoint would be made of it.
pub fn pickle(data: &[u8]) {
    read_pickle(data);
}

/// A legacy stream that begins as it should.
pub fn legacy(data: &[u8]) {
    checkpoint(around::legacy(data));
}

/// A zip archive; or, after a first byte of 1, one that is made of the rest.
pub fn zip(data: &[u8]) {
    match data.split_first() {
        Some((1, rest)) => checkpoint(around::zip(rest)),
        _ => checkpoint(data.to_vec()),
    }
}

/// A `.safetensors` file; or, after a first byte of 1, one with the rest up to a zero for its header.
pub fn safetensors(data: &[u8]) {
    match data.split_first() {
        Some((1, rest)) => checkpoint(around::safetensors(rest)),
        _ => checkpoint(data.to_vec()),
    }
}

/// Whatever format the bytes are in: opens them and reads every tensor that can be read.
pub fn checkpoint(bytes: Vec<u8>) {
    let Ok(checkpoint) = Checkpoint::from_bytes(Path::new("fuzzed"), bytes) else {
        return;
    };
    for name in checkpoint.names() {
        let elements = checkpoint.info(name).map(|info| info.elements());
        if let Ok(values) = checkpoint.read(name) {
            assert_eq!(Some(values.len()), elements, "{name}");
        }
    }
    for place in checkpoint.places().values() {
        assert_eq!(checkpoint.bytes_at(place).len(), place.bytes.len());
    }
}

/// A vocabulary as JSON, and the same bytes as a text that it cuts into tokens.
pub fn vocabulary(data: &[u8]) {
    let Ok(json) = vocabulary_json(data, TOKENS) else {
        return;
    };
    let Ok(vocabulary) = Vocabulary::from_json(&json) else {
        return;
    };
    let again = Vocabulary::from_json(&vocabulary.to_json());
    assert_eq!(again.ok().as_ref(), Some(&vocabulary));
    let pieces = vocabulary.encode_bytes(data);
    assert!(pieces.iter().all(|piece| piece.range.end <= data.len()));
    for id in 0..vocabulary.len().min(TOKENS) as u32 {
        let _ = vocabulary.label(id);
    }
}

/// A text file in any form, as a text and as what a vocabulary of some tokens is found in: the first byte says how many,
/// and how they are counted.
pub fn text(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else {
        return;
    };
    let Some(path) = file("text", bytes) else {
        return;
    };
    let _ = crate::text::read_bytes(path);
    let _ = crate::text::read_ids(path);
    let (start, _) = crate::text::read_start(path, usize::from(*how)).unwrap_or_default();
    assert!(crate::text::to_bytes(&start).len() <= usize::from(*how));
    let expected = usize::from(how >> 1) % TOKENS;
    if let Ok(vocabulary) = Vocabulary::from_file(path, expected, how & 1 == 1) {
        assert_eq!(vocabulary.len(), expected);
    }
}

/// A session file.
pub fn session(data: &[u8]) {
    session_survives(data);
}

/// Puts bytes into a file of this process, in memory where the system has a place for such files.
fn file(kind: &str, bytes: &[u8]) -> Option<&'static Path> {
    static FILES: OnceLock<std::sync::Mutex<Vec<&'static Path>>> = OnceLock::new();
    // One of a kind per thread: tests replay the corpus on several.
    let name = format!("{kind}-{:?}", std::thread::current().id());
    let path = room()?.join(name);
    std::fs::write(&path, bytes).ok()?;
    let files = FILES.get_or_init(std::sync::Mutex::default);
    let mut files = files.lock().ok()?;
    let known = files.iter().copied().find(|known| **known == *path);
    Some(known.unwrap_or_else(|| {
        let path: &'static PathBuf = Box::leak(Box::new(path));
        files.push(path);
        path
    }))
}

/// A folder of this process, in memory where the system has a place for such.
fn room() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<tempfile::TempDir>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        match memory.is_dir() {
            true => tempfile::tempdir_in(memory).ok(),
            false => tempfile::tempdir().ok(),
        }
    });
    Some(folder.as_ref()?.path())
}

/// Puts files into a folder of this thread; those of one `kind` have always the same names.
fn folder(kind: &str, files: &[(&str, &[u8])]) -> Option<PathBuf> {
    let path = room()?.join(format!("{kind}-{:?}", std::thread::current().id()));
    std::fs::create_dir_all(&path).ok()?;
    for (name, bytes) in files {
        std::fs::write(path.join(name), bytes).ok()?;
    }
    Some(path)
}
