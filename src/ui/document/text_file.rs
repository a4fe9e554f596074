//! Texts from elsewhere: files, read by another thread, and samples.

use super::history::{Origin, Text};
use crate::analysis::TokenSet;
use crate::engine::{SAMPLES, Sample};
use crate::text::Accept;
use crate::ui::export::files as export;
use eframe::egui;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;

/// A text file being read by another thread.
#[derive(Debug)]
pub struct TextFile {
    /// The file.
    pub path: PathBuf,
    pub(in crate::ui) read: Receiver<(PathBuf, export::TextRead)>,
    /// The file as it was when the reading began.
    pub(in crate::ui) origin: Option<Origin>,
    /// It is the last session's text, which had these tokens selected.
    pub(in crate::ui) restores: Option<TokenSet>,
    /// And another model was open then.
    pub(in crate::ui) of_another: bool,
}

impl TextFile {
    /// Begins to read the file at `path`.
    pub fn read(path: PathBuf, accept: Accept, ctx: &egui::Context) -> Self {
        Self {
            origin: Origin::of(&path),
            read: export::read_text(path.clone(), accept, ctx),
            path,
            restores: None,
            of_another: false,
        }
    }

    /// Begins to read the document at a line of a list, counted from 1.
    pub fn document(path: PathBuf, line: u64, ctx: &egui::Context) -> Self {
        Self {
            // A session keeps the text itself: the file is not the text.
            origin: None,
            read: export::read_document(path.clone(), line, ctx),
            path,
            restores: None,
            of_another: false,
        }
    }

    /// True if it is the last session's text.
    pub fn restores(&self) -> bool {
        self.restores.is_some()
    }
}

/// The text of a sample.
pub fn text_of(sample: &Sample) -> Text {
    Text {
        text: sample.text.into(),
        name: sample.name.into(),
        origin: None,
    }
}

/// True if `text` is that of a sample.
pub fn is_sample(text: &str) -> bool {
    SAMPLES.iter().any(|sample| sample.text == text)
}
