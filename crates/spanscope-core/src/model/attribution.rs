//! Direct attribution of a logit: what embedding, positions, every head, every feed-forward sublayer and the biases add to it along
//! the residual stream.
//!
//! The stream is a sum, and what reads the logit from it is linear but for the norms on the way. Each of these is held at the mean
//! and the scale that this token has there, which makes the whole way linear: the parts add up to the logit. What a part does to
//! later layers by being read there counts for those.

use super::architecture::Order;
use super::norms::FrozenNorm;
use super::output::embed_tokens;
use super::output_direction::OutputDirection;
use super::token_trace::{LayerTrace, TokenTrace};
use super::weights::{Layer, Network, Norm};
use super::{Cancel, ModelError};
use crate::head_id::HeadId;
use std::fmt;

/// A part of a network that adds to a logit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogitPart {
    /// The token's embedding.
    Embedding,
    /// Its learned position.
    Positions,
    /// A head, by what it reads of the text and of empty context.
    Head(HeadId),
    /// A head's persistent vectors.
    Persistent(HeadId),
    /// A layer's feed-forward sublayer with its biases.
    FeedForward(usize),
    /// The biases of the attention's output projections, of all layers.
    AttentionBiases,
    /// The shifts of norms on the way, of all layers and the last one.
    NormShifts,
    /// The token's output bias.
    OutputBias,
}

impl LogitPart {
    /// Its kind, as files name it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Embedding => "embedding",
            Self::Positions => "positions",
            Self::Head(_) => "head",
            Self::Persistent(_) => "persistent_vectors",
            Self::FeedForward(_) => "feed_forward",
            Self::AttentionBiases => "attention_biases",
            Self::NormShifts => "norm_shifts",
            Self::OutputBias => "output_bias",
        }
    }

    /// The head, of what heads add.
    pub fn head(self) -> Option<HeadId> {
        match self {
            Self::Head(id) | Self::Persistent(id) => Some(id),
            _ => None,
        }
    }

    /// The layer, of what one layer adds.
    pub fn layer(self) -> Option<usize> {
        match self {
            Self::FeedForward(layer) => Some(layer),
            _ => self.head().map(|id| id.layer),
        }
    }
}

/// Its name: `L3H1`, `L3H1 persistent vectors`, `L3 feed-forward`, `embedding`.
impl fmt::Display for LogitPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedding => f.write_str("embedding"),
            Self::Positions => f.write_str("positions"),
            Self::Head(id) => write!(f, "{id}"),
            Self::Persistent(id) => write!(f, "{id} persistent vectors"),
            Self::FeedForward(layer) => write!(f, "L{layer} feed-forward"),
            Self::AttentionBiases => f.write_str("attention biases"),
            Self::NormShifts => f.write_str("norm shifts"),
            Self::OutputBias => f.write_str("output bias"),
        }
    }
}

/// A logit by the parts that it is the sum of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attribution {
    /// Each part of the network with what it adds, in the order in which a token meets them; those that the network has not are
    /// left out.
    pub parts: Vec<(LogitPart, f64)>,
    /// The logit, read from the last stream: before a soft cap, where there is one.
    pub logit: f64,
}

impl Attribution {
    /// The sum of the parts.
    pub fn sum(&self) -> f64 {
        self.parts.iter().map(|(_, value)| value).sum()
    }
}

/// The direction at some place of the stream, and what was added on the way to it.
struct Way {
    direction: Vec<f64>,
    shifts: Option<f64>,
    biases: Option<f64>,
    /// From the last layer to the first.
    parts: Vec<(LogitPart, f64)>,
}

impl Way {
    /// `direction` before a norm that is held at `row`; what its shift adds is counted.
    fn before(&mut self, norm: &Norm, row: &[f32], direction: &[f64]) -> Vec<f64> {
        let (before, shift) = FrozenNorm::at(norm, row).back(direction);
        if norm.bias.iter().any(|b| *b != 0.0) {
            *self.shifts.get_or_insert(0.0) += shift;
        }
        before
    }

    /// The direction before the norm that follows a sublayer, if one does, whose output is added `times`.
    fn before_sublayer(&mut self, norm: Option<&Norm>, row: &[f32], times: f32) -> Vec<f64> {
        let scaled = self.direction.iter().map(|g| g * f64::from(times));
        let scaled: Vec<f64> = scaled.collect();
        match norm {
            Some(norm) => self.before(norm, row, &scaled),
            None => scaled,
        }
    }

    fn feed_forward(&mut self, index: usize, trace: &LayerTrace, along: &[f64]) {
        if !trace.feed_forward.is_empty() {
            let value = dot(along, &trace.feed_forward);
            self.parts.push((LogitPart::FeedForward(index), value));
        }
    }

    /// Each head by itself: its columns of the output projection.
    fn heads(&mut self, index: usize, layer: &Layer, trace: &LayerTrace, along: &[f64]) {
        let count = layer.heads.len();
        let d = layer.spec.attention.head_dim;
        let persistent = trace.persistent.iter();
        let rest: Vec<f32> = match trace.persistent.is_empty() {
            true => trace.read.clone(),
            false => trace
                .read
                .iter()
                .zip(persistent)
                .map(|(a, b)| a - b)
                .collect(),
        };
        let of_text = products(layer, &rest, along);
        let of_vectors = products(layer, &trace.persistent, along);
        debug_assert_eq!(of_text.len(), trace.read.len() / d.max(1));
        for head in (0..count).rev() {
            let id = HeadId::new(index, head);
            if let Some(value) = of_vectors.get(head) {
                self.parts.push((LogitPart::Persistent(id), *value));
            }
            if let Some(value) = of_text.get(head) {
                self.parts.push((LogitPart::Head(id), *value));
            }
        }
        if !layer.dense.out_bias.is_empty() {
            *self.biases.get_or_insert(0.0) += dot(along, &layer.dense.out_bias);
        }
    }

    /// From the stream after a layer to the one before it.
    fn layer(&mut self, index: usize, layer: &Layer, trace: &LayerTrace, stream: &[f32]) {
        let (dense, spec) = (&layer.dense, &layer.spec);
        let times = spec.residual;
        match spec.order {
            Order::AfterNorm(_) => {
                let norm = dense.ff.as_ref().and_then(|ff| ff.norm.as_ref());
                if let (Some(norm), false) = (norm, trace.feed_forward.is_empty()) {
                    let sum = sum(&trace.middle, &trace.feed_forward);
                    let after = std::mem::take(&mut self.direction);
                    self.direction = self.before(norm, &sum, &after);
                }
                let along = self.direction.clone();
                self.feed_forward(index, trace, &along);
                if let Some(norm) = &dense.norm {
                    let sum = sum(stream, &trace.attention);
                    let after = std::mem::take(&mut self.direction);
                    self.direction = self.before(norm, &sum, &after);
                }
                let along = self.direction.clone();
                self.heads(index, layer, trace, &along);
            }
            Order::Sequence {
                residual_of_norm, ..
            } => {
                let after = dense.around_ff[1].as_ref();
                if !trace.feed_forward.is_empty() {
                    // What is ablated goes through no norm.
                    let after = after.filter(|_| !layer.mlp_ablated);
                    let along = self.before_sublayer(after, &trace.feed_forward, times);
                    self.feed_forward(index, trace, &along);
                    if let (true, Some(norm)) = (residual_of_norm, &dense.around_ff[0]) {
                        let after = std::mem::take(&mut self.direction);
                        self.direction = self.before(norm, &trace.middle, &after);
                    }
                }
                let after = dense.around_attention[1].as_ref();
                let along = self.before_sublayer(after, &trace.attention, times);
                self.heads(index, layer, trace, &along);
                if let (true, Some(norm)) = (residual_of_norm, &dense.around_attention[0]) {
                    let after = std::mem::take(&mut self.direction);
                    self.direction = self.before(norm, stream, &after);
                }
            }
            Order::Parallel { .. } => {
                let along = self.before_sublayer(None, &[], times);
                self.feed_forward(index, trace, &along);
                self.heads(index, layer, trace, &along);
            }
        }
    }
}

impl Network {
    /// The logit along `direction` after a traced token, by the parts that it is the sum of.
    ///
    /// # Errors
    /// On cancellation.
    pub fn attribute(
        &self,
        trace: &TokenTrace,
        direction: &OutputDirection,
        cancel: &Cancel,
    ) -> Result<Attribution, ModelError> {
        let mut way = Way {
            direction: direction.row.clone(),
            shifts: None,
            biases: None,
            parts: Vec::new(),
        };
        let last = trace.streams.last().map_or(&[][..], Vec::as_slice);
        if let Some(norm) = &self.output.norm {
            way.direction = way.before(norm, last, &direction.row);
        }
        let layers = self.layers.iter().zip(&trace.layers).zip(&trace.streams);
        for (index, ((layer, of_layer), stream)) in layers.enumerate().rev() {
            cancel.check()?;
            way.layer(index, layer, of_layer, stream);
        }
        let tokens = embed_tokens(self, &[trace.id]);
        let dim = self.architecture.width;
        let at = trace.at * dim;
        let position = self.input.positions.get(at..at + dim);
        if let Some(norm) = &self.input.norm {
            let row = position.map_or_else(|| tokens.clone(), |position| sum(&tokens, position));
            let after = std::mem::take(&mut way.direction);
            way.direction = way.before(norm, &row, &after);
        }
        if let Some(position) = position {
            let value = dot(&way.direction, position);
            way.parts.push((LogitPart::Positions, value));
        }
        let value = dot(&way.direction, &tokens);
        way.parts.push((LogitPart::Embedding, value));
        way.parts.reverse();
        let further = [
            (LogitPart::AttentionBiases, way.biases),
            (LogitPart::NormShifts, way.shifts),
            (
                LogitPart::OutputBias,
                self.has_output_bias().then_some(direction.bias),
            ),
        ];
        let further = further.into_iter();
        way.parts
            .extend(further.filter_map(|(part, value)| Some((part, value?))));
        Ok(Attribution {
            logit: self.logit(direction, last),
            parts: way.parts,
        })
    }

    fn has_output_bias(&self) -> bool {
        let mut clusters = self.output.clusters.iter();
        let of_clusters = self.output.cluster_proj.as_ref();
        clusters.any(|cluster| cluster.bias.is_some())
            || of_clusters.is_some_and(|(_, bias)| bias.is_some())
    }
}

/// The product of `along` with every head's part of the attention's output; nothing of no rows.
fn products(layer: &Layer, read: &[f32], along: &[f64]) -> Vec<f64> {
    let d = layer.spec.attention.head_dim.max(1);
    let out = &layer.dense.out;
    if read.is_empty() || out.outputs() != along.len() {
        return Vec::new();
    }
    // A row per head: the others read nothing there.
    let heads = read.len() / d;
    let mut rows = vec![0.0; heads * read.len()];
    for (head, row) in rows.chunks_exact_mut(read.len()).enumerate() {
        let own = head * d..head * d + d;
        row[own.clone()].copy_from_slice(&read[own]);
    }
    let mut parts = vec![0.0; heads * along.len()];
    out.multiply_wide(&rows, &mut parts);
    parts
        .chunks_exact(along.len().max(1))
        .map(|part| dot(along, part))
        .collect()
}

fn dot(along: &[f64], row: &[f32]) -> f64 {
    along.iter().zip(row).map(|(g, x)| g * f64::from(*x)).sum()
}

fn sum(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}
