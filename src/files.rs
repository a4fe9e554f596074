//! Files written whole or not at all.

use std::io::Write;
use std::path::Path;

/// Writes `bytes` beside `path` and moves the finished file into place: whatever happens, `path` holds either what
/// it held before or all of `bytes`.
///
/// # Errors
/// When the folder cannot be written to, or the disk is full; nothing is left behind then.
pub fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
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
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}
