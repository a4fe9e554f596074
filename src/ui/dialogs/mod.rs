//! Asking for a file: the desktop's own dialog where one answers, a path field in the window where none does.
//!
//! Where no dialog can be shown, `rfd` answers at once as if the user had cancelled. So the question is put to the
//! desktop first (`native`), and never guessed from the answer.

mod listing;
#[cfg_attr(not(feature = "desktop"), path = "picked.rs")]
mod native;
mod path_field;

use crate::engine::figures::FigureKind;
use crate::ui::export::figures;
use crate::ui::language::tr;
use path_field::PathField;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

pub use native::Backend;
#[cfg(not(feature = "desktop"))]
pub use native::{Pick, take as take_pick};

/// The purpose of a file that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A checkpoint to open.
    Model,
    /// The folder of a training run to open.
    Run,
    /// A text to open.
    Text,
    /// A file of places that show what heads do.
    Examples,
    /// A file that gives the model's vocabulary.
    Vocabulary,
    /// A file to write a figure to.
    Figure(FigureKind),
    /// A file to write a page for a browser to.
    Page,
}

impl Purpose {
    fn title(self) -> &'static str {
        match self {
            Self::Model => tr("Open model"),
            Self::Run => tr("Open training run"),
            Self::Text => tr("Open text"),
            Self::Examples => tr("Open examples"),
            Self::Vocabulary => tr("Choose vocabulary"),
            Self::Figure(_) => tr("Save figure"),
            Self::Page => tr("Save page"),
        }
    }

    /// True if a folder is wanted.
    fn is_folder(self) -> bool {
        self == Self::Run
    }

    fn saves(self) -> bool {
        matches!(self, Self::Figure(_) | Self::Page)
    }

    /// Name and endings of the files that fit. Opening offers all files as well.
    fn filter(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Model => (
                tr("Checkpoints"),
                &["pt", "pth", "bin", "ckpt", "safetensors", "gguf"],
            ),
            Self::Run => (tr("Checkpoints of runs"), &["safetensors"]),
            Self::Text => (tr("Texts"), &["txt", "md", "text", "zip", "gz", "raw"]),
            Self::Examples => (tr("Examples"), &["safetensors"]),
            Self::Vocabulary => (tr("Vocabularies"), &["txt", "json", "zip", "gz", "raw"]),
            Self::Figure(kind) => (tr("Charts and data"), figures::endings(kind)),
            Self::Page => (tr("Pages"), &["html"]),
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Model => tr("a .pt, .safetensors or .gguf file, or a folder of Hugging Face"),
            Self::Run => tr("the folder that spanscope train writes to"),
            Self::Text => tr("a text file, plain, .zip or .gz"),
            Self::Examples => tr("a file that spanscope examples wrote"),
            Self::Vocabulary => {
                tr("the model's train.txt, its raw training text, or a vocabulary as JSON")
            }
            Self::Page => tr("a file whose name ends in .html"),
            Self::Figure(kind) if figures::endings(kind).contains(&figures::TENSORS) => {
                tr("the ending chooses the format: .svg, .pdf, .png, .csv, .json or .safetensors")
            }
            Self::Figure(_) => tr("the ending chooses the format: .svg, .pdf, .png, .csv or .json"),
        }
    }
}

type Answer = (Purpose, Option<PathBuf>);

/// The dialogs of a window.
#[derive(Debug)]
pub struct Dialogs {
    backend: Backend,
    answers: (Sender<Answer>, Receiver<Answer>),
    /// A native dialog is open; a second one would confuse.
    waiting: bool,
    field: Option<PathField>,
}

impl Dialogs {
    /// Dialogs that use the desktop's own where it has any.
    pub fn new(backend: Backend) -> Self {
        Self {
            backend,
            answers: channel(),
            waiting: false,
            field: None,
        }
    }

    /// The backend that shows them.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Asks for a file, starting in `folder`; `name` is proposed where one is written.
    pub fn ask(
        &mut self,
        ctx: &eframe::egui::Context,
        purpose: Purpose,
        folder: Option<&Path>,
        name: &str,
    ) {
        if self.field.is_some() {
            return;
        }
        // A native dialog that does not come back must not bar all others: asked again, the window shows its own.
        if self.backend.answers() && !self.waiting {
            let (sender, ctx) = (self.answers.0.clone(), ctx.clone());
            self.waiting = native::ask(purpose, folder, name, move |path| {
                // The window may be gone by now.
                let _ = sender.send((purpose, path));
                ctx.request_repaint();
            });
            if self.waiting {
                return;
            }
        }
        self.field = Some(PathField::new(purpose, folder, name));
    }

    /// Asks in the window whether the file at `path` is meant, which is there already.
    pub fn ask_again(&mut self, purpose: Purpose, path: &Path) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.field = Some(PathField::new(purpose, path.parent(), &name).asking());
    }

    /// Draws what is open, and returns the file that the user named.
    pub fn show(&mut self, ctx: &eframe::egui::Context) -> Option<(Purpose, PathBuf)> {
        if let Some(field) = &mut self.field {
            match field.show(ctx) {
                path_field::Outcome::Open => {}
                path_field::Outcome::Cancelled => self.field = None,
                path_field::Outcome::Chosen(path) => {
                    let purpose = field.purpose();
                    self.field = None;
                    return Some((purpose, path));
                }
            }
        }
        let (purpose, path) = self.answers.1.try_recv().ok()?;
        self.waiting = false;
        Some((purpose, path?))
    }

    /// True if the window's own path field is open.
    pub fn is_open(&self) -> bool {
        self.field.is_some()
    }
}
