//! A head's weights with what can be measured only beside them: what the soft mask took away, and their entropy.

use super::Run;
use super::attention;
use super::band::Queries;
use super::cache::value_width;
use super::forward::with_scratch;
use super::head_weights::HeadWeights;
use super::kernel::{entropy, sum};

/// The weights of one head for consecutive queries, and what is measured on each query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeadProbe {
    /// The weights. Against [`Run::head_weights`] they may differ by 1e-5 of themselves: here what lies beyond the
    /// head's reach always counts in the divisor, there only where it shows.
    pub weights: HeadWeights,
    /// Per query, the share of the softmax (over all distances that the public codes keep for the layer, and the
    /// persistent vectors) that the soft mask takes away, before the published code divides the rest by its sum; from 0
    /// to 1, and 0 for fixed spans. In fairseq's port it is what is missing from the sum of the weights.
    pub removed: Vec<f32>,
    /// Per query, the entropy in bits of its whole weight, taken as a distribution: each token of the text is an
    /// outcome, each persistent vector is one, a learned sink is one, and empty context is one altogether, because nothing is read from
    /// whichever of its distances.
    pub entropy: Vec<f32>,
    /// The norms of what the head writes, by query; nothing where that was not asked for, or values are not there.
    pub output_norms: Vec<f32>,
    /// Of each token that some query sees, the last first, the norm of what the head would write of it alone; nothing
    /// where [`output_norms`](Self::output_norms) are not.
    pub value_norms: Vec<f32>,
}

impl HeadProbe {
    /// The norms of what the tokens would write that the query at position `query` sees, the nearest first.
    pub fn norms(&self, query: usize) -> &[f32] {
        let weights = &self.weights;
        let last = (weights.first + weights.queries).saturating_sub(1);
        let (end, keys) = (weights.keys(last).end, weights.keys(query));
        let range = end.saturating_sub(keys.end)..end.saturating_sub(keys.start);
        self.value_norms.get(range).unwrap_or_default()
    }
}

impl Run {
    /// A head's weights for the queries `from..to` and what is measured beside them; `None` where there is no such head,
    /// or they are forgotten. Computed on the calling thread: whoever asks shares heads and queries out.
    ///
    /// Costs as much as the layer's longest head, whatever the head's own reach.
    pub fn probe(&self, layer: usize, head: usize, from: usize, to: usize) -> Option<HeadProbe> {
        self.probed(layer, head, from, to, false)
    }

    /// As [`probe`](Self::probe), with the norms of what is written, where the run has values: a recorded one has none.
    pub fn probe_with_norms(
        &self,
        layer: usize,
        head: usize,
        from: usize,
        to: usize,
    ) -> Option<HeadProbe> {
        self.probed(layer, head, from, to, !self.network().is_recorded())
    }

    fn probed(
        &self,
        layer: usize,
        head: usize,
        from: usize,
        to: usize,
        with_norms: bool,
    ) -> Option<HeadProbe> {
        let (from, to) = self.clamped(from, to);
        if self.has_stored_weights() {
            let weights = self.stored_weights(layer, head, from, to)?;
            return Some(HeadProbe {
                removed: vec![0.0; to - from],
                entropy: (0..to - from).map(|i| row_entropy(&weights, i)).collect(),
                weights,
                ..HeadProbe::default()
            });
        }
        let cx = self.head_context(layer, head, from..to)?;
        let dense = &self.network().layers.get(layer)?.dense;
        let factor = match with_norms {
            true => dense.writes(cx.dim).get(head),
            false => None,
        };
        let mut weights = attention::room(&cx, from, to - from);
        let mut removed = vec![0.0; to - from];
        let mut output_norms = Vec::new();
        let tiles: Vec<Queries> = Queries::tiles(from, to).collect();
        let parts = weights.parts(tiles.iter().map(|queries| queries.count));
        for (queries, part) in tiles.iter().zip(parts) {
            let at = queries.first - from;
            let removed = &mut removed[at..at + queries.count];
            with_scratch(|scratch| {
                attention::weights_and_removed(&cx, *queries, scratch, part, removed);
                if let Some(factor) = factor {
                    let read = attention::read(&cx, *queries, scratch);
                    let rows = read.chunks_exact(value_width(cx.dim));
                    output_norms.extend(factor.norms(rows.map(|row| &row[..cx.dim])));
                }
            });
        }
        let last = to.saturating_sub(1).max(from);
        let keys = weights.keys(from).start..weights.keys(last).end;
        let value_norms = factor.map(|factor| {
            let mut norms = self.written_norms((layer, head), &cx, factor, keys);
            norms.reverse();
            norms
        });
        Some(HeadProbe {
            entropy: (0..to - from).map(|i| row_entropy(&weights, i)).collect(),
            weights,
            removed,
            output_norms,
            value_norms: value_norms.unwrap_or_default(),
        })
    }
}

/// The entropy of query `i`'s weight, in bits.
fn row_entropy(weights: &HeadWeights, i: usize) -> f32 {
    let tokens = weights.on_text(weights.first + i);
    let later = weights.on_later(weights.first + i);
    let persistent = weights.persistent_row(i);
    let empty = weights.empty.get(i).copied().unwrap_or(0.0);
    // Less than 1 in fairseq's port, and where the published divisor's 1e-8 shows.
    let sink = weights.sink.get(i).copied().unwrap_or(0.0);
    let all = [sum(tokens), sum(later), sum(persistent), empty, sink].map(f64::from);
    let all: f64 = all.iter().sum();
    if all <= 0.0 {
        return 0.0;
    }
    let terms = [
        entropy(tokens),
        entropy(later),
        entropy(persistent),
        entropy(&[empty, sink]),
    ];
    let terms: f64 = terms.into_iter().map(f64::from).sum();
    (terms / all + all.log2()).max(0.0) as f32
}
