//! Networks with adaptive attention span (arXiv 1905.07799) and all-attention layers (arXiv 1907.01470).

mod architecture;
mod code;
mod config;
mod layers;
mod load;
pub(in crate::model) mod recorded;
mod sequential;
mod spans;
mod stored_config;

pub use config::{AdaptIo, Config, DEFAULT_RAMP};
pub(in crate::model) use config::{Inferred, span_name};
