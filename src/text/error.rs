//! What can go wrong while reading text or building a vocabulary.

use crate::shown::{said, shown_path};
use std::path::PathBuf;

/// Why a text, a list of ids or a vocabulary could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// The file could not be opened or read.
    #[error("{}: cannot be read: {source}", shown_path(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A `.zip` or `.gz` file is damaged, or is not what its name says.
    #[error(
        "{}: {reason}. Expected a complete .zip or .gz file: download it again, or unpack it and pass the unpacked text",
        shown_path(path), reason = said(reason))]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The (unpacked) text is larger than this program accepts.
    #[error(
        "{}: the text is larger than {limit} bytes once unpacked, or than the free memory. Pass a smaller part of it",
        shown_path(path)
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The largest size accepted, in bytes.
        limit: u64,
    },
    /// The file holds nothing to build a vocabulary from.
    #[error(
        "{}: the file holds no text. Pass the text the model was trained on: its train.txt, the raw corpus (plain, .zip or .gz) or a vocabulary saved as JSON",
        shown_path(path)
    )]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file gives a vocabulary, but not one of the model's size.
    #[error(
        "{}: the model has {expected} tokens, but this file gives {found}. Pass the text the model was trained on (its train.txt or the raw corpus), or a vocabulary saved as JSON with {expected} tokens{hint}",
        shown_path(path), found = said(found), hint = said(hint))]
    Size {
        /// The file.
        path: PathBuf,
        /// The model's vocabulary size.
        expected: usize,
        /// The sizes the file gives, read in each plausible way.
        found: String,
        /// A further way out, empty or starting with ";".
        hint: String,
    },
    /// A list of tokens, or the JSON around it, is not a vocabulary.
    #[error("not a vocabulary: {}", said(.0))]
    Vocabulary(String),
    /// [`TextError::Vocabulary`], and the file it came from.
    #[error(
        "{}: not a vocabulary: {reason}. Expected a list of token strings, an object of token to id, or a vocabulary this program saved",
        shown_path(path), reason = said(reason))]
    VocabularyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is not a list of token ids.
    #[error(
        "{}: not a list of token ids: {reason}. Expected JSON such as [12, 0, 7], each a whole number from 0",
        shown_path(path),
        reason = said(reason)
    )]
    Ids {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}
