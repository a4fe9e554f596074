//! Files that are whole when they get their name, where files lie in memory.

use crate::platform::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// A file being written, which is there when it is whole: until then its path holds what it held before.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Part {
    /// An empty file that is to become the one at `path`.
    ///
    /// # Errors
    /// When `path` is a folder.
    pub fn beside(path: &Path) -> Result<Self, Error> {
        if fs::is_dir(path) {
            let words = "it is a folder; give the name of a file in it";
            return Err(Error::new(ErrorKind::IsADirectory, words));
        }
        Ok(Self {
            path: path.to_owned(),
            bytes: Vec::new(),
        })
    }

    fn room(&mut self, end: u64) -> Result<(), Error> {
        let full = || Error::new(ErrorKind::OutOfMemory, "the page has no memory left");
        let end = usize::try_from(end).map_err(|_| full())?;
        if let Some(more) = end.checked_sub(self.bytes.len()) {
            self.bytes.try_reserve(more).map_err(|_| full())?;
            self.bytes.resize(end, 0);
        }
        Ok(())
    }

    /// Makes it `bytes` long, with zeros where nothing is written.
    ///
    /// # Errors
    /// When there is no memory left.
    pub fn set_len(&mut self, bytes: u64) -> Result<(), Error> {
        self.room(bytes)
    }

    /// Writes `bytes` from the byte at `at` on.
    ///
    /// # Errors
    /// When there is no memory left.
    pub fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<(), Error> {
        self.room(at.saturating_add(bytes.len() as u64))?;
        let start = at as usize;
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When there is a folder of that name by now.
    pub fn finish(self) -> Result<(), Error> {
        fs::write(self.path, self.bytes)
    }
}
