//! Files written whole or not at all, and what tells one content from another.

pub use crate::shown::{shown, shown_path};

use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// SHA-256 of `bytes`, in hexadecimal: what `sha256sum` prints.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file's content, in hexadecimal, read piece by piece.
///
/// # Errors
/// When the file cannot be read.
pub fn sha256_of(path: &Path) -> Result<String, Error> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// SHA-256 of bytes that come piece by piece.
#[derive(Debug, Default)]
pub struct Sha256Sum {
    hasher: Sha256,
    bytes: u64,
}

impl Sha256Sum {
    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// How many bytes there were.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The sum in hexadecimal.
    pub fn hex(&self) -> String {
        hex(&self.hasher.clone().finalize())
    }
}

fn hex(digest: &[u8]) -> String {
    let mut text = String::with_capacity(2 * digest.len());
    for byte in digest {
        // A string takes all that is written.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A file being written beside its place, to be moved there when it is whole: until then `path` holds what it held before.
/// Dropped unfinished, it leaves nothing behind.
#[derive(Debug)]
pub struct Part {
    file: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Part {
    /// An empty file that is to become the one at `path`.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn beside(path: &Path) -> Result<Self, Error> {
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".spanscope-").suffix(".part");
        // A temporary file is private by default; what people write gets the usual mode (less umask).
        #[cfg(unix)]
        let mode = {
            use std::os::unix::fs::PermissionsExt;
            std::fs::Permissions::from_mode(0o666)
        };
        #[cfg(unix)]
        builder.permissions(mode);
        Ok(Self {
            file: builder.tempfile_in(folder).map_err(plain)?,
            path: path.to_owned(),
        })
    }

    /// Makes it `bytes` long, with zeros where nothing is written.
    ///
    /// # Errors
    /// When the disk is full, or the file system knows no such files.
    pub fn set_len(&mut self, bytes: u64) -> Result<(), Error> {
        self.file.as_file().set_len(bytes).map_err(plain)
    }

    /// Writes `bytes` from the byte at `at` on.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<(), Error> {
        self.file.seek(SeekFrom::Start(at)).map_err(plain)?;
        self.file.write_all(bytes).map_err(plain)
    }

    /// Moves the file to its place, once all of it is on the disk.
    ///
    /// # Errors
    /// When the disk is full, or the file cannot be moved; nothing is left behind then.
    pub fn finish(self) -> Result<(), Error> {
        self.file.as_file().sync_all().map_err(plain)?;
        self.file.persist(&self.path).map_err(|e| e.error)?;
        Ok(())
    }
}

/// Writes `bytes` beside `path` and moves the finished file into place: whatever happens, `path` holds either what
/// it held before or all of `bytes`.
///
/// # Errors
/// When the folder cannot be written to, or the disk is full; nothing is left behind then.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut part = Part::beside(path)?;
    part.write_at(0, bytes)?;
    part.finish()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), abc);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        write(&path, b"abc").unwrap();
        assert_eq!(sha256_of(&path).unwrap(), abc);
        let large = vec![7; (3 << 20) + 5];
        write(&path, &large).unwrap();
        assert_eq!(sha256_of(&path).unwrap(), sha256_hex(&large));
        assert!(sha256_of(folder.path()).is_err());
    }
}
