//! Figures for programs: by the options of `figure`, of a run that is there already.

use super::figure::{FigureArgs, made};
use super::figure_args::DRAWINGS;
use crate::chart::{Figure, Format};
use crate::engine::figures::FigureKind;
use crate::engine::{FinishedRun, LoadedModel, Queries, Snapshot};
use crate::model::Cancel;
use anyhow::{Result, anyhow};
use clap::Parser;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A figure's options alone.
#[derive(Debug, Parser)]
#[command(name = "figure", no_binary_name = true, disable_help_flag = true)]
struct Alone {
    #[command(flatten)]
    args: FigureArgs,
}

/// The options of a figure: those of `spanscope figure`, without model, text and files.
#[derive(Debug)]
pub struct FigureOptions {
    args: FigureArgs,
}

/// The endings of drawings, as files that a figure might go to.
fn drawings() -> Vec<PathBuf> {
    let names = DRAWINGS.iter().map(|ending| format!("figure.{ending}"));
    names.map(PathBuf::from).collect()
}

impl FigureOptions {
    /// Reads the options of a figure of this kind, such as `["--head", "3.1", "--dark"]`.
    ///
    /// # Errors
    /// When there is no such kind, no such option, or one without effect on this kind: the error says what there is.
    pub fn parse(kind: &str, options: &[String]) -> Result<Self> {
        let words = [kind, "model", "-o", "figure.svg"].map(String::from);
        let words = words.into_iter().chain(options.iter().cloned());
        let mut args = Alone::try_parse_from(words).map_err(|error| {
            let text = error.render().to_string();
            let first = text.split("\n\n").next().unwrap_or_default();
            let first = first.trim().trim_start_matches("error: ");
            anyhow!(
                "figure {kind}: {}",
                first.split_whitespace().collect::<Vec<_>>().join(" ")
            )
        })?;
        args.args.output = drawings();
        args.args.check()?;
        Ok(Self { args: args.args })
    }

    /// True if the figure shows what the model does with a text.
    pub fn needs_text(&self) -> bool {
        self.args.kind.needs_text() || self.args.effective
    }

    /// The kinds of figure, with a line on each.
    pub fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
        FigureKind::ALL
            .into_iter()
            .map(|kind| (kind.id(), kind.words()))
    }

    /// The drawing, of a run.
    ///
    /// # Errors
    /// When the run has not what it shows, or on cancellation.
    pub fn of_run(&self, run: &FinishedRun, text: &str, cancel: &Cancel) -> Result<MadeFigure> {
        self.of(run, text, cancel, drawings())
    }

    /// Its table: with a cell for every number.
    ///
    /// # Errors
    /// As [`of_run`](Self::of_run), and when it would have too many cells.
    pub fn table_of_run(
        &self,
        run: &FinishedRun,
        text: &str,
        cancel: &Cancel,
    ) -> Result<MadeFigure> {
        self.of(run, text, cancel, vec!["figure.csv".into()])
    }

    /// The drawing, of a model without a text.
    ///
    /// # Errors
    /// When it shows what a model does with a text, or the model has not what it shows.
    pub fn of_model(&self, model: &Arc<LoadedModel>) -> Result<MadeFigure> {
        let snapshot = Arc::new(Snapshot {
            model: Some(Arc::clone(model)),
            ..Snapshot::default()
        });
        let answer = Arc::clone(&snapshot);
        let figure = made(&self.args, &snapshot, "", &mut |_| Ok(Arc::clone(&answer)))?;
        Ok(self.with(figure))
    }

    fn of(
        &self,
        run: &FinishedRun,
        text: &str,
        cancel: &Cancel,
        output: Vec<PathBuf>,
    ) -> Result<MadeFigure> {
        let mut args = self.args.clone();
        args.output = output;
        // What is known before anything is asked: nothing has to be computed for it.
        let before = run.known();
        let figure = made(&args, &before, text, &mut |looks: Queries| {
            Ok(Arc::new(run.ask(&looks, cancel)?))
        })?;
        Ok(self.with(figure))
    }

    fn with(&self, figure: Box<dyn Figure>) -> MadeFigure {
        MadeFigure {
            figure,
            args: self.args.clone(),
        }
    }
}

/// A figure with the style that was asked for.
pub struct MadeFigure {
    figure: Box<dyn Figure>,
    args: FigureArgs,
}

impl std::fmt::Debug for MadeFigure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("MadeFigure")
            .field(&self.figure.kind())
            .finish()
    }
}

impl MadeFigure {
    /// The figure.
    pub fn figure(&self) -> &dyn Figure {
        &*self.figure
    }

    /// The drawing as SVG.
    ///
    /// # Errors
    /// When it cannot have the size that was asked for.
    pub fn svg(&self) -> Result<String> {
        let style = self.args.style.style();
        self.args.style.fits(&*self.figure, &style)?;
        Ok(self.figure.svg(&style))
    }

    /// The content of a file of this form.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn bytes(&self, format: Format) -> Result<Vec<u8>> {
        let style = self.args.style.style();
        self.args.style.fits(&*self.figure, &style)?;
        Ok(self.figure.bytes(format, &style)?.0)
    }

    /// Writes it in the form that the file's ending names; gives what is to be told of characters that no font has.
    ///
    /// # Errors
    /// When the ending names no form, it cannot have the size that was asked for, or the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<String> {
        let missing = self.args.style.written(&*self.figure, path)?;
        Ok(match missing.is_empty() {
            true => String::new(),
            false => missing.to_string(),
        })
    }

    /// True if a file of this name holds numbers, not a drawing.
    ///
    /// # Errors
    /// When the ending names no form.
    pub fn is_table(path: &Path) -> Result<bool> {
        Ok(matches!(Format::of(path)?, Format::Csv | Format::Json))
    }
}
