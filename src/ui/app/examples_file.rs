//! A file of places that show what heads do, read by another thread.

use crate::engine::sums_file::SumsFile;
use crate::platform::fs;
use crate::text::document_named;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// A file of examples, and the folder that its texts are in, if that is beside it.
pub(super) struct Found {
    pub path: PathBuf,
    pub file: Result<SumsFile, String>,
    pub folder: Option<PathBuf>,
}

/// A file of examples, and what is under way with it.
#[derive(Default)]
pub(in crate::ui) struct Places {
    pub(super) open: Option<(Option<PathBuf>, Arc<SumsFile>)>,
    pub(super) reading: Option<Receiver<Found>>,
    /// The token to select once its text is read.
    pub(super) waiting: Option<usize>,
}

impl Places {
    /// The open file.
    pub fn file(&self) -> Option<&SumsFile> {
        self.open.as_ref().map(|(_, file)| &**file)
    }
}

/// The folder that the texts of a file are in: its own, or one beside it.
pub(super) fn folder_of(path: &Path, file: &SumsFile) -> Option<PathBuf> {
    let name = &file.header.texts.first()?.name;
    // Of a list of documents the list.
    let name = document_named(name).map_or(name.as_str(), |(list, _)| list);
    let own = path.parent()?;
    let beside = fs::read_dir(own).ok()?.flatten().take(MOST_FOLDERS);
    let all = std::iter::once(own.to_owned()).chain(beside.map(|entry| entry.path()));
    let mut all = all.filter(|folder| fs::is_file(&folder.join(name)));
    all.next()
}

/// Most folders that are looked into.
const MOST_FOLDERS: usize = 1024;
