//! What the text costs without the edits: measured while the model has none, else by a second run beside the edited one.

use super::live_run::LiveRun;
use std::sync::Arc;

/// What is known of the text without the edits.
#[derive(Default)]
pub(super) struct Unedited {
    /// The wish for the text, its mean surprisal in bits, and that of every token.
    found: Option<(u64, f64, Arc<Vec<f32>>)>,
    /// The wish for a text, and the run over it of the model as it was opened. It is kept while there are edits: of a changed text only
    /// what is new runs again.
    pub run: Option<(u64, Box<LiveRun>)>,
    /// The text that the second run could not read.
    pub failed: Option<u64>,
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
