//! Unfinished files: which there are, and how none is left behind.

use super::part::{PREFIX, SUFFIX};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The unfinished files of this program.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Folders that were looked through for what earlier programs left.
static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn lock(set: &'static Mutex<BTreeSet<PathBuf>>) -> MutexGuard<'static, BTreeSet<PathBuf>> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn begun(path: &Path) {
    lock(&UNFINISHED).insert(path.to_owned());
}

pub(super) fn finished(path: &Path) {
    lock(&UNFINISHED).remove(path);
}

/// Removes the unfinished files of this program, which is about to end: none can be begun or finished after this.
pub fn remove_unfinished() {
    let mut unfinished = lock(&UNFINISHED);
    for path in std::mem::take(&mut *unfinished) {
        let _ = std::fs::remove_file(path);
    }
    // Never unlocked again.
    std::mem::forget(unfinished);
}

/// Removes a file that another one has replaced, and those before it that somebody had mapped; at the latest the next program that
/// writes into the folder does.
#[cfg(windows)]
pub(super) fn replaced(path: &Path) {
    /// Files that could not be removed yet.
    static REPLACED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let mut replaced = lock(&REPLACED);
    replaced.insert(path.to_owned());
    replaced.retain(|path| std::fs::remove_file(path).is_err() && path.exists());
}

/// Removes the unfinished files in `folder` that no living program holds; once per folder.
pub(super) fn sweep(folder: &Path) {
    if !lock(&SWEPT).insert(folder.to_owned()) {
        return;
    }
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_ours = name.starts_with(PREFIX) && name.ends_with(SUFFIX);
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let path = entry.path();
            // Whoever writes one holds a lock on it, which ends with the program, however that ends.
            let Ok(file) = File::options().write(true).open(&path) else {
                continue;
            };
            let is_left = file.try_lock().is_ok();
            if is_left && !lock(&UNFINISHED).contains(&path) {
                // Still locked: whoever has just made it waits for the lock, and then sees that it is gone.
                let _ = std::fs::remove_file(path);
            }
            drop(file);
        }
    }
}
