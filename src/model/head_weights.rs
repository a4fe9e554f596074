//! One head's attention weights, as they are handed out.

/// The weights of one head for consecutive queries.
#[derive(Debug, Clone, PartialEq)]
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
    pub weights: Vec<f32>,
    /// queries × vectors.
    pub persistent: Vec<f32>,
    /// Per query, the weight on distances before the text's start.
    pub empty: Vec<f32>,
}

impl HeadWeights {
    /// No weight yet, for `queries` queries from `first` on.
    pub(super) fn zeros(first: usize, queries: usize, reach: usize, vectors: usize) -> Self {
        Self {
            first,
            queries,
            reach,
            vectors,
            weights: vec![0.0; queries * reach],
            persistent: vec![0.0; queries * vectors],
            empty: vec![0.0; queries],
        }
    }

    /// The weights of query `i` of this tile by distance, from 1.
    pub fn row(&self, i: usize) -> &[f32] {
        self.weights
            .get(i * self.reach..(i + 1) * self.reach)
            .unwrap_or_default()
    }

    /// The weights of query `i` on the persistent vectors.
    pub fn persistent_row(&self, i: usize) -> &[f32] {
        self.persistent
            .get(i * self.vectors..(i + 1) * self.vectors)
            .unwrap_or_default()
    }
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
