//! Figures that were asked for: which can be made, of what, and what becomes of them.

use super::App;
use crate::engine::figures::{FigureChoice, FigureKind, missing};
use crate::ui::commands::command::Now;
use crate::ui::dialogs::Purpose;
use crate::ui::export::basis::Basis;
use crate::ui::export::figures::{self, Way};
use crate::ui::export::making::{Asked, Making, To};
use crate::ui::language::trf;
use eframe::egui;
use std::path::PathBuf;
use std::sync::Arc;

impl App {
    /// Shows the options of figures, where they are open, and what they change.
    pub(super) fn options_of_figures(&mut self, ctx: &egui::Context, now: &Now) {
        let before = self.settings.figure;
        let covered = self.overlays.covers() || egui::Popup::is_any_open(ctx);
        let (style, commands) = (&mut self.settings.figure, &mut self.commands);
        let shown = self
            .overlays
            .figure_options
            .show(ctx, style, now, covered, commands);
        let style = self.settings.figure;
        if before != style {
            self.save();
        }
        if let Some(kind) = shown {
            let basis = self.basis(kind);
            if self.overlays.figure_options.wants(style, basis) {
                self.preview(kind);
            }
        }
    }

    /// Shows the choices about a page, where they are open.
    pub(super) fn options_of_a_page(&mut self, ctx: &egui::Context) {
        if !self.overlays.page_export.is_open() {
            return;
        }
        let covered = self.overlays.covers() || egui::Popup::is_any_open(ctx);
        let (snapshot, name) = (&self.document.snapshot, self.document.text_name());
        let page = &mut self.overlays.page_export;
        if page.show(ctx, snapshot, &name, covered) {
            self.ask(ctx, Purpose::Page);
        }
    }

    /// The file for a page was named.
    pub(super) fn save_page(&mut self, ctx: &egui::Context, path: PathBuf) {
        let ending = path.extension().unwrap_or_default();
        if !ending.eq_ignore_ascii_case("html") {
            // A desktop's dialog takes any name.
            let mut whole = path.into_os_string();
            whole.push(".html");
            let whole = PathBuf::from(whole);
            return match crate::ui::disk::exists(&whole) {
                true => self.overlays.dialogs.ask_again(Purpose::Page, &whole),
                false => self.save_page(ctx, whole),
            };
        }
        let content = self.overlays.page_export.content(&self.document.snapshot);
        if let Some(content) = content {
            content.begin(path, ctx, &mut self.exports, self.settings.language);
        }
    }

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
        if let Some(other) = ending.filter(|ending| !known(ending) && means_a_form(ending)) {
            // What is asked for cannot be had, and another form is not what was asked for.
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            self.toasts.error(trf(
                "{0} is not written: there is no {1} of this figure. Choose one of {2}",
                &[&name, &other, &endings.join(", ")],
            ));
            return self.ask(ctx, Purpose::Figure(kind));
        }
        let Some(ending) = ending.filter(known) else {
            // A desktop's dialog takes any name: the usual ending is put behind it.
            let mut whole = path.into_os_string();
            whole.push(format!(".{}", self.ending(kind)));
            let whole = PathBuf::from(whole);
            return match crate::ui::disk::exists(&whole) {
                // The desktop asked about another file.
                true => self
                    .overlays
                    .dialogs
                    .ask_again(Purpose::Figure(kind), &whole),
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
            let error = missing(kind, &self.document.snapshot, &choice)?;
            Some((kind, figures::reason(&error)))
        };
        FigureKind::ALL.into_iter().filter_map(why).collect()
    }

    /// What a figure shows now: as its view is set, of what is selected.
    pub(super) fn choice(&self, kind: FigureKind) -> FigureChoice {
        let mut choice = self.views.choice(kind, &self.document.snapshot);
        choice.heads = self.document.selection.heads.clone();
        choice.tokens = self.document.selection.tokens.clone();
        if choice.tokens.is_empty()
            && let Some(last) = self.document.snapshot.done.checked_sub(1)
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
            snapshot: Arc::clone(&self.document.snapshot),
            title: self.overlays.figure_options.title(kind),
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
            model: self.document.snapshot.model_number,
            frames: 0,
        });
    }

    /// Makes the figures whose numbers are there.
    pub(super) fn make_figures(&mut self, ctx: &egui::Context) {
        if self.figures.is_empty() {
            return;
        }
        let ready = self.document.engine.is_settled(&self.document.snapshot);
        for mut asked in std::mem::take(&mut self.figures) {
            asked.frames = asked.frames.saturating_add(1);
            if asked.model != self.document.snapshot.model_number {
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
            snapshot: Arc::clone(&self.document.snapshot),
            title: self.overlays.figure_options.title(asked.kind),
            text: self.document.text_name(),
            style: self.settings.figure,
            language: self.settings.language,
        };
        making.begin(
            asked.to,
            ctx,
            &mut self.exports,
            &mut self.overlays.figure_options,
        );
    }
}

/// True if an ending is that of a kind of file, as gif and tiff are, and not a part of a name, as in "layer 3.1".
fn means_a_form(ending: &str) -> bool {
    let short = (2..=4).contains(&ending.len()) && ending.bytes().all(|c| c.is_ascii_alphabetic());
    short || ending.eq_ignore_ascii_case(figures::TENSORS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_of_other_forms_are_told_from_parts_of_a_name() {
        for ending in ["gif", "tiff", "JPG", "eps", "xlsx", "safetensors"] {
            assert!(means_a_form(ending), "{ending}");
        }
        for ending in ["1", "31", "v2", "adaptive", "0_2", "模型"] {
            assert!(!means_a_form(ending), "{ending}");
        }
    }
}
