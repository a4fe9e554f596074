//! The tiles: how they look, and how views are closed and brought back.

use crate::ui::commands::command::{Command, Now};
use crate::ui::export::figures::{self, Way};
use crate::ui::language::{tr, trf};
use crate::ui::theme;
use crate::ui::views::context::ViewContext;
use crate::ui::views::{Pane, Views};
use eframe::egui::{self, Color32, Rect, Sense, Stroke, Ui, Visuals, WidgetText, vec2};
use egui_tiles::{TabState, Tile, TileId, Tiles, Tree, UiResponse};

/// Brings a view to the front, and opens it if it is closed.
pub fn bring_up(tree: &mut Tree<Pane>, view: Pane) {
    if let Some(tile) = tree.tiles.find_pane(&view) {
        tree.tiles.set_visible(tile, true);
        tree.make_active(|id, _| id == tile);
    }
}

/// Closes a view; its place is kept.
pub fn close(tree: &mut Tree<Pane>, view: Pane) {
    if let Some(tile) = tree.tiles.find_pane(&view) {
        tree.tiles.set_visible(tile, false);
    }
}

/// The views that are not closed.
pub fn open_views(tree: &Tree<Pane>) -> Vec<Pane> {
    let is_open = |pane: &Pane| {
        let tile = tree.tiles.find_pane(pane);
        tile.is_some_and(|tile| tree.tiles.is_visible(tile))
    };
    Pane::ALL.into_iter().filter(is_open).collect()
}

/// The open views of a tile, in the order in which they stand in it.
fn views_in(tiles: &Tiles<Pane>, tile: TileId) -> Vec<Pane> {
    match tiles.get(tile) {
        Some(Tile::Pane(pane)) => vec![*pane],
        Some(Tile::Container(container)) => container
            .children()
            .filter(|child| tiles.is_visible(**child))
            .flat_map(|child| views_in(tiles, *child))
            .collect(),
        None => Vec::new(),
    }
}

/// Draws the tiles of one frame.
pub struct Board<'a> {
    /// The state of the views.
    pub views: &'a mut Views,
    /// The data that they draw.
    pub cx: ViewContext<'a>,
    /// The view that was clicked in last.
    pub used: &'a mut Pane,
    /// The state that decides which figures there are.
    pub now: &'a Now,
}

impl Board<'_> {
    /// Draws a view that has all the room.
    pub fn only(&mut self, ui: &mut Ui, view: Pane) {
        egui::Frame::NONE
            .inner_margin(theme::VIEW_MARGIN)
            .show(ui, |ui| self.views.show(view, ui, &mut self.cx));
    }
}

/// Width of the words that say why there is no figure, in points.
const REASON: f32 = 240.0;

/// The menu of a view's figures, at the end of its tabs.
fn export_button(ui: &mut Ui, pane: Pane, now: &Now, commands: &mut Vec<Command>, used: &mut Pane) {
    let name = trf("Export {0}", &[&pane.title()]);
    let kinds = pane.figures();
    let image = egui::RichText::new("⬈").size(12.0).weak();
    let (response, _) = egui::containers::menu::MenuButton::from_button(
        egui::Button::new(image).frame_when_inactive(false),
    )
    .ui(ui, |ui| {
        *used = pane;
        for (i, kind) in kinds.iter().enumerate() {
            if i > 0 {
                ui.separator();
            }
            if kinds.len() > 1 {
                ui.label(theme::strong(figures::name(*kind)));
            }
            if let Some(reason) = now.missing(*kind) {
                ui.set_max_width(REASON);
                ui.add(egui::Label::new(theme::quiet(reason)).wrap());
                continue;
            }
            for way in Way::ALL {
                let command = Command::Export(*kind, way);
                let button = ui.button(way.name());
                if kinds.len() > 1 {
                    // Several figures have the same entries.
                    let of = trf("{0}: {1}", &[&way.name(), &figures::name(*kind)]);
                    button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &of));
                }
                if button.on_hover_text(command.explanation()).clicked() {
                    commands.push(command);
                    ui.close();
                }
            }
        }
        ui.separator();
        if ui.button(Command::FigureOptions.name()).clicked() {
            commands.push(Command::FigureOptions);
            ui.close();
        }
    });
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    response.on_hover_text(name);
}

/// Side of the cross that closes a tab, in points.
const CROSS: f32 = 16.0;

impl egui_tiles::Behavior<Pane> for Board<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _tile: TileId, pane: &mut Pane) -> UiResponse {
        let area = ui.max_rect();
        let pressed = ui.input(|i| i.pointer.any_pressed().then(|| i.pointer.interact_pos()));
        if pressed
            .flatten()
            .is_some_and(|at| ui.rect_contains_pointer(area) && area.contains(at))
        {
            *self.used = *pane;
        }
        egui::Frame::NONE
            .inner_margin(theme::VIEW_MARGIN)
            .show(ui, |ui| {
                self.views.show(*pane, ui, &mut self.cx);
            });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        pane.title().into()
    }

    /// Views beside or below each other in one tab are its name.
    fn tab_title_for_tile(&mut self, tiles: &Tiles<Pane>, tile: TileId) -> WidgetText {
        let titles: Vec<&str> = views_in(tiles, tile)
            .iter()
            .map(|view| view.title())
            .collect();
        titles.join(" · ").into()
    }

    fn is_tab_closable(&self, _tiles: &Tiles<Pane>, _tile: TileId) -> bool {
        true
    }

    fn on_tab_close(&mut self, tiles: &mut Tiles<Pane>, tile: TileId) -> bool {
        // Its place is kept for when it is opened again. After this frame: the library is amid its tiles.
        let views = views_in(tiles, tile).into_iter();
        self.cx.commands.extend(views.map(Command::ToggleView));
        false
    }

    /// As in the library, but with a line under the tab in front, a focus that is seen, and a cross that says what it
    /// closes and is there only where it does not distract.
    fn tab_ui(
        &mut self,
        tiles: &mut Tiles<Pane>,
        ui: &mut Ui,
        id: egui::Id,
        tile: TileId,
        state: &TabState,
    ) -> egui::Response {
        let title = self.tab_title_for_tile(tiles, tile);
        let title = title.text().to_owned();
        let font = egui::TextStyle::Button.resolve(ui.style());
        let color = self.tab_text_color(ui.visuals(), tiles, tile, state);
        let galley = ui.painter().layout_no_wrap(title.clone(), font, color);
        let width = galley.size().x + 10.0 + 2.0 + CROSS + 2.0;
        let (_, rect) = ui.allocate_space(vec2(width, ui.available_height()));
        let response = ui.interact(rect, id, Sense::click_and_drag());
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::Button, ui.is_enabled(), state.active, &title)
        });
        let cross = Rect::from_center_size(
            egui::pos2(rect.right() - 2.0 - CROSS / 2.0, rect.center().y),
            vec2(CROSS, CROSS),
        );
        let close = ui.interact(cross, id.with("close"), Sense::click());
        close.widget_info(|| {
            let label = trf("Close {0}", &[&title]);
            egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), label)
        });
        if ui.is_rect_visible(rect) && !state.is_being_dragged {
            let visuals = ui.visuals();
            let hovered = response.hovered() || close.hovered();
            let fill = if state.active {
                visuals.panel_fill
            } else if hovered {
                visuals.faint_bg_color
            } else {
                Color32::TRANSPARENT
            };
            let painter = ui.painter();
            painter.rect_filled(rect, 0.0, fill);
            if state.active {
                let line = Rect::from_min_size(rect.min, vec2(rect.width(), 2.0));
                painter.rect_filled(line, 0.0, theme::palette(visuals).accent);
            }
            if response.has_focus() || close.has_focus() {
                let around = if close.has_focus() { cross } else { rect };
                let stroke = visuals.selection.stroke;
                painter.rect_stroke(around.shrink(1.0), 2.0, stroke, egui::StrokeKind::Inside);
            }
            let at = egui::pos2(rect.left() + 10.0, rect.center().y - galley.size().y / 2.0);
            let color = if hovered {
                visuals.strong_text_color()
            } else {
                color
            };
            painter.galley_with_override_text_color(at, galley, color);
            if state.active || hovered || close.has_focus() {
                if close.hovered() {
                    painter.rect_filled(cross, 3.0, visuals.widgets.hovered.weak_bg_fill);
                }
                let arm = cross.shrink(4.5);
                let stroke = Stroke::new(1.2, visuals.weak_text_color());
                painter.line_segment([arm.left_top(), arm.right_bottom()], stroke);
                painter.line_segment([arm.right_top(), arm.left_bottom()], stroke);
            }
        }
        let closes = close.clicked() || response.clicked_by(egui::PointerButton::Middle);
        close.on_hover_text(tr("Close this view; the View menu brings it back"));
        if closes {
            self.on_tab_close(tiles, tile);
        }
        response.on_hover_cursor(egui::CursorIcon::Default)
    }

    /// The button that exports the view in front as a figure.
    fn top_bar_right_ui(
        &mut self,
        tiles: &Tiles<Pane>,
        ui: &mut Ui,
        _tile: TileId,
        tabs: &egui_tiles::Tabs,
        _scroll: &mut f32,
    ) {
        let pane = tabs.active.and_then(|tile| tiles.get_pane(&tile)).copied();
        if let Some(pane) = pane.filter(|_| self.cx.snapshot.shown().is_some()) {
            export_button(ui, pane, self.now, self.cx.commands, self.used);
        }
    }

    fn simplification_options(&self) -> egui_tiles::SimplificationOptions {
        egui_tiles::SimplificationOptions {
            all_panes_must_have_tabs: true,
            ..egui_tiles::SimplificationOptions::default()
        }
    }

    fn tab_bar_height(&self, _style: &egui::Style) -> f32 {
        theme::TAB_HEIGHT
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        theme::GAP
    }

    fn tab_bar_color(&self, visuals: &Visuals) -> Color32 {
        theme::palette(visuals).bar
    }

    fn tab_text_color(
        &self,
        visuals: &Visuals,
        _tiles: &Tiles<Pane>,
        _tile: TileId,
        state: &TabState,
    ) -> Color32 {
        if state.active {
            visuals.strong_text_color()
        } else {
            visuals.weak_text_color()
        }
    }

    fn resize_stroke(&self, style: &egui::Style, state: egui_tiles::ResizeState) -> Stroke {
        match state {
            // The gap shows the ground of the board.
            egui_tiles::ResizeState::Idle => Stroke::NONE,
            egui_tiles::ResizeState::Hovering => Stroke::new(
                2.0,
                theme::palette(&style.visuals).accent.gamma_multiply(0.6),
            ),
            egui_tiles::ResizeState::Dragging => {
                Stroke::new(2.0, theme::palette(&style.visuals).accent)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_of_several_views_has_the_open_ones() {
        let mut tiles = Tiles::default();
        let (first, second) = (Pane::ALL[0], Pane::ALL[1]);
        let [upper, lower] = [first, second].map(|view| tiles.insert_pane(view));
        let below = tiles.insert_tab_tile(vec![lower]);
        let both = tiles.insert_vertical_tile(vec![upper, below]);
        assert_eq!(views_in(&tiles, both), [first, second]);
        tiles.set_visible(lower, false);
        assert_eq!(views_in(&tiles, both), [first]);
    }
}
