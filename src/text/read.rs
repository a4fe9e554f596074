//! Reading text files: plain, `.zip` or `.gz`, told apart by their first bytes.

use crate::shown::shown_error;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::archive;
use super::bytes::to_text;
use super::error::TextError;

/// Largest text once unpacked. A small archive can unpack to any size.
pub(super) const LIMIT: u64 = 4 << 30;

const CHUNK: usize = 1 << 18;

/// Reads a text. A `.zip` gives its largest member. What is not UTF-8 becomes stand-ins, from which
/// [`to_bytes`](super::to_bytes) has the bytes again.
///
/// # Errors
/// The file cannot be read, is a damaged archive, or is too large.
pub fn read_text(path: impl AsRef<Path>) -> Result<String, TextError> {
    Ok(to_text(read_bytes(path)?))
}

/// Reads a text as bytes. A `.zip` gives its largest member.
///
/// # Errors
/// The file cannot be read, is a damaged archive, or is too large.
pub fn read_bytes(path: impl AsRef<Path>) -> Result<Vec<u8>, TextError> {
    read_up_to(path.as_ref(), LIMIT)
}

/// Reads the first `most` bytes of a text; the second value tells whether that was all of it. What is not UTF-8
/// becomes stand-ins, from which [`to_bytes`](super::to_bytes) has the bytes again.
///
/// # Errors
/// The file cannot be read, or is a damaged archive.
pub fn read_start(path: impl AsRef<Path>, most: usize) -> Result<(String, bool), TextError> {
    let mut bytes = Vec::new();
    let mut all = true;
    each_chunk(path.as_ref(), u64::MAX, |chunk| {
        let room = most - bytes.len();
        all = chunk.len() <= room;
        bytes.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
        all
    })?;
    if !all {
        // The cut may fall within a character.
        let whole = bytes.len()
            - bytes
                .utf8_chunks()
                .last()
                .map_or(0, |last| last.invalid().len());
        bytes.truncate(whole);
    }
    Ok((to_text(bytes), all))
}

/// Reads a JSON list of token ids.
///
/// # Errors
/// The file cannot be read or holds anything but a list of whole numbers from 0.
pub fn read_ids(path: impl AsRef<Path>) -> Result<Vec<u32>, TextError> {
    let path = path.as_ref();
    ids_from_json(&read_bytes(path)?, path)
}

/// The token ids of a JSON list that was read from `path`.
///
/// # Errors
/// When it is anything but a list of whole numbers from 0.
pub fn ids_from_json(json: &[u8], path: &Path) -> Result<Vec<u32>, TextError> {
    serde_json::from_slice(json).map_err(|error| TextError::Ids {
        path: path.to_owned(),
        reason: shown_error(&error),
    })
}

pub(super) fn read_up_to(path: &Path, limit: u64) -> Result<Vec<u8>, TextError> {
    let mut bytes = Vec::new();
    let mut room = true;
    each_chunk(path, limit, |chunk| {
        // A text larger than the memory is an error, not an abort.
        room = bytes.try_reserve(chunk.len()).is_ok();
        if room {
            bytes.extend_from_slice(chunk);
        }
        room
    })?;
    if room {
        Ok(bytes)
    } else {
        Err(TextError::TooLarge {
            path: path.to_owned(),
            limit,
        })
    }
}

/// Reads the (unpacked) text in chunks until `with` returns false.
pub(super) fn each_chunk(
    path: &Path,
    limit: u64,
    mut with: impl FnMut(&[u8]) -> bool,
) -> Result<(), TextError> {
    let io_error = |source| TextError::Io {
        path: path.to_owned(),
        source,
    };
    let archive_error = |reason: String| TextError::Archive {
        path: path.to_owned(),
        reason,
    };
    let mut file = File::open(path).map_err(io_error)?;
    let mut head = Vec::new();
    Read::by_ref(&mut file)
        .take(4)
        .read_to_end(&mut head)
        .map_err(io_error)?;
    let named = |wanted: &str| {
        path.extension()
            .is_some_and(|e| e.eq_ignore_ascii_case(wanted))
    };
    let packed = |error: io::Error| archive_error(format!("the archive is damaged ({error})"));
    let complete = if archive::is_gz(&head) {
        let mut text = archive::gz(head, file);
        pump(&mut text, limit, &mut with).map_err(packed)?
    } else if archive::is_zip(&head) {
        let broken = |what| archive_error(format!("the .zip cannot be opened: {what}"));
        let mut text = archive::zip(file).map_err(broken)?;
        pump(&mut text, limit, &mut with).map_err(packed)?
    } else if named("gz") || named("zip") {
        let what = "the file is named like an archive but does not start like one";
        return Err(archive_error(what.into()));
    } else {
        pump(&mut head.chain(file), limit, &mut with).map_err(io_error)?
    };
    if complete {
        Ok(())
    } else {
        Err(TextError::TooLarge {
            path: path.to_owned(),
            limit,
        })
    }
}

/// Returns whether the text ended, or `with` was done, within the limit.
fn pump(from: &mut dyn Read, limit: u64, with: &mut impl FnMut(&[u8]) -> bool) -> io::Result<bool> {
    let mut buffer = vec![0; CHUNK];
    let mut total = 0u64;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        total += read as u64;
        if total > limit {
            return Ok(false);
        }
        if !with(buffer.get(..read).unwrap_or_default()) {
            return Ok(true);
        }
    }
}
