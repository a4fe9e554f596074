//! What can be wrong with a model.

use super::Device;
use super::device::{TensorError, tensor_error};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::shown::{said, shown, shown_path};
use std::path::PathBuf;

/// A network could not be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file itself.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A tensor that this kind of network has is not in the file.
    #[error(
        "{}: tensor {name} is missing, so this is not an adaptive-span or all-attention model (the file holds {found})",
        shown_path(path), name = shown(name), found = said(found))]
    MissingTensor {
        /// The file.
        path: PathBuf,
        /// The tensor expected.
        name: String,
        /// Some names that were found.
        found: String,
    },
    /// A tensor of the network is not in the file, though others are.
    #[error(
        "{}: tensor {name} is missing; of its kind the file holds {found}. Save the whole state dict of the plain module",
        shown_path(path), name = shown(name), found = said(found)
    )]
    MissingPart {
        /// The file.
        path: PathBuf,
        /// The tensor expected.
        name: String,
        /// Names like it that were found.
        found: String,
    },
    /// A tensor of the network is in the file, in a form that is not read.
    #[error("{}: tensor {name} {what}; {advice}", shown_path(path), name = shown(name), what = said(what))]
    UnreadTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// What it is.
        what: String,
        /// What to do.
        advice: &'static str,
    },
    /// Layers are missing or unlike, or something else of the architecture does not fit together.
    #[error("{}: {what}", shown_path(path), what = said(what))]
    Layers {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        what: String,
    },
    /// A tensor has a shape that does not fit the others.
    #[error(
        "{}: tensor {name} has the shape {found}, expected {expected}",
        shown_path(path), name = shown(name), found = shown(&format!("{found:?}")), expected = said(expected))]
    Shape {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// What would fit.
        expected: String,
    },
    /// A span parameter that is no share of the longest span.
    #[error(
        "{}: tensor {name} holds the span {value}; expected numbers from 0 to 1, or beyond by a step of training (less than 0.1). The training may have diverged: try an earlier checkpoint",
        shown_path(path), name = shown(name))]
    SpanValue {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// What it holds.
        value: f32,
    },
    /// A span set by hand that is no number of tokens.
    #[error(
        "layer {layer}, head {head} (both counted from 0): the span cannot be set to {value}; expected a number of tokens"
    )]
    EditedSpan {
        /// Layer, from 0.
        layer: usize,
        /// Head, from 0.
        head: usize,
        /// What was asked for.
        value: f32,
    },
    /// Something that was asked for by hand and cannot be.
    #[error("{}: {}", said(.what), said(.why))]
    CannotEdit {
        /// What was asked for, as it is written on the command line.
        what: String,
        /// Why it cannot be, and what can.
        why: String,
    },
    /// A ramp of no length.
    #[error("the ramp R must be a number of tokens above 0; the published models use 32")]
    Ramp,
    /// A token id that the model has no embedding for.
    #[error("token id {id} at position {at}: the model's vocabulary has {vocab_size} tokens, ids 0 to {}", vocab_size - 1)]
    TokenId {
        /// The id.
        id: u32,
        /// Where it stands in the text.
        at: usize,
        /// V.
        vocab_size: usize,
    },
    /// The network is what a run file holds of one.
    #[error(
        "a recorded run holds what a model did with a text, not the model's weights: it cannot run over another text or be changed; open the model that it was recorded from"
    )]
    Recorded,
    /// The architecture that a file names cannot be.
    #[error("{}: the architecture in the file cannot be: {what}", shown_path(path), what = said(what))]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The numbers of a recorded run cannot be read any more.
    #[error("{}", said(.0))]
    Recording(String),
    /// A text has more tokens than the network has positions for.
    #[error(
        "{tokens} tokens, and this network has learned positions for {most}: give it a shorter text, or a part of this one"
    )]
    TooLong {
        /// Tokens of the text.
        tokens: usize,
        /// Positions that it has.
        most: usize,
    },
    /// A tensor that the configuration asks for is not in the file.
    #[error(
        "{}: tensor {} is missing, which its configuration asks for; if the file is whole, it is of another kind than the \
         configuration says, or packed in a form that is not read",
        shown_path(path),
        shown(name)
    )]
    MissingOfFamily {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A network of a family that runs on the processor only.
    #[error("networks of the family {} run on the CPU only: leave --device out", shown(.family))]
    OnProcessorOnly {
        /// Its name.
        family: String,
    },
    /// The run was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// A device cannot be used.
    #[error("no computing with {device}: {}; {}, or compute on the CPU (leave --device out)", tensor_error(source), device.advice())]
    NoDevice {
        /// The device.
        device: Device,
        /// What the tensor library says.
        source: TensorError,
    },
    /// A device failed, for want of memory for example.
    #[error(
        "computing with {device} failed: {}; if its memory is full, compute on the CPU (leave --device out)",
        tensor_error(source)
    )]
    OnDevice {
        /// The device.
        device: Device,
        /// What the tensor library says.
        source: TensorError,
    },
    /// The tensor library reported an error.
    #[error("tensor arithmetic: {}", tensor_error(.0))]
    Tensor(#[from] TensorError),
}

impl ModelError {
    pub(super) fn shape(
        checkpoint: &Checkpoint,
        name: &str,
        found: &[usize],
        expected: &str,
    ) -> Self {
        Self::Shape {
            path: checkpoint.path().to_owned(),
            name: name.to_owned(),
            found: found.to_vec(),
            expected: expected.to_owned(),
        }
    }
}
