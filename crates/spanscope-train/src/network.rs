//! The forward pass of a network in training, as tensors that remember where they come from.

use super::attention::{Heads, Tensors, attend};
use super::dropout::Dropout;
use super::embedding::{embed, loss};
use super::layers::{Weights, add_norm, feed_forward, linear};
use super::options::Options;
use super::parameters::{Parameters, span_name};
use candle_core::{Device, Result, Tensor};
use spanscope_core::model::Config;

/// Tokens by which a cache is longer than a layer's longest band, because the band may grow at the next steps.
const ROOM_TO_GROW: usize = 64;

/// Where a dropout stands in a layer.
const ATTENTION: u64 = 0;
const FEED_FORWARD: u64 = 1;

/// What dropout depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance {
    /// Of the run.
    pub seed: u64,
    /// Of the step, and of the part of the batch.
    pub step: u64,
}

/// A network and how it is trained.
#[derive(Debug)]
pub(super) struct Trainee {
    pub config: Config,
    pub parameters: Parameters,
    pub dropout: f32,
    pub emb_dropout: f32,
    pub device: Device,
}

/// What came before a block: per layer, the layer's input at the last tokens, B × C × D. Zeros stand before the text's start.
pub(super) type Cache = Vec<Tensor>;

impl Trainee {
    pub fn new(options: &Options, config: Config, device: &Device) -> Result<Self> {
        Ok(Self {
            parameters: Parameters::begin(options, &config, device)?,
            config,
            dropout: options.dropout as f32,
            emb_dropout: options.emb_dropout as f32,
            device: device.clone(),
        })
    }

    /// Nothing before the text.
    pub fn cold(&self, batch: usize) -> Result<Cache> {
        let shape = (batch, 0, self.config.hidden_size);
        let empty = Tensor::zeros(shape, self.parameters.get("key_pe")?.dtype(), &self.device)?;
        Ok(vec![empty; self.config.nb_layers])
    }

    /// The sum over a block of −log p of the tokens that follow, in nats, and the cache for the next block. `ids` is B × T,
    /// row by row; so are `targets`. Without `chance` nothing is dropped.
    pub fn loss(
        &self,
        ids: &[u32],
        targets: &[u32],
        cache: &[Tensor],
        chance: Option<Chance>,
    ) -> Result<(Tensor, Cache)> {
        let batch = cache.first().map_or(Ok(1), |layer| layer.dim(0))?;
        let tokens = ids.len() / batch.max(1);
        let dim = self.config.hidden_size;
        let dropout = |rate: f32, place: u64| match chance {
            Some(chance) if rate > 0.0 => Dropout::new(rate, chance.seed, chance.step, place),
            _ => Dropout::NONE,
        };
        let heads = self.heads()?;
        let widest = heads.iter().map(Heads::longest).max().unwrap_or(0);
        let limit = self.config.attn_span;
        // All layers share the positions, so they are cut out, and their gradients put back, once.
        let positions = self.parameters.get("key_pe")?.squeeze(0)?;
        let positions = positions.narrow(1, limit - widest, widest)?.contiguous()?;
        let places = 4 * self.config.nb_layers as u64;
        let mut hidden = embed(
            &self.parameters,
            &self.config,
            ids,
            dropout(self.emb_dropout, places),
        )?
        .reshape((batch, tokens, dim))?;
        let mut next = Vec::with_capacity(cache.len());
        for (i, (heads, cached)) in heads.iter().zip(cache).enumerate() {
            let longest = heads.longest();
            let all = Tensor::cat(&[cached, &hidden], 1)?;
            let keep = all.dim(1)?.min((longest + ROOM_TO_GROW).min(limit));
            next.push(
                all.narrow(1, all.dim(1)? - keep, keep)?
                    .detach()
                    .contiguous()?,
            );
            let context = longest.min(cached.dim(1)?);
            let seen = all.narrow(1, all.dim(1)? - tokens - context, context + tokens)?;
            let seen = seen.pad_with_zeros(1, longest - context, 0)?;
            let place = 4 * i as u64;
            let name = |part: &str| format!("layers.{i}.{part}");
            let get = |part: &str| self.parameters.get(&name(part));
            let q = linear(&hidden, get("attn.proj_query.weight")?)?;
            let kv = Tensor::cat(
                &[get("attn.proj_key.weight")?, get("attn.proj_val.weight")?],
                0,
            )?;
            let kv = linear(&seen.contiguous()?, &kv)?;
            let persistent = match heads.vectors {
                0 => None,
                _ => Some((
                    get("attn.attn.persistent_memory.key")?,
                    get("attn.attn.persistent_memory.val")?,
                )),
            };
            let span = match heads.spans {
                Some(_) => Some(self.parameters.get(&span_name(i))?),
                None => None,
            };
            let tensors = Tensors {
                positions: &positions,
                span,
                persistent,
            };
            let read = attend(
                heads,
                &q,
                &kv,
                &tensors,
                dropout(self.dropout, place + ATTENTION),
            )?;
            let read = linear(&read, get("attn.proj_out.weight")?)?;
            hidden = add_norm(&hidden, &read, get("norm1.weight")?, get("norm1.bias")?)?;
            if heads.vectors == 0 {
                let weights = Weights {
                    fc1: get("ff.fc1.weight")?,
                    b1: get("ff.fc1.bias")?,
                    fc2: get("ff.fc2.weight")?,
                    b2: get("ff.fc2.bias")?,
                };
                let dropped = dropout(self.dropout, place + FEED_FORWARD);
                let more = feed_forward(&hidden, weights, dropped)?;
                hidden = add_norm(&hidden, &more, get("norm2.weight")?, get("norm2.bias")?)?;
            }
        }
        let hidden = hidden.reshape((batch * tokens, dim))?;
        let dropped = dropout(self.emb_dropout, places + 1);
        let loss = loss(&self.parameters, &self.config, &hidden, targets, dropped)?;
        Ok((loss, next))
    }

    /// Σ over layers of S · mean `current_val`: what the span loss is a multiple of. `None` for fixed spans.
    pub fn mean_spans(&self) -> Result<Option<Tensor>> {
        if !self.config.adapt_span {
            return Ok(None);
        }
        let mut sum: Option<Tensor> = None;
        for i in 0..self.config.nb_layers {
            let mean = self.parameters.get(&span_name(i))?.mean_all()?;
            sum = Some(match sum {
                Some(sum) => (sum + mean)?,
                None => mean,
            });
        }
        sum.map(|sum| sum * self.config.attn_span as f64)
            .transpose()
    }

    /// What each layer's heads attend with, by the spans that they have now.
    fn heads(&self) -> Result<Vec<Heads>> {
        let config = &self.config;
        let spans = self.parameters.spans(config)?;
        Ok((0..config.nb_layers)
            .map(|i| Heads {
                heads: config.nb_heads,
                head_dim: config.head_dim(),
                limit: config.attn_span,
                vectors: config.pers_mem_size,
                spans: spans.get(i).map(|values| {
                    let tokens = values.iter().map(|v| v * config.attn_span as f32);
                    (config.adapt_span_ramp.ceil(), tokens.collect())
                }),
            })
            .collect())
    }
}
