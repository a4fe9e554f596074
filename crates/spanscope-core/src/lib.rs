//! Checkpoints of causal Transformers, their exact forward pass, and what is measured on every attention head.
//!
//! [`checkpoint`] reads files of weights, [`text`] makes tokens of texts, [`model`] runs a network over them, and [`analysis`] turns
//! attention weights into numbers. No window and no drawing: `spanscope-chart` draws, `spanscope-engine` joins both.
//!
//! # One head of a checkpoint
//!
//! ```
//! use spanscope_core::checkpoint::Checkpoint;
//! use spanscope_core::model::{NoObserver, Cancel, Network, Run};
//! use spanscope_core::text::Vocabulary;
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/tiny_adaptive.pt"));
//! let checkpoint = Checkpoint::open(path)?;
//! let network = Arc::new(Network::load(&checkpoint, None)?);
//! let mut run = Run::new(Arc::clone(&network));
//! run.set(&[3, 1, 4, 1, 5, 9, 2, 6], &Cancel::default(), &NoObserver)?;
//!
//! // The weights of layer 0, head 1, for the queries 5 to 7: one row per query, distance 1 first.
//! let weights = run.head_weights(0, 1, 5, 8).ok_or("no such head")?;
//! assert_eq!(weights.queries, 3);
//! let span = network.spans()[1];
//! assert!(span.reach.keys() >= span.span as usize);
//! # Ok(())
//! # }
//! ```

// Unsafe code has one place here: `checkpoint::bytes` maps files. Whatever else stands in its room is denied it by the lints.
#[forbid(unsafe_code)]
pub mod analysis;
pub mod checkpoint;
#[forbid(unsafe_code)]
pub mod files;
#[forbid(unsafe_code)]
pub mod head_id;
#[forbid(unsafe_code)]
pub mod json;
mod lanes;
#[forbid(unsafe_code)]
pub mod mixer;
#[forbid(unsafe_code)]
pub mod model;
#[forbid(unsafe_code)]
pub mod neuron_id;
#[forbid(unsafe_code)]
pub mod platform;
#[forbid(unsafe_code)]
pub mod shown;
#[forbid(unsafe_code)]
pub mod text;
#[forbid(unsafe_code)]
mod zip_directory;
