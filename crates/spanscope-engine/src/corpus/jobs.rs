//! Several texts at the same time.

use super::CorpusError;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Threads in groups, each of which takes a text at a time.
#[derive(Debug)]
pub(super) struct Jobs {
    /// None: the threads that there are take one text together.
    pools: Vec<ThreadPool>,
}

impl Jobs {
    /// `jobs` groups of the threads at hand, which are shared out evenly among them; at least one each.
    ///
    /// # Errors
    /// When they cannot be started.
    pub fn new(jobs: usize) -> Result<Self, CorpusError> {
        let threads = rayon::current_num_threads();
        if jobs <= 1 {
            return Ok(Self { pools: Vec::new() });
        }
        let pool = |i: usize| {
            let own = threads / jobs + usize::from(i < threads % jobs);
            let pool = ThreadPoolBuilder::new().num_threads(own.max(1)).build();
            pool.map_err(|error| CorpusError::Threads(error.to_string()))
        };
        Ok(Self {
            pools: (0..jobs).map(pool).collect::<Result<_, _>>()?,
        })
    }

    /// Does `work` for each of `0..count`, in order or several at the same time; the results in order. After an error no
    /// further work is begun.
    ///
    /// # Errors
    /// The first of those that occurred.
    pub fn each<T: Send>(
        &self,
        count: usize,
        work: impl Fn(usize) -> Result<T, CorpusError> + Sync,
    ) -> Result<Vec<T>, CorpusError> {
        if self.pools.is_empty() {
            return (0..count).map(work).collect();
        }
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let done = Mutex::new(Vec::with_capacity(count));
        let take = || {
            while !stop.load(Ordering::Relaxed) {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= count {
                    return;
                }
                let result = work(i);
                if result.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                done.push((i, result));
            }
        };
        std::thread::scope(|scope| {
            for pool in &self.pools {
                scope.spawn(|| pool.install(take));
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(i, _)| *i);
        done.into_iter().map(|(_, result)| result).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_the_first_error_counts() {
        for jobs in [0, 1, 2, 5] {
            let jobs = Jobs::new(jobs).unwrap();
            let squares = jobs.each(20, |i| Ok(i * i)).unwrap();
            assert!(squares.iter().enumerate().all(|(i, n)| *n == i * i));
            let failed = jobs.each(20, |i| match i {
                7 => Err(CorpusError::Changed("seven".into())),
                _ => Ok(()),
            });
            assert!(matches!(failed, Err(CorpusError::Changed(name)) if name == "seven"));
            assert!(jobs.each(0, Ok).unwrap().is_empty());
        }
    }
}
