//! Run files: one `.safetensors` file with all that the window shows of a model on some texts, but not the model's
//! weights. docs/formats.md says what is in them.
//!
//! Of every token and layer there are the queries and keys of all heads: weights, score parts, pictures and the survey
//! follow from them by the code that a live run uses. What would need the model's weights is stored as results.

mod check;
mod element;
mod header;
mod names;
mod plan;
mod read;
mod weights;
mod write;

pub use header::{
    BIDIRECTIONAL, Header, KEY, QUERIES_AND_KEYS, RecordedModel, TOP_WEIGHTS, TextHeader, VERSION,
    WEIGHTS,
};
pub use plan::{RecordOptions, Recording, TextContent, TextToRecord, Vectors};
pub use read::{RecordedText, RunFile};
pub use write::RecordProgress;

use spanscope_core::shown::{said, shown, shown_list, shown_path};
use std::path::PathBuf;

/// The surprisals that a file may hold, in nats: what lies beyond is no number, or none that adds up.
pub(super) const NATS: std::ops::Range<f32> = -1.0..1e9;

/// Candidates of a prediction.
pub(super) const CANDIDATES: usize = 50;

/// Tokens that a persistent vector raises, and as many that it lowers.
pub(super) const PROMOTED: usize = 16;

/// What to say of tokens that a text of `count` does not have; `usize::MAX` is its end.
pub fn no_such_tokens(range: std::ops::Range<usize>, count: usize) -> String {
    let end = match range.end {
        usize::MAX => String::new(),
        end => end.to_string(),
    };
    let start = range.start;
    let can = match start < count {
        true => format!("{start}..{count} or {start}.. are those from {start} on"),
        false => "they are counted from 0".into(),
    };
    format!("--tokens {start}..{end}: the text has {count} tokens; {can}")
}

/// The tokens of a text of `count` that a range names; `usize::MAX` is the end of the text.
///
/// # Errors
/// When the text does not have all of them: a range is never cut to what is there.
pub fn tokens_within(
    range: std::ops::Range<usize>,
    count: usize,
) -> Result<std::ops::Range<usize>, String> {
    let end = match range.end {
        usize::MAX => count,
        end => end,
    };
    match range.start < end && end <= count {
        true => Ok(range.start..end),
        false => Err(no_such_tokens(range, count)),
    }
}

/// A run file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RunFileError {
    /// Written by a newer program.
    #[error(
        "{}: a run file of version {found}, this program knows version {VERSION}: open it with a newer spanscope{}",
        shown_path(path),
        by(written_by)
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that it says.
        found: u64,
        /// What wrote it, if it says so.
        written_by: Option<String>,
    },
    /// It needs something that this program does not know.
    #[error(
        "{}: the run file needs {}, which this program does not know: open it with a newer spanscope{}",
        shown_path(path), shown_list(features.iter().map(String::as_str)), by(written_by)
    )]
    Requires {
        /// The file.
        path: PathBuf,
        /// What it needs.
        features: Vec<String>,
        /// What wrote it, if it says so.
        written_by: Option<String>,
    },
    /// What is in it does not fit together.
    #[error(
        "{}: damaged run file: {what}; try copying it again, or record the run again",
        shown_path(path), what = said(what))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// It could be opened, but not be read later on.
    #[error(
        "{}: the run file cannot be read any more: {source}; open it again",
        shown_path(path)
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It has no such text.
    #[error(
        "{}: there is no text {index} in the run file: it has {texts}, counted from 0",
        shown_path(path)
    )]
    NoSuchText {
        /// The file.
        path: PathBuf,
        /// The text asked for.
        index: usize,
        /// How many there are.
        texts: usize,
    },
    /// It has no surprisal.
    #[error(
        "{}: the run file holds attention alone, not what the model expected of each token: record it with log p",
        shown_path(path)
    )]
    NoResults {
        /// The file.
        path: PathBuf,
    },
    /// Queries see later tokens, and sums are of distances to earlier ones.
    #[error(
        "{}: sums over texts are of models whose tokens see earlier ones alone, and this run is of an encoder: look at one text at a time, \
         with `spanscope figure heads` or `run.head_stats()`",
        shown_path(path)
    )]
    BothDirections {
        /// The file.
        path: PathBuf,
    },
    /// A text too long to be shown.
    #[error(
        "{}: more than {most} tokens cannot be recorded at once: cut the text into parts",
        shown(name)
    )]
    TooLong {
        /// The text.
        name: String,
        /// Most tokens.
        most: usize,
    },
    /// Numbers that no reader could use.
    #[error(
        "{}: the model has {what} of {value} there, which is no number that can be recorded; the training may have diverged: try an \
         earlier checkpoint",
        shown(name), what = said(what)
    )]
    NotFinite {
        /// The text.
        name: String,
        /// What has it, and where.
        what: String,
        /// The number.
        value: f32,
    },
    /// No tokens are left of what was asked for.
    #[error("{}: {}", shown(name), no_such_tokens(range.clone(), *tokens))]
    NoSuchTokens {
        /// The text.
        name: String,
        /// The tokens asked for.
        range: std::ops::Range<usize>,
        /// Tokens of the text.
        tokens: usize,
    },
    /// The file would be larger than anybody can want.
    #[error(
        "the run file would take {} GB, more than {} GB: keep the weights of some tokens only with --tokens A..B, or use --dtype f16",
        bytes / 1_000_000_000, most / 1_000_000_000
    )]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The largest.
        most: u64,
    },
    /// The model's file is another one than when it was opened.
    #[error(
        "{}: the file has changed since it was opened: record again",
        shown_path(path)
    )]
    Changed {
        /// The model's file.
        path: PathBuf,
    },
    /// Spans set by hand, or heads ablated.
    #[error("a model that was changed by hand cannot be recorded: restore its heads first")]
    Edited,
    /// There is nothing to record.
    #[error("no text to record: pass --text FILE or --ids FILE.json")]
    NoText,
}

fn by(written_by: &Option<String>) -> String {
    let by = written_by.as_ref();
    by.map_or_else(String::new, |by| {
        format!(" (it was written by {})", shown(by))
    })
}
