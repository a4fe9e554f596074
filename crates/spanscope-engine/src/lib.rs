//! Open models, texts as tokens, and the worker thread that runs one over the other: what stands between files and views.
//!
//! [`Engine`] is what a window holds: it is told what is wanted and answers with [`Snapshot`]s.
//!
//! # From a checkpoint to a chart
//!
//! ```
//! use spanscope_chart::{Figure, Style};
//! use spanscope_core::model::HeadId;
//! use spanscope_engine::{Engine, Heads, Queries, Source, figures};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sample_models/shakespeare_adaptive.safetensors"));
//! let model = Source::File { path: path.into(), vocab: None, ramp: None };
//! let engine = Engine::start(model, "To be, or not to be".into(), || ());
//!
//! // Layer 3, head 1: the weights of its queries, each over the distances before it.
//! engine.look(Queries { heads: Heads::one(HeadId::new(3, 1)), ..Queries::default() });
//! let snapshot = engine.wait();
//! let head = snapshot.detail.as_ref().ok_or("no such head")?;
//! assert_eq!(head.weights.queries(), 19);
//!
//! let model = snapshot.model.as_ref().ok_or("no model")?;
//! let chart = figures::span_chart(model);
//! assert!(chart.svg(&Style::default()).contains("layer 3, head 1: reach 106"));
//! # Ok(())
//! # }
//! ```

mod ablating;
mod alike_task;
mod answer;
mod bundled;
mod convert;
pub mod corpus;
mod error;
pub mod figures;
mod finished_run;
mod follow;
mod generation;
mod generation_task;
mod heatmap_image;
mod live_run;
mod memory;
mod neuron_stats;
mod open;
mod queries;
mod query_cache;
mod reach_task;
mod recorded_run;
pub mod run_file;
pub mod run_page;
mod sample;
mod selected_heads;
mod text_run;

mod head_stats;
mod snapshot;
mod span_history;
mod steps;
mod stop_text;
pub mod sums_file;
mod token_named;
mod tokenizer;
mod tokens;
mod unedited;
mod vector_facts;
mod weights_file;
mod worker;
mod worker_turns;

#[cfg(test)]
use samples::SAMPLES;
#[cfg(test)]
#[path = "../../../src/samples.rs"]
mod samples;

pub use ablating::{Ablating, AblationTask, MOST as MOST_ABLATED};
pub use bundled::Sample;
pub use convert::{ConvertOptions, convert};
pub use finished_run::{FinishedRun, TextToRead};
pub use follow::Followed;
pub use generation::{Ended, Generation, GenerationRequest, generate};
pub use generation_task::Generated;
pub use head_stats::{HeadStats, LeadingHead};
pub use heatmap_image::{
    ColorRange, HeatmapImage, HeatmapKind, HeatmapRequest, color, color_share,
};
pub use memory::peak_rss;
pub use neuron_stats::{NeuronFacts, NeuronStats, NeuronsPromoting};
pub use open::{EngineError, LoadedModel, Prepared};
pub use queries::{Combine, Heads, LensQuery, Queries, ReachQuery, Weighting};
pub use query_cache::Score;
pub use reach_task::ReachFacts;
pub use recorded_run::replay;
pub use sample::{SampledToken, Sampling};
pub use selected_heads::SelectedHeads;
pub use snapshot::{Failure, Snapshot};
pub use span_history::SpanHistory;
pub use tokens::Tokens;
pub use vector_facts::VectorFacts;
pub use weights_file::{
    PersistentUse, WeightsFile, WeightsFileError, persistent_file, weights_file, write_weights,
};
pub use worker::{Engine, MEMORY, Source};
