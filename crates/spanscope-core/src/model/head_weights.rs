//! One head's attention weights, as they are handed out.

use super::kernel::{Numbers, add_rows};
use std::ops::Range;

/// The weights of one head for consecutive queries.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeadWeights {
    /// Position of the first query in the text.
    pub first: usize,
    /// Number of queries.
    pub queries: usize,
    /// Number of distances kept: the head's reach.
    pub reach: usize,
    /// Number of persistent vectors.
    pub vectors: usize,
    /// queries × reach; column c is distance c + 1. Distances before the text's start hold the weight that
    /// falls on empty context there.
    pub weights: Numbers,
    /// queries × vectors.
    pub persistent: Vec<f32>,
    /// Per query, the weight on distances before the text's start.
    pub empty: Vec<f32>,
}

impl HeadWeights {
    /// Room for weights, to be filled in by [`parts`](Self::parts).
    pub(super) fn room(first: usize, queries: usize, reach: usize, vectors: usize) -> Self {
        Self {
            first,
            queries,
            reach,
            vectors,
            weights: Numbers::anything(queries * reach),
            persistent: vec![0.0; queries * vectors],
            empty: vec![0.0; queries],
        }
    }

    /// Pieces of it, one for each count of queries, to be filled in.
    pub(super) fn parts(&mut self, counts: impl IntoIterator<Item = usize>) -> Vec<Part<'_>> {
        let (reach, vectors) = (self.reach, self.vectors);
        let mut rest = Part {
            weights: &mut self.weights,
            persistent: &mut self.persistent,
            empty: &mut self.empty,
        };
        let mut parts = Vec::new();
        for n in counts {
            let (weights, later) = rest.weights.split_at_mut(n * reach);
            rest.weights = later;
            let (persistent, later) = rest.persistent.split_at_mut(n * vectors);
            rest.persistent = later;
            let (empty, later) = rest.empty.split_at_mut(n);
            rest.empty = later;
            parts.push(Part {
                weights,
                persistent,
                empty,
            });
        }
        parts
    }

    /// The weights of query `i` of this tile by distance, from 1.
    pub fn row(&self, i: usize) -> &[f32] {
        self.weights
            .get(i * self.reach..(i + 1) * self.reach)
            .unwrap_or_default()
    }

    /// The weight on each distance from 1 to the reach, summed up over some queries of this tile as far as it is on tokens
    /// of the text: empty context counts as none.
    pub fn by_distance(&self, queries: Range<usize>) -> Vec<f64> {
        let mut sums = vec![0.0; self.reach];
        let end = queries.end.min(self.queries);
        // The queries at the text's start see less than the reach.
        let few = self.reach.saturating_sub(self.first);
        let few = few.clamp(queries.start.min(end), end);
        for i in queries.start..few {
            let seen = (self.first + i).min(self.reach);
            let row = self.row(i).get(..seen).unwrap_or_default();
            add_rows(&mut sums[..seen], row);
        }
        let whole = self.weights.get(few * self.reach..end * self.reach);
        add_rows(&mut sums, whole.unwrap_or_default());
        sums
    }

    /// The weight on each persistent vector, summed up over some queries of this tile.
    pub fn by_vector(&self, queries: Range<usize>) -> Vec<f64> {
        let mut sums = vec![0.0; self.vectors];
        let rows = queries.start * self.vectors..queries.end * self.vectors;
        add_rows(&mut sums, self.persistent.get(rows).unwrap_or_default());
        sums
    }

    /// The weights of query `i` on the persistent vectors.
    pub fn persistent_row(&self, i: usize) -> &[f32] {
        self.persistent
            .get(i * self.vectors..(i + 1) * self.vectors)
            .unwrap_or_default()
    }
}

/// Some queries of a [`HeadWeights`].
pub(super) struct Part<'a> {
    pub weights: &'a mut [f32],
    pub persistent: &'a mut [f32],
    pub empty: &'a mut [f32],
}

/// How the weight of consecutive queries of one head divides: one number per query in each list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeadSums {
    /// Position of the first query in the text.
    pub first: usize,
    /// On tokens of the text.
    pub context: Vec<f32>,
    /// On persistent vectors.
    pub persistent: Vec<f32>,
    /// On distances before the text's start.
    pub empty: Vec<f32>,
}
