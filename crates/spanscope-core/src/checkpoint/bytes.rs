//! The bytes of a file, mapped rather than read.

use super::CheckpointError;
use crate::files::SourceFile;
use crate::platform::FileMap;
use crate::platform::fs::{self, File};
use std::ops::Range;
use std::path::Path;

/// A file's content in memory; pages that nobody looks at are never loaded.
#[derive(Debug)]
pub(super) enum FileBytes {
    Empty,
    Mapped(FileMap, File),
    /// Part of the program itself.
    Static(&'static [u8]),
    /// In memory already.
    Held(Vec<u8>),
}

impl FileBytes {
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let io = |source| CheckpointError::Io {
            path: path.to_owned(),
            source,
        };
        // Before it is opened: to open a pipe is to wait for whoever writes into it.
        let info = fs::metadata(path).map_err(io)?;
        if info.is_dir() {
            return Err(CheckpointError::UnknownFormat {
                path: path.to_owned(),
                found: "a folder".into(),
            });
        }
        if !info.is_file() {
            return Err(CheckpointError::UnknownFormat {
                path: path.to_owned(),
                found: "not a regular file".into(),
            });
        }
        Self::map(path, File::open(path).map_err(io)?)
    }

    /// As [`open`](Self::open), of a file that is open already; `path` is for messages.
    pub fn map(path: &Path, file: File) -> Result<Self, CheckpointError> {
        let io = |source| CheckpointError::Io {
            path: path.to_owned(),
            source,
        };
        // An empty file cannot be mapped.
        if file.metadata().map_err(io)?.len() == 0 {
            return Ok(Self::Empty);
        }
        let map = map_of(&file).map_err(io)?;
        Ok(Self::Mapped(map, file))
    }

    pub fn all(&self) -> &[u8] {
        match self {
            Self::Empty => &[],
            Self::Mapped(map, _) => map,
            Self::Static(bytes) => bytes,
            Self::Held(bytes) => bytes,
        }
    }

    /// True if the file is as long as it was when it was opened. Code that trains saves over the same file, which begins
    /// with cutting it off.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Mapped(map, file) => file
                .metadata()
                .is_ok_and(|now| now.len() >= map.len() as u64),
            _ => true,
        }
    }

    /// The file that the bytes are of, for its hash and to be read again.
    pub fn source(&self) -> Result<SourceFile, std::io::Error> {
        match self {
            Self::Empty => Ok(SourceFile::of_bytes(&[])),
            Self::Mapped(_, file) => SourceFile::new(file.try_clone()?),
            Self::Static(bytes) => Ok(SourceFile::of_static(bytes)),
            Self::Held(bytes) => Ok(SourceFile::of_bytes(bytes)),
        }
    }

    pub fn get(&self, range: Range<usize>) -> Option<&[u8]> {
        self.all().get(range)
    }
}

/// The content of an open file, mapped.
#[cfg(not(target_arch = "wasm32"))]
fn map_of(file: &File) -> std::io::Result<FileMap> {
    // SAFETY: the map is read-only and private to one value. Another process that shortens the file while it is
    // read could still make it fault; so weights are copied out once, right after opening, and whoever reads asks
    // `is_whole` first.
    #[allow(unsafe_code)]
    unsafe {
        FileMap::map(file)
    }
}

/// The content of an open file, which lies in memory.
#[cfg(target_arch = "wasm32")]
fn map_of(file: &File) -> std::io::Result<FileMap> {
    Ok(file.content())
}
