//! The families of networks: each knows the names of its tensors and the words of its configuration, and nobody else does.

pub mod adaptive_span;
pub(super) mod foreign;
