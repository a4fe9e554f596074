//! The files and folders that would open in a folder that is no model itself.

use super::split::Parts;
use super::{IN_FOLDER, is_model_folder};
use crate::platform::fs;
use crate::shown::shown_list;
use std::path::{Path, PathBuf};

/// Most entries of a folder that are looked at.
const MOST: usize = 2_000;

/// Endings of files that are models by themselves.
const ENDINGS: [&str; 5] = ["safetensors", "gguf", "pt", "pth", "bin"];

/// The hint for a folder without a model: what in it would open, or what it may become.
pub(super) fn hint(folder: &Path) -> String {
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    let read = fs::read_dir(folder);
    let is_read = read.is_ok();
    let mut entries = read.into_iter().flatten().take(MOST).flatten().peekable();
    let is_empty = is_read && entries.peek().is_none();
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let ending = path.extension().unwrap_or_default();
        if fs::is_dir(&path) {
            if is_model_folder(&path) || fs::is_file(&path.join(IN_FOLDER)) {
                folders.push(name);
            }
        } else if ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
        {
            files.push(name);
        }
    }
    for (names, what) in [(&mut folders, "folders of models"), (&mut files, "files")] {
        names.sort();
        if !names.is_empty() {
            let list = shown_list(names.iter().map(String::as_str));
            return format!("These {what} are in it, and may be opened: {list}");
        }
    }
    let what = if is_empty {
        "It is empty. "
    } else if fs::is_file(&folder.join("saved_model.pb")) {
        "It is a TensorFlow SavedModel; networks of TensorFlow are not read. "
    } else {
        ""
    };
    format!("{what}Choose a folder that has one of them, or the model file itself")
}

/// The GGUF file of a folder that holds one model in that format, whole or in parts: then the first; none where it holds several.
pub(super) fn only_gguf(folder: &Path) -> Option<PathBuf> {
    let mut found: Option<(PathBuf, Option<Parts>)> = None;
    for entry in fs::read_dir(folder).ok()?.take(MOST).flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // What a model that sees as well has beside the language model.
        if !name.ends_with(".gguf") || name.starts_with("mmproj") {
            continue;
        }
        let parts = Parts::of(&name);
        match &found {
            None => found = Some((entry.path(), parts)),
            Some((_, other)) if other.is_some() && *other == parts => {}
            Some(_) => return None,
        }
    }
    let (path, parts) = found?;
    match parts {
        None => Some(path),
        Some(parts) => parts.paths(folder).into_iter().next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_model_says_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        assert!(hint(folder.path()).starts_with("It is empty. Choose a folder"));
        std::fs::write(folder.path().join("saved_model.pb"), [8, 1, 18]).unwrap();
        assert!(hint(folder.path()).starts_with("It is a TensorFlow SavedModel"));
        std::fs::write(folder.path().join("weights.pt"), [0]).unwrap();
        assert!(hint(folder.path()).contains("may be opened: weights.pt"));
    }
}
