//! The weights of a network, laid out for the forward pass.

use super::config::Config;
use super::device::Accelerator;
use super::kernel::{Numbers, Packed};
use super::parts::Part;
use std::sync::{Arc, OnceLock};

/// One attention head's own parameters.
#[derive(Debug)]
pub(super) struct Head {
    /// z in tokens; S for a fixed span.
    pub span: f32,
    /// Number of distances computed.
    pub reach: usize,
    /// Whether a soft mask follows the softmax.
    pub adaptive: bool,
    /// The soft mask of the farthest distances, `reach` first: those where it is below 1.
    pub ramp: Vec<f32>,
    /// Distances that the published code puts into the layer's softmax.
    pub kept: usize,
    /// The norm of the longest p_δ with δ beyond the reach and no more than `kept`.
    pub longest_far_position: f32,
    /// Persistent keys, N × d, already times √d.
    pub pers_key: Packed,
    /// Persistent values already times √N: N rows, each filled up to whole vectors.
    pub pers_val: Numbers,
}

impl Head {
    /// N.
    pub fn vectors(&self) -> usize {
        self.pers_key.outputs()
    }
}

/// LayerNorm parameters.
#[derive(Debug)]
pub(super) struct Norm {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

/// The feed-forward sublayer: W2·relu(W1·h + b1) + b2, and its norm.
#[derive(Debug)]
pub(super) struct FeedForward {
    pub fc1: Packed,
    pub b1: Vec<f32>,
    pub fc2: Packed,
    pub b2: Vec<f32>,
    pub norm: Norm,
}

#[derive(Debug)]
pub(super) struct Layer {
    /// The projections to queries, keys and values, one below the other: 3D × D.
    pub qkv: Packed,
    /// The output projection: D × D.
    pub out: Packed,
    pub heads: Vec<Head>,
    pub norm: Norm,
    pub ff: Option<FeedForward>,
}

/// One cluster of an adaptive input or output: a table, and a projection where its width is not D.
#[derive(Debug)]
pub(super) struct Cluster {
    /// tokens × width.
    pub table: Arc<Packed>,
    /// Output bias, one per token.
    pub bias: Option<Vec<f32>>,
    /// Input: to D, D × width. Output: from D, width × D.
    pub proj: Option<Packed>,
}

#[derive(Debug)]
pub(super) struct Output {
    pub clusters: Vec<Cluster>,
    /// Logits of the further clusters: (clusters − 1) × D, and bias.
    pub cluster_proj: Option<(Packed, Option<Vec<f32>>)>,
}

/// A network ready to run.
#[derive(Debug)]
pub struct Network {
    pub(super) config: Config,
    pub(super) spans: Vec<Span>,
    pub(super) parts: Vec<Part>,
    pub(super) assumed: Vec<String>,
    pub(super) input: Vec<Cluster>,
    pub(super) output: Output,
    pub(super) layers: Vec<Layer>,
    /// Column x of the last panels is p_δ with δ = (S rounded up to whole panels) − x.
    pub(super) positions: Packed,
    /// The layers on a device, where runs compute if it is there.
    pub(super) accelerator: OnceLock<Accelerator>,
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

impl Network {
    /// The architecture.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Number of trained parameters, shared ones counted once.
    pub fn parameters(&self) -> usize {
        self.parts.iter().map(|part| part.parameters).sum()
    }

    /// The parameters by what they are for; the parts add up to [`Network::parameters`].
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What was assumed because the file does not say, in words.
    pub fn assumed(&self) -> &[String] {
        &self.assumed
    }

    /// z and reach of every head, layer by layer.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.clone()
    }
}
