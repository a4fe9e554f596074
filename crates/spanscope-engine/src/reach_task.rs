//! The search for how far a head sees at a query, carried on while nothing more urgent is wanted.

use super::queries::{Queries, ReachQuery};
use spanscope_core::analysis::{ReachSearch, VerifiedReach};
use spanscope_core::model::{Cancel, ModelError, Run};
use spanscope_core::platform::HAS_THREADS;
use spanscope_core::platform::time::Instant;
use std::sync::Arc;
use std::time::Duration;

/// The time a step of it should take: short enough that a new wish is seen at once.
const STEP: Duration = Duration::from_millis(if HAS_THREADS { 30 } else { 10 });

/// A search for a head's reach, as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachFacts {
    /// The head and the query.
    pub of: ReachQuery,
    /// Tokens that were changed so far, and those that will be.
    pub progress: (usize, usize),
    /// The reach, or why there is none; `None` while it is searched for.
    pub found: Option<Result<VerifiedReach, String>>,
}

/// A search on its way, or done.
#[derive(Debug, Default)]
pub(super) struct ReachTask {
    /// With the run that it is of.
    search: Option<(ReachSearch, u64)>,
    /// The run that the facts are of.
    run: u64,
    /// How far it has come.
    pub facts: Option<Arc<ReachFacts>>,
}

impl ReachTask {
    /// The run has changed: what was found is of another text.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// True if what is wanted of it is there, and nothing that is not wanted any more.
    pub fn is_done(&self, looks: &Queries, run: u64) -> bool {
        let facts = self.facts.as_ref();
        looks.reach.map_or(facts.is_none(), |of| {
            facts.is_some_and(|facts| facts.of == of && facts.found.is_some() && self.run == run)
        })
    }

    /// Changes some more tokens; false when it was told to stop.
    pub fn step(&mut self, (run, number): (&Run, u64), of: ReachQuery, cancel: &Cancel) -> bool {
        let goes_on = |(search, begun): &(ReachSearch, u64)| {
            search.head() == of.head && search.query() == of.query && *begun == number
        };
        if !self.search.as_ref().is_some_and(goes_on) {
            self.search = None;
            match ReachSearch::new(run, of.head, of.query) {
                Ok(search) => self.search = Some((search, number)),
                Err(error) => {
                    self.tell(of, number, (0, 0), Some(Err(error.to_string())));
                    return true;
                }
            }
        }
        let Some((search, _)) = &mut self.search else {
            return true;
        };
        let start = Instant::now();
        while !search.is_done() {
            match search.go_on(run, cancel) {
                Ok(()) => {}
                Err(ModelError::Cancelled) => return false,
                Err(error) => {
                    let progress = search.progress();
                    self.search = None;
                    self.tell(of, number, progress, Some(Err(error.to_string())));
                    return true;
                }
            }
            if start.elapsed() > STEP {
                break;
            }
        }
        let found = search.is_done().then(|| Ok(search.result()));
        let progress = search.progress();
        self.tell(of, number, progress, found);
        true
    }

    fn tell(
        &mut self,
        of: ReachQuery,
        run: u64,
        progress: (usize, usize),
        found: Option<Result<VerifiedReach, String>>,
    ) {
        self.run = run;
        self.facts = Some(Arc::new(ReachFacts {
            of,
            progress,
            found,
        }));
    }
}
