//! The metadata of a checkpoint on its run. Nothing in them is believed before it was held against what it will index.

use super::TrainError;
use super::data::{Data, Place};
use super::options::Options;
use serde::{Deserialize, Serialize};
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::checkpoint::{MOST_STEPS, TRAINING};
use spanscope_core::json;
use spanscope_core::text::Vocabulary;
use std::path::PathBuf;

/// The version that is written, and the only one that is read.
pub(super) const VERSION: u32 = 1;

/// The state of a run, as the metadata hold it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct State {
    pub version: u32,
    pub options: Options,
    /// The path of the text, for people.
    pub data: PathBuf,
    /// The SHA-256 of the part that is learned from.
    pub data_sha256: String,
    /// The part for validation; earlier versions did not say.
    #[serde(default)]
    pub valid_sha256: Option<String>,
    pub step: u64,
    pub steps: u64,
    pub place: Place,
    pub since_entry: (f64, u64),
    pub entries: Vec<Numbers>,
    pub seconds: f64,
}

/// An entry of the curves, but for its spans.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Numbers {
    pub step: u64,
    pub train_nats: f64,
    pub valid_nats: f64,
    pub lr: f64,
}

impl State {
    /// The state in a checkpoint, with the run's vocabulary.
    ///
    /// # Errors
    /// In words: when there is none, it is of another version, or a number in it cannot be.
    pub fn of(checkpoint: &Checkpoint) -> Result<(Self, Vocabulary), String> {
        let text = checkpoint.metadata().get(TRAINING).ok_or(
            "it has no state of a run; only what `spanscope train` writes can be gone on with (`convert` leaves the state out)",
        )?;
        let damaged = |e: String| format!("its metadata \"{TRAINING}\" is damaged: {e}");
        // The version first: a later one may have other fields.
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let Versioned { version } = json::read_records(text.as_bytes()).map_err(damaged)?;
        if version != u64::from(VERSION) {
            return Err(format!(
                "it has version {version}, and this program knows version {VERSION}; use a newer one"
            ));
        }
        let state: Self = json::read_records(text.as_bytes()).map_err(damaged)?;
        state.check().map_err(damaged)?;
        let vocabulary = vocabulary(checkpoint)?;
        match state.options.config(vocabulary.len()) {
            Ok(_) => Ok((state, vocabulary)),
            Err(error) => Err(damaged(format!("its options cannot be: {error}"))),
        }
    }

    /// The check of its numbers, whatever the text.
    fn check(&self) -> Result<(), String> {
        let cannot = |field: &str, found: &dyn std::fmt::Display, expected: &str| {
            Err(format!("{field} is {found}, expected {expected}"))
        };
        for (field, steps) in [("step", self.step), ("steps", self.steps)] {
            if steps > MOST_STEPS {
                return cannot(field, &steps, "at most 2^48");
            }
        }
        if self.place.epoch > self.step {
            let expected = format!("at most one per step, of which there were {}", self.step);
            return cannot("place.epoch", &self.place.epoch, &expected);
        }
        let (sum, tokens) = self.since_entry;
        let (rows, block) = (self.options.batch_size, self.options.block_size);
        let most = (rows as u64).saturating_mul(block as u64);
        if !(sum.is_finite() && sum >= 0.0) || tokens > self.step.saturating_mul(most) {
            let found = format!("{sum:?} over {tokens} tokens");
            let expected = format!("a sum over at most those of {} steps", self.step);
            return cannot("since_entry", &found, &expected);
        }
        if !(0.0..1e12).contains(&self.seconds) {
            return cannot(
                "seconds",
                &format!("{:?}", self.seconds),
                "a number of seconds",
            );
        }
        let mut before = 0;
        for (i, entry) in self.entries.iter().enumerate() {
            if entry.step <= before || entry.step > self.step {
                let expected = format!("steps that rise to at most {}", self.step);
                return cannot(&format!("entries[{i}].step"), &entry.step, &expected);
            }
            before = entry.step;
            for (field, number) in [
                ("train_nats", entry.train_nats),
                ("valid_nats", entry.valid_nats),
                ("lr", entry.lr),
            ] {
                if !number.is_finite() {
                    return cannot(&format!("entries[{i}].{field}"), &number, "a number");
                }
            }
        }
        Ok(())
    }

    /// The check that it is the state of a run on `data`, at a place that is there.
    pub fn fits(&self, data: &Data) -> Result<(), String> {
        let before = spanscope_core::shown::shown(&self.data.to_string_lossy());
        if self.data_sha256 != data.sha256 {
            return Err(format!(
                "it was trained on another text ({before}); give that with --data"
            ));
        }
        let valid = self.valid_sha256.as_ref();
        if valid.is_some_and(|valid| *valid != data.valid_sha256) {
            return Err(format!(
                "its text has another part for validation than before, so its curves could not be compared; give the text that \
                 the run began with ({before}) with --data"
            ));
        }
        let rows = self.options.batch_size;
        let (tokens, row) = (data.train.len(), data.train.len() / rows.max(1));
        if self.place.at > row {
            return Err(format!(
                "its metadata \"{TRAINING}\" is damaged: place.at is {}, and the text has {tokens} tokens, which are {row} in each \
                 of {rows} rows",
                self.place.at
            ));
        }
        Ok(())
    }
}

/// The vocabulary of a run.
fn vocabulary(checkpoint: &Checkpoint) -> Result<Vocabulary, String> {
    let damaged = |what: String| format!("its vocabulary is damaged: {what}");
    let text = checkpoint.metadata().get("vocabulary");
    // Every token has a row of weights in the file.
    let most = json::MOST.saturating_add(checkpoint.file_bytes());
    let text = text.map_or("", String::as_str);
    let json = json::read_up_to(text.as_bytes(), most).map_err(damaged)?;
    Vocabulary::from_json(&json).map_err(|e| damaged(e.to_string()))
}

/// True if all are numbers, none of them infinite.
pub(super) fn finite(values: &[f32]) -> bool {
    values.iter().all(|value| value.is_finite())
}

impl TrainError {
    /// The run has diverged: says what of `options` to change, and what is left of the run.
    pub(super) fn not_finite(
        step: u64,
        what: String,
        saved: Option<u64>,
        options: &Options,
    ) -> Self {
        let warmup = match options.lr_warmup {
            0 => "--lr-warmup (there is none now)".into(),
            steps => format!("a longer --lr-warmup than {steps}"),
        };
        let clip = match options.grad_clip {
            0.0 => "--grad-clip (gradients are not limited now)".into(),
            norm => format!("a smaller --grad-clip than {norm}"),
        };
        let left = match saved {
            Some(saved) => format!(
                "its last checkpoint, of step {saved}, is whole: go on from there with --resume and"
            ),
            None => "no checkpoint was written yet: begin anew with".into(),
        };
        Self::NotFinite {
            step,
            what,
            saved,
            advice: format!(
                "{left} a smaller --lr than {}, {warmup} or {clip}",
                options.lr
            ),
        }
    }
}
