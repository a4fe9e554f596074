//! What stands as JSON in files: run files, sums, training runs, sessions, vocabularies. The fuzz targets put any text
//! there; here are attacks on memory and time.

use super::build::safetensors;
use super::measured::{ALLOWED, alone, measured};
use spanscope::engine::LoadedModel;
use spanscope::engine::run_file::KEY;
use spanscope::engine::sums_file::{HEADER, SumsFile};
use spanscope::fuzzing;
use spanscope::train::{TRAINING, Trainer};
use std::path::Path;

/// Texts that become far more in memory than they are in the file, or never end.
fn swelling() -> Vec<(&'static str, String)> {
    let many = 1 << 20;
    vec![
        ("lists", format!("[{}0]", "[],".repeat(many))),
        ("objects", format!("[{}0]", "{\"a\":1},".repeat(many / 2))),
        ("numbers", format!("[{}0]", "0,".repeat(2 * many))),
        ("keys", format!("{{{}\"b\":0}}", "\"a\":0,".repeat(many))),
        ("deep", "[".repeat(many)),
        ("deep objects", "{\"a\":".repeat(many)),
        ("text", format!("\"{}\"", "x".repeat(4 * many))),
    ]
}

/// Has `read` take everything that swells, as it is and in the place of the % in each frame.
fn survives(read: fn(&[u8]), frames: &[&str]) {
    for (name, json) in swelling() {
        for frame in ["%"].iter().chain(frames) {
            let text = frame.replace('%', &json);
            let length = text.len();
            let ((), peak) = measured(move || read(text.as_bytes()));
            println!("{name} in {frame}: {length} bytes, {peak} bytes of memory");
            assert!(
                peak < ALLOWED + length,
                "{name} in {frame}: {peak} bytes of memory"
            );
        }
    }
}

/// The same for what stands under `key` in the metadata of a `.safetensors` file, which `read` refuses.
fn refused(key: &'static str, read: fn(&Path) -> Option<String>, frames: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.safetensors");
    for (name, json) in swelling() {
        for frame in ["%"].iter().chain(frames) {
            let metadata = serde_json::json!({key: frame.replace('%', &json)});
            let header = serde_json::json!({"__metadata__": metadata});
            let bytes = safetensors(&header.to_string(), &[]);
            std::fs::write(&path, &bytes).unwrap();
            let to_read = path.clone();
            let (refused, peak) = measured(move || read(&to_read));
            println!(
                "{name} in {frame}: {} bytes, {peak} bytes of memory, {refused:?}",
                bytes.len()
            );
            assert!(
                peak < ALLOWED + bytes.len(),
                "{name} in {frame}: {peak} bytes of memory"
            );
            let refused = refused.unwrap_or_else(|| panic!("{name} in {frame} is read"));
            assert!(refused.contains("made.safetensors"), "{refused}");
        }
    }
}

#[test]
fn run_files_take_no_memory_for_what_they_say() {
    let _alone = alone();
    let read = |path: &Path| Some(LoadedModel::open(path, None, None).err()?.to_string());
    refused(
        KEY,
        read,
        &[
            "{\"version\": 1, \"texts\": %}",
            "{\"version\": 1, \"more\": %}",
        ],
    );
}

#[test]
fn files_of_sums_take_no_memory_for_what_they_say() {
    let _alone = alone();
    let read = |path: &Path| Some(SumsFile::read(path).err()?.to_string());
    refused(
        HEADER,
        read,
        &[
            "{\"version\": 1, \"texts\": %}",
            "{\"version\": 1, \"corpora\": %}",
        ],
    );
}

#[test]
fn training_runs_take_no_memory_for_what_they_say() {
    let _alone = alone();
    let read = |path: &Path| Some(Trainer::peek(path).err()?.to_string());
    refused(
        TRAINING,
        read,
        &[
            "{\"version\": 1, \"entries\": %}",
            "{\"options\": %, \"step\": 1}",
        ],
    );
}

#[test]
fn sessions_take_no_memory_for_what_they_say() {
    let _alone = alone();
    let frames = [
        "{\"layout\": %}",
        "{\"selected\": {\"tokens\": %}}",
        "{\"views\": {\"heads\": %}}",
        "{\"edits\": %}",
    ];
    survives(fuzzing::session, &frames);
    // Many ranges, the last first.
    let ranges: Vec<String> = (0..40_000)
        .rev()
        .map(|i| format!("[{},{}]", 2 * i, 2 * i + 1))
        .collect();
    let session = format!("{{\"selected\": {{\"tokens\": [{}]}}}}", ranges.join(","));
    measured(move || fuzzing::session(session.as_bytes()));
}

#[test]
fn vocabularies_take_no_memory_for_what_they_say() {
    let _alone = alone();
    survives(
        fuzzing::vocabulary,
        &["{\"unit\": \"word\", \"tokens\": %}"],
    );
}
