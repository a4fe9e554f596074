//! The window.

pub mod offscreen;

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
    pub ramp: Option<usize>,
    /// Threads to compute with.
    pub threads: Option<usize>,
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When no window can be opened: no display, or no graphics driver.
pub fn run(start: Start) -> Result<(), eframe::Error> {
    let _ = start;
    Ok(())
}
