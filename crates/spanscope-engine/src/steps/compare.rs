//! Reads the text without the edits, beside the edited model.

use super::{Open, Steps};
use crate::live_run::LiveRun;
use spanscope_core::model::{Cancel, ModelError};
use std::sync::Arc;

/// Most tokens that run a second time. A longer text shows what an edit changes where it had run before the edit.
const MOST: usize = 20_000;

/// The part of the memory that the second run may take.
const PART: usize = 4;

impl Steps {
    /// True if it is known what the text costs without the edits, as far as it can be known.
    pub(super) fn compared(&self) -> bool {
        let Some(open) = &self.open else {
            return true;
        };
        let tokens = self.tokens.ids.len();
        open.edits.is_empty()
            || open.model.recorded.is_some()
            || !(2..=MOST).contains(&tokens)
            || !self.finished()
            || self.unedited.failed == Some(self.text_number)
            || self.unedited.of(self.text_number).is_some()
    }

    /// Reads the next block of the text without the edits, if that is what is left to do.
    pub(super) fn compare(&mut self, cancel: &Cancel) {
        if self.compared() {
            return;
        }
        let Some(Open { original, .. }) = &self.open else {
            return;
        };
        let new = || {
            let run = LiveRun::new(Arc::clone(&original.network), self.memory / PART);
            (0, Box::new(run))
        };
        let (of, run) = self.unedited.run.get_or_insert_with(new);
        let ids = &self.tokens.ids;
        if std::mem::replace(of, self.text_number) != self.text_number {
            run.set_text(ids);
        }
        match run.read(ids, self.block, cancel) {
            Err(ModelError::Cancelled) => {}
            // The edited model had no difficulty; what is missing is a comparison.
            Err(_) => self.unedited.failed = Some(self.text_number),
            Ok(_) if run.has_read(ids.len()) => {
                let surprisal = run.surprisal().to_vec();
                let sum: f64 = surprisal.iter().map(|bits| f64::from(*bits)).sum();
                let mean = sum / surprisal.len().max(1) as f64;
                let text = self.text_number;
                self.unedited.take(text, mean, Arc::new(surprisal));
            }
            Ok(_) => {}
        }
    }
}
