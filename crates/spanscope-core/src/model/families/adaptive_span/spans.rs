//! The spans of a file: shares of S, or nearly so.

use crate::checkpoint::Checkpoint;
use crate::model::ModelError;

/// The distance beyond 0 and 1 at which a span may lie that a step of training took there. fairseq's port clamps spans in its
/// forward pass, so its checkpoints hold them as the last step left them; the published code clamps them after every step.
const SLACK: f32 = 0.1;

/// Spans that lay beyond 0 to 1, and were clamped as a run would have done.
#[derive(Debug, Default)]
pub(super) struct Clamped {
    /// The count of them.
    count: usize,
    /// The first one, with the tensor that holds it.
    first: Option<(String, f32)>,
}

impl Clamped {
    /// The values of a tensor of spans, clamped to 0 to 1.
    ///
    /// # Errors
    /// When one of them is no span at all.
    pub fn take_in(
        &mut self,
        checkpoint: &Checkpoint,
        name: &str,
        mut values: Vec<f32>,
    ) -> Result<Vec<f32>, ModelError> {
        for value in &mut values {
            if (0.0..=1.0).contains(value) {
                continue;
            }
            if !(-SLACK..=1.0 + SLACK).contains(value) {
                return Err(ModelError::SpanValue {
                    path: checkpoint.path().to_owned(),
                    name: name.to_owned(),
                    value: *value,
                });
            }
            self.count += 1;
            self.first.get_or_insert_with(|| (name.to_owned(), *value));
            *value = value.clamp(0.0, 1.0);
        }
        Ok(values)
    }

    /// The note on them.
    pub fn note(&self) -> Option<String> {
        let (name, value) = self.first.as_ref()?;
        let spans = match self.count {
            1 => "1 span".to_owned(),
            n => format!("{n} spans"),
        };
        Some(format!(
            "spans from 0 to 1, as they are in a run: {spans} beyond that clamped, first {value} in {name}"
        ))
    }
}
