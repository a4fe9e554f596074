//! The numbers that are shown of what follows from single rows.

use super::{HeadSum, RowSums, Sums, from_units};
use crate::analysis::row_measures::{Mean, RowNumbers, quantiles, relate};
use crate::analysis::{EFFECTIVE_SHARES, effective};

/// The numbers of every head, layer by layer; `None` where they were not measured.
pub(super) fn of(sums: &Sums) -> Vec<Option<RowNumbers>> {
    let Some(measured) = sums.measured else {
        return vec![None; sums.heads.len()];
    };
    let numbers = |head: &HeadSum| {
        let rows = head.rows.as_ref()?;
        Some(numbers(head, rows, measured.sink_free))
    };
    let mut all: Vec<Option<RowNumbers>> = sums.heads.iter().map(numbers).collect();
    let heads = sums.architecture.nb_heads().max(1);
    for layer in all.chunks_mut(heads) {
        relate(layer);
    }
    all
}

fn numbers(head: &HeadSum, rows: &RowSums, sink_free: u64) -> RowNumbers {
    let nearest = head.span.nearest;
    let without = head.distances.iter().enumerate().map(|(i, all)| {
        let first = rows.first.get(i).copied().unwrap_or(0);
        all.saturating_sub(first) as f64
    });
    let without: Vec<f64> = without.collect();
    let norm: Vec<f64> = rows.norm.iter().map(|n| from_units(*n)).collect();
    RowNumbers {
        sink_free,
        effective: EFFECTIVE_SHARES.map(|share| effective(&without, nearest, share)),
        quantiles: quantiles(&rows.spans),
        norm_effective: effective(&norm, nearest, EFFECTIVE_SHARES[1]),
        means: Mean::ALL.map(|mean| rows.means[mean.index()].estimate(mean.scale())),
    }
}
