//! What any causal Transformer is, as data: one forward pass reads it, and views ask it what a head *is*.
//!
//! Families differ in parts, not in wholes. So a network is a list of layers, and a layer says of each part which kind it is: how
//! heads see positions, how far they may look, what lies before the text, which norms stand where. Only the files of a family
//! (`families/`) know the names of its tensors and the words of its configuration.

use super::families::adaptive_span::Config;
use super::normalisation::Normalisation;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// The name of a family: `adaptive-span`, or the `model_type` of Hugging Face's configuration (`gpt2`, `llama`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FamilyId(String);

impl FamilyId {
    /// The networks of arXiv 1905.07799 and 1907.01470.
    pub const ADAPTIVE_SPAN: &'static str = "adaptive-span";

    /// Of the family of this name.
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A causal Transformer: all that is known of it without its weights.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(into = "Stored")]
pub struct Architecture {
    /// Which code it is of.
    pub family: FamilyId,
    /// V: tokens in the vocabulary.
    pub vocab_size: usize,
    /// D: width of the hidden states.
    pub width: usize,
    /// Tokens of the longest text that it was trained for, where a file says so.
    pub context: Option<usize>,
    /// How a token becomes the first layer's input.
    pub input: InputSpec,
    /// The layers, first one first.
    pub layers: Vec<LayerSpec>,
    /// How the last layer's output becomes logits.
    pub output: OutputSpec,
    /// An adaptive-span network's own words, which its files keep.
    pub(in crate::model) own: Option<Config>,
}

/// A vocabulary cut into clusters of falling embedding width (adaptive input and output).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clusters {
    /// First token id after each cluster; the last one is the vocabulary size.
    pub cutoffs: Vec<usize>,
    /// Whether input and output share their weights.
    pub tied: bool,
}

/// How a token becomes the first layer's input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputSpec {
    /// What embeddings are multiplied by.
    pub scale: f32,
    /// Width of the embeddings, where a projection makes D of it.
    pub narrow: Option<usize>,
    /// Learned positions that are added.
    pub positions: Option<LearnedPositions>,
    /// The norm of the sum.
    pub norm: Option<NormSpec>,
    /// Adaptive input.
    pub clusters: Option<Clusters>,
}

impl Default for InputSpec {
    fn default() -> Self {
        Self {
            scale: 1.0,
            narrow: None,
            positions: None,
            norm: None,
            clusters: None,
        }
    }
}

/// A table of positions that is added to the embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearnedPositions {
    /// Longest text, in tokens.
    pub count: usize,
    /// Rows of the table before that of the first token (OPT: 2).
    pub first: usize,
}

/// How the last layer's output becomes logits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputSpec {
    /// The norm before it.
    pub norm: Option<NormSpec>,
    /// Whether its matrix is the input embedding.
    pub tied: bool,
    /// Whether every token has a bias.
    pub bias: bool,
    /// What logits are multiplied by.
    pub scale: f32,
    /// c of a soft cap c · tanh(logit / c).
    pub cap: Option<f32>,
    /// Adaptive output.
    pub clusters: Option<Clusters>,
}

impl Default for OutputSpec {
    fn default() -> Self {
        Self {
            norm: None,
            tied: false,
            bias: false,
            scale: 1.0,
            cap: None,
            clusters: None,
        }
    }
}

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
        /// Whether the normed copy is what the sublayer's output is added to (BLOOM's variant).
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
    /// Whether its weights are stored less one (Gemma).
    pub one_more: bool,
    /// Whether it has a shift.
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
    /// What they find before the text.
    pub outside: Outside,
    /// Whether every head has a learned sink: a score that joins the softmax and has no value.
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
    /// Whether queries, keys and values have biases.
    pub bias: bool,
    /// Whether the output projection has one.
    pub output_bias: bool,
}

/// Norms of queries and keys.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QueryKeyNorm {
    /// The norm.
    pub norm: NormSpec,
    /// Whether it goes over all heads at once (OLMo 2), not over each (Qwen 3).
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
        ramp: usize,
    },
}

impl Window {
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
    /// Whether a second projection multiplies it (SwiGLU, GeGLU).
    pub gated: bool,
    /// Whether its projections have biases.
    pub bias: bool,
    /// Experts, of which a router chooses.
    pub experts: Option<Experts>,
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

impl Architecture {
    /// L.
    pub fn nb_layers(&self) -> usize {
        self.layers.len()
    }

    /// H: query heads of a layer, the same in all.
    pub fn nb_heads(&self) -> usize {
        self.first().map_or(0, |attention| attention.heads)
    }

    /// Heads of all layers.
    pub fn all_heads(&self) -> usize {
        self.layers.iter().map(|layer| layer.attention.heads).sum()
    }

    /// d: features per head.
    pub fn head_dim(&self) -> usize {
        self.first().map_or(0, |attention| attention.head_dim)
    }

    fn first(&self) -> Option<&AttentionSpec> {
        Some(&self.layers.first()?.attention)
    }

    /// N: persistent vectors of every head.
    pub fn persistent(&self) -> usize {
        self.first().map_or(0, |attention| attention.persistent)
    }

    /// The nearest distance that heads see: 0 where a token sees itself, else 1.
    pub fn nearest(&self) -> usize {
        self.first().map_or(0, |attention| attention.nearest)
    }

    /// The most keys that any head may see: S of an adaptive-span network, else the longest window, or the context that it was
    /// trained for.
    pub fn limit(&self) -> usize {
        let windows = self
            .layers
            .iter()
            .map(|layer| layer.attention.window.most());
        let most = windows.map(|most| most.or(self.context).unwrap_or(usize::MAX));
        most.max().unwrap_or(0)
    }

    /// R: the length of the ramp of its soft masks, where heads learn their spans.
    pub fn ramp(&self) -> Option<usize> {
        self.layers
            .iter()
            .find_map(|layer| match layer.attention.window {
                Window::Soft { ramp, .. } => Some(ramp),
                _ => None,
            })
    }

    /// R as the files of an adaptive-span network hold it, which is there also where its spans are fixed.
    pub fn stored_ramp(&self) -> Option<usize> {
        let own = self.own.as_ref().map(|config| config.adapt_span_ramp);
        own.or(self.ramp())
    }

    /// Whether heads learn their spans.
    pub fn learns_spans(&self) -> bool {
        self.ramp().is_some()
    }

    /// Whether the weights of a query add up to less than 1, because what the soft mask takes away is not given back.
    pub fn loses_weight(&self) -> bool {
        self.learns_spans()
            && self
                .first()
                .is_some_and(|attention| attention.normalisation == Normalisation::Masked)
    }

    /// What follows the soft mask.
    pub fn normalisation(&self) -> Normalisation {
        self.first()
            .map_or_else(Normalisation::default, |attention| attention.normalisation)
    }

    /// Whether heads find empty context before the text, which takes weight.
    pub fn has_empty_context(&self) -> bool {
        self.first()
            .is_some_and(|attention| attention.outside == Outside::EmptyContext)
    }

    /// Whether any head has a learned sink.
    pub fn has_sinks(&self) -> bool {
        self.layers.iter().any(|layer| layer.attention.sink)
    }

    /// I: width of the feed-forward sublayers; 0 where there are none.
    pub fn feed_forward(&self) -> usize {
        let first = self
            .layers
            .first()
            .and_then(|layer| layer.feed_forward.as_ref());
        first.map_or(0, |feed_forward| feed_forward.width)
    }

    /// The clusters of adaptive input and output.
    pub fn clusters(&self) -> Option<&Clusters> {
        self.input.clusters.as_ref()
    }

    /// The configuration of an adaptive-span network, as its files hold it; `None` for other families.
    pub fn adaptive_span(&self) -> Option<&Config> {
        self.own.as_ref()
    }
}

/// What a file holds of an architecture: an adaptive-span network's own configuration, or all of it.
#[derive(Serialize)]
#[serde(untagged)]
enum Stored {
    AdaptiveSpan(Config),
    Other(Plain),
}

/// [`Architecture`], field by field.
#[derive(Serialize, Deserialize)]
struct Plain {
    family: FamilyId,
    vocab_size: usize,
    width: usize,
    context: Option<usize>,
    input: InputSpec,
    layers: Vec<LayerSpec>,
    output: OutputSpec,
}

impl From<Architecture> for Stored {
    fn from(of: Architecture) -> Self {
        match of.own {
            Some(config) => Self::AdaptiveSpan(config),
            None => Self::Other(Plain {
                family: of.family,
                vocab_size: of.vocab_size,
                width: of.width,
                context: of.context,
                input: of.input,
                layers: of.layers,
                output: of.output,
            }),
        }
    }
}

impl<'de> Deserialize<'de> for Architecture {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(from)?;
        // An adaptive-span network's own configuration names no family.
        if value.get("family").is_none() {
            let config: Config = serde_json::from_value(value).map_err(D::Error::custom)?;
            return match config.cannot_be() {
                Some(what) => Err(D::Error::custom(what)),
                None => Ok(Self::from(&config)),
            };
        }
        let of: Plain = serde_json::from_value(value).map_err(D::Error::custom)?;
        Ok(Self {
            family: of.family,
            vocab_size: of.vocab_size,
            width: of.width,
            context: of.context,
            input: of.input,
            layers: of.layers,
            output: of.output,
            own: None,
        })
    }
}
