//! Speed and memory, measured on generated models of the published sizes.
//!
//! A bench is a list of [cases](Case). Each is meant to run in a process of its own, so that no case's memory hides
//! another's and all start alike; whoever starts the processes collects their [rows](Row) into one [table](table()).
//! Within a case, what is compared is measured in turns: on a machine that others use too, both get their share of it.

pub mod double;
mod forward;
mod long;
mod machine;
pub mod random;
mod series;
mod sizes;
mod table;
mod torch_file;
mod torch_pickle;
mod waits;

pub use sizes::Size;
pub use table::{Bar, Pick, Row, table};
pub use torch_file::write_pt;

use spanscope_core::model::ModelError;
use spanscope_core::shown::shown_path;
use spanscope_engine::{EngineError, LoadedModel};
use std::path::{Path, PathBuf};

/// Tokens that the bars are meant for.
pub const TOKENS: usize = 2048;

/// S of the network that the full S is compared with, and the longest z that both then have: with the usual ramp of 32
/// the longest head reaches 232.
const NARROW: (usize, usize) = (256, 200);

/// The scope of the measurements, and their thoroughness.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The network.
    pub size: Size,
    /// Length of the text; the long one is four times as long.
    pub tokens: usize,
    /// The number of times that a run is repeated.
    pub repeat: usize,
    /// Few and short measurements, to see that everything works; no bars.
    pub quick: bool,
}

impl Settings {
    /// Tokens of the long text.
    pub fn long(&self) -> usize {
        self.tokens.saturating_mul(4)
    }

    /// True if figures can be held against bars: those speak of texts of 2,048 and 8,192 tokens.
    fn bars(&self) -> bool {
        self.tokens == TOKENS && !self.quick
    }

    /// As [`Settings::bars`], for bars in tokens, seconds or bytes: those speak of the 38M model.
    fn absolute_bars(&self) -> bool {
        self.bars() && self.size == Size::Enwik8
    }

    /// `full`, or `few` when it should be quick.
    fn count(&self, full: usize, few: usize) -> usize {
        if self.quick { few } else { full }
    }
}

/// Why a figure could not be had.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A generated model could not be opened.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Or not run.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Or not written.
    #[error(
        "{}: the generated model cannot be written: {source}",
        shown_path(path)
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Or not read again.
    #[error("{}: the generated model cannot be read: {source}", shown_path(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The thread with the run has ended otherwise than by returning.
    #[error("the thread that runs the model stopped before its time")]
    Thread,
    /// The text is too short to be stopped in the middle.
    #[error("every run ended before it could be cancelled; pass a larger --tokens")]
    NothingToCancel,
}

/// A generated model on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelFile {
    /// The network of the settings, with optimizer state.
    Published,
    /// The same with all spans cut to 200, so that they fit a small S, and the full S.
    Wide,
    /// The same as `Wide`, weights and spans included, but for S.
    Narrow,
    /// The all-attention network that belongs to the size.
    AllAttention,
}

impl ModelFile {
    /// Its place in a folder of models.
    pub fn path(self, folder: &Path) -> PathBuf {
        folder.join(match self {
            Self::Published => "model.pt",
            Self::Wide => "wide.pt",
            Self::Narrow => "narrow.pt",
            Self::AllAttention => "all_attention.pt",
        })
    }

    /// Generates the model into `folder`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(self, settings: &Settings, folder: &Path) -> Result<(), BenchError> {
        let size = match self {
            Self::AllAttention => settings.size.all_attention().unwrap_or(settings.size),
            _ => settings.size,
        };
        let (mut config, mut spans) = (size.config(), size.spans());
        if matches!(self, Self::Wide | Self::Narrow) {
            spans.iter_mut().for_each(|z| *z = (*z).min(NARROW.1));
        }
        if self == Self::Narrow {
            config.attn_span = NARROW.0;
        }
        let entries = random::entries(&config, &spans);
        write_pt(&self.path(folder), &entries, self == Self::Published)
    }

    fn open(self, folder: &Path) -> Result<LoadedModel, BenchError> {
        Ok(LoadedModel::open(&self.path(folder), None, None)?)
    }
}

/// Measurements that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// A text at once.
    Prefill,
    /// One more token.
    Append,
    /// A long text, and looks at its heads.
    Long,
    /// Opening a file.
    Open,
    /// Stopping a run.
    Cancel,
    /// The same spans under a large and a small S.
    Span,
    /// A text at once, through an all-attention network.
    AllAttention,
}

impl Case {
    /// All cases, those with the same files one after the other.
    pub const ALL: [Self; 7] = [
        Self::Prefill,
        Self::Append,
        Self::Long,
        Self::Open,
        Self::Cancel,
        Self::Span,
        Self::AllAttention,
    ];

    /// The name by which a process is told its case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prefill => "prefill",
            Self::Append => "append",
            Self::Long => "long",
            Self::Open => "open",
            Self::Cancel => "cancel",
            Self::Span => "span",
            Self::AllAttention => "all-attention",
        }
    }

    /// True if there is something to measure for the size.
    pub fn applies(self, settings: &Settings) -> bool {
        self != Self::AllAttention || settings.size.all_attention().is_some()
    }

    /// The models that must be in the folder.
    pub fn models(self) -> &'static [ModelFile] {
        match self {
            Self::Span => &[ModelFile::Wide, ModelFile::Narrow],
            Self::AllAttention => &[ModelFile::AllAttention],
            _ => &[ModelFile::Published],
        }
    }

    /// In how many processes, one after the other, the case is measured: what a file costs the first time is asked
    /// only once in each.
    pub fn processes(self, settings: &Settings) -> usize {
        match self {
            Self::Open => settings.repeat,
            _ => 1,
        }
    }

    /// Measures, with the models in `folder`.
    ///
    /// # Errors
    /// When a model cannot be opened or run.
    pub fn run(self, settings: &Settings, folder: &Path) -> Result<Vec<Row>, BenchError> {
        match self {
            Self::Prefill => forward::prefill(settings, folder),
            Self::Append => waits::append(settings, folder),
            Self::Long => long::long(settings, folder),
            Self::Open => waits::open(settings, folder),
            Self::Cancel => waits::cancel(settings, folder),
            Self::Span => forward::span(settings, folder),
            Self::AllAttention => forward::all_attention(settings, folder),
        }
    }
}
