//! The window: it owns the engine, the views and the dialogs, and carries out commands.

use super::app_files::{self, ModelFile, sample_of, source_of};
use super::command::{self, Command};
use super::dialogs::{Backend, Dialogs, Purpose};
use super::editor::Editor;
use super::export::{self, Exports};
use super::model_facts::ModelFacts;
use super::settings::{Answers, Settings, ThemeChoice};
use super::state::{Hover, Selection, ViewContext};
use super::tiles::{self, Board};
use super::toasts::Toasts;
use super::views::{Pane, Views};
use super::{Start, bars, language, theme};
use crate::engine::{Engine, Looks, SAMPLES, Snapshot, Source};
use crate::model::{Edits, ModelError};
use eframe::egui::{self, Ui};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

type TextFile = Receiver<(PathBuf, export::TextRead)>;

/// The application.
pub struct App {
    pub(super) engine: Engine,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) selection: Selection,
    /// What was under the pointer in the last frame.
    hover: Hover,
    /// What the engine was last asked to look at.
    looks: Looks,
    pub(super) settings: Settings,
    pub(super) toasts: Toasts,
    pub(super) commands: Vec<Command>,
    pub(super) help: bool,
    tree: egui_tiles::Tree<Pane>,
    pub(super) views: Views,
    pub(super) editor: Editor,
    pub(super) dialogs: Dialogs,
    pub(super) exports: Exports,
    pub(super) facts: ModelFacts,
    /// What is changed in the open model by hand.
    pub(super) edits: Edits,
    /// A text file being read.
    pub(super) text_file: Option<TextFile>,
    /// The open checkpoint with the answers about it; `None` for a bundled model.
    pub(super) file: Option<ModelFile>,
    /// Wishes to open a model, by their numbers, until they are carried out.
    pub(super) asked: Vec<(u64, Option<ModelFile>)>,
    /// The number of the model and of the failure last seen.
    pub(super) seen: (u64, u64),
}

impl App {
    /// An application that opens what `start` says. `backend` shows its file dialogs.
    pub fn new(ctx: &egui::Context, start: &Start, settings: Settings, backend: Backend) -> Self {
        theme::install(ctx);
        apply_theme(ctx, settings.theme);
        backend.probe();
        let mut toasts = Toasts::default();
        let file = start.model.as_ref().map(|path| {
            let known = app_files::known_answers(&settings, path, &mut toasts);
            let answers = Answers {
                ramp: start.ramp.or(known.ramp),
                vocab: start.vocab.clone().or(known.vocab),
            };
            (path.clone(), answers)
        });
        let source = file.as_ref().map_or(Source::default(), source_of);
        let known = file.as_ref().and_then(|(path, _)| sample_of(path));
        let editor = Editor::new(known.unwrap_or(&SAMPLES[0]).text);
        let notify = ctx.clone();
        let engine = Engine::start_on(start.device, source, editor.text(), move || {
            notify.request_repaint();
        });
        engine.set_memory(
            start
                .memory
                .map_or(settings.memory_bytes(), |mb| mb.saturating_mul(1_000_000)),
        );
        let text_file = start.text.clone().map(|path| export::read_text(path, ctx));
        Self {
            snapshot: engine.snapshot(),
            engine,
            selection: Selection::default(),
            hover: Hover::default(),
            looks: Looks::default(),
            settings,
            toasts,
            commands: Vec::new(),
            help: false,
            tree: tiles::default_layout(),
            views: Views::default(),
            editor,
            dialogs: Dialogs::new(backend),
            exports: Exports::default(),
            facts: ModelFacts::default(),
            edits: Edits::default(),
            text_file,
            file: None,
            asked: vec![(1, file)],
            seen: (0, 0),
        }
    }

    /// The engine's last snapshot, as drawn.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The selection, as drawn.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The error on show, if any.
    pub fn complaint(&self) -> Option<&str> {
        self.toasts.complaint()
    }

    /// Whether everything that was asked for is done and drawn.
    pub fn settled(&self) -> bool {
        self.text_file.is_none() && self.asked.is_empty() && self.engine.is_settled(&self.snapshot)
    }

    /// Brings a view to the front of its tabs.
    pub fn bring_up(&mut self, view: Pane) {
        self.tree
            .make_active(|_, tile| matches!(tile, egui_tiles::Tile::Pane(pane) if *pane == view));
    }

    /// Draws one frame.
    pub fn show(&mut self, ui: &mut Ui) {
        language::speak(self.settings.language);
        let ctx = ui.ctx().clone();
        self.take_news(&ctx);
        if !self.dialogs.is_open() {
            self.commands.extend(command::pressed(&ctx));
        }
        bars::menu(self, ui);
        bars::status(self, ui);
        self.editor(ui);
        self.board(ui);
        if let Some(model) = self.snapshot.model.clone() {
            let palette = theme::palette(ui.visuals());
            self.facts.show(
                &ctx,
                &model,
                self.snapshot.model_number,
                &palette,
                &mut self.commands,
            );
        }
        bars::help(self, &ctx);
        if let Some((purpose, path)) = self.dialogs.show(&ctx) {
            self.chosen(&ctx, purpose, path);
        }
        self.toasts.show(&ctx, &theme::palette(ui.visuals()));
        for command in std::mem::take(&mut self.commands) {
            self.perform(&ctx, command);
        }
    }

    /// What other threads have finished since the last frame.
    fn take_news(&mut self, ctx: &egui::Context) {
        self.snapshot = self.engine.snapshot();
        if self.snapshot.model_number != self.seen.0 {
            self.seen.0 = self.snapshot.model_number;
            self.opened(ctx);
        }
        if let Some(failure) = self
            .snapshot
            .failure
            .clone()
            .filter(|f| f.number > self.seen.1)
        {
            self.seen.1 = failure.number;
            self.failed(failure);
        }
        for result in self.exports.finished() {
            match result {
                Ok(path) => self.toasts.info(ctx, format!("Wrote {}", path.display())),
                Err(message) => self.toasts.error(message),
            }
        }
        if let Some((path, text)) = self
            .text_file
            .as_ref()
            .and_then(|file| file.try_recv().ok())
        {
            self.text_file = None;
            match text {
                Ok((text, all)) => {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    let start = if all { "" } else { "the start of " };
                    self.editor.set(text, &format!("{start}{name}"));
                    self.text_changed();
                }
                Err(message) => self.toasts.error(message),
            }
        }
        let dropped = ctx.input(|i| i.raw.dropped_files.clone());
        for path in dropped.iter().map(|file| file.path().to_owned()) {
            self.dropped(ctx, path);
        }
    }

    fn editor(&mut self, ui: &mut Ui) {
        let ids = self
            .snapshot
            .model
            .as_ref()
            .is_some_and(|model| model.vocabulary.is_none());
        let hint = if ids {
            "This model's vocabulary is not known: type token ids, such as 12 0 7"
        } else {
            "Type or paste a text: every view follows"
        };
        egui::Panel::bottom("editor")
            .resizable(true)
            .default_size(86.0)
            .min_size(44.0)
            .show(ui, |ui| {
                ui.add_space(4.0);
                if self.editor.show(ui, hint) {
                    self.text_changed();
                }
            });
    }

    fn board(&mut self, ui: &mut Ui) {
        let palette = theme::palette(ui.visuals());
        let frame = egui::Frame::central_panel(ui.style()).inner_margin(4.0);
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            // Views say anew every frame what they need, and what is under the pointer.
            let mut looks = Looks::default();
            let mut hovering = Hover::default();
            let mut board = Board {
                views: &mut self.views,
                cx: ViewContext {
                    snapshot: &self.snapshot,
                    selection: &mut self.selection,
                    hover: self.hover,
                    hovering: &mut hovering,
                    looks: &mut looks,
                    commands: &mut self.commands,
                    palette,
                },
            };
            self.tree.ui(&mut board, ui);
            looks.heads = self.selection.heads.clone();
            looks.tokens = self.selection.tokens.clone();
            if looks != self.looks {
                self.engine.look(looks.clone());
                self.looks = looks;
            }
            if hovering != self.hover {
                self.hover = hovering;
                ui.ctx().request_repaint();
            }
        });
    }

    fn perform(&mut self, ctx: &egui::Context, command: Command) {
        match command {
            Command::OpenModel => self.ask(ctx, Purpose::Model),
            Command::OpenText => self.ask(ctx, Purpose::Text),
            Command::OpenVocabulary => self.ask(ctx, Purpose::Vocabulary),
            Command::ExportSpans => self.ask(ctx, Purpose::SpanChart),
            Command::ExportAttention => self.ask(ctx, Purpose::Heatmap),
            Command::OpenRecent(path) => self.open_model(path),
            Command::OpenSample(sample) => {
                let number = self.engine.open(Source::Sample(sample));
                self.asked.push((number, None));
                self.editor.set(sample.text.into(), sample.name);
                self.text_changed();
            }
            Command::RestoreText => {
                if self.editor.restore() {
                    self.text_changed();
                }
            }
            Command::Insert { at, text } => {
                self.editor.insert(at, &text);
                self.text_changed();
            }
            Command::Replace { range, text } => {
                self.editor.replace(range, &text);
                self.text_changed();
            }
            Command::Continue(request) => {
                let after = self.selection.tokens.last();
                self.engine.continue_text(after, request);
            }
            Command::StopContinuing => self.engine.stop_continuing(),
            Command::SetSpan {
                head: (layer, head),
                span,
            } => self.edit_model(|edits| match span {
                Some(span) => edits.set_span(layer, head, span),
                None => {
                    edits.clear_span(layer, head);
                    Ok(())
                }
            }),
            Command::Silence {
                head: (layer, head),
                silenced,
            } => self.edit_model(|edits| {
                edits.set_silenced(layer, head, silenced);
                Ok(())
            }),
            Command::ClearEdits => self.edit_model(|edits| {
                edits.clear_all();
                Ok(())
            }),
            Command::SetRamp(ramp) => self.answer(|answers| answers.ramp = Some(ramp)),
            Command::Move { layers, heads } => self.move_head(layers, heads),
            // What lies on top goes first.
            Command::ClearSelection if self.help => self.help = false,
            Command::ClearSelection if self.facts.open => self.facts.open = false,
            Command::ClearSelection => {
                self.selection.clear_tokens();
                self.selection.vector = None;
                self.selection.select_head(self.selection.heads.leading());
                self.toasts.clear();
            }
            Command::ResetLayout => self.tree = tiles::default_layout(),
            Command::ModelFacts => self.facts.open = !self.facts.open,
            Command::Help => self.help = !self.help,
            Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
        }
    }

    /// Changes the edits of the open model.
    fn edit_model(&mut self, change: impl FnOnce(&mut Edits) -> Result<(), ModelError>) {
        let mut edits = self.edits.clone();
        match change(&mut edits) {
            Ok(()) => {
                self.engine.edit(edits.clone());
                self.edits = edits;
            }
            Err(error) => self.toasts.error(error.to_string()),
        }
    }

    fn move_head(&mut self, layers: isize, heads: isize) {
        let Some(model) = &self.snapshot.model else {
            return;
        };
        let config = model.network.config();
        let step = |at: usize, by: isize, end: usize| at.saturating_add_signed(by).min(end - 1);
        let (layer, head) = self.selection.heads.leading();
        self.selection.select_head((
            step(layer, layers, config.nb_layers),
            step(head, heads, config.nb_heads),
        ));
    }

    pub(super) fn text_changed(&mut self) {
        self.selection.clear_tokens();
        self.engine.set_text(self.editor.text());
    }

    pub(super) fn set_theme(&mut self, ctx: &egui::Context, choice: ThemeChoice) {
        self.settings.theme = choice;
        apply_theme(ctx, choice);
        self.save();
    }

    /// Lets a text take `mb` megabytes of the memory, from now on.
    pub(super) fn set_memory(&mut self, mb: usize) {
        self.settings.memory = Some(mb);
        self.engine.set_memory(self.settings.memory_bytes());
        self.save();
    }

    pub(super) fn save(&mut self) {
        if let Err(error) = self.settings.save() {
            self.toasts
                .error(format!("the settings could not be saved: {error}"));
        }
    }

    /// The open checkpoint's path, unless it is a bundled one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_ref().map(|(path, _)| path.as_path())
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.show(ui);
    }
}

fn apply_theme(ctx: &egui::Context, choice: ThemeChoice) {
    ctx.set_theme(match choice {
        ThemeChoice::System => egui::ThemePreference::System,
        ThemeChoice::Dark => egui::ThemePreference::Dark,
        ThemeChoice::Light => egui::ThemePreference::Light,
    });
}
