//! The text that is looked at: one that the model reads, or one that was recorded.

use super::live_run::LiveRun;
use super::recorded_run::RecordedRun;
use super::run_file::RunFileError;
use spanscope_core::analysis::logit_lens::{self, Promoted};
use spanscope_core::analysis::{Prediction, Shares, predict};
use spanscope_core::model::{Cancel, HeadId, ModelError, Network, Run};
use std::ops::Range;

/// A run over a text, from either source.
pub(super) enum TextRun {
    /// The model runs over the text.
    Live(Box<LiveRun>),
    /// It ran over it somewhere else.
    Recorded(Box<RecordedRun>),
}

impl TextRun {
    /// Tokens whose measurements are there.
    pub fn done(&self) -> usize {
        match self {
            Self::Live(reading) => reading.done(),
            Self::Recorded(replay) => replay.done(),
        }
    }

    /// Surprisals in bits: the i-th belongs to token i + 1.
    pub fn surprisal(&self) -> &[f32] {
        match self {
            Self::Live(reading) => reading.surprisal(),
            Self::Recorded(replay) => replay.surprisal(),
        }
    }

    /// True if `tokens` tokens are read and measured.
    pub fn has_read(&self, tokens: usize) -> bool {
        match self {
            Self::Live(reading) => reading.has_read(tokens),
            Self::Recorded(replay) => replay.done() >= tokens,
        }
    }

    /// Mean shares of every head over what is read.
    pub fn shares(&self) -> Vec<Shares> {
        match self {
            Self::Live(reading) => reading.shares(),
            Self::Recorded(replay) => replay.shares().to_vec(),
        }
    }

    /// Takes another text; what it shares with the last one is kept. Of a recorded run this changes nothing. False where nothing that
    /// was read holds any more, because positions depend on the text's length.
    pub fn set_text(&mut self, ids: &[u32]) -> bool {
        match self {
            Self::Live(reading) => {
                let holds = reading.holds_for(ids.len());
                reading.set_text(ids);
                holds
            }
            Self::Recorded(_) => true,
        }
    }

    /// Reads the next `block` tokens of `ids`. Returns how many it read.
    ///
    /// # Errors
    /// As [`Run::extend`], or when a recorded run cannot be read.
    pub fn read(
        &mut self,
        ids: &[u32],
        block: usize,
        cancel: &Cancel,
    ) -> Result<usize, ModelError> {
        match self {
            Self::Live(reading) => reading.read(ids, block, cancel),
            Self::Recorded(replay) => replay.read(None, block),
        }
    }

    /// True if nothing has to be run or read again for the weights around the token at `around`.
    pub fn is_close(&self, around: Option<usize>) -> bool {
        match self {
            Self::Live(reading) => reading.is_close(around),
            Self::Recorded(replay) => replay.is_close(around),
        }
    }

    /// Runs or reads the next `block` tokens of what is around the token at `around`. Returns how many.
    ///
    /// # Errors
    /// As [`Run::extend`], or when a recorded run cannot be read.
    pub fn close_up(
        &mut self,
        around: Option<usize>,
        block: usize,
        cancel: &Cancel,
    ) -> Result<usize, ModelError> {
        match (self, around) {
            (Self::Live(reading), Some(around)) => reading.close_up(around, block, cancel),
            // Without a token to look at, a text that is read is as close as can be.
            (Self::Live(_), None) => Ok(0),
            (Self::Recorded(replay), _) => replay.read(around, block),
        }
    }

    /// The run to look at for the weights around the token at `around`, and the queries that it has.
    pub fn at_hand(&self, around: Option<usize>) -> (&Run, Range<usize>) {
        match self {
            Self::Live(reading) => reading.at_hand(around),
            Self::Recorded(replay) => replay.at_hand(),
        }
    }

    /// The start of the close-up on the token at `around`, if the weights come from one.
    pub fn close_up_start(&self, around: Option<usize>) -> Option<usize> {
        match self {
            Self::Live(reading) => reading.close_up_start(around),
            Self::Recorded(replay) => replay.close_up_start(),
        }
    }

    /// The prediction of the model after the token at position `at`: `k` candidates, given the `next` token.
    ///
    /// # Errors
    /// When a recorded run cannot be read.
    pub fn prediction(
        &self,
        at: usize,
        next: Option<u32>,
        k: usize,
    ) -> Result<Option<Prediction>, RunFileError> {
        match self {
            Self::Live(reading) => Ok(predict(reading.at_hand(Some(at)).0, at, next, k)),
            Self::Recorded(replay) => replay.prediction(at),
        }
    }

    /// The tokens that a persistent vector promotes: `k` raised and `k` lowered; `None` where that was not recorded.
    ///
    /// # Errors
    /// When a recorded run cannot be read.
    pub fn promoted(
        &self,
        network: &Network,
        HeadId { layer, head }: HeadId,
        vector: usize,
        k: usize,
    ) -> Result<Option<Promoted>, RunFileError> {
        match self {
            Self::Live(_) => Ok(logit_lens::promoted(network, layer, head, vector, k)),
            Self::Recorded(replay) => replay.promoted(HeadId { layer, head }, vector),
        }
    }
}
