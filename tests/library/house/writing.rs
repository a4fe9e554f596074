//! Who writes files: the room `files`, and whoever is named here with a reason.

use super::{all_sources, root};
use std::collections::BTreeSet;

/// What makes, replaces or moves a file.
const WAYS: [&str; 12] = [
    "fs::write(",
    "fs::rename(",
    "fs::copy(",
    "fs::hard_link(",
    "File::create(",
    "File::create_new(",
    "File::options()",
    "OpenOptions::new()",
    "OpenOptions::from",
    "NamedTempFile",
    "tempfile::Builder::new()",
    "tempfile::tempfile",
];

/// Files that write by themselves, and why.
const MAY: [(&str, &str); 3] = [
    (
        "crates/spanscope-bench/src/torch_file.rs",
        "a checkpoint in a folder of its own, removed with it",
    ),
    (
        "src/cli/bench.rs",
        "makes that folder; nothing that anybody asked for is written there",
    ),
    (
        "src/fuzzing/mod.rs",
        "inputs of fuzz targets, in a folder of their own",
    ),
];

/// The code of a file: no comments, and no tests, which stand last.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next();
    let lines = code.unwrap_or_default().lines();
    let lines = lines.map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether `way` is called in `code`, and not something whose name ends like it.
fn calls(code: &str, way: &str) -> bool {
    code.match_indices(way).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn files_are_written_in_one_room() {
    let may: BTreeSet<&str> = MAY.iter().map(|(file, _)| *file).collect();
    let mut found = BTreeSet::new();
    let mut seen = 0;
    for (path, text) in all_sources() {
        let inside = path.strip_prefix(root()).unwrap();
        let name = inside.display().to_string().replace('\\', "/");
        let parts = || inside.iter().map(|part| part.to_str().unwrap());
        if parts().any(|part| part.trim_end_matches(".rs").starts_with("tests")) {
            continue;
        }
        seen += 1;
        let code = code(&text);
        let ways: Vec<&&str> = WAYS.iter().filter(|way| calls(&code, way)).collect();
        let is_files = ["files", "platform"]
            .iter()
            .any(|room| name.starts_with(&format!("crates/spanscope-core/src/{room}")));
        if ways.is_empty() || is_files {
            continue;
        }
        assert!(
            may.contains(name.as_str()),
            "{name} writes by itself ({ways:?}): links, pipes, crashes and full disks are taken care of in spanscope_core::files"
        );
        found.insert(name);
    }
    assert!(seen > 200, "the test reads the sources: {seen}");
    // An exception that is none any more.
    for (file, _) in MAY {
        assert!(found.contains(file), "{file} writes nothing by itself");
    }
}

#[test]
fn the_test_sees_what_it_looks_for() {
    for way in WAYS {
        assert!(calls(&format!("let x = std::{way}path);"), way), "{way}");
    }
    assert!(!calls("TensorFile::create(path)", "File::create("));
    assert_eq!(
        code("a // File::create(\n#[cfg(test)]\nmod tests {x}"),
        "a "
    );
}
