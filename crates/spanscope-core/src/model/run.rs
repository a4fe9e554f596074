//! Running a network over a text, and keeping what later questions need.

use super::architecture::Rope;
use super::attention;
use super::band::{Context, Queries};
use super::cache::{BLOCK_TOKENS, Blocks, HeadCache};
use super::device::Windows;
use super::forward::{self, Caches, context, with_scratch};
use super::head_weights::HeadWeights;
use super::kept_norms::KeptNorms;
use super::observer::Observer;
use super::stored_weights::StoredLayer;
use super::weights::Network;
use super::{Cancel, ModelError, output};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// A network's run over a text. It can be cut back and extended, so an edit costs what follows it; a clone shares
/// what both have in common.
#[derive(Debug, Clone)]
pub struct Run {
    network: Arc<Network>,
    pub(super) ids: Vec<u32>,
    /// The length that the text will have, where positions depend on it.
    pub(super) length: usize,
    /// Keys, values and queries, by layer and head.
    pub(super) caches: Vec<Vec<HeadCache>>,
    /// Weights by layer, where they come from a file as they are.
    pub(super) stored: Option<Vec<StoredLayer>>,
    /// The last layer's output: D numbers per token; nothing in a recorded run.
    hidden: Blocks,
    /// The part of the caches that is on the device, where the network is on one.
    windows: Windows,
    /// Norms of what heads would write of tokens, as far as somebody wanted them.
    pub(super) norms: KeptNorms,
}

/// Tokens that go through the layers together.
pub const BLOCK: usize = 512;

impl Run {
    /// Memory that a run keeps for every token that it has not forgotten, in bytes: queries, keys and values of every
    /// layer, and the last one's output.
    pub fn bytes_per_token(network: &Network) -> usize {
        let of = network.architecture();
        let layers = of.layers.iter().map(|layer| {
            let of = &layer.attention;
            let keys_and_values = of.head_dim + super::cache::value_width(of.head_dim);
            // And the norm of the longest key, and of what each head would write of the token.
            of.heads * (of.head_dim + 1) + of.kv_heads * (keys_and_values + 1)
        });
        (layers.sum::<usize>() + of.width) * size_of::<f32>()
    }

    /// An empty run.
    pub fn new(network: Arc<Network>) -> Self {
        let heads = |layer: &super::weights::Layer| {
            let mut cache = HeadCache::new(layer.spec.attention.head_dim);
            let first = layer.heads.iter().map(|head| head.first).max();
            cache.pin(first.unwrap_or(0).div_ceil(BLOCK_TOKENS));
            vec![cache; layer.heads.len()]
        };
        Self {
            caches: network.layers.iter().map(heads).collect(),
            stored: None,
            hidden: Blocks::new(network.architecture().width),
            ids: Vec::new(),
            length: 0,
            windows: Windows::default(),
            norms: KeptNorms::new(network.layers.iter().map(|layer| layer.heads.len())),
            network,
        }
    }

    /// A clone to be kept for later: it shares what is in main memory, and leaves nothing on a device.
    pub fn to_keep(&self) -> Self {
        Self {
            network: Arc::clone(&self.network),
            ids: self.ids.clone(),
            length: self.length,
            caches: self.caches.clone(),
            stored: self.stored.clone(),
            hidden: self.hidden.clone(),
            windows: Windows::default(),
            norms: self.norms.clone(),
        }
    }

    /// The network.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// The tokens so far.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Memory of what it keeps, what it shares with its clones included, in bytes.
    pub fn bytes(&self) -> usize {
        let caches = self.caches.iter().flatten().map(HeadCache::bytes);
        let stored = self.stored.iter().flatten().map(StoredLayer::bytes);
        caches.sum::<usize>()
            + stored.sum::<usize>()
            + self.hidden.bytes()
            + self.norms.bytes()
            + size_of_val(self.ids.as_slice())
    }

    /// Cuts the text off after `len` tokens. A run that has [forgotten](Self::forget) what would stand before the
    /// cut begins anew, with no tokens.
    pub fn truncate(&mut self, len: usize) {
        if len >= self.ids.len() {
            return;
        }
        let len = if self.sees_all_before(len) { len } else { 0 };
        self.ids.truncate(len);
        self.cut(len);
    }

    /// Frees what no further token can see: of every head, keys and values beyond its reach. What was computed for
    /// these tokens cannot be asked for any more; a text of any length can so be run in bounded memory.
    ///
    /// Keys are kept as far as the longest reach of the layer: see ARCHITECTURE.md, "The numbers".
    pub fn forget(&mut self) {
        self.forget_before(self.ids.len());
    }

    /// As [`Run::forget`], but the tokens from `position` on can still be asked for.
    pub fn forget_before(&mut self, position: usize) {
        if self.forget_stored(position) {
            return;
        }
        // Whole blocks are kept, with what their first query needs.
        let len = position.min(self.ids.len()) / BLOCK_TOKENS * BLOCK_TOKENS;
        for (layer, caches) in self.network.layers.iter().zip(&mut self.caches) {
            for (i, cache) in caches.iter_mut().enumerate() {
                // Keys and values stay for all heads that read them.
                let readers = layer.heads.iter().filter(|head| head.keys == i);
                let (reach, kept) = readers.fold((0, 0), |(reach, kept), head| {
                    (head.reach.max(reach), head.kept.max(kept))
                });
                cache.forget(len, reach, kept);
            }
        }
        // The last one's output predicts the next token.
        self.hidden.forget(len.saturating_sub(1));
        // First tokens that a head keeps are asked for together with all that follow.
        let reach = |layer: usize, head: usize| {
            let head = &self.network.layers[layer].heads[head];
            if head.first > 0 { len } else { head.reach }
        };
        self.norms
            .forget(|layer, head| len.saturating_sub(reach(layer, head)));
    }

    /// True if everything that queries from `position` on can see is kept, and the run can go on there.
    fn sees_all_before(&self, position: usize) -> bool {
        let layers = self.network.layers.iter().zip(&self.caches);
        layers.into_iter().all(|(layer, caches)| {
            let mut heads = layer.heads.iter();
            heads.all(|head| caches[head.keys].sees(position, head.reach, head.kept))
        })
    }

    /// Drops the numbers of the tokens from position `len` on.
    fn cut(&mut self, len: usize) {
        self.hidden.truncate(len);
        self.windows.truncate(len);
        self.norms.truncate(len);
        let stored = self.stored.iter_mut().flatten();
        stored.for_each(|layer| layer.truncate(len));
        for cache in self.caches.iter_mut().flatten() {
            cache.truncate(len);
        }
    }

    /// Says how many tokens the text will have in all. Some networks turn all positions by angles that depend on it, once it is
    /// longer than they were trained for: where that changes, the run begins anew, with no tokens.
    pub fn for_length(&mut self, length: usize) {
        if !self.is_for_length(length) && !self.ids.is_empty() {
            self.ids.clear();
            self.cut(0);
        }
        self.length = length;
    }

    /// True if the tokens so far are at positions as a text of `length` tokens in all has them.
    pub fn is_for_length(&self, length: usize) -> bool {
        let same = |rope: &Rope| rope.regime(self.length) == rope.regime(length);
        self.network.ropes.iter().all(same)
    }

    /// Cuts the run back to what it shares with `ids`; returns the length kept.
    pub fn rewind(&mut self, ids: &[u32]) -> usize {
        let shared = self.ids.iter().zip(ids).take_while(|(a, b)| a == b).count();
        self.truncate(shared);
        shared.min(self.ids.len())
    }

    /// Makes this the run over `ids`, keeping what it shares with the tokens so far; returns the length kept.
    ///
    /// # Errors
    /// As [`Run::extend`].
    pub fn set(
        &mut self,
        ids: &[u32],
        cancel: &Cancel,
        observer: &dyn Observer,
    ) -> Result<usize, ModelError> {
        self.for_length(ids.len());
        let kept = self.rewind(ids);
        self.extend(&ids[kept..], BLOCK, cancel, observer)?;
        Ok(kept)
    }

    /// Runs the network over further tokens, `block` at a time; the block size changes no result.
    ///
    /// # Errors
    /// When an id is not in the vocabulary or the network is [recorded](Network::is_recorded) (nothing is run then), on
    /// cancellation, or when the device fails (whole blocks are kept).
    pub fn extend(
        &mut self,
        ids: &[u32],
        block: usize,
        cancel: &Cancel,
        observer: &dyn Observer,
    ) -> Result<(), ModelError> {
        if self.network.is_recorded() {
            return Err(ModelError::Recorded);
        }
        let vocab_size = self.network.architecture().vocab_size;
        if let Some(i) = ids.iter().position(|&id| id as usize >= vocab_size) {
            return Err(ModelError::TokenId {
                id: ids[i],
                at: self.ids.len() + i,
                vocab_size,
            });
        }
        let network = Arc::clone(&self.network);
        let dim = network.architecture().width;
        let end = self.ids.len() + ids.len();
        // Whoever said nothing gets what is right for the tokens so far.
        let length = self.length.max(end);
        if let Some(positions) = network.architecture().input.positions
            && length > positions.count
        {
            return Err(ModelError::TooLong {
                tokens: length,
                most: positions.count,
            });
        }
        for block in ids.chunks(block.max(1)) {
            let before = self.ids.len();
            cancel.check()?;
            let caches = &mut self.caches;
            let rows = match network.accelerator.get() {
                // On one of the threads that share the work: from outside, each step would have to wake them.
                None => rayon::scope(|_| {
                    let caches = Caches::Empty(caches);
                    forward::block(&network, caches, before, length, block, cancel, observer)
                }),
                Some(accelerator) => accelerator.block(
                    &network,
                    caches,
                    &mut self.windows,
                    before,
                    block,
                    cancel,
                    observer,
                ),
            };
            match rows {
                Ok(rows) => {
                    self.ids.extend_from_slice(block);
                    for (i, row) in rows.chunks_exact(dim).enumerate() {
                        self.hidden.put(before + i, row);
                    }
                }
                Err(error) => {
                    // A block that stopped half-way left keys in some layers only.
                    self.cut(before);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// A head's weights for the queries `from..to`, computed again from the queries and keys kept; `None` where
    /// there is no such head, or they are forgotten.
    pub fn head_weights(
        &self,
        layer: usize,
        head: usize,
        from: usize,
        to: usize,
    ) -> Option<HeadWeights> {
        let (from, to) = self.clamped(from, to);
        if self.has_stored_weights() {
            return self.stored_weights(layer, head, from, to);
        }
        let cx = self.head_context(layer, head, from..to)?;
        let mut all = attention::room(&cx, from, to - from);
        let tiles: Vec<Queries> = Queries::tiles(from, to).collect();
        let parts = all.parts(tiles.iter().map(|queries| queries.count));
        tiles
            .into_par_iter()
            .zip(parts)
            .with_max_len(1)
            .for_each(|(queries, part)| {
                with_scratch(|scratch| attention::weights(&cx, queries, scratch, part));
            });
        Some(all)
    }

    /// Tells `observer` once more what it was told of the tokens `from..to`, bit for bit, from the keys and values kept: nothing of
    /// the run changes. False where some of these are forgotten, or the run is recorded, which keeps no values.
    ///
    /// # Errors
    /// On cancellation; some of the tokens were told of then.
    pub fn again(
        &self,
        from: usize,
        to: usize,
        cancel: &Cancel,
        observer: &dyn Observer,
    ) -> Result<bool, ModelError> {
        let (from, to) = self.clamped(from, to);
        let layers = 0..self.network.layers.len();
        let kept = |layer: usize| {
            let heads = 0..self.network.layers[layer].heads.len();
            heads
                .into_iter()
                .all(|head| self.head_context(layer, head, from..to).is_some())
        };
        if self.network.is_recorded() || !layers.into_iter().all(kept) {
            return Ok(false);
        }
        let length = self.length.max(self.ids.len());
        for (i, block) in self.ids[from..to].chunks(BLOCK).enumerate() {
            cancel.check()?;
            let (first, caches) = (from + i * BLOCK, Caches::Filled(&self.caches));
            let network = &*self.network;
            rayon::scope(|_| {
                forward::block(network, caches, first, length, block, cancel, observer)
            })?;
        }
        Ok(true)
    }

    /// The part of `from..to` that lies within the text.
    pub(super) fn clamped(&self, from: usize, to: usize) -> (usize, usize) {
        let to = to.min(self.ids.len());
        (from.min(to), to)
    }

    /// The inputs from which the weights of some of a head's queries are computed; `None` where there is no such head, or they
    /// are forgotten.
    pub(super) fn head_context(
        &self,
        layer: usize,
        head: usize,
        queries: Range<usize>,
    ) -> Option<Context<'_>> {
        let of_layer = self.network.layers.get(layer)?;
        let parameters = of_layer.heads.get(head)?;
        let caches = self.caches.get(layer)?;
        let cache = caches.get(head)?;
        let first = queries.start;
        let keys = caches.get(parameters.keys)?;
        let is_kept = cache.has_query(first) && keys.sees(first, parameters.reach, parameters.kept);
        (queries.is_empty() || is_kept).then(|| context(&self.network, of_layer, caches, head))
    }

    /// Position of the first token whose weights can be asked for, whatever the head.
    pub fn first_kept(&self) -> usize {
        if let Some(first) = self.first_stored() {
            return first;
        }
        let caches = self.caches.iter().flatten();
        let first = caches.map(HeadCache::first_query).max().unwrap_or(0);
        first.min(self.ids.len())
    }

    /// log p of every token of the vocabulary after each of the tokens `from..to`: (to − from) × V, in nats. Nothing
    /// where some of them are forgotten.
    pub fn log_probs(&self, from: usize, to: usize) -> Vec<f32> {
        output::log_probs(&self.network, &self.hidden_rows(from, to))
    }

    /// −log p of `targets`, in nats: the i-th stands after the token at `from + i`. Nothing where some of these are
    /// forgotten.
    ///
    /// # Errors
    /// On cancellation.
    pub fn nll(
        &self,
        from: usize,
        targets: &[u32],
        cancel: &Cancel,
    ) -> Result<Vec<f32>, ModelError> {
        let mut nll = Vec::with_capacity(targets.len());
        for (i, targets) in targets.chunks(BLOCK).enumerate() {
            cancel.check()?;
            let from = from + i * BLOCK;
            let hidden = self.hidden_rows(from, from + targets.len());
            nll.extend(output::nll(&self.network, &hidden, targets));
        }
        Ok(nll)
    }

    /// The last layer's output for the tokens `from..to`; nothing where some of them are forgotten.
    fn hidden_rows(&self, from: usize, to: usize) -> Vec<f32> {
        let to = to.min(self.ids.len());
        let mut rows = Vec::new();
        if from < self.hidden.start() || self.network.is_recorded() {
            return rows;
        }
        for queries in Queries::tiles(from, to) {
            let at = queries.first % BLOCK_TOKENS;
            let block = queries.first / BLOCK_TOKENS;
            rows.extend_from_slice(self.hidden.rows(block, at..at + queries.count));
        }
        rows
    }
}
