//! Sums over one text, taken while a network runs.

use super::row_recorder::RowRecorder;
use super::{HeadSum, Sums, SumsError, Totals, to_units};
use crate::model::{Cancel, HeadWeights, ModelError, Network, Observer, Run};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Queries that are measured together.
const TILE: usize = 64;

/// Sums up the weights of every head while a network runs over one text. Tiles may come in any order and from any thread:
/// what is [finished](Self::finish) is the same.
///
/// The run must go on in blocks that end at multiples of 64 (such as [`BLOCK`](crate::model::BLOCK)) or with the text.
#[derive(Debug)]
pub struct SumRecorder {
    empty: Sums,
    nb_heads: usize,
    heads: Vec<Mutex<HeadSum>>,
    /// What follows from single rows, where that is wanted.
    rows: Option<RowRecorder>,
    is_broken: AtomicBool,
}

impl SumRecorder {
    /// For a run of `network`. With `has_removed`, [`probe`](Self::probe) is to be called after every block.
    pub fn new(network: &Network, has_removed: bool) -> Self {
        let mut empty = Sums::new(network, has_removed);
        let heads = std::mem::take(&mut empty.heads);
        Self {
            nb_heads: network.architecture().nb_heads(),
            heads: heads.into_iter().map(Mutex::new).collect(),
            rows: None,
            empty,
            is_broken: AtomicBool::new(false),
        }
    }

    /// Measures single rows as well, of a run over `ids`; the first `sink_free` tokens are left out of sink-free spans.
    #[must_use]
    pub fn measuring(mut self, network: &Network, ids: &[u32], sink_free: usize) -> Self {
        self.rows = Some(RowRecorder::new(network, ids, sink_free));
        self
    }

    fn head(&self, layer: usize, head: usize) -> Option<MutexGuard<'_, HeadSum>> {
        let head = self.heads.get(layer * self.nb_heads + head)?;
        // Numbers are whole even where another thread gave up.
        Some(head.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Rounds numbers to units; what is no number breaks the whole.
    fn units(&self, values: &[f64]) -> Vec<u64> {
        if !values.iter().sum::<f64>().is_finite() {
            self.is_broken.store(true, Ordering::Relaxed);
        }
        values.iter().map(|value| to_units(*value)).collect()
    }

    /// Measures what the masks take away of the softmax, and how even the weights are, of the queries in `range`, which
    /// `run` must not have forgotten. It takes about as long as running over them.
    ///
    /// # Errors
    /// On cancellation.
    pub fn probe(&self, run: &Run, range: Range<usize>, cancel: &Cancel) -> Result<(), ModelError> {
        let spans = run.network().spans();
        let tiles = range.start / TILE..range.end.div_ceil(TILE);
        let tiles = tiles.flat_map(|tile| {
            let queries = (tile * TILE).max(range.start)..((tile + 1) * TILE).min(range.end);
            let heads = spans.iter().map(|span| (span.layer, span.head));
            heads.map(move |(layer, head)| (layer, head, queries.clone()))
        });
        let tiles: Vec<_> = tiles.collect();
        let tiles = tiles.into_par_iter().with_max_len(1);
        tiles.try_for_each(|(layer, head, queries)| {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            if let Some(probe) = run.probe(layer, head, queries.start, queries.end) {
                // Once per query: where tiles begin does not matter.
                let all = |values: &[f32]| -> u64 {
                    let values: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
                    self.units(&values).iter().sum()
                };
                let (removed, entropy) = (all(&probe.removed), all(&probe.entropy));
                if let Some(mut sums) = self.head(layer, head) {
                    sums.removed = sums.removed.saturating_add(removed);
                    sums.entropy = sums.entropy.saturating_add(entropy);
                }
            }
            Ok(())
        })
    }

    /// The sums, with what is known of the text, which must be one.
    ///
    /// # Errors
    /// When weights were infinite or no numbers.
    pub fn finish(self, totals: Totals) -> Result<Sums, SumsError> {
        if self.is_broken.into_inner() {
            return Err(SumsError::NotFinite);
        }
        let heads = self.heads.into_iter();
        let heads = heads.map(|head| head.into_inner().unwrap_or_else(PoisonError::into_inner));
        let mut heads: Vec<HeadSum> = heads.collect();
        let measured = match self.rows {
            Some(rows) => Some(rows.finish(&mut heads)?),
            None => None,
        };
        Ok(Sums {
            heads,
            totals,
            measured,
            ..self.empty
        })
    }
}

impl Observer for SumRecorder {
    fn head(&self, layer: usize, head: usize, weights: &HeadWeights) {
        let first = weights.first;
        let end = first + weights.queries;
        // A device, or a recorded run, has other tiles: they are cut to the same ones.
        for tile in first / TILE..end.div_ceil(TILE) {
            let queries = (tile * TILE).max(first)..((tile + 1) * TILE).min(end);
            let queries = queries.start - first..queries.end - first;
            let distances = self.units(&weights.by_distance(queries.clone()));
            let vectors = self.units(&weights.by_vector(queries.clone()));
            let one = |of: &[f32]| {
                let of = of.get(queries.clone()).unwrap_or_default();
                self.units(&[of.iter().map(|weight| f64::from(*weight)).sum()])
            };
            let (empty, sink) = (one(&weights.empty), one(&weights.sink));
            let beyond = queries
                .clone()
                .filter(|query| weights.keys(first + query).len() == weights.reach);
            if let Some(rows) = &self.rows {
                rows.tile(layer * self.nb_heads + head, weights, queries.clone());
            }
            let Some(mut sums) = Self::head(self, layer, head) else {
                return;
            };
            let add = |sums: &mut [u64], more: &[u64]| {
                for (sum, more) in sums.iter_mut().zip(more) {
                    *sum = sum.saturating_add(*more);
                }
            };
            if sums.distances.len() < distances.len() {
                sums.distances.resize(distances.len(), 0);
            }
            add(&mut sums.distances, &distances);
            add(&mut sums.vectors, &vectors);
            add(std::slice::from_mut(&mut sums.empty), &empty);
            add(std::slice::from_mut(&mut sums.sink), &sink);
            sums.whole_reach = sums.whole_reach.saturating_add(beyond.count() as u64);
        }
    }

    fn wants_norms(&self) -> bool {
        self.rows.is_some()
    }

    fn value_norms(&self, layer: usize, head: usize, first: usize, norms: &[f32]) {
        if let Some(rows) = &self.rows {
            rows.value_norms(layer * self.nb_heads + head, first, norms);
        }
    }

    fn output_norms(&self, layer: usize, head: usize, first: usize, norms: &[f32]) {
        if let Some(rows) = &self.rows {
            rows.output_norms(layer * self.nb_heads + head, first, norms);
        }
    }
}
