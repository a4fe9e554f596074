//! Folders and files that one program at a time may write.

use crate::platform::fs::{self, File, TryLockError};
use crate::platform::{process_id, thread};
use std::io::{Error, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A claim on a path that no other program has as long as this value lives, however this program ends.
///
/// It is a lock on a small hidden file beside the path, which is removed with the claim; where the system knows no locks,
/// everybody gets one.
#[derive(Debug)]
pub struct Held {
    file: File,
    path: PathBuf,
}

/// The state of a claim that somebody else may have, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// Nobody has it.
    No,
    /// Somebody has it.
    Yes,
    /// Somebody had it and was killed, or has it on another machine, whose locks are not seen here.
    Left,
}

/// Attempts to claim what somebody may only be looking at ([`Held::look`]), and the time between them.
const ATTEMPTS: u32 = 3;
const BETWEEN: std::time::Duration = std::time::Duration::from_millis(4);

/// The file whose lock is the claim on `path`.
fn lock_of(path: &Path) -> PathBuf {
    // Links to one thing are one claim.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".lock");
    path.with_file_name(name)
}

impl Held {
    /// The state of the claim that some program may have on `path`, without claiming it.
    pub fn look(path: &Path) -> Claimed {
        let Ok(file) = File::open(lock_of(path)) else {
            return Claimed::No;
        };
        match file.try_lock_shared() {
            Ok(()) => {
                let _ = file.unlock();
                let words = fs::read_to_string(lock_of(path)).unwrap_or_default();
                // Below it there may be the end of an older line.
                let line = words.lines().next().unwrap_or_default();
                match machine() {
                    // Locks of this machine are seen: it was killed.
                    Some(here) if line.ends_with(&here) => Claimed::No,
                    _ => Claimed::Left,
                }
            }
            Err(_) => Claimed::Yes,
        }
    }

    /// Claims `path`: a file or a folder that is there or will be.
    ///
    /// `Ok(None)`: another program has it.
    ///
    /// # Errors
    /// When the folder that `path` is in cannot be written to.
    pub fn claim(path: &Path) -> Result<Option<Self>, Error> {
        let path = lock_of(path);
        let mut attempts = 1;
        loop {
            let open = File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path);
            let mut file = match open {
                // Of a file that is being removed Windows says that it may not be opened.
                Err(error)
                    if cfg!(windows)
                        && error.kind() == ErrorKind::PermissionDenied
                        && attempts < ATTEMPTS =>
                {
                    attempts += 1;
                    thread::sleep(BETWEEN);
                    continue;
                }
                open => open?,
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if attempts < ATTEMPTS => {
                    attempts += 1;
                    thread::sleep(BETWEEN);
                    continue;
                }
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Whoever had it may have removed it between the two.
            if is_at(&file, &path) {
                // For people who wonder what the file is, and for who finds it without a lock.
                let _ = match machine() {
                    Some(here) => writeln!(
                        file,
                        "held by spanscope, process {}, on {here}",
                        process_id()
                    ),
                    None => writeln!(file, "held by spanscope, process {}", process_id()),
                };
                return Ok(Some(Self { file, path }));
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // While it is still locked: nobody else can have this very file.
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// What no other machine is called, nor this one after it was started again, where the system says such a thing.
fn machine() -> Option<String> {
    let id = fs::read_to_string(Path::new("/proc/sys/kernel/random/boot_id")).ok()?;
    let id = id.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

/// True if the open file is the one at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    fs::exists(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_it_and_nothing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let first = Held::claim(&run).unwrap();
        assert!(first.is_some());
        assert!(Held::claim(&run).unwrap().is_none());
        assert!(Held::claim(&folder.path().join("other")).unwrap().is_some());
        assert_eq!(Held::look(&run), Claimed::Yes);
        drop(first);
        assert_eq!(Held::look(&run), Claimed::No);
        assert!(Held::claim(&run).unwrap().is_some());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        // What a killed program left is a file without a lock.
        std::fs::write(folder.path().join(".run.lock"), "").unwrap();
        assert_eq!(Held::look(&run), Claimed::Left);
        let line = "held by spanscope, process 1, on another machine";
        std::fs::write(folder.path().join(".run.lock"), line).unwrap();
        assert_eq!(Held::look(&run), Claimed::Left);
        // Of one that was killed on this machine it is known.
        if let Some(here) = machine() {
            let line = format!("held by spanscope, process 1, on {here}\n");
            std::fs::write(folder.path().join(".run.lock"), line).unwrap();
            assert_eq!(Held::look(&run), Claimed::No);
        }
        assert!(Held::claim(&run).unwrap().is_some());
        assert!(Held::claim(&folder.path().join("no/run")).is_err());
    }
}
