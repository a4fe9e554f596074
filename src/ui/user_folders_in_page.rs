//! The folders of a page: what is written to the first is kept by the browser, to the second handed to the reader.

use std::path::PathBuf;

/// The folder whose files the browser keeps.
pub const KEPT: &str = "/kept";

/// The folder whose files are handed to the reader, as downloads.
pub const DOWNLOADS: &str = "/downloads";

/// The folder of settings.
pub fn settings() -> Option<PathBuf> {
    Some(KEPT.into())
}

/// The folder of sessions.
pub fn sessions() -> Option<PathBuf> {
    Some(KEPT.into())
}

/// A page knows none.
pub fn home() -> Option<PathBuf> {
    None
}

/// The folder that the first dialog shows.
pub fn to_begin_in() -> Option<PathBuf> {
    Some(DOWNLOADS.into())
}
