//! Numbers that a survey gives for each head.

use super::flags::edge;
use super::piece::{HeadPiece, Shape};
use super::repeats::Repeats;
use crate::analysis::row_measures::{MEANS, RowNumbers, SPAN_BINS, quantiles, ratio};
use crate::model::HeadId;

/// The shares of a head's weight that [effective spans](HeadMeasure::effective) hold.
pub const EFFECTIVE_SHARES: [f64; 3] = [0.5, 0.9, 0.99];

/// What is measured on one head over some queries of a text. Means are over the queries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadMeasure {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// The smallest distance δ such that the distances up to δ hold 50, 90 and 99 % of the head's weight on tokens of the
    /// text ([`EFFECTIVE_SHARES`]); `None` where it has none there.
    pub effective: [Option<usize>; 3],
    /// Mean entropy of a query's whole weight, in bits; see
    /// [`HeadProbe::entropy`](crate::model::HeadProbe::entropy).
    pub entropy: f32,
    /// Mean weight on tokens of the text.
    pub context: f32,
    /// Mean weight on the previous token.
    pub previous: f32,
    /// Mean distance of the weight on tokens of the text; `None` where there is none.
    pub mean_distance: Option<f32>,
    /// Share of the weight on tokens of the text that lies where the soft mask is below 1; 0 where there is none.
    pub in_ramp: f32,
    /// Mean share of the softmax that the soft mask takes away, whether or not the rest is divided by its sum then.
    pub removed: f32,
    /// Number of queries.
    pub queries: usize,
    /// Variance of the distance of the weight on tokens of the text; `None` where there is none.
    pub variance: Option<f32>,
    /// Share of the weight on tokens of the text that lies in the farthest part of the reach: see [`EDGE_PART`](super::EDGE_PART).
    pub at_edge: f32,
    /// What is measured on single rows; `None` without queries.
    pub rows: Option<RowNumbers>,
    /// What is measured of later tokens; `None` where queries see none.
    pub later: Option<LaterMeasure>,
    /// The weight on repeated tokens of the queries that have any, against even attention; `None` where it was not measured.
    pub repeats: Option<Repeats>,
}

/// What is measured of a head's weight on later tokens, over some queries of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LaterMeasure {
    /// Mean weight on later tokens.
    pub weight: f32,
    /// The smallest distance δ such that later tokens up to δ away hold 50, 90 and 99 % of the weight on later tokens
    /// ([`EFFECTIVE_SHARES`]); `None` where there is none.
    pub effective: [Option<usize>; 3],
    /// Mean distance of the weight on later tokens; `None` where there is none.
    pub mean_distance: Option<f32>,
}

impl LaterMeasure {
    /// Of the weight on each distance to later tokens, from 1 on, summed up over `queries`; `None` where they see none.
    fn of(sums: &[f64], queries: usize) -> Option<Self> {
        let all: f64 = sums.iter().sum();
        let moment = (1..)
            .zip(sums)
            .map(|(distance, sum)| f64::from(distance) * sum);
        let moment: f64 = moment.sum();
        (!sums.is_empty()).then(|| Self {
            weight: (all / queries.max(1) as f64) as f32,
            effective: EFFECTIVE_SHARES.map(|share| effective(sums, 1, share)),
            mean_distance: (all > 0.0).then(|| (moment / all) as f32),
        })
    }
}

/// The weight on each distance to later tokens, from 1 on, summed up over the queries of `pieces`.
pub(super) fn later_sums<'a>(pieces: impl Iterator<Item = &'a HeadPiece>) -> Vec<f64> {
    let mut sums: Vec<f64> = Vec::new();
    for piece in pieces {
        sums.resize(sums.len().max(piece.later.len()), 0.0);
        let terms = sums.iter_mut().zip(&piece.later);
        terms.for_each(|(sum, more)| *sum += f64::from(*more));
    }
    sums
}

/// The weight on each distance, summed up over the queries of `pieces`.
pub(super) fn sums<'a>(
    shape: &Shape,
    pieces: impl Iterator<Item = &'a HeadPiece> + Clone,
) -> Vec<f64> {
    let longest = pieces.clone().map(|piece| piece.distances.len()).max();
    let mut sums = vec![0.0; longest.unwrap_or(0).min(shape.most)];
    for piece in pieces {
        for (sum, more) in sums.iter_mut().zip(&piece.distances) {
            *sum += f64::from(*more);
        }
    }
    sums
}

impl HeadMeasure {
    /// The head.
    pub fn id(&self) -> HeadId {
        HeadId::new(self.layer, self.head)
    }

    #[cfg(test)]
    pub(super) fn of<'a>(
        shape: &Shape,
        pieces: impl Iterator<Item = &'a HeadPiece> + Clone,
    ) -> Self {
        let sums = sums(shape, pieces.clone());
        Self::of_sums(shape, pieces, &sums)
    }

    /// Over the queries of `pieces`, whose weight by distance adds up to `sums`.
    pub(super) fn of_sums<'a>(
        shape: &Shape,
        pieces: impl Iterator<Item = &'a HeadPiece> + Clone,
        sums: &[f64],
    ) -> Self {
        let queries: usize = pieces.clone().map(|piece| piece.removed.len()).sum();
        let mean = |sum: f64| (sum / queries.max(1) as f64) as f32;
        let entropy: f64 = pieces.clone().map(|piece| piece.entropy).sum();
        let removed = pieces.clone().flat_map(|piece| &piece.removed);
        let removed: f64 = removed.map(|share| f64::from(*share)).sum();
        let later = later_sums(pieces.clone());
        let all: f64 = sums.iter().sum();
        let distances = (shape.nearest..).zip(sums);
        let moment = distances.map(|(distance, sum)| distance as f64 * sum);
        let moment: f64 = moment.sum();
        let previous = 1_usize.checked_sub(shape.nearest);
        let previous = previous.and_then(|column| sums.get(column).copied());
        let in_ramp: f64 = sums.iter().take(shape.reach).skip(shape.whole).sum();
        let is_there = all > 0.0;
        Self {
            layer: shape.layer,
            head: shape.head,
            effective: effective_all(sums, shape.nearest, EFFECTIVE_SHARES),
            entropy: mean(entropy),
            context: mean(all + later.iter().sum::<f64>()),
            previous: mean(previous.unwrap_or(0.0)),
            mean_distance: is_there.then(|| (moment / all) as f32),
            in_ramp: if is_there {
                (in_ramp / all) as f32
            } else {
                0.0
            },
            removed: mean(removed),
            queries,
            variance: is_there.then(|| {
                let mean = moment / all;
                let terms = (shape.nearest..).zip(sums);
                let terms = terms.map(|(distance, sum)| (distance as f64 - mean).powi(2) * sum);
                (terms.sum::<f64>() / all) as f32
            }),
            at_edge: match is_there {
                true => {
                    (sums
                        .iter()
                        .take(shape.reach)
                        .skip(edge(shape.reach))
                        .sum::<f64>()
                        / all) as f32
                }
                false => 0.0,
            },
            rows: None,
            later: LaterMeasure::of(&later, queries),
            repeats: None,
        }
    }
}

/// What is measured on single rows of a head over the queries of `pieces`, the first of which stands at position `first`; its
/// norms are not yet in terms of the layer's. Their weight by distance adds up to `without`, from which that on `sink_free` first
/// tokens is taken away.
pub(super) fn row_numbers<'a>(
    shape: &Shape,
    pieces: impl Iterator<Item = &'a HeadPiece> + Clone,
    mut without: Vec<f64>,
    (first, sink_free): (usize, usize),
) -> Option<RowNumbers> {
    let mut spans = vec![0_u64; SPAN_BINS];
    for piece in pieces.clone() {
        for bin in &piece.spans {
            if let Some(count) = spans.get_mut(usize::from(*bin)) {
                *count += 1;
            }
        }
    }
    if sink_free > 0 {
        let rows = pieces
            .clone()
            .flat_map(|piece| piece.first.chunks_exact(sink_free));
        for (query, row) in (first..).zip(rows) {
            for (key, weight) in row.iter().enumerate().take(query + 1) {
                let column = (query - key).checked_sub(shape.nearest);
                if let Some(sum) = column.and_then(|column| without.get_mut(column)) {
                    *sum = (*sum - f64::from(*weight)).max(0.0);
                }
            }
        }
    }
    let mut norm = vec![0.0_f64; without.len()];
    for piece in pieces.clone() {
        let terms = norm.iter_mut().zip(&piece.norm);
        terms.for_each(|(sum, more)| *sum += f64::from(*more));
    }
    let means: [_; MEANS] = std::array::from_fn(|i| {
        let blocks = pieces.clone().flat_map(|piece| &piece.blocks);
        ratio(blocks.map(move |block| (f64::from(block.means[i].0), block.means[i].1)))
    });
    let is_there = means.iter().any(Option::is_some);
    is_there.then(|| RowNumbers {
        sink_free: sink_free as u64,
        effective: effective_all(&without, shape.nearest, EFFECTIVE_SHARES),
        quantiles: quantiles(&spans),
        norm_effective: effective(&norm, shape.nearest, EFFECTIVE_SHARES[1]),
        means,
    })
}

/// The smallest distance δ such that the distances from `nearest` to δ hold this share of all weight, which is given for each,
/// `nearest` first; `None` where there is none.
pub fn effective(by_distance: &[f64], nearest: usize, share: f64) -> Option<usize> {
    let [distance] = effective_all(by_distance, nearest, [share]);
    distance
}

/// As [`effective`], for shares that rise.
fn effective_all<const N: usize>(
    by_distance: &[f64],
    nearest: usize,
    shares: [f64; N],
) -> [Option<usize>; N] {
    let all: f64 = by_distance.iter().sum();
    // Not-a-number is no weight either.
    if !(all > 0.0 && all.is_finite()) {
        return [None; N];
    }
    let (mut held, mut at) = (0.0, 0);
    shares.map(|share| {
        // A column is added once, for all shares that it completes.
        while at < by_distance.len() && !(at > 0 && held >= share * all) {
            held += by_distance[at];
            at += 1;
        }
        // Roundings cannot make it more than all.
        Some(nearest + at - 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(distances: &[f32], entropy: f64, removed: &[f32]) -> HeadPiece {
        HeadPiece {
            distances: distances.to_vec(),
            entropy,
            removed: removed.to_vec(),
            ..HeadPiece::default()
        }
    }

    #[test]
    fn measures_follow_from_sums_over_all_pieces() {
        let pieces = [
            piece(&[0.5, 0.25, 0.0, 0.0, 0.25], 3.0, &[0.5, 0.0, 0.25]),
            piece(&[0.25, 0.0, 0.5, 0.25, 0.0], 1.0, &[0.25]),
        ];
        let measure = HeadMeasure::of(&Shape::soft(5, 3), pieces.iter());
        // Sums by distance: 0.75, 0.25, 0.5, 0.25, 0.25.
        let expected = HeadMeasure {
            layer: 1,
            head: 2,
            effective: [Some(2), Some(5), Some(5)],
            entropy: 1.0,
            context: 0.5,
            previous: 0.1875,
            mean_distance: Some(2.5),
            in_ramp: 0.25,
            removed: 0.25,
            queries: 4,
            variance: Some(2.0),
            at_edge: 0.125,
            rows: None,
            later: None,
            repeats: None,
        };
        assert_eq!(measure, expected);
    }

    #[test]
    fn a_token_that_sees_itself_is_its_own_nearest() {
        let shape = Shape {
            nearest: 0,
            ..Shape::soft(3, 3)
        };
        let pieces = [piece(&[1.0, 0.5, 0.5], 0.0, &[0.0; 2])];
        let measure = HeadMeasure::of(&shape, pieces.iter());
        assert_eq!(measure.effective, [Some(0), Some(2), Some(2)]);
        assert_eq!(
            (measure.previous, measure.mean_distance),
            (0.25, Some(0.75))
        );
    }

    #[test]
    fn effective_spans_hold_their_share_and_no_distance_less_does() {
        let mut sums = vec![0.0; 100];
        (sums[0], sums[9], sums[79], sums[99]) = (0.5, 0.4, 0.0901, 0.0099);
        let of = |share| effective(&sums, 1, share);
        assert_eq!([of(0.5), of(0.51), of(0.9)], [Some(1), Some(10), Some(10)]);
        assert_eq!(
            [of(0.99), of(0.995), of(1.0)],
            [Some(80), Some(100), Some(100)]
        );
        // Where a token sees itself, distance 0 stands first.
        assert_eq!(effective(&sums, 0, 0.5), Some(0));
        assert_eq!(effective(&sums, 0, 1.0), Some(99));
        assert_eq!(effective(&[0.0; 4], 1, 0.5), None);
        assert_eq!(effective(&[], 0, 0.5), None);
        assert_eq!(effective(&[1.0, f64::NAN], 1, 0.5), None);
    }

    #[test]
    fn no_queries_and_no_weight_on_tokens_are_no_trouble() {
        let none = HeadMeasure::of(&Shape::soft(5, 3), [].iter());
        assert_eq!((none.queries, none.effective), (0, [None; 3]));
        assert_eq!(
            (none.mean_distance, none.entropy, none.in_ramp),
            (None, 0.0, 0.0)
        );
        let empty = [piece(&[0.0; 5], 0.0, &[0.0; 3])];
        let empty = HeadMeasure::of(&Shape::soft(5, 3), empty.iter());
        assert_eq!(
            (empty.queries, empty.effective, empty.mean_distance),
            (3, [None; 3], None)
        );
    }
}
