//! A written file handed to the reader of a page once more.

use crate::files;
use crate::platform::fs;
use std::path::Path;

/// The action that is asked for on a file: of a page both hand it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reveal {
    /// To open it.
    Open,
    /// To show it among its neighbours.
    InFolder,
}

/// Hands it out again.
///
/// # Errors
/// When it is gone.
pub fn reveal(path: &Path, _: Reveal) -> Result<(), String> {
    let again = fs::read(path).and_then(|bytes| files::write(path, &bytes));
    again.map_err(|error| format!("{}: {error}", path.display()))
}
