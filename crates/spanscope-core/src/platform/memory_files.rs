//! Files in memory, with the names that the standard library has for those on a disk.
//!
//! A path without a root is one of the root. What is written, or removed, in a folder that is watched ([`watch`]) is told: so a
//! page keeps settings in the browser's storage, and hands out what is written for the reader.

mod file;

pub use file::{File, OpenOptions};

use super::Fetched;
use super::time::SystemTime;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{Error, ErrorKind, Result};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use std::fs::TryLockError;

/// The content of a file, shared by all who have it open.
#[derive(Debug)]
struct Content {
    bytes: Arc<Vec<u8>>,
    modified: SystemTime,
}

type Shared = Arc<Mutex<Content>>;

/// Told of the path and the content of a file, or that it is gone.
type Watcher = dyn Fn(&Path, Option<&[u8]>) + Send + Sync;

#[derive(Default)]
struct Disk {
    files: BTreeMap<PathBuf, Shared>,
    folders: BTreeSet<PathBuf>,
    watched: Vec<(PathBuf, Arc<Watcher>)>,
    /// Files that are to come from elsewhere, and why they did not.
    wanted: BTreeMap<PathBuf, Option<String>>,
    /// Those of them that nobody has begun to fetch.
    asked: Vec<PathBuf>,
}

static DISK: Mutex<Option<Disk>> = Mutex::new(None);

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is complete before the lock is given back.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn with<T>(work: impl FnOnce(&mut Disk) -> T) -> T {
    work(lock(&DISK).get_or_insert_default())
}

/// The path from the root, without `.` and `..`.
fn whole(path: &Path) -> PathBuf {
    let mut whole = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::Normal(name) => whole.push(name),
            Component::ParentDir => drop(whole.pop()),
            _ => {}
        }
    }
    whole
}

fn none() -> Error {
    Error::new(ErrorKind::NotFound, "there is no such file")
}

impl Disk {
    fn is_folder(&self, path: &Path) -> bool {
        path.parent().is_none()
            || self.folders.contains(path)
            || self.files.keys().any(|file| {
                let mut above = file.ancestors().skip(1);
                above.any(|folder| folder == path)
            })
    }
}

/// Tells whoever watches the folder of a file.
fn tell(path: &Path, bytes: Option<&[u8]>) {
    let all = with(|disk| {
        let watched = disk.watched.iter();
        let of = watched.filter(|(folder, _)| path.starts_with(folder));
        of.map(|(_, told)| Arc::clone(told)).collect::<Vec<_>>()
    });
    for told in all {
        told(path, bytes);
    }
}

/// Makes `folder`, and has `told` called with every file that is written in it, or removed from there, from now on.
pub fn watch(folder: &Path, told: impl Fn(&Path, Option<&[u8]>) + Send + Sync + 'static) {
    let told: Arc<Watcher> = Arc::new(told);
    let folder = whole(folder);
    with(|disk| {
        // Whoever saves a file looks for its folder first.
        disk.folders.insert(folder.clone());
        disk.watched.push((folder, told));
    });
}

/// Puts a file there without telling anybody.
pub fn put(path: &Path, bytes: Vec<u8>) {
    let path = whole(path);
    let content = Content {
        bytes: Arc::new(bytes),
        modified: SystemTime::now(),
    };
    with(|disk| {
        disk.wanted.remove(&path);
        disk.files.insert(path, Arc::new(Mutex::new(content)))
    });
}

/// Asks for a file to be fetched, unless it is there or on its way.
pub fn ask(path: &Path) {
    let path = whole(path);
    with(|disk| {
        let is_coming = disk.wanted.get(&path).is_some_and(Option::is_none);
        if !disk.files.contains_key(&path) && !is_coming {
            disk.wanted.insert(path.clone(), None);
            disk.asked.push(path);
        }
    });
}

/// The state of a file that may have been asked for.
pub fn fetched(path: &Path) -> Fetched {
    with(|disk| match disk.wanted.get(&whole(path)) {
        None => Fetched::Here,
        Some(None) => Fetched::Coming,
        Some(Some(why)) => Fetched::Failed(why.clone()),
    })
}

/// The files that were asked for since the last call.
pub fn asked() -> Vec<PathBuf> {
    with(|disk| std::mem::take(&mut disk.asked))
}

/// A file that was asked for does not come.
pub fn failed(path: &Path, why: String) {
    with(|disk| disk.wanted.insert(whole(path), Some(why)));
}

/// The properties of a file or a folder.
#[derive(Debug, Clone)]
pub struct Metadata {
    /// Its length and its time; a folder has none.
    file: Option<(u64, SystemTime)>,
}

impl Metadata {
    /// The length in bytes.
    pub fn len(&self) -> u64 {
        self.file.map_or(0, |(len, _)| len)
    }

    /// True if it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When it was written.
    ///
    /// # Errors
    /// Of a folder.
    pub fn modified(&self) -> Result<SystemTime> {
        let file = self.file.ok_or(ErrorKind::Unsupported)?;
        Ok(file.1)
    }

    /// True of a file.
    pub fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// True of a folder.
    pub fn is_dir(&self) -> bool {
        self.file.is_none()
    }

    /// The same of its kind.
    pub fn file_type(&self) -> &Self {
        self
    }
}

/// The properties of what is at `path`.
///
/// # Errors
/// When nothing is.
pub fn metadata(path: impl AsRef<Path>) -> Result<Metadata> {
    let path = whole(path.as_ref());
    with(|disk| match disk.files.get(&path) {
        Some(file) => {
            let content = lock(file);
            let file = Some((content.bytes.len() as u64, content.modified));
            Ok(Metadata { file })
        }
        None if disk.is_folder(&path) => Ok(Metadata { file: None }),
        None => Err(none()),
    })
}

/// As [`metadata`]: there are no links.
///
/// # Errors
/// When nothing is there.
pub fn symlink_metadata(path: impl AsRef<Path>) -> Result<Metadata> {
    metadata(path)
}

/// True if something is there.
pub fn exists(path: &Path) -> bool {
    metadata(path).is_ok()
}

/// True if a file is there.
pub fn is_file(path: &Path) -> bool {
    metadata(path).is_ok_and(|info| info.is_file())
}

/// True if a folder is there.
pub fn is_dir(path: &Path) -> bool {
    metadata(path).is_ok_and(|info| info.is_dir())
}

/// The bytes of a file.
///
/// # Errors
/// When there is none.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    Ok(File::open(path)?.content().to_vec())
}

/// The text of a file.
///
/// # Errors
/// When there is none, or it is no text.
pub fn read_to_string(path: impl AsRef<Path>) -> Result<String> {
    let words = |_| Error::new(ErrorKind::InvalidData, "it is no text in UTF-8");
    String::from_utf8(read(path)?).map_err(words)
}

/// Writes a file, whole.
///
/// # Errors
/// When a folder is there.
pub fn write(path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) -> Result<()> {
    let path = whole(path.as_ref());
    if with(|disk| disk.is_folder(&path)) {
        let words = "it is a folder; give the name of a file in it";
        return Err(Error::new(ErrorKind::IsADirectory, words));
    }
    let bytes: Vec<u8> = bytes.into();
    tell(&path, Some(&bytes));
    put(&path, bytes);
    Ok(())
}

/// Removes a file.
///
/// # Errors
/// When there is none.
pub fn remove_file(path: impl AsRef<Path>) -> Result<()> {
    let path = whole(path.as_ref());
    with(|disk| disk.files.remove(&path)).ok_or_else(none)?;
    tell(&path, None);
    Ok(())
}

/// Makes a folder, and those that it is in.
///
/// # Errors
/// When a file is there.
pub fn create_dir_all(path: impl AsRef<Path>) -> Result<()> {
    let path = whole(path.as_ref());
    with(|disk| {
        if disk.files.contains_key(&path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        disk.folders.extend(path.ancestors().map(Path::to_owned));
        Ok(())
    })
}

/// Removes a folder that is empty.
///
/// # Errors
/// When it is none, or not empty.
pub fn remove_dir(path: impl AsRef<Path>) -> Result<()> {
    if read_dir(&path)?.next().is_some() {
        return Err(ErrorKind::DirectoryNotEmpty.into());
    }
    with(|disk| disk.folders.remove(&whole(path.as_ref())));
    Ok(())
}

/// An entry of a folder.
#[derive(Debug)]
pub struct DirEntry {
    path: PathBuf,
}

impl DirEntry {
    /// Its path.
    pub fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// Its name.
    pub fn file_name(&self) -> OsString {
        self.path.file_name().unwrap_or_default().to_owned()
    }

    /// Its kind.
    ///
    /// # Errors
    /// When it is gone.
    pub fn file_type(&self) -> Result<Metadata> {
        metadata(&self.path)
    }
}

/// The entries of a folder.
///
/// # Errors
/// When there is none.
pub fn read_dir(path: impl AsRef<Path>) -> Result<impl Iterator<Item = Result<DirEntry>>> {
    let folder = whole(path.as_ref());
    let mut names = BTreeSet::new();
    with(|disk| {
        if !disk.is_folder(&folder) {
            return Err(none());
        }
        for path in disk.files.keys().chain(&disk.folders) {
            if let Ok(inside) = path.strip_prefix(&folder)
                && let Some(first) = inside.components().next()
            {
                names.insert(folder.join(first));
            }
        }
        Ok(())
    })?;
    Ok(names.into_iter().map(|path| Ok(DirEntry { path })))
}

#[cfg(test)]
mod tests;
