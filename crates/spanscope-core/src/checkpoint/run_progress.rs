//! What the checkpoint of a training run says of the run, beside its weights.

use crate::json;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Metadata key under which a run keeps what it needs to go on.
pub const TRAINING: &str = "training";

/// Names of tensors that only a run needs begin with this.
pub const TRAINING_STATE: &str = "training.";

/// The tensor with z of every head at every entry of the curves: entries × layers × heads, in tokens.
pub const SPAN_HISTORY: &str = "training.spans";

/// Most steps of a run that are believed.
pub const MOST_STEPS: u64 = 1 << 48;

/// The progress of a run, as its checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunProgress {
    /// Steps done.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
}

impl RunProgress {
    /// Whether it has all its steps. It may be resumed with more.
    pub fn is_finished(&self) -> bool {
        self.step >= self.steps
    }

    /// Of a checkpoint that a run wrote; `None` for other files.
    pub fn of(metadata: &BTreeMap<String, String>) -> Option<Self> {
        /// The part of the state that stays the same whatever else a later version keeps.
        #[derive(Deserialize)]
        struct Part {
            step: u64,
            steps: u64,
        }
        let part: Part = json::read_records(metadata.get(TRAINING)?.as_bytes()).ok()?;
        let (step, steps) = (part.step, part.steps);
        (step.max(steps) <= MOST_STEPS).then_some(Self { step, steps })
    }
}

/// Whether a tensor of a checkpoint is there only for the run to go on.
pub fn is_training_state(name: &str) -> bool {
    name.starts_with(TRAINING_STATE) && name != SPAN_HISTORY
}
