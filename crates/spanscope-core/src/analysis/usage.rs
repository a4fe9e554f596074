//! The use that a head makes of each of its persistent vectors (arXiv 1907.01470, section 3).

use super::TextWeights;
use crate::model::{HeadWeights, Observer};
use std::sync::{Mutex, PoisonError};

/// A vector whose mean weight is below this share of an even spread counts as never used.
const NEVER: f32 = 0.01;

/// True if a mean weight counts as never used, where `even` is an even share.
pub(super) fn is_never_used(mean: f32, even: f32) -> bool {
    mean < NEVER * even || mean == 0.0
}

/// Mean weight of one head on each of its persistent vectors, over some tokens.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VectorUsage {
    /// Mean weight per vector; the sum is the head's persistent share.
    pub mean: Vec<f32>,
    /// The vectors by falling mean weight.
    pub order: Vec<u32>,
    /// exp(entropy) of the weights among the vectors: as many as if that many were used evenly.
    pub effective: f32,
    /// Vectors with less than 1 % of an even share of the persistent weight.
    pub never: usize,
}

impl VectorUsage {
    /// Sums up the weights of one head; `None` when it has no persistent vectors or there are no queries.
    pub fn of(weights: &TextWeights) -> Option<Self> {
        let n = weights.vectors;
        if n == 0 || weights.queries() == 0 {
            return None;
        }
        let sums = weights.vector_sums();
        Some(Self::from_sums(&sums, weights.queries()))
    }

    /// From each vector's weight summed over `queries` queries.
    pub fn from_sums(sums: &[f64], queries: usize) -> Self {
        let n = sums.len();
        let total: f64 = sums.iter().sum();
        let entropy: f64 = sums
            .iter()
            .map(|sum| sum / total)
            .filter(|p| *p > 0.0)
            .map(|p| -p * p.ln())
            .sum();
        let mean: Vec<f32> = sums
            .iter()
            .map(|sum| (sum / queries as f64) as f32)
            .collect();
        let even = (total / queries as f64) as f32 / n as f32;
        let mut order: Vec<u32> = (0..n as u32).collect();
        order.sort_by(|a, b| mean[*b as usize].total_cmp(&mean[*a as usize]));
        Self {
            effective: if total > 0.0 {
                entropy.exp() as f32
            } else {
                0.0
            },
            never: mean.iter().filter(|m| is_never_used(**m, even)).count(),
            mean,
            order,
        }
    }
}

/// Sums up the weight on every persistent vector of every head while a network runs.
#[derive(Debug)]
pub struct VectorSums {
    nb_heads: usize,
    /// Head by head, one sum per vector.
    heads: Vec<Mutex<Vec<f64>>>,
}

impl VectorSums {
    /// Sums of nothing yet, for `nb_layers` × `nb_heads` heads of `vectors` vectors each.
    pub fn new(nb_layers: usize, nb_heads: usize, vectors: usize) -> Self {
        let heads = (0..nb_layers * nb_heads).map(|_| Mutex::new(vec![0.0; vectors]));
        Self {
            nb_heads,
            heads: heads.collect(),
        }
    }

    /// The sums of each head, layer by layer.
    pub fn finish(self) -> Vec<Vec<f64>> {
        let heads = self.heads.into_iter();
        heads
            .map(|sums| sums.into_inner().unwrap_or_else(PoisonError::into_inner))
            .collect()
    }
}

impl Observer for VectorSums {
    fn head(&self, layer: usize, head: usize, weights: &HeadWeights) {
        let Some(sums) = self.heads.get(layer * self.nb_heads + head) else {
            return;
        };
        // Sums are whole even where another thread gave up.
        let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
        for i in 0..weights.queries {
            for (sum, weight) in sums.iter_mut().zip(weights.persistent_row(i)) {
                *sum += f64::from(*weight);
            }
        }
    }
}

/// The queries that give the persistent vector `vector` most weight: at most `k` positions in the text and their weights,
/// by falling weight, the earlier first where they are equal. A query that gives it none is not among them.
pub fn top_queries(weights: &TextWeights, vector: usize, k: usize) -> Vec<(usize, f32)> {
    let of = |query| Some((query, *weights.persistent_row(query).get(vector)?));
    let all = (weights.first..weights.end).filter_map(of);
    let users: Vec<(usize, f32)> = all.filter(|(_, weight)| *weight > 0.0).collect();
    super::first_by(users, k, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HeadWeights;

    fn weights(vectors: usize, rows: &[f32]) -> TextWeights {
        TextWeights::from(HeadWeights {
            nearest: 1,
            sink: Vec::new(),
            first: 0,
            queries: rows.len() / vectors,
            reach: 0,
            vectors,
            weights: Vec::new().into(),
            persistent: rows.to_vec(),
            empty: Vec::new(),
            ..HeadWeights::default()
        })
    }

    #[test]
    fn even_use_counts_every_vector_and_one_sided_use_one() {
        let even = VectorUsage::of(&weights(4, &[0.1; 8])).unwrap();
        assert!((even.effective - 4.0).abs() < 1e-4);
        assert_eq!(even.never, 0);
        let one = VectorUsage::of(&weights(4, &[0.0, 0.5, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0])).unwrap();
        assert!((one.effective - 1.0).abs() < 1e-4);
        assert_eq!((one.never, one.order[0]), (3, 1));
        assert!((one.mean[1] - 0.4).abs() < 1e-6);
    }

    #[test]
    fn those_who_use_a_vector_most_come_first() {
        let mut looked = weights(2, &[0.1, 0.0, 0.3, 0.2, 0.3, 0.0, f32::NAN, 0.5]);
        assert_eq!(top_queries(&looked, 0, 2), [(1, 0.3), (2, 0.3)]);
        assert_eq!(top_queries(&looked, 0, 9), [(1, 0.3), (2, 0.3), (0, 0.1)]);
        assert_eq!(top_queries(&looked, 1, 9), [(3, 0.5), (1, 0.2)]);
        assert!(top_queries(&looked, 1, 0).is_empty());
        assert!(top_queries(&looked, 2, 9).is_empty());
        // Positions in the text, whatever the first query at hand.
        looked.drop_before(2);
        assert_eq!(top_queries(&looked, 0, 9), [(2, 0.3)]);
    }

    #[test]
    fn no_vectors_or_no_weight_is_no_trouble() {
        assert!(VectorUsage::of(&weights(1, &[])).is_none());
        let nothing = VectorUsage::of(&weights(2, &[0.0; 4])).unwrap();
        assert_eq!((nothing.effective, nothing.never), (0.0, 2));
    }
}
