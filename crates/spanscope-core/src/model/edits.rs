//! The edits made by hand to a network, to see what follows: a head's span changed, or a head ablated.

use super::ModelError;
use super::architecture::Window;
use super::heads::{self, Setting, settable};
use super::weights::{Layer, Network, Span};
use crate::head_id::HeadId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// Changes of single heads, which are named by layer and head, both from 0. They are absolute: what is not named here is
/// as trained.
///
/// They belong to no network. Of heads that a network lacks it takes no notice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Edits {
    /// z in tokens; finite, not negative.
    spans: BTreeMap<HeadId, f32>,
    ablated: BTreeSet<HeadId>,
}

/// No span is NaN.
impl Eq for Edits {}

impl Edits {
    /// True if nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.ablated.is_empty()
    }

    /// Sets a head's z, in tokens. What is below 0 becomes 0; what is above S counts as S in the
    /// [edited network](Network::edited).
    ///
    /// # Errors
    /// When `span` is not finite; nothing is changed then.
    pub fn set_span(&mut self, layer: usize, head: usize, span: f32) -> Result<(), ModelError> {
        if !span.is_finite() {
            return Err(ModelError::EditedSpan {
                layer,
                head,
                value: span,
            });
        }
        // No −0 either: it would be written as such.
        let span = if span > 0.0 { span } else { 0.0 };
        self.spans.insert(HeadId::new(layer, head), span);
        Ok(())
    }

    /// Leaves a head's span as trained; returns what it was set to.
    pub fn clear_span(&mut self, layer: usize, head: usize) -> Option<f32> {
        self.spans.remove(&HeadId::new(layer, head))
    }

    /// The z that a head is set to, in tokens.
    pub fn span(&self, layer: usize, head: usize) -> Option<f32> {
        self.spans.get(&HeadId::new(layer, head)).copied()
    }

    /// All heads whose span is set, with z in tokens, in order.
    pub fn spans(&self) -> impl Iterator<Item = (HeadId, f32)> + '_ {
        self.spans.iter().map(|(place, span)| (*place, *span))
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

    /// True if anything is changed of a head.
    pub fn is_edited(&self, layer: usize, head: usize) -> bool {
        self.spans.contains_key(&HeadId::new(layer, head)) || self.is_ablated(layer, head)
    }

    /// Leaves a head as trained; returns whether anything was changed of it.
    pub fn clear(&mut self, layer: usize, head: usize) -> bool {
        let span = self.clear_span(layer, head).is_some();
        let ablated = self.ablated.remove(&HeadId::new(layer, head));
        span || ablated
    }

    /// Leaves all heads as trained.
    pub fn clear_all(&mut self) {
        self.spans.clear();
        self.ablated.clear();
    }
}

/// [`Edits`] as they are written down: not every format has keys of two numbers.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    #[serde(default)]
    spans: Vec<StoredSpan>,
    /// Layer and head. Sessions of before call them silenced.
    #[serde(default, alias = "silenced")]
    ablated: Vec<HeadId>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredSpan {
    layer: usize,
    head: usize,
    span: f32,
}

impl From<Edits> for Stored {
    fn from(edits: Edits) -> Self {
        let spans = edits.spans();
        Self {
            spans: spans
                .map(|(HeadId { layer, head }, span)| StoredSpan { layer, head, span })
                .collect(),
            ablated: edits.ablated().collect(),
        }
    }
}

impl TryFrom<Stored> for Edits {
    type Error = ModelError;

    fn try_from(stored: Stored) -> Result<Self, ModelError> {
        let mut edits = Self {
            spans: BTreeMap::new(),
            ablated: stored.ablated.into_iter().collect(),
        };
        for StoredSpan { layer, head, span } in stored.spans {
            edits.set_span(layer, head, span)?;
        }
        Ok(edits)
    }
}

impl Network {
    /// This network as the file has it, but for `edits`: edits of an edited network begin from what was trained, so that
    /// no edits give the original again. All weights are shared, in main memory and on a device; the edited network is
    /// on the same one.
    ///
    /// A head whose span is set looks as far as if it had been trained so, and the others of its layer normalise as they
    /// then would (ARCHITECTURE.md, "The numbers"). A head of fixed span has no soft mask: it becomes one of a shorter
    /// fixed window, of z rounded up to whole tokens and at least one. A ablated head adds nothing to the layer's
    /// output, neither from the text nor from persistent vectors; its weights are as they were.
    ///
    /// # Errors
    /// When the network is on a device which has not the memory for new masks, or is [recorded](Self::is_recorded) and
    /// there is something to change.
    pub fn edited(&self, edits: &Edits) -> Result<Self, ModelError> {
        if self.recorded && !edits.is_empty() {
            return Err(ModelError::Recorded);
        }
        let mut applied = Edits::default();
        let mut layers = Vec::with_capacity(self.layers.len());
        for (index, layer) in self.layers.iter().enumerate() {
            let mut settings = Vec::with_capacity(layer.heads.len());
            for (i, head) in layer.heads.iter().enumerate() {
                let span = edits.span(index, i);
                let span = span.map(|span| settable(&layer.spec.attention, span));
                if let Some(span) = span {
                    applied.set_span(index, i, span)?;
                }
                let ablated = edits.is_ablated(index, i);
                applied.set_ablated(index, i, ablated);
                settings.push(Setting {
                    trained: head.trained,
                    span: span.unwrap_or(head.trained),
                    ablated,
                    sink: head.sink,
                    open: span.is_none() && layer.spec.attention.window == Window::Full,
                    before: head.before.clone(),
                    persistent: Arc::clone(&head.persistent),
                });
            }
            layers.push(Layer {
                spec: Arc::clone(&layer.spec),
                rope: layer.rope,
                dense: Arc::clone(&layer.dense),
                heads: heads::of_layer(&layer.spec.attention, &self.positions, settings),
            });
        }
        let accelerator = match self.accelerator.get() {
            Some(accelerator) => OnceLock::from(accelerator.edited(&layers)?),
            None => OnceLock::new(),
        };
        Ok(Self {
            architecture: Arc::clone(&self.architecture),
            spans: Span::all(&self.architecture, &layers),
            parts: self.parts.clone(),
            assumed: self.assumed.clone(),
            unused: Arc::clone(&self.unused),
            input: Arc::clone(&self.input),
            output: Arc::clone(&self.output),
            layers,
            positions: Arc::clone(&self.positions),
            ropes: Arc::clone(&self.ropes),
            edits: applied,
            accelerator,
            recorded: self.recorded,
        })
    }

    /// The edits made to it, as far as it has such heads: spans as they count, in 0 to S.
    pub fn edits(&self) -> &Edits {
        &self.edits
    }

    /// True if a head contributes nothing; false where there is no such head.
    pub fn ablated(&self, layer: usize, head: usize) -> bool {
        self.edits.is_ablated(layer, head)
    }

    /// A head's z as the file has it, in tokens, whatever it is set to; S for a fixed span, `None` where there is no
    /// such head.
    pub fn trained_span(&self, layer: usize, head: usize) -> Option<f32> {
        let head = self.layers.get(layer)?.heads.get(head)?;
        Some(head.trained)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use std::path::Path;

    fn network(name: &str, load: bool) -> Network {
        let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("tests/data");
        let file = Checkpoint::open(&data.join(name)).unwrap();
        match load {
            true => Network::load(&file, None).unwrap(),
            false => Network::outline(&file, None).unwrap(),
        }
    }

    fn some() -> Edits {
        let mut edits = Edits::default();
        edits.set_span(1, 2, 12.5).unwrap();
        edits.set_span(0, 3, -1.0).unwrap();
        edits.set_ablated(1, 0, true);
        edits
    }

    #[test]
    fn edits_are_written_and_read_again() {
        for edits in [Edits::default(), some()] {
            let text = serde_json::to_string(&edits).unwrap();
            assert_eq!(serde_json::from_str::<Edits>(&text).unwrap(), edits);
        }
        assert_eq!(
            serde_json::from_str::<Edits>("{}").unwrap(),
            Edits::default()
        );
        let text = r#"{"spans": [{"layer": 0, "head": 0, "span": 1e39}]}"#;
        assert!(serde_json::from_str::<Edits>(text).is_err());
        let negative = r#"{"spans": [{"layer": 0, "head": 0, "span": -0.0}]}"#;
        let negative = serde_json::from_str::<Edits>(negative).unwrap();
        assert_eq!(negative.span(0, 0).map(f32::to_bits), Some(0));
    }

    #[test]
    fn what_is_set_is_cleared_again() {
        let mut edits = some();
        assert!(!edits.is_empty() && edits.is_edited(1, 0) && !edits.is_edited(0, 0));
        assert_eq!(edits.span(0, 3), Some(0.0));
        assert!(edits.clear(1, 0) && !edits.clear(1, 0));
        assert_eq!(edits.clear_span(1, 2), Some(12.5));
        assert!(edits.clear(0, 3) && edits.is_empty());
        let mut edits = some();
        edits.set_ablated(1, 0, false);
        assert!(edits != some() && edits.ablated().count() == 0);
        edits.clear_all();
        assert_eq!(edits, Edits::default());
    }

    #[test]
    fn an_edited_network_shares_all_weights() {
        for name in ["tiny_all_attention.pt", "tiny_adaptive_io.pt"] {
            let network = network(name, true);
            let edited = network.edited(&some()).unwrap();
            assert!(Arc::ptr_eq(&network.input, &edited.input));
            assert!(Arc::ptr_eq(&network.output, &edited.output));
            assert!(Arc::ptr_eq(&network.positions, &edited.positions));
            for (a, b) in network.layers.iter().zip(&edited.layers) {
                assert!(Arc::ptr_eq(&a.dense, &b.dense));
                for (a, b) in a.heads.iter().zip(&b.heads) {
                    assert!(Arc::ptr_eq(&a.persistent, &b.persistent));
                }
            }
            assert_eq!(edited.parameters(), network.parameters());
        }
    }

    #[test]
    fn a_network_without_weights_knows_its_edited_spans() {
        let name = "tiny_adaptive.pt";
        let edited = network(name, true).edited(&some()).unwrap();
        let outline = network(name, false).edited(&some()).unwrap();
        assert_eq!(outline.spans(), edited.spans());
        assert_ne!(outline.spans(), network(name, false).spans());
    }
}
