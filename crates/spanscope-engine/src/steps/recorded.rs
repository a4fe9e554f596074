//! The worker's steps with a recorded run.

use super::{MOST_PIECES, Steps, reading};
use crate::open::LoadedModel;
use crate::recorded_run::RecordedRun;
use crate::run_file::{RunFile, RunFileError};
use crate::text_run::TextRun;
use crate::tokens::Tokens;
use crate::worker::Wanted;
use spanscope_core::model::Cancel;
use spanscope_core::text::{Unit, Vocabulary};
use std::sync::Arc;

/// A text of a recorded run: its tokens, and the run over it; `None` when told to stop.
pub(crate) fn recorded_text(
    model: &LoadedModel,
    file: &Arc<RunFile>,
    index: usize,
    (cancel, memory): (&Cancel, usize),
) -> Result<Option<(Tokens, RecordedRun)>, RunFileError> {
    let text = file.text(index)?;
    let shown = Arc::clone(&text.text);
    let is_ids = file.text_header(text.index)?.is_ids;
    let is_of_pieces = |vocabulary: &Vocabulary| vocabulary.unit() == Unit::Piece;
    let tokens = match (&model.vocabulary, is_ids) {
        (_, true) => Tokens::of_ids(model, shown, MOST_PIECES, cancel),
        // Without the tokenizer the text cannot be cut again.
        (Some(vocabulary), false) if is_of_pieces(vocabulary) => {
            Some(Tokens::recorded(shown, &text.ids, &text.ranges))
        }
        // Of a vocabulary of which the size alone is known, the file says which bytes the tokens stand for.
        (None, false) if !text.ranges.is_empty() => {
            Some(Tokens::recorded(shown, &text.ids, &text.ranges))
        }
        _ => Tokens::new(model, shown, MOST_PIECES, cancel),
    };
    let Some(tokens) = tokens else {
        return Ok(None);
    };
    if tokens.ids != text.ids {
        return Err(RunFileError::Damaged {
            path: file.path().to_owned(),
            what: format!(
                "the tokens of text {} are not those of its text",
                text.index
            ),
        });
    }
    let network = Arc::clone(&model.network);
    let replay = RecordedRun::new(Arc::clone(file), network, Arc::new(text), memory)?;
    Ok(Some((tokens, replay)))
}

impl Steps {
    /// True if the text at hand is the one that is wanted: of a recorded run, one of its own.
    pub(super) fn has_text(&self, wanted: &Wanted) -> bool {
        let open = self.open.as_ref();
        let is_recorded = open.is_some_and(|open| open.model.recorded.is_some());
        self.text_number == wanted.text.0
            && (!is_recorded || self.recorded == Some(wanted.recorded_of(self.opened_number)))
    }

    /// Takes a text of a recorded run; false when told to stop.
    pub(super) fn set_recorded(&mut self, file: &Arc<RunFile>, wanted: &Wanted) -> bool {
        // The text that waits may change; that of the run stays.
        let index = wanted.recorded_of(self.opened_number);
        let again = self.recorded == Some(index) && self.text_number != 0;
        self.text_number = wanted.text.0;
        let (Some(open), false) = (&mut self.open, again) else {
            return true;
        };
        self.recorded = Some(index);
        let taken = recorded_text(&open.model, file, index, (&wanted.run, self.memory));
        let (tokens, replay) = match taken {
            Ok(Some(taken)) => taken,
            Ok(None) => {
                self.recorded = None;
                return false;
            }
            Err(error) => {
                open.reading = reading(&open.model, self.memory);
                self.give_up(error.to_string());
                return true;
            }
        };
        open.reading = TextRun::Recorded(Box::new(replay));
        self.answers.truncate(0);
        self.answers.forget_run();
        self.continuing.continued = None;
        self.tokens = Arc::new(tokens);
        self.refused = None;
        self.run_number += 1;
        true
    }
}
