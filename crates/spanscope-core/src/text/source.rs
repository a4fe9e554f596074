//! A file opened as a text: unpacked as it is read, and held against what no text is.

use super::archive::{self, ZipError};
use super::error::TextError;
use super::kind::{self, Inspector};
use crate::files::shown;
use crate::platform::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The files that may be read as a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Accept {
    /// Texts in any encoding that keeps ASCII.
    #[default]
    Texts,
    /// Any bytes: somebody wants a model of bytes to read binary data.
    AnyBytes,
}

/// Bytes by which a file is told to be something else.
const HEAD: usize = 512;

const CHUNK: usize = 1 << 18;

/// An open file, unpacked if it is a `.gz` or a `.zip`.
pub(super) struct Source {
    path: PathBuf,
    accept: Accept,
    is_packed: bool,
    reader: Box<dyn Read>,
    inspector: Inspector,
}

impl Source {
    /// Opens `path`.
    ///
    /// # Errors
    /// When it cannot be read, is a damaged archive or one of several files, or, of texts, is known to be none.
    pub(super) fn open(path: &Path, accept: Accept) -> Result<Self, TextError> {
        let io_error = |source| TextError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(io_error)?;
        let head = head_of(&mut file).map_err(io_error)?;
        let ending = path.extension().and_then(|ending| ending.to_str());
        let named = |wanted: &str| ending.is_some_and(|e| e.eq_ignore_ascii_case(wanted));
        let archive_error = |reason: String| TextError::Archive {
            path: path.to_owned(),
            reason,
        };
        let mut this = Self {
            path: path.to_owned(),
            accept,
            is_packed: true,
            reader: Box::new(io::empty()),
            inspector: Inspector::default(),
        };
        if archive::is_gz(&head) {
            this.reader = Box::new(archive::gz(head, file));
        } else if archive::is_zip(&head) {
            match archive::zip(file) {
                Ok(reader) => this.reader = reader,
                Err(ZipError::Broken(what)) => {
                    return Err(archive_error(format!("the .zip cannot be opened: {what}")));
                }
                Err(ZipError::Several(names)) => return Err(several(path, &names)),
                Err(ZipError::Known(_)) if accept == Accept::AnyBytes => {
                    this.reader = Box::new(File::open(path).map_err(io_error)?);
                    this.is_packed = false;
                }
                Err(ZipError::Known(kind)) => return Err(this.no_text(kind)),
            }
        } else if accept == Accept::Texts && (named("gz") || named("zip")) {
            let what = "the file is named like an archive but does not start like one";
            return Err(archive_error(what.into()));
        } else {
            this.is_packed = false;
            this.look(&head, ending)?;
            this.reader = Box::new(io::Cursor::new(head).chain(file));
            return Ok(this);
        }
        if this.is_packed && accept == Accept::Texts {
            let mut inside = std::mem::replace(&mut this.reader, Box::new(io::empty()));
            let head = head_of(&mut inside).map_err(|error| this.failed(error))?;
            this.look(&head, None)?;
            this.reader = Box::new(io::Cursor::new(head).chain(inside));
        }
        Ok(this)
    }

    /// Refuses what is told by its first bytes, or by its name, to be no text.
    fn look(&self, head: &[u8], ending: Option<&str>) -> Result<(), TextError> {
        if self.accept == Accept::AnyBytes {
            return Ok(());
        }
        if let Some((ending, tool)) = kind::packing(head, ending) {
            return Err(TextError::Packed {
                path: self.path.clone(),
                ending,
                tool,
            });
        }
        kind::known(head).map_or(Ok(()), |kind| Err(self.no_text(kind)))
    }

    fn no_text(&self, what: impl Into<String>) -> TextError {
        TextError::NoText {
            path: self.path.clone(),
            what: what.into(),
        }
    }

    fn failed(&self, source: io::Error) -> TextError {
        failed(&self.path, self.is_packed, source)
    }

    /// Gives the text in chunks to `with` until that returns false, or there are more bytes than `limit`.
    ///
    /// # Errors
    /// When the file cannot be read any further, is too long, or is no text after all.
    pub(super) fn each_chunk(
        mut self,
        limit: u64,
        mut with: impl FnMut(&[u8]) -> bool,
    ) -> Result<(), TextError> {
        let mut buffer = vec![0; CHUNK];
        let mut total = 0_u64;
        loop {
            let read = match self.reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.failed(error)),
            };
            total += read as u64;
            if total > limit {
                return Err(TextError::TooLarge {
                    path: self.path,
                    limit,
                });
            }
            let chunk = buffer.get(..read).unwrap_or_default();
            if self.accept == Accept::Texts {
                self.inspector.feed(chunk);
                // What is packed may be damaged as well, which is told first.
                if !self.is_packed && self.inspector.has_nul() {
                    break;
                }
            }
            if !with(chunk) {
                break;
            }
        }
        match self.inspector.verdict() {
            Some(what) => Err(self.no_text(what)),
            None => Ok(()),
        }
    }

    /// The text as a reader, for those that parse as they read, and what an error of reading is; what it reads is not held
    /// against what no text is.
    pub(super) fn into_reader(self) -> (Box<dyn Read>, impl Fn(io::Error) -> TextError) {
        let Self {
            path, is_packed, ..
        } = self;
        (self.reader, move |error| failed(&path, is_packed, error))
    }
}

fn failed(path: &Path, is_packed: bool, source: io::Error) -> TextError {
    let path = path.to_owned();
    match is_packed {
        true => TextError::Archive {
            path,
            reason: format!("the archive is damaged ({source})"),
        },
        false => TextError::Io { path, source },
    }
}

fn several(path: &Path, names: &[String]) -> TextError {
    const NAMED: usize = 4;
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| shown(name)).collect();
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    TextError::Several {
        path: path.to_owned(),
        names: format!("{} files: {}{more}", names.len(), shown.join(", ")),
    }
}

fn head_of(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    from.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}
