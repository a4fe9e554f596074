//! Another model, and the one at hand changed by hand.

use super::{FIRST_BLOCK, Open, Steps, reading};
use crate::engine::answers::Answers;
use crate::engine::open::{EngineError, Model};
use crate::engine::worker::{Shared, Source, Wanted};
use std::sync::Arc;
use std::time::Instant;

impl Steps {
    /// Opens the model that is wanted; where it cannot be, the one at hand stays.
    pub(super) fn open(&mut self, wanted: &Wanted, shared: &Shared) {
        self.model_number = wanted.model.0;
        let opened = match &wanted.model.1 {
            Source::Sample(sample) => Model::open_sample(sample),
            Source::File { path, vocab, ramp } => {
                match Model::open(path, vocab.as_deref(), *ramp) {
                    // What was once answered about a model that lay there.
                    Err(EngineError::RecordedAnswers { .. }) => Model::open(path, None, None),
                    opened => opened,
                }
            }
        };
        let opened = opened.and_then(|model| model.on(wanted.device));
        if shared.gave_up(wanted.model.0) {
            return;
        }
        match opened {
            Ok(model) => {
                let model = Arc::new(model);
                self.open = Some(Open {
                    reading: reading(&model, wanted.memory),
                    original: Arc::clone(&model),
                    model,
                    edits: Arc::default(),
                });
                self.next = None;
                self.unedited = None;
                self.memory = wanted.memory;
                self.opened_number = wanted.model.0;
                self.block = FIRST_BLOCK;
                // The text must be cut by the new vocabulary.
                self.text_number = 0;
                self.recorded = None;
                self.tokens = Arc::default();
                self.run_number += 1;
                self.answers = Answers::default();
                self.continuing.forget();
            }
            // The model at hand stays open.
            Err(error) => self.fail(error.to_string(), Some(wanted.model.0)),
        }
    }

    /// Changes the model at hand as wanted; the text has to run again.
    pub(super) fn edit(&mut self, wanted: &Wanted) {
        self.renew_again();
        let Some(open) = &mut self.open else {
            return;
        };
        open.edits = wanted.edits_of(self.opened_number);
        let network = match open.original.network.edited(&open.edits) {
            Ok(network) => Arc::new(network),
            Err(error) => return self.fail(error.to_string(), None),
        };
        open.model = if open.edits.is_empty() {
            Arc::clone(&open.original)
        } else {
            Arc::new(open.original.with_network(network))
        };
        if open.model.recorded.is_none() {
            open.reading = reading(&open.model, self.memory);
            open.reading.set_text(&self.tokens.ids);
        }
        self.changed = Instant::now();
        self.milliseconds = None;
        self.run_number += 1;
        self.answers.forget_run();
        // It was drawn by another network.
        self.continuing.forget();
    }
}
