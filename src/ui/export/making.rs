//! Making figures for files, the clipboard and the preview: once the engine has their numbers, on other threads.

use super::figures::{self, TENSORS, Way};
use super::files::{Copied, Exports, Made, color_image, write_unless};
use super::options::{FigureOptions, for_preview};
use crate::chart::{Figure, Format, Style};
use crate::engine::figures::{FigureChoice, FigureError, FigureKind, figure, sign};
use crate::engine::{
    PersistentUse, Queries, Snapshot, WeightsFile, WeightsFileError, persistent_file, weights_file,
};
use crate::model::Cancel;
use crate::ui::language::{self, Language, trf};
use eframe::egui;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A figure that was asked for and waits for its numbers.
#[derive(Debug)]
pub struct Asked {
    /// Which.
    pub kind: FigureKind,
    /// Its content.
    pub choice: FigureChoice,
    /// Its destination.
    pub to: To,
    /// The number of the model that it is of.
    pub model: u64,
    /// Frames since it was asked for: the engine has not heard of it in the first.
    pub frames: u32,
}

/// The destination of a figure that was asked for.
#[derive(Debug)]
pub enum To {
    /// It is written to this file.
    File(PathBuf),
    /// It goes to the clipboard.
    Clipboard(Way),
    /// The dialog of options shows it.
    Preview,
}

impl Asked {
    /// Adds what it needs to what is looked at.
    pub fn look(&self, looks: &mut Queries) {
        look(self.kind, &self.choice, looks);
    }

    /// The name of the figure waited for, where somebody should know: the preview shows it by itself.
    pub fn waiting(&self) -> Option<&'static str> {
        let known = !matches!(self.to, To::Preview);
        known.then(|| figures::name(self.kind))
    }
}

/// Adds what a figure needs to what is looked at.
pub fn look(kind: FigureKind, choice: &FigureChoice, looks: &mut Queries) {
    let own = choice.looks(kind);
    looks.survey |= own.survey;
    looks.profiles |= own.profiles;
    looks.neurons |= own.neurons;
    looks.thumbnails = looks.thumbnails.or(own.thumbnails);
    looks.prediction = looks.prediction.or(own.prediction);
    looks.lens = looks.lens.or(own.lens);
}

/// A figure on its way to another thread, with all that it is made from.
pub struct Making {
    /// Which.
    pub kind: FigureKind,
    /// Its content.
    pub choice: FigureChoice,
    /// Of what.
    pub snapshot: Arc<Snapshot>,
    /// Instead of the figure's own title.
    pub title: Option<String>,
    /// The name of the text.
    pub text: String,
    /// Its style.
    pub style: Style,
    /// The language of what goes wrong.
    pub language: Language,
}

impl Making {
    /// Begins to make it, on another thread.
    pub fn begin(
        self,
        to: To,
        ctx: &egui::Context,
        exports: &mut Exports,
        options: &mut FigureOptions,
    ) {
        match to {
            To::File(path) => {
                exports.start(path, ctx, move |path, cancel| self.write(path, cancel));
            }
            To::Clipboard(way) => exports.copy(ctx, move || self.copied(way)),
            To::Preview => {
                let style = for_preview(self.style);
                options.draw(ctx, move || {
                    let (made, title) = self.titled()?;
                    let png = made.png(&style).map_err(|error| error.to_string())?;
                    Ok((color_image(&png)?, title))
                });
            }
        }
    }

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

    /// Writes the figure, unless it is given up.
    fn write(&self, path: &Path, cancel: &Cancel) -> Result<Made, String> {
        if is_tensors(path) {
            return self.tensors(path, cancel).map(|()| Made::Written(None));
        }
        let words = |error: crate::chart::ChartError| error.to_string();
        let format = Format::of(path).map_err(words)?;
        let made = self.signed()?;
        if cancel.is_cancelled() {
            return Ok(Made::GivenUp);
        }
        let (bytes, missing) = made.bytes(format, &self.style).map_err(words)?;
        if !write_unless(path, &bytes, cancel)? {
            return Ok(Made::GivenUp);
        }
        language::speak(self.language);
        Ok(Made::Written((!missing.is_empty()).then(|| {
            trf(
                "Characters without a glyph in the program's fonts, drawn as their code points: {0} ({1})",
                &[&missing.count, &missing.named()],
            )
        })))
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
        let file: Result<WeightsFile, WeightsFileError> = if self.kind == FigureKind::Attention {
            let detail = detail.ok_or_else(|| self.said(&FigureError::NoWeights))?;
            let (weights, heads) = (&detail.weights, &detail.heads);
            Ok(weights_file(model, weights, heads, &self.text))
        } else {
            let of = detail.map(|detail| (&detail.weights, &detail.heads));
            PersistentUse::measure(snapshot, cancel)
                .map(|used| persistent_file(model, &used, of, &self.text))
        };
        let written = file.and_then(|file| file.write(path, cancel));
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
                Copied::Picture(color_image(&png)?)
            }
        })
    }
}

/// True if a file is of tensors, by its ending.
fn is_tensors(path: &Path) -> bool {
    let ending = path.extension();
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case(TENSORS))
}
