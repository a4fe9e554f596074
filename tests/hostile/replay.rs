//! Runs every file of the fuzzers' corpora through its target once: seeds, and what was found and put right.

use super::measured::alone;
use rayon::prelude::*;
use spanscope::fuzzing;
use std::path::Path;

/// A target, by the name of its folder in `fuzz/corpus/`.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 14] = [
    ("pickle", fuzzing::pickle),
    ("legacy", fuzzing::legacy),
    ("zip", fuzzing::zip),
    ("safetensors", fuzzing::safetensors),
    ("model", fuzzing::model),
    ("vocabulary", fuzzing::vocabulary),
    ("text", fuzzing::text),
    ("run_file", fuzzing::run_file),
    ("sums_file", fuzzing::sums_file),
    ("train_state", fuzzing::train_state),
    ("session", fuzzing::session),
    ("gguf", fuzzing::gguf),
    ("hugging_face", fuzzing::hugging_face),
    ("tokenizer", fuzzing::tokenizer),
];

#[test]
fn the_corpus_is_survived() {
    let _alone = alone();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut size = 0;
    for (target, run) in TARGETS {
        let files = std::fs::read_dir(corpus.join(target)).unwrap();
        let files: Vec<_> = files
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
            .collect();
        assert!(files.len() >= 3, "{target}: {} files", files.len());
        files.par_iter().for_each(|bytes| run(bytes));
        println!("{target}: {} files", files.len());
        size += files.iter().map(Vec::len).sum::<usize>();
    }
    assert!(size < 1 << 20, "{size} bytes of corpus");
    let folders = std::fs::read_dir(&corpus).unwrap().count();
    assert_eq!(folders, TARGETS.len(), "a folder of no target");
}
