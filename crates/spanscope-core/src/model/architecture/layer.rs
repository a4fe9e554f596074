//! The parts of a layer.

use crate::model::mask::Ramp;
use crate::model::normalisation::Normalisation;
use crate::neuron_id::NeuronId;
use serde::{Deserialize, Serialize};

/// A layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerSpec {
    /// Its heads.
    pub attention: AttentionSpec,
    /// Its feed-forward sublayer, if it has one.
    pub feed_forward: Option<FeedForwardSpec>,
    /// How its sublayers stand to each other, and where its norms are.
    pub order: Order,
    /// What a sublayer's output is multiplied by before it is added.
    pub residual: f32,
}

/// How the sublayers of a layer stand to each other. x is the residual stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// One after the other, each x += after(sublayer(before(x))).
    Sequence {
        /// The norms of the attention: before and after it.
        attention: [Option<NormSpec>; 2],
        /// Those of the feed-forward sublayer.
        feed_forward: [Option<NormSpec>; 2],
        /// True if the normed copy is what the sublayer's output is added to (BLOOM's variant).
        residual_of_norm: bool,
    },
    /// Both from the same x: x += attention(norm(x)) + feed_forward(norm(x)).
    Parallel {
        /// The norm before the attention.
        attention: NormSpec,
        /// The norm before the feed-forward sublayer; `None` where both read the same copy.
        feed_forward: Option<NormSpec>,
    },
    /// x = norm(x + sublayer(x)), one after the other: adaptive-span networks, OPT 350M.
    AfterNorm(NormSpec),
}

/// The kind of a norm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormKind {
    /// (x − mean) / √(var + ε) · w + b.
    Layer,
    /// x / √(mean(x²) + ε) · w.
    Rms,
}

/// A norm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NormSpec {
    /// Its kind.
    pub kind: NormKind,
    /// ε.
    pub eps: f32,
    /// True if its weights are stored less one (Gemma).
    pub one_more: bool,
    /// True if it has a shift.
    pub bias: bool,
}

/// The heads of a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttentionSpec {
    /// H: query heads.
    pub heads: usize,
    /// Key-value heads: query head h reads number ⌊h / (H / Hk)⌋.
    pub kv_heads: usize,
    /// d: features per head; need not be D / H.
    pub head_dim: usize,
    /// What q · k is multiplied by.
    pub scale: f32,
    /// How heads see positions.
    pub position: Position,
    /// How far they may look.
    pub window: Window,
    /// The nearest distance that they see: 0 where a token sees itself, 1 in adaptive-span networks.
    pub nearest: usize,
    /// True if they see later tokens as well, as an encoder's do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bidirectional: bool,
    /// What they find before the text.
    pub outside: Outside,
    /// True if every head has a learned sink: a score that joins the softmax and has no value.
    pub sink: bool,
    /// N: persistent vectors per head.
    pub persistent: usize,
    /// What follows a soft mask.
    pub normalisation: Normalisation,
    /// c of a soft cap c · tanh(score / c).
    pub score_cap: Option<f32>,
    /// Queries, keys and values are clamped to ± this (MPT).
    pub clamp: Option<f32>,
    /// Norms of queries and keys, before positions.
    pub query_key_norm: Option<QueryKeyNorm>,
    /// True if queries, keys and values have biases.
    pub bias: bool,
    /// True if the output projection has one.
    pub output_bias: bool,
}

/// Norms of queries and keys.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QueryKeyNorm {
    /// The norm.
    pub norm: NormSpec,
    /// True if it goes over all heads at once (OLMo 2), not over each (Qwen 3).
    pub over_all: bool,
}

/// How heads see positions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Not at all: the input has them, or nothing has.
    None,
    /// A learned vector per distance, whose product with the query joins the score, up to this distance.
    Relative {
        /// S.
        limit: usize,
    },
    /// Queries and keys turned by angles that grow with the position.
    Rotary(Rope),
    /// A slope per head times the distance is taken off the score.
    Alibi {
        /// m of every head.
        slopes: Vec<f32>,
    },
}

/// Rotary positions: feature pair i of a query or key at position p is turned by p · ω_i.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rope {
    /// ω of every pair (i, i + n/2), in radians per token, scaling included: half as many as features that turn.
    pub frequencies: Vec<f64>,
    /// m: what cosines and sines are multiplied by.
    pub magnitude: f64,
    /// The same for texts of more tokens than `until`, all positions of them: where scaling depends on the text's length.
    pub longer: Option<LongerRope>,
}

/// Rotary positions of texts that are longer than a network was trained for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LongerRope {
    /// The longest text, in tokens, for which the usual ones hold.
    pub until: usize,
    /// What holds for longer ones.
    pub scaling: LongerScaling,
}

/// How frequencies depend on the length of a long text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LongerScaling {
    /// One other list (`longrope`).
    Frequencies(Vec<f64>),
    /// θ grows with the length (`dynamic`).
    Dynamic {
        /// θ.
        base: f64,
        /// f.
        factor: f64,
        /// n: features that turn.
        features: usize,
    },
}

/// How far the heads of a layer may look, by design or by training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// As far as the text goes.
    Full,
    /// W keys: itself among them where a token sees itself.
    Fixed(usize),
    /// A span that every head learns, faded out by a soft mask.
    Soft {
        /// S.
        limit: usize,
        /// R.
        ramp: Ramp,
    },
}

impl Window {
    /// True if a soft mask fades it out.
    pub fn is_soft(self) -> bool {
        matches!(self, Self::Soft { .. })
    }

    /// The most keys that a head may see; `None` where the text alone limits it.
    pub fn most(self) -> Option<usize> {
        match self {
            Self::Full => None,
            Self::Fixed(most) | Self::Soft { limit: most, .. } => Some(most),
        }
    }
}

/// What a head finds at distances before the text's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    /// Nothing: the softmax ends there.
    Nothing,
    /// Keys and values that are zero, which take weight.
    EmptyContext,
}

/// A feed-forward sublayer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedForwardSpec {
    /// I: neurons; of a mixture, of one expert.
    pub width: usize,
    /// What a neuron's input goes through.
    pub activation: Activation,
    /// True if a second projection multiplies it (SwiGLU, GeGLU).
    pub gated: bool,
    /// True if its projections have biases.
    pub bias: bool,
    /// Experts, of which a router chooses.
    pub experts: Option<Experts>,
}

impl FeedForwardSpec {
    /// Its neurons, those of all experts one after the other.
    pub fn neurons(&self) -> usize {
        let experts = self.experts.map_or(1, |of| of.count);
        self.width.saturating_mul(experts)
    }

    /// The place of a neuron among them; `None` where there is none of this name.
    pub fn place(&self, id: NeuronId) -> Option<usize> {
        let expert = match (id.expert, &self.experts) {
            (None, None) => 0,
            (Some(expert), Some(of)) if expert < of.count => expert,
            _ => return None,
        };
        (id.neuron < self.width).then(|| expert * self.width + id.neuron)
    }

    /// The name of the neuron at a place among them, of layer `layer`.
    pub fn named(&self, layer: usize, place: usize) -> NeuronId {
        let width = self.width.max(1);
        NeuronId {
            layer,
            expert: self.experts.map(|_| place / width),
            neuron: match self.experts {
                Some(_) => place % width,
                None => place,
            },
        }
    }
}

/// The experts of a mixture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Experts {
    /// E: how many there are.
    pub count: usize,
    /// k: how many a token uses.
    pub used: usize,
    /// Largest gate and largest |up| (gpt-oss: 7).
    pub limit: f32,
}

/// An activation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// max(x, 0)².
    ReluSquared,
    /// ½x(1 + erf(x/√2)).
    Gelu,
    /// ½x(1 + tanh(√(2/π)(x + 0.044715x³))).
    GeluTanh,
    /// x·σ(x).
    Silu,
    /// x·σ(1.702x).
    QuickGelu,
}
