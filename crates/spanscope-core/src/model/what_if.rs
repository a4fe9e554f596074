//! What somebody wants changed of a network, in the words of the command line, and the edits that come of it.

use super::edits::{Edits, FirstTokens, MOST_FIRST, SpanEdit};
use super::mask::Ramp;
use super::{Architecture, DEFAULT_RAMP, ModelError, Network};
use crate::head_id::HeadId;
use crate::neuron_id::NeuronId;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// The heads that a change is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heads {
    /// All of them.
    All,
    /// Those of a layer.
    Layer(usize),
    /// One.
    One(HeadId),
}

impl fmt::Display for Heads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Layer(layer) => layer.fmt(f),
            Self::One(head) => head.fmt(f),
        }
    }
}

impl FromStr for Heads {
    type Err = String;

    /// `all`, `3` or `L3` for a layer, `3.1` or `L3H1` for a head.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        let layer = text.strip_prefix(['L', 'l']).unwrap_or(text);
        if !layer.is_empty() && layer.bytes().all(|b| b.is_ascii_digit()) {
            let layer = layer
                .parse()
                .map_err(|_| format!("there is no layer {layer}"))?;
            return Ok(Self::Layer(layer));
        }
        text.parse().map(Self::One).map_err(|_| {
            "expected a head as LAYER.HEAD or L3H1, a layer as 3, or all; counted from 0".into()
        })
    }
}

impl Heads {
    /// The heads of `architecture` that it names.
    ///
    /// # Errors
    /// Where the network has not that head, or that layer.
    pub fn of(self, architecture: &Architecture) -> Result<Vec<HeadId>, ModelError> {
        let heads = architecture.nb_heads();
        let layers = match self {
            Self::All => 0..architecture.nb_layers(),
            Self::Layer(layer) => {
                let from = layer_of(architecture, layer)?;
                from..from.saturating_add(1)
            }
            Self::One(head) => {
                let head = architecture
                    .head(head)
                    .map_err(|none| ModelError::CannotEdit {
                        what: head.to_string(),
                        why: none.to_string(),
                    })?;
                return Ok(vec![head]);
            }
        };
        let of_layer = |layer| (0..heads).map(move |head| HeadId::new(layer, head));
        Ok(layers.flat_map(of_layer).collect())
    }
}

fn layer_of(architecture: &Architecture, layer: usize) -> Result<usize, ModelError> {
    let layers = architecture.nb_layers();
    match layer < layers {
        true => Ok(layer),
        false => Err(ModelError::CannotEdit {
            what: format!("layer {layer}"),
            why: format!("there is no such layer: the network has {layers}, counted from 0"),
        }),
    }
}

/// What somebody wants changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WhatIf {
    /// Windows with a hard edge: keys.
    pub windows: Vec<(Heads, usize)>,
    /// z of soft masks, in tokens.
    pub spans: Vec<(Heads, f32)>,
    /// R of soft masks that heads were not trained with; 32 if nothing is said.
    pub ramp: Option<Ramp>,
    /// What becomes of the first tokens.
    pub first: Option<FirstTokens>,
    /// Heads that contribute nothing.
    pub ablated: Vec<Heads>,
    /// Layers whose feed-forward sublayer contributes nothing.
    pub ablated_mlps: Vec<usize>,
    /// Neurons that contribute nothing.
    pub ablated_neurons: Vec<NeuronId>,
}

/// In the words of the command line: `window 3.1=64, ablate 2`.
impl fmt::Display for WhatIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let windows = self
            .windows
            .iter()
            .map(|(heads, keys)| format!("window {heads}={keys}"));
        let spans = self
            .spans
            .iter()
            .map(|(heads, z)| format!("span {heads}={z}"));
        let first = self.first.iter().map(|first| match first {
            FirstTokens::Keep(count) => format!("keep-first {count}"),
            FirstTokens::Drop(count) => format!("drop-first {count}"),
        });
        let ablated = self.ablated.iter().map(|heads| format!("ablate {heads}"));
        let mlps = self
            .ablated_mlps
            .iter()
            .map(|layer| format!("ablate-mlp {layer}"));
        let neurons = self
            .ablated_neurons
            .iter()
            .map(|id| format!("ablate-neuron {id}"));
        let all = windows.chain(spans).chain(first).chain(ablated);
        let all = all.chain(mlps).chain(neurons);
        f.write_str(&all.collect::<Vec<_>>().join(", "))
    }
}

impl WhatIf {
    /// True if nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        let Self {
            windows,
            spans,
            ramp: _,
            first,
            ablated,
            ablated_mlps,
            ablated_neurons,
        } = self;
        windows.is_empty()
            && spans.is_empty()
            && first.is_none()
            && ablated.is_empty()
            && ablated_mlps.is_empty()
            && ablated_neurons.is_empty()
    }

    /// The edits of `network` that it comes to. What is named first yields to what is named later; a head has a window or a
    /// soft mask.
    ///
    /// # Errors
    /// When something of it cannot be: the error names it, and says what can.
    pub fn edits(&self, network: &Network) -> Result<Edits, ModelError> {
        let mut edits = Edits::default();
        self.apply(network, &mut edits)?;
        if let Some(FirstTokens::Keep(count)) = edits.first()
            && network
                .edited(&edits)?
                .spans()
                .iter()
                .all(|span| span.first == 0)
        {
            return refused(
                format!("keep-first {count}"),
                "all heads see the whole text: cut them with a window, and the first tokens can be kept".into(),
            );
        }
        Ok(edits)
    }

    /// Puts it on top of the edits of `network` that are there.
    ///
    /// # Errors
    /// As [`edits`](Self::edits).
    pub fn apply(&self, network: &Network, edits: &mut Edits) -> Result<(), ModelError> {
        // What heads see by design, not by the edits that are there.
        let network = &network.edited(&Edits::default())?;
        let mut cut = BTreeSet::new();
        for &(heads, keys) in &self.windows {
            cut.extend(self.cut(network, heads, keys, edits)?);
        }
        let ramp = self.ramp.unwrap_or(DEFAULT_RAMP);
        for &(heads, z) in &self.spans {
            for head in heads.of(network.architecture())? {
                if cut.contains(&head) {
                    return refused(
                        format!("{heads}={z}"),
                        format!(
                            "{head} is cut to a window already: it can have a window or a soft mask"
                        ),
                    );
                }
                let edit = match self.learned(network, head) {
                    Some(limit) if z > limit as f32 => {
                        return refused(
                            format!("{heads}={z}"),
                            format!("{head} can look back {limit} tokens at most"),
                        );
                    }
                    Some(_) => SpanEdit::Own(z),
                    None => SpanEdit::Soft { z, ramp },
                };
                edits.set(head, edit)?;
            }
        }
        for heads in &self.ablated {
            for HeadId { layer, head } in heads.of(network.architecture())? {
                edits.set_ablated(layer, head, true);
            }
        }
        for &layer in &self.ablated_mlps {
            edits.set_mlp_ablated(layer_of(network.architecture(), layer)?, true);
        }
        for &id in &self.ablated_neurons {
            edits.set_neuron_ablated(network.architecture().neuron(id)?, true);
        }
        if let Some(FirstTokens::Keep(count) | FirstTokens::Drop(count)) = self.first
            && count > MOST_FIRST
        {
            return refused(
                format!("{count} first tokens"),
                format!("at most {MOST_FIRST} can be kept or dropped"),
            );
        }
        if self.first.is_some() {
            edits.set_first(self.first);
        }
        network.can(edits).map(|_| ())
    }

    /// Cuts heads to a window of `keys`. Of a layer or of all heads, those that see less by design are left as they are.
    fn cut(
        &self,
        network: &Network,
        heads: Heads,
        keys: usize,
        edits: &mut Edits,
    ) -> Result<Vec<HeadId>, ModelError> {
        let all = heads.of(network.architecture())?;
        let spans = network.spans();
        let sees_more = |head: &HeadId| {
            let span = spans.iter().find(|span| span.id() == *head);
            span.is_some_and(|span| span.open || span.reach > keys)
        };
        let longer: Vec<HeadId> = all.iter().copied().filter(sees_more).collect();
        if longer.is_empty() {
            let most = spans.iter().filter(|span| all.contains(&span.id()));
            let most = most.map(|span| span.reach.keys()).max().unwrap_or(0);
            return refused(
                format!("{heads}={keys}"),
                format!(
                    "no head of these sees more than {most} keys: a window must be shorter to cut something off"
                ),
            );
        }
        for head in &longer {
            edits.set(*head, SpanEdit::Window(keys))?;
        }
        Ok(longer)
    }

    /// The longest span that a head can have, if it learned its own.
    fn learned(&self, network: &Network, head: HeadId) -> Option<usize> {
        let spans = network.spans();
        let span = spans.iter().find(|span| span.id() == head);
        let learned = span.filter(|span| span.designed.is_soft());
        learned.and_then(|span| span.designed.most())
    }
}

fn refused<T>(what: String, why: String) -> Result<T, ModelError> {
    Err(ModelError::CannotEdit { what, why })
}
