//! Networks as run files hold them: their architecture, and the few numbers from which, with a run's queries and keys, weights
//! follow.

use super::architecture::Architecture;
use super::assumption::Assumption;
use super::edits::Edits;
use super::error::ModelError;
use super::families::adaptive_span::recorded as of_spans;
use super::heads::{self, Positions};
use super::load::Loader;
use super::parts::{Part, PartKind};
pub use super::recorded_tensor::RecordedTensor;
use super::recorded_tensor::{keys_before, sinks};
use super::weights::{Layer, Network, Span};
use crate::checkpoint::Checkpoint;
use std::sync::{Arc, OnceLock};

/// The description of a network in a run file, beside its tensors.
#[derive(Debug, Clone)]
pub struct RecordedNetwork {
    /// The architecture.
    pub architecture: Architecture,
    /// The parameters of the whole network.
    pub parts: Vec<Part>,
    /// The assumptions made when it was recorded.
    pub assumed: Vec<Assumption>,
    /// True if weights are in the file as they are, and none follow from what it holds of the network.
    pub stored: bool,
}

impl RecordedTensor {
    /// All that there are of a network, whose file is `checkpoint`: position embeddings, spans, keys of persistent vectors, what
    /// heads find before the text, sinks.
    pub fn all(network: &Network, checkpoint: &Checkpoint) -> Vec<Self> {
        let own = network.architecture.adaptive_span();
        let mut all = own.map_or_else(Vec::new, |own| of_spans::recorded_tensors(checkpoint, own));
        for (i, layer) in network.layers.iter().enumerate() {
            let of_heads = |name: String, shape: &[usize], numbers: Vec<f32>| Self {
                name,
                shape: shape.to_vec(),
                numbers: Some(numbers),
            };
            let heads = layer.heads.len();
            let found: Vec<f32> = layer.heads.iter().filter_map(|head| head.sink).collect();
            if layer.spec.attention.sink {
                all.push(of_heads(sinks(i), &[heads], found));
            }
            let before = layer.heads.iter().filter_map(|head| head.before.as_ref());
            let before: Vec<f32> = before.flat_map(|before| before.key.clone()).collect();
            if !before.is_empty() {
                let shape = [heads, layer.spec.attention.head_dim];
                all.push(of_heads(keys_before(i), &shape, before));
            }
        }
        all
    }

    /// Its numbers, row-major; those of the model's file are read from `checkpoint`.
    ///
    /// # Errors
    /// When they cannot be read, or are not as many as its shape says.
    pub fn read(&self, checkpoint: &Checkpoint) -> Result<Vec<f32>, ModelError> {
        let expected = self.shape.iter().product();
        let values = match &self.numbers {
            Some(numbers) => numbers.clone(),
            None if checkpoint.info(&self.name).is_none() && self.name.ends_with("current_val") => {
                // A layer without spans among others that have them looks as far as it can.
                return Ok(vec![1.0; expected]);
            }
            None => checkpoint.read(&self.name)?,
        };
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
        let sum = numbers.fold(0, u64::saturating_add);
        self.parts.len() <= PartKind::ALL.len() && sum < 1 << 48
    }

    /// Refuses what no network can be; the tensors' shapes say the rest.
    ///
    /// # Errors
    /// When the architecture cannot be.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), ModelError> {
        let own = self.architecture.adaptive_span();
        let what = match own {
            Some(own) => of_spans::cannot_be_recorded(own, checkpoint)?,
            None => None,
        };
        let what = match what {
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
    /// The network as a run file holds it, from which weights follow with a run's queries and keys. It cannot run, and nothing can be
    /// changed in it.
    ///
    /// # Errors
    /// When a tensor is missing or its shape does not fit what `of` says; the error names it.
    pub fn recorded(checkpoint: &Checkpoint, of: RecordedNetwork) -> Result<Self, ModelError> {
        of.check(checkpoint)?;
        let (layers, positions) = match of.architecture.adaptive_span() {
            Some(own) => of_spans::recorded_layers(checkpoint, own, &of.architecture)?,
            None => designed_layers(checkpoint, &of.architecture, of.stored)?,
        };
        Ok(Self {
            spans: Span::all(&of.architecture, &layers),
            architecture: Arc::new(of.architecture),
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

/// Layers whose heads look as far as their design lets them.
fn designed_layers(
    checkpoint: &Checkpoint,
    of: &Architecture,
    stored: bool,
) -> Result<(Vec<Layer>, Positions), ModelError> {
    let mut loader = Loader::new(checkpoint, true);
    let layers = of.layers.iter().enumerate().map(|(i, spec)| {
        let attention = &spec.attention;
        let sinks = match attention.sink {
            // Their weights are stored, not their scores.
            true if stored => vec![0.0; attention.heads],
            true => loader.values(&sinks(i), &[attention.heads])?,
            false => Vec::new(),
        };
        Ok(Layer {
            spec: Arc::new(spec.clone()),
            rope: None,
            dense: Arc::default(),
            mlp_ablated: false,
            neurons_ablated: Vec::new(),
            heads: heads::designed(of.context, attention, &sinks),
        })
    });
    let layers = layers.collect::<Result<Vec<_>, ModelError>>()?;
    Ok((layers, Positions::new(of.head_dim(), 0, &[])))
}
