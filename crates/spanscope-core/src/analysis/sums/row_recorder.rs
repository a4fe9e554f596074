//! What follows from single rows, while a network runs over one text.

use super::{HeadSum, Measured, Moments, RowSums, SumsError, to_units};
use crate::analysis::row_measures::{MEANS, Mean, Occurrences, Row, add_norm_weighted, span_bin};
use crate::model::{HeadWeights, Network, Span};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

/// Measures the rows of every head. What is finished does not depend on the order in which tiles come.
#[derive(Debug)]
pub(super) struct RowRecorder {
    text: Occurrences,
    sink_free: usize,
    heads: Vec<OneHead>,
    has_norms: AtomicBool,
}

#[derive(Debug)]
struct OneHead {
    span: Span,
    norms: RwLock<Norms>,
    sums: Mutex<Tally>,
}

/// ‖W_O v‖ of consecutive tokens.
#[derive(Debug, Default)]
struct Norms {
    /// Position of the first.
    first: usize,
    values: Vec<f32>,
}

/// What is added up of one head.
#[derive(Debug)]
struct Tally {
    rows: RowSums,
    /// Queries and units of each mean.
    means: [(u64, u64); MEANS],
}

/// A tile's sums before they are added to the head's.
struct TileSums {
    means: [(u64, f64); MEANS],
    spans: Vec<usize>,
    /// Columns of weights on the first tokens.
    first: Vec<(usize, u64)>,
    norm: Vec<f32>,
}

impl RowRecorder {
    pub fn new(network: &Network, ids: &[u32], sink_free: usize) -> Self {
        let heads = network.spans().into_iter().map(|span| OneHead {
            span,
            norms: RwLock::default(),
            sums: Mutex::new(Tally {
                rows: RowSums::default(),
                means: [(0, 0); MEANS],
            }),
        });
        Self {
            text: Occurrences::of(ids),
            sink_free,
            heads: heads.collect(),
            has_norms: AtomicBool::new(false),
        }
    }

    /// Measures some queries of a tile of weights.
    pub fn tile(&self, head: usize, weights: &HeadWeights, queries: Range<usize>) {
        let Some(head) = self.heads.get(head) else {
            return;
        };
        let mut tile = TileSums {
            means: [(0, 0.0); MEANS],
            spans: Vec::with_capacity(queries.len()),
            first: Vec::new(),
            norm: vec![0.0; weights.reach],
        };
        let last = weights.first + queries.end.saturating_sub(1);
        let seen = weights.keys(weights.first + queries.start).start..weights.keys(last).end;
        let norms = head.norms(seen.clone());
        for query in queries.map(|i| weights.first + i) {
            let row = Row {
                weights: weights.on_text(query),
                later: weights.on_later(query),
                query,
                nearest: weights.nearest,
                learned_sink: weights.off_text(query).sink,
            };
            let measures = row.measures(&self.text);
            for (sum, value) in tile.means.iter_mut().zip(measures.means) {
                if !value.is_nan() {
                    sum.0 += 1;
                    sum.1 += value;
                }
            }
            tile.spans.extend(measures.span);
            for key in 0..self.sink_free.min(query + 1) {
                let column = (query - key).checked_sub(weights.nearest);
                let on = |column: usize| Some((column, *row.weights.get(column)?));
                if let Some((column, weight)) = column.and_then(on) {
                    tile.first.push((column, to_units(f64::from(weight))));
                }
            }
            let keys = weights.keys(query);
            if let Some(norms) = norms.get(seen.end - keys.end..seen.end - keys.start) {
                add_norm_weighted(&mut tile.norm, row.weights, norms);
            }
        }
        head.add(&tile);
    }

    /// Takes note of what tokens would have the head write.
    pub fn value_norms(&self, head: usize, first: usize, more: &[f32]) {
        self.has_norms.store(true, Ordering::Relaxed);
        let Some(head) = self.heads.get(head) else {
            return;
        };
        let mut norms = head.norms.write().unwrap_or_else(PoisonError::into_inner);
        let kept = first.saturating_sub(norms.first);
        norms.values.truncate(kept);
        norms.values.extend_from_slice(more);
        // No later query sees what lies farther back: of a long text only the end is kept.
        let needed = head.span.seen(usize::MAX).saturating_add(1);
        let spare = first.saturating_sub(needed).saturating_sub(norms.first);
        if spare > norms.values.len() / 2 {
            norms.values.drain(..spare);
            norms.first += spare;
        }
    }

    /// Takes note of what the head writes.
    pub fn output_norms(&self, head: usize, _: usize, norms: &[f32]) {
        let Some(head) = self.heads.get(head) else {
            return;
        };
        let sum: f64 = norms.iter().copied().map(f64::from).sum();
        let mut sums = head.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let (queries, units) = &mut sums.means[Mean::OutputNorm.index()];
        *queries += norms.len() as u64;
        *units = units.saturating_add((sum * Mean::OutputNorm.scale() + 0.5) as u64);
    }

    /// Puts what was measured to the other sums of one text.
    ///
    /// # Errors
    /// When something was more than there is room for.
    pub fn finish(self, heads: &mut [HeadSum]) -> Result<Measured, SumsError> {
        let has_norms = self.has_norms.into_inner();
        for (sum, head) in heads.iter_mut().zip(self.heads) {
            let tally = head
                .sums
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner);
            let mut rows = tally.rows;
            for (moments, (queries, units)) in rows.means.iter_mut().zip(tally.means) {
                if units == u64::MAX {
                    return Err(SumsError::Overflow);
                }
                *moments = Moments::of_text(queries, units);
            }
            if !has_norms {
                rows.norm = Vec::new();
            }
            sum.rows = Some(Box::new(rows));
        }
        Ok(Measured {
            sink_free: self.sink_free as u64,
            has_norms,
        })
    }
}

impl OneHead {
    /// The norms of the tokens at `keys`, the last first; nothing where they are not at hand.
    fn norms(&self, keys: Range<usize>) -> Vec<f32> {
        let norms = self.norms.read().unwrap_or_else(PoisonError::into_inner);
        let start = keys.start.checked_sub(norms.first);
        let at = start.zip(keys.end.checked_sub(norms.first));
        let at = at.and_then(|(start, end)| norms.values.get(start..end));
        at.unwrap_or_default().iter().rev().copied().collect()
    }

    fn add(&self, tile: &TileSums) {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        for (mean, ((queries, units), (more, value))) in
            Mean::ALL.iter().zip(sums.means.iter_mut().zip(&tile.means))
        {
            *queries += more;
            *units = units.saturating_add((value * mean.scale() + 0.5) as u64);
        }
        let rows = &mut sums.rows;
        for span in &tile.spans {
            if let Some(count) = rows.spans.get_mut(span_bin(*span)) {
                *count += 1;
            }
        }
        for (column, units) in &tile.first {
            if rows.first.len() <= *column {
                rows.first.resize(column + 1, 0);
            }
            rows.first[*column] = rows.first[*column].saturating_add(*units);
        }
        if rows.norm.len() < tile.norm.len() {
            rows.norm.resize(tile.norm.len(), 0);
        }
        for (sum, more) in rows.norm.iter_mut().zip(&tile.norm) {
            *sum = sum.saturating_add(to_units(f64::from(*more)));
        }
    }
}
