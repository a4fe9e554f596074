//! Keeping what is there again at the next start.

use super::App;
use crate::model::Device;
use crate::ui::Start;
use crate::ui::disk;
use crate::ui::document::selection::Selected;
use crate::ui::document::text_file::TextFile;
use crate::ui::language::{tr, trf};
use crate::ui::session::earlier::{EarlierSession, EarlierSessions};
use crate::ui::session::folders;
use crate::ui::session::writer::SessionWriter;
use crate::ui::session::{Place, Session, parts};
use crate::ui::shell::layout::Layout;
use crate::ui::shell::placing::Placing;
use eframe::egui;

/// The state of the window itself that the session keeps.
pub struct Keeping {
    pub writer: Option<SessionWriter>,
    /// Of sessions that were ended to open others, as long as they write.
    pub ended: Vec<SessionWriter>,
    /// Sessions that no window has open.
    pub earlier: EarlierSessions,
    /// The session as it was found at the start.
    pub last_session: Session,
    /// The place of the window.
    pub place: Place,
    /// The steps still to be taken to place it.
    pub placing: Placing,
    /// The size of the interface.
    pub zoom: f32,
    /// The memory, the treatment of special tokens and the device that the program was started with.
    pub memory: Option<usize>,
    pub special_tokens: Option<bool>,
    pub device: Device,
    /// True if it was started to take any text, however much of it the vocabulary lacks.
    pub any_text: bool,
}

impl Keeping {
    /// The state kept of a window that begins with `session`, by `writer`.
    pub fn new(writer: Option<SessionWriter>, session: Session, start: &Start) -> Self {
        Self {
            writer,
            ended: Vec::new(),
            earlier: EarlierSessions::default(),
            place: session.window,
            placing: Placing::default(),
            zoom: session.zoom.unwrap_or(1.0),
            last_session: session,
            memory: start.memory,
            special_tokens: start.special_tokens,
            device: start.device,
            any_text: start.any_text,
        }
    }

    /// Has the window stand where it stood last, or fill the screen at the first start.
    pub fn place_window(&mut self) {
        let place = self.place;
        self.placing = Placing::new(place.size.is_some(), place.maximized && !place.fullscreen);
    }
}

impl App {
    /// Has the session kept when it is time to look whether it changed.
    pub(super) fn keep(&mut self, ctx: &egui::Context) {
        self.watch_place(ctx);
        let Some(keeper) = &mut self.keeping.writer else {
            return;
        };
        if let Some(complaint) = keeper.complaint() {
            let words = trf("The session cannot be kept: {0}", &[&complaint]);
            self.toasts.error(words);
        }
        if keeper.is_due(ctx) {
            self.keep_now();
        }
    }

    /// Has the sessions looked for that no window has open.
    pub(super) fn look_for_earlier(&mut self, ctx: &egui::Context) {
        if let Some(folder) = self.settings.folder_of_sessions() {
            self.keeping.earlier.look(ctx, folder);
        }
    }

    /// Opens the session of a window that was closed in the place of the present one, which is kept as one that is closed now.
    pub(super) fn open_earlier(&mut self, ctx: &egui::Context, session: &EarlierSession) {
        let folder = session.folder.clone();
        let begun = match disk::within_patience(move || folders::take(&folder)) {
            Ok(Some(begun)) => begun,
            Ok(None) => {
                let words = tr("Another window has this session open");
                return self.toasts.error(words);
            }
            Err(error) => {
                let words = trf("The session cannot be opened: {0}", &[&error]);
                return self.toasts.error(words);
            }
        };
        let start = Start {
            memory: self.keeping.memory,
            special_tokens: self.keeping.special_tokens,
            device: self.keeping.device,
            ..Start::default()
        };
        let backend = self.overlays.dialogs.backend();
        let new = Self::begin(ctx, &start, self.settings.clone(), backend, Some(begun));
        self.keep_now();
        let mut old = std::mem::replace(self, new);
        // What is being written is written, and told.
        std::mem::swap(&mut self.exports, &mut old.exports);
        self.keeping.ended = std::mem::take(&mut old.keeping.ended);
        self.keeping.ended.retain(|writer| !writer.has_ended());
        if let Some(writer) = old.keeping.writer.take() {
            writer.end();
            self.keeping.ended.push(writer);
        }
        ctx.request_repaint();
    }

    fn keep_now(&mut self) {
        // What was open last is what could be opened, and is all there.
        let ready = self.document.snapshot.model.is_some() && self.document.restored.is_none();
        let waits = self
            .document
            .text_file
            .as_ref()
            .is_some_and(TextFile::restores);
        // Until then all is as it was, but for what is typed meanwhile.
        let typed = self.document.history.can_undo();
        if waits || !ready && !typed {
            return;
        }
        let session = match ready {
            true => self.session(),
            false => self.keeping.last_session.clone(),
        };
        if let Some(keeper) = &mut self.keeping.writer {
            keeper.keep(session, &self.document.history.present().text);
        }
    }

    /// The place of the window, unless it fills the screen: it is that place to which it comes back.
    fn watch_place(&mut self, ctx: &egui::Context) {
        let zoom = ctx.zoom_factor();
        self.keeping.zoom = zoom;
        self.keeping.placing.step(ctx);
        if !self.keeping.placing.is_done() {
            return;
        }
        if std::mem::take(&mut self.board.is_new) && self.layout() == Layout::default() {
            self.board.tree = Layout::of_size(ctx.content_rect().size()).tree();
        }
        ctx.input(|input| {
            let window = input.viewport();
            if window.minimized == Some(true) {
                return;
            }
            self.keeping.place.maximized = window.maximized.unwrap_or(false);
            self.keeping.place.fullscreen = window.fullscreen.unwrap_or(false);
            if self.keeping.place.maximized || self.keeping.place.fullscreen {
                return;
            }
            let whole = |x: f32| (x * zoom).round();
            if let Some(inner) = window.inner_rect {
                self.keeping.place.size = Some((whole(inner.width()), whole(inner.height())));
            }
            if let Some(outer) = window.outer_rect {
                self.keeping.place.position = Some((whole(outer.left()), whole(outer.top())));
            }
        });
    }

    fn session(&self) -> Session {
        Session {
            window: self.keeping.place,
            zoom: Some(self.keeping.zoom),
            model: self.document.model_now(),
            behind: self.document.behind.clone(),
            recorded: self.document.snapshot.recorded.unwrap_or(0),
            edits: self.document.history.present().edits.as_ref().clone(),
            selected: Some(Selected::of(&self.document.selection)),
            caret: self.document.caret_in_characters(),
            layout: Layout::of(&self.board.tree),
            used: Some(self.board.used),
            views: parts(&self.views),
        }
    }
}

impl Drop for App {
    /// The changes of the last moments are kept as well.
    fn drop(&mut self) {
        self.keep_now();
    }
}
