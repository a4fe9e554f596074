//! Figures of the views: which there are, how the views have them, and how they leave the window.

use super::app::App;
use super::dialogs::Purpose;
use super::export::{self, Copied};
use super::language::{tr, trf};
use super::recorded::Texts;
use super::views::Pane;
use crate::chart::{Figure, Format, Style};
use crate::engine::figures::{FigureChoice, FigureKind, figure, heads_title, sign};
use crate::engine::{Combine, Heads, Looks, write_weights};
use eframe::egui;
use std::path::PathBuf;
use std::sync::Arc;

/// What becomes of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// It is written to a file that is asked for.
    Save,
    /// Its picture goes to the clipboard.
    CopyPicture,
    /// Its numbers go to the clipboard as CSV.
    CopyNumbers,
    /// Its drawing goes to the clipboard as the text of an SVG.
    CopySvg,
}

impl Way {
    /// All of them, in the order of menus.
    pub const ALL: [Self; 4] = [
        Self::Save,
        Self::CopyPicture,
        Self::CopyNumbers,
        Self::CopySvg,
    ];
}

/// The figures of a view, the usual one first.
pub fn of_view(view: Pane) -> &'static [FigureKind] {
    match view {
        Pane::Heads => &[FigureKind::Heads],
        Pane::Spans => &[FigureKind::Spans, FigureKind::Mask],
        Pane::Grid => &[FigureKind::Grid],
        Pane::Cost => &[FigureKind::Cost],
        Pane::Training => &[FigureKind::Training],
        Pane::Attention => &[FigureKind::Attention],
        Pane::Persistent => &[FigureKind::Shares, FigureKind::Usage],
        Pane::Predictions => &[FigureKind::Predictions, FigureKind::Surprisal],
        Pane::Model => &[FigureKind::Parameters],
        Pane::Text => &[FigureKind::Text, FigureKind::Surprisal],
    }
}

/// The name of a figure, for menus.
pub fn name(kind: FigureKind) -> &'static str {
    match kind {
        FigureKind::Spans => tr("span chart"),
        FigureKind::Heads => tr("matrix of heads"),
        FigureKind::Mask => tr("soft mask"),
        FigureKind::Attention => tr("attention"),
        FigureKind::Grid => tr("thumbnails of all heads"),
        FigureKind::Text => tr("shaded text"),
        FigureKind::Shares => tr("shares of weight"),
        FigureKind::Usage => tr("use of persistent vectors"),
        FigureKind::Predictions => tr("predictions"),
        FigureKind::Surprisal => tr("surprisal along the text"),
        FigureKind::Cost => tr("cost"),
        FigureKind::Training => tr("training curves"),
        FigureKind::Parameters => tr("parameters"),
    }
}

/// The name proposed for a file.
pub fn proposed(kind: FigureKind, model: &str, heads: &Heads, ending: &str) -> String {
    let of_heads = matches!(
        kind,
        FigureKind::Attention | FigureKind::Mask | FigureKind::Usage | FigureKind::Text
    );
    let which = match (of_heads, heads.single()) {
        (false, _) => String::new(),
        (true, Some((layer, head))) => format!("_{}_{}", layer + 1, head + 1),
        (true, None) => {
            let how = match heads.combine() {
                Combine::Mean => "mean",
                Combine::Max => "largest",
            };
            format!("_{how}_of_{}", heads.all().len())
        }
    };
    format!("{model}_{}{which}.{ending}", kind.id())
}

/// A figure that was asked for and waits for its numbers.
#[derive(Debug)]
pub(super) struct Asked {
    kind: FigureKind,
    choice: FigureChoice,
    to: To,
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
}

/// Adds what a figure needs to what is looked at.
pub(super) fn look(kind: FigureKind, choice: &FigureChoice, looks: &mut Looks) {
    let own = choice.looks(kind);
    looks.survey |= own.survey;
    looks.thumbnails = looks.thumbnails.or(own.thumbnails);
    looks.prediction = looks.prediction.or(own.prediction);
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
    pub(super) fn save_figure(&mut self, kind: FigureKind, path: PathBuf) {
        if let Some(ending) = path.extension().and_then(|ending| ending.to_str()) {
            self.settings.ending = Some(ending.to_lowercase());
            self.save();
        }
        self.make(kind, To::File(path));
    }

    /// The figure of the options' dialog is wanted anew.
    pub(super) fn preview(&mut self, kind: FigureKind) {
        self.make(kind, To::Preview);
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

    /// The name of the text on show.
    fn text_name(&self) -> String {
        match Texts::of(&self.snapshot) {
            Some(texts) => texts.names.get(texts.shown).cloned().unwrap_or_default(),
            None => self.history.present().text.name.to_string(),
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
            frames: 0,
        });
    }

    /// Makes the figures whose numbers are there.
    pub(super) fn make_figures(&mut self, ctx: &egui::Context) {
        if self.figures.is_empty() {
            return;
        }
        let ready = self.engine.is_settled(&self.snapshot);
        // The engine asks for a frame when it knows more; only the first must not be waited for.
        if self.figures.iter().any(|asked| asked.frames < 2) {
            ctx.request_repaint();
        }
        for mut asked in std::mem::take(&mut self.figures) {
            asked.frames += 1;
            if !ready || asked.frames < 2 {
                self.figures.push(asked);
                continue;
            }
            self.finish_figure(ctx, asked);
        }
    }

    fn finish_figure(&mut self, ctx: &egui::Context, asked: Asked) {
        let Asked {
            kind, choice, to, ..
        } = asked;
        let Some(model) = self.snapshot.shown().cloned() else {
            return;
        };
        if let To::File(path) = &to
            && path
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("safetensors"))
        {
            return self.write_weights(ctx, path.clone(), &choice);
        }
        let made = match figure(kind, &self.snapshot, &choice) {
            Ok(made) => made,
            Err(error) => {
                let words = trf("{0}: {1}", &[&name(kind), &tr_error(&error)]);
                match to {
                    To::Preview => self.figure_options.failed(words),
                    _ => self.toasts.error(words),
                }
                return;
            }
        };
        let tokens = Arc::clone(&self.snapshot.tokens);
        let text_name = self.text_name();
        let style = self.settings.figure;
        let mut made: Box<dyn Figure> = made;
        let uses_text = kind.needs_text() || self.snapshot.done > 0 && uses_survey(kind, &choice);
        let complete = move |made: &mut dyn Figure| {
            let text = uses_text.then_some((&*tokens, text_name.as_str()));
            sign(made, &model, text);
        };
        match to {
            To::File(path) => self.exports.start(path, ctx, move |path| {
                complete(&mut *made);
                made.write(path, &style).map_err(|error| error.to_string())
            }),
            To::Clipboard(way) => self.exports.copy(ctx, move || {
                complete(&mut *made);
                copied(&*made, way, &style).map_err(|error| error.to_string())
            }),
            To::Preview => {
                let style = super::figure_options::for_preview(style);
                self.figure_options.draw(ctx, move || {
                    let png = made.png(&style).map_err(|error| error.to_string())?;
                    export::color_image(&png)
                });
            }
        }
    }

    fn write_weights(&mut self, ctx: &egui::Context, path: PathBuf, choice: &FigureChoice) {
        let detail = self.snapshot.detail.clone();
        let detail = detail.filter(|detail| detail.heads == choice.heads);
        let (Some(detail), Some(model)) = (detail, self.snapshot.model.clone()) else {
            return self.toasts.error(tr("There is no attention to write: the text is empty, or too long for the selected token's weights to be kept"));
        };
        let text = self.text_name();
        self.exports.start(path, ctx, move |path| {
            let heads = heads_title(&detail.heads);
            write_weights(path, &model, &detail.weights, &heads, &text)
                .map_err(|error| error.to_string())
        });
    }
}

/// Whether a figure that can do without a text shows what a text made of it.
fn uses_survey(kind: FigureKind, choice: &FigureChoice) -> bool {
    match kind {
        FigureKind::Heads | FigureKind::Mask => true,
        FigureKind::Spans => choice.effective.contains(&true),
        _ => false,
    }
}

fn tr_error(error: &crate::engine::figures::FigureError) -> String {
    use crate::engine::figures::FigureError;
    match error {
        FigureError::NoModel => tr("no model is open").into(),
        FigureError::NoText => tr("there is no text to show it for").into(),
        FigureError::NoWeights => tr(
            "there are no weights to show: the text is empty, or too long for the selected token's weights to be kept",
        )
        .into(),
        FigureError::NotMeasured(_) => tr("not known of any head without a text").into(),
        FigureError::NoCurves => tr("the file holds no training curves").into(),
        FigureError::NoVectors => tr("the model has no persistent vectors").into(),
        FigureError::SeveralHeads => {
            tr("several heads are selected; it can be shown of one only").into()
        }
    }
}

fn copied(
    made: &dyn Figure,
    way: Way,
    style: &Style,
) -> Result<Copied, Box<dyn std::error::Error>> {
    Ok(match way {
        Way::CopyNumbers => Copied::Text(made.csv()?),
        Way::CopySvg => Copied::Text(made.svg(style)),
        Way::CopyPicture | Way::Save => Copied::Picture(export::color_image(&made.png(style)?)?),
    })
}

/// The endings of the files that a figure can be written to.
pub fn endings(kind: FigureKind) -> &'static [&'static str] {
    match kind {
        FigureKind::Attention => &["svg", "pdf", "png", "csv", "json", "safetensors"],
        _ => Format::EXTENSIONS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_has_a_figure_and_every_figure_a_view() {
        let all: Vec<FigureKind> = Pane::ALL.into_iter().flat_map(of_view).copied().collect();
        assert!(Pane::ALL.into_iter().all(|view| !of_view(view).is_empty()));
        assert!(FigureKind::ALL.iter().all(|kind| all.contains(kind)));
    }

    #[test]
    fn proposed_names_say_what_is_shown() {
        let one = Heads::one((2, 1));
        let name = |kind, heads: &Heads| proposed(kind, "m", heads, "pdf");
        assert_eq!(name(FigureKind::Attention, &one), "m_attention_3_2.pdf");
        assert_eq!(name(FigureKind::Spans, &one), "m_spans.pdf");
        let several = Heads::new((0, 0), [(1, 1)], Combine::Max);
        assert_eq!(name(FigureKind::Mask, &several), "m_mask_largest_of_2.pdf");
    }
}
