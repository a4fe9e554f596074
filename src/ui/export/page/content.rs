//! The content of a page: measured, and written, on other threads.

use crate::checkpoint::Dtype;
use crate::engine::run_file::{RecordOptions, Recording, TextContent, TextToRecord};
use crate::engine::run_page::{RunPage, RunPageError, packed_at_most};
use crate::engine::{EngineError, LoadedModel};
use crate::model::Cancel;
use crate::platform::fs;
use crate::ui::export::files::{Exports, Made};
use crate::ui::language::{self, Language};
use eframe::egui;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The content of a page.
#[derive(Debug, Clone)]
pub struct PageContent {
    pub(super) model: Arc<LoadedModel>,
    /// The folders in which the window for browsers is looked for.
    pub(super) web: Vec<PathBuf>,
    pub(super) text: String,
    pub(super) content: TextContent,
    pub(super) tokens: Option<Range<usize>>,
    pub(super) dtype: Dtype,
}

/// The bytes of the window and those of the run, at most.
pub(super) type Sizes = Result<(u64, u64), Trouble>;

/// Why there is no page.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The window for browsers is not at hand; the folder in which it belongs.
    NoWindow(PathBuf),
    /// Anything else, in words.
    Words(String),
}

impl PageContent {
    fn window(&self) -> Result<RunPage, RunPageError> {
        RunPage::find(&self.web)
    }

    fn recording(&self) -> Result<Recording<'_>, EngineError> {
        let text = TextToRecord {
            name: self.text.clone(),
            content: self.content.clone(),
        };
        let options = RecordOptions {
            dtype: Some(self.dtype),
            tokens: self.tokens.clone(),
            ..RecordOptions::default()
        };
        Recording::new(&self.model, vec![text], &options)
    }

    /// The texts of the run file that is open, if one is.
    fn recorded_texts(&self) -> Result<Option<Vec<Arc<str>>>, String> {
        let Some(run) = &self.model.recorded else {
            return Ok(None);
        };
        let count = run.header().texts.len();
        let texts = (0..count).map(|index| run.text(index).map(|text| text.text));
        let texts: Result<_, _> = texts.collect();
        texts.map(Some).map_err(|error| error.to_string())
    }

    /// What it will take.
    pub(super) fn sizes(&self) -> Sizes {
        let page = self.window().map_err(|error| match error {
            RunPageError::NoWindow { looked } => {
                Trouble::NoWindow(looked.into_iter().next().unwrap_or_default())
            }
            error => Trouble::Words(error.to_string()),
        })?;
        let words = |error: &dyn std::fmt::Display| Trouble::Words(error.to_string());
        let (page, run) = match self.recorded_texts().map_err(Trouble::Words)? {
            Some(texts) => {
                let texts = texts.iter().map(|text| text.as_bytes());
                (page.with_fonts(texts), self.model.bytes)
            }
            None => {
                let recording = self.recording().map_err(|error| words(&error))?;
                (page.with_fonts(recording.texts()), recording.bytes())
            }
        };
        RunPage::check(run).map_err(|error| words(&error))?;
        let page = page.map_err(|error| words(&error))?;
        Ok((page.bytes(), packed_at_most(run)))
    }

    /// Begins to write the page, on another thread.
    pub fn begin(
        self,
        path: PathBuf,
        ctx: &egui::Context,
        exports: &mut Exports,
        language: Language,
    ) {
        exports.start(path, ctx, move |path, cancel| {
            language::speak(language);
            self.write(path, cancel)
        });
    }

    fn write(&self, to: &Path, cancel: &Cancel) -> Result<Made, String> {
        let words = |error: RunPageError| error.to_string();
        let page = self.window().map_err(words)?;
        let name = to.with_extension("safetensors");
        let name = name.file_name().unwrap_or_default().to_string_lossy();
        let written = if let Some(texts) = self.recorded_texts()? {
            let page = page.with_fonts(texts.iter().map(|text| text.as_bytes()));
            let run = &self.model.path;
            page.and_then(|page| page.write(run, &name, to, cancel))
        } else {
            let recording = self.recording().map_err(|error| error.to_string())?;
            RunPage::check(recording.bytes()).map_err(words)?;
            let page = page.with_fonts(recording.texts()).map_err(words)?;
            let run = Beside::of(to);
            if let Err(error) = recording.write(&run.0, cancel, &mut |_| ()) {
                // Given up, or not to be written.
                return match cancel.is_cancelled() {
                    true => Ok(Made::GivenUp),
                    false => Err(error.to_string()),
                };
            }
            page.write(&run.0, &name, to, cancel)
        };
        match written.map_err(words)? {
            true => Ok(Made::Written(None)),
            false => Ok(Made::GivenUp),
        }
    }
}

/// The run file of a page while that is written: beside it, where there is room for the page as well, and gone afterwards.
struct Beside(PathBuf);

impl Beside {
    fn of(page: &Path) -> Self {
        let name = page.file_name().unwrap_or_default().to_string_lossy();
        let process = crate::platform::process_id();
        Self(page.with_file_name(format!(".{name}.{process}.run")))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Where it was not written there is nothing to remove.
        let _ = fs::remove_file(&self.0);
    }
}
