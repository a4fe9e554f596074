//! What is measured on a run: where weight goes, what is used, how surprising the text is; and what it costs.
//!
//! The forward pass reports to an observer; these are the observers and the sums over what they saw. Nothing here
//! knows of windows or files.

mod ablation;
mod band;
pub mod cost;
pub mod examples;
mod head_filter;
mod head_points;
mod lens;
pub mod logit_lens;
mod margins;
mod neuron_search;
mod neurons;
mod predict;
mod recorder;
pub mod role;
pub mod row_measures;
mod shares;
pub mod similar;
mod smooth;
mod statistic;
pub mod sums;
mod survey;
mod text_weights;
mod token_attention;
mod token_set;
mod usage;
mod verified_reach;

pub use ablation::{Ablated, Ablation, AblationSteps, ablate_each};
pub use band::{BandGrid, BandLayout, BandWindow, Pool};
pub use head_filter::HeadFilter;
pub use head_points::{HeadPoint, head_points, outstanding};
pub use lens::{LENS_WORDS, Lens, LensLayer, LensTarget, Watched, lens};
pub use margins::BandMargins;
pub use neuron_search::{NeuronSearch, NeuronSearching, neurons_promoting};
pub use neurons::{ExpertUsage, NeuronRecorder, NeuronUsage, USERS};
pub use predict::{Candidate, Prediction, Truth, predict, predictions};
pub use recorder::HeadRecorder;
pub use role::{Finding, Role};
pub use row_measures::{Mean, usual_sink_free};
pub use shares::{CutShares, ShareRecorder, Shares};
pub use smooth::{running_mean, smoothed};
pub use statistic::{HeadRow, Statistic, StatisticKind};
pub use survey::{
    EDGE_PART, EDGE_SHARE, EFFECTIVE_SHARES, HeadMeasure, LOCAL_QUERIES, LOCAL_SHARE, LaterMeasure,
    PRESSED_EVEN, PRESSED_IN_RAMP, PRESSED_RAMPS, PRESSED_REMOVED, Pressed, Repeated, Repeats,
    SINK_SHARE, SpanFlag, Survey, Thumbnail, UNUSED_QUERIES, UNUSED_RAMPS, UNUSED_SHARE, edge,
    effective, flag, sunk,
};
pub use text_weights::TextWeights;
pub use token_attention::TokenAttention;
pub use token_set::TokenSet;
pub use usage::{VectorSums, VectorUsage, top_queries};
pub use verified_reach::{ReachSearch, VerifiedReach, verified_reach};

/// Nats as bits.
pub fn bits(nats: f32) -> f32 {
    nats / std::f32::consts::LN_2
}

/// The first `k` of `all` in the order `order`, sorted; the rest is not.
fn first_by<T>(
    mut all: Vec<T>,
    k: usize,
    order: impl Fn(&T, &T) -> std::cmp::Ordering + Copy,
) -> Vec<T> {
    if k == 0 {
        return Vec::new();
    }
    if k < all.len() {
        all.select_nth_unstable_by(k - 1, order);
        all.truncate(k);
    }
    all.sort_unstable_by(order);
    all
}
