//! A recorded run in the place of a model, and the model's file for a run that is to be recorded.

use super::{EngineError, LoadedModel};
use crate::run_file::{Header, RunFile};
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::model::{Network, RecordedNetwork};
use std::sync::{Arc, OnceLock};

impl LoadedModel {
    /// A recorded run, without its vocabulary.
    pub(super) fn of_run(checkpoint: &Checkpoint, header: Header) -> Result<Self, EngineError> {
        let of = &header.model;
        let network = RecordedNetwork {
            config: of.own_words()?.clone(),
            parts: of.parts.clone(),
            assumed: of.assumed.clone(),
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
