//! The figures that are shown of sums.

use super::{HeadSum, Sums, UNIT, from_units};
use crate::analysis::row_measures::RowNumbers;
use crate::analysis::{
    EFFECTIVE_SHARES, HeadMeasure, SpanFlag, VectorUsage, edge, effective, flag,
};
use crate::model::Reach;

/// The effective span of a head on some texts, against its reach. Means are over all tokens of all texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EffectiveRow {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// z, in tokens.
    pub span: f32,
    /// The number of distances with a mask above zero, in tokens.
    pub reach: Reach,
    /// The nearest distance that it sees: 0 where a token sees itself.
    pub nearest: usize,
    /// The smallest distances that hold 50, 90 and 99 % of the weight on tokens of the texts
    /// ([`EFFECTIVE_SHARES`]), in tokens; `None` where there is none.
    pub effective: [Option<usize>; 3],
    /// Mean distance of the weight on tokens of the texts, in tokens; `None` where there is none.
    pub mean_distance: Option<f64>,
    /// Mean weight on tokens of the texts.
    pub context: f64,
    /// Mean weight on persistent vectors.
    pub persistent: f64,
    /// Mean weight on distances before the texts' starts.
    pub empty: f64,
    /// Mean weight on the head's learned sink; 0 where it has none.
    pub learned_sink: f64,
    /// The shortfall of these from 1 where weights are not divided by their sum after the mask, as in fairseq's port;
    /// `None` where they are.
    pub masked: Option<f64>,
    /// Mean weight on the previous token.
    pub previous: f64,
    /// Share of the weight on tokens of the texts that lies where the soft mask is below 1; 0 where there is none.
    pub in_ramp: f64,
    /// Mean share of the softmax that the soft mask takes away; `None` where it was not measured.
    pub removed: Option<f64>,
    /// Mean entropy of a query's whole weight, in bits; `None` where it was not measured.
    pub entropy: Option<f64>,
    /// The notable property, if there is one. A reach counts as unused only where as many queries as it is long had all
    /// of it within their text. Without [`removed`](Self::removed) a head is pressed only by what lies in its ramp.
    pub flag: Option<SpanFlag>,
    /// Variance of the distance of the weight on tokens of the texts; `None` where there is none.
    pub variance: Option<f64>,
    /// What is measured on single rows; `None` where it was not.
    pub rows: Option<RowNumbers>,
}

/// The effective span of every head, layer by layer.
pub fn rows(sums: &Sums) -> Vec<EffectiveRow> {
    let numbers = super::numbers::of(sums);
    let heads = sums.heads.iter().zip(numbers);
    heads.map(|(head, rows)| row(sums, head, rows)).collect()
}

impl EffectiveRow {
    /// Its z, or its window, in tokens; `None` where nothing is designed that would end what it sees.
    pub fn designed(&self) -> Option<f32> {
        self.reach.end().map(|_| self.span)
    }
}

/// The use that every head makes of its persistent vectors, layer by layer; `None` where there are no vectors or no tokens.
pub fn usage(sums: &Sums) -> Vec<Option<VectorUsage>> {
    let tokens = usize::try_from(sums.totals.tokens).unwrap_or(usize::MAX);
    let of = |head: &HeadSum| {
        let weights: Vec<f64> = head.vectors.iter().map(|n| from_units(*n)).collect();
        (!weights.is_empty() && tokens > 0).then(|| VectorUsage::from_sums(&weights, tokens))
    };
    sums.heads.iter().map(of).collect()
}

/// Of numbers that add up to more than 2⁶⁴.
fn total(units: &[u64]) -> u128 {
    units.iter().map(|n| u128::from(*n)).sum()
}

/// Σ δ² W / Σ W − (Σ δ W / Σ W)², about the mean so that nothing is lost.
fn variance(nearest: usize, distances: &[u64]) -> Option<f64> {
    let all = total(distances);
    if all == 0 {
        return None;
    }
    let moment = |of: &dyn Fn(f64) -> f64| {
        let terms = (nearest..).zip(distances);
        let terms = terms.map(|(distance, n)| of(distance as f64) * *n as f64);
        terms.sum::<f64>() / all as f64
    };
    let mean = moment(&|distance| distance);
    Some(moment(&|distance| (distance - mean).powi(2)))
}

/// The weight on the distances from the column `whole` on, up to the reach.
fn on_ramp(distances: &[u64], whole: usize, reach: usize) -> &[u64] {
    let end = reach.min(distances.len());
    distances.get(whole..end).unwrap_or_default()
}

fn row(sums: &Sums, head: &HeadSum, rows: Option<RowNumbers>) -> EffectiveRow {
    let (span, architecture) = (&head.span, &sums.architecture);
    let mean = |units: u128| units as f64 * UNIT / sums.totals.tokens.max(1) as f64;
    let whole = span.whole();
    let all = total(&head.distances);
    let distances = (span.nearest..).zip(&head.distances);
    let moment: u128 = distances
        .map(|(distance, n)| distance as u128 * u128::from(*n))
        .sum();
    let share = |part: u128| match all {
        0 => 0.0,
        _ => part as f64 / all as f64,
    };
    let weights: Vec<f64> = head.distances.iter().map(|n| *n as f64).collect();
    let measured = |units: u64| sums.has_removed.then(|| mean(u128::from(units)));
    let mut row = EffectiveRow {
        layer: span.layer,
        head: span.head,
        span: span.span,
        reach: span.reach,
        nearest: span.nearest,
        effective: EFFECTIVE_SHARES.map(|share| effective(&weights, span.nearest, share)),
        mean_distance: (all > 0).then(|| moment as f64 / all as f64),
        context: mean(all),
        persistent: mean(total(&head.vectors)),
        empty: mean(u128::from(head.empty)),
        learned_sink: mean(u128::from(head.sink)),
        masked: None,
        previous: mean(head.at(1).unwrap_or(0).into()),
        in_ramp: share(total(on_ramp(&head.distances, whole, span.reach.keys()))),
        removed: measured(head.removed),
        entropy: measured(head.entropy),
        flag: None,
        variance: variance(span.nearest, &head.distances),
        rows,
    };
    if architecture.loses_weight() && sums.totals.tokens > 0 {
        let there = row.context + row.persistent + row.empty + row.learned_sink;
        row.masked = Some((1.0 - there).clamp(0.0, 1.0));
    }
    // Of one text of T tokens, T less the farthest distance is how many queries have the whole reach within it: this is T again. Of many short texts
    // it says that none is long enough.
    let average = sums.totals.tokens / sums.totals.texts.max(1);
    let queries = match head.whole_reach {
        // What it reaches of a text is all of it, however short: as long as texts are on average.
        _ if span.open => average,
        // None is: as long as texts are on average, but shorter than the reach.
        0 => average.min(span.farthest() as u64),
        queries => (span.farthest() as u64).saturating_add(queries),
    };
    let queries = match sums.totals.tokens {
        0 => 0,
        _ => usize::try_from(queries).unwrap_or(usize::MAX),
    };
    let measure = HeadMeasure {
        layer: row.layer,
        head: row.head,
        effective: row.effective,
        entropy: row.entropy.unwrap_or(0.0) as f32,
        context: row.context as f32,
        previous: row.previous as f32,
        mean_distance: row.mean_distance.map(|distance| distance as f32),
        in_ramp: row.in_ramp as f32,
        removed: row.removed.unwrap_or(0.0) as f32,
        queries,
        variance: None,
        at_edge: share(total(on_ramp(
            &head.distances,
            edge(span.reach.keys()),
            span.reach.keys(),
        ))) as f32,
        rows,
        later: None,
        // Texts are not kept.
        repeats: None,
    };
    row.flag = flag(&measure, span);
    row
}
