//! From a run file to what it holds of a network.

use super::config::{Config, MOST_RECORDED_DISTANCES, believable, span_name};
use super::load::Reader;
use crate::checkpoint::Checkpoint;
use crate::model::architecture::Architecture;
use crate::model::edits::Edits;
use crate::model::heads::Positions;
use crate::model::parts::{Part, PartKind};
use crate::model::weights::{Layer, Network, Span};
use crate::model::{Assumption, ModelError};
use std::sync::{Arc, OnceLock};

/// The description of a network in a run file, beside its tensors.
#[derive(Debug, Clone)]
pub struct RecordedNetwork {
    /// The architecture.
    pub config: Config,
    /// The parameters of the whole network.
    pub parts: Vec<Part>,
    /// The assumptions made when it was recorded.
    pub assumed: Vec<Assumption>,
}

/// A tensor of a checkpoint that a run file holds of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedTensor {
    /// Its name, in the checkpoint less prefixes and in the run file.
    pub name: String,
    /// Its shape in the run file: a span that all heads of a layer share is there once per head.
    pub shape: Vec<usize>,
}

impl RecordedTensor {
    /// All that there are: position embeddings, spans, keys of persistent vectors.
    pub fn all(checkpoint: &Checkpoint, config: &Config) -> Vec<Self> {
        let (heads, d) = (config.nb_heads, config.head_dim());
        let kept = |name: String, shape: &[usize]| Self {
            name,
            shape: shape.to_vec(),
        };
        let mut all = vec![kept("key_pe".into(), &[1, d, config.attn_span])];
        for i in 0..config.nb_layers {
            if config.adapt_span {
                let first = || format!("layers.{i}.attn.attn.adaptive_span._mask.current_val");
                let name = span_name(checkpoint, i).unwrap_or_else(first);
                all.push(kept(name, &[heads, 1, 1]));
            }
            if config.pers_mem_size > 0 {
                let name = format!("layers.{i}.attn.attn.persistent_memory.key");
                all.push(kept(name, &[heads, d, config.pers_mem_size]));
            }
        }
        all
    }

    /// Its numbers, row-major.
    ///
    /// # Errors
    /// When they cannot be read from the checkpoint, or are not as many as its shape says.
    pub fn read(&self, checkpoint: &Checkpoint) -> Result<Vec<f32>, ModelError> {
        let expected = self.shape.iter().product();
        if checkpoint.info(&self.name).is_none() && self.name.ends_with("current_val") {
            // A layer without spans among others that have them looks as far as it can.
            return Ok(vec![1.0; expected]);
        }
        let values = checkpoint.read(&self.name)?;
        match values.as_slice() {
            [one] => Ok(vec![*one; expected]),
            _ if values.len() == expected => Ok(values),
            _ => {
                let found = [values.len()];
                let shape = format!("{:?}", self.shape);
                Err(ModelError::shape(checkpoint, &self.name, &found, &shape))
            }
        }
    }
}

impl RecordedNetwork {
    fn parts_are_countable(&self) -> bool {
        let numbers = self
            .parts
            .iter()
            .flat_map(|part| [part.parameters, part.shared]);
        let sum = numbers.fold(0, usize::saturating_add);
        self.parts.len() <= PartKind::ALL.len() && sum < 1 << 48
    }

    /// Refuses what no network can be; the tensors' shapes say the rest.
    ///
    /// # Errors
    /// When the architecture cannot be.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), ModelError> {
        let c = &self.config;
        believable(c, checkpoint, MOST_RECORDED_DISTANCES)?;
        let what = match c.cannot_be() {
            Some(what) => what,
            None if !self.parts_are_countable() => "its parameters are more than can be counted",
            None => return Ok(()),
        };
        Err(ModelError::Config {
            path: checkpoint.path().to_owned(),
            what: what.to_owned(),
        })
    }
}

impl Network {
    /// The network as a run file holds it: position embeddings, spans and the keys of persistent vectors, from which
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
                mlp_ablated: false,
                heads: loader.heads(&config, &spec.attention, &positions, &[], i)?,
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
