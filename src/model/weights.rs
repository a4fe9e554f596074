//! The weights of a network, loaded and checked, on `candle` tensors.

use super::ModelError;
use super::config::{Config, infer, span_name};
use crate::checkpoint::Checkpoint;
use candle_core::{Device, Tensor};

/// One attention head's own parameters.
#[derive(Debug, Clone)]
pub(super) struct Head {
    /// z in tokens; S for a fixed span.
    pub span: f32,
    /// Number of distances computed.
    pub reach: usize,
    /// Persistent keys, N × d, already times √d.
    pub pers_key: Vec<f32>,
    /// Persistent values, N × d, already times √N.
    pub pers_val: Vec<f32>,
}

/// LayerNorm parameters.
#[derive(Debug, Clone)]
pub(super) struct Norm {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

/// The feed-forward sublayer: W2·relu(W1·h + b1) + b2, and its norm.
#[derive(Debug, Clone)]
pub(super) struct FeedForward {
    pub fc1: Tensor,
    pub b1: Tensor,
    pub fc2: Tensor,
    pub b2: Tensor,
    pub norm: Norm,
}

#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// Projections, each D × D, transposed for `rows · W`.
    pub query: Tensor,
    pub key: Tensor,
    pub val: Tensor,
    pub out: Tensor,
    pub heads: Vec<Head>,
    /// Distances that enter the softmax of any of its heads.
    pub kept: usize,
    pub norm: Norm,
    pub ff: Option<FeedForward>,
}

/// One cluster of an adaptive input or output: a table, and a projection to D where the width differs.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    /// tokens × width.
    pub table: Tensor,
    /// Output bias, one per token.
    pub bias: Option<Tensor>,
    /// D × width.
    pub proj: Option<Tensor>,
}

#[derive(Debug, Clone)]
pub(super) struct Output {
    pub clusters: Vec<Cluster>,
    /// Logits of the further clusters: (clusters − 1) × D, and bias.
    pub cluster_proj: Option<(Tensor, Option<Tensor>)>,
}

/// A network ready to run.
#[derive(Debug, Clone)]
pub struct Network {
    pub(super) config: Config,
    pub(super) input: Vec<Cluster>,
    pub(super) output: Output,
    pub(super) layers: Vec<Layer>,
    /// S × d: row δ − 1 is p_δ.
    pub(super) positions: Vec<f32>,
    parameters: usize,
    assumed: Vec<String>,
}

/// z and reach of one head, in tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// z; S for a fixed span.
    pub span: f32,
    /// The number of distances with a mask above zero.
    pub reach: usize,
}

struct Loader<'a> {
    checkpoint: &'a Checkpoint,
    parameters: usize,
    /// The first tensor that holds infinities or what is no number.
    not_finite: Option<String>,
}

impl Loader<'_> {
    fn read(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        let info = self
            .checkpoint
            .info(name)
            .ok_or_else(|| ModelError::MissingTensor {
                path: self.checkpoint.path().to_owned(),
                name: name.to_owned(),
                found: self
                    .checkpoint
                    .names()
                    .take(4)
                    .collect::<Vec<_>>()
                    .join(", "),
            })?;
        if info.shape != shape {
            return Err(ModelError::shape(
                self.checkpoint,
                name,
                &info.shape,
                &format!("{shape:?}"),
            ));
        }
        self.parameters += info.elements();
        let values = self.checkpoint.read(name)?;
        if self.not_finite.is_none() && values.iter().any(|value| !value.is_finite()) {
            self.not_finite = Some(name.to_owned());
        }
        Ok(values)
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        Ok(Tensor::from_vec(
            self.read(name, shape)?,
            shape,
            &Device::Cpu,
        )?)
    }

    fn norm(&mut self, name: &str, width: usize) -> Result<Norm, ModelError> {
        Ok(Norm {
            weight: self.read(&format!("{name}.weight"), &[width])?,
            bias: self.read(&format!("{name}.bias"), &[width])?,
        })
    }

    fn has(&self, name: &str) -> bool {
        self.checkpoint.info(name).is_some()
    }
}

impl Network {
    /// Loads every weight; `ramp` overrides R.
    ///
    /// # Errors
    /// When a tensor is missing or its shape does not fit; the error names it.
    pub fn load(checkpoint: &Checkpoint, ramp: Option<usize>) -> Result<Self, ModelError> {
        let (config, mut assumed) = infer(checkpoint, ramp)?;
        let mut loader = Loader {
            checkpoint,
            parameters: 0,
            not_finite: None,
        };
        let (d, dim) = (config.head_dim(), config.hidden_size);
        let key_pe = loader.read("key_pe", &[1, d, config.attn_span])?;
        let span = config.attn_span;
        let mut positions = vec![0.0; span * d];
        for (i, row) in key_pe.chunks_exact(span).enumerate() {
            for (distance, p) in row.iter().rev().enumerate() {
                positions[distance * d + i] = *p;
            }
        }
        let layers = (0..config.nb_layers)
            .map(|i| layer(&mut loader, &config, i))
            .collect::<Result<_, _>>()?;
        let (input, output) = match &config.adapt_io {
            None => {
                let table = loader.tensor("in_emb.weight", &[config.vocab_size, dim])?;
                let out = Cluster {
                    table: loader.tensor("out_emb.weight", &[config.vocab_size, dim])?,
                    bias: Some(loader.tensor("out_emb.bias", &[config.vocab_size])?),
                    proj: None,
                };
                let input = vec![Cluster {
                    table,
                    bias: None,
                    proj: None,
                }];
                (
                    input,
                    Output {
                        clusters: vec![out],
                        cluster_proj: None,
                    },
                )
            }
            Some(io) => {
                let cutoffs = io.cutoffs.clone();
                let input = clusters(&mut loader, dim, &cutoffs, "in_emb", "emb")?;
                let before = loader.parameters;
                let out = clusters(&mut loader, dim, &cutoffs, "out_emb", "out")?;
                if io.tied {
                    // Shared weights count once.
                    loader.parameters = before;
                }
                let further = cutoffs.len() - 1;
                let cluster_proj = if further > 0 {
                    let weight = loader.tensor("out_emb.cluster_proj.weight", &[further, dim])?;
                    let bias = match loader.has("out_emb.cluster_proj.bias") {
                        true => Some(loader.tensor("out_emb.cluster_proj.bias", &[further])?),
                        false => None,
                    };
                    Some((weight, bias))
                } else {
                    None
                };
                (
                    input,
                    Output {
                        clusters: out,
                        cluster_proj,
                    },
                )
            }
        };
        if let Some(name) = loader.not_finite {
            assumed.push(format!(
                "usable although tensor {name} holds infinities or what is no number: so may all results; the training \
                 may have diverged"
            ));
        }
        Ok(Self {
            config,
            input,
            output,
            layers,
            positions,
            parameters: loader.parameters,
            assumed,
        })
    }

    /// The architecture.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Number of trained parameters, shared ones counted once.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// What was assumed because the file does not say, in words.
    pub fn assumed(&self) -> &[String] {
        &self.assumed
    }

    /// z and reach of every head, layer by layer.
    pub fn spans(&self) -> Vec<Span> {
        let layers = self.layers.iter().enumerate();
        layers
            .flat_map(|(layer, weights)| {
                let heads = weights.heads.iter().enumerate();
                heads.map(move |(head, h)| Span {
                    layer,
                    head,
                    span: h.span,
                    reach: h.reach,
                })
            })
            .collect()
    }
}

fn layer(loader: &mut Loader<'_>, config: &Config, i: usize) -> Result<Layer, ModelError> {
    let dim = config.hidden_size;
    let mut proj = |part: &str| -> Result<Tensor, ModelError> {
        Ok(loader
            .tensor(&format!("layers.{i}.attn.proj_{part}.weight"), &[dim, dim])?
            .t()?
            .contiguous()?)
    };
    let (query, key, val, out) = (proj("query")?, proj("key")?, proj("val")?, proj("out")?);
    let ff = if config.inner_hidden_size > 0 {
        let inner = config.inner_hidden_size;
        let name = |part: &str| format!("layers.{i}.ff.{part}");
        Some(FeedForward {
            fc1: loader
                .tensor(&name("fc1.weight"), &[inner, dim])?
                .t()?
                .contiguous()?,
            b1: loader.tensor(&name("fc1.bias"), &[inner])?,
            fc2: loader
                .tensor(&name("fc2.weight"), &[dim, inner])?
                .t()?
                .contiguous()?,
            b2: loader.tensor(&name("fc2.bias"), &[dim])?,
            norm: loader.norm(&format!("layers.{i}.norm2"), dim)?,
        })
    } else {
        None
    };
    let heads = heads(loader, config, i)?;
    let longest = heads.iter().map(|head| head.reach).max().unwrap_or(0);
    Ok(Layer {
        query,
        key,
        val,
        out,
        kept: super::mask::kept(longest, config.attn_span),
        heads,
        norm: loader.norm(&format!("layers.{i}.norm1"), dim)?,
        ff,
    })
}

fn heads(loader: &mut Loader<'_>, config: &Config, i: usize) -> Result<Vec<Head>, ModelError> {
    let (nb_heads, d, n) = (config.nb_heads, config.head_dim(), config.pers_mem_size);
    let spans: Vec<f32> = match span_name(loader.checkpoint, i) {
        Some(name) => {
            let shape = loader
                .checkpoint
                .info(&name)
                .map(|info| info.shape.clone())
                .unwrap_or_default();
            let values = loader.read(&name, &shape)?;
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                return Err(ModelError::SpanValue {
                    path: loader.checkpoint.path().to_owned(),
                    name,
                    value: *value,
                });
            }
            match values.len() {
                // fairseq's layer-wise variant: one span for all heads.
                1 => vec![values[0]; nb_heads],
                len if len == nb_heads => values,
                _ => {
                    let expected = format!("one value or {nb_heads}, one per head");
                    return Err(ModelError::shape(
                        loader.checkpoint,
                        &name,
                        &shape,
                        &expected,
                    ));
                }
            }
        }
        None => vec![1.0; nb_heads],
    };
    let (keys, vals) = if n > 0 {
        let name = |part: &str| format!("layers.{i}.attn.attn.persistent_memory.{part}");
        (
            loader.read(&name("key"), &[nb_heads, d, n])?,
            loader.read(&name("val"), &[nb_heads, n, d])?,
        )
    } else {
        (Vec::new(), Vec::new())
    };
    let heads = spans.iter().enumerate().map(|(h, value)| {
        let span = value.clamp(0.0, 1.0) * config.attn_span as f32;
        let reach = match config.adapt_span {
            true => super::mask::reach(span, config.adapt_span_ramp, config.attn_span),
            false => config.attn_span,
        };
        let mut pers_key = vec![0.0; n * d];
        let scale = (d as f32).sqrt();
        for feature in 0..if n > 0 { d } else { 0 } {
            for vector in 0..n {
                pers_key[vector * d + feature] = scale * keys[(h * d + feature) * n + vector];
            }
        }
        let scale = (n as f32).sqrt();
        let pers_val = vals
            .iter()
            .skip(h * n * d)
            .take(n * d)
            .map(|v| scale * v)
            .collect();
        Head {
            span,
            reach,
            pers_key,
            pers_val,
        }
    });
    Ok(heads.collect())
}

fn clusters(
    loader: &mut Loader<'_>,
    dim: usize,
    cutoffs: &[usize],
    side: &str,
    part: &str,
) -> Result<Vec<Cluster>, ModelError> {
    let mut start = 0;
    let mut clusters = Vec::new();
    for (c, &end) in cutoffs.iter().enumerate() {
        let name = format!("{side}.{part}_layers.{c}.weight");
        let width = loader
            .checkpoint
            .info(&name)
            .and_then(|info| info.shape.get(1).copied())
            .unwrap_or(dim);
        let table = loader.tensor(&name, &[end - start, width])?;
        let name = format!("{side}.{part}_layers.{c}.bias");
        let bias = if loader.has(&name) {
            Some(loader.tensor(&name, &[end - start])?)
        } else {
            None
        };
        let name = format!("{side}.{part}_projs.{c}");
        let proj = if loader.has(&name) {
            Some(loader.tensor(&name, &[dim, width])?)
        } else {
            None
        };
        clusters.push(Cluster { table, bias, proj });
        start = end;
    }
    Ok(clusters)
}
