//! spanscope: how far every attention head of a Transformer looks, and why.
//!
//! The window and the command line. What they are built of is in crates of their own, reachable from here by the names of old:
//! [`model`], [`analysis`], [`checkpoint`] and [`text`] (`spanscope-core`), [`engine`], [`chart`], [`train`], [`mod@bench`].
//!
//! Without the feature `desktop` there is the window alone, for a page in a browser (`crates/spanscope-web`).

#![forbid(unsafe_code)]

#[cfg(feature = "desktop")]
pub mod cli;
#[cfg(feature = "desktop")]
#[doc(hidden)]
pub mod fuzzing;
mod samples;
pub mod ui;

use spanscope_engine::Sample;

#[cfg(feature = "desktop")]
pub use spanscope_bench as bench;
pub use spanscope_chart as chart;
pub use spanscope_core::{analysis, checkpoint, files, json, mixer, model, platform, shown, text};
#[cfg(feature = "desktop")]
pub use spanscope_train as train;

/// Open models, texts as tokens, the worker thread; and the models that are part of the program.
pub mod engine {
    pub use crate::samples::SAMPLES;
    pub use spanscope_engine::*;
}
