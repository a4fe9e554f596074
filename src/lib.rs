//! spanscope: how far every attention head of a Transformer looks, and why.

// Unsafe code has two places: `checkpoint::bytes` maps files, `train::product` calls the matrix product. Whatever else stands in
// the rooms of these two is denied it by the lints of the package.
#[forbid(unsafe_code)]
pub mod analysis;
#[forbid(unsafe_code)]
pub mod bench;
#[forbid(unsafe_code)]
pub mod chart;
pub mod checkpoint;
#[forbid(unsafe_code)]
pub mod cli;
#[forbid(unsafe_code)]
pub mod engine;
#[forbid(unsafe_code)]
pub mod files;
#[forbid(unsafe_code)]
mod fonts;
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod fuzzing;
#[forbid(unsafe_code)]
pub mod json;
#[forbid(unsafe_code)]
pub mod model;
#[forbid(unsafe_code)]
pub mod shown;
#[forbid(unsafe_code)]
pub mod text;
pub mod train;
#[forbid(unsafe_code)]
pub mod ui;
#[forbid(unsafe_code)]
mod zip_directory;
