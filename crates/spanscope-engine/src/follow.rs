//! Following a training run: its checkpoint is replaced every now and then, and is opened again when it was.
//!
//! A thread of its own looks at the file, so that a disk that hangs holds up nobody, and opens it, so that the worker goes on
//! with what it does. What it has opened it hands to the worker, which reads the text with it before it shows anything.

use super::open::{EngineError, LoadedModel};
use spanscope_core::files::{Claimed, Held};
use spanscope_core::platform::fs;
use spanscope_core::platform::thread;
use spanscope_core::platform::time::{Instant, SystemTime};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Time between two looks at the file.
const POLL: Duration = Duration::from_millis(500);

/// The same of a run that has all its steps: it may be resumed with more.
const POLL_FINISHED: Duration = Duration::from_secs(2);

/// Time between two attempts to read the same file again.
const RETRY: Duration = Duration::from_secs(2);

/// The time for which a file may be away, or unreadable, before it is said.
const PATIENCE: Duration = Duration::from_secs(5);

/// The time for which the file of a trainer that was killed stays as it is before it is said that none is at work. On another
/// machine one may be, whose locks are not seen here.
const QUIET: Duration = Duration::from_secs(150);

/// The facts that tell one version of a file from the next, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    /// Device and number of the file, where the system has such.
    identity: (u64, u64),
}

impl Stamp {
    /// Of the file at `path`; `None` where there is none to be seen.
    pub fn of(path: &Path) -> Option<Self> {
        let info = fs::metadata(path).ok()?;
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            (info.dev(), info.ino())
        };
        #[cfg(not(unix))]
        let identity = (0, 0);
        info.is_file().then(|| Self {
            modified: info.modified().ok(),
            bytes: info.len(),
            identity,
        })
    }
}

/// The state of the file that is followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Followed {
    /// No file is.
    #[default]
    Nothing,
    /// It is there, and its newest version is open or on its way.
    There,
    /// It is there, and no program writes newer ones.
    Idle,
    /// It is gone for some seconds now.
    Gone,
    /// It cannot be read for some seconds now, and why.
    Unreadable(String),
    /// In its place lies another network, which must be opened like one.
    Another,
}

/// The step to take after a look at the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Wait,
    Open(Stamp),
}

/// The observations of a file so far.
#[derive(Debug)]
struct Watch {
    /// The version that is open.
    open: Option<Stamp>,
    /// The version that could not be opened, when that was tried, and why it failed.
    failed: Option<(Stamp, Instant, String)>,
    /// Since when nothing could be opened.
    trouble: Option<Instant>,
}

impl Watch {
    fn new(open: Option<Stamp>) -> Self {
        Self {
            open,
            failed: None,
            trouble: None,
        }
    }

    /// Takes a look.
    fn look(&mut self, found: Option<Stamp>, now: Instant) -> Next {
        match found {
            None => {
                self.trouble.get_or_insert(now);
                Next::Wait
            }
            Some(stamp) if self.open == Some(stamp) => {
                (self.failed, self.trouble) = (None, None);
                Next::Wait
            }
            Some(stamp) => match &self.failed {
                Some((failed, when, _)) if *failed == stamp && now - *when < RETRY => Next::Wait,
                _ => Next::Open(stamp),
            },
        }
    }

    fn opened(&mut self, stamp: Stamp) {
        *self = Self::new(Some(stamp));
    }

    fn failed(&mut self, stamp: Stamp, why: String, now: Instant) {
        self.trouble.get_or_insert(now);
        self.failed = Some((stamp, now, why));
    }

    /// The state of the file: what lasts a moment only is no trouble.
    fn state(&self, found: Option<Stamp>, now: Instant) -> Followed {
        let lasts = self.trouble.is_some_and(|since| now - since >= PATIENCE);
        match (found, &self.failed) {
            _ if !lasts => Followed::There,
            (None, _) => Followed::Gone,
            (Some(_), Some((_, _, why))) => Followed::Unreadable(why.clone()),
            (Some(_), None) => Followed::There,
        }
    }
}

/// The state that the thread and its owner share.
#[derive(Debug, Default)]
struct Task {
    quit: bool,
    state: Followed,
}

type Shared = Arc<(Mutex<Task>, Condvar)>;

fn lock(shared: &Shared) -> MutexGuard<'_, Task> {
    // Every change to it is complete before the lock is given back.
    shared.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The file of a model that is opened again, and what becomes of the result.
pub(super) struct Reopening {
    /// The file.
    pub path: PathBuf,
    /// The version of it that is open.
    pub stamp: Option<Stamp>,
    /// True if the run has all its steps.
    pub finished: bool,
    /// Opens it.
    pub open: Box<dyn Fn() -> Result<LoadedModel, EngineError> + Send>,
    /// True if a model is another network than the one that is followed.
    pub is_another: Box<dyn Fn(&LoadedModel) -> bool + Send>,
    /// Takes a newer version.
    pub take: Box<dyn Fn(LoadedModel) + Send>,
    /// Says that there is news.
    pub notify: Box<dyn Fn() + Send>,
}

/// A file that is followed, until this is dropped. Nobody waits for its thread: a file system that hangs may hold it.
pub(super) struct Follower {
    shared: Shared,
    /// The number of the model whose file it is.
    pub model: u64,
}

impl Follower {
    /// Follows the file of the model with this number.
    pub fn new(model: u64, reopening: Reopening) -> Self {
        let shared = Shared::default();
        lock(&shared).state = Followed::There;
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("follow".into())
            .spawn(move || follow(&of_thread, reopening));
        if let Err(error) = thread {
            lock(&shared).state = Followed::Unreadable(error.to_string());
        }
        Self { shared, model }
    }

    /// The state of the file.
    pub fn state(&self) -> Followed {
        lock(&self.shared).state.clone()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        lock(&self.shared).quit = true;
        self.shared.1.notify_all();
    }
}

fn follow(shared: &Shared, mut reopening: Reopening) {
    let mut watch = Watch::new(reopening.stamp);
    loop {
        let found = Stamp::of(&reopening.path);
        let mut another = false;
        if let Next::Open(stamp) = watch.look(found, Instant::now()) {
            // A defect must not end the following.
            let opened = catch_unwind(AssertUnwindSafe(|| (reopening.open)()));
            let opened = opened.map_err(|_| "a defect stopped the reading".to_owned());
            match opened.and_then(|opened| opened.map_err(|error| error.to_string())) {
                Ok(_) if lock(shared).quit => return,
                Ok(model) => {
                    watch.opened(stamp);
                    reopening.finished = model.run.as_ref().is_some_and(|run| run.is_finished());
                    another = (reopening.is_another)(&model);
                    if !another {
                        (reopening.take)(model);
                    }
                }
                Err(error) => watch.failed(stamp, error, Instant::now()),
            }
        }
        let state = match another {
            true => Followed::Another,
            false => watch.state(found, Instant::now()),
        };
        let state = match state {
            Followed::There if is_idle(&reopening.path, found) => Followed::Idle,
            state => state,
        };
        let mut task = lock(shared);
        if task.state != state {
            task.state = state;
            drop(task);
            (reopening.notify)();
            if another {
                return;
            }
            task = lock(shared);
        }
        let poll = if reopening.finished {
            POLL_FINISHED
        } else {
            POLL
        };
        let waited = shared.1.wait_timeout_while(task, poll, |task| !task.quit);
        let (task, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if task.quit {
            return;
        }
    }
}

/// True if no program writes newer versions of the file.
fn is_idle(path: &Path, found: Option<Stamp>) -> bool {
    match Held::look(path) {
        Claimed::Yes => false,
        Claimed::No => true,
        Claimed::Left => {
            let modified = found.and_then(|stamp| stamp.modified);
            let age = modified.and_then(|modified| modified.elapsed().ok());
            age.is_some_and(|age| age >= QUIET)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) -> Stamp {
        spanscope_core::files::write(path, text.as_bytes()).unwrap();
        Stamp::of(path).unwrap()
    }

    #[test]
    fn a_file_that_is_replaced_is_opened_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        let first = write(&path, "one");
        let mut watch = Watch::new(Some(first));
        let now = Instant::now();
        assert_eq!(watch.look(Stamp::of(&path), now), Next::Wait);
        // As long as the one before, and perhaps within the same tick of the clock.
        let second = write(&path, "two");
        assert_ne!(first, second);
        assert_eq!(watch.look(Stamp::of(&path), now), Next::Open(second));
        watch.opened(second);
        assert_eq!(watch.look(Stamp::of(&path), now), Next::Wait);
        assert_eq!(watch.state(Some(second), now), Followed::There);
    }

    #[test]
    fn a_file_that_is_away_is_missed_after_some_seconds_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        let first = write(&path, "one");
        let mut watch = Watch::new(Some(first));
        std::fs::remove_file(&path).unwrap();
        let mut now = Instant::now();
        assert_eq!(watch.look(Stamp::of(&path), now), Next::Wait);
        assert_eq!(watch.state(None, now), Followed::There);
        now += PATIENCE;
        assert_eq!(watch.look(Stamp::of(&path), now), Next::Wait);
        assert_eq!(watch.state(None, now), Followed::Gone);
        let back = write(&path, "back");
        assert_eq!(watch.look(Some(back), now), Next::Open(back));
        watch.opened(back);
        assert_eq!(watch.state(Some(back), now), Followed::There);
        // A folder of that name is no file.
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(Stamp::of(&path), None);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_tried_again_and_said_when_it_lasts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        let first = write(&path, "one");
        let half = write(&path, "ha");
        let mut watch = Watch::new(Some(first));
        let mut now = Instant::now();
        assert_eq!(watch.look(Some(half), now), Next::Open(half));
        watch.failed(half, "cut short".into(), now);
        assert_eq!(watch.look(Some(half), now), Next::Wait);
        assert_eq!(watch.state(Some(half), now), Followed::There);
        now += RETRY;
        assert_eq!(watch.look(Some(half), now), Next::Open(half));
        watch.failed(half, "cut short".into(), now);
        now += PATIENCE;
        let why = "cut short".to_owned();
        assert_eq!(watch.state(Some(half), now), Followed::Unreadable(why));
        // Another version is tried at once.
        let whole = write(&path, "whole");
        assert_eq!(watch.look(Some(whole), now), Next::Open(whole));
        watch.opened(whole);
        assert_eq!(watch.state(Some(whole), now), Followed::There);
    }

    #[test]
    fn a_thread_follows_the_file_until_it_is_dropped() {
        use std::sync::mpsc::channel;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        let first = write(&path, "one");
        // As a trainer has it.
        let held = Held::claim(&path).unwrap();
        assert!(held.is_some() && !is_idle(&path, Some(first)));
        let (opened, openings) = channel();
        let (taken, takings) = channel();
        let sample = LoadedModel::open_sample(&crate::SAMPLES[0]).unwrap();
        let at = path.clone();
        let follower = Follower::new(
            7,
            Reopening {
                path: path.clone(),
                stamp: Some(first),
                finished: false,
                open: Box::new(move || {
                    opened.send(std::fs::read(&at).unwrap()).unwrap();
                    Ok(sample.clone())
                }),
                is_another: Box::new(|_| false),
                take: Box::new(move |model| taken.send(model).unwrap()),
                notify: Box::new(|| {}),
            },
        );
        write(&path, "two");
        let patience = Duration::from_secs(30);
        assert_eq!(openings.recv_timeout(patience).unwrap(), b"two");
        takings.recv_timeout(patience).unwrap();
        assert_eq!(follower.state(), Followed::There);
        drop(held);
        assert!(is_idle(&path, Stamp::of(&path)));
        let begun = Instant::now();
        while follower.state() != Followed::Idle {
            assert!(begun.elapsed() < patience);
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(follower);
        // The thread lets go of what it was given.
        assert!(openings.recv_timeout(patience).is_err());
    }
}
