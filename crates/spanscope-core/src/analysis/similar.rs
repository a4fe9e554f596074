//! Heads like a given one: by all that is measured of them, and by the tokens that they attend to.

use super::{HeadRow, Statistic, StatisticKind};
use crate::model::{Cancel, HeadId, HeadWeights, Network, Run, Span};
use rayon::prelude::*;
use std::ops::Range;

/// The most queries of a text whose rows of weights are compared.
pub const COMPARED_QUERIES: usize = 128;

/// A statistic that heads are compared by: what they do with a text, not what they were made for.
fn is_compared(statistic: Statistic) -> bool {
    !matches!(
        statistic,
        Statistic::Head | Statistic::Reach | Statistic::Span
    )
}

/// A number as it is compared: tokens differ by orders of magnitude.
fn compared(statistic: Statistic, row: &HeadRow) -> Option<f64> {
    let value = statistic.of(row).filter(|value| value.is_finite())?;
    Some(match statistic.kind() {
        StatisticKind::Tokens => value.max(0.0).ln_1p(),
        _ => value,
    })
}

/// How far every head is from the one at `of` by all numbers that are known of both: the root of the mean squared difference of
/// the numbers, each in units of its standard deviation over the heads, those in tokens as logarithms. 0 of the head itself; `None` where
/// nothing is known of both, or there is no such head.
pub fn by_scores(rows: &[HeadRow], of: HeadId) -> Vec<Option<f64>> {
    let Some(own) = rows.iter().find(|row| row.id() == of) else {
        return vec![None; rows.len()];
    };
    let mut sums = vec![(0.0_f64, 0_usize); rows.len()];
    for statistic in Statistic::COLOURED.into_iter().filter(|s| is_compared(*s)) {
        let values: Vec<Option<f64>> = rows.iter().map(|row| compared(statistic, row)).collect();
        let known = || values.iter().flatten();
        let n = known().count() as f64;
        let mean = known().sum::<f64>() / n;
        let variance = known().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
        let Some(own) = compared(statistic, own).filter(|_| variance > 0.0) else {
            continue;
        };
        for (sum, value) in sums.iter_mut().zip(&values) {
            if let Some(value) = value {
                sum.0 += (value - own).powi(2) / variance;
                sum.1 += 1;
            }
        }
    }
    let root = |(sum, n): (f64, usize)| (n > 0).then(|| (sum / n as f64).sqrt());
    sums.into_iter().map(root).collect()
}

/// What a query's weight falls on: tokens by distance, and what is no token.
struct Outcomes<'a> {
    nearest: usize,
    tokens: &'a [f32],
    /// On later tokens, where it sees them, the nearest first.
    later: &'a [f32],
    /// Empty context, all persistent vectors, and the learned sink.
    off_text: [f64; 3],
    all: f64,
}

impl<'a> Outcomes<'a> {
    fn of(weights: &'a HeadWeights, query: usize) -> Self {
        let tokens = weights.on_text(query);
        let off = weights.off_text(query);
        let vectors: f64 = off.persistent.iter().copied().map(f64::from).sum();
        let off_text = [f64::from(off.empty), vectors, f64::from(off.sink)];
        let later = weights.on_later(query);
        let on = tokens.iter().chain(later).copied().map(f64::from);
        let on: f64 = on.sum();
        Self {
            nearest: weights.nearest,
            tokens,
            later,
            off_text,
            all: on + off_text.iter().sum::<f64>(),
        }
    }

    fn at(&self, distance: usize) -> f64 {
        let column = distance.checked_sub(self.nearest);
        let weight = column.and_then(|column| self.tokens.get(column));
        weight.copied().map_or(0.0, f64::from)
    }

    /// The Jensen–Shannon divergence of both as distributions, in bits: from 0 to 1.
    fn divergence(&self, other: &Self) -> f64 {
        if self.all <= 0.0 || other.all <= 0.0 {
            return f64::from(u8::from(self.all > 0.0 || other.all > 0.0));
        }
        let term = |p: f64, q: f64| {
            let (p, q) = (p / self.all, q / other.all);
            let middle = (p + q) / 2.0;
            let part = |x: f64| {
                if x > 0.0 {
                    x * (x / middle).log2()
                } else {
                    0.0
                }
            };
            part(p) + part(q)
        };
        let first = self.nearest.min(other.nearest);
        let ends = [self, other].map(|row| row.nearest + row.tokens.len());
        let tokens = (first..ends[0].max(ends[1])).map(|d| term(self.at(d), other.at(d)));
        let weight = |row: &Self, i: usize| row.later.get(i).copied().map_or(0.0, f64::from);
        let later = 0..self.later.len().max(other.later.len());
        let later = later.map(|i| term(weight(self, i), weight(other, i)));
        let tokens = tokens.chain(later);
        let off = self.off_text.iter().zip(&other.off_text);
        let sum = tokens.sum::<f64>() + off.map(|(p, q)| term(*p, *q)).sum::<f64>();
        (sum / 2.0).clamp(0.0, 1.0)
    }
}

/// How much the attention of every head differs from that of one, over some queries of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionDivergence {
    /// The head that all are compared with.
    pub of: HeadId,
    /// The queries whose rows were compared, evenly spread over those at hand.
    pub queries: usize,
    /// The mean Jensen–Shannon divergence of the rows of both, in bits, layer by layer: 0 where they are the same, 1 where they have
    /// no key in common.
    pub bits: Vec<f64>,
}

/// An [`AttentionDivergence`] on its way, a query at a time.
#[derive(Debug, Clone)]
pub struct DivergenceTask {
    of: HeadId,
    heads: Vec<HeadId>,
    queries: Vec<usize>,
    done: usize,
    sums: Vec<f64>,
}

impl DivergenceTask {
    /// Compares all heads of `network` with the one at `of` on at most [`COMPARED_QUERIES`] of the queries in `range`.
    pub fn new(network: &Network, of: HeadId, range: Range<usize>) -> Self {
        let heads: Vec<HeadId> = network.spans().iter().map(Span::id).collect();
        let count = range.len().min(COMPARED_QUERIES);
        let place = |i: usize| range.start + (i + 1) * range.len() / count - 1;
        Self {
            of,
            sums: vec![0.0; heads.len()],
            heads,
            queries: (0..count).map(place).collect(),
            done: 0,
        }
    }

    /// The head that all are compared with.
    pub fn of(&self) -> HeadId {
        self.of
    }

    /// True if nothing is left to compare.
    pub fn is_done(&self) -> bool {
        self.done == self.queries.len()
    }

    /// Compares the rows of the next query; false when it was told to stop, and nothing was done then. Queries that the run has forgotten
    /// count as the same.
    pub fn go_on(&mut self, run: &Run, cancel: &Cancel) -> bool {
        let Some(&query) = self.queries.get(self.done) else {
            return true;
        };
        let row = |head: &HeadId| run.head_weights(head.layer, head.head, query, query + 1);
        let own = row(&self.of);
        let compare = |head: &HeadId| {
            if cancel.is_cancelled() {
                return None;
            }
            let (Some(own), Some(other)) = (&own, row(head)) else {
                return Some(0.0);
            };
            Some(Outcomes::of(own, query).divergence(&Outcomes::of(&other, query)))
        };
        let found: Option<Vec<f64>> = self.heads.par_iter().map(compare).collect();
        let Some(found) = found else {
            return false;
        };
        for (sum, more) in self.sums.iter_mut().zip(found) {
            *sum += more;
        }
        self.done += 1;
        true
    }

    /// What was compared so far.
    pub fn result(&self) -> AttentionDivergence {
        let n = self.done.max(1) as f64;
        AttentionDivergence {
            of: self.of,
            queries: self.done,
            bits: self.sums.iter().map(|sum| sum / n).collect(),
        }
    }
}

/// The heads that a number is known of, the nearest first; those as near as each other in their own order. The head itself is left out.
pub fn nearest(rows: &[HeadRow], of: HeadId, distances: &[Option<f64>]) -> Vec<(HeadId, f64)> {
    let all = rows.iter().map(HeadRow::id).zip(distances);
    let known = all.filter_map(|(id, distance)| Some((id, (*distance)?)));
    let mut found: Vec<(HeadId, f64)> = known.filter(|(id, _)| *id != of).collect();
    found.sort_by(|a, b| a.1.total_cmp(&b.1));
    found
}

/// The names of the numbers that heads are compared by, of those that are known of any head.
pub fn compared_names(rows: &[HeadRow]) -> Vec<&'static str> {
    let all = Statistic::COLOURED.into_iter().filter(|s| is_compared(*s));
    let known = all.filter(|statistic| rows.iter().any(|row| statistic.of(row).is_some()));
    known.map(Statistic::column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Mean;
    use crate::model::Numbers;

    fn weights(nearest: usize, row: &[f32], sink: f32, vectors: &[f32]) -> HeadWeights {
        HeadWeights {
            first: 9,
            queries: 1,
            nearest,
            reach: row.len(),
            vectors: vectors.len(),
            weights: Numbers::from(row.to_vec()),
            persistent: vectors.to_vec(),
            empty: vec![0.0],
            sink: vec![sink],
            ..HeadWeights::default()
        }
    }

    fn between(a: &HeadWeights, b: &HeadWeights) -> f64 {
        Outcomes::of(a, 9).divergence(&Outcomes::of(b, 9))
    }

    #[test]
    fn divergences_are_those_of_the_definition() {
        let a = weights(0, &[0.5, 0.25, 0.25], 0.0, &[]);
        assert!(between(&a, &a).abs() < 1e-12);
        let b = weights(0, &[0.0, 0.0, 0.0, 1.0], 0.0, &[]);
        assert!((between(&a, &b) - 1.0).abs() < 1e-12);
        let c = weights(0, &[0.25, 0.5], 0.25, &[]);
        // H(m) − (H(p) + H(q)) / 2 over distances 0, 1, 2 and the sink.
        let entropy = |p: &[f64]| -> f64 {
            let terms = p.iter().filter(|x| **x > 0.0);
            -terms.map(|x| x * x.log2()).sum::<f64>()
        };
        let want = entropy(&[0.375, 0.375, 0.125, 0.125]) - 1.5;
        assert!((between(&a, &c) - want).abs() < 1e-12);
        assert_eq!(between(&a, &c), between(&c, &a));
        // Weights that do not add up to 1 are taken as a distribution; vectors count as one, whichever they are.
        let d = weights(0, &[0.125, 0.25], 0.125, &[]);
        assert!((between(&a, &d) - want).abs() < 1e-12);
        let (e, f) = (
            weights(1, &[0.5], 0.0, &[0.5, 0.0]),
            weights(1, &[0.5], 0.0, &[0.0, 0.25, 0.25]),
        );
        assert!(between(&e, &f).abs() < 1e-12);
    }

    #[test]
    fn every_mean_is_compared_once() {
        for mean in Mean::ALL {
            let count = Statistic::COLOURED
                .iter()
                .filter(|statistic| **statistic == Statistic::Row(mean))
                .count();
            // That of the previous token is there under another name.
            assert_eq!(count, usize::from(mean != Mean::Previous), "{mean:?}");
        }
        assert!(!is_compared(Statistic::Reach) && is_compared(Statistic::Entropy));
    }
}
