//! Running a network over a text, and keeping what later questions need.

use super::attention::{Context, HeadWeights, TILE, read, weights};
use super::weights::{Layer, Network, Norm};
use super::{Cancel, ModelError, output};
use candle_core::{Device, Tensor};
use rayon::prelude::*;
use std::sync::Arc;

/// Is told what happens during a forward pass, tile by tile, from several threads.
pub trait Observer: Sync {
    /// A head's weights for some consecutive queries.
    fn head(&self, layer: usize, head: usize, weights: &HeadWeights) {
        let _ = (layer, head, weights);
    }

    /// A layer's output for the tokens from `first` on: n × D.
    fn hidden(&self, layer: usize, first: usize, rows: &[f32]) {
        let _ = (layer, first, rows);
    }
}

/// Observes nothing.
pub struct Blind;

impl Observer for Blind {}

/// Queries, keys and values of one layer: T × D each.
#[derive(Debug, Clone, Default)]
struct Cache {
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
}

/// A network's run over a text. It can be cut back and extended, so an edit costs what follows it.
#[derive(Debug, Clone)]
pub struct Run {
    network: Arc<Network>,
    ids: Vec<u32>,
    /// Position of the first token whose numbers are kept: 0 unless the run has forgotten some.
    start: usize,
    layers: Vec<Cache>,
    /// The last layer's output: D numbers per token.
    hidden: Vec<f32>,
}

/// Tokens that go through the layers together.
pub const BLOCK: usize = 512;

impl Run {
    /// Memory that a run keeps for every token, in bytes: queries, keys and values of every layer, and the output.
    pub fn bytes_per_token(network: &Network) -> usize {
        let config = &network.config;
        (3 * config.nb_layers + 1) * config.hidden_size * size_of::<f32>()
    }

    /// An empty run.
    pub fn new(network: Arc<Network>) -> Self {
        let layers = vec![Cache::default(); network.layers.len()];
        Self {
            network,
            ids: Vec::new(),
            start: 0,
            layers,
            hidden: Vec::new(),
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

    /// Cuts the text off after `len` tokens. A run that has [forgotten](Self::forget) what would stand before the
    /// cut begins anew, with no tokens.
    pub fn truncate(&mut self, len: usize) {
        if len >= self.ids.len() {
            return;
        }
        let len = if self.sees_all_before(len) {
            len
        } else {
            self.start = 0;
            0
        };
        self.ids.truncate(len);
        self.cut(len);
    }

    /// Frees the memory of tokens that no further token can see. What was computed for them cannot be asked for
    /// any more; a text of any length can so be run in bounded memory.
    pub fn forget(&mut self) {
        let span = self.network.config.attn_span;
        let first = self.ids.len().saturating_sub(span);
        let rows = first.saturating_sub(self.start);
        // Now and then, not for every block: what remains has to be moved.
        if rows <= span / 4 {
            return;
        }
        let n = rows * self.network.config.hidden_size;
        self.start = first;
        self.hidden.drain(..n);
        for layer in &mut self.layers {
            layer.q.drain(..n);
            layer.k.drain(..n);
            layer.v.drain(..n);
        }
    }

    /// Whether everything that a query at `position` can see is kept.
    fn sees_all_before(&self, position: usize) -> bool {
        self.start == 0 || position >= self.start + self.network.config.attn_span
    }

    /// Drops the rows of the tokens from position `len` on.
    fn cut(&mut self, len: usize) {
        let n = len.saturating_sub(self.start) * self.network.config.hidden_size;
        self.hidden.truncate(n);
        for layer in &mut self.layers {
            layer.q.truncate(n);
            layer.k.truncate(n);
            layer.v.truncate(n);
        }
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
        let kept = self.rewind(ids);
        self.extend(&ids[kept..], BLOCK, cancel, observer)?;
        Ok(kept)
    }

    /// Runs the network over further tokens, `block` at a time; the block size changes no result.
    ///
    /// # Errors
    /// When an id is not in the vocabulary (nothing is run then), or on cancellation (whole blocks are kept).
    pub fn extend(
        &mut self,
        ids: &[u32],
        block: usize,
        cancel: &Cancel,
        observer: &dyn Observer,
    ) -> Result<(), ModelError> {
        let vocab_size = self.network.config.vocab_size;
        if let Some(i) = ids.iter().position(|&id| id as usize >= vocab_size) {
            return Err(ModelError::TokenId {
                id: ids[i],
                at: self.ids.len() + i,
                vocab_size,
            });
        }
        for block in ids.chunks(block.max(1)) {
            let before = self.ids.len();
            let result = self.block(block, cancel, observer);
            match result {
                Ok(rows) => {
                    self.ids.extend_from_slice(block);
                    self.hidden.extend_from_slice(&rows);
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

    fn block(
        &mut self,
        ids: &[u32],
        cancel: &Cancel,
        observer: &dyn Observer,
    ) -> Result<Vec<f32>, ModelError> {
        let network = Arc::clone(&self.network);
        let (first, dim) = (self.ids.len(), network.config.hidden_size);
        let mut hidden = output::embed(&network, ids)?;
        for (index, (layer, cache)) in network.layers.iter().zip(&mut self.layers).enumerate() {
            cancel.check()?;
            let x = Tensor::from_slice(&hidden, (ids.len(), dim), &Device::Cpu)?;
            cache.q.extend(rows(&x.matmul(&layer.query)?)?);
            cache.k.extend(rows(&x.matmul(&layer.key)?)?);
            cache.v.extend(rows(&x.matmul(&layer.val)?)?);
            let read = attend(
                &network,
                layer,
                cache,
                self.start,
                index,
                first,
                ids.len(),
                cancel,
                observer,
            )?;
            let read = Tensor::from_vec(read, (ids.len(), dim), &Device::Cpu)?;
            add_norm(&mut hidden, &rows(&read.matmul(&layer.out)?)?, &layer.norm);
            if let Some(ff) = &layer.ff {
                let x = Tensor::from_slice(&hidden, (ids.len(), dim), &Device::Cpu)?;
                let inner = x.matmul(&ff.fc1)?.broadcast_add(&ff.b1)?.relu()?;
                add_norm(
                    &mut hidden,
                    &rows(&inner.matmul(&ff.fc2)?.broadcast_add(&ff.b2)?)?,
                    &ff.norm,
                );
            }
            observer.hidden(index, first, &hidden);
        }
        Ok(hidden)
    }

    /// A head's weights for the queries `from..to`, computed again from the queries and keys kept; `None` where
    /// there is no such head, or its keys are forgotten.
    pub fn head_weights(
        &self,
        layer: usize,
        head: usize,
        from: usize,
        to: usize,
    ) -> Option<HeadWeights> {
        let to = to.min(self.ids.len());
        let weights_of = self.network.layers.get(layer)?;
        let parameters = weights_of.heads.get(head)?;
        if !self.sees_all_before(from) {
            return None;
        }
        let cx = context(
            &self.network,
            weights_of,
            self.layers.get(layer)?,
            self.start,
        );
        let tiles: Vec<HeadWeights> = tiles(from.min(to), to - from.min(to))
            .into_par_iter()
            .map(|(first, n)| weights(cx, head, parameters, first, n))
            .collect();
        let mut all = HeadWeights {
            first: from.min(to),
            queries: to - from.min(to),
            reach: parameters.reach,
            vectors: self.network.config.pers_mem_size,
            weights: Vec::new(),
            persistent: Vec::new(),
            empty: Vec::new(),
        };
        for tile in tiles {
            all.weights.extend(tile.weights);
            all.persistent.extend(tile.persistent);
            all.empty.extend(tile.empty);
        }
        Some(all)
    }

    /// log p of every token of the vocabulary after each of the tokens `from..to`: (to − from) × V, in nats. Nothing
    /// where some of them are forgotten.
    ///
    /// # Errors
    /// When the tensor library reports one.
    pub fn log_probs(&self, from: usize, to: usize) -> Result<Vec<f32>, ModelError> {
        output::log_probs(&self.network, self.hidden_rows(from, to))
    }

    /// −log p of `targets`, in nats: the i-th stands after the token at `from + i`.
    ///
    /// # Errors
    /// When the tensor library reports one, or on cancellation.
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
            nll.extend(output::nll(
                &self.network,
                self.hidden_rows(from, from + targets.len()),
                targets,
            )?);
        }
        Ok(nll)
    }

    fn hidden_rows(&self, from: usize, to: usize) -> &[f32] {
        let dim = self.network.config.hidden_size;
        match (from.checked_sub(self.start), to.checked_sub(self.start)) {
            (Some(from), Some(to)) => self.hidden.get(from * dim..to * dim).unwrap_or_default(),
            _ => &[],
        }
    }
}

fn rows(x: &Tensor) -> Result<Vec<f32>, ModelError> {
    Ok(x.flatten_all()?.to_vec1()?)
}

fn context<'a>(network: &'a Network, layer: &Layer, cache: &'a Cache, start: usize) -> Context<'a> {
    let kept = layer.kept * network.config.head_dim();
    Context {
        start,
        q: &cache.q,
        k: &cache.k,
        v: &cache.v,
        positions: &network.positions[..kept.min(network.positions.len())],
        hidden: network.config.hidden_size,
        dim: network.config.head_dim(),
        ramp: network
            .config
            .adapt_span
            .then_some(network.config.adapt_span_ramp),
    }
}

fn tiles(first: usize, queries: usize) -> Vec<(usize, usize)> {
    (0..queries)
        .step_by(TILE)
        .map(|i| (first + i, TILE.min(queries - i)))
        .collect()
}

#[allow(clippy::too_many_arguments)]
fn attend(
    network: &Network,
    layer: &Layer,
    cache: &Cache,
    start: usize,
    index: usize,
    first: usize,
    queries: usize,
    cancel: &Cancel,
    observer: &dyn Observer,
) -> Result<Vec<f32>, ModelError> {
    let cx = context(network, layer, cache, start);
    let jobs: Vec<(usize, usize, usize)> = tiles(first, queries)
        .into_iter()
        .flat_map(|(at, n)| (0..layer.heads.len()).map(move |head| (head, at, n)))
        .collect();
    let parts: Vec<(usize, usize, Vec<f32>)> = jobs
        .into_par_iter()
        .map(|(head, at, n)| {
            cancel.check()?;
            let parameters = &layer.heads[head];
            let tile = weights(cx, head, parameters, at, n);
            observer.head(index, head, &tile);
            Ok((head, at, read(cx, head, parameters, &tile)))
        })
        .collect::<Result<_, ModelError>>()?;
    let mut out = vec![0.0; queries * cx.hidden];
    for (head, at, part) in parts {
        for (i, row) in part.chunks_exact(cx.dim).enumerate() {
            let to = (at - first + i) * cx.hidden + head * cx.dim;
            out[to..to + cx.dim].copy_from_slice(row);
        }
    }
    Ok(out)
}

/// hidden ← LayerNorm(hidden + more), ε = 1e-5.
fn add_norm(hidden: &mut [f32], more: &[f32], norm: &Norm) {
    let width = norm.weight.len();
    for (row, more) in hidden.chunks_exact_mut(width).zip(more.chunks_exact(width)) {
        row.iter_mut().zip(more).for_each(|(h, m)| *h += m);
        let mean = row.iter().sum::<f32>() / width as f32;
        let variance = row.iter().map(|h| (h - mean) * (h - mean)).sum::<f32>() / width as f32;
        let scale = 1.0 / (variance + 1e-5).sqrt();
        for ((h, w), b) in row.iter_mut().zip(&norm.weight).zip(&norm.bias) {
            *h = (*h - mean) * scale * w + b;
        }
    }
}
