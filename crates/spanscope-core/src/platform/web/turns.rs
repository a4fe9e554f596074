//! What would be on threads, done between two frames: jobs, each at once, then loops, a turn at a time.

use crate::platform::Turn;
use crate::platform::time::Instant;
use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

type Job = Box<dyn FnOnce()>;
type Loop = Box<dyn FnMut() -> Turn>;

thread_local! {
    static JOBS: RefCell<VecDeque<Job>> = const { RefCell::new(VecDeque::new()) };
    static LOOPS: RefCell<Vec<Loop>> = const { RefCell::new(Vec::new()) };
}

/// Something that would be done on another thread.
#[derive(Debug, Default)]
pub struct Builder;

impl Builder {
    /// A job.
    pub fn new() -> Self {
        Self
    }

    /// Names are of threads.
    pub fn name(self, _: String) -> Self {
        self
    }

    /// Has it done before the next frame.
    ///
    /// # Errors
    /// Never.
    pub fn spawn<T: 'static>(self, job: impl FnOnce() -> T + 'static) -> io::Result<JoinHandle<T>> {
        let result = Arc::new(Mutex::new(None));
        let to = Arc::clone(&result);
        let job: Job = Box::new(move || {
            let done = job();
            *to.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        });
        JOBS.with_borrow_mut(|jobs| jobs.push_back(job));
        Ok(JoinHandle { result })
    }
}

/// The result of a job, once it is there.
#[derive(Debug)]
pub struct JoinHandle<T> {
    result: Arc<Mutex<Option<T>>>,
}

impl<T> JoinHandle<T> {
    /// True if it is done.
    pub fn is_finished(&self) -> bool {
        let result = self.result.lock();
        result.unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Does what waits, until this is done.
    ///
    /// # Errors
    /// When it is being done, and waits for itself.
    pub fn join(self) -> Result<T, Box<dyn Any + Send + 'static>> {
        loop {
            let done = self.result.lock();
            if let Some(done) = done.unwrap_or_else(PoisonError::into_inner).take() {
                return Ok(done);
            }
            if !next_job() {
                return Err(Box::new("a job that waits for itself"));
            }
        }
    }
}

/// A page cannot wait.
pub fn sleep(_: Duration) {}

/// Has `turn` called again and again between frames, until it is over.
pub fn each_turn(turn: impl FnMut() -> Turn + 'static) {
    LOOPS.with_borrow_mut(|loops| loops.push(Box::new(turn)));
}

fn next_job() -> bool {
    let job = JOBS.with_borrow_mut(VecDeque::pop_front);
    job.is_some_and(|job| {
        job();
        true
    })
}

/// Works for about `budget`; returns whether there is more to do now.
pub fn work(budget: Duration) -> bool {
    let begin = Instant::now();
    while next_job() {
        if begin.elapsed() >= budget {
            return true;
        }
    }
    // A turn may begin further loops.
    let mut loops = LOOPS.take();
    let mut rests = vec![false; loops.len()];
    while rests.contains(&false) && begin.elapsed() < budget {
        let mut i = 0;
        while i < loops.len() {
            match rests[i] {
                true => i += 1,
                false => match loops[i]() {
                    Turn::More => i += 1,
                    Turn::Rest => {
                        rests[i] = true;
                        i += 1;
                    }
                    Turn::Over => {
                        drop(loops.remove(i));
                        rests.remove(i);
                    }
                },
            }
        }
    }
    let new = LOOPS.replace(loops);
    let more = rests.contains(&false) || !new.is_empty();
    LOOPS.with_borrow_mut(|loops| loops.extend(new));
    more || JOBS.with_borrow(|jobs| !jobs.is_empty())
}
