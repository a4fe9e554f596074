//! The tiles: where the views stand, and how a tile looks.

use super::state::ViewContext;
use super::views::{Pane, Views};
use eframe::egui::{self, Color32, Stroke, Ui, Visuals, WidgetText};
use egui_tiles::{Container, Linear, LinearDir, TabState, TileId, Tiles, Tree, UiResponse};

/// The layout of a new window: heads at the left, spans beside attention, the text below; behind them what is looked at
/// less often.
pub fn default_layout() -> Tree<Pane> {
    let mut tiles = Tiles::default();
    let mut tabs = |panes: &[Pane]| {
        let panes = panes.iter().map(|pane| tiles.insert_pane(*pane)).collect();
        tiles.insert_tab_tile(panes)
    };
    let heads = tabs(&[Pane::Heads]);
    let left = tabs(&[Pane::Spans, Pane::Grid, Pane::Cost, Pane::Training]);
    let right = tabs(&[
        Pane::Attention,
        Pane::Persistent,
        Pane::Predictions,
        Pane::Model,
    ]);
    let text = tabs(&[Pane::Text]);
    let upper = split(&mut tiles, LinearDir::Horizontal, [left, right], 0.48);
    let views = split(&mut tiles, LinearDir::Vertical, [upper, text], 0.72);
    let root = split(&mut tiles, LinearDir::Horizontal, [heads, views], 0.235);
    Tree::new(egui::Id::unique("tiles"), root, tiles)
}

fn split(tiles: &mut Tiles<Pane>, dir: LinearDir, children: [TileId; 2], first: f32) -> TileId {
    tiles.insert_container(Container::Linear(Linear::new_binary(dir, children, first)))
}

/// Draws the tiles of one frame.
pub struct Board<'a> {
    /// The state of the views.
    pub views: &'a mut Views,
    /// What they draw.
    pub cx: ViewContext<'a>,
}

impl egui_tiles::Behavior<Pane> for Board<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _tile: TileId, pane: &mut Pane) -> UiResponse {
        egui::Frame::NONE
            .inner_margin(egui::Margin::symmetric(8, 6))
            .show(ui, |ui| {
                self.views.show(*pane, ui, &mut self.cx);
            });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        pane.title().into()
    }

    fn simplification_options(&self) -> egui_tiles::SimplificationOptions {
        egui_tiles::SimplificationOptions {
            all_panes_must_have_tabs: true,
            ..egui_tiles::SimplificationOptions::default()
        }
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        4.0
    }

    fn tab_bar_color(&self, visuals: &Visuals) -> Color32 {
        visuals.panel_fill
    }

    fn tab_bg_color(
        &self,
        visuals: &Visuals,
        _tiles: &Tiles<Pane>,
        _tile: TileId,
        state: &TabState,
    ) -> Color32 {
        if state.active {
            visuals.faint_bg_color
        } else {
            Color32::TRANSPARENT
        }
    }

    fn tab_outline_stroke(
        &self,
        _visuals: &Visuals,
        _tiles: &Tiles<Pane>,
        _tile: TileId,
        _state: &TabState,
    ) -> Stroke {
        Stroke::NONE
    }

    fn tab_text_color(
        &self,
        visuals: &Visuals,
        _tiles: &Tiles<Pane>,
        _tile: TileId,
        state: &TabState,
    ) -> Color32 {
        if state.active {
            visuals.text_color()
        } else {
            visuals.weak_text_color()
        }
    }
}
