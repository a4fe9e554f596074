//! The weights of a network, laid out for the forward pass.

use super::architecture::{Architecture, LayerSpec, NormKind, NormSpec, Rope, Window};
use super::assumption::Assumption;
use super::edits::Edits;
use super::head_output::OutputFactor;
use super::heads::{Head, Positions};
use super::kernel::Packed;
use super::mask::{self, Ramp};
use super::on_device::OnDevice;
use super::parts::Part;
use super::reach::Reach;
use super::unused::Unused;
use crate::head_id::HeadId;
use std::sync::{Arc, OnceLock};

/// The parameters of a norm.
#[derive(Debug)]
pub(super) struct Norm {
    pub kind: NormKind,
    pub eps: f32,
    /// One added already, where a family stores them so.
    pub weight: Vec<f32>,
    /// Zeros where it has no shift; nothing for the root of the mean square.
    pub bias: Vec<f32>,
}

impl Norm {
    /// Of `spec`, with its weights as they are stored.
    pub fn new(spec: NormSpec, mut weight: Vec<f32>, bias: Vec<f32>) -> Self {
        if spec.one_more {
            weight.iter_mut().for_each(|w| *w += 1.0);
        }
        Self {
            kind: spec.kind,
            eps: spec.eps,
            bias: match (spec.kind, bias.is_empty()) {
                (NormKind::Layer, true) => vec![0.0; weight.len()],
                _ => bias,
            },
            weight,
        }
    }
}

/// The feed-forward sublayer, W2 · act(W1·h + b1) + b2, and the norm that follows it in networks of that order.
///
/// Layers may share its matrices, and those of [`Dense`].
#[derive(Debug)]
pub(super) struct FeedForward {
    /// I × D; where it is gated 2I × D, the gates first.
    pub fc1: Arc<Packed>,
    /// Nothing where there are no biases.
    pub b1: Vec<f32>,
    pub fc2: Arc<Packed>,
    pub b2: Vec<f32>,
    pub norm: Option<Norm>,
    /// In their place, where a router chooses among experts.
    pub mixture: Option<Mixture>,
}

/// Experts, and the router that chooses among them.
#[derive(Debug)]
pub(super) struct Mixture {
    /// E × D.
    pub router: Arc<Packed>,
    pub router_bias: Vec<f32>,
    pub experts: Vec<Expert>,
}

/// One expert: its gates and ups one below the other, 2I × D, and the way back, D × I.
#[derive(Debug)]
pub(super) struct Expert {
    pub fc1: Packed,
    pub b1: Vec<f32>,
    pub fc2: Packed,
    pub b2: Vec<f32>,
}

/// What a layer computes with, but for its heads.
#[derive(Debug, Default)]
pub(super) struct Dense {
    /// The projections to queries, keys and values, one below the other: (H + 2·Hk)·d × D.
    pub qkv: Arc<Packed>,
    /// Nothing where there are no biases.
    pub qkv_bias: Vec<f32>,
    pub query_norm: Option<Norm>,
    pub key_norm: Option<Norm>,
    /// The output projection: D × H·d.
    pub out: Arc<Packed>,
    pub out_bias: Vec<f32>,
    /// That of the attention, in networks whose norms follow the sum.
    pub norm: Option<Norm>,
    /// Before and after the attention.
    pub around_attention: [Option<Norm>; 2],
    /// Before and after the feed-forward sublayer.
    pub around_ff: [Option<Norm>; 2],
    pub ff: Option<FeedForward>,
    /// From what a head reads to the norm of what it writes, by head; computed when somebody asks.
    pub writes: OnceLock<Vec<OutputFactor>>,
    /// The norms of the values of its neurons; computed when somebody asks.
    pub value_norms: OnceLock<Vec<f32>>,
}

impl Dense {
    /// From what a head reads to the norm of what it writes, for heads of `dim` features.
    pub fn writes(&self, dim: usize) -> &[OutputFactor] {
        self.writes
            .get_or_init(|| OutputFactor::of_heads(&self.out, dim))
    }
}

#[derive(Debug)]
pub(super) struct Layer {
    pub spec: Arc<LayerSpec>,
    /// Which of the network's rotary positions it has.
    pub rope: Option<usize>,
    /// Shared by a network and what is [edited](Network::edited) of it.
    pub dense: Arc<Dense>,
    pub heads: Vec<Head>,
    /// True if its feed-forward sublayer contributes nothing.
    pub mlp_ablated: bool,
    /// The neurons that contribute nothing, by their places among those of all experts, rising.
    pub neurons_ablated: Vec<usize>,
}

/// One cluster of an adaptive input or output: a table, and a projection where its width is not D.
#[derive(Debug)]
pub(super) struct Cluster {
    /// tokens × width.
    pub table: Arc<Packed>,
    /// Output bias, one per token.
    pub bias: Option<Vec<f32>>,
    /// Input: to D, D × width. Output: from D, width × D.
    pub proj: Option<Arc<Packed>>,
}

/// From tokens to the first layer.
#[derive(Debug, Default)]
pub(super) struct Input {
    pub clusters: Vec<Cluster>,
    /// Learned positions that are added: rows of D, that of the first token first.
    pub positions: Vec<f32>,
    pub norm: Option<Norm>,
}

#[derive(Debug, Default)]
pub(super) struct Output {
    /// The norm before it.
    pub norm: Option<Norm>,
    pub clusters: Vec<Cluster>,
    /// Logits of the further clusters: (clusters − 1) × D, and bias.
    pub cluster_proj: Option<(Arc<Packed>, Option<Vec<f32>>)>,
    /// The mean over the vocabulary of the directions of all logits; computed when somebody asks.
    pub mean: OnceLock<Vec<f64>>,
}

/// A network ready to run.
#[derive(Debug)]
pub struct Network {
    pub(super) architecture: Arc<Architecture>,
    pub(super) spans: Vec<Span>,
    pub(super) parts: Vec<Part>,
    pub(super) assumed: Vec<Assumption>,
    /// What the file holds beside it.
    pub(super) unused: Arc<Unused>,
    pub(super) input: Arc<Input>,
    pub(super) output: Arc<Output>,
    pub(super) layers: Vec<Layer>,
    /// Position embeddings by distance.
    pub(super) positions: Arc<Positions>,
    /// The rotary positions of its layers: most have one or two.
    pub(super) ropes: Arc<[Rope]>,
    /// What was changed by hand.
    pub(super) edits: Edits,
    /// The layers on a device, where runs compute if it is there.
    pub(super) accelerator: OnceLock<Arc<dyn OnDevice>>,
    /// True if it is what a run file holds of a network.
    pub(super) recorded: bool,
}

/// z and reach of one head, in tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// z; the window's length for a fixed span, which is S unless it was [edited](Network::edited).
    pub span: f32,
    /// The number of distances with a mask above zero.
    pub reach: Reach,
    /// K: the number of distances that its softmax is over. Where spans are learned those of the longest reach of its layer, rounded
    /// up as the published code does; else its reach.
    pub kept: usize,
    /// How far it may look: as designed, or as it was [edited](Network::edited).
    pub window: Window,
    /// How far the heads of its layer may look by design.
    pub designed: Window,
    /// Tokens from the text's start on that it sees whatever its window.
    pub first: usize,
    /// The most columns in rows of its weights: its reach, or as many as a text may have where it sees the first tokens of any.
    pub columns: usize,
    /// The nearest distance that it sees: 0 where a token sees itself.
    pub nearest: usize,
    /// True if it sees the whole text so far, however long: its reach is then what it was trained for, where that is known.
    pub open: bool,
}

impl Span {
    /// The span of a head of `architecture`, as a file says it.
    pub fn of(
        architecture: &Architecture,
        layer: usize,
        head: usize,
        span: f32,
        reach: Reach,
    ) -> Self {
        let spec = architecture
            .layers
            .get(layer)
            .or(architecture.layers.last());
        let window = spec.map_or(Window::Full, |spec| spec.attention.window);
        Self {
            layer,
            head,
            span,
            reach,
            kept: reach.keys(),
            window,
            designed: window,
            first: 0,
            columns: reach.keys(),
            nearest: spec.map_or(0, |spec| spec.attention.nearest),
            open: false,
        }
    }

    /// Takes the distances of every head's softmax from the longest reach of its layer, where the spans were learned.
    pub fn keep_longest(spans: &mut [Self]) {
        for layer in spans.chunk_by_mut(|a, b| a.layer == b.layer) {
            let longest = layer.iter().map(|span| span.reach).max();
            let longest = longest.unwrap_or(Reach::of(0));
            for span in layer {
                if let (Window::Soft { limit, .. }, Window::Soft { .. }) =
                    (span.designed, span.window)
                {
                    span.kept = mask::kept(longest.keys(), limit).max(span.reach.keys());
                }
            }
        }
    }

    /// The most distances that a query of a text of `tokens` tokens sees: its reach, or, where its softmax ends at the text's start,
    /// as many as the last query has.
    pub fn seen(&self, tokens: usize) -> usize {
        match self.nearest {
            _ if self.open || self.first > 0 => tokens,
            0 => self.reach.within(tokens),
            _ => self.reach.keys(),
        }
    }

    /// The head.
    pub fn id(&self) -> HeadId {
        HeadId {
            layer: self.layer,
            head: self.head,
        }
    }

    /// Of all heads, layer by layer.
    pub(super) fn all(architecture: &Architecture, layers: &[Layer]) -> Vec<Self> {
        let layers = layers.iter().enumerate();
        // Of heads that see all, what they were trained for.
        let context = Reach::ending(architecture.context);
        let heads = layers.flat_map(|(layer, weights)| {
            let heads = weights.heads.iter().enumerate();
            heads.map(move |(head, h)| {
                let reach = match h.open {
                    true => context,
                    false => Reach::of(h.reach),
                };
                Self {
                    open: h.open,
                    window: h.window,
                    first: h.first,
                    columns: match h.first {
                        0 => reach.keys(),
                        _ => context.max(reach).keys(),
                    },
                    ..Self::of(architecture, layer, head, h.span, reach)
                }
            })
        });
        let mut spans: Vec<Self> = heads.collect();
        Self::keep_longest(&mut spans);
        spans
    }

    /// True if a soft mask fades it out: it was learned, or put on by hand.
    pub fn is_learned(&self) -> bool {
        matches!(self.window, Window::Soft { .. })
    }

    /// The share of a weight that is kept at `distance`: the soft mask where the span is learned, else 1 up to the reach and 0
    /// beyond.
    pub fn mask(&self, distance: usize) -> f32 {
        match self.window {
            // Beyond S there is nothing, whatever the mask would be.
            _ if !self.distances().contains(&distance) => 0.0,
            Window::Soft { ramp, .. } => {
                mask::soft_mask(self.span, ramp, distance + 1 - self.nearest.min(1))
            }
            Window::Full | Window::Fixed(_) => 1.0,
        }
    }

    /// Its z, or its window, in tokens; `None` where nothing is designed that would end what it sees.
    pub fn designed(&self) -> Option<f32> {
        self.reach.end().map(|_| self.span)
    }

    /// The distances that it sees, nearest first.
    pub fn distances(&self) -> std::ops::Range<usize> {
        self.nearest..self.nearest.saturating_add(self.reach.keys())
    }

    /// The farthest distance that it sees; the nearest where it sees none.
    pub fn farthest(&self) -> usize {
        self.distances().end.saturating_sub(1).max(self.nearest)
    }

    /// Its distances, nearest first, up to the first one that the mask takes from.
    pub fn whole(&self) -> usize {
        let kept = |distance: &usize| self.mask(*distance) >= 1.0;
        match self.is_learned() {
            true => self.distances().take_while(kept).count(),
            false => self.reach.keys(),
        }
    }

    /// The distance beyond which its mask falls, where it has one: the mask is one for z + 1 keys.
    pub fn falls_beyond(&self) -> Option<f64> {
        let z = f64::from(self.span.max(0.0));
        self.is_learned().then_some(z + self.nearest as f64)
    }

    /// The column of `distance` in rows of its weights, which may lie beyond its reach; `None` where it is nearer than a query
    /// sees.
    pub fn column(&self, distance: usize) -> Option<usize> {
        distance.checked_sub(self.nearest)
    }

    /// The distance of a column in rows of its weights.
    pub fn distance(&self, column: usize) -> usize {
        column + self.nearest
    }

    /// R: the length of its soft mask's ramp, where it was learned.
    pub fn ramp(&self) -> Option<Ramp> {
        match self.window {
            Window::Soft { ramp, .. } => Some(ramp),
            Window::Full | Window::Fixed(_) => None,
        }
    }

    /// The most keys that it may see by design; `None` where the text alone limits it.
    pub fn limit(&self) -> Option<usize> {
        self.designed.most()
    }

    /// The span of the same head with z, as far as it can have it: z is cut to the limit.
    #[must_use]
    pub fn with(&self, z: f32) -> Self {
        let limit = self.limit().unwrap_or(usize::MAX);
        let span = z.clamp(0.0, limit as f32);
        // A window that was not learned holds whole tokens, and one at least.
        let span = match self.is_learned() {
            true => span,
            false => span.ceil().max(1.0),
        };
        let keys = mask::reach(span, self.ramp().unwrap_or(Ramp::of(0.0)), limit);
        let reach = match self.designed {
            Window::Full if keys >= Reach::ENDLESS.keys() => Reach::ENDLESS,
            _ => Reach::of(keys),
        };
        Self {
            span,
            reach,
            kept: self.kept.max(keys),
            columns: self.columns.max(keys),
            window: match self.is_learned() {
                true => self.window,
                false => Window::Fixed(keys),
            },
            open: false,
            ..*self
        }
    }
}

impl Network {
    /// What it is, without its weights.
    pub fn architecture(&self) -> &Arc<Architecture> {
        &self.architecture
    }

    /// Number of trained parameters, shared ones counted once.
    pub fn parameters(&self) -> u64 {
        // A run file may say anything.
        let parts = self.parts.iter().map(|part| part.parameters);
        parts.fold(0, u64::saturating_add)
    }

    /// The parameters by what they are for; the parts add up to [`Network::parameters`].
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// True if it is what a run file holds of a network: it can be looked at with the run, but not run, nor changed.
    pub fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// What was assumed because the file does not say, in words.
    pub fn assumed(&self) -> &[Assumption] {
        &self.assumed
    }

    /// The tensors of the file that it does not use.
    pub fn unused(&self) -> &Unused {
        &self.unused
    }

    /// z and reach of every head, layer by layer.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.clone()
    }
}
