//! The files of a checkpoint as they were opened, whatever has their names by now.

use super::bytes::FileBytes;
use super::contents::Opened;
use super::opening::Input;
use super::{Checkpoint, CheckpointError, Origin};
use crate::files::{SourceFile, sha256_hex};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The files that a checkpoint was opened from: for its hash, and to be read again.
#[derive(Debug)]
pub struct Source {
    files: Vec<(PathBuf, SourceFile)>,
    origin: Arc<Origin>,
    beside: Option<PathBuf>,
    hash: OnceLock<Option<String>>,
}

impl Source {
    /// Of an open checkpoint.
    ///
    /// # Errors
    /// When the system does not let a file be looked at.
    pub(super) fn of(checkpoint: &Checkpoint) -> Result<Self, CheckpointError> {
        let source = |file: &Opened| {
            let source = file.bytes.source().map_err(|source| CheckpointError::Io {
                path: file.path.clone(),
                source,
            })?;
            Ok((file.path.clone(), source))
        };
        let files: Result<Vec<_>, CheckpointError> = checkpoint.files.iter().map(source).collect();
        Ok(Self {
            files: files?,
            origin: Arc::clone(&checkpoint.origin),
            beside: checkpoint.beside.clone(),
            hash: OnceLock::new(),
        })
    }

    /// The same bytes to be opened once more, as `path`.
    ///
    /// # Errors
    /// When a file was written to since, or never was one.
    pub(super) fn input(&self, path: &Path) -> Result<Input, CheckpointError> {
        let bytes = |(file, source): &(PathBuf, SourceFile)| {
            if let Some(bytes) = source.static_bytes() {
                return Ok((file.to_owned(), FileBytes::Static(bytes)));
            }
            let handle = source.handle().ok_or_else(|| CheckpointError::Changed {
                path: file.to_owned(),
            })?;
            Ok((file.to_owned(), FileBytes::map(file, handle)?))
        };
        let files: Result<Vec<_>, CheckpointError> = self.files.iter().map(bytes).collect();
        Ok(Input {
            path: path.to_owned(),
            files: files?,
            origin: Arc::clone(&self.origin),
            beside: self.beside.clone(),
        })
    }

    /// The files, in the order of their parts: one, but for a model that comes in several.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(path, _)| path.as_path())
    }

    /// SHA-256 of the file, in hexadecimal; of several, that of the lines of `sha256sum` over them, by their names without
    /// folders. `None` where a file was written to since it was opened. The first call reads all files: about half a second
    /// per gigabyte.
    pub fn sha256(&self) -> Option<&str> {
        if let [(_, file)] = &self.files[..] {
            return file.sha256();
        }
        let hash = self.hash.get_or_init(|| {
            let line = |(path, file): &(PathBuf, SourceFile)| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                Some(format!("{}  {name}\n", file.sha256()?))
            };
            let lines: Option<Vec<String>> = self.files.iter().map(line).collect();
            Some(sha256_hex(lines?.concat().as_bytes()))
        });
        hash.as_deref()
    }

    /// The same if it is known already.
    pub fn known_sha256(&self) -> Option<&str> {
        match &self.files[..] {
            [(_, file)] => file.known_sha256(),
            _ => self.hash.get()?.as_deref(),
        }
    }
}
