//! The logits of a direction of the residual stream, through the output embedding, and the direction that a persistent vector
//! adds.

use super::kernel::Packed;
use super::output::{unbiased_cluster_logits, unbiased_logits};
use super::weights::Network;

impl Network {
    /// The direction that persistent vector `n` of a head adds to the residual stream per unit of weight: √N times its value,
    /// through the head's columns of the attention's output projection. D numbers; `None` where there is no such vector, or the
    /// weights were not read.
    pub fn persistent_write(&self, layer: usize, head: usize, n: usize) -> Option<Vec<f32>> {
        let of_layer = self.layers.get(layer)?;
        let of_head = of_layer.heads.get(head)?;
        let d = of_layer.spec.attention.head_dim;
        let dim = of_layer.heads.len() * d;
        if n >= of_head.vectors() {
            return None;
        }
        let width = super::cache::value_width(d);
        let value = of_head.persistent.values.get(n * width..n * width + d)?;
        // What all heads read, one below the other: the others read nothing.
        let mut read = vec![0.0; dim];
        read.get_mut(head * d..(head + 1) * d)?
            .copy_from_slice(value);
        Some(times(&of_layer.dense.out, &read))
    }

    /// By how much adding `direction` (D numbers) to the last layer's output changes the logit of every token: V numbers,
    /// biases left out. Nothing where the direction has another length, or the weights were not read.
    ///
    /// With adaptive output the tokens of different clusters stand in different softmaxes, which are compared so: a token
    /// of the first cluster has its own logit; one of a further cluster has the logit of its cluster, which stands in the
    /// first cluster's softmax, plus its own, of which the mean over its cluster is subtracted. That mean is what the
    /// cluster's softmax does not see. Up to a constant the result is, as for plain output, the change of log p to first
    /// order where all tokens of a softmax are equally likely.
    pub fn unembed(&self, direction: &[f32]) -> Vec<f32> {
        let Some(first) = self.output.clusters.first() else {
            return Vec::new();
        };
        if direction.len() != self.architecture.width || first.table.outputs() == 0 {
            return Vec::new();
        }
        let mut all = unbiased_logits(first, direction);
        let of_clusters = unbiased_cluster_logits(self, direction);
        for (c, cluster) in self.output.clusters.iter().enumerate().skip(1) {
            let mut tail = unbiased_logits(cluster, direction);
            let mean = tail.iter().map(|x| f64::from(*x)).sum::<f64>() / tail.len().max(1) as f64;
            // Cluster 1 is the last column: the published code counts from the end.
            let column = of_clusters.len().checked_sub(c);
            let own = column.and_then(|column| of_clusters.get(column));
            let shift = own.copied().unwrap_or(0.0) - mean as f32;
            tail.iter_mut().for_each(|x| *x += shift);
            all.extend(tail);
        }
        all
    }
}

fn times(weight: &Packed, row: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; weight.outputs()];
    weight.multiply_wide(row, &mut out);
    out
}
