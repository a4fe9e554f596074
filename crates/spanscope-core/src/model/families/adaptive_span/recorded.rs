//! From a run file to what it holds of a network.

use super::load::Reader;
use crate::checkpoint::Checkpoint;
use crate::model::architecture::Architecture;
use crate::model::edits::Edits;
use crate::model::heads::Positions;
use crate::model::weights::{Layer, Network, Span};
use crate::model::{ModelError, RecordedNetwork};
use std::sync::{Arc, OnceLock};

impl Network {
    /// What a run file holds of a network: position embeddings, spans and the keys of persistent vectors, from which
    /// weights follow with a run's queries and keys. It cannot run, and nothing can be changed in it.
    ///
    /// # Errors
    /// When a tensor is missing or its shape does not fit what `of` says; the error names it.
    pub fn recorded(checkpoint: &Checkpoint, of: RecordedNetwork) -> Result<Self, ModelError> {
        of.check(checkpoint)?;
        let mut loader = Reader::new(checkpoint, true);
        loader.recorded = true;
        let config = of.config;
        let key_pe = loader
            .base
            .values("key_pe", &[1, config.head_dim(), config.attn_span])?;
        let positions = Positions::new(config.head_dim(), config.attn_span, &key_pe);
        let architecture = Arc::new(Architecture::from(&config));
        let layers = architecture.layers.iter().enumerate().map(|(i, spec)| {
            Ok(Layer {
                spec: Arc::new(spec.clone()),
                rope: None,
                dense: Arc::default(),
                heads: loader.heads(&config, &spec.attention, &positions, i)?,
            })
        });
        let layers = layers.collect::<Result<Vec<_>, ModelError>>()?;
        Ok(Self {
            spans: Span::all(&architecture, &layers),
            architecture,
            parts: of.parts,
            assumed: of.assumed,
            unused: Arc::default(),
            input: Arc::default(),
            output: Arc::default(),
            layers,
            positions: Arc::new(positions),
            ropes: Arc::default(),
            edits: Edits::default(),
            accelerator: OnceLock::new(),
            recorded: true,
        })
    }
}
