//! Where the views stand, in a form that can be written down and read again.
//!
//! What is read may come from an older or a newer program: views that are not known are left out, views that are not
//! named are put where there is room.

use crate::ui::views::{Home, Pane};
use eframe::egui;
use egui_tiles::{Container, Linear, LinearDir, Tile, TileId, Tiles, Tree};
use serde::{Deserialize, Serialize};

/// Tiles deeper than this are left out: nobody nests so deep, a damaged file may.
const DEEPEST: usize = 16;

/// A tile and what is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// A view, by its name in [`Pane`].
    View(String),
    /// A closed view: it comes back here.
    Closed(String),
    /// Tiles behind each other; the first number is that of the one in front.
    Tabs(usize, Vec<Layout>),
    /// Tiles beside each other, with their shares of the width.
    Row(Vec<(f32, Layout)>),
    /// Tiles below each other, with their shares of the height.
    Column(Vec<(f32, Layout)>),
}

impl Default for Layout {
    /// The layout of a new window: heads at the left, spans beside attention, the text below; behind them what is looked
    /// at less often.
    fn default() -> Self {
        let tabs = |home: Home| {
            let here = Pane::ALL
                .into_iter()
                .filter(|pane| pane.info().home == home);
            Self::Tabs(0, here.map(|pane| Self::View(pane.name().into())).collect())
        };
        let (left, right) = (tabs(Home::Left), tabs(Home::Right));
        let upper = Self::Row(vec![(0.48, left), (0.52, right)]);
        let views = Self::Column(vec![(0.64, upper), (0.36, tabs(Home::Below))]);
        Self::Row(vec![(0.235, tabs(Home::Side)), (0.765, views)])
    }
}

/// From this size on a new window has two rows of views beside the heads, in points.
const LARGE: egui::Vec2 = egui::vec2(2000.0, 1050.0);

/// Below this width a new window has one view over the text, in points: a phone's.
const NARROW: f32 = 600.0;

/// Views that stand below the others of their half in a large window.
const SECOND: [Pane; 3] = [Pane::GRID, Pane::PERSISTENT, Pane::PREDICTIONS];

/// The id of the tiles: the same in every layout, so that egui knows them again.
fn tree_id() -> egui::Id {
    egui::Id::unique("tiles")
}

impl Layout {
    /// The layout of a new window of this size.
    pub fn of_size(size: egui::Vec2) -> Self {
        if size.x < NARROW {
            return Self::narrow();
        }
        if size.x < LARGE.x || size.y < LARGE.y {
            return Self::default();
        }
        let tabs = |home: Home, second: bool| {
            let here = Pane::ALL
                .into_iter()
                .filter(|pane| pane.info().home == home && SECOND.contains(pane) == second);
            let mut here: Vec<Pane> = here.collect();
            // In front what says most beside the view above.
            here.sort_by_key(|pane| second && *pane == Pane::PERSISTENT);
            let views = here.into_iter().map(|pane| Self::View(pane.name().into()));
            Self::Tabs(0, views.collect())
        };
        let half = |home| Self::Column(vec![(0.58, tabs(home, false)), (0.42, tabs(home, true))]);
        let upper = Self::Row(vec![(0.48, half(Home::Left)), (0.52, half(Home::Right))]);
        let views = Self::Column(vec![(0.68, upper), (0.32, tabs(Home::Below, false))]);
        Self::Row(vec![(0.19, tabs(Home::Side, false)), (0.81, views)])
    }

    /// One view at a time, with the text below.
    fn narrow() -> Self {
        let tabs = |below: bool, front: Pane| {
            let mut here = Pane::ALL.to_vec();
            here.retain(|pane| (pane.info().home == Home::Below) == below);
            let front = here.iter().position(|pane| *pane == front);
            let views = here.iter().map(|pane| Self::View(pane.name().into()));
            Self::Tabs(front.unwrap_or(0), views.collect())
        };
        Self::Column(vec![
            (0.64, tabs(false, Pane::SPANS)),
            (0.36, tabs(true, Pane::TEXT)),
        ])
    }

    /// The layout of `tree`, or nothing when it is empty.
    pub fn of(tree: &Tree<Pane>) -> Option<Self> {
        describe(tree, tree.root()?, 0)
    }

    /// Tiles that stand as described.
    pub fn tree(&self) -> Tree<Pane> {
        let mut tiles = Tiles::default();
        let mut seen = Vec::new();
        let root = build(self, &mut tiles, &mut seen, 0);
        let Some(root) = root else {
            // Nothing in it is known; the usual layout has all views, so this ends here.
            return if *self == Self::default() {
                Tree::empty(tree_id())
            } else {
                Self::default().tree()
            };
        };
        let mut tree = Tree::new(tree_id(), root, tiles);
        for missing in Pane::ALL.iter().filter(|pane| !seen.contains(pane)) {
            add(&mut tree, *missing);
        }
        tree
    }
}

fn describe(tree: &Tree<Pane>, tile: TileId, depth: usize) -> Option<Layout> {
    if depth > DEEPEST {
        return None;
    }
    let container = match tree.tiles.get(tile)? {
        Tile::Pane(pane) => {
            let name = pane.name().to_owned();
            return Some(match tree.tiles.is_visible(tile) {
                true => Layout::View(name),
                false => Layout::Closed(name),
            });
        }
        Tile::Container(container) => container,
    };
    let children: Vec<(TileId, Layout)> = container
        .children()
        .filter_map(|child| Some((*child, describe(tree, *child, depth + 1)?)))
        .collect();
    if children.is_empty() {
        return None;
    }
    let shared = |share: &dyn Fn(TileId) -> f32, children: Vec<(TileId, Layout)>| {
        // Three digits are finer than a pixel, and the file stays the same while nothing moves.
        let round = |share: f32| (share * 1000.0).round() / 1000.0;
        let children = children.into_iter();
        children
            .map(|(tile, layout)| (round(share(tile)), layout))
            .collect()
    };
    Some(match container {
        Container::Tabs(tabs) => {
            let front = children
                .iter()
                .position(|(tile, _)| tabs.active == Some(*tile));
            let children = children.into_iter().map(|(_, layout)| layout);
            Layout::Tabs(front.unwrap_or(0), children.collect())
        }
        Container::Linear(linear) => {
            let total: f32 = children.iter().map(|(tile, _)| linear.shares[*tile]).sum();
            let parts = shared(&|tile| linear.shares[tile] / total.max(1e-6), children);
            match linear.dir {
                LinearDir::Horizontal => Layout::Row(parts),
                LinearDir::Vertical => Layout::Column(parts),
            }
        }
        Container::Grid(_) => {
            let share = 1.0 / children.len() as f32;
            Layout::Row(shared(&|_| share, children))
        }
    })
}

fn build(
    layout: &Layout,
    tiles: &mut Tiles<Pane>,
    seen: &mut Vec<Pane>,
    depth: usize,
) -> Option<TileId> {
    if depth > DEEPEST {
        return None;
    }
    let mut insert = |name: &str, tiles: &mut Tiles<Pane>| {
        // A view stands in one place only.
        let pane = Pane::named(name).filter(|pane| !seen.contains(pane))?;
        seen.push(pane);
        Some(tiles.insert_pane(pane))
    };
    match layout {
        Layout::View(name) => insert(name, tiles),
        Layout::Closed(name) => {
            let tile = insert(name, tiles)?;
            tiles.set_visible(tile, false);
            Some(tile)
        }
        Layout::Tabs(front, children) => {
            let children: Vec<Option<TileId>> = children
                .iter()
                .map(|child| build(child, tiles, seen, depth + 1))
                .collect();
            let front = children.get(*front).copied().flatten();
            let known: Vec<TileId> = children.into_iter().flatten().collect();
            let mut tabs = egui_tiles::Tabs::new((!known.is_empty()).then_some(known)?);
            if let Some(front) = front {
                tabs.set_active(front);
            }
            Some(tiles.insert_container(tabs))
        }
        Layout::Row(parts) => split(LinearDir::Horizontal, parts, tiles, seen, depth),
        Layout::Column(parts) => split(LinearDir::Vertical, parts, tiles, seen, depth),
    }
}

fn split(
    dir: LinearDir,
    parts: &[(f32, Layout)],
    tiles: &mut Tiles<Pane>,
    seen: &mut Vec<Pane>,
    depth: usize,
) -> Option<TileId> {
    let built: Vec<(TileId, f32)> = parts
        .iter()
        .filter_map(|(share, part)| Some((build(part, tiles, seen, depth + 1)?, *share)))
        .collect();
    if built.is_empty() {
        return None;
    }
    let mut linear = Linear::new(dir, built.iter().map(|(tile, _)| *tile).collect());
    for (tile, share) in built {
        // A share of nothing could not be made larger again.
        let share = if share.is_finite() { share } else { 1.0 };
        linear.shares.set_share(tile, share.clamp(0.02, 100.0));
    }
    Some(tiles.insert_container(linear))
}

/// Puts a view that the layout does not name behind the tabs that hold most views.
fn add(tree: &mut Tree<Pane>, pane: Pane) {
    let tile = tree.tiles.insert_pane(pane);
    let tabs = tree.tiles.iter().filter_map(|(id, tile)| match tile {
        Tile::Container(Container::Tabs(tabs)) => Some((tabs.children.len(), *id)),
        _ => None,
    });
    // The first of equals: the order of the tiles in memory is none.
    let largest = tabs.max_by_key(|(views, id)| (*views, std::cmp::Reverse(id.0)));
    if let Some((_, id)) = largest {
        if let Some(Tile::Container(Container::Tabs(tabs))) = tree.tiles.get_mut(id) {
            tabs.add_child(tile);
        }
    } else if let Some(root) = tree.root {
        tree.root = Some(tree.tiles.insert_tab_tile(vec![root, tile]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(layout: &Layout) -> Layout {
        let json = serde_json::to_string(layout).unwrap();
        let read: Layout = serde_json::from_str(&json).unwrap();
        assert_eq!(read, *layout);
        Layout::of(&read.tree()).unwrap()
    }

    fn views(tree: &Tree<Pane>) -> Vec<Pane> {
        let mut views: Vec<Pane> = Pane::ALL.to_vec();
        views.retain(|pane| tree.tiles.find_pane(pane).is_some());
        views
    }

    #[test]
    fn the_usual_layout_has_every_view_and_comes_back_as_it_was() {
        let layout = Layout::default();
        assert_eq!(views(&layout.tree()), Pane::ALL);
        assert_eq!(again(&layout), layout);
    }

    #[test]
    fn a_large_window_has_more_views_in_front() {
        let small = Layout::of_size(egui::vec2(1280.0, 800.0));
        assert_eq!(small, Layout::default());
        let large = Layout::of_size(egui::vec2(2304.0, 1296.0));
        assert_eq!(again(&large), large);
        let tree = large.tree();
        assert_eq!(views(&tree), Pane::ALL);
        let front = |layout: &Layout| {
            let tree = layout.tree();
            let tiles = tree.active_tiles().into_iter();
            tiles
                .filter(|tile| tree.tiles.get_pane(tile).is_some())
                .count()
        };
        assert_eq!((front(&small), front(&large)), (4, 6));
    }

    #[test]
    fn a_narrow_window_has_one_view_over_the_text() {
        let narrow = Layout::of_size(egui::vec2(412.0, 880.0));
        assert_eq!(again(&narrow), narrow);
        let tree = narrow.tree();
        assert_eq!(views(&tree), Pane::ALL);
        let mut front = Vec::new();
        for tile in tree.active_tiles() {
            front.extend(tree.tiles.get_pane(&tile));
        }
        front.sort_by_key(|pane: &&Pane| **pane == Pane::TEXT);
        assert_eq!(front, [&Pane::SPANS, &Pane::TEXT]);
    }

    #[test]
    fn tabs_in_front_closed_views_and_shares_come_back() {
        let view = |name: &str| Layout::View(name.into());
        let closed = Layout::Closed("cost".into());
        let tabs = Layout::Tabs(
            2,
            vec![
                view("heads"),
                closed,
                view("grid"),
                view("training"),
                view("persistent"),
            ],
        );
        let column = Layout::Column(vec![
            (0.25, Layout::Tabs(0, vec![view("text"), view("model")])),
            (
                0.75,
                Layout::Tabs(1, vec![view("attention"), view("spans")]),
            ),
        ]);
        let layout = Layout::Row(vec![
            (0.3, tabs),
            (0.5, column),
            (0.2, Layout::Tabs(0, vec![view("predictions")])),
        ]);
        assert_eq!(again(&layout), layout);
    }

    #[test]
    fn a_layout_that_was_moved_about_comes_back() {
        let mut tree = Layout::default().tree();
        let id = |tree: &Tree<Pane>, pane| tree.tiles.find_pane(&pane).unwrap();
        let (text, spans) = (id(&tree, Pane::TEXT), id(&tree, Pane::SPANS));
        let target = tree.tiles.parent_of(spans).unwrap();
        tree.move_tile_to_container(text, target, 1, false);
        tree.tiles.set_visible(spans, false);
        tree.make_active(|tile, _| tile == text);
        let layout = Layout::of(&tree).unwrap();
        assert_eq!(again(&layout), layout);
        let back = layout.tree();
        assert!(!back.tiles.is_visible(id(&back, Pane::SPANS)));
        assert!(back.tiles.is_visible(id(&back, Pane::TEXT)));
    }

    #[test]
    fn unknown_views_are_left_out_and_missing_ones_find_a_place() {
        let json = r#"{"row": [[0.5, {"tabs": [1, [{"view": "astrology"}, {"view": "text"}, {"view": "text"}]]}],
                               [-3.0, {"column": []}], [1e30, {"closed": "heads"}]]}"#;
        let layout: Layout = serde_json::from_str(json).unwrap();
        let tree = layout.tree();
        assert_eq!(views(&tree), Pane::ALL);
        let of = |pane| tree.tiles.find_pane(&pane).unwrap();
        assert_eq!(
            tree.tiles.parent_of(of(Pane::TEXT)),
            tree.tiles.parent_of(of(Pane::COST))
        );
        assert!(!tree.tiles.is_visible(of(Pane::HEADS)));
    }

    #[test]
    fn a_layout_of_nothing_known_is_the_usual_one() {
        for json in [
            r#"{"view": "astrology"}"#,
            r#"{"tabs": [7, []]}"#,
            r#"{"row": []}"#,
        ] {
            let layout: Layout = serde_json::from_str(json).unwrap();
            assert_eq!(
                Layout::of(&layout.tree()),
                Some(Layout::default()),
                "{json}"
            );
        }
        let mut deep = Layout::View("text".into());
        for _ in 0..100 {
            deep = Layout::Tabs(0, vec![deep]);
        }
        assert_eq!(views(&deep.tree()), Pane::ALL);
    }
}
