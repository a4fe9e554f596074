//! The results that a forward pass reports while it runs.

use super::head_weights::{HeadSums, HeadWeights};

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

    fn hidden(&self, layer: usize, first: usize, rows: &[f32]) {
        self.0.hidden(layer, first, rows);
        self.1.hidden(layer, first, rows);
    }
}
