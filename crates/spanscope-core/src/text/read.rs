//! Reading text files: plain, `.zip` or `.gz`, told apart by their first bytes.

use std::path::Path;

use super::bytes::to_text;
use super::error::TextError;
use super::source::{Accept, Source};

/// Largest text once unpacked. A small archive can unpack to any size.
pub(super) const LIMIT: u64 = 4 << 30;

/// Reads a text. What is not UTF-8 becomes stand-ins, from which [`to_bytes`](super::to_bytes) has the bytes again.
///
/// # Errors
/// As [`read_bytes`].
pub fn read_text(path: impl AsRef<Path>) -> Result<String, TextError> {
    Ok(to_text(read_bytes(path)?))
}

/// Reads a text as bytes.
///
/// # Errors
/// The file cannot be read, is a damaged archive or one of several files, is too large, or is no text: a picture, a model,
/// binary data of any kind.
pub fn read_bytes(path: impl AsRef<Path>) -> Result<Vec<u8>, TextError> {
    read_accepted(path, Accept::Texts)
}

/// As [`read_bytes`], of what is accepted.
///
/// # Errors
/// As [`read_bytes`]; with [`Accept::AnyBytes`] any file is read, and only unpacked if it is a `.gz` or a `.zip`.
pub fn read_accepted(path: impl AsRef<Path>, accept: Accept) -> Result<Vec<u8>, TextError> {
    read_up_to(path.as_ref(), LIMIT, accept)
}

/// Reads the first `most` bytes of a text; the second value tells whether that was all of it. What is not UTF-8
/// becomes stand-ins, from which [`to_bytes`](super::to_bytes) has the bytes again.
///
/// # Errors
/// As [`read_bytes`], but for the size.
pub fn read_start(path: impl AsRef<Path>, most: usize) -> Result<(String, bool), TextError> {
    read_start_accepted(path, most, Accept::Texts)
}

/// As [`read_start`], of what is accepted.
///
/// # Errors
/// As [`read_accepted`], but for the size.
pub fn read_start_accepted(
    path: impl AsRef<Path>,
    most: usize,
    accept: Accept,
) -> Result<(String, bool), TextError> {
    let mut bytes = Vec::new();
    let mut all = true;
    Source::open(path.as_ref(), accept)?.each_chunk(u64::MAX, |chunk| {
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

pub(super) fn read_up_to(path: &Path, limit: u64, accept: Accept) -> Result<Vec<u8>, TextError> {
    let mut bytes = Vec::new();
    let mut room = true;
    Source::open(path, accept)?.each_chunk(limit, |chunk| {
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
pub(super) fn each_chunk(path: &Path, with: impl FnMut(&[u8]) -> bool) -> Result<(), TextError> {
    Source::open(path, Accept::Texts)?.each_chunk(LIMIT, with)
}
