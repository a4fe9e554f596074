//! What the text costs without the edits: measured while the model has none, else by a second run beside the edited one.

use super::super::live_run::LiveRun;
use super::{Open, Steps};
use spanscope_core::model::{Cancel, ModelError};
use std::sync::Arc;

/// Most tokens that run a second time. A longer text shows what an edit changes where it had run before the edit.
const MOST: usize = 20_000;

/// The part of the memory that the second run may take.
const PART: usize = 4;

/// What is known of the text without the edits.
#[derive(Default)]
pub(super) struct Unedited {
    /// The wish for the text, its mean surprisal in bits, and that of every token.
    found: Option<(u64, f64, Arc<Vec<f32>>)>,
    /// The wish for a text, and the run over it of the model as it was opened. It is kept while there are edits: of a changed text only
    /// what is new runs again.
    run: Option<(u64, Box<LiveRun>)>,
    /// The text that the second run could not read.
    failed: Option<u64>,
}

impl Unedited {
    /// The mean surprisal in bits and that of every token of a text, if they are known.
    pub fn of(&self, text: u64) -> Option<(f64, &Arc<Vec<f32>>)> {
        let (_, bits, surprisal) = self.found.as_ref().filter(|(of, ..)| *of == text)?;
        Some((*bits, surprisal))
    }

    /// Takes what was measured on a text.
    pub fn take(&mut self, text: u64, bits: f64, surprisal: Arc<Vec<f32>>) {
        self.found = Some((text, bits, surprisal));
    }

    /// Lets go of the second run: the model has no edits.
    pub fn end_run(&mut self) {
        self.run = None;
        self.failed = None;
    }
}

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
