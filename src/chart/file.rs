//! Files written whole or not at all.

use std::io::Write;
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

/// Writes `bytes` beside `path` and moves the finished file into place.
///
/// # Errors
/// When the folder cannot be written to, or there is no room.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), ChartError> {
    let fail = |source| ChartError::Write {
        path: path.to_path_buf(),
        source,
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".spanscope-").suffix(".part");
    // A temporary file is private by default; a figure gets the usual mode (less umask).
    #[cfg(unix)]
    let mode = {
        use std::os::unix::fs::PermissionsExt;
        std::fs::Permissions::from_mode(0o666)
    };
    #[cfg(unix)]
    builder.permissions(mode);
    let mut file = builder.tempfile_in(folder).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|e| fail(e.error))?;
    Ok(())
}
