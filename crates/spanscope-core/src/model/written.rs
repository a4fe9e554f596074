//! Weights by what is written: a head's weights times the norms of what it writes of each key (arXiv 2004.10102).

use super::Run;
use super::band::Context;
use super::cache::{BLOCK_TOKENS, value_width};
use super::head_output::OutputFactor;
use super::head_weights::HeadWeights;
use std::ops::Range;

impl Run {
    /// A head's weights for the queries `from..to`, each times the norm of what the head would write if it read nothing but that key,
    /// a‖W_O v‖, as shares of their sum: on tokens of the text, on persistent vectors and, where a norm before the attention makes
    /// values of nothing, on empty context. Else empty context writes nothing, and so does a learned sink. A query that writes
    /// nothing has no weights. `None` where there is no such head, the weights or values are forgotten, or the run is recorded,
    /// which keeps no values.
    pub fn written_weights(
        &self,
        layer: usize,
        head: usize,
        from: usize,
        to: usize,
    ) -> Option<HeadWeights> {
        if self.network().is_recorded() {
            return None;
        }
        let (from, to) = self.clamped(from, to);
        let cx = self.head_context(layer, head, from..to)?;
        let mut weights = self.head_weights(layer, head, from, to)?;
        let dense = &self.network().layers.get(layer)?.dense;
        let factor = dense.writes(cx.dim).get(head)?;
        let last = to.saturating_sub(1).max(from);
        let first = weights.keys(from).start;
        let keys = first..weights.keys(last).end;
        let norms = self.written_norms((layer, head), &cx, factor, keys);
        let vectors = vector_norms(&cx.head.persistent.values, cx.dim, factor);
        let before = cx.head.before.as_ref();
        let before = before.map_or(0.0, |before| factor.norm(&before.value));
        for (i, query) in (from..to).enumerate() {
            let keys = weights.keys(query);
            let of_keys = &norms[keys.start - first..keys.end - first];
            let (reach, count) = (weights.reach, weights.vectors);
            let row = &mut weights.weights[i * reach..(i + 1) * reach];
            let (tokens, empty) = row.split_at_mut(of_keys.len().min(reach));
            for (weight, norm) in tokens.iter_mut().zip(of_keys.iter().rev()) {
                *weight *= norm;
            }
            empty.iter_mut().for_each(|weight| *weight *= before);
            let vector = &mut weights.persistent[i * count..(i + 1) * count];
            for (weight, norm) in vector.iter_mut().zip(&vectors) {
                *weight *= norm;
            }
            let all = row.iter().chain(&*vector).map(|weight| f64::from(*weight));
            let sum: f64 = all.sum();
            let share = |weight: &mut f32| {
                *weight = match sum > 0.0 {
                    true => (f64::from(*weight) / sum) as f32,
                    false => 0.0,
                }
            };
            row.iter_mut().for_each(share);
            vector.iter_mut().for_each(share);
            weights.empty[i] *= before;
            share(&mut weights.empty[i]);
            if let Some(sink) = weights.sink.get_mut(i) {
                *sink = 0.0;
            }
        }
        Some(weights)
    }

    /// The norms of what a head, whose keys and values are those of `cx`, would write of each of the tokens at `keys`.
    pub(super) fn written_norms(
        &self,
        head: (usize, usize),
        cx: &Context<'_>,
        factor: &OutputFactor,
        keys: Range<usize>,
    ) -> Vec<f32> {
        self.norms.of(head, keys, |key| {
            let at = key % BLOCK_TOKENS;
            let value = cx.keys.values(key / BLOCK_TOKENS, at..at + 1);
            // Forgotten, where no weight is: between first tokens that are kept and the window.
            let value = value.data.get(..cx.dim);
            value.map_or(0.0, |value| factor.norm(value))
        })
    }
}

/// The norms of what a head would write of each of its persistent vectors.
fn vector_norms(values: &[f32], dim: usize, factor: &OutputFactor) -> Vec<f32> {
    let rows = values.chunks_exact(value_width(dim).max(1));
    rows.map(|row| factor.norm(&row[..dim])).collect()
}
