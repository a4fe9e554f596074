//! Work that may take long: on a thread of its own, off the interpreter's lock, with progress, and ended by Ctrl-C.

use crate::errors::told;
use pyo3::prelude::*;
use spanscope::model::Cancel;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::Duration;

/// Time between two looks at signals and progress.
const TICK: Duration = Duration::from_millis(50);

/// The progress of some work.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    done: AtomicUsize,
    all: AtomicUsize,
}

impl Progress {
    /// So much is done, of all that there is; never less than was said before, whichever thread says it.
    pub fn set(&self, done: usize, all: usize) {
        self.all.store(all, Ordering::Relaxed);
        self.done.fetch_max(done, Ordering::Relaxed);
    }

    fn get(&self) -> (usize, usize) {
        let all = self.all.load(Ordering::Relaxed);
        (self.done.load(Ordering::Relaxed), all)
    }
}

/// Says that the work has ended, however it did.
struct End<'a>(&'a AtomicBool, Thread);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
        self.1.unpark();
    }
}

/// Does `job` and waits for it. `progress` is called with what is done and all that there is, a few times a second and at the end. On
/// Ctrl-C, or when `progress` fails, the job is told to stop.
pub(crate) fn work<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    job: impl FnOnce(&Cancel, &Progress) -> T + Send,
) -> PyResult<T> {
    let (cancel, how_far) = (Cancel::default(), Progress::default());
    let ended = AtomicBool::new(false);
    let mut trouble = None;
    let done = std::thread::scope(|scope| {
        let end = End(&ended, std::thread::current());
        let (of_job, of_progress) = (&cancel, &how_far);
        let thread = std::thread::Builder::new().name("spanscope".into());
        let thread = thread.spawn_scoped(scope, move || {
            let end = end;
            let done = job(of_job, of_progress);
            drop(end);
            done
        });
        let thread = match thread {
            Ok(thread) => thread,
            Err(error) => return Err(told(format!("no thread for the computation: {error}"))),
        };
        while !ended.load(Ordering::Acquire) {
            py.detach(|| std::thread::park_timeout(TICK));
            if trouble.is_some() || ended.load(Ordering::Acquire) {
                continue;
            }
            let told = py.check_signals().and_then(|()| tell(progress, &how_far));
            if let Err(error) = told {
                trouble = Some(error);
                cancel.cancel();
            }
        }
        py.detach(|| thread.join())
            .map_err(|_| told("a defect stopped the computation; please report what was asked"))
    });
    match trouble {
        Some(error) => Err(error),
        None => {
            let done = done?;
            tell(progress, &how_far)?;
            Ok(done)
        }
    }
}

fn tell(progress: Option<&Bound<'_, PyAny>>, how_far: &Progress) -> PyResult<()> {
    match (progress, how_far.get()) {
        (Some(progress), (done, all)) if all > 0 => progress.call1((done, all)).map(drop),
        _ => Ok(()),
    }
}
