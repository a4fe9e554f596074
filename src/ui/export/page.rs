//! The dialog of a run as a page for a browser: what it will hold, and how much that takes, before it is written.

mod content;

pub use content::PageContent;

use crate::chart::thousands;
use crate::checkpoint::Dtype;
use crate::engine::Snapshot;
use crate::engine::run_file::TextContent;
use crate::engine::run_page::RunPage;
use crate::platform::thread;
use crate::ui::language::{self, tr, trf};
use crate::ui::theme::quiet;
use crate::ui::widgets::axes;
use content::{Sizes, Trouble};
use eframe::egui::{self, RichText, Ui, vec2};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

/// Width of the dialog, in points.
const WIDTH: f32 = 430.0;

/// What is chosen, and of what: another choice has other sizes.
#[derive(Debug, Clone, PartialEq)]
struct Basis {
    model: u64,
    text: Arc<str>,
    name: String,
    tokens: Option<Range<usize>>,
    half: bool,
}

/// The dialog.
#[derive(Debug, Default)]
pub struct PageExport {
    open: bool,
    tokens: String,
    half: bool,
    /// The folder of the window for browsers, where it is not one of the program's own.
    web: Option<PathBuf>,
    /// What the sizes are of, or will be.
    basis: Option<Basis>,
    measuring: Option<Receiver<Sizes>>,
    sizes: Option<Sizes>,
}

impl PageExport {
    /// Opens the dialog.
    pub fn open(&mut self) {
        self.open = true;
        self.basis = None;
    }

    /// Takes the window for browsers from this folder.
    pub fn of_folder(&mut self, web: PathBuf) {
        self.web = Some(web);
    }

    /// True if it is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// True if sizes are on their way.
    pub fn is_measuring(&self) -> bool {
        self.open && self.measuring.is_some()
    }

    /// Draws the dialog; returns true when a file is to be chosen. Whether something else has the keys is `covered`.
    pub fn show(
        &mut self,
        ctx: &egui::Context,
        snapshot: &Snapshot,
        name: &str,
        covered: bool,
    ) -> bool {
        if !self.open {
            return false;
        }
        let Some(model) = snapshot.model.clone() else {
            self.open = false;
            return false;
        };
        if let Some(sizes) = self.measuring.as_ref().and_then(|m| m.try_recv().ok()) {
            (self.measuring, self.sizes) = (None, Some(sizes));
        }
        let tokens = tokens_of(&self.tokens, snapshot.tokens.ids.len());
        if let Ok(tokens) = &tokens {
            self.measure(ctx, snapshot, name, tokens.clone());
        }
        let (mut open, mut save) = (true, false);
        egui::Window::new(tr("Interactive page"))
            .open(&mut open)
            .collapsible(false)
            .resizable(false)
            // Held by its upper edge: what is said below the choices comes and goes.
            .pivot(egui::Align2::CENTER_TOP)
            .default_pos(ctx.content_rect().center() - vec2(0.0, 130.0))
            .show(ctx, |ui| {
                ui.set_width(WIDTH.min(ctx.content_rect().width() - 60.0));
                ui.label(quiet(tr(
                    "One .html file with this window and the run over the text. It opens in any browser, without a network, and sends no requests.",
                )));
                ui.add_space(4.0);
                self.choices(ui, model.recorded.is_some());
                ui.add_space(4.0);
                let possible = match &tokens {
                    Ok(_) => self.say_sizes(ui),
                    Err(words) => {
                        ui.colored_label(ui.visuals().error_fg_color, words);
                        false
                    }
                };
                ui.add_space(4.0);
                save = ui.add_enabled(possible, egui::Button::new(tr("Save as…"))).clicked();
            });
        let closed =
            !covered && ctx.input_mut(|i| i.consume_key(egui::Modifiers::NONE, egui::Key::Escape));
        self.open = open && !closed;
        save
    }

    fn choices(&mut self, ui: &mut Ui, is_recorded: bool) {
        ui.add_enabled_ui(!is_recorded, |ui| {
            egui::Grid::new("page")
                .num_columns(2)
                .spacing(vec2(12.0, 6.0))
                .show(ui, |ui| {
                    let name = ui.label(tr("Tokens kept"));
                    let field = egui::TextEdit::singleline(&mut self.tokens)
                        .hint_text(tr("all, or such as 0..500"))
                        .desired_width(160.0);
                    ui.add(field).labelled_by(name.id).on_hover_text(tr(
                        "The tokens whose weights are kept, counted from 0, the end left out; the model runs over the whole text all the same",
                    ));
                    ui.end_row();
                    ui.label(tr("Queries and keys"));
                    ui.horizontal(|ui| {
                        ui.radio_value(&mut self.half, false, tr("32 bits, exact"));
                        ui.radio_value(&mut self.half, true, tr("16 bits, half as large"));
                    });
                    ui.end_row();
                });
        });
        if is_recorded {
            ui.label(quiet(tr("A recorded run is put into the page as it is.")));
        }
    }

    /// Says how large it will be, or why there is no page; returns whether there is one.
    fn say_sizes(&self, ui: &mut Ui) -> bool {
        match self.sizes.as_ref().filter(|_| self.measuring.is_none()) {
            None => {
                ui.label(quiet(tr("Measuring…")));
                false
            }
            Some(Ok((window, run))) => {
                ui.label(trf(
                    "{0} for the window, {1} at most for the run",
                    &[&axes::bytes(*window as f64), &axes::bytes(*run as f64)],
                ));
                true
            }
            Some(Err(Trouble::NoWindow(folder))) => {
                let color = ui.visuals().error_fg_color;
                ui.colored_label(
                    color,
                    tr("The window for browsers is not beside this program. In the program's sources, this makes it:"),
                );
                let command = format!("sh packaging/web.sh {}", quoted(folder));
                ui.horizontal_wrapped(|ui| {
                    ui.label(RichText::new(&command).monospace());
                    if ui.button(tr("Copy")).clicked() {
                        ui.ctx().copy_text(command);
                    }
                });
                false
            }
            Some(Err(Trouble::Words(words))) => {
                ui.colored_label(ui.visuals().error_fg_color, words);
                false
            }
        }
    }

    /// Measures the sizes on another thread, where something has changed.
    fn measure(
        &mut self,
        ctx: &egui::Context,
        snapshot: &Snapshot,
        name: &str,
        tokens: Option<Range<usize>>,
    ) {
        let basis = Basis {
            model: snapshot.model_number,
            text: Arc::clone(&snapshot.tokens.text),
            name: name.to_owned(),
            tokens,
            half: self.half,
        };
        if self.measuring.is_some() || self.basis.as_ref() == Some(&basis) {
            return;
        }
        self.basis = Some(basis);
        let Some(content) = self.content(snapshot) else {
            return;
        };
        let (sender, ctx) = (channel(), ctx.clone());
        let failed = sender.0.clone();
        self.measuring = Some(sender.1);
        let language = language::spoken();
        let thread = thread::Builder::new().name("sizes".into()).spawn(move || {
            language::speak(language);
            // The dialog may be closed by now.
            let _ = sender.0.send(content.sizes());
            ctx.request_repaint();
        });
        if let Err(error) = thread {
            let _ = failed.send(Err(Trouble::Words(error.to_string())));
        }
    }

    /// What the page will hold, as it is chosen.
    pub fn content(&self, snapshot: &Snapshot) -> Option<PageContent> {
        let basis = self.basis.as_ref()?;
        let model = snapshot.model.clone()?;
        let content = match model.vocabulary {
            Some(_) => TextContent::Text(crate::text::to_bytes(&basis.text).into_owned()),
            None => TextContent::Ids(snapshot.tokens.ids.clone()),
        };
        Some(PageContent {
            model,
            web: match &self.web {
                Some(web) => vec![web.clone()],
                None => RunPage::own_folders().to_vec(),
            },
            text: basis.name.clone(),
            content,
            tokens: basis.tokens.clone(),
            dtype: match basis.half {
                true => Dtype::F16,
                false => Dtype::F32,
            },
        })
    }
}

/// The tokens of a text of `count` that are written as `A..B`, `A..` or `..B`; all where nothing is.
fn tokens_of(written: &str, count: usize) -> Result<Option<Range<usize>>, String> {
    let written = written.trim();
    if written.is_empty() {
        return Ok(None);
    }
    let wrong = || {
        trf(
            "{0}: tokens are written as A..B, counted from 0, such as 0..{1}",
            &[&written, &count],
        )
    };
    let (first, end) = written.split_once("..").ok_or_else(wrong)?;
    let number = |digits: &str, else_: usize| match digits.trim() {
        "" => Some(else_),
        digits => digits.parse().ok(),
    };
    let first: usize = number(first, 0).ok_or_else(wrong)?;
    let end: usize = number(end, count).ok_or_else(wrong)?;
    match first < end && end <= count {
        true => Ok(Some(first..end)),
        false => Err(trf(
            "{0}: the text has {1} tokens, counted from 0; the first comes before the end, and the end is {1} at most",
            &[&written, &thousands(count)],
        )),
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    quoted_for(path.display().to_string(), cfg!(windows))
}

/// A path as a shell of Windows, or of any other system, takes it.
fn quoted_for(path: String, windows: bool) -> String {
    let separates = |c: char| windows && c == '\\';
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c) || separates(c);
    match path.chars().all(plain) {
        true => path,
        // No name has quotation marks there.
        false if windows => format!("\"{path}\""),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_that_are_written_or_refused() {
        assert_eq!(tokens_of(" ", 10), Ok(None));
        for (written, range) in [
            ("2..5", 2..5),
            (" 0 .. 10", 0..10),
            ("3..", 3..10),
            ("..4", 0..4),
        ] {
            assert_eq!(tokens_of(written, 10), Ok(Some(range)), "{written}");
        }
        for wrong in [
            "5", "5..5", "6..2", "0..11", "a..b", "-1..3", "1...3", "1..=3",
        ] {
            let words = tokens_of(wrong, 10).unwrap_err();
            assert!(words.contains(wrong) && words.contains("10"), "{words}");
        }
    }

    #[test]
    fn a_folder_is_one_word_of_the_command() {
        let of = |path: &str, windows| quoted_for(path.to_owned(), windows);
        assert_eq!(of("/usr/bin/web", false), "/usr/bin/web");
        assert_eq!(of("/a b/it's", false), r"'/a b/it'\''s'");
        assert_eq!(of(r"a\b", false), r"'a\b'");
        assert_eq!(of(r"C:\Users\it", true), r"C:\Users\it");
        assert_eq!(of(r"C:\it's\a b", true), "\"C:\\it's\\a b\"");
    }
}
