//! Making figures for files, the clipboard and the preview: once the engine has their numbers, on other threads.

use super::app::App;
use super::dialogs::Purpose;
use super::export::{self, Copied};
use super::figures::{self, TENSORS, Way};
use super::language::{self, Language, trf};
use crate::chart::{Figure, Style};
use crate::engine::figures::{FigureChoice, FigureError, FigureKind, figure, missing, sign};
use crate::engine::{
    Looks, PersistentUse, Snapshot, WeightsFileError, write_persistent, write_weights,
};
use crate::model::Cancel;
use eframe::egui;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A figure that was asked for and waits for its numbers.
#[derive(Debug)]
pub(super) struct Asked {
    kind: FigureKind,
    choice: FigureChoice,
    to: To,
    /// The number of the model that it is of.
    model: u64,
    /// Frames since it was asked for: the engine has not heard of it in the first.
    frames: u32,
}

#[derive(Debug)]
enum To {
    File(PathBuf),
    Clipboard(Way),
    Preview,
}

impl Asked {
    /// Adds what it needs to what is looked at.
    pub fn look(&self, looks: &mut Looks) {
        look(self.kind, &self.choice, looks);
    }

    /// What is waited for, where somebody should know: the preview shows it by itself.
    pub fn waiting(&self) -> Option<&'static str> {
        let known = !matches!(self.to, To::Preview);
        known.then(|| figures::name(self.kind))
    }
}

/// Adds what a figure needs to what is looked at.
pub(super) fn look(kind: FigureKind, choice: &FigureChoice, looks: &mut Looks) {
    let own = choice.looks(kind);
    looks.survey |= own.survey;
    looks.thumbnails = looks.thumbnails.or(own.thumbnails);
    looks.prediction = looks.prediction.or(own.prediction);
}

/// What a figure depends on besides its style: made of the same twice, it is the same.
#[derive(Debug, Clone)]
pub(super) struct Basis {
    kind: FigureKind,
    choice: FigureChoice,
    snapshot: Arc<Snapshot>,
    title: Option<String>,
}

impl PartialEq for Basis {
    /// Snapshots share what has not changed between them; only what figures show is looked at.
    fn eq(&self, other: &Self) -> bool {
        fn same<T>(a: &Option<Arc<T>>, b: &Option<Arc<T>>) -> bool {
            match (a, b) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (a, b) => a.is_none() && b.is_none(),
            }
        }
        let (a, b) = (&*self.snapshot, &*other.snapshot);
        self.kind == other.kind
            && self.title == other.title
            && self.choice == other.choice
            && a.done == b.done
            && same(&a.model, &b.model)
            && same(&a.preview, &b.preview)
            && same(&a.detail, &b.detail)
            && same(&a.gathered, &b.gathered)
            && same(&a.surveyed, &b.surveyed)
            && same(&a.prediction, &b.prediction)
            && Arc::ptr_eq(&a.tokens, &b.tokens)
            && Arc::ptr_eq(&a.surprisal, &b.surprisal)
            && Arc::ptr_eq(&a.shares, &b.shares)
    }
}

/// A figure on its way to another thread, with all that it is made from.
struct Making {
    kind: FigureKind,
    choice: FigureChoice,
    snapshot: Arc<Snapshot>,
    /// Instead of the figure's own title.
    title: Option<String>,
    text: String,
    style: Style,
    language: Language,
}

impl Making {
    /// The figure.
    fn figure(&self) -> Result<Box<dyn Figure>, String> {
        // Whatever goes wrong is said in the language of the window.
        language::speak(self.language);
        let made = figure(self.kind, &self.snapshot, &self.choice);
        made.map_err(|error| self.said(&error))
    }

    /// The figure with its title, and the title that it has by itself.
    fn titled(&self) -> Result<(Box<dyn Figure>, String), String> {
        let mut made = self.figure()?;
        let own = made.title().to_owned();
        if let Some(title) = &self.title {
            made.set_title(title.clone());
        }
        Ok((made, own))
    }

    /// The figure with where it comes from: reads the model's file the first time.
    fn signed(&self) -> Result<Box<dyn Figure>, String> {
        let (mut made, _) = self.titled()?;
        let (snapshot, choice) = (&self.snapshot, &self.choice);
        sign(&mut *made, self.kind, snapshot, choice, &self.text);
        Ok(made)
    }

    fn said(&self, error: &FigureError) -> String {
        let (name, reason) = (figures::name(self.kind), figures::reason(error));
        trf("{0}: {1}", &[&name, &reason])
    }

    /// Writes the figure; what comes back is to be said of it.
    fn write(&self, path: &Path, cancel: &Cancel) -> Result<Option<String>, String> {
        if is_tensors(path) {
            return self.tensors(path, cancel).map(|()| None);
        }
        let made = self.signed()?;
        if cancel.is_cancelled() {
            return Ok(None);
        }
        let missing = made
            .write(path, &self.style)
            .map_err(|error| error.to_string())?;
        language::speak(self.language);
        Ok((!missing.is_empty()).then(|| {
            trf(
                "Characters without a glyph in the program's fonts, drawn as their code points: {0} ({1})",
                &[&missing.count, &missing.named()],
            )
        }))
    }

    /// The weights behind the figure.
    fn tensors(&self, path: &Path, cancel: &Cancel) -> Result<(), String> {
        language::speak(self.language);
        let snapshot = &self.snapshot;
        let Some(model) = &snapshot.model else {
            return Err(self.said(&FigureError::NoModel));
        };
        let detail = snapshot.detail.as_deref();
        let detail = detail.filter(|detail| detail.heads == self.choice.heads);
        let written = if self.kind == FigureKind::Attention {
            let detail = detail.ok_or_else(|| self.said(&FigureError::NoWeights))?;
            write_weights(path, model, &detail.weights, &detail.heads, &self.text)
        } else {
            let of = detail.map(|detail| (&detail.weights, &detail.heads));
            PersistentUse::measure(snapshot, cancel)
                .and_then(|used| write_persistent(path, model, &used, of, &self.text))
        };
        written.map_err(|error| match error {
            WeightsFileError::NoVectors => self.said(&FigureError::NoVectors),
            WeightsFileError::NoText => self.said(&FigureError::NoText),
            error => error.to_string(),
        })
    }

    fn copied(&self, way: Way) -> Result<Copied, String> {
        let made = self.signed()?;
        let words = |error: crate::chart::ChartError| error.to_string();
        Ok(match way {
            Way::CopyNumbers => Copied::Text(made.csv().map_err(words)?),
            Way::CopySvg => Copied::Text(made.svg(&self.style)),
            Way::CopyPicture | Way::Save => {
                let png = made.png(&self.style).map_err(words)?;
                Copied::Picture(export::color_image(&png)?)
            }
        })
    }
}

/// Whether a file is of tensors, by its ending.
fn is_tensors(path: &Path) -> bool {
    let ending = path.extension();
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case(TENSORS))
}

impl App {
    /// A figure was asked for.
    pub(super) fn export(&mut self, ctx: &egui::Context, kind: FigureKind, way: Way) {
        if way == Way::Save {
            return self.ask(ctx, Purpose::Figure(kind));
        }
        self.make(kind, To::Clipboard(way));
    }

    /// The file for a figure was named.
    pub(super) fn save_figure(&mut self, ctx: &egui::Context, kind: FigureKind, path: PathBuf) {
        let endings = figures::endings(kind);
        let known = |ending: &&str| endings.iter().any(|e| e.eq_ignore_ascii_case(ending));
        let ending = path.extension().and_then(|ending| ending.to_str());
        let Some(ending) = ending.filter(known) else {
            // A desktop's dialog takes any name: the usual ending is put behind it.
            let mut whole = path.into_os_string();
            whole.push(format!(".{}", self.ending(kind)));
            let whole = PathBuf::from(whole);
            return match super::disk::exists(&whole) {
                // The desktop asked about another file.
                true => self.dialogs.ask_again(Purpose::Figure(kind), &whole),
                false => self.save_figure(ctx, kind, whole),
            };
        };
        self.settings.ending = Some(ending.to_lowercase());
        self.save();
        self.make(kind, To::File(path));
        ctx.request_repaint();
    }

    /// The ending that is proposed for a figure's file: the one that was used last.
    pub(super) fn ending(&self, kind: FigureKind) -> &str {
        let last = self.settings.ending.as_deref().unwrap_or("svg");
        match figures::endings(kind).contains(&last) {
            true => last,
            false => "svg",
        }
    }

    /// The figure of the options' dialog is wanted anew.
    pub(super) fn preview(&mut self, kind: FigureKind) {
        self.make(kind, To::Preview);
    }

    /// Figures that cannot be made now, and why.
    pub(super) fn missing(&self) -> Vec<(FigureKind, &'static str)> {
        let why = |kind| {
            let choice = self.choice(kind);
            let error = missing(kind, &self.snapshot, &choice)?;
            Some((kind, figures::reason(&error)))
        };
        FigureKind::ALL.into_iter().filter_map(why).collect()
    }

    /// Makes no figure that still waits for its numbers; the preview is no such.
    pub(super) fn stop_waiting(&mut self) {
        self.figures.retain(|asked| asked.waiting().is_none());
    }

    /// What a figure shows now: as its view is set, of what is selected.
    pub(super) fn choice(&self, kind: FigureKind) -> FigureChoice {
        let mut choice = self.views.choice(kind, &self.snapshot);
        choice.heads = self.selection.heads.clone();
        choice.tokens = self.selection.tokens.clone();
        if choice.tokens.is_empty()
            && let Some(last) = self.snapshot.done.checked_sub(1)
        {
            choice.tokens = crate::analysis::TokenSet::one(last);
        }
        choice
    }

    /// What a figure would be made of now.
    pub(super) fn basis(&self, kind: FigureKind) -> Basis {
        Basis {
            kind,
            choice: self.choice(kind),
            snapshot: Arc::clone(&self.snapshot),
            title: self.figure_options.title(kind),
        }
    }

    fn make(&mut self, kind: FigureKind, to: To) {
        let choice = self.choice(kind);
        // Of previews only the last counts.
        if matches!(to, To::Preview) {
            self.figures
                .retain(|asked| !matches!(asked.to, To::Preview));
        }
        self.figures.push(Asked {
            kind,
            choice,
            to,
            model: self.snapshot.model_number,
            frames: 0,
        });
    }

    /// Makes the figures whose numbers are there.
    pub(super) fn make_figures(&mut self, ctx: &egui::Context) {
        if self.figures.is_empty() {
            return;
        }
        let ready = self.engine.is_settled(&self.snapshot);
        for mut asked in std::mem::take(&mut self.figures) {
            asked.frames = asked.frames.saturating_add(1);
            if asked.model != self.snapshot.model_number {
                // What was chosen is of the model before.
                if let Some(name) = asked.waiting() {
                    let words = trf("{0}: another model was opened before it was made", &[&name]);
                    self.toasts.error(words);
                }
            } else if ready && asked.frames >= 2 {
                self.finish_figure(ctx, asked);
            } else {
                if asked.frames < 2 {
                    ctx.request_repaint();
                }
                self.figures.push(asked);
            }
        }
    }

    fn finish_figure(&mut self, ctx: &egui::Context, asked: Asked) {
        let making = Making {
            kind: asked.kind,
            choice: asked.choice,
            snapshot: Arc::clone(&self.snapshot),
            title: self.figure_options.title(asked.kind),
            text: self.text_name(),
            style: self.settings.figure,
            language: self.settings.language,
        };
        match asked.to {
            To::File(path) => self
                .exports
                .start(path, ctx, move |path, cancel| making.write(path, cancel)),
            To::Clipboard(way) => self.exports.copy(ctx, move || making.copied(way)),
            To::Preview => {
                let style = super::figure_options::for_preview(making.style);
                self.figure_options.draw(ctx, move || {
                    let (made, title) = making.titled()?;
                    let png = made.png(&style).map_err(|error| error.to_string())?;
                    Ok((export::color_image(&png)?, title))
                });
            }
        }
    }

    /// The name of the text that is shown.
    fn text_name(&self) -> String {
        let recorded = self.snapshot.model.as_ref();
        let recorded = recorded.and_then(|model| model.recorded.as_ref());
        let header = recorded.and_then(|run| {
            let index = self.snapshot.recorded.unwrap_or(0);
            run.text_header(index).ok()
        });
        match header {
            Some(header) => header.name.clone(),
            None => self.history.present().text.name.to_string(),
        }
    }
}
