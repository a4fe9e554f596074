//! Weights that a file holds as they are: of runs whose queries and keys are not known.

use super::Run;
use super::cache::{BLOCK_TOKENS, HeadCache};
use super::head_weights::HeadWeights;
use super::weights::Network;
use std::ops::Range;
use std::sync::Arc;

/// The weights of one layer for consecutive queries.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoredRows {
    /// Queries × H × K: by distance, the nearest first; or on [`keys`](Self::keys); or, where queries see later tokens, by key, the first
    /// token first.
    pub weights: Vec<f32>,
    /// The positions of the tokens that the weights fall on, queries × H × K; `None` where they stand by distance.
    pub keys: Option<Vec<u32>>,
    /// Queries × H: the weight on every head's learned sink; nothing where there are none.
    pub sinks: Vec<f32>,
    /// Tokens of the text, where queries see later ones as well; 0 where they do not.
    pub tokens: usize,
}

/// The rows of one layer that came in together.
#[derive(Debug)]
struct Block {
    queries: Range<usize>,
    rows: StoredRows,
}

/// The weights of one layer, as far as they are at hand: consecutive blocks.
#[derive(Debug, Clone, Default)]
pub(super) struct StoredLayer {
    blocks: Vec<Arc<Block>>,
}

impl StoredLayer {
    /// The position of the first query that is there.
    pub fn first(&self) -> Option<usize> {
        self.blocks.first().map(|block| block.queries.start)
    }

    /// Frees what no query from position `position` on needs.
    pub fn forget(&mut self, position: usize) {
        self.blocks.retain(|block| block.queries.end > position);
    }

    /// Drops the queries from position `len` on, in whole blocks.
    pub fn truncate(&mut self, len: usize) {
        self.blocks.retain(|block| block.queries.start < len);
    }

    /// Memory that it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let rows = self.blocks.iter().map(|block| &block.rows);
        rows.map(|rows| {
            size_of_val(rows.weights.as_slice())
                + rows.keys.as_deref().map_or(0, size_of_val)
                + size_of_val(rows.sinks.as_slice())
        })
        .sum()
    }

    /// The rows of the query at position `query`, and its place among them.
    fn of(&self, query: usize) -> Option<(&StoredRows, usize, usize)> {
        let after = self.blocks.partition_point(|b| b.queries.end <= query);
        let block = self.blocks.get(after)?;
        let at = query.checked_sub(block.queries.start)?;
        Some((&block.rows, at, block.queries.len()))
    }
}

impl StoredRows {
    /// The weights of query `at` of `queries` in head `head` of `heads`, and their keys.
    fn row(
        &self,
        at: usize,
        queries: usize,
        (head, heads): (usize, usize),
    ) -> (&[f32], Option<&[u32]>) {
        let width = self.weights.len() / (queries * heads).max(1);
        let from = (at * heads + head) * width;
        let keys = self.keys.as_ref();
        (
            self.weights.get(from..from + width).unwrap_or_default(),
            keys.map(|keys| keys.get(from..from + width).unwrap_or_default()),
        )
    }
}

impl Run {
    /// A run over the tokens `before`, whose weights come from a file from the query at position `before.len()` on.
    pub fn stored(network: Arc<Network>, before: Vec<u32>) -> Self {
        let (dim, first) = (network.architecture().head_dim(), before.len());
        let mut run = Self::new(network);
        for cache in run.caches.iter_mut().flatten() {
            *cache = HeadCache::recorded(dim, first, first, 0.0);
        }
        run.stored = Some(vec![StoredLayer::default(); run.caches.len()]);
        run.ids = before;
        run
    }

    /// Puts in further tokens with their weights, layer by layer; of a run that [`stored`](Self::stored) began.
    pub fn put_stored(&mut self, ids: &[u32], layers: Vec<StoredRows>) {
        let first = self.ids.len();
        let queries = first..first + ids.len();
        let Some(stored) = self.stored.as_mut().filter(|_| !ids.is_empty()) else {
            return;
        };
        for (layer, rows) in stored.iter_mut().zip(layers) {
            let queries = queries.clone();
            layer.blocks.push(Arc::new(Block { queries, rows }));
        }
        self.ids.extend_from_slice(ids);
    }

    /// True if its weights are those of a file, and no queries and keys are known.
    pub fn has_stored_weights(&self) -> bool {
        self.stored.is_some()
    }

    /// The position of the first query whose weights are stored.
    pub(super) fn first_stored(&self) -> Option<usize> {
        let layer = self.stored.as_ref()?.first()?;
        Some(layer.first().unwrap_or(self.ids.len()))
    }

    /// Frees the weights of all queries before whole blocks of `position`; false where none are stored.
    pub(super) fn forget_stored(&mut self, position: usize) -> bool {
        let Some(stored) = &mut self.stored else {
            return false;
        };
        let position = position.min(self.ids.len()) / BLOCK_TOKENS * BLOCK_TOKENS;
        stored.iter_mut().for_each(|layer| layer.forget(position));
        true
    }

    /// The stored weights of the queries `from..to` of a head; `None` where there is no such head, or some are forgotten.
    pub(super) fn stored_weights(
        &self,
        layer: usize,
        head: usize,
        from: usize,
        to: usize,
    ) -> Option<HeadWeights> {
        let rows = self.stored.as_ref()?.get(layer)?;
        let of_layer = self.network().layers.get(layer)?;
        let of = of_layer.heads.get(head)?;
        // As wide as the text so far, where the head sees all of it.
        let reach = of.reach.min((to + of.shift()).saturating_sub(1));
        let mut all = HeadWeights::room(from, to - from, of, reach);
        all.weights.fill(0.0);
        if of_layer.spec.attention.bidirectional {
            let tokens = rows.of(from).map_or(0, |(rows, ..)| rows.tokens);
            all = all.with_later(tokens);
        }
        for query in from..to {
            let (rows, at, queries) = rows.of(query)?;
            let heads = (head, of_layer.heads.len());
            let (weights, keys) = rows.row(at, queries, heads);
            let seen = all.keys(query);
            let start = (query - from) * reach;
            let out = &mut all.weights[start..start + reach];
            match keys {
                None if all.tokens > 0 => {
                    let (earlier, later) = weights.split_at(weights.len().min(query + 1));
                    let earlier = earlier.iter().rev();
                    out.iter_mut()
                        .zip(earlier)
                        .for_each(|(to, from)| *to = *from);
                    let places = all.on_later_mut(query).iter_mut();
                    places.zip(later).for_each(|(to, from)| *to = *from);
                }
                None => {
                    let count = weights.len().min(seen.len());
                    out[..count].copy_from_slice(&weights[..count]);
                }
                Some(keys) => {
                    for (weight, key) in weights.iter().zip(keys) {
                        let key = *key as usize;
                        // Zeros fill up rows that have fewer.
                        if *weight <= 0.0 {
                            continue;
                        }
                        if seen.contains(&key) {
                            all.weights[start + seen.end - 1 - key] = *weight;
                        } else if let Some(ahead) = key.checked_sub(query + 1)
                            && let Some(place) = all.on_later_mut(query).get_mut(ahead)
                        {
                            *place = *weight;
                        }
                    }
                }
            }
            if let (Some(sink), Some(weight)) = (
                all.sink.get_mut(query - from),
                rows.sinks.get(at * heads.1 + head),
            ) {
                *sink = *weight;
            }
        }
        Some(all)
    }
}
