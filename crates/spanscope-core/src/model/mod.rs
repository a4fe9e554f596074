//! The networks: architecture, weights, forward pass.
//!
//! Adaptive attention span (arXiv 1905.07799) and the all-attention layer (arXiv 1907.01470), on `f32`. The forward
//! pass knows nothing of views: it reports to an [`Observer`] what happens in each head.

pub mod architecture;
mod assumption;
mod attention;
mod attribution;
mod band;
mod beyond_reach;
mod cache;
mod cancel;
mod device;
mod edited;
mod edits;
mod error;
mod families;
mod forward;
mod head_weights;
mod heads;
mod kernel;
mod load;
mod mask;
mod memory;
mod normalisation;
mod norms;
mod observer;
mod on_device;
mod output;
mod output_direction;
mod parts;
mod probe;
mod recorded;
mod rope;
mod run;
mod score;
mod sublayers;
mod token_trace;
mod unembed;
mod unused;
mod weights;

pub use crate::head_id::{HeadId, NoHead, NoSuchHead};
pub use architecture::Architecture;
pub use assumption::{About, Assumption};
pub use attribution::{Attribution, LogitPart};
pub use cancel::Cancel;
pub use device::{Device, tensor_error};
pub use edits::Edits;
pub use error::ModelError;
pub use families::adaptive_span::{AdaptIo, Config, DEFAULT_RAMP, RecordedNetwork, RecordedTensor};
pub use head_weights::{HeadSums, HeadWeights, OffText};
pub use heads::LONGEST_REACH;
pub use kernel::{Numbers, instruction_set};
pub use kernel::{exp_sum, largest};
pub use load::Outline;
pub use mask::{Ramp, reach, soft_mask};
pub use normalisation::Normalisation;
pub use observer::{NoObserver, Observer, Tee};
pub use output_direction::OutputDirection;
pub use parts::{Part, PartKind};
pub use probe::HeadProbe;
pub use recorded::RecordedRows;
pub use run::{BLOCK, Run};
pub use score::ScoreParts;
pub use token_trace::TokenTrace;
pub use unused::Unused;
pub use weights::{Network, Span};
