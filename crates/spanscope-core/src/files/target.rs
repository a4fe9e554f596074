//! The target of a name that somebody writes to.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// Most links that are followed one after the other; systems follow 40.
const MOST_LINKS: usize = 40;

/// The target of a name that somebody writes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A file that is there, or can be made there: links followed.
    File(PathBuf),
    /// A pipe or a device: it is written to, never replaced.
    Stream(PathBuf),
}

impl Target {
    /// Follows the links from `path`, also to where there is nothing yet.
    ///
    /// # Errors
    /// When it leads to a folder, in a circle, or cannot be looked at.
    pub fn of(path: &Path) -> Result<Self, Error> {
        if is_nothing(path) {
            return Ok(Self::Stream(path.to_owned()));
        }
        match std::fs::metadata(path) {
            Ok(info) if info.is_dir() => {
                return Err(Error::new(
                    ErrorKind::IsADirectory,
                    "it is a folder; give the name of a file in it",
                ));
            }
            Ok(info) if !info.is_file() => return Ok(Self::Stream(path.to_owned())),
            _ => {}
        }
        let mut at = path.to_owned();
        for _ in 0..MOST_LINKS {
            match std::fs::symlink_metadata(&at) {
                Ok(info) if info.file_type().is_symlink() => {
                    let folder = at.parent().unwrap_or(Path::new(""));
                    // What a process has open has a name there that need not be one: `/dev/stdout` and its kind.
                    if is_open_files(folder) {
                        return Ok(Self::Stream(path.to_owned()));
                    }
                    at = folder.join(std::fs::read_link(&at)?);
                }
                _ => return Ok(Self::File(at)),
            }
        }
        Err(Error::other(
            "its links lead in a circle; give another name",
        ))
    }
}

/// True if a folder lists what a process has open: `/proc/self/fd`, `/dev/fd`.
fn is_open_files(folder: &Path) -> bool {
    folder == Path::new("/dev/fd") || folder.starts_with("/proc") && folder.ends_with("fd")
}

/// True of the file that swallows all on Windows, in whichever folder: what `/dev/null` is elsewhere.
fn is_nothing(path: &Path) -> bool {
    cfg!(windows)
        && path
            .file_name()
            .is_some_and(|name| name.eq_ignore_ascii_case("NUL"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_to_what_is_there_or_will_be() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "x").unwrap();
        symlink("file", at("link")).unwrap();
        symlink(at("link"), at("further")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        symlink("round", at("round")).unwrap();
        let of = |name: &str| Target::of(&at(name));
        assert_eq!(of("new").unwrap(), Target::File(at("new")));
        assert_eq!(of("file").unwrap(), Target::File(at("file")));
        assert_eq!(of("further").unwrap(), Target::File(at("file")));
        assert_eq!(of("dangling").unwrap(), Target::File(at("nowhere")));
        assert!(of("round").unwrap_err().to_string().contains("circle"));
        assert!(
            Target::of(folder.path())
                .unwrap_err()
                .to_string()
                .contains("folder")
        );
        let null = PathBuf::from("/dev/null");
        assert_eq!(Target::of(&null).unwrap(), Target::Stream(null));
        let out = PathBuf::from("/dev/stdout");
        assert_eq!(Target::of(&out).unwrap(), Target::Stream(out));
    }
}
