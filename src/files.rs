//! Files written whole or not at all.

use std::io::{Error, ErrorKind, Write};
use std::path::Path;

/// Writes `bytes` beside `path` and moves the finished file into place: whatever happens, `path` holds either what
/// it held before or all of `bytes`.
///
/// # Errors
/// When the folder cannot be written to, or the disk is full; nothing is left behind then.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".spanscope-").suffix(".part");
    // A temporary file is private by default; what people write gets the usual mode (less umask).
    #[cfg(unix)]
    let mode = {
        use std::os::unix::fs::PermissionsExt;
        std::fs::Permissions::from_mode(0o666)
    };
    #[cfg(unix)]
    builder.permissions(mode);
    let mut file = builder.tempfile_in(folder).map_err(plain)?;
    file.write_all(bytes).map_err(plain)?;
    file.as_file().sync_all().map_err(plain)?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// The error without the name of the temporary file, which nobody has heard of, and with what to do.
fn plain(error: Error) -> Error {
    let words = match error.kind() {
        ErrorKind::NotFound => "there is no such folder; make it first",
        ErrorKind::PermissionDenied => "the folder cannot be written to; choose another",
        ErrorKind::ReadOnlyFilesystem => "the disk cannot be written to; choose another",
        ErrorKind::StorageFull => "no space left on the disk; nothing was written",
        _ => return error,
    };
    Error::new(error.kind(), words)
}
