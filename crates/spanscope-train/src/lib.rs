//! Training: networks whose heads learn how far to look.
//!
//! Loss, clamping, clipping and schedule are those of arXiv 1905.07799 and of the published experiments; gradients go through
//! the tensor library's tape, with operations of our own where it matters: attention computes every head's own band and
//! nothing beyond, forward and back.

mod attention;
mod data;
mod dropout;
mod embedding;
mod error;
mod layers;
mod network;
mod numbers;
mod optimiser;
mod options;
mod parameters;
mod presets;
mod product;
mod saved;
mod state;
#[cfg(test)]
mod tests;
mod trainer;

pub use data::Data;
pub use error::TrainError;
pub use options::{Optim, Options};
pub use presets::Preset;
pub use saved::{Begun, CHECKPOINT};
pub use spanscope_core::checkpoint::{RunProgress, SPAN_HISTORY, TRAINING};
pub use trainer::{Entry, Step, Trainer};
