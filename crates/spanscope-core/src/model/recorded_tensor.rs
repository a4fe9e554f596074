//! The tensors that a run file holds of a network, by name and shape.

/// A tensor that a run file holds of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedTensor {
    /// Its name; where it is one of the model's file, that of the published code.
    pub name: String,
    /// Its shape in the run file: a span that all heads of a layer share is there once per head.
    pub shape: Vec<usize>,
    /// Its numbers, where they are not those of a tensor in the model's file.
    pub(super) numbers: Option<Vec<f32>>,
}

impl RecordedTensor {
    /// One whose numbers are those of the model's file.
    pub(super) fn of_file(name: String, shape: &[usize]) -> Self {
        Self {
            name,
            shape: shape.to_vec(),
            numbers: None,
        }
    }
}

/// The sinks of a layer's heads: one number each.
pub(super) fn sinks(layer: usize) -> String {
    format!("layers.{layer}.sinks")
}

/// The keys that a layer's heads find before the text, where a norm makes something of nothing: H × d.
pub(super) fn keys_before(layer: usize) -> String {
    format!("layers.{layer}.before.keys")
}
