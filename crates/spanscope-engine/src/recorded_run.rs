//! A recorded run being looked at: as much of it at hand as the memory holds, the rest when somebody looks there.

use super::run_file::{RecordedText, RunFile, RunFileError};
use spanscope_core::analysis::logit_lens::Promoted;
use spanscope_core::analysis::{Prediction, Shares};
use spanscope_core::model::{Cancel, HeadId, ModelError, Network, Observer, Run};
use std::ops::Range;
use std::sync::Arc;

/// Windows begin at multiples of this.
const ALIGNED: usize = 64;

/// Share of the memory that the run may take, as that of a text that is read.
const SHARE: f64 = 0.75;

/// A text of a run file.
pub(super) struct RecordedRun {
    file: Arc<RunFile>,
    network: Arc<Network>,
    text: Arc<RecordedText>,
    /// The tokens whose queries are kept.
    kept: Range<usize>,
    run: Run,
    /// The queries that the run is to have; it has them all once it is as long.
    window: Range<usize>,
    /// True if some window is there: then all that was measured on the text counts.
    has_window: bool,
    memory: usize,
}

impl RecordedRun {
    /// A text of a run file, of which nothing is at hand yet. What is will take about `memory` bytes.
    ///
    /// # Errors
    /// When there is no such text, or it cannot be read.
    pub fn new(
        file: Arc<RunFile>,
        network: Arc<Network>,
        text: Arc<RecordedText>,
        memory: usize,
    ) -> Result<Self, RunFileError> {
        let kept = file.text_header(text.index)?.at_hand();
        let mut replay = Self {
            run: Run::new(Arc::clone(&network)),
            file,
            network,
            text,
            window: kept.clone(),
            kept,
            has_window: false,
            memory,
        };
        replay.begin(replay.last_window())?;
        Ok(replay)
    }

    fn begin(&mut self, window: Range<usize>) -> Result<(), RunFileError> {
        self.run = self.file.begin(&self.network, &self.text, window.start)?;
        self.window = window;
        Ok(())
    }

    /// Tokens whose queries and keys fit the memory.
    fn room(&self) -> usize {
        let bytes = SHARE * self.memory as f64;
        (bytes / bytes_per_token(&self.file, &self.network, self.text.index) as f64) as usize
    }

    /// Tokens that are looked at in one place where not all fit. Keys before them take as much again at most.
    fn width(&self) -> usize {
        (self.room() / 2 / ALIGNED).max(4) * ALIGNED
    }

    /// The window at the end of what is kept: all of it, where it fits.
    fn last_window(&self) -> Range<usize> {
        if self.kept.len() <= self.room() {
            return self.kept.clone();
        }
        let start = self.kept.end.saturating_sub(self.width()) / ALIGNED * ALIGNED;
        start.max(self.kept.start)..self.kept.end
    }

    /// The window for a look at the token at `around`.
    fn window_for(&self, around: Option<usize>) -> Range<usize> {
        let last = self.last_window();
        let Some(around) = around.filter(|token| self.kept.contains(token)) else {
            return last;
        };
        if last.contains(&around) {
            return last;
        }
        if self.window.contains(&around) {
            return self.window.clone();
        }
        let width = self.width();
        let start = around.saturating_sub(width / 2) / ALIGNED * ALIGNED;
        let start = start.max(self.kept.start);
        start..(start + width).min(self.kept.end)
    }

    fn has_all(&self) -> bool {
        self.run.ids().len() >= self.window.end
    }

    /// Tokens whose measurements are told: those before the first window's end as it comes in, then all.
    pub fn done(&self) -> usize {
        match self.has_window {
            true => self.text.ids.len(),
            false => self.run.ids().len(),
        }
    }

    /// Surprisals in bits: the i-th belongs to token i + 1.
    pub fn surprisal(&self) -> &[f32] {
        let most = self.done().saturating_sub(1);
        let surprisal = &self.text.surprisal;
        surprisal.get(..most).unwrap_or(surprisal)
    }

    /// Mean shares of every head over the whole text.
    pub fn shares(&self) -> &[Shares] {
        &self.text.shares
    }

    /// Takes in the next `block` tokens of the window for a look at `around`. Returns how many.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self, around: Option<usize>, block: usize) -> Result<usize, ModelError> {
        let window = self.window_for(around);
        if window != self.window {
            self.begin(window).map_err(told)?;
        }
        let before = self.run.ids().len();
        let to = (before + block.max(ALIGNED)).min(self.window.end);
        let put = self.file.put(&mut self.run, &self.text, to);
        put.map_err(told)?;
        self.has_window |= self.has_all();
        Ok(self.run.ids().len() - before)
    }

    /// True if the weights around the token at `around` are at hand, or are nowhere in the file.
    pub fn is_close(&self, around: Option<usize>) -> bool {
        self.window == self.window_for(around) && self.has_all()
    }

    /// The run, and the queries that it has.
    pub fn at_hand(&self) -> (&Run, Range<usize>) {
        let len = self.run.ids().len();
        (&self.run, self.window.start.min(len)..len)
    }

    /// The beginning of the window, if it is not the one at the end.
    pub fn close_up_start(&self) -> Option<usize> {
        (self.window != self.last_window()).then_some(self.window.start)
    }

    /// The model's prediction after the token at position `at`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn prediction(&self, at: usize) -> Result<Option<Prediction>, RunFileError> {
        self.file.prediction(&self.text, at)
    }

    /// The tokens that a persistent vector promotes; `None` where they were not recorded.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn promoted(
        &self,
        HeadId { layer, head }: HeadId,
        vector: usize,
    ) -> Result<Option<Promoted>, RunFileError> {
        self.file.promoted(layer, head, vector)
    }
}

/// Memory that a recorded run takes for every token at hand, in bytes.
pub(super) fn bytes_per_token(file: &RunFile, network: &Network, text: usize) -> usize {
    if let Some(bytes) = file.stored_bytes_per_token(text) {
        return bytes.max(1);
    }
    let layers = network.architecture().layers.iter();
    let per_token = layers.map(|layer| {
        let of = &layer.attention;
        // And the norm of the longest key.
        of.heads * of.head_dim + of.kv_heads * (of.head_dim + 1)
    });
    per_token.sum::<usize>() * size_of::<f32>()
}

/// The error of a file, as a run's error.
fn told(error: RunFileError) -> ModelError {
    ModelError::Recording(error.to_string())
}

/// Tells `observer` the weights of all queries that are kept of a recorded text, block by block, as a run of the model
/// over it would have; of the run no more is held than a block and what its tokens see. `report` hears how many tokens
/// were gone through. Returns the positions of the queries.
///
/// # Errors
/// When the file cannot be read, or on cancellation.
pub fn replay(
    file: &RunFile,
    network: &Arc<Network>,
    text: &RecordedText,
    cancel: &Cancel,
    observer: &dyn Observer,
    report: &mut dyn FnMut(usize),
) -> Result<Range<usize>, ModelError> {
    let kept = file.text_header(text.index).map_err(told)?.at_hand();
    let mut run = file.begin(network, text, kept.start).map_err(told)?;
    while run.ids().len() < kept.end {
        let from = run.ids().len();
        let to = (from / ALIGNED * ALIGNED + spanscope_core::model::BLOCK).min(kept.end);
        file.put(&mut run, text, to).map_err(told)?;
        let queries = from.max(kept.start)..to;
        if !queries.is_empty() {
            run.replay(queries.clone(), cancel, observer)?;
            run.forget();
        }
        report(queries.len());
    }
    Ok(kept)
}
