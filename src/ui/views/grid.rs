//! A thumbnail for every head.

use super::super::state::ViewContext;
use eframe::egui::Ui;
use serde::{Deserialize, Serialize};

/// The state of the view.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GridView {}

impl GridView {
    /// Draws the view.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let _ = cx;
        super::nothing(ui, "…");
    }
}
