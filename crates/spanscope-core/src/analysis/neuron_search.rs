//! The neurons whose values promote a token: products of every value with the token's row of the output embedding.

use crate::model::{Cancel, ModelError, Network, NeuronId};

/// The neurons whose values raise and lower a token most.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NeuronSearch {
    /// The token.
    pub token: u32,
    /// Neurons that raise it, by falling change of its logit per unit of activation, less the mean over the vocabulary.
    pub up: Vec<(NeuronId, f32)>,
    /// Neurons that lower it, the most first.
    pub down: Vec<(NeuronId, f32)>,
}

/// A search over all layers, a layer at a time.
#[derive(Debug)]
pub struct NeuronSearching {
    along: Vec<f64>,
    next: usize,
    most: usize,
    found: NeuronSearch,
}

impl NeuronSearching {
    /// For the `most` neurons that raise and that lower `token` most; `None` where there is no such token, or the weights were not
    /// read.
    pub fn new(network: &Network, token: u32, most: usize) -> Option<Self> {
        Some(Self {
            along: network.promotion(token)?,
            next: 0,
            most,
            found: NeuronSearch {
                token,
                ..NeuronSearch::default()
            },
        })
    }

    /// Searches the next layer; false when there is none.
    pub fn step(&mut self, network: &Network) -> bool {
        let layer = self.next;
        let architecture = network.architecture();
        if layer >= architecture.nb_layers() {
            return false;
        }
        self.next += 1;
        let Some(spec) = architecture.feed_forward_of(layer) else {
            return true;
        };
        let changes = network.values_along(layer, &self.along);
        let changes = changes.into_iter().enumerate();
        let named = |(place, change): (usize, f32)| (spec.named(layer, place), change);
        let (up, down): (Vec<_>, Vec<_>) = changes
            .filter(|(_, change)| change.is_finite() && *change != 0.0)
            .map(named)
            .partition(|(_, change)| *change > 0.0);
        for (all, more, sign) in [
            (&mut self.found.up, up, 1.0),
            (&mut self.found.down, down, -1.0_f32),
        ] {
            all.extend(more);
            *all = super::first_by(std::mem::take(all), self.most, |a, b| {
                (sign * b.1).total_cmp(&(sign * a.1)).then(a.0.cmp(&b.0))
            });
        }
        true
    }

    /// What was found, once all layers are searched.
    pub fn finish(self) -> NeuronSearch {
        self.found
    }
}

/// Searches all layers.
///
/// # Errors
/// On cancellation.
pub fn neurons_promoting(
    network: &Network,
    token: u32,
    most: usize,
    cancel: &Cancel,
) -> Result<Option<NeuronSearch>, ModelError> {
    let Some(mut searching) = NeuronSearching::new(network, token, most) else {
        return Ok(None);
    };
    while searching.step(network) {
        cancel.check()?;
    }
    Ok(Some(searching.finish()))
}
