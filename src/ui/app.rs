//! The window: it owns the engine, the views and the dialogs, and carries out commands.

use super::command::{self, Command};
use super::dialogs::{Backend, Dialogs, Purpose};
use super::editor::Editor;
use super::export::{self, Exports};
use super::model_facts::ModelFacts;
use super::settings::{Answers, Settings, ThemeChoice};
use super::state::{Selection, ViewContext};
use super::tiles::{self, Board};
use super::toasts::Toasts;
use super::views::{Pane, Views};
use super::{Start, bars, theme};
use crate::engine::{Engine, SAMPLES, Sample, Snapshot, Source};
use eframe::egui::{self, Ui};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

type TextFile = Receiver<(PathBuf, Result<String, String>)>;

/// The application.
pub struct App {
    pub(super) engine: Engine,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) selection: Selection,
    pub(super) settings: Settings,
    pub(super) toasts: Toasts,
    pub(super) commands: Vec<Command>,
    pub(super) help: bool,
    tree: egui_tiles::Tree<Pane>,
    views: Views,
    editor: Editor,
    dialogs: Dialogs,
    exports: Exports,
    facts: ModelFacts,
    /// A text file being read.
    text_file: Option<TextFile>,
    /// The open checkpoint with the answers about it; `None` for a bundled model.
    file: Option<(PathBuf, Answers)>,
    /// What was asked for and is not open yet.
    asked: Option<Option<(PathBuf, Answers)>>,
    /// The number of the model and of the failure last seen.
    seen: (u64, u64),
}

impl App {
    /// An application that opens what `start` says. `backend` shows its file dialogs.
    pub fn new(ctx: &egui::Context, start: &Start, settings: Settings, backend: Backend) -> Self {
        theme::install(ctx);
        apply_theme(ctx, settings.theme);
        backend.probe();
        let file = start.model.as_ref().map(|path| {
            let known = settings.answers(path);
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
        let engine = Engine::start(source, editor.text(), move || notify.request_repaint());
        let text_file = start.text.clone().map(|path| export::read_text(path, ctx));
        Self {
            snapshot: engine.snapshot(),
            engine,
            selection: Selection::default(),
            settings,
            toasts: Toasts::default(),
            commands: Vec::new(),
            help: false,
            tree: tiles::default_layout(),
            views: Views::default(),
            editor,
            dialogs: Dialogs::new(backend),
            exports: Exports::default(),
            facts: ModelFacts::default(),
            text_file,
            file: None,
            asked: Some(file),
            seen: (0, 0),
        }
    }

    /// The engine's last snapshot, as drawn.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The selection, as drawn.
    pub fn selection(&self) -> Selection {
        self.selection
    }

    /// The error on show, if any.
    pub fn complaint(&self) -> Option<&str> {
        self.toasts.complaint()
    }

    /// Whether everything that was asked for is done and drawn.
    pub fn settled(&self) -> bool {
        let snapshot = &self.snapshot;
        let head = self.selection.head;
        let looked = snapshot.detail.as_ref().is_some_and(|detail| {
            (detail.layer, detail.head) == head
                && detail.weights.first + detail.weights.queries == snapshot.done
        });
        let drawn = snapshot.done == 0
            || snapshot
                .picture
                .as_ref()
                .is_some_and(|picture| picture.head == head);
        snapshot.model.is_some()
            && self.text_file.is_none()
            && !snapshot.busy
            && snapshot.done == snapshot.tokens.ids.len()
            && looked
            && drawn
    }

    /// Brings a view to the front of its tabs.
    pub fn bring_up(&mut self, view: Pane) {
        self.tree
            .make_active(|_, tile| matches!(tile, egui_tiles::Tile::Pane(pane) if *pane == view));
    }

    /// Draws one frame.
    pub fn show(&mut self, ui: &mut Ui) {
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
            .as_ref()
            .filter(|f| f.number > self.seen.1)
        {
            self.seen.1 = failure.number;
            self.toasts.error(failure.message.clone());
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
                Ok(text) => {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    self.editor.set(text, &name);
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

    /// The engine has opened a model, or failed to.
    fn opened(&mut self, ctx: &egui::Context) {
        self.selection = Selection::default();
        self.engine.select(0, 0);
        let Some(model) = self.snapshot.model.clone() else {
            return;
        };
        let failed = self
            .snapshot
            .failure
            .as_ref()
            .is_some_and(|f| f.number > self.seen.1);
        if let Some(asked) = self.asked.take().filter(|_| !failed) {
            self.file = asked;
            if let Some((path, answers)) = self.file.clone() {
                self.settings.opened(&path);
                // Only what worked is remembered: a wrong answer must not bar the file.
                self.settings.answer(&path, answers);
                self.save();
            }
            if self.file.is_some() && !model.assumed.is_empty() {
                self.toasts
                    .info(ctx, format!("Assumed {}", model.assumed.join("; ")));
            }
            let title = format!("{} – spanscope", model.file_name());
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title));
        }
        // The head that looks farthest is the one to look at first.
        let longest = model
            .network
            .spans()
            .into_iter()
            .max_by_key(|span| span.reach);
        if let Some(span) = longest {
            self.selection.head = (span.layer, span.head);
            self.engine.select(span.layer, span.head);
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

    fn text_changed(&mut self) {
        self.selection.query = None;
        self.engine.set_text(self.editor.text());
    }

    fn board(&mut self, ui: &mut Ui) {
        let palette = theme::palette(ui.visuals());
        let frame = egui::Frame::central_panel(ui.style()).inner_margin(4.0);
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            // Views set it anew every frame.
            let hovered = self.selection.hovered.take();
            let mut board = Board {
                views: &mut self.views,
                cx: ViewContext {
                    snapshot: &self.snapshot,
                    selection: &mut self.selection,
                    engine: &self.engine,
                    commands: &mut self.commands,
                    palette,
                },
            };
            self.tree.ui(&mut board, ui);
            if self.selection.hovered != hovered {
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
                self.asked = Some(None);
                self.engine.open(Source::Sample(sample));
                self.editor.set(sample.text.into(), sample.name);
                self.text_changed();
            }
            Command::SetRamp(ramp) => self.answer(|answers| answers.ramp = Some(ramp)),
            Command::Move { layers, heads } => self.move_head(layers, heads),
            Command::ClearSelection => {
                self.selection.query = None;
                self.toasts.clear();
                self.help = false;
            }
            Command::ResetLayout => self.tree = tiles::default_layout(),
            Command::ModelFacts => self.facts.open = !self.facts.open,
            Command::Help => self.help = !self.help,
            Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
        }
    }

    fn ask(&mut self, ctx: &egui::Context, purpose: Purpose) {
        let name = match &self.snapshot.model {
            Some(model) => export::proposed(purpose, model, self.selection.head),
            None if matches!(purpose, Purpose::Model | Purpose::Text) => String::new(),
            None => return self.toasts.error("no model is open"),
        };
        if purpose == Purpose::Vocabulary && self.file.is_none() {
            return self
                .toasts
                .error("a bundled model has its vocabulary; open a file to choose one for it");
        }
        let folder = self
            .settings
            .folder
            .clone()
            .filter(|folder| folder.is_dir())
            .or_else(|| std::env::current_dir().ok());
        self.dialogs.ask(ctx, purpose, folder.as_deref(), &name);
    }

    /// A dialog has answered.
    fn chosen(&mut self, ctx: &egui::Context, purpose: Purpose, path: PathBuf) {
        if let Some(folder) = path.parent() {
            self.settings.folder = Some(folder.to_owned());
            self.save();
        }
        match purpose {
            Purpose::Model => self.open_model(path),
            Purpose::Text => self.text_file = Some(export::read_text(path, ctx)),
            Purpose::Vocabulary => self.answer(|answers| answers.vocab = Some(path)),
            Purpose::SpanChart => {
                if let Some(model) = &self.snapshot.model {
                    let mut chart = crate::engine::figures::span_chart(model);
                    chart.sort = self.views.spans.sorted;
                    chart.linear = self.views.spans.linear;
                    self.exports.start(path, ctx, move |path| chart.write(path));
                }
            }
            Purpose::Heatmap => {
                let query = self
                    .selection
                    .query
                    .unwrap_or(self.snapshot.done.saturating_sub(1));
                let detail = self.snapshot.detail.as_deref();
                let figure = detail.and_then(|detail| {
                    export::heatmap(&self.snapshot, detail, query, &self.views.attention)
                });
                match figure {
                    Some(figure) => self
                        .exports
                        .start(path, ctx, move |path| figure.write(path)),
                    None => self
                        .toasts
                        .error("there is no attention to write: the text is empty"),
                }
            }
        }
    }

    fn open_model(&mut self, path: PathBuf) {
        let mut answers = self.settings.answers(&path);
        if let Some(vocab) = answers.vocab.take_if(|vocab| !vocab.exists()) {
            let gone = format!(
                "{}: this vocabulary is gone; the model opens without it",
                vocab.display()
            );
            self.toasts.error(gone);
        }
        // A sample's text that nobody touched gives way to that of another sample.
        if let Some(sample) = sample_of(&path)
            && SAMPLES
                .iter()
                .any(|sample| *self.editor.text() == *sample.text)
        {
            self.editor.set(sample.text.into(), sample.name);
            self.text_changed();
        }
        self.open_file((path, answers));
    }

    fn open_file(&mut self, file: (PathBuf, Answers)) {
        self.engine.open(source_of(&file));
        self.asked = Some(Some(file));
    }

    /// Takes an answer about the open file, and opens it again with it.
    fn answer(&mut self, change: impl FnOnce(&mut Answers)) {
        let Some((path, mut answers)) = self.file.clone() else {
            return self
                .toasts
                .error("the bundled models say everything about themselves");
        };
        change(&mut answers);
        self.open_file((path, answers));
    }

    /// A checkpoint by its ending, a text otherwise.
    fn dropped(&mut self, ctx: &egui::Context, path: PathBuf) {
        let ending = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        if ["txt", "md", "text", "zip", "gz", "raw"].contains(&ending.as_str()) {
            self.text_file = Some(export::read_text(path, ctx));
        } else {
            self.open_model(path);
        }
    }

    fn move_head(&mut self, layers: isize, heads: isize) {
        let Some(model) = &self.snapshot.model else {
            return;
        };
        let config = model.network.config();
        let step = |at: usize, by: isize, end: usize| at.saturating_add_signed(by).min(end - 1);
        let (layer, head) = self.selection.head;
        self.selection.head = (
            step(layer, layers, config.nb_layers),
            step(head, heads, config.nb_heads),
        );
        self.engine
            .select(self.selection.head.0, self.selection.head.1);
    }

    pub(super) fn set_theme(&mut self, ctx: &egui::Context, choice: ThemeChoice) {
        self.settings.theme = choice;
        apply_theme(ctx, choice);
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

fn source_of((path, answers): &(PathBuf, Answers)) -> Source {
    Source::File {
        path: path.clone(),
        vocab: answers.vocab.clone(),
        ramp: answers.ramp,
    }
}

/// The bundled model that a file is a copy of, by its name.
fn sample_of(path: &Path) -> Option<&'static Sample> {
    SAMPLES
        .iter()
        .find(|sample| path.file_name().is_some_and(|name| name == sample.file))
}

fn apply_theme(ctx: &egui::Context, choice: ThemeChoice) {
    ctx.set_theme(match choice {
        ThemeChoice::System => egui::ThemePreference::System,
        ThemeChoice::Dark => egui::ThemePreference::Dark,
        ThemeChoice::Light => egui::ThemePreference::Light,
    });
}
