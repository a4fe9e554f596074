//! The window: it owns the engine, the views and the dialogs, and draws a frame.

mod choices;
mod files;
mod following;
mod keep;
mod opening;
mod run_command;
mod tour;

use crate::engine::{Engine, Looks, Snapshot};
use crate::model::Edits;
use crate::ui::Start;
use crate::ui::commands::command::{Command, Now};
use crate::ui::commands::help::Help;
use crate::ui::commands::keys::{self, Keyboard};
use crate::ui::commands::menus;
use crate::ui::commands::palette::CommandPalette;
use crate::ui::dialogs::{Backend, Dialogs};
use crate::ui::document::history::History;
use crate::ui::document::model_file::ModelFile;
use crate::ui::document::model_file::OpenModel;
use crate::ui::document::recorded::{self, Texts};
use crate::ui::document::selection::Selected;
use crate::ui::document::selection::{Hover, Selection};
use crate::ui::document::text_file::TextFile;
use crate::ui::export::files::Exports;
use crate::ui::export::making::Asked;
use crate::ui::export::options::FigureOptions;
use crate::ui::language::{self, tr, trf};
use crate::ui::session::settings::{Settings, ThemeChoice};
use crate::ui::session::writer::Keeper;
use crate::ui::session::{self, Place, Session};
use crate::ui::shell::about::AboutBox;
use crate::ui::shell::layout::Layout;
use crate::ui::shell::model_facts::ModelFacts;
use crate::ui::shell::status;
use crate::ui::shell::tiles::{self, Board};
use crate::ui::shell::toasts::Toasts;
use crate::ui::shell::tour::Tour;
use crate::ui::text_field::editor::Editor;
use crate::ui::theme;
use crate::ui::views::context::ViewContext;
use crate::ui::views::{Pane, Views};
pub use choices::Choices;
use eframe::egui::{self, Ui};
use following::Following;
use std::path::Path;
use std::sync::Arc;

/// What a model of the last session is given back once it is open.
#[derive(Debug)]
pub(in crate::ui) struct Restored {
    /// What was selected; `None` where another model was open.
    pub selected: Option<Selected>,
    /// What was changed by hand.
    pub edits: Edits,
    /// In this model.
    pub of: Option<OpenModel>,
    /// Which text of a recorded run was shown.
    pub recorded: usize,
}

/// The application.
pub struct App {
    pub(in crate::ui) engine: Engine,
    pub(in crate::ui) snapshot: Arc<Snapshot>,
    pub(in crate::ui) selection: Selection,
    /// What was under the pointer in the last frame.
    hover: Hover,
    /// What the engine was last asked to look at.
    looks: Looks,
    pub(in crate::ui) settings: Settings,
    pub(in crate::ui) toasts: Toasts,
    pub(in crate::ui) commands: Vec<Command>,
    pub(in crate::ui) help: Help,
    pub(in crate::ui) about: AboutBox,
    pub(in crate::ui) tour: Tour,
    pub(in crate::ui) palette: CommandPalette,
    pub(in crate::ui) tree: egui_tiles::Tree<Pane>,
    /// The view that was clicked in last.
    pub(in crate::ui) used: Pane,
    /// The only view that is drawn, without bars and text field: for pictures and measurements.
    alone: Option<Pane>,
    pub(in crate::ui) views: Views,
    /// The text and what is changed in the model, now and before.
    pub(in crate::ui) history: History,
    pub(in crate::ui) editor: Editor,
    pub(in crate::ui) dialogs: Dialogs,
    pub(in crate::ui) exports: Exports,
    /// Figures that wait for their numbers.
    pub(in crate::ui) figures: Vec<Asked>,
    pub(in crate::ui) figure_options: FigureOptions,
    pub(in crate::ui) facts: ModelFacts,
    /// A text file being read.
    pub(in crate::ui) text_file: Option<TextFile>,
    /// The open checkpoint with the answers about it; `None` for a bundled model.
    pub(in crate::ui) file: Option<ModelFile>,
    /// Wishes to open a model, by their numbers, until they are carried out.
    pub(in crate::ui) asked: Vec<(u64, Option<ModelFile>)>,
    /// What is wanted of the training run that is open.
    pub(in crate::ui) following: Following,
    /// The number of the model and of the failure last seen.
    pub(in crate::ui) seen: (u64, u64),
    pub(in crate::ui) restored: Option<Restored>,
    /// The model that was opened last.
    pub(in crate::ui) opened: Option<OpenModel>,
    /// Whether that is a recorded run.
    pub(in crate::ui) shows_recorded: bool,
    /// While a recorded run is shown, the model that the history's changes belong to.
    pub(in crate::ui) behind: Option<OpenModel>,
    /// Where the window stands.
    pub(in crate::ui) place: Place,
    /// The size of the interface.
    pub(in crate::ui) zoom: f32,
    pub(in crate::ui) keeper: Option<Keeper>,
    /// The session as it was found at the start.
    pub(in crate::ui) last_session: Session,
}

impl App {
    /// An application that opens what `start` says, else what was open last. `backend` shows its file dialogs.
    pub fn new(ctx: &egui::Context, start: &Start, settings: Settings, backend: Backend) -> Self {
        theme::install(ctx);
        apply_theme(ctx, settings.theme);
        language::speak(settings.language);
        backend.probe();
        let (session, kept) = match settings.folder_of_session() {
            Some(folder) => Session::load(folder),
            None => Default::default(),
        };
        let tours = tour::begins(start, &settings, &session);
        let mut toasts = Toasts::default();
        let opening = opening::at_start(ctx, start, &settings, &session, kept, &mut toasts);
        let notify = ctx.clone();
        let text = Arc::clone(&opening.text.text);
        let engine = Engine::start_on(start.device, opening.source, text, move || {
            notify.request_repaint();
        });
        engine.set_memory(
            start
                .memory
                .map_or(settings.memory_bytes(), |mb| mb.saturating_mul(1_000_000)),
        );
        let zoom = session.zoom.map(|zoom| zoom.clamp(ZOOM.0, ZOOM.1));
        if let Some(zoom) = zoom {
            ctx.set_zoom_factor(zoom);
        }
        let keeper = settings
            .folder_of_session()
            .map(|folder| Keeper::new(folder.to_owned()));
        Self {
            snapshot: engine.snapshot(),
            engine,
            selection: Selection::default(),
            hover: Hover::default(),
            looks: Looks::default(),
            settings,
            toasts,
            commands: Vec::new(),
            help: Help::default(),
            about: AboutBox::default(),
            tour: Tour::new(tours),
            palette: CommandPalette::default(),
            tree: session.layout.clone().unwrap_or_default().tree(),
            used: session.used.unwrap_or(Pane::Spans),
            alone: None,
            views: session::tolerant(&session.views),
            history: History::new(opening.text),
            editor: Editor::default(),
            dialogs: Dialogs::new(backend),
            exports: Exports::default(),
            figures: Vec::new(),
            figure_options: FigureOptions::default(),
            facts: ModelFacts::default(),
            text_file: opening.text_file,
            file: None,
            asked: vec![(1, opening.file)],
            following: Following::default(),
            seen: (0, 0),
            restored: opening.restored,
            opened: None,
            shows_recorded: false,
            behind: None,
            place: session.window,
            zoom: zoom.unwrap_or(1.0),
            keeper,
            last_session: session,
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

    /// The views that are not closed.
    pub fn open_views(&self) -> Vec<Pane> {
        tiles::open_views(&self.tree)
    }

    /// The views that can be seen: not closed, and in front of their tabs.
    pub fn visible_views(&self) -> Vec<Pane> {
        let tiles = self.tree.active_tiles().into_iter();
        let panes = tiles.filter_map(|tile| self.tree.tiles.get_pane(&tile));
        panes.copied().collect()
    }

    /// Where the views stand.
    pub fn layout(&self) -> Layout {
        Layout::of(&self.tree).unwrap_or_default()
    }

    /// Whether everything that was asked for is done and drawn.
    pub fn settled(&self) -> bool {
        self.text_file.is_none()
            && self.asked.is_empty()
            && self.figures.is_empty()
            && !self.figure_options.is_drawing()
            && self.engine.is_settled(&self.snapshot)
    }

    /// How many previews of figures were begun.
    pub fn previews(&self) -> u64 {
        self.figure_options.previews()
    }

    /// Brings a view to the front of its tabs.
    pub fn bring_up(&mut self, view: Pane) {
        tiles::bring_up(&mut self.tree, view);
        self.used = view;
    }

    /// Draws this view alone from now on, without bars and text field.
    pub fn show_alone(&mut self, view: Pane) {
        self.alone = Some(view);
    }

    /// What decides which commands can be done.
    pub(in crate::ui) fn now(&self) -> Now {
        let tokens = self.snapshot.tokens.ids.len();
        let unread = self.snapshot.model.is_some() && self.snapshot.done < tokens;
        let heads = self.selection.heads.all().iter();
        let edits = self.edits();
        Now {
            model: self.snapshot.model.is_some(),
            file: self.file.is_some(),
            run: self
                .snapshot
                .model
                .as_ref()
                .is_some_and(|model| model.run.is_some()),
            follows: self.follows_run(),
            opening: self.snapshot.opening,
            undo: self.history.can_undo(),
            redo: self.history.can_redo(),
            reading: unread && self.snapshot.busy && !self.snapshot.opening,
            stopped: unread && !self.snapshot.busy,
            edited: !edits.is_empty(),
            edited_selected: heads
                .clone()
                .any(|(layer, head)| edits.is_edited(*layer, *head)),
            open_views: self.open_views(),
            texts: None,
            used: Some(self.used),
            missing: self.missing(),
        }
        .with_recorded(Texts::of(&self.snapshot))
    }

    /// Draws one frame.
    pub fn show(&mut self, ui: &mut Ui) {
        language::speak(self.settings.language);
        let ctx = ui.ctx().clone();
        self.take_news(&ctx);
        self.follow();
        let keyboard = Keyboard {
            modal: self.dialogs.is_open()
                || self.figure_options.is_open()
                || self.palette.is_open()
                || self.help.is_open()
                || self.about.is_open(),
            editor: Editor::id(),
        };
        if !keyboard.modal && self.tour.escaped(&ctx) {
            self.end_tour();
        }
        self.commands.extend(keys::pressed(&ctx, keyboard));
        let now = self.now();
        let status = if self.alone.is_none() {
            menus::menu(self, ui, &now);
            let status = status::bar(self, ui, &now);
            self.edit(ui);
            status.height()
        } else {
            0.0
        };
        self.board(ui, &now);
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
        self.options_of_figures(&ctx, &now);
        self.make_figures(&ctx);
        self.walk(&ctx);
        self.help.show(&ctx);
        self.about.show(&ctx);
        self.find(&ctx, &now);
        if let Some((purpose, path)) = self.dialogs.show(&ctx) {
            self.chosen(&ctx, purpose, path);
        }
        let palette = theme::palette(ui.visuals());
        if let Some((path, how)) = self.toasts.show(&ctx, &palette, status) {
            self.exports.reveal(&ctx, path, how);
        }
        self.carry_out(&ctx);
        self.keep(&ctx);
    }

    fn edit(&mut self, ui: &mut Ui) {
        let ids = self
            .snapshot
            .model
            .as_ref()
            .is_some_and(|model| model.vocabulary.is_none());
        let hint = if ids {
            tr("This model's vocabulary is not known: type token ids, such as 12 0 7")
        } else {
            tr("Type or paste a text: every view follows")
        };
        let frame = egui::Frame::side_top_panel(ui.style())
            .fill(theme::palette(ui.visuals()).bar)
            .inner_margin(theme::BAR_MARGIN);
        egui::Panel::bottom("editor")
            .frame(frame)
            .resizable(true)
            .default_size(86.0)
            .min_size(44.0)
            .show(ui, |ui| {
                ui.add_space(4.0);
                if let Some(texts) = Texts::of(&self.snapshot) {
                    recorded::text(ui, &self.snapshot, &texts, &mut self.commands);
                    return;
                }
                if self.editor.show(ui, hint, &mut self.history) {
                    self.text_changed();
                }
            });
    }

    fn board(&mut self, ui: &mut Ui, now: &Now) {
        let palette = theme::palette(ui.visuals());
        let frame = egui::Frame::central_panel(ui.style())
            .fill(palette.bar)
            .inner_margin(egui::Margin::symmetric(theme::GAP as i8, 0));
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            if tiles::open_views(&self.tree).is_empty() {
                self.nothing_open(ui);
            }
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
                used: &mut self.used,
                now,
            };
            match self.alone {
                Some(view) => board.only(ui, view),
                None => self.tree.ui(&mut board, ui),
            }
            for asked in &self.figures {
                asked.look(&mut looks);
            }
            if let Some(kind) = self.figure_options.shown() {
                let choice = self.choice(kind);
                crate::ui::export::making::look(kind, &choice, &mut looks);
            }
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

    fn options_of_figures(&mut self, ctx: &egui::Context, now: &Now) {
        let before = self.settings.figure;
        let covered = self.dialogs.is_open()
            || self.palette.is_open()
            || self.help.is_open()
            || self.about.is_open()
            || egui::Popup::is_any_open(ctx);
        let (style, commands) = (&mut self.settings.figure, &mut self.commands);
        let shown = self.figure_options.show(ctx, style, now, covered, commands);
        let style = self.settings.figure;
        if before != style {
            self.save();
        }
        if let Some(kind) = shown {
            let basis = self.basis(kind);
            if self.figure_options.wants(style, basis) {
                self.preview(kind);
            }
        }
    }

    fn nothing_open(&mut self, ui: &mut Ui) {
        ui.vertical_centered(|ui| {
            ui.add_space(ui.available_height() * 0.4);
            ui.label(theme::quiet(tr("All views are closed.")));
            if ui.button(Command::ResetLayout.name()).clicked() {
                self.commands.push(Command::ResetLayout);
            }
        });
    }

    fn find(&mut self, ctx: &egui::Context, now: &Now) {
        let config = self.snapshot.model.as_ref();
        let config = config.map(|model| model.network.config());
        let heads = config.map_or((0, 0), |config| (config.nb_layers, config.nb_heads));
        if let Some(command) = self.palette.show(ctx, now, heads, &self.settings.recent) {
            self.commands.push(command);
        }
    }

    pub(in crate::ui) fn text_changed(&mut self) {
        if !self.shows_recorded {
            self.selection.clear_tokens();
        }
        self.engine.set_text(Arc::clone(self.own_text()));
    }

    pub(in crate::ui) fn save(&mut self) {
        if let Err(error) = self.settings.save() {
            let words = trf("The settings cannot be saved: {0}", &[&error]);
            self.toasts.error(words);
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

/// The smallest and the largest size of the interface.
pub(in crate::ui) const ZOOM: (f32, f32) = (0.5, 3.0);

pub(in crate::ui) fn apply_theme(ctx: &egui::Context, choice: ThemeChoice) {
    ctx.set_theme(match choice {
        ThemeChoice::System => egui::ThemePreference::System,
        ThemeChoice::Dark => egui::ThemePreference::Dark,
        ThemeChoice::Light => egui::ThemePreference::Light,
    });
}
