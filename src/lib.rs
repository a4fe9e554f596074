//! spanscope: how far every attention head of a Transformer looks, and why.

pub mod analysis;
pub mod bench;
pub mod chart;
pub mod checkpoint;
pub mod cli;
pub mod engine;
pub mod files;
mod fonts;
#[doc(hidden)]
pub mod fuzzing;
pub mod json;
pub mod model;
pub mod text;
pub mod train;
pub mod ui;
mod zip_directory;
