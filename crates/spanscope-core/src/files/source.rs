//! The file that something was read from, whatever happens to its name.

use super::{Sha256Sum, sha256_hex};
use crate::platform::fs::File;
use crate::platform::time::SystemTime;
use std::io::{Error, ErrorKind, Read, Seek, SeekFrom};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A file that was opened and read: its hash is that of what was read, also when another file has its name by now.
#[derive(Debug)]
pub struct SourceFile {
    content: Content,
    hash: OnceLock<Option<String>>,
}

#[derive(Debug)]
enum Content {
    /// Still open, with what it was when it was opened.
    Open(Mutex<File>, Version),
    /// Part of the program.
    Static(&'static [u8]),
    /// Hashed already.
    Known,
}

/// The properties of a file that change when it is written to.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Version {
    fn of(file: &File) -> Result<Self, Error> {
        let info = file.metadata()?;
        Ok(Self {
            bytes: info.len(),
            modified: info.modified().ok(),
        })
    }
}

impl SourceFile {
    /// Of a file that is read through `file`, or a copy of it, from now on.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn new(file: File) -> Result<Self, Error> {
        let version = Version::of(&file)?;
        Ok(Self {
            content: Content::Open(Mutex::new(file), version),
            hash: OnceLock::new(),
        })
    }

    /// Of bytes that are part of the program.
    pub fn of_static(bytes: &'static [u8]) -> Self {
        Self {
            content: Content::Static(bytes),
            hash: OnceLock::new(),
        }
    }

    /// Of bytes that were in memory.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self {
            content: Content::Known,
            hash: OnceLock::from(Some(sha256_hex(bytes))),
        }
    }

    /// Another handle of the open file; `None` where it was none, or was written to since.
    pub fn handle(&self) -> Option<File> {
        match &self.content {
            Content::Open(file, version) => {
                let file = file.lock().unwrap_or_else(PoisonError::into_inner);
                let unchanged = Version::of(&file).is_ok_and(|now| now == *version);
                unchanged.then(|| file.try_clone().ok())?
            }
            _ => None,
        }
    }

    /// The bytes, where they are part of the program.
    pub fn static_bytes(&self) -> Option<&'static [u8]> {
        match self.content {
            Content::Static(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// SHA-256 of what was read, in hexadecimal; `None` where the file was written to since it was opened. The first call
    /// reads the whole file: about half a second per gigabyte.
    pub fn sha256(&self) -> Option<&str> {
        let hash = self.hash.get_or_init(|| match &self.content {
            Content::Open(file, version) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                let hash = hash_of(&mut file).ok()?;
                Version::of(&file)
                    .is_ok_and(|now| now == *version)
                    .then_some(hash)
            }
            Content::Static(bytes) => Some(sha256_hex(bytes)),
            Content::Known => None,
        });
        hash.as_deref()
    }

    /// The same if it is known already.
    pub fn known_sha256(&self) -> Option<&str> {
        self.hash.get()?.as_deref()
    }
}

fn hash_of(file: &mut File) -> Result<String, Error> {
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = Sha256Sum::default();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.hex()),
            Ok(read) => hasher.add(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_hash_is_that_of_what_was_read() {
        assert_eq!(SourceFile::of_static(b"abc").sha256(), Some(ABC));
        assert_eq!(SourceFile::of_bytes(b"abc").known_sha256(), Some(ABC));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        files::write(&path, b"abc").unwrap();
        let open = || SourceFile::new(File::open(&path).unwrap()).unwrap();
        let (replaced, written) = (open(), open());
        assert_eq!(replaced.known_sha256(), None);
        // Another file gets the name.
        files::write(&path, b"other").unwrap();
        assert_eq!(replaced.sha256(), Some(ABC));
        assert!(replaced.handle().is_some());
        drop(written);
        // The same file gets another content.
        let written = open();
        std::fs::write(&path, b"longer than it was").unwrap();
        assert_eq!(written.sha256(), None);
        assert!(written.handle().is_none());
        let large = vec![7; (3 << 20) + 5];
        files::write(&path, &large).unwrap();
        assert_eq!(open().sha256(), Some(files::sha256_hex(&large).as_str()));
    }
}
