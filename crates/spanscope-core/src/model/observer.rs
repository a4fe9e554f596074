//! The results that a forward pass reports while it runs.

use super::head_weights::{HeadSums, HeadWeights};
use super::neurons::NeuronRows;

/// Is told what happens during a forward pass, tile by tile, from several threads.
pub trait Observer: Sync {
    /// True if [`Observer::head`] is to be called for a head; weights that nobody wants are not copied.
    fn wants(&self, layer: usize, head: usize) -> bool {
        let _ = (layer, head);
        true
    }

    /// A head's weights for some consecutive queries.
    fn head(&self, layer: usize, head: usize, weights: &HeadWeights) {
        let _ = (layer, head, weights);
    }

    /// The sums of a head's weight by what it falls on, for some consecutive queries.
    fn sums(&self, layer: usize, head: usize, sums: &HeadSums) {
        let _ = (layer, head, sums);
    }

    /// True if [`Observer::value_norms`] and [`Observer::output_norms`] are to be called, where the run can tell them.
    fn wants_norms(&self) -> bool {
        false
    }

    /// The norms of what a head would write into the residual stream if it read nothing but the token at `first`, the one
    /// after it, and so on: ‖W_O v‖. Called before the weights of any query that sees these tokens.
    fn value_norms(&self, layer: usize, head: usize, first: usize, norms: &[f32]) {
        let _ = (layer, head, first, norms);
    }

    /// The norms of what a head writes into the residual stream for some consecutive queries.
    fn output_norms(&self, layer: usize, head: usize, first: usize, norms: &[f32]) {
        let _ = (layer, head, first, norms);
    }

    /// True if [`Observer::neurons`] is to be called for a layer, where the run can tell it: on the CPU.
    fn wants_neurons(&self, layer: usize) -> bool {
        let _ = layer;
        false
    }

    /// What a layer's neurons are for the tokens from `first` on. Called in the order of the tokens, by one thread at a time.
    fn neurons(&self, layer: usize, first: usize, rows: &NeuronRows) {
        let _ = (layer, first, rows);
    }

    /// A layer's output for the tokens from `first` on: n × D.
    fn hidden(&self, layer: usize, first: usize, rows: &[f32]) {
        let _ = (layer, first, rows);
    }
}

/// Observes nothing.
pub struct NoObserver;

impl Observer for NoObserver {
    fn wants(&self, _: usize, _: usize) -> bool {
        false
    }
}

/// Tells two observers.
pub struct Tee<'a>(pub &'a dyn Observer, pub &'a dyn Observer);

impl Observer for Tee<'_> {
    fn wants(&self, layer: usize, head: usize) -> bool {
        self.0.wants(layer, head) || self.1.wants(layer, head)
    }

    fn head(&self, layer: usize, head: usize, weights: &HeadWeights) {
        for observer in [self.0, self.1] {
            if observer.wants(layer, head) {
                observer.head(layer, head, weights);
            }
        }
    }

    fn sums(&self, layer: usize, head: usize, sums: &HeadSums) {
        self.0.sums(layer, head, sums);
        self.1.sums(layer, head, sums);
    }

    fn wants_norms(&self) -> bool {
        self.0.wants_norms() || self.1.wants_norms()
    }

    fn value_norms(&self, layer: usize, head: usize, first: usize, norms: &[f32]) {
        self.0.value_norms(layer, head, first, norms);
        self.1.value_norms(layer, head, first, norms);
    }

    fn output_norms(&self, layer: usize, head: usize, first: usize, norms: &[f32]) {
        self.0.output_norms(layer, head, first, norms);
        self.1.output_norms(layer, head, first, norms);
    }

    fn wants_neurons(&self, layer: usize) -> bool {
        self.0.wants_neurons(layer) || self.1.wants_neurons(layer)
    }

    fn neurons(&self, layer: usize, first: usize, rows: &NeuronRows) {
        for observer in [self.0, self.1] {
            if observer.wants_neurons(layer) {
                observer.neurons(layer, first, rows);
            }
        }
    }

    fn hidden(&self, layer: usize, first: usize, rows: &[f32]) {
        self.0.hidden(layer, first, rows);
        self.1.hidden(layer, first, rows);
    }
}
