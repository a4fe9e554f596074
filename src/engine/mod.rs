//! Between files and views: an opened model, texts as tokens, and the worker thread that runs one over the other.
//!
//! [`Engine`] is what a window holds: it is told what is wanted and answers with [`Snapshot`]s.

mod continuation;
mod convert;
mod detail;
pub mod figures;
mod memory;
mod open;
mod reading;
mod sample;
mod samples;
mod snapshot;
mod steps;
mod tokens;
mod worker;

pub use continuation::{Continuation, ContinuationRequest, Ended, generate};
pub use convert::convert;
pub use detail::{Detail, Picture, PictureRequest, color};
pub use memory::peak_rss;
pub use open::{EngineError, Model, Prepared};
pub use sample::{Drawn, Sampling};
pub use samples::{SAMPLES, Sample};
pub use snapshot::{Failure, Snapshot};
pub use tokens::Tokens;
pub use worker::{Engine, MEMORY, Source};
