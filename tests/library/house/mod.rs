//! What holds of the source itself: which way dependencies run and in which circles, where unsafe code may stand, what the tree is built of.

mod circles;
mod dependencies;
mod documents;
mod heads;
mod layers;
mod phrases;
mod platform;
mod quantities;
mod seam;
mod words;
mod writing;

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files of Rust below a folder, with their content.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found.sort();
    found
}

/// The folders of sources: of the program, and of each crate.
fn source_folders() -> Vec<PathBuf> {
    let mut folders = vec![root().join("src")];
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        folders.push(entry.unwrap().path().join("src"));
    }
    folders.sort();
    folders
}

/// All files of Rust of the program and its crates.
fn all_sources() -> Vec<(PathBuf, String)> {
    let folders = source_folders();
    folders.iter().flat_map(|folder| sources(folder)).collect()
}
