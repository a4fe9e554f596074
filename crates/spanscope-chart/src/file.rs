//! The endings and the writing of a figure's files.

use std::path::Path;

use super::ChartError;

/// The ending of `path` in lower case, if it is among `allowed`.
pub(super) fn extension(
    path: &Path,
    allowed: &'static [&'static str],
) -> Result<&'static str, ChartError> {
    let found = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    allowed
        .iter()
        .find(|name| name.eq_ignore_ascii_case(found))
        .copied()
        .ok_or_else(|| ChartError::Extension {
            path: path.to_path_buf(),
            allowed,
        })
}

/// Writes `bytes` to `path`, whole or not at all.
///
/// # Errors
/// When the folder cannot be written to, or there is no room.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), ChartError> {
    spanscope_core::files::write(path, bytes).map_err(|source| ChartError::Write {
        path: path.to_path_buf(),
        source,
    })
}
