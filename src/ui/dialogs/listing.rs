//! The entries of a folder, read on another thread: a disk that sleeps must not stop the window.

use crate::platform::fs;
use crate::platform::thread;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

/// Most entries kept of one folder.
const MOST: usize = 20_000;

/// A name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Folders come before files.
    pub is_file: bool,
    /// The name alone.
    pub name: String,
}

/// The entries of one folder, once they are known.
#[derive(Debug)]
pub struct Listing {
    folder: PathBuf,
    pending: Option<Receiver<Vec<Entry>>>,
    entries: Vec<Entry>,
}

impl Listing {
    /// Begins to read `folder`; `ready` is called when the entries are there.
    pub fn new(folder: &Path, ready: impl FnOnce() + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        let from = folder.to_owned();
        let thread = thread::Builder::new().name("folder".into()).spawn(move || {
            // Nobody waits any more when another folder was named meanwhile.
            let _ = sender.send(read(&from));
            ready();
        });
        Self {
            folder: folder.to_owned(),
            pending: thread.is_ok().then_some(receiver),
            entries: Vec::new(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The entries known by now, folders first.
    pub fn entries(&mut self) -> &[Entry] {
        if let Some(entries) = self
            .pending
            .as_ref()
            .and_then(|pending| pending.try_recv().ok())
        {
            self.entries = entries;
            self.pending = None;
        }
        &self.entries
    }
}

/// A folder that cannot be read has no entries: the path may still be typed to its end.
fn read(folder: &Path) -> Vec<Entry> {
    let Ok(found) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut entries: Vec<Entry> = found
        .take(MOST)
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            // Follows links, unlike the entry's own type.
            let is_file = !fs::is_dir(&entry.path());
            Some(Entry { is_file, name })
        })
        .collect();
    entries.sort_by_cached_key(|entry| (entry.is_file, entry.name.to_lowercase()));
    entries
}
