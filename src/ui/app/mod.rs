//! The window: it owns the engine, the views and the dialogs, and draws a frame.

mod choices;
mod controls;
mod examples_file;
mod figures;
mod files;
mod keep;
mod opening;
mod overlays;
mod places;
mod run_command;
mod tour;

use crate::engine::{Queries, Snapshot};
use crate::model::{Edits, HeadId};
use crate::ui::commands::command::{Command, Now};
use crate::ui::commands::keys::{self, Keyboard};
use crate::ui::commands::menus::Menus;
use crate::ui::dialogs::Backend;
use crate::ui::document::Document;
use crate::ui::document::recorded::Texts;
use crate::ui::document::selection::{Hover, Selection};
use crate::ui::export::files::Exports;
use crate::ui::export::making::Asked;
use crate::ui::language::{self, tr, trf};
use crate::ui::session::folders::{self, Begun};
use crate::ui::session::settings::{Settings, ThemeChoice};
use crate::ui::session::writer::SessionWriter;
use crate::ui::session::{self, Stored};
use crate::ui::shell::ground::{self, Gaps};
use crate::ui::shell::layout::Layout;
use crate::ui::shell::start_panel;
use crate::ui::shell::status::StatusBar;
use crate::ui::shell::tiles::{self, Board};
use crate::ui::shell::toasts::Toasts;
use crate::ui::views::context::ViewContext;
use crate::ui::views::{Pane, Views, text_id};
use crate::ui::{Start, theme};
pub use choices::Choices;
use eframe::egui::{self, Ui};
use examples_file::Places;
use keep::Keeping;
use overlays::Overlays;
use std::path::Path;
use std::sync::Arc;

/// The application.
pub struct App {
    /// The open document.
    pub(super) document: Document,
    pub(super) settings: Settings,
    pub(super) toasts: Toasts,
    pub(super) commands: Vec<Command>,
    pub(super) overlays: Overlays,
    pub(super) views: Views,
    pub(super) board: Arrangement,
    pub(super) exports: Exports,
    /// Figures that wait for their numbers.
    pub(super) figures: Vec<Asked>,
    pub(super) keeping: Keeping,
    /// Places in texts that show what heads do.
    pub(super) places: Places,
}

/// The places of the views, and the view that is at hand.
pub(super) struct Arrangement {
    pub tree: egui_tiles::Tree<Pane>,
    /// The view that was clicked in last.
    pub used: Pane,
    /// True if no session said where the views stand, and the window's size is to decide.
    pub is_new: bool,
    /// The only view that is drawn, without bars: for pictures and measurements.
    alone: Option<Pane>,
}

impl App {
    /// An application that opens what `start` says, else what was open last. `backend` shows its file dialogs.
    pub fn new(ctx: &egui::Context, start: &Start, settings: Settings, backend: Backend) -> Self {
        theme::install(ctx);
        apply_theme(ctx, settings.theme);
        language::speak(settings.language);
        backend.probe();
        let sessions = settings.folder_of_sessions();
        let begun = sessions.map(|folder| folders::begin(folder, start));
        let mut app = Self::begin(ctx, start, settings, backend, begun);
        if backend == Backend::Desktop {
            app.keeping.place_window();
        }
        app
    }

    /// An application with a session; `None`: with none, and it keeps none.
    fn begin(
        ctx: &egui::Context,
        start: &Start,
        settings: Settings,
        backend: Backend,
        begun: Option<Begun>,
    ) -> Self {
        let mut toasts = Toasts::default();
        let (mut stored, mut beside, mut writer) = (Stored::default(), None, None);
        if let Some(begun) = begun {
            (stored, beside) = (begun.stored, begun.beside);
            writer = Some(SessionWriter::new(begun.claim));
            if begun.left > 0 {
                toasts.info(trf(
                    "Sessions of windows that did not close: {0}. File → Earlier sessions opens them",
                    &[&begun.left],
                ));
            }
        }
        let opening = opening::at_start(ctx, start, &settings, &stored, beside, &mut toasts);
        let session = stored.session;
        let tours = tour::begins(start, &settings, &session);
        let notify = ctx.clone();
        let document = Document::new(start.device, opening, move || notify.request_repaint());
        document.engine.set_memory(
            start
                .memory
                .map_or(settings.memory_bytes(), |mb| mb.saturating_mul(1_000_000)),
        );
        let special = start.special_tokens.unwrap_or(!settings.special_as_text);
        document.engine.take_special_tokens(special);
        if let Some(zoom) = session.zoom {
            ctx.set_zoom_factor(zoom.clamp(ZOOM.0, ZOOM.1));
        }
        Self {
            document,
            settings,
            toasts,
            commands: Vec::new(),
            overlays: Overlays::new(backend, tours),
            views: session::tolerant(&session.views),
            board: Arrangement {
                tree: session.layout.clone().unwrap_or_default().tree(),
                used: session.used.unwrap_or(Pane::SPANS),
                is_new: session.layout.is_none(),
                alone: None,
            },
            exports: Exports::default(),
            figures: Vec::new(),
            keeping: Keeping::new(writer, session, start),
            places: Places::default(),
        }
    }

    /// The engine's last snapshot, as drawn.
    pub fn snapshot(&self) -> &Snapshot {
        &self.document.snapshot
    }

    /// The selection, as drawn.
    pub fn selection(&self) -> &Selection {
        &self.document.selection
    }

    /// The text that the views show.
    pub fn text(&self) -> &Arc<str> {
        self.document.text()
    }

    /// The edits made by hand to the model that is open.
    pub fn edits(&self) -> &Edits {
        self.document.edits()
    }

    /// True if the training run that is open is followed.
    pub fn follows_run(&self) -> bool {
        self.document.follows_run()
    }

    /// The error on show, if any.
    pub fn complaint(&self) -> Option<&str> {
        self.toasts.complaint()
    }

    /// The views that are not closed.
    pub fn open_views(&self) -> Vec<Pane> {
        tiles::open_views(&self.board.tree)
    }

    /// The views that can be seen: not closed, and in front of their tabs.
    pub fn visible_views(&self) -> Vec<Pane> {
        let tiles = self.board.tree.active_tiles().into_iter();
        let panes = tiles.filter_map(|tile| self.board.tree.tiles.get_pane(&tile));
        panes.copied().collect()
    }

    /// The places of the views.
    pub fn layout(&self) -> Layout {
        Layout::of(&self.board.tree).unwrap_or_default()
    }

    /// True if everything that was asked for is done and drawn.
    pub fn settled(&self) -> bool {
        self.figures.is_empty()
            && !self.overlays.figure_options.is_drawing()
            && !self.overlays.page_export.is_measuring()
            && !self.overlays.ablation.is_running()
            && self.document.settled()
    }

    /// The number of previews of figures that were begun.
    pub fn previews(&self) -> u64 {
        self.overlays.figure_options.previews()
    }

    /// Brings a view to the front of its tabs.
    pub fn bring_up(&mut self, view: Pane) {
        tiles::bring_up(&mut self.board.tree, view);
        self.board.used = view;
    }

    /// Draws this view alone from now on, without bars.
    pub fn show_alone(&mut self, view: Pane) {
        self.board.alone = Some(view);
    }

    /// The state that decides which commands can be done.
    fn now(&self) -> Now {
        let tokens = self.document.snapshot.tokens.ids.len();
        let unread = self.document.snapshot.model.is_some() && self.document.snapshot.done < tokens;
        let heads = self.document.selection.heads.all().iter();
        let edits = self.document.edits();
        Now {
            model: self.document.snapshot.model.is_some(),
            file: self.document.file.is_some(),
            run: self
                .document
                .snapshot
                .model
                .as_ref()
                .is_some_and(|model| model.run.is_some()),
            follows: self.document.follows_run(),
            opening: self.document.snapshot.opening,
            undo: self.document.history.can_undo(),
            redo: self.document.history.can_redo(),
            reading: unread && self.document.snapshot.busy && !self.document.snapshot.opening,
            stopped: unread && !self.document.snapshot.busy,
            edited: !edits.is_empty(),
            edited_selected: heads
                .clone()
                .any(|HeadId { layer, head }| edits.is_edited(*layer, *head)),
            open_views: self.open_views(),
            texts: Texts::of(&self.document.snapshot),
            earlier: self.keeping.earlier.list(),
            used: Some(self.board.used),
            missing: self.missing(),
        }
    }

    /// Draws one frame.
    pub fn show(&mut self, ui: &mut Ui) {
        language::speak(self.settings.language);
        let ctx = ui.ctx().clone();
        self.take_news(&ctx);
        self.document.follow();
        let keyboard = Keyboard {
            modal: self.overlays.covers()
                || self.overlays.figure_options.is_open()
                || self.overlays.page_export.is_open(),
            text: text_id(),
        };
        if !keyboard.modal && self.overlays.tour.escaped(&ctx) {
            self.end_tour();
        }
        self.commands.extend(keys::pressed(&ctx, keyboard));
        let now = self.now();
        let status = if self.board.alone.is_none() {
            let menus = Menus {
                now: &now,
                document: &self.document,
                special_tokens: self
                    .keeping
                    .special_tokens
                    .unwrap_or(!self.settings.special_as_text),
                settings: &self.settings,
                earlier: &mut self.keeping.earlier,
                commands: &mut self.commands,
            };
            menus.show(ui);
            let status = StatusBar {
                now: &now,
                document: &mut self.document,
                figures: &mut self.figures,
                exports: &mut self.exports,
                commands: &mut self.commands,
            };
            let status = status.show(ui);
            status.height()
        } else {
            0.0
        };
        self.board(ui, &now);
        if let Some(model) = self.document.snapshot.model.clone() {
            let palette = theme::palette(ui.visuals());
            self.overlays.facts.show(
                &ctx,
                &model,
                self.document.snapshot.model_number,
                &palette,
                &mut self.commands,
            );
            self.overlays.ablation.show(
                &ctx,
                &self.document.snapshot,
                self.document.selection.heads.leading(),
                &palette,
                &mut self.commands,
            );
        }
        self.options_of_figures(&ctx, &now);
        self.options_of_a_page(&ctx);
        self.make_figures(&ctx);
        self.walk(&ctx);
        self.overlays.help.show(&ctx);
        self.overlays.about.show(&ctx);
        self.find(&ctx, &now);
        if let Some((purpose, path)) = self.overlays.dialogs.show(&ctx) {
            self.chosen(&ctx, purpose, path);
        }
        let palette = theme::palette(ui.visuals());
        if let Some((path, how)) = self.toasts.show(&ctx, &palette, status) {
            self.exports.reveal(&ctx, path, how);
        }
        self.carry_out(&ctx);
        self.keep(&ctx);
    }

    fn board(&mut self, ui: &mut Ui, now: &Now) {
        let palette = theme::palette(ui.visuals());
        let frame = egui::Frame::central_panel(ui.style())
            .fill(egui::Color32::TRANSPARENT)
            .inner_margin(egui::Margin::symmetric(theme::GAP as i8, 0));
        egui::CentralPanel::default().frame(frame).show(ui, |ui| {
            let (gaps, area) = (Gaps::below(ui), ui.max_rect());
            let snapshot = &self.document.snapshot;
            let alone = self.board.alone;
            let is_empty = snapshot.shown().is_none() && !snapshot.opening && alone.is_none();
            if !is_empty && tiles::open_views(&self.board.tree).is_empty() {
                self.nothing_open(ui);
            }
            // Views say anew every frame what they need, and what is under the pointer.
            let mut looks = Queries::default();
            let mut hovering = Hover::default();
            let mut draft = self.document.draft();
            let mut board = Board {
                views: &mut self.views,
                cx: ViewContext {
                    snapshot: &self.document.snapshot,
                    draft: &mut draft,
                    selection: &mut self.document.selection,
                    hover: self.document.hover,
                    hovering: &mut hovering,
                    looks: &mut looks,
                    commands: &mut self.commands,
                    palette,
                    examples: self.places.file(),
                },
                used: &mut self.board.used,
                now,
            };
            ground::stand(ui, |ui| match alone {
                Some(view) => board.only(ui, view),
                // The text is there whether or not a model is.
                None if is_empty => {
                    egui::Panel::bottom("text without a model")
                        .frame(egui::Frame::NONE)
                        .resizable(true)
                        .default_size(0.3 * ui.available_height())
                        .min_size(90.0)
                        .show(ui, |ui| board.only(ui, Pane::TEXT));
                    start_panel::show(ui, now, &self.settings.recent, board.cx.commands);
                }
                None => self.board.tree.ui(&mut board, ui),
            });
            let tiled = (alone.is_none() && !is_empty).then_some(&self.board.tree);
            gaps.paint(ui, area, tiled);
            for asked in &self.figures {
                asked.look(&mut looks);
            }
            if let Some(kind) = self.overlays.figure_options.shown() {
                let choice = self.choice(kind);
                crate::ui::export::making::look(kind, &choice, &mut looks);
            }
            self.document.look(looks);
            self.document.take_draft(draft, ui.input(|i| i.time));
            if hovering != self.document.hover {
                self.document.hover = hovering;
                ui.ctx().request_repaint();
            }
        });
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
        let architecture = self.document.snapshot.model.as_ref();
        let architecture = architecture.map(|model| model.network.architecture());
        let heads = architecture.map_or((0, 0), |architecture| {
            (architecture.nb_layers(), architecture.nb_heads())
        });
        if let Some(command) = self
            .overlays
            .palette
            .show(ctx, now, heads, &self.settings.recent)
        {
            self.commands.push(command);
        }
    }

    pub(super) fn save(&mut self) {
        if let Err(error) = self.settings.save() {
            let words = trf("The settings cannot be saved: {0}", &[&error]);
            self.toasts.error(words);
        }
    }

    /// The open checkpoint's path, unless it is a bundled one.
    pub fn file(&self) -> Option<&Path> {
        self.document.file.as_ref().map(|(path, _)| path.as_path())
    }
}

impl eframe::App for App {
    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        ground::cleared(visuals)
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.show(ui);
    }
}

/// The smallest and the largest size of the interface.
pub(super) const ZOOM: (f32, f32) = (0.5, 3.0);

pub(super) fn apply_theme(ctx: &egui::Context, choice: ThemeChoice) {
    ctx.set_theme(match choice {
        ThemeChoice::System => egui::ThemePreference::System,
        ThemeChoice::Dark => egui::ThemePreference::Dark,
        ThemeChoice::Light => egui::ThemePreference::Light,
    });
}
