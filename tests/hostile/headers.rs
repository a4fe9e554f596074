//! What stands as JSON in files: run files, sums, training runs, sessions. The fuzz targets put any text there; here are
//! attacks on memory and time.

use super::measured::{ALLOWED, measured};
use spanscope::fuzzing;

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

/// Has `read` take everything that swells, as it is and as parts of `around`, which has a % where it stands.
fn survives(what: &'static str, read: fn(&[u8]), around: &[&str]) {
    // What a target makes once belongs to no file.
    read(b"{}");
    for (name, json) in swelling() {
        for frame in ["%"].iter().chain(around) {
            let text = frame.replace('%', &json);
            let length = text.len();
            let ((), peak) = measured(move || read(text.as_bytes()));
            println!("{what}: {name} in {frame}: {length} bytes, {peak} bytes of memory");
            // The target itself holds the text, and puts it into a file.
            assert!(
                peak < ALLOWED + 6 * length,
                "{what}: {name} in {frame}: {peak} bytes"
            );
        }
    }
}

#[test]
fn run_files_take_no_memory_for_what_they_say() {
    survives(
        "run",
        fuzzing::run_file,
        &[
            "{\"version\": 1, \"texts\": %}",
            "{\"version\": 1, \"more\": %}",
        ],
    );
}

#[test]
fn files_of_sums_take_no_memory_for_what_they_say() {
    survives(
        "sums",
        fuzzing::sums_file,
        &[
            "{\"version\": 1, \"texts\": %}",
            "{\"version\": 1, \"corpora\": %}",
        ],
    );
}

#[test]
fn training_runs_take_no_memory_for_what_they_say() {
    survives(
        "train",
        fuzzing::train_state,
        &[
            "{\"version\": 1, \"entries\": %}",
            "{\"options\": %, \"step\": 1}",
        ],
    );
}

#[test]
fn sessions_take_no_memory_for_what_they_say() {
    survives(
        "session",
        fuzzing::session,
        &[
            "{\"layout\": %}",
            "{\"selected\": {\"tokens\": %}}",
            "{\"views\": {\"heads\": %}}",
            "{\"edits\": %}",
        ],
    );
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
    survives(
        "vocabulary",
        fuzzing::vocabulary,
        &["{\"unit\": \"word\", \"tokens\": %}"],
    );
}
