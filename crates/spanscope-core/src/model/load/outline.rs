//! A network before its weights: what it is, and that its file fits together.

use crate::checkpoint::{Checkpoint, Origin};
use crate::model::ModelError;
use crate::model::families::adaptive_span::Inferred;
use crate::model::families::plan::Plan;
use crate::model::mask::Ramp;
use crate::model::weights::Network;
use std::sync::Arc;

/// The description of a network, from which its weights are read.
enum Described<'a> {
    AdaptiveSpan(Inferred),
    Causal(Box<Plan<'a>>),
}

/// A network without its weights, and all that is needed to load them: names and shapes of all tensors are checked, of numbers
/// only the spans are read, which is as fast for a large file as for a small one.
pub struct Outline<'a> {
    checkpoint: &'a Checkpoint,
    described: Described<'a>,
    network: Arc<Network>,
}

impl<'a> Outline<'a> {
    /// The outline of the network in `checkpoint`; `ramp` overrides R, of networks that have one.
    ///
    /// # Errors
    /// When a tensor is missing or its shape does not fit, or the configuration describes no network that runs here; the error
    /// names it.
    pub fn of(checkpoint: &'a Checkpoint, ramp: Option<Ramp>) -> Result<Self, ModelError> {
        let described = match checkpoint.origin() {
            Origin::Plain => Described::AdaptiveSpan(Inferred::of(checkpoint, ramp)?),
            Origin::HuggingFace { config, .. } => {
                Described::Causal(Box::new(Plan::of(checkpoint, config)?))
            }
            Origin::Gguf(metadata) => {
                Described::Causal(Box::new(Plan::of_gguf(checkpoint, metadata)?))
            }
        };
        let network = described.read(checkpoint, false)?;
        Ok(Self {
            checkpoint,
            described,
            network: Arc::new(network),
        })
    }

    /// The network without weights: it knows its architecture and its spans, and cannot run.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// The network with every weight.
    ///
    /// # Errors
    /// When a tensor cannot be read; the error names it.
    pub fn load(&self) -> Result<Network, ModelError> {
        self.described.read(self.checkpoint, true)
    }
}

impl Described<'_> {
    fn read(&self, checkpoint: &Checkpoint, reads: bool) -> Result<Network, ModelError> {
        match self {
            Self::AdaptiveSpan(inferred) => Network::adaptive_span(checkpoint, inferred, reads),
            Self::Causal(plan) => Network::from_plan(checkpoint, plan, reads),
        }
    }
}

impl Network {
    /// Loads every weight; `ramp` overrides R, of networks that have one. What does not fit together is refused before weights
    /// take any memory.
    ///
    /// # Errors
    /// When a tensor is missing or its shape does not fit, or the configuration describes no network that runs here; the error
    /// names it.
    pub fn load(checkpoint: &Checkpoint, ramp: Option<Ramp>) -> Result<Self, ModelError> {
        Outline::of(checkpoint, ramp)?.load()
    }

    /// The network of an [`Outline`] alone, for whoever needs no weights.
    ///
    /// # Errors
    /// As [`Outline::of`].
    pub fn outline(checkpoint: &Checkpoint, ramp: Option<Ramp>) -> Result<Arc<Self>, ModelError> {
        Outline::of(checkpoint, ramp).map(|outline| outline.network)
    }
}
