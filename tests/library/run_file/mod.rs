//! Run files: what is recorded looks, bit for bit, as the live run does; what does not fit is refused.

mod both_directions;
mod damage;
mod families;
mod same;
mod weights;

use spanscope::engine::run_file::{RecordOptions, Recording, TextContent, TextToRecord};
use spanscope::engine::{Engine, LoadedModel, SAMPLES, Snapshot, Source};
use spanscope::model::Cancel;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// Ids that every tiny model knows.
pub fn ids(count: usize) -> Vec<u32> {
    (0..count as u32)
        .map(|i| (i * i * 7 + i / 3) % 60)
        .collect()
}

pub fn of_ids(name: &str, ids: Vec<u32>) -> TextToRecord {
    TextToRecord {
        name: name.into(),
        content: TextContent::Ids(ids),
    }
}

pub fn of_text(name: &str, text: &str) -> TextToRecord {
    TextToRecord {
        name: name.into(),
        content: TextContent::Text(text.as_bytes().to_vec()),
    }
}

/// Records a run, and opens what was written.
pub fn record(
    model: &LoadedModel,
    texts: Vec<TextToRecord>,
    options: &RecordOptions,
) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let recording = Recording::new(model, texts, options).unwrap();
    recording
        .write(&path, &Cancel::default(), &mut |_| {})
        .unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size >= recording.bytes());
    (folder, path)
}

pub fn sample(index: usize) -> LoadedModel {
    LoadedModel::open_sample(&SAMPLES[index]).unwrap()
}

pub fn file(path: &Path) -> Source {
    Source::File {
        path: path.to_owned(),
        vocab: None,
        ramp: None,
    }
}

pub fn settled(engine: &Engine) -> Arc<Snapshot> {
    let begin = Instant::now();
    loop {
        let snapshot = engine.snapshot();
        if engine.is_settled(&snapshot) {
            return snapshot;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "waited too long");
        std::thread::sleep(Duration::from_millis(1));
    }
}
