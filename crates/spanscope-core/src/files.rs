//! Files written whole or not at all, and what tells one content from another.

#[cfg(not(target_arch = "wasm32"))]
mod guard;
mod held;
#[cfg_attr(target_arch = "wasm32", path = "files/part_in_memory.rs")]
mod part;
mod source;
#[cfg(not(target_arch = "wasm32"))]
mod target;

#[cfg(not(target_arch = "wasm32"))]
pub use guard::remove_unfinished;
pub use held::{Claimed, Held};
pub use part::Part;
pub use source::SourceFile;

pub use crate::shown::{shown, shown_path};

use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::Error;
use std::path::Path;

/// SHA-256 of `bytes`, in hexadecimal: what `sha256sum` prints.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of bytes that come piece by piece.
#[derive(Debug, Default)]
pub struct Sha256Sum {
    hasher: Sha256,
    bytes: u64,
}

impl Sha256Sum {
    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// The count of bytes added.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The sum in hexadecimal.
    pub fn hex(&self) -> String {
        hex(&self.hasher.clone().finalize())
    }
}

fn hex(digest: &[u8]) -> String {
    let mut text = String::with_capacity(2 * digest.len());
    for byte in digest {
        // A string takes all that is written.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Writes `bytes` beside `path` and moves the finished file into place: whatever happens, `path` holds either what
/// it held before or all of `bytes`.
///
/// # Errors
/// When the folder cannot be written to, or the disk is full; nothing is left behind then.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut part = Part::beside(path)?;
    part.write_at(0, bytes)?;
    part.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), abc);
    }

    fn listed(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_what_it_leads_to_is_written() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "before").unwrap();
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(at("file"), private).unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        std::os::unix::fs::symlink("nowhere", at("dangling")).unwrap();
        write(&at("link"), b"after").unwrap();
        write(&at("dangling"), b"made").unwrap();
        assert_eq!(std::fs::read(at("file")).unwrap(), b"after");
        let mode = std::fs::metadata(at("file")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read(at("nowhere")).unwrap(), b"made");
        for link in ["link", "dangling"] {
            let info = std::fs::symlink_metadata(at(link)).unwrap();
            assert!(info.file_type().is_symlink());
        }
        write(Path::new("/dev/null"), b"gone").unwrap();
        assert_eq!(
            listed(folder.path()),
            ["dangling", "file", "link", "nowhere"]
        );
    }

    #[test]
    fn what_a_crash_left_is_removed_and_what_is_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let left = [".spanscope-a.part", ".spanscope-b.part"];
        for name in left {
            std::fs::write(at(name), "left").unwrap();
        }
        // Another program's: it holds its lock.
        let held = std::fs::File::open(at(left[1])).unwrap();
        held.lock().unwrap();
        std::fs::write(at("spanscope-c.part"), "somebody else's").unwrap();
        let part = Part::beside(&at("new")).unwrap();
        let now = listed(folder.path());
        assert_eq!(now.len(), 3, "{now:?}");
        assert!(!now.iter().any(|name| name == left[0]), "{now:?}");
        part.finish().unwrap();
        assert_eq!(listed(folder.path()), [left[1], "new", "spanscope-c.part"]);
    }

    #[test]
    fn a_part_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut part = Part::beside(&folder.path().join("a")).unwrap();
        part.write_at(3, b"x").unwrap();
        drop(part);
        assert!(listed(folder.path()).is_empty());
        let error = Part::beside(&folder.path().join("no/a")).unwrap_err();
        assert!(error.to_string().contains("make it first"), "{error}");
    }
}
