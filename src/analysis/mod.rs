//! What is measured on a run: where weight goes, what is used, how surprising the text is; and what it costs.
//!
//! The forward pass reports to an observer; these are the observers and the sums over what they saw. Nothing here
//! knows of windows or files.

mod band;
pub mod cost;
mod looked;
mod recorder;
mod shares;
mod survey;
mod usage;

pub use band::{BandGrid, BandLayout, BandWindow};
pub use looked::LookedWeights;
pub use recorder::HeadRecorder;
pub use shares::{CutShares, ShareRecorder, Shares};
pub use survey::{
    EFFECTIVE_SHARES, HeadMeasure, PRESSED_IN_RAMP, PRESSED_RAMPS, PRESSED_REMOVED, SpanFlag,
    Survey, Thumbnail, UNUSED_QUERIES, UNUSED_RAMPS, UNUSED_SHARE, effective, flag,
};
pub use usage::VectorUsage;

/// Nats as bits.
pub fn bits(nats: f32) -> f32 {
    nats / std::f32::consts::LN_2
}
