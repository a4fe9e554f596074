//! What the window opens with.

use crate::model::Device;
use std::path::PathBuf;

/// What the window opens with.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// A checkpoint; without one, the first bundled model.
    pub model: Option<PathBuf>,
    /// A text file; without one, the sample model's text.
    pub text: Option<PathBuf>,
    /// A vocabulary file for the model.
    pub vocab: Option<PathBuf>,
    /// The ramp R.
    pub ramp: Option<crate::model::Ramp>,
    /// What the text may take of the memory, in MB; without it, as the settings say.
    pub memory: Option<usize>,
    /// True if special tokens that are spelled in a text are tokens; without it, as the settings say.
    pub special_tokens: Option<bool>,
    /// Where models compute.
    pub device: Device,
    /// True if the text may be any file, binary data included, and one of which the vocabulary lacks much.
    pub any_text: bool,
    /// A text of a recorded run, from 0; without it, the first, or the one that was shown last.
    pub recorded: Option<usize>,
}
