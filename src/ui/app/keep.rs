//! Keeping what is there again at the next start.

use super::App;
use crate::ui::document::selection::Selected;
use crate::ui::document::text_file::TextFile;
use crate::ui::language::trf;
use crate::ui::session::{Session, parts};
use crate::ui::shell::layout::Layout;
use eframe::egui;

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

    /// Where the window stands, unless it fills the screen: it is that place to which it comes back.
    fn watch_place(&mut self, ctx: &egui::Context) {
        let zoom = ctx.zoom_factor();
        self.keeping.zoom = zoom;
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
            layout: Layout::of(&self.board.tree),
            used: Some(self.board.used),
            views: parts(&self.views),
        }
    }
}

impl Drop for App {
    /// What changed in the last moments is kept as well.
    fn drop(&mut self) {
        self.keep_now();
    }
}
