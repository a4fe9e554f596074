//! The edits made by hand to a network, to see what follows: a head's span changed, or a head ablated.

use super::ModelError;
use crate::head_id::HeadId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    /// [edited network](super::Network::edited).
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
