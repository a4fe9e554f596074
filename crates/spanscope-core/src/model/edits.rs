//! The edits made by hand to a network, to see what follows: how far a head looks, whether it sees the first tokens, and
//! which heads, neurons and feed-forward sublayers are ablated.

mod stored;
#[cfg(test)]
pub(super) mod tests;

use super::ModelError;
use super::mask::Ramp;
use crate::head_id::HeadId;
use crate::neuron_id::NeuronId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use stored::Stored;

/// How far a head shall look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SpanEdit {
    /// z in tokens, as the head was built: its soft mask where it learned one, else a window of z rounded up.
    Own(f32),
    /// The soft mask of the paper, put on a head that was trained without.
    Soft {
        /// z in tokens; finite, not negative.
        z: f32,
        /// R.
        ramp: Ramp,
    },
    /// A window with a hard edge: so many keys, itself among them where a token sees itself, and nothing beyond.
    Window(usize),
}

/// `20`, `20 (ramp 32)` or `window 64`.
impl fmt::Display for SpanEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(z) => z.fmt(f),
            Self::Soft { z, ramp } => write!(f, "{z} (ramp {ramp})"),
            Self::Window(keys) => write!(f, "window {keys}"),
        }
    }
}

impl SpanEdit {
    /// z in tokens, where it is one.
    pub fn z(self) -> Option<f32> {
        match self {
            Self::Own(z) | Self::Soft { z, .. } => Some(z),
            Self::Window(_) => None,
        }
    }

    /// Keys of a window with a hard edge, where it is one.
    pub fn window(self) -> Option<usize> {
        match self {
            Self::Window(keys) => Some(keys),
            Self::Own(_) | Self::Soft { .. } => None,
        }
    }
}

/// The first tokens of a text: what streaming caches do with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FirstTokens {
    /// So many stay visible to every head, whatever its window.
    Keep(usize),
    /// So many are seen by no token after them.
    Drop(usize),
}

/// `keep 4` or `drop 4`.
impl fmt::Display for FirstTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep(count) => write!(f, "keep {count}"),
            Self::Drop(count) => write!(f, "drop {count}"),
        }
    }
}

/// Changes of a network, most of them of single heads, which are named by layer and head, both from 0. They are absolute: what is
/// not named here is as trained.
///
/// They belong to no network. Of heads and neurons that a network lacks it takes no notice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Edits {
    spans: BTreeMap<HeadId, SpanEdit>,
    ablated: BTreeSet<HeadId>,
    /// Layers whose feed-forward sublayer contributes nothing.
    mlps: BTreeSet<usize>,
    /// Neurons that contribute nothing.
    neurons: BTreeSet<NeuronId>,
    first: Option<FirstTokens>,
}

/// No span is NaN.
impl Eq for Edits {}

/// The most first tokens that are kept or dropped.
pub const MOST_FIRST: usize = 1 << 16;

impl Edits {
    /// True if nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
            && self.ablated.is_empty()
            && self.mlps.is_empty()
            && self.neurons.is_empty()
            && self.first.is_none()
    }

    /// True if it takes what devices do not compute: anything but spans of the head's own kind and ablated heads.
    pub fn needs_processor(&self) -> bool {
        let own = |edit: &SpanEdit| matches!(edit, SpanEdit::Own(_));
        !self.spans.values().all(own)
            || !self.mlps.is_empty()
            || !self.neurons.is_empty()
            || self.first.is_some()
    }

    /// Sets a head's z, in tokens, as it was built. What is below 0 becomes 0; what is above S counts as S in the
    /// [edited network](super::Network::edited).
    ///
    /// # Errors
    /// When `span` is not finite; nothing is changed then.
    pub fn set_span(&mut self, layer: usize, head: usize, span: f32) -> Result<(), ModelError> {
        let id = HeadId::new(layer, head);
        self.spans.insert(id, SpanEdit::Own(tokens(id, span)?));
        Ok(())
    }

    /// Sets how far a head looks.
    ///
    /// # Errors
    /// When a z is not finite, a ramp no length, or a window empty; nothing is changed then.
    pub fn set(&mut self, head: HeadId, edit: SpanEdit) -> Result<(), ModelError> {
        let edit = match edit {
            SpanEdit::Own(z) => SpanEdit::Own(tokens(head, z)?),
            SpanEdit::Soft { z, ramp } => SpanEdit::Soft {
                z: tokens(head, z)?,
                ramp: Some(ramp)
                    .filter(|ramp| ramp.is_length(usize::MAX))
                    .ok_or(ModelError::Ramp)?,
            },
            SpanEdit::Window(0) => {
                return Err(ModelError::CannotEdit {
                    what: format!("{head}=0"),
                    why: "a window holds one key at least: ablate the head to have it read nothing"
                        .into(),
                });
            }
            SpanEdit::Window(_) => edit,
        };
        self.spans.insert(head, edit);
        Ok(())
    }

    /// Leaves a head's span as trained; returns what it was set to.
    pub fn clear_span(&mut self, layer: usize, head: usize) -> Option<SpanEdit> {
        self.spans.remove(&HeadId::new(layer, head))
    }

    /// The z that a head is set to, in tokens.
    pub fn span(&self, layer: usize, head: usize) -> Option<f32> {
        self.of(HeadId::new(layer, head))?.z()
    }

    /// How far a head is set to look.
    pub fn of(&self, head: HeadId) -> Option<SpanEdit> {
        self.spans.get(&head).copied()
    }

    /// All heads that are set to look otherwise than trained, in order.
    pub fn spans(&self) -> impl Iterator<Item = (HeadId, SpanEdit)> + '_ {
        self.spans.iter().map(|(head, edit)| (*head, *edit))
    }

    /// What becomes of the first tokens.
    pub fn first(&self) -> Option<FirstTokens> {
        self.first
    }

    /// Says what becomes of the first tokens; of none, or of no tokens, that they are as any others.
    pub fn set_first(&mut self, first: Option<FirstTokens>) {
        self.first = first.and_then(|first| match first {
            FirstTokens::Keep(0) | FirstTokens::Drop(0) => None,
            FirstTokens::Keep(count) => Some(FirstTokens::Keep(count.min(MOST_FIRST))),
            FirstTokens::Drop(count) => Some(FirstTokens::Drop(count.min(MOST_FIRST))),
        });
    }

    /// Ablates a head, or lets it speak again.
    pub fn set_ablated(&mut self, layer: usize, head: usize, ablated: bool) {
        if ablated {
            self.ablated.insert(HeadId::new(layer, head));
        } else {
            self.ablated.remove(&HeadId::new(layer, head));
        }
    }

    /// True if a head is ablated.
    pub fn is_ablated(&self, layer: usize, head: usize) -> bool {
        self.ablated.contains(&HeadId::new(layer, head))
    }

    /// All ablated heads, in order.
    pub fn ablated(&self) -> impl Iterator<Item = HeadId> + '_ {
        self.ablated.iter().copied()
    }

    /// Ablates a layer's feed-forward sublayer, or lets it speak again.
    pub fn set_mlp_ablated(&mut self, layer: usize, ablated: bool) {
        if ablated {
            self.mlps.insert(layer);
        } else {
            self.mlps.remove(&layer);
        }
    }

    /// True if a layer's feed-forward sublayer is ablated.
    pub fn is_mlp_ablated(&self, layer: usize) -> bool {
        self.mlps.contains(&layer)
    }

    /// The layers whose feed-forward sublayer is ablated, in order.
    pub fn ablated_mlps(&self) -> impl Iterator<Item = usize> + '_ {
        self.mlps.iter().copied()
    }

    /// Ablates a neuron, or lets it speak again.
    pub fn set_neuron_ablated(&mut self, id: NeuronId, ablated: bool) {
        if ablated {
            self.neurons.insert(id);
        } else {
            self.neurons.remove(&id);
        }
    }

    /// True if a neuron is ablated.
    pub fn is_neuron_ablated(&self, id: NeuronId) -> bool {
        self.neurons.contains(&id)
    }

    /// The ablated neurons, in order.
    pub fn ablated_neurons(&self) -> impl Iterator<Item = NeuronId> + '_ {
        self.neurons.iter().copied()
    }

    /// True if anything is changed of a head.
    pub fn is_edited(&self, layer: usize, head: usize) -> bool {
        self.spans.contains_key(&HeadId::new(layer, head)) || self.is_ablated(layer, head)
    }

    /// Number of changes: heads that look otherwise, heads, neurons and sublayers that are ablated, and the first tokens.
    pub fn count(&self) -> usize {
        self.spans.len()
            + self.ablated.len()
            + self.mlps.len()
            + self.neurons.len()
            + usize::from(self.first.is_some())
    }

    /// Leaves a head as trained; returns whether anything was changed of it.
    pub fn clear(&mut self, layer: usize, head: usize) -> bool {
        let span = self.clear_span(layer, head).is_some();
        let ablated = self.ablated.remove(&HeadId::new(layer, head));
        span || ablated
    }

    /// Leaves all as trained.
    pub fn clear_all(&mut self) {
        *self = Self::default();
    }
}

/// A z that a head may be set to: not below 0, and never −0, which would be written as such.
fn tokens(HeadId { layer, head }: HeadId, z: f32) -> Result<f32, ModelError> {
    match z.is_finite() {
        true if z > 0.0 => Ok(z),
        true => Ok(0.0),
        false => Err(ModelError::EditedSpan {
            layer,
            head,
            value: z,
        }),
    }
}
