//! The progress of a training run as its checkpoint records it, beside the weights.

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
    /// Seconds that the steps done took; 0 where the checkpoint does not say.
    pub seconds: u64,
}

impl RunProgress {
    /// Seconds that the steps that are left take, as those done did; `None` where that is not known, and at the end.
    pub fn seconds_left(&self) -> Option<u64> {
        let left = self.steps.checked_sub(self.step).filter(|left| *left > 0)?;
        let seconds = u128::from(self.seconds) * u128::from(left);
        let seconds = seconds.checked_div(u128::from(self.step))?;
        (self.seconds > 0).then(|| u64::try_from(seconds).unwrap_or(u64::MAX))
    }

    /// True if it has all its steps. It may be resumed with more.
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
            #[serde(default)]
            seconds: f64,
        }
        let part: Part = json::read_records(metadata.get(TRAINING)?.as_bytes()).ok()?;
        let (step, steps) = (part.step, part.steps);
        // A number out of range is none: 0.
        let seconds = part.seconds.round().max(0.0) as u64;
        (step.max(steps) <= MOST_STEPS).then_some(Self {
            step,
            steps,
            seconds,
        })
    }
}

/// True if a tensor of a checkpoint is there only for the run to go on.
pub fn is_training_state(name: &str) -> bool {
    name.starts_with(TRAINING_STATE) && name != SPAN_HISTORY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<RunProgress> {
        let metadata = BTreeMap::from([(TRAINING.to_owned(), json.to_owned())]);
        RunProgress::of(&metadata)
    }

    #[test]
    fn the_time_that_is_left_follows_from_the_steps_done() {
        let run = read(r#"{"step": 50, "steps": 200, "seconds": 99.7}"#).unwrap();
        assert_eq!((run.seconds, run.seconds_left()), (100, Some(300)));
        // Not known: nothing done yet, or a checkpoint that does not say. At the end there is none.
        for json in [
            r#"{"step": 0, "steps": 200, "seconds": 3.0}"#,
            r#"{"step": 50, "steps": 200}"#,
            r#"{"step": 50, "steps": 200, "seconds": -1e300}"#,
            r#"{"step": 200, "steps": 200, "seconds": 9.0}"#,
            r#"{"step": 201, "steps": 200, "seconds": 9.0}"#,
        ] {
            assert_eq!(read(json).unwrap().seconds_left(), None, "{json}");
        }
        let endless = read(r#"{"step": 1, "steps": 281474976710656, "seconds": 1e300}"#).unwrap();
        assert_eq!(endless.seconds_left(), Some(u64::MAX));
    }
}
