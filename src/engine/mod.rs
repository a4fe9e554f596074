//! Between files and views: an opened model, texts as ids, runs.

mod convert;
mod open;
mod sample;
mod samples;

pub use convert::convert;
pub use open::{EngineError, Model, Prepared};
pub use sample::{Sampling, generate};
pub use samples::{SAMPLES, Sample};
