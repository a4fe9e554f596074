//! One head's attention for one query.

use super::weights::{PlainNetwork, mask};
use spanscope_bench::double::{add_scaled, dot, softmax};

/// Queries, keys and values of a layer, all heads together, by token.
pub struct Projected {
    pub q: Vec<Vec<f64>>,
    pub k: Vec<Vec<f64>>,
    pub v: Vec<Vec<f64>>,
    /// The key and the value before the text's start: of what the layer reads there, zeros or their norm.
    pub before: [Vec<f64>; 2],
}

/// One head's weights for one query.
pub struct QueryWeights {
    /// By distance, from 1 to the head's reach.
    pub weights: Vec<f64>,
    /// By persistent vector.
    pub persistent: Vec<f64>,
    /// On the distances before the text's start.
    pub empty: f64,
    /// The share of the softmax that the mask takes away before the rest is divided by its sum.
    pub removed: f64,
    /// What the head reads with them.
    pub read: Vec<f64>,
}

/// What a weight is made of.
pub struct Parts {
    /// q · k / √d.
    pub content: f64,
    /// q · p_δ / √d.
    pub position: f64,
    /// m(δ).
    pub mask: f64,
    /// ‖q‖ · (‖k‖ + ‖p_δ‖) / √d: what roundings of the scores are to be measured by.
    pub size: f64,
}

impl PlainNetwork {
    pub fn project(&self, layer: usize, input: &[Vec<f64>]) -> Projected {
        let layer = &self.layers[layer];
        let read = |row: &[f64]| match self.pre_norm {
            true => layer.norm1.apply(row),
            false => row.to_vec(),
        };
        let before = read(&vec![0.0; self.hidden_size]);
        let input: Vec<Vec<f64>> = input.iter().map(|row| read(row)).collect();
        Projected {
            before: [layer.key.times(&before), layer.val.times(&before)],
            q: input.iter().map(|x| layer.query.times(x)).collect(),
            k: input.iter().map(|x| layer.key.times(x)).collect(),
            v: input.iter().map(|x| layer.val.times(x)).collect(),
        }
    }

    /// What the weight of the query at position `t` on the token `distance` before it is made of.
    pub fn parts(
        &self,
        (layer, head): (usize, usize),
        t: usize,
        distance: usize,
        text: &Projected,
    ) -> Parts {
        let d = self.head_dim;
        let features = head * d..(head + 1) * d;
        let root = (d as f64).sqrt();
        let q = &text.q[t][features.clone()];
        let k = &text.k[t - distance][features];
        let p = self.position(distance);
        let norm = |row: &[f64]| dot(row, row).sqrt();
        Parts {
            content: dot(q, k) / root,
            position: dot(q, p) / root,
            mask: {
                let head = &self.layers[layer].heads[head];
                mask(head.span, head.foreign.unwrap_or(self.ramp), distance)
            },
            size: norm(q) * (norm(k) + norm(p)) / root,
        }
    }

    pub fn attend(&self, layer: usize, head: usize, t: usize, text: &Projected) -> QueryWeights {
        let d = self.head_dim;
        let features = head * d..(head + 1) * d;
        let head = &self.layers[layer].heads[head];
        // What a fixed window leaves out is in no softmax; what a soft mask does, is.
        let kept = match head.span {
            Some(_) if head.foreign.is_some() => head.reach,
            Some(_) => self.layers[layer].kept,
            None => head.reach,
        };
        let kept = kept.min(head.cut.unwrap_or(kept));
        let ramp = head.foreign.unwrap_or(self.ramp);
        let root = (d as f64).sqrt();
        let q = &text.q[t][features.clone()];

        let mut scores = Vec::new();
        for distance in 1..=kept {
            let key = match distance <= t {
                true => &text.k[t - distance],
                false => &text.before[0],
            };
            let score = dot(q, self.position(distance)) + dot(q, &key[features.clone()]);
            scores.push(score / root);
        }
        for key in &head.pers_key {
            scores.push(root * dot(q, key) / root);
        }

        let mut weights = softmax(&scores);
        let mut removed = 0.0;
        if head.span.is_some() {
            for distance in 1..=kept {
                let masked = weights[distance - 1] * mask(head.span, ramp, distance);
                removed += weights[distance - 1] - masked;
                weights[distance - 1] = masked;
            }
            if head.foreign.is_some() || !self.masked {
                let sum: f64 = weights.iter().sum();
                let little = if head.foreign.is_some() { 0.0 } else { 1e-8 };
                for weight in &mut weights {
                    *weight /= sum + little;
                }
            }
        }
        let persistent = weights.split_off(kept);

        let mut read = vec![0.0; d];
        for distance in 1..=kept {
            let value = match distance <= t {
                true => &text.v[t - distance],
                false => &text.before[1],
            };
            add_scaled(&mut read, weights[distance - 1], &value[features.clone()]);
        }
        let root = (persistent.len() as f64).sqrt();
        for (weight, value) in persistent.iter().zip(&head.pers_val) {
            add_scaled(&mut read, root * weight, value);
        }
        if head.ablated {
            read.fill(0.0);
        }

        let beyond = weights.split_off(head.reach);
        assert!(beyond.iter().all(|weight| *weight == 0.0));
        QueryWeights {
            empty: weights.iter().skip(t).sum(),
            weights,
            persistent,
            removed,
            read,
        }
    }
}
