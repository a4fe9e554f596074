//! Edits as they are written down: not every format has keys of two numbers.

use super::{Edits, FirstTokens, SpanEdit};
use crate::head_id::HeadId;
use crate::model::ModelError;
use crate::model::mask::Ramp;
use crate::neuron_id::NeuronId;
use serde::{Deserialize, Serialize};

/// [`Edits`] as they are written down.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    #[serde(default)]
    spans: Vec<StoredSpan>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    windows: Vec<StoredWindow>,
    /// Layer and head. Sessions of before call them silenced.
    #[serde(default, alias = "silenced")]
    ablated: Vec<HeadId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ablated_mlps: Vec<usize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ablated_neurons: Vec<NeuronId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<FirstTokens>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredSpan {
    layer: usize,
    head: usize,
    span: f32,
    /// R of a soft mask that was put on by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ramp: Option<Ramp>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredWindow {
    layer: usize,
    head: usize,
    keys: usize,
}

impl From<Edits> for Stored {
    fn from(edits: Edits) -> Self {
        let (mut spans, mut windows) = (Vec::new(), Vec::new());
        for (HeadId { layer, head }, edit) in edits.spans() {
            let (span, ramp) = match edit {
                SpanEdit::Own(z) => (z, None),
                SpanEdit::Soft { z, ramp } => (z, Some(ramp)),
                SpanEdit::Window(keys) => {
                    windows.push(StoredWindow { layer, head, keys });
                    continue;
                }
            };
            spans.push(StoredSpan {
                layer,
                head,
                span,
                ramp,
            });
        }
        Self {
            spans,
            windows,
            ablated: edits.ablated().collect(),
            ablated_mlps: edits.ablated_mlps().collect(),
            ablated_neurons: edits.ablated_neurons().collect(),
            first: edits.first(),
        }
    }
}

impl TryFrom<Stored> for Edits {
    type Error = ModelError;

    fn try_from(stored: Stored) -> Result<Self, ModelError> {
        let mut edits = Self {
            ablated: stored.ablated.into_iter().collect(),
            mlps: stored.ablated_mlps.into_iter().collect(),
            neurons: stored.ablated_neurons.into_iter().collect(),
            ..Self::default()
        };
        edits.set_first(stored.first);
        for of in stored.spans {
            let edit = match of.ramp {
                Some(ramp) => SpanEdit::Soft { z: of.span, ramp },
                None => SpanEdit::Own(of.span),
            };
            edits.set(HeadId::new(of.layer, of.head), edit)?;
        }
        for of in stored.windows {
            edits.set(HeadId::new(of.layer, of.head), SpanEdit::Window(of.keys))?;
        }
        Ok(edits)
    }
}
