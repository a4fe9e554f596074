//! Looks at files from the window's thread, which must not wait for a disk that answers no more.

use crate::checkpoint;
use crate::platform::HAS_THREADS;
use crate::platform::fs;
use crate::platform::fs::Metadata;
use crate::platform::thread;
use crate::ui::language::trf;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

/// The time that a look may take: longer than any disk that works, shorter than a person's patience.
const PATIENCE: Duration = Duration::from_secs(1);

/// The metadata of a path, as [`fs::metadata`].
///
/// # Errors
/// When there is nothing, it cannot be looked at, or ([`ErrorKind::TimedOut`]) its disk does not answer.
pub fn look(path: &Path) -> Result<Metadata, Error> {
    let path = path.to_owned();
    within(PATIENCE, move || fs::metadata(path))
}

/// The result of `work`, where the disk answers within a second.
///
/// # Errors
/// As `work`, or ([`ErrorKind::TimedOut`]) when the disk does not answer.
pub fn within_patience<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    within(PATIENCE, work)
}

/// The result of `work`, on a thread of its own, which is left to itself where that takes longer than `patience`.
fn within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    if !HAS_THREADS {
        // Files in memory answer.
        return work();
    }
    let (tell, told) = channel();
    thread::Builder::new().name("look".into()).spawn(move || {
        // Too late is too late.
        let _ = tell.send(work());
    })?;
    let late = || Error::new(ErrorKind::TimedOut, "the disk does not answer");
    told.recv_timeout(patience).unwrap_or_else(|_| Err(late()))
}

/// True if something is there.
pub fn exists(path: &Path) -> bool {
    look(path).is_ok()
}

/// True if a folder is there.
pub fn is_folder(path: &Path) -> bool {
    look(path).is_ok_and(|info| info.is_dir())
}

/// True if a file is there.
pub fn is_file(path: &Path) -> bool {
    look(path).is_ok_and(|info| info.is_file())
}

/// Why a path is of no use, in words; `None` where something is there.
pub fn trouble(path: &Path) -> Option<String> {
    Some(match look(path).err()?.kind() {
        ErrorKind::TimedOut => trf("{0}: the disk does not answer", &[&path.display()]),
        _ => trf("{0} is gone", &[&path.display()]),
    })
}

/// The checkpoint's file where `path` is the folder of a training run, else `path` itself, also where the disk does not answer.
pub fn in_folder(path: &Path) -> PathBuf {
    let asked = path.to_owned();
    let found = within_patience(move || Ok(checkpoint::in_folder(&asked)));
    found.unwrap_or_else(|_| path.to_owned())
}

/// True if a folder is opened as a model by itself.
pub fn is_model_folder(path: &Path) -> bool {
    let path = path.to_owned();
    within_patience(move || Ok(checkpoint::is_model_folder(&path))).unwrap_or(false)
}

/// The folder of the model of this name in the hub's cache; `None` for what is no such name.
///
/// # Errors
/// In words, when it is one, and there is no such model.
pub fn model_in_cache(name: &str) -> Result<Option<PathBuf>, String> {
    let name = PathBuf::from(name);
    let asked = name.clone();
    let found = within_patience(move || Ok(checkpoint::resolve_model(&asked)));
    match found {
        Ok(Ok(path)) => Ok((path != name).then_some(path)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::IN_FOLDER;

    #[test]
    fn what_is_there_is_told_from_what_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        assert!(trouble(&file).unwrap().ends_with("file is gone"));
        std::fs::write(&file, "1").unwrap();
        assert_eq!(trouble(&file), None);
        assert!(exists(&file) && is_file(&file) && !is_folder(&file));
        assert!(is_folder(folder.path()) && !is_file(folder.path()));
        assert_eq!(in_folder(&file), file);
        assert_eq!(in_folder(folder.path()), folder.path().join(IN_FOLDER));
    }

    #[test]
    fn a_disk_that_answers_no_more_is_left_to_itself() {
        let (hold, held) = channel::<()>();
        let hung = within(Duration::from_millis(20), move || {
            // Until the test is over.
            let _ = held.recv();
            Ok(())
        });
        assert_eq!(hung.unwrap_err().kind(), ErrorKind::TimedOut);
        drop(hold);
    }
}
