//! Documents name files that are there.

use super::{root, sources};
use std::path::PathBuf;

/// The documents: those of the root, and of `docs`.
fn documents() -> Vec<PathBuf> {
    let folders = [root().to_owned(), root().join("docs")];
    let files = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect()
}

#[test]
fn sources_that_documents_name_are_there() {
    let folders = [
        "src",
        "crates",
        "tests",
        "benches",
        "examples",
        "fuzz/fuzz_targets",
    ];
    let files: Vec<String> = folders
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .map(|(path, _)| format!("/{}", path.strip_prefix(root()).unwrap().display()))
        .map(|path| path.replace('\\', "/"))
        .collect();
    let mut named = 0;
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        for name in text.split('`').skip(1).step_by(2) {
            // What stands before is said in the sentence.
            let name = name.trim_start_matches("…/");
            let is_path =
                name.ends_with(".rs") && name.contains('/') && !name.contains(char::is_whitespace);
            if !is_path {
                continue;
            }
            named += 1;
            // A crate of its own goes by its room: `engine/worker.rs`.
            let (room, rest) = name.split_once('/').unwrap();
            let ends = [format!("/{name}"), format!("/spanscope-{room}/src/{rest}")];
            assert!(
                files
                    .iter()
                    .any(|file| ends.iter().any(|end| file.ends_with(end))),
                "{}: there is no {name}",
                path.display()
            );
        }
    }
    assert!(named > 150, "{named}");
}
