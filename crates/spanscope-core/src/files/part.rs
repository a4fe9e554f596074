//! Files written beside their place and moved there when they are whole.

use super::guard;
use super::target::Target;
use std::fs::{File, TryLockError};
use std::io::{Error, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The beginning and the end of the names of unfinished files.
pub(super) const PREFIX: &str = ".spanscope-";
pub(super) const SUFFIX: &str = ".part";

/// A file being written beside its place, to be moved there when it is whole: until then `path` holds what it held before.
/// Dropped unfinished, it leaves nothing behind; ended by a signal neither ([`remove_unfinished`](super::remove_unfinished)),
/// and what a crash left is removed by the next program that writes into the same folder.
///
/// Links are followed: the file that a link leads to is replaced, or made, and the link stays. What is written to a pipe or a
/// device goes there once it is whole.
#[derive(Debug)]
pub struct Part {
    to: To,
}

#[derive(Debug)]
enum To {
    /// Beside a file; registered as unfinished until it is moved.
    File(tempfile::NamedTempFile, PathBuf),
    /// A file without a name, for a pipe or a device.
    Stream(File, PathBuf),
}

impl Part {
    /// An empty file that is to become the one at `path`.
    ///
    /// # Errors
    /// When the folder cannot be written to, or `path` is a folder or a link that leads in a circle.
    pub fn beside(path: &Path) -> Result<Self, Error> {
        let to = match Target::of(path)? {
            Target::File(path) => To::File(named(&path)?, path),
            Target::Stream(path) => To::Stream(tempfile::tempfile().map_err(plain)?, path),
        };
        Ok(Self { to })
    }

    fn file(&self) -> &File {
        match &self.to {
            To::File(file, _) => file.as_file(),
            To::Stream(file, _) => file,
        }
    }

    /// Makes it `bytes` long, with zeros where nothing is written.
    ///
    /// # Errors
    /// When the disk is full, or the file system knows no such files.
    pub fn set_len(&mut self, bytes: u64) -> Result<(), Error> {
        self.file().set_len(bytes).map_err(plain)
    }

    /// Writes `bytes` from the byte at `at` on.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<(), Error> {
        let mut file = self.file();
        file.seek(SeekFrom::Start(at)).map_err(plain)?;
        file.write_all(bytes).map_err(plain)
    }

    /// Moves the file to its place, once all of it is on the disk; of a pipe or a device, writes it there.
    ///
    /// # Errors
    /// When the disk is full, or the file cannot be moved or written; nothing is left behind then.
    pub fn finish(mut self) -> Result<(), Error> {
        match &mut self.to {
            To::File(file, path) => {
                file.as_file().sync_all().map_err(plain)?;
                // It stays where it is until it is moved, so that dropping `self` still removes it.
                place(file.path(), path)?;
                guard::finished(file.path());
                file.disable_cleanup(true);
                Ok(())
            }
            To::Stream(file, path) => {
                file.seek(SeekFrom::Start(0))?;
                // What others write there stays: `-o /dev/stdout >> log`.
                let mut to = File::options().append(true).open(path)?;
                std::io::copy(file, &mut to)?;
                to.flush()
            }
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let To::File(file, _) = &self.to {
            // Removed by the value itself, right after.
            guard::finished(file.path());
        }
    }
}

/// Moves a finished file to its place.
#[cfg(not(windows))]
fn place(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::rename(from, to)
}

/// Moves a finished file to its place. Windows replaces no file whose content somebody has mapped, such as the window of a run that
/// goes on; but such a file can be called something else, and is removed once nobody has it.
#[cfg(windows)]
fn place(from: &Path, to: &Path) -> Result<(), Error> {
    let Err(error) = std::fs::rename(from, to) else {
        return Ok(());
    };
    let mut aside = from.as_os_str().to_owned();
    aside.push(SUFFIX);
    let aside = PathBuf::from(aside);
    if std::fs::rename(to, &aside).is_err() {
        return Err(error);
    }
    let placed = std::fs::rename(from, to);
    match placed {
        Ok(()) => guard::replaced(&aside),
        Err(_) => drop(std::fs::rename(&aside, to)),
    }
    placed
}

/// An unfinished file beside `path`, held by a lock as long as this program writes it.
fn named(path: &Path) -> Result<tempfile::NamedTempFile, Error> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    guard::sweep(folder);
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    let permissions = {
        use std::os::unix::fs::PermissionsExt;
        // A temporary file is private by default; what people write gets the usual mode (less umask).
        builder.permissions(std::fs::Permissions::from_mode(0o666));
        // What is replaced keeps its own.
        let before = std::fs::metadata(path).ok();
        before.map(|info| std::fs::Permissions::from_mode(info.permissions().mode() & 0o777))
    };
    loop {
        #[cfg(unix)]
        let file = builder.tempfile_in(folder).map_err(plain)?;
        // Not one that Windows takes for temporary: it is to stay.
        #[cfg(not(unix))]
        let file = {
            let mut how = File::options();
            how.read(true).write(true).create_new(true);
            let made = builder.make_in(folder, |path| how.open(path));
            made.map_err(plain)?
        };
        guard::begun(file.path());
        // Between the two another program may have taken it for one that was left behind: it is removing it, or has.
        match file.as_file().try_lock() {
            Err(TryLockError::WouldBlock) => continue,
            Ok(()) if !file.path().exists() => continue,
            // Where the system knows no locks nobody sweeps either.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        #[cfg(unix)]
        if let Some(permissions) = &permissions {
            let _ = file.as_file().set_permissions(permissions.clone());
        }
        return Ok(file);
    }
}

/// The error without the name of the temporary file, which nobody has heard of, and with what to do.
fn plain(error: Error) -> Error {
    let words = match error.kind() {
        ErrorKind::NotFound => "there is no such folder; make it first",
        ErrorKind::PermissionDenied => "the folder cannot be written to; choose another",
        ErrorKind::ReadOnlyFilesystem => "the disk cannot be written to; choose another",
        ErrorKind::StorageFull => "no space left on the disk; nothing was written",
        _ => return error,
    };
    Error::new(error.kind(), words)
}
