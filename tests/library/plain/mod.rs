//! The networks once more, in `f64` and straight from the equations (arXiv 1905.07799 and 1907.01470): token by token,
//! head by head, distance by distance. Nothing is tiled, kept for later or left out, so that one can see that it is
//! right; the fast path is held against it.

mod attention;
mod lens;
mod vocabulary;
mod weights;

pub use attention::{Projected, QueryWeights};
pub use lens::sum;
pub use weights::PlainNetwork;

use spanscope_bench::double::add;

/// The parameters of a layer norm.
#[derive(Debug, Clone)]
pub struct Norm {
    pub weight: Vec<f64>,
    pub bias: Vec<f64>,
}

/// What one layer does over a whole text.
pub struct LayerRun {
    /// By head, then by query.
    pub heads: Vec<Vec<QueryWeights>>,
    /// The layer's output, by token.
    pub hidden: Vec<Vec<f64>>,
}

/// Everything that happens over a text.
pub struct TextRun {
    pub layers: Vec<LayerRun>,
    /// By token: log p of every token of the vocabulary to come next.
    pub log_probs: Vec<Vec<f64>>,
}

impl PlainNetwork {
    pub fn run(&self, ids: &[u32]) -> TextRun {
        let mut hidden: Vec<Vec<f64>> = ids.iter().map(|&id| self.embed(id)).collect();
        let mut layers = Vec::new();
        for layer in 0..self.layers.len() {
            let run = self.layer(layer, &hidden);
            hidden.clone_from(&run.hidden);
            layers.push(run);
        }
        let log_probs = hidden.iter().map(|row| self.log_probs(row)).collect();
        TextRun { layers, log_probs }
    }

    /// One layer over its input for a whole text, a row per token.
    pub fn layer(&self, layer: usize, input: &[Vec<f64>]) -> LayerRun {
        let projected = self.project(layer, input);
        let heads: Vec<Vec<QueryWeights>> = (0..self.nb_heads)
            .map(|head| {
                (0..input.len())
                    .map(|t| self.attend(layer, head, t, &projected))
                    .collect()
            })
            .collect();
        let hidden = (0..input.len())
            .map(|t| {
                let here: Vec<&QueryWeights> = heads.iter().map(|queries| &queries[t]).collect();
                self.sublayers(layer, &input[t], &here)
            })
            .collect();
        LayerRun { heads, hidden }
    }

    /// The layer's output for one token, from what its heads read there.
    pub fn sublayers(&self, layer: usize, input: &[f64], heads: &[&QueryWeights]) -> Vec<f64> {
        let layer = &self.layers[layer];
        let read: Vec<f64> = heads.iter().flat_map(|head| head.read.clone()).collect();
        let hidden = add(input, &layer.out.times(&read));
        let hidden = match self.pre_norm {
            true => hidden,
            false => layer.norm1.apply(&hidden),
        };
        match &layer.feed_forward {
            None => hidden,
            Some(ff) => {
                let normed = match self.pre_norm {
                    true => ff.norm2.apply(&hidden),
                    false => hidden.clone(),
                };
                let inner = add(&ff.fc1.times(&normed), &ff.b1);
                let inner: Vec<f64> = inner.into_iter().map(|x| x.max(0.0)).collect();
                let mut more = add(&ff.fc2.times(&inner), &ff.b2);
                if layer.mlp_ablated {
                    more.fill(0.0);
                }
                let sum = add(&hidden, &more);
                match self.pre_norm {
                    true => sum,
                    false => ff.norm2.apply(&sum),
                }
            }
        }
    }
}

impl Norm {
    pub fn apply(&self, row: &[f64]) -> Vec<f64> {
        let n = row.len() as f64;
        let mean = row.iter().sum::<f64>() / n;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        row.iter()
            .zip(self.weight.iter().zip(&self.bias))
            .map(|(x, (w, b))| (x - mean) / (variance + 1e-5).sqrt() * w + b)
            .collect()
    }
}
