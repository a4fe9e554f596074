//! The errors of a tokenizer, and of a text that it is given.

use crate::shown::{said, shown_path};
use std::path::{Path, PathBuf};

/// Why a tokenizer cannot be used, or a text not be cut into tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The file could not be opened or read.
    #[error("{}: cannot be read: {source}", shown_path(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A folder without a tokenizer.
    #[error(
        "{}: no tokenizer is here: tokenizer.json, vocab.json with merges.txt, and tokenizer.model were looked for. Put the one of the model's repository into the folder, or pass token ids instead of a text (--ids)",
        shown_path(path)
    )]
    None {
        /// The folder.
        path: PathBuf,
    },
    /// The file is no tokenizer that can be used.
    #[error("{}: not a tokenizer that can be used: {reason}. Fetch the file again, or pass token ids instead of a text (--ids)", shown_path(path), reason = said(reason))]
    File {
        /// The file.
        path: PathBuf,
        /// The fault in it.
        reason: String,
    },
    /// The tokenizer cannot cut this text into tokens.
    #[error("{}: this text cannot be cut into tokens: {reason}", shown_path(path), reason = said(reason))]
    Text {
        /// The tokenizer's file.
        path: PathBuf,
        /// Why not, and what to do.
        reason: String,
    },
    /// Nobody waits for the tokens any more.
    #[error("cutting the text into tokens was stopped")]
    Stopped,
}

impl TokenizerError {
    pub(super) fn file(path: &Path, reason: impl Into<String>) -> Self {
        Self::File {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }
}

/// Why a text cannot be cut, before the file's name is put to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody waits any more.
    Stopped,
    /// In words, with the way out.
    Words(String),
}

impl Trouble {
    pub(super) fn of(self, path: &Path) -> TokenizerError {
        match self {
            Self::Stopped => TokenizerError::Stopped,
            Self::Words(reason) => TokenizerError::Text {
                path: path.to_owned(),
                reason,
            },
        }
    }
}
