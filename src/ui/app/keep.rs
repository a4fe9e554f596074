//! Keeping what is there again at the next start.

use super::App;
use crate::ui::document::model_file::OpenModel;
use crate::ui::document::selection::Selected;
use crate::ui::document::text_file::TextFile;
use crate::ui::language::trf;
use crate::ui::session::{Session, parts};
use crate::ui::shell::layout::Layout;
use eframe::egui;

impl App {
    /// Has the session kept when it is time to look whether it changed.
    pub(in crate::ui) fn keep(&mut self, ctx: &egui::Context) {
        self.watch_place(ctx);
        let Some(keeper) = &mut self.keeper else {
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
        let ready = self.snapshot.model.is_some() && self.restored.is_none();
        let waits = self.text_file.as_ref().is_some_and(TextFile::restores);
        // Until then all is as it was, but for what is typed meanwhile.
        let typed = self.history.can_undo();
        if waits || !ready && !typed {
            return;
        }
        let session = match ready {
            true => self.session(),
            false => self.last_session.clone(),
        };
        if let Some(keeper) = &mut self.keeper {
            keeper.keep(session, &self.history.present().text);
        }
    }

    /// Where the window stands, unless it fills the screen: it is that place to which it comes back.
    fn watch_place(&mut self, ctx: &egui::Context) {
        let zoom = ctx.zoom_factor();
        self.zoom = zoom;
        ctx.input(|input| {
            let window = input.viewport();
            if window.minimized == Some(true) {
                return;
            }
            self.place.maximized = window.maximized.unwrap_or(false);
            self.place.fullscreen = window.fullscreen.unwrap_or(false);
            if self.place.maximized || self.place.fullscreen {
                return;
            }
            let whole = |x: f32| (x * zoom).round();
            if let Some(inner) = window.inner_rect {
                self.place.size = Some((whole(inner.width()), whole(inner.height())));
            }
            if let Some(outer) = window.outer_rect {
                self.place.position = Some((whole(outer.left()), whole(outer.top())));
            }
        });
    }

    /// The model that is open.
    pub(in crate::ui) fn model_now(&self) -> Option<OpenModel> {
        match (&self.file, &self.snapshot.model) {
            (Some((path, _)), _) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                Some(OpenModel::File(path))
            }
            (None, Some(model)) => Some(OpenModel::Sample(model.file_name().to_owned())),
            (None, None) => None,
        }
    }

    fn session(&self) -> Session {
        Session {
            window: self.place,
            zoom: Some(self.zoom),
            model: self.model_now(),
            behind: self.behind.clone(),
            recorded: self.snapshot.recorded.unwrap_or(0),
            edits: self.history.present().edits.as_ref().clone(),
            selected: Some(Selected::of(&self.selection)),
            layout: Layout::of(&self.tree),
            used: Some(self.used),
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
