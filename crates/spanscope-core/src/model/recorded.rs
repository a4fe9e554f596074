//! Runs whose queries and keys come from a file: weights, scores and all that is measured on them follow by the same code
//! as in a run that is computed, without the weights of the network.

use super::Cancel;
use super::cache::HeadCache;
use super::heads::Head;
use super::run::Run;
use super::weights::Network;
use super::{ModelError, Observer};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

impl Network {
    /// Number of tokens before a query whose keys its weights may need, whatever the head.
    pub fn farthest_key(&self) -> usize {
        let heads = self.layers.iter().flat_map(|layer| &layer.heads);
        let far = heads.map(|head| head.reach.max(head.kept));
        far.max().unwrap_or(0)
    }
}

/// Queries and keys of one layer for consecutive tokens: rows of D numbers, head after head.
#[derive(Debug, Clone, Default)]
pub struct RecordedRows {
    /// Of every token.
    pub keys: Vec<f32>,
    /// Of the last tokens, as many as there are rows: none before the first query that is kept.
    pub queries: Vec<f32>,
}

impl Run {
    /// A recorded run as it stands before its first key is put in. `before` are the tokens before that key, `query` is the
    /// position of the first query, and `longest` has per layer and head (layer by layer) the norm of the longest key of
    /// the tokens before; without tokens before it is not looked at.
    pub fn recorded(
        network: Arc<Network>,
        before: Vec<u32>,
        query: usize,
        longest: &[f32],
    ) -> Self {
        let dim = network.architecture().head_dim();
        let mut run = Self::new(Arc::clone(&network));
        let caches = run.caches.iter_mut().flatten();
        for (i, cache) in caches.enumerate() {
            let longest = longest.get(i).copied().unwrap_or(0.0);
            *cache = HeadCache::recorded(dim, before.len(), query.max(before.len()), longest);
        }
        run.ids = before;
        run
    }

    /// Puts in further tokens with their queries and keys, layer by layer. Rows that are missing are as if they were zeros.
    pub fn put_recorded(&mut self, ids: &[u32], layers: &[RecordedRows]) {
        let first = self.ids.len();
        let end = first + ids.len();
        let network = Arc::clone(self.network());
        self.caches
            .par_iter_mut()
            .zip(layers.par_iter())
            .zip(network.layers.par_iter())
            .for_each(|((heads, rows), layer)| {
                let of = &layer.spec.attention;
                let (d, width) = (of.head_dim, of.heads * of.head_dim);
                for (h, cache) in heads.iter_mut().enumerate() {
                    let columns = h * d..(h + 1) * d;
                    // Keys lie with the first head of those that read them.
                    if layer.heads[h].keys == h {
                        let group = h * of.kv_heads / of.heads.max(1);
                        let columns = group * d..(group + 1) * d;
                        let keys = rows.keys.chunks_exact(of.kv_heads * d);
                        for (i, row) in keys.take(ids.len()).enumerate() {
                            cache.put_key(first + i, row.get(columns.clone()).unwrap_or_default());
                        }
                    }
                    let queries = rows.queries.chunks_exact(width);
                    let start = end.saturating_sub(queries.len());
                    for (i, row) in queries.enumerate() {
                        cache.put_query(start + i, row.get(columns.clone()).unwrap_or_default());
                    }
                }
            });
        self.ids.extend_from_slice(ids);
    }

    /// The queries of a layer for the tokens in `range`: rows of H·d numbers, head after head. `None` where there is no such
    /// layer, or some of them are forgotten.
    pub fn queries(&self, layer: usize, range: Range<usize>) -> Option<Vec<f32>> {
        self.rows(layer, range, |_, _| true, HeadCache::copy_queries)
    }

    /// As [`queries`](Self::queries), the keys: rows of Hk·d numbers.
    pub fn keys(&self, layer: usize, range: Range<usize>) -> Option<Vec<f32>> {
        let is_first = |h: usize, head: &Head| head.keys == h;
        self.rows(layer, range, is_first, HeadCache::copy_keys)
    }

    fn rows(
        &self,
        layer: usize,
        range: Range<usize>,
        has: impl Fn(usize, &Head) -> bool,
        copy: impl Fn(&HeadCache, usize, &mut [f32], usize) -> bool,
    ) -> Option<Vec<f32>> {
        let caches = self.caches.get(layer)?;
        let of_layer = self.network().layers.get(layer)?;
        let d = of_layer.spec.attention.head_dim;
        let heads = of_layer.heads.iter().enumerate();
        let with: Vec<usize> = heads
            .filter(|(h, head)| has(*h, head))
            .map(|(h, _)| h)
            .collect();
        let width = with.len() * d;
        if range.end > self.ids.len() {
            return None;
        }
        let mut rows = vec![0.0; range.len() * width];
        for (i, h) in with.into_iter().enumerate() {
            let of_head = rows.get_mut(i * d..).unwrap_or_default();
            if !copy(caches.get(h)?, range.start, of_head, width) {
                return None;
            }
        }
        Some(rows)
    }

    /// Per layer and head, layer by layer, the norm of the longest key before the token at `position`; 0 where it is
    /// forgotten, or there is none.
    pub fn longest_keys(&self, position: usize) -> Vec<f32> {
        let caches = self.caches.iter().flatten();
        caches.map(|cache| cache.longest_key(position)).collect()
    }

    /// Tells `observer` the weights of the queries in `range` as a run over these tokens would have: of all heads that it
    /// wants, tile by tile, from several threads.
    ///
    /// # Errors
    /// On cancellation.
    pub fn replay(
        &self,
        range: Range<usize>,
        cancel: &Cancel,
        observer: &dyn Observer,
    ) -> Result<(), ModelError> {
        let spans = self.network().spans();
        let wanted = spans.iter().map(|span| (span.layer, span.head));
        let wanted: Vec<_> = wanted.filter(|(l, h)| observer.wants(*l, *h)).collect();
        wanted.into_par_iter().try_for_each(|(layer, head)| {
            cancel.check()?;
            if let Some(weights) = self.head_weights(layer, head, range.start, range.end) {
                observer.head(layer, head, &weights);
            }
            Ok(())
        })
    }
}
