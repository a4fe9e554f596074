//! The definition of a view.

use super::context::ViewContext;
use super::pane::ViewInfo;
use crate::engine::figures::{FigureChoice, FigureKind};
use crate::engine::{Queries, Snapshot};
use eframe::egui::Ui;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A view: it draws the snapshot and says what it wants; it computes nothing and knows no other view. Its fields are its
/// state, what is shown and how, never what it is shown of; they survive a restart.
pub trait View: Default + Serialize + DeserializeOwned + 'static {
    /// Its name, its title, its figures, its key and its place.
    const INFO: ViewInfo;

    /// Has a figure of this view show what the view shows.
    fn choose(&self, _kind: FigureKind, _snapshot: &Snapshot, _choice: &mut FigureChoice) {}

    /// Adds what it needs computed from the run, in every frame in which it is drawn. What hangs on where something is drawn,
    /// such as the pixels of a picture, it adds to [`ViewContext::looks`] as it draws.
    fn ask(&self, _cx: &ViewContext<'_>, _looks: &mut Queries) {}

    /// Draws it.
    fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>);
}
