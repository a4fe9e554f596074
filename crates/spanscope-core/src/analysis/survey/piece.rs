//! The measurements that a survey keeps of some consecutive queries.

use super::repeats::RepeatSums;
use crate::analysis::row_measures::{MEANS, Mean, Occurrences, Row, add_norm_weighted, span_bin};
use crate::model::{HeadProbe, HeadWeights, Span};
use half::f16;
use std::sync::Arc;

/// Queries that share a row of a thumbnail's maxima.
pub(super) const GROUP: usize = 8;

/// The properties of one head that never change.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub layer: usize,
    pub head: usize,
    /// The nearest distance that it sees.
    pub nearest: usize,
    pub reach: usize,
    /// Most columns of its rows: as many as the text has, where nothing else ends them.
    pub most: usize,
    /// Distances from the nearest on that the mask leaves whole.
    pub whole: usize,
    /// Bins of a thumbnail that begin within the reach.
    pub bins: usize,
    /// About as many scores as a query takes.
    pub cost: usize,
}

impl Shape {
    /// A head of adaptive span.
    #[cfg(test)]
    pub fn soft(reach: usize, whole: usize) -> Self {
        Self {
            layer: 1,
            head: 2,
            nearest: 1,
            reach,
            most: reach,
            whole,
            bins: 0,
            cost: reach,
        }
    }

    /// The head of `span`, in a layer whose longest reach is `longest`; `edges` are those of the bins.
    pub fn new(span: &Span, longest: usize, edges: &[usize]) -> Self {
        let end = span.nearest + span.columns;
        let bins = edges.partition_point(|edge| *edge < end);
        Self {
            layer: span.layer,
            head: span.head,
            nearest: span.nearest,
            reach: span.reach.keys(),
            most: match span.open || span.first > 0 {
                true => usize::MAX,
                false => span.columns,
            },
            whole: span.whole(),
            bins: bins.min(edges.len().saturating_sub(1)),
            cost: longest,
        }
    }
}

/// The measurements on consecutive queries.
#[derive(Debug)]
pub(super) struct Piece {
    /// Position of the first query in the text.
    pub first: usize,
    pub queries: usize,
    /// In the order of the survey's shapes.
    pub heads: Vec<HeadPiece>,
}

/// The measurements on one head over the queries of a piece.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct HeadPiece {
    /// The weight on each distance of the reach, nearest first, as far as it is on tokens of the text, summed up over the queries.
    pub distances: Vec<f32>,
    /// The weight on each distance to later tokens, from 1 on, summed up over the queries; nothing where they see none.
    pub later: Vec<f32>,
    /// The entropies of the queries, summed up.
    pub entropy: f64,
    /// By query.
    pub removed: Vec<f32>,
    /// What is added up of single rows, by up to 64 queries: standard errors follow from it.
    pub blocks: Vec<Block>,
    /// Spans of the queries: their bins.
    pub spans: Vec<u16>,
    /// The weights of the queries on the first tokens that are left out of sink-free spans: queries × as many.
    pub first: Vec<f32>,
    /// The weight on each distance when weights are multiplied by the norms of what they write, summed up over the queries.
    pub norm: Vec<f32>,
    /// The largest weight of eight queries on the tokens of a bin: groups × the head's bins. Half the digits are enough
    /// for a picture.
    pub brightest: Vec<f16>,
}

/// Sums over up to 64 queries.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Block {
    /// Queries and the sum of each mean that is taken over rows.
    pub means: [(u32, f64); MEANS],
    /// Weight on repeated tokens.
    pub repeats: RepeatSums,
}

impl Piece {
    /// Position after the last query.
    pub fn end(&self) -> usize {
        self.first + self.queries
    }

    /// Consecutive pieces as one; `None` for none.
    pub fn join(pieces: &[Arc<Self>]) -> Option<Self> {
        let (first, more) = pieces.split_first()?;
        let mut heads = first.heads.clone();
        for piece in more {
            for (head, other) in heads.iter_mut().zip(&piece.heads) {
                // A longer text has farther distances.
                if head.distances.len() < other.distances.len() {
                    head.distances.resize(other.distances.len(), 0.0);
                }
                add(&mut head.distances, &other.distances);
                if head.later.len() < other.later.len() {
                    head.later.resize(other.later.len(), 0.0);
                }
                add(&mut head.later, &other.later);
                head.entropy += other.entropy;
                head.blocks.extend_from_slice(&other.blocks);
                head.spans.extend_from_slice(&other.spans);
                head.first.extend_from_slice(&other.first);
                if head.norm.len() < other.norm.len() {
                    head.norm.resize(other.norm.len(), 0.0);
                }
                add(&mut head.norm, &other.norm);
                head.removed.extend_from_slice(&other.removed);
                head.brightest.extend_from_slice(&other.brightest);
            }
        }
        Some(Self {
            first: first.first,
            queries: pieces.iter().map(|piece| piece.queries).sum(),
            heads,
        })
    }

    /// Memory of its numbers, in bytes.
    pub fn bytes(&self) -> usize {
        let heads = self.heads.iter().map(|head| {
            size_of_val(head)
                + size_of_val(head.blocks.as_slice())
                + size_of_val(head.distances.as_slice())
                + size_of_val(head.later.as_slice())
                + size_of_val(head.removed.as_slice())
                + size_of_val(head.spans.as_slice())
                + size_of_val(head.first.as_slice())
                + size_of_val(head.norm.as_slice())
                + size_of_val(head.brightest.as_slice())
        });
        heads.sum()
    }
}

impl HeadPiece {
    /// The measurements on the queries of `before` and those of `probe`, which follow them. Row after row: the sums do
    /// not depend on how many queries come at a time. Distances and the small picture are of the weights that are `shown`,
    /// where these are others than those of the probe.
    pub fn after(
        before: Option<&Self>,
        shape: &Shape,
        edges: &[usize],
        (probe, shown): (&HeadProbe, Option<&HeadWeights>),
        (text, sink_free): (&Occurrences, usize),
    ) -> Self {
        let mut piece = before.cloned().unwrap_or_default();
        let reach = shape.most.min(probe.weights.reach);
        if piece.distances.len() < reach {
            piece.distances.resize(reach, 0.0);
        }
        for entropy in &probe.entropy {
            piece.entropy += f64::from(*entropy);
        }
        let mut brightest = vec![0.0_f32; reach];
        let weights = &probe.weights;
        if piece.later.len() < weights.later_reach() {
            piece.later.resize(weights.later_reach(), 0.0);
        }
        // A piece that is not whole has one, and goes on with it.
        let mut block = piece.blocks.pop().unwrap_or_default();
        if piece.norm.len() < reach && !probe.output_norms.is_empty() {
            piece.norm.resize(reach, 0.0);
        }
        for (i, query) in weights.positions().enumerate() {
            let row = weights.on_text(query);
            let shown = shown.map_or(row, |shown| shown.on_text(query));
            add(&mut piece.distances, shown);
            add(&mut piece.later, weights.on_later(query));
            let of_row = Row {
                weights: row,
                later: weights.on_later(query),
                query,
                nearest: weights.nearest,
                learned_sink: weights.off_text(query).sink,
            };
            let mut measures = of_row.measures(text);
            if let Some(norm) = probe.output_norms.get(i) {
                measures.means[Mean::OutputNorm.index()] = f64::from(*norm);
            }
            for (mean, value) in block.means.iter_mut().zip(measures.means) {
                if !value.is_nan() {
                    mean.0 += 1;
                    mean.1 += value;
                }
            }
            block.repeats.add_row(&measures);
            let bin = measures.span.map(span_bin);
            piece.spans.extend(bin.map(|bin| bin as u16));
            let shown_row = Row {
                weights: shown,
                ..of_row
            };
            let first = (0..sink_free).map(|key| shown_row.on(key) as f32);
            piece.first.extend(first);
            add_norm_weighted(&mut piece.norm, row, probe.norms(query));
            for (most, weight) in brightest.iter_mut().zip(shown) {
                *most = most.max(*weight);
            }
            let seen = piece.removed.len();
            piece
                .removed
                .push(probe.removed.get(i).copied().unwrap_or(0.0));
            if (seen + 1).is_multiple_of(GROUP) || i + 1 == weights.queries {
                piece.put_brightest(seen / GROUP, shape, edges, &mut brightest);
            }
        }
        piece.blocks.push(block);
        piece
    }

    /// Adds the largest weight on each distance to what is known of a group, and sets them to zero.
    fn put_brightest(
        &mut self,
        group: usize,
        shape: &Shape,
        edges: &[usize],
        brightest: &mut [f32],
    ) {
        let at = group * shape.bins;
        let end = (at + shape.bins).max(self.brightest.len());
        self.brightest.resize(end, f16::ZERO);
        let bins = edges.iter().zip(edges.iter().skip(1));
        for (place, (from, to)) in self.brightest[at..].iter_mut().zip(bins) {
            let columns = |distance: usize| distance.saturating_sub(shape.nearest);
            let to = columns(*to).min(brightest.len());
            let bin = brightest.get(columns(*from)..to).unwrap_or_default();
            let most = bin.iter().copied().fold(0.0, f32::max);
            *place = place.max(f16::from_f32(most));
        }
        brightest.fill(0.0);
    }
}

fn add(sums: &mut [f32], more: &[f32]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}
