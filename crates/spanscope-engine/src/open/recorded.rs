//! A recorded run in the place of a model, and the model's file for a run that is to be recorded.

use super::{EngineError, LoadedModel};
use crate::run_file::{Header, RunFile};
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::model::{Network, RecordedNetwork};
use spanscope_core::shown::message;
use spanscope_core::text::{Vocabulary, vocabulary_json};
use std::sync::{Arc, OnceLock};

impl LoadedModel {
    /// A recorded run, without its vocabulary.
    pub(super) fn of_run(checkpoint: &Checkpoint, header: Header) -> Result<Self, EngineError> {
        let of = &header.model;
        let network = RecordedNetwork {
            architecture: of.architecture.clone(),
            parts: of.parts.clone(),
            assumed: of.assumed.clone(),
            stored: header.has_weights(),
        };
        // First what the file must have as many tensors for as there are layers: then there cannot be too many of these.
        network.check(checkpoint)?;
        let run = RunFile::open(checkpoint, header)?;
        let of = &run.header().model;
        let network = Network::recorded(checkpoint, network)?;
        let mut model = Self::of(checkpoint, Arc::new(network))?;
        model.format = of.format;
        model.dtypes.clone_from(&of.dtypes);
        model.prefix.clone_from(&of.prefix);
        model.tensors = Arc::new(OnceLock::from(of.tensors_sha256.clone()));
        model.recorded = Some(Arc::new(run));
        Ok(model)
    }

    /// The vocabulary of a recorded run, where its tokens are those of a tokenizer.
    pub(super) fn recorded_pieces(
        &self,
        checkpoint: &Checkpoint,
    ) -> Result<Option<Vocabulary>, EngineError> {
        let Some(pieces) = self.recorded.as_ref().map(|run| run.pieces()).transpose()? else {
            return Ok(None);
        };
        let note = checkpoint.metadata().get("vocabulary");
        let note = note.and_then(|json| vocabulary_json(json.as_bytes(), 0).ok());
        let note = note.as_ref().and_then(|json| json.get("note")?.as_str());
        let note = message(note.unwrap_or("pieces of a tokenizer"));
        let rows = self.network.architecture().vocab_size;
        Ok(pieces.map(|pieces| Vocabulary::of_pieces(Arc::new(pieces), rows, &note)))
    }

    /// True if the widths of hidden states and heads are known: a run whose weights are stored need not say them.
    pub fn knows_sizes(&self) -> bool {
        let recorded = self.recorded.as_ref();
        let architecture = self.network.architecture();
        recorded.is_none_or(|run| !run.header().has_weights() || architecture.head_dim() > 1)
    }

    /// The model's file again, as it was opened.
    pub(crate) fn checkpoint(&self) -> Result<Checkpoint, EngineError> {
        Ok(Checkpoint::again(&self.path, &self.source)?)
    }

    /// The name of the file that the weights are in, without folders: of a recorded run, the model's that ran.
    pub fn weights_name(&self) -> String {
        match &self.recorded {
            Some(run) => run.header().model.file.clone(),
            None => self.file_name(),
        }
    }
}
