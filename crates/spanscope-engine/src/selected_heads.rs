//! The selected heads on the current text.

use super::queries::{Combine, Heads, Weighting};
use spanscope_core::analysis::{TextWeights, VectorUsage};
use spanscope_core::model::{Cancel, HeadId, HeadWeights, Run};
use std::ops::Range;

/// Most context and persistent weights kept for one head: 128 MB.
const MOST_WEIGHTS: usize = 32 << 20;

/// Queries computed between two looks at whether the result is still wanted.
const STEP: usize = 512;

/// Queries that a part of the weights should have: fewer are computed again together with what follows.
const LEAST: usize = 64;

/// The selected heads' weights on the text, and what is measured on them.
#[derive(Debug, Clone)]
pub struct SelectedHeads {
    /// The heads.
    pub heads: Heads,
    /// The weights, of several heads put together: as far as the one that looks farthest, and all weight on persistent
    /// vectors in one column. On a text too long to keep them all, of the last queries.
    pub weights: TextWeights,
    /// The largest weight on a token of the text.
    pub largest: f32,
    /// Use of the persistent vectors, if there are any; of several heads there is none.
    pub usage: Option<VectorUsage>,
    /// True if a query's weights add up to less than 1, because what the mask took away is not given back.
    pub loses_weight: bool,
}

/// The weights of some heads as far as they are computed: an edit, or a stop half-way, costs only what follows.
#[derive(Debug)]
pub(super) struct SelectedHeadsTask {
    heads: Heads,
    weights: TextWeights,
    loses_weight: bool,
}

impl SelectedHeadsTask {
    /// Nothing yet; `None` when there are no such heads.
    pub fn new(run: &Run, heads: Heads) -> Option<Self> {
        let (mut nearest, mut vectors) = (0, 0);
        for &HeadId { layer, head } in heads.all() {
            let none = run.head_weights(layer, head, 0, 0)?;
            nearest = none.nearest;
            vectors = vectors.max(none.vectors);
        }
        let reach = farthest(run, &heads);
        if heads.single().is_none() {
            vectors = vectors.min(1);
        }
        Some(Self {
            loses_weight: heads.add_up()
                && heads.weighting() == Weighting::Attention
                && run.network().architecture().loses_weight(),
            heads,
            weights: TextWeights::new(0, nearest, reach, vectors),
        })
    }

    /// The heads.
    pub fn heads(&self) -> &Heads {
        &self.heads
    }

    /// Forgets the queries from position `len` of the text on.
    pub fn truncate(&mut self, len: usize) {
        self.weights.truncate(len);
    }

    /// Computes what is missing of the queries in `range`, the last ones where they are too many; false when told to
    /// stop, with what was done until then kept.
    pub fn go_on(&mut self, run: &Run, range: &Range<usize>, cancel: &Cancel) -> bool {
        // The text may have grown.
        self.weights.reach = farthest(run, &self.heads);
        let both = run.network().architecture().is_bidirectional();
        let later = if both { self.weights.reach } else { 0 };
        let width = (self.weights.reach + later + self.weights.vectors).max(1);
        let first = range
            .start
            .max(range.end.saturating_sub(MOST_WEIGHTS / width));
        let weights = &mut self.weights;
        if weights.first > first || weights.end < first {
            // Queries before those at hand are wanted again, or none of them: begin anew.
            let (nearest, reach) = (weights.nearest, weights.reach);
            *weights = TextWeights::new(first, nearest, reach, weights.vectors);
        }
        // A text longer than can be kept: the window of queries has moved.
        weights.drop_before(first);
        while weights.end < range.end {
            if cancel.is_cancelled() {
                return false;
            }
            let from = weights.next(LEAST);
            let to = (from + STEP).min(range.end).max(weights.end + 1);
            let part = match self.heads.single() {
                Some(head) => weights_of(run, self.heads.weighting(), head, from, to),
                None => {
                    let part = combined(run, &self.heads, from, to, weights.reach, cancel);
                    if cancel.is_cancelled() {
                        return false;
                    }
                    part
                }
            };
            let Some(part) = part else {
                return true;
            };
            weights.put(part);
        }
        true
    }

    /// The measurements on the weights.
    pub fn detail(&self) -> SelectedHeads {
        let weights = &self.weights;
        SelectedHeads {
            heads: self.heads.clone(),
            largest: weights.largest(),
            usage: self.heads.single().and_then(|_| VectorUsage::of(weights)),
            weights: weights.clone(),
            loses_weight: self.loses_weight,
        }
    }
}

/// The weights of a head for the queries `from..to`, as they are shown.
fn weights_of(
    run: &Run,
    weighting: Weighting,
    HeadId { layer, head }: HeadId,
    from: usize,
    to: usize,
) -> Option<HeadWeights> {
    match weighting {
        Weighting::Attention => run.head_weights(layer, head, from, to),
        Weighting::Norm => run.written_weights(layer, head, from, to),
    }
}

/// The most distances that any of the heads sees in this text.
fn farthest(run: &Run, heads: &Heads) -> usize {
    let spans = run.network().spans();
    let of_heads = spans.iter().filter(|span| heads.all().contains(&span.id()));
    let seen = of_heads.map(|span| span.seen(run.ids().len()));
    seen.max().unwrap_or(0)
}

/// The weights of several heads for the queries `from..to`, put together; `reach` is that of the farthest.
fn combined(
    run: &Run,
    heads: &Heads,
    from: usize,
    to: usize,
    reach: usize,
    cancel: &Cancel,
) -> Option<HeadWeights> {
    let mut all: Option<HeadWeights> = None;
    let share = 1.0 / heads.all().len() as f32;
    let put = |old: &mut f32, new: f32| match heads.combine() {
        Combine::Mean => *old += new * share,
        Combine::Max => *old = old.max(new),
    };
    for head in heads.all() {
        if cancel.is_cancelled() {
            return None;
        }
        let part = weights_of(run, heads.weighting(), *head, from, to)?;
        let vectors = part.vectors.min(1);
        let all = all.get_or_insert_with(|| HeadWeights {
            nearest: part.nearest,
            sink: vec![0.0; part.sink.len()],
            first: part.first,
            queries: part.queries,
            reach,
            vectors,
            weights: vec![0.0; part.queries * reach].into(),
            persistent: vec![0.0; part.queries * vectors],
            empty: vec![0.0; part.queries],
            tokens: part.tokens,
            later: vec![0.0; part.later.len()].into(),
        });
        let later = all.later.iter_mut().zip(&*part.later);
        later.for_each(|(a, b)| put(a, *b));
        for i in 0..part.queries {
            let row = all.weights.get_mut(i * reach..(i + 1) * reach);
            let row = row.unwrap_or_default();
            row.iter_mut()
                .zip(part.row(i))
                .for_each(|(a, b)| put(a, *b));
            if let Some(sum) = all.persistent.get_mut(i) {
                put(sum, part.persistent_row(i).iter().sum());
            }
            put(&mut all.empty[i], part.empty[i]);
            if let (Some(sum), Some(weight)) = (all.sink.get_mut(i), part.sink.get(i)) {
                put(sum, *weight);
            }
        }
    }
    all
}

impl SelectedHeads {
    /// The first query after those whose weights are here, as a position in the text.
    pub fn end(&self) -> usize {
        self.weights.end
    }

    /// The weights of the query at position `query` of the text by distance, the nearest first.
    pub fn row(&self, query: usize) -> &[f32] {
        self.weights.row(query)
    }

    /// The share of the weight of the query at position `query` on empty context.
    pub fn empty(&self, query: usize) -> Option<f32> {
        self.weights.empty(query)
    }

    /// The share of the weight of the query at position `query` on persistent vectors.
    pub fn persistent(&self, query: usize) -> Option<f32> {
        self.weights.persistent(query)
    }

    /// The share of the weight of the query at position `query` on the head's learned sink; `None` where it has none.
    pub fn sink(&self, query: usize) -> Option<f32> {
        self.weights.sink(query)
    }

    /// The share of the softmax of the query at position `query` that the mask took away and that is not given back; `None`
    /// where the rest is divided by its sum.
    pub fn masked(&self, query: usize) -> Option<f32> {
        self.weights.masked(query).filter(|_| self.loses_weight)
    }

    /// The weight that the query at position `query` gives the token at position `key`.
    pub fn weight(&self, query: usize, key: usize) -> Option<f32> {
        self.weights.at(query, key)
    }
}
