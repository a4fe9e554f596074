//! The ground that views stand on. Before a frame the surface is cleared in its colour, and nothing fills it once more: where a
//! processor draws the pixels, as in most pages in a browser that has no graphics card, each layer of them costs as much as all text.

use crate::ui::theme::{self, GAP};
use crate::ui::views::Pane;
use eframe::egui::layers::ShapeIdx;
use eframe::egui::{
    Color32, Frame, Rect, Shape, Ui, UiBuilder, UiKind, UiStackInfo, Visuals, pos2,
};
use egui_tiles::{Container, LinearDir, Tile, TileId, Tiles, Tree};

/// The colour.
pub fn color(visuals: &Visuals) -> Color32 {
    visuals.panel_fill
}

/// The same, as the surface is cleared.
pub fn cleared(visuals: &Visuals) -> [f32; 4] {
    color(visuals).to_normalized_gamma_f32()
}

/// Puts contents on it, which fade into it at the ends of what scrolls.
pub fn stand<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let frame = Frame::NONE.fill(color(ui.visuals()));
    let info = UiStackInfo::new(UiKind::Frame).with_frame(frame);
    let builder = UiBuilder::new().ui_stack_info(info);
    ui.scope_builder(builder, contents).inner
}

/// What lies between the views and beside them, in the colour of the bars: it is known once they are laid out, and drawn below them.
pub struct Gaps(ShapeIdx);

impl Gaps {
    /// Keeps its place.
    pub fn below(ui: &Ui) -> Self {
        Self(ui.painter().add(Shape::Noop))
    }

    /// Draws it in `area`, with the views of `tree` laid out in it, or one alone.
    pub fn paint(self, ui: &Ui, area: Rect, tree: Option<&Tree<Pane>>) {
        let beside = |left: f32| {
            let rect = Rect::from_x_y_ranges(left..=left + GAP, area.y_range());
            rect.intersect(ui.clip_rect())
        };
        let mut gaps = vec![beside(area.left() - GAP), beside(area.right())];
        if let Some((tree, root)) = tree.and_then(|tree| Some((tree, tree.root()?))) {
            between(&tree.tiles, root, &mut gaps);
        }
        let fill = theme::palette(ui.visuals()).bar;
        let shapes = gaps.into_iter().filter(Rect::is_positive);
        let shapes = shapes
            .map(|rect| Shape::rect_filled(rect, 0.0, fill))
            .collect();
        ui.painter().set(self.0, Shape::Vec(shapes));
    }
}

/// Adds what lies between the tiles beside or below each other.
fn between(tiles: &Tiles<Pane>, tile: TileId, gaps: &mut Vec<Rect>) {
    let Some(Tile::Container(container)) = tiles.get(tile) else {
        return;
    };
    let shown = container
        .children()
        .filter(|child| tiles.rect(**child).is_some());
    let shown: Vec<TileId> = shown.copied().collect();
    if let Container::Linear(linear) = container {
        let rects: Vec<Rect> = shown
            .iter()
            .filter_map(|child| tiles.rect(*child))
            .collect();
        gaps.extend(
            rects
                .windows(2)
                .map(|pair| gap(pair[0], pair[1], linear.dir)),
        );
    }
    match container {
        Container::Tabs(tabs) => tabs
            .active
            .iter()
            .for_each(|tile| between(tiles, *tile, gaps)),
        _ => shown.iter().for_each(|tile| between(tiles, *tile, gaps)),
    }
}

/// What lies between two neighbours.
fn gap(first: Rect, second: Rect, along: LinearDir) -> Rect {
    let both = first.union(second);
    match along {
        LinearDir::Horizontal => Rect::from_min_max(
            pos2(first.right(), both.top()),
            pos2(second.left(), both.bottom()),
        ),
        LinearDir::Vertical => Rect::from_min_max(
            pos2(both.left(), first.bottom()),
            pos2(both.right(), second.top()),
        ),
    }
}
