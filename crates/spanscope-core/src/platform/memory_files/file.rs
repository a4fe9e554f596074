//! An open file.

use super::{Content, Metadata, Shared, lock, none, tell, whole, with};
use crate::platform::time::SystemTime;
use std::fs::TryLockError;
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// An open file: its content stays with it, also when another file has its name by now.
#[derive(Debug)]
pub struct File {
    content: Shared,
    path: PathBuf,
    at: Mutex<u64>,
}

/// The ways to open a file.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    create: bool,
    truncate: bool,
    append: bool,
}

impl OpenOptions {
    /// To read: every file can be.
    pub fn read(&mut self, _: bool) -> &mut Self {
        self
    }

    /// To write: every file can be.
    pub fn write(&mut self, _: bool) -> &mut Self {
        self
    }

    /// Makes one that is not there.
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.create = create;
        self
    }

    /// Empties it.
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.truncate = truncate;
        self
    }

    /// Writes behind what is there.
    pub fn append(&mut self, append: bool) -> &mut Self {
        self.append = append;
        self
    }

    /// Opens it.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<File> {
        let path = whole(path.as_ref());
        let found = with(|disk| disk.files.get(&path).cloned());
        let content = match found {
            Some(content) => content,
            None if self.create => {
                let content = Content {
                    bytes: Arc::default(),
                    modified: SystemTime::now(),
                };
                let content = Arc::new(Mutex::new(content));
                with(|disk| disk.files.insert(path.clone(), Arc::clone(&content)));
                content
            }
            None => return Err(none()),
        };
        if self.truncate {
            lock(&content).bytes = Arc::default();
        }
        let end = lock(&content).bytes.len() as u64;
        Ok(File {
            content,
            path,
            at: Mutex::new(if self.append { end } else { 0 }),
        })
    }
}

impl File {
    /// Opens a file to be read.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        OpenOptions::default().open(path)
    }

    /// The ways to open one.
    pub fn options() -> OpenOptions {
        OpenOptions::default()
    }

    /// All bytes, shared.
    pub fn content(&self) -> Arc<Vec<u8>> {
        Arc::clone(&lock(&self.content).bytes)
    }

    /// Its properties.
    ///
    /// # Errors
    /// Never.
    pub fn metadata(&self) -> Result<Metadata> {
        let content = lock(&self.content);
        let file = Some((content.bytes.len() as u64, content.modified));
        Ok(Metadata { file })
    }

    /// Another handle of it.
    ///
    /// # Errors
    /// Never.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self {
            content: Arc::clone(&self.content),
            path: self.path.clone(),
            at: Mutex::new(*lock(&self.at)),
        })
    }

    /// Files in memory know no locks: whoever asks has the only program.
    ///
    /// # Errors
    /// Always.
    pub fn try_lock(&self) -> std::result::Result<(), TryLockError> {
        Err(TryLockError::Error(ErrorKind::Unsupported.into()))
    }

    /// As [`try_lock`](Self::try_lock).
    ///
    /// # Errors
    /// Always.
    pub fn try_lock_shared(&self) -> std::result::Result<(), TryLockError> {
        self.try_lock()
    }

    /// Nothing is locked.
    ///
    /// # Errors
    /// Never.
    pub fn unlock(&self) -> Result<()> {
        Ok(())
    }
}

impl Read for &File {
    fn read(&mut self, to: &mut [u8]) -> Result<usize> {
        let bytes = self.content();
        let mut at = lock(&self.at);
        let start = usize::try_from(*at).unwrap_or(usize::MAX);
        let rest = bytes.get(start..).unwrap_or_default();
        let read = rest.len().min(to.len());
        to[..read].copy_from_slice(&rest[..read]);
        *at += read as u64;
        Ok(read)
    }
}

impl Write for &File {
    fn write(&mut self, from: &[u8]) -> Result<usize> {
        let mut at = lock(&self.at);
        let mut content = lock(&self.content);
        let start = usize::try_from(*at).map_err(|_| ErrorKind::FileTooLarge)?;
        let end = start
            .checked_add(from.len())
            .ok_or(ErrorKind::FileTooLarge)?;
        let bytes = Arc::make_mut(&mut content.bytes);
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[start..end].copy_from_slice(from);
        *at = end as u64;
        content.modified = SystemTime::now();
        let all = Arc::clone(&content.bytes);
        drop((at, content));
        tell(&self.path, Some(&all));
        Ok(from.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Seek for &File {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let end = lock(&self.content).bytes.len() as u64;
        let mut at = lock(&self.at);
        let to = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::End(by) => end.checked_add_signed(by),
            SeekFrom::Current(by) => at.checked_add_signed(by),
        };
        let before = "a place before the file";
        *at = to.ok_or_else(|| Error::new(ErrorKind::InvalidInput, before))?;
        Ok(*at)
    }
}

impl Read for File {
    fn read(&mut self, to: &mut [u8]) -> Result<usize> {
        (&*self).read(to)
    }
}

impl Write for File {
    fn write(&mut self, from: &[u8]) -> Result<usize> {
        (&*self).write(from)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Seek for File {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        (&*self).seek(to)
    }
}
