//! Many texts: finding them, sharing them out among machines and threads, and measuring every head on all of them.
//!
//! Nothing depends on who does what: a text's place in the corpus follows from its name, and what is measured are
//! [sums](spanscope_core::analysis::sums) of whole numbers.

mod find;
mod jobs;
mod measure;
mod recorded;
mod shard;
mod text;

pub use find::{Corpus, TextFile, TextKind, corpus_id};
pub(crate) use measure::content;
pub use measure::{Block, CorpusSums, Keep, Measure, Progress};
pub use recorded::{RecordedSums, recorded_sums};
pub use shard::{MOST_SHARDS, Shard, ShardError};
pub use text::{LeftOut, TextRecord};

use super::EngineError;
use spanscope_core::analysis::sums::SumsError;
use spanscope_core::checkpoint::CheckpointError;
use spanscope_core::shown::{said, shown, shown_path};
use std::path::PathBuf;

/// The errors of measuring many texts.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A folder cannot be listed, or there is no such file.
    #[error("{}: cannot be read: {source}", shown_path(path))]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A folder without anything to run on.
    #[error("{}: the folder holds no {what}", shown_path(path))]
    NoTexts {
        /// The folder.
        path: PathBuf,
        /// The files there should be: texts, or .json files of ids.
        what: &'static str,
    },
    /// A list of documents that is packed.
    #[error(
        "{}: a packed list of documents, whose lines cannot be gone to one by one: unpack it and pass the .jsonl file",
        shown_path(.0)
    )]
    PackedDocuments(PathBuf),
    /// Places of more neurons and persistent vectors than there is memory for.
    #[error(
        "places of {count} neurons and persistent vectors take up to {:.1} GB, more than the {:.1} GB that they may: name fewer, or keep fewer \
         of each with --top, or measure fewer texts at a time with --jobs",
        *bytes as f64 / 1e9, *most as f64 / 1e9
    )]
    Places {
        /// Neurons and vectors.
        count: usize,
        /// What their places take.
        bytes: usize,
        /// What they may take.
        most: usize,
    },
    /// The same file was named twice.
    #[error("{}: the same text is named twice; name it once", shown(.0))]
    Twice(String),
    /// A text cannot be run on.
    #[error("{}", text.words(*others))]
    Text {
        /// The text, and why.
        text: LeftOut,
        /// The number of others like it.
        others: usize,
    },
    /// A text is not what it was a moment ago.
    #[error("{}: the file was changed while it was being measured; measure again", shown(.0))]
    Changed(String),
    /// The sums.
    #[error(transparent)]
    Sums(#[from] SumsError),
    /// The model, or its vocabulary.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A file that is being written.
    #[error(transparent)]
    File(#[from] CheckpointError),
    /// The threads could not be started.
    #[error("the threads could not be started: {}; try fewer with --jobs or --threads", said(.0))]
    Threads(String),
}

impl From<spanscope_core::model::ModelError> for CorpusError {
    fn from(error: spanscope_core::model::ModelError) -> Self {
        Self::Engine(error.into())
    }
}
