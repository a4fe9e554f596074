//! From a token to the first layer, and from the last layer to the next token's probabilities.

use super::weights::{Cluster, PlainNetwork};
use spanscope_bench::double::{add, log_softmax};

impl Cluster {
    fn logits(&self, hidden: &[f64]) -> Vec<f64> {
        let logits = self.table.times(&self.narrow(hidden));
        match &self.bias {
            Some(bias) => add(&logits, bias),
            None => logits,
        }
    }

    /// From D to the cluster's width.
    pub fn narrow(&self, hidden: &[f64]) -> Vec<f64> {
        match &self.proj {
            Some(proj) => proj.transposed_times(hidden),
            None => hidden.to_vec(),
        }
    }
}

impl PlainNetwork {
    pub fn embed(&self, id: u32) -> Vec<f64> {
        let mut local = id as usize;
        for cluster in &self.input {
            if local < cluster.table.rows() {
                let row = cluster.table.row(local);
                let wide = match &cluster.proj {
                    Some(proj) => proj.times(row),
                    None => row.to_vec(),
                };
                // Adaptive input is scaled, plain input is not.
                let scale = if self.adapt_io {
                    (self.hidden_size as f64).sqrt()
                } else {
                    1.0
                };
                return wide.into_iter().map(|x| scale * x).collect();
            }
            local -= cluster.table.rows();
        }
        panic!("token {id} is in no cluster");
    }

    /// log p of every token of the vocabulary, from the last layer's output.
    pub fn log_probs(&self, hidden: &[f64]) -> Vec<f64> {
        let first = &self.output[0];
        let normed = self.out_norm.as_ref().map(|norm| norm.apply(hidden));
        let hidden = normed.as_deref().unwrap_or(hidden);
        let mut logits = first.logits(hidden);
        if let Some((weight, bias)) = &self.cluster_proj {
            let further = weight.times(&first.narrow(hidden));
            logits.extend(match bias {
                Some(bias) => add(&further, bias),
                None => further,
            });
        }
        let head = log_softmax(&logits);
        let mut out = head[..first.table.rows()].to_vec();
        for (i, cluster) in self.output.iter().enumerate().skip(1) {
            // The published code counts from the end: cluster 1 is the last column.
            let of_cluster = head[head.len() - i];
            let tail = log_softmax(&cluster.logits(hidden));
            out.extend(tail.iter().map(|tail| of_cluster + tail));
        }
        out
    }
}
