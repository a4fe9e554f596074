//! What is measured on a run: where weight goes, what is used, how surprising the text is; and what it costs.
//!
//! The forward pass reports to an observer; these are the observers and the sums over what they saw. Nothing here
//! knows of windows or files.

mod band;
pub mod cost;
mod gathered;
mod looked;
mod recorder;
mod shares;
mod token_set;
mod usage;

pub use band::{BandGrid, BandLayout, BandWindow};
pub use gathered::Gathered;
pub use looked::LookedWeights;
pub use recorder::HeadRecorder;
pub use shares::{CutShares, ShareRecorder, Shares};
pub use token_set::TokenSet;
pub use usage::VectorUsage;

/// Nats as bits.
pub fn bits(nats: f32) -> f32 {
    nats / std::f32::consts::LN_2
}
