//! The errors that can occur while a network is trained.

use spanscope_core::checkpoint::CheckpointError;
use spanscope_core::model::{ModelError, tensor_error};
use spanscope_core::shown::{said, shown_path};
use spanscope_core::text::TextError;
use std::path::PathBuf;
use thiserror::Error;

/// The errors that can occur while a network is trained.
#[derive(Debug, Error)]
pub enum TrainError {
    /// Another program writes to the run.
    #[error(
        "{}: another spanscope is training this run; wait until it is done or stop it, or give this one another folder with -o",
        shown_path(path)
    )]
    Held {
        /// The run's checkpoint.
        path: PathBuf,
    },
    /// An option that is out of range, or does not go with another.
    #[error("{name} {found}: expected {expected}", found = said(found), expected = said(expected))]
    Option {
        /// The option.
        name: &'static str,
        /// The value it was set to.
        found: String,
        /// The values it could have.
        expected: String,
    },
    /// A text that is too short to be trained on.
    #[error(
        "{}: {found} tokens are too few: {needed} are needed for --batch-sz {batch} and --block-sz {block}; use a longer text, or \
         make these smaller",
        shown_path(path)
    )]
    ShortText {
        /// The file.
        path: PathBuf,
        /// Tokens in it.
        found: usize,
        /// Tokens that one step takes.
        needed: usize,
        /// B.
        batch: usize,
        /// T.
        block: usize,
    },
    /// A file or folder that is no data set.
    #[error("{}: {what}", shown_path(path), what = said(what))]
    Data {
        /// The file or folder.
        path: PathBuf,
        /// The fault, and what to do.
        what: String,
    },
    /// The loss, a gradient or a parameter is infinite or no number.
    #[error(
        "step {step}: {what} is not finite any more, so the run stops; {advice}",
        what = said(what),
        advice = said(advice)
    )]
    NotFinite {
        /// The step.
        step: u64,
        /// The loss, or the parameter.
        what: String,
        /// The step of the last checkpoint, if one was written.
        saved: Option<u64>,
        /// The part of the run that is left, and what to do.
        advice: String,
    },
    /// A checkpoint that cannot be gone on with.
    #[error("{}: cannot be resumed: {what}", shown_path(path), what = said(what))]
    Resume {
        /// The checkpoint.
        path: PathBuf,
        /// Why, and what to do.
        what: String,
    },
    /// A folder that has a run already.
    #[error(
        "{}: there is a run already; go on with it with --resume, or choose another folder",
        shown_path(path)
    )]
    RunExists {
        /// The run's checkpoint.
        path: PathBuf,
    },
    /// The folder of the run cannot be made.
    #[error("{}: cannot make the folder for the run: {source}", shown_path(path))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A file that cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A text or vocabulary that cannot be read.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A device that does not open.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The device failed.
    #[error(
        "the device failed while training: {}; with too little memory, try --batch-split, or a smaller --batch-sz",
        tensor_error(.0)
    )]
    Device(#[from] candle_core::Error),
}

impl TrainError {
    pub(super) fn option(name: &'static str, found: String, expected: String) -> Self {
        Self::Option {
            name,
            found,
            expected,
        }
    }
}
