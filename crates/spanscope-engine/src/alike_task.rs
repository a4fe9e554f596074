//! The comparison of all heads' attention with that of one, carried on while nothing more urgent is wanted.

use super::queries::Queries;
use spanscope_core::analysis::similar::{AttentionDivergence, DivergenceTask};
use spanscope_core::model::{Cancel, HeadId, Network, Run};
use spanscope_core::platform::HAS_THREADS;
use spanscope_core::platform::time::Instant;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// The time a step of it should take: short enough that a new wish is seen at once.
const STEP: Duration = Duration::from_millis(if HAS_THREADS { 30 } else { 10 });

/// A comparison on its way, or done.
#[derive(Default)]
pub(super) struct AlikeTask {
    /// With the run that it is of.
    task: Option<(DivergenceTask, u64)>,
    /// The comparison last completed.
    pub found: Option<Arc<AttentionDivergence>>,
}

impl AlikeTask {
    /// The run has changed: what was found is of another text.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    fn is_of(&self, head: HeadId, run: u64) -> bool {
        let task = self.task.as_ref();
        task.is_some_and(|(task, of)| task.of() == head && *of == run)
    }

    /// True if what is wanted of it is there.
    pub fn is_done(&self, looks: &Queries, run: u64) -> bool {
        looks.alike.is_none_or(|head| {
            let is_done = |(task, _): &(DivergenceTask, u64)| task.is_done();
            self.is_of(head, run) && self.task.as_ref().is_some_and(is_done)
        })
    }

    /// Compares some more of the queries in `range`; false when it was told to stop.
    pub fn step(
        &mut self,
        network: &Network,
        (run, number): (&Run, u64),
        range: &Range<usize>,
        looks: &Queries,
        cancel: &Cancel,
    ) -> bool {
        let Some(head) = looks.alike else {
            return true;
        };
        if !self.is_of(head, number) {
            let first = range.start.max(run.first_kept());
            let range = first..range.end.max(first);
            self.task = Some((DivergenceTask::new(network, head, range), number));
        }
        let Some((task, _)) = &mut self.task else {
            return true;
        };
        let start = Instant::now();
        while !task.is_done() {
            if !task.go_on(run, cancel) {
                return false;
            }
            if start.elapsed() > STEP {
                break;
            }
        }
        if task.is_done() {
            self.found = Some(Arc::new(task.result()));
        }
        true
    }
}
