//! What any causal Transformer is, as data: one forward pass reads it, and views ask it what a head *is*.
//!
//! Families differ in parts, not in wholes. So a network is a list of layers, and a layer says of each part which kind it is: how
//! heads see positions, how far they may look, what lies before the text, which norms stand where. Only the files of a family
//! (`families/`) know the names of its tensors and the words of its configuration.

mod layer;
mod stored;

pub use layer::{
    Activation, AttentionSpec, Experts, FeedForwardSpec, LayerSpec, LongerRope, LongerScaling,
    NormKind, NormSpec, Order, Outside, Position, QueryKeyNorm, Rope, Window,
};

use super::ModelError;
use super::families::adaptive_span::Config;
use super::mask::Ramp;
use super::normalisation::Normalisation;
use super::reach::Reach;
use crate::head_id::{HeadId, NoSuchHead};
use crate::neuron_id::NeuronId;
use serde::{Deserialize, Serialize};
use std::fmt;
use stored::Stored;

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
    /// True if input and output share their weights.
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
    /// True if its matrix is the input embedding.
    pub tied: bool,
    /// True if every token has a bias.
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

impl Architecture {
    /// L.
    pub fn nb_layers(&self) -> usize {
        self.layers.len()
    }

    /// The head, if the network has it.
    ///
    /// # Errors
    /// Where it has not.
    pub fn head(&self, id: HeadId) -> Result<HeadId, NoSuchHead> {
        id.of(self.nb_layers(), self.nb_heads())
    }

    /// H: query heads of a layer, the same in all.
    pub fn nb_heads(&self) -> usize {
        self.first().map_or(0, |attention| attention.heads)
    }

    /// The heads of a layer that share keys and values with a head, itself among them; `None` where it has its own.
    pub fn key_group(&self, id: HeadId) -> Option<std::ops::Range<usize>> {
        let attention = &self.layers.get(id.layer)?.attention;
        let group = attention.heads / attention.kv_heads.max(1);
        let first = id.head / group.max(1) * group;
        (group > 1).then_some(first..first + group)
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
    /// trained for; without an end where nothing of that is designed.
    pub fn limit(&self) -> Reach {
        let windows = self
            .layers
            .iter()
            .map(|layer| layer.attention.window.most());
        let most = windows.map(|most| Reach::ending(most.or(self.context)));
        most.max().unwrap_or(Reach::of(0))
    }

    /// R: the length of the ramp of its soft masks, where heads learn their spans.
    pub fn ramp(&self) -> Option<Ramp> {
        self.layers
            .iter()
            .find_map(|layer| match layer.attention.window {
                Window::Soft { ramp, .. } => Some(ramp),
                _ => None,
            })
    }

    /// R as the files of an adaptive-span network hold it, which is there also where its spans are fixed.
    pub fn stored_ramp(&self) -> Option<Ramp> {
        let own = self.own.as_ref().map(|config| config.adapt_span_ramp);
        own.or(self.ramp())
    }

    /// True if heads learn their spans.
    pub fn learns_spans(&self) -> bool {
        self.ramp().is_some()
    }

    /// True if the weights of a query add up to less than 1, because what the soft mask takes away is not given back.
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

    /// True if tokens see later ones as well, as an encoder's do. Nothing but recorded weights are known of such a network.
    pub fn is_bidirectional(&self) -> bool {
        self.layers
            .iter()
            .any(|layer| layer.attention.bidirectional)
    }

    /// True if heads find empty context before the text, which takes weight.
    pub fn has_empty_context(&self) -> bool {
        self.first()
            .is_some_and(|attention| attention.outside == Outside::EmptyContext)
    }

    /// True if norms stand before the sublayers, and not after them.
    pub fn has_norms_before(&self) -> bool {
        self.layers.first().is_some_and(|layer| match &layer.order {
            Order::Sequence { attention, .. } => attention[0].is_some(),
            Order::Parallel { .. } => true,
            Order::AfterNorm(_) => false,
        })
    }

    /// True if any head has a learned sink.
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

    /// The feed-forward sublayer of a layer, where it has one.
    pub fn feed_forward_of(&self, layer: usize) -> Option<&FeedForwardSpec> {
        self.layers.get(layer)?.feed_forward.as_ref()
    }

    /// Neurons of a layer's feed-forward sublayer, those of all experts together; 0 where it has none.
    pub fn neurons(&self, layer: usize) -> usize {
        self.feed_forward_of(layer)
            .map_or(0, FeedForwardSpec::neurons)
    }

    /// Neurons of all layers.
    pub fn all_neurons(&self) -> usize {
        let layers = 0..self.nb_layers();
        layers.fold(0, |sum: usize, layer| {
            sum.saturating_add(self.neurons(layer))
        })
    }

    /// The neuron, if the network has it.
    ///
    /// # Errors
    /// Where it has not: the error says which it has.
    pub fn neuron(&self, id: NeuronId) -> Result<NeuronId, ModelError> {
        let none = |why: String| {
            let what = format!("neuron {id}");
            Err(ModelError::CannotEdit { what, why })
        };
        if id.layer >= self.nb_layers() {
            let layers = self.nb_layers();
            return none(format!("the network has {layers} layers, counted from 0"));
        }
        let Some(spec) = self.feed_forward_of(id.layer) else {
            return none("this layer has no feed-forward sublayer".into());
        };
        match (spec.place(id), spec.experts) {
            (Some(_), _) => Ok(id),
            (None, None) => none(format!(
                "this layer has {} neurons, LAYER.NEURON, counted from 0",
                spec.width
            )),
            (None, Some(of)) => none(format!(
                "this layer has {} experts of {} neurons, LAYER.EXPERT.NEURON, counted from 0",
                of.count, spec.width
            )),
        }
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
