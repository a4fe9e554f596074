//! The tour in the window: when it begins, what it brings to the front, and that it is over for good.

use super::App;
use crate::ui::session::Session;
use crate::ui::session::settings::Settings;
use crate::ui::shell::tour::Walk;
use crate::ui::{Start, theme};
use eframe::egui;

/// True if the window begins with the tour: at the first start of all, with nothing in particular to look at.
pub(super) fn begins(start: &Start, settings: &Settings, session: &Session) -> bool {
    let keeps = settings.folder_of_sessions().is_some();
    keeps && !settings.toured && start.model.is_none() && session.model.is_none()
}

impl App {
    /// The note of the tour, if one is shown.
    pub(super) fn walk(&mut self, ctx: &egui::Context) {
        let tile = self.overlays.tour.view().and_then(|view| {
            let tile = self.board.tree.tiles.find_pane(&view)?;
            let seen = self.board.tree.active_tiles().contains(&tile);
            seen.then(|| self.board.tree.tiles.rect(tile)).flatten()
        });
        match self.overlays.tour.show(
            ctx,
            &theme::palette(&ctx.style_of(ctx.theme()).visuals),
            tile,
        ) {
            Walk::Stays => {}
            Walk::GoesTo(view) => self.bring_up(view),
            Walk::Ends => self.end_tour(),
        }
    }

    /// Ends it, for good.
    pub(super) fn end_tour(&mut self) {
        self.overlays.tour.end();
        self.settings.toured = true;
        self.save();
    }
}
