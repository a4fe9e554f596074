//! The heatmap of attention: selecting, reading numbers, moving about.

use super::Window;
use eframe::egui::{self, Event, Key, Modifiers, PointerButton, Pos2, Rect, pos2, vec2};
use egui_kittest::kittest::Queryable;
use spanscope::analysis::{BandLayout, Pool, TokenSet};
use spanscope::engine::{ColorRange, Combine, HeatmapKind, HeatmapRequest, Weighting};
use spanscope::model::HeadId;
use spanscope::ui::Start;

pub(super) const MAP: &str = "Attention heatmap: click a row to select its query";
const QUERIES: &str = "Queries: select one with a click, a range by dragging";
const KEYS: &str = "Keys: select a token with a click, a range by dragging";

/// Size of a cell that can be read, and what is left free after the text's end, in points.
const CELL: f32 = 15.0;
const AFTER: f32 = 8.0;

/// A window in which the view has room, on the sample's 1,110 tokens.
fn open() -> Window {
    let mut window = Window::open(Start::default());
    window.harness.set_size(vec2(2560.0, 1000.0));
    window.harness.run_steps(3);
    window.settle();
    window
}

/// With room for the whole row above the map.
fn open_wide() -> Window {
    let mut window = open();
    window.harness.set_size(vec2(4200.0, 1000.0));
    window.harness.run_steps(6);
    window.settle();
    window
}

impl Window {
    pub(super) fn place(&self, label: &str) -> Rect {
        self.harness.get_by_label(label).rect()
    }

    /// The middle of the cell that many queries and keys before the last.
    fn cell(&self, queries: usize, keys: usize) -> Pos2 {
        let from_end = |n: usize| AFTER + CELL * (n as f32 + 0.5);
        self.place(MAP).max - vec2(from_end(keys), from_end(queries))
    }

    pub(super) fn move_to(&mut self, at: Pos2) {
        self.harness.event(Event::PointerMoved(at));
        self.harness.step();
    }

    fn button(&mut self, pos: Pos2, modifiers: Modifiers, pressed: bool) {
        let button = Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers,
        };
        // The harness draws a frame for every event: a press must not become a long one.
        if modifiers.any() {
            self.harness.event_modifiers(button, modifiers);
        } else {
            self.harness.event(button);
        }
    }

    fn click(&mut self, at: Pos2, modifiers: Modifiers) {
        self.move_to(at);
        self.button(at, modifiers, true);
        self.button(at, modifiers, false);
        // A second click soon after would be a double one.
        self.harness.run_steps(10);
    }

    fn drag(&mut self, from: Pos2, to: Pos2) {
        self.move_to(from);
        self.button(from, Modifiers::NONE, true);
        self.harness.step();
        self.move_to(from + (to - from) * 0.5);
        self.move_to(to);
        self.button(to, Modifiers::NONE, false);
        self.harness.run_steps(3);
    }

    fn tokens(&self) -> &TokenSet {
        &self.app().selection().tokens
    }

    pub(super) fn request(&self) -> &HeatmapRequest {
        &self.snapshot().pictures[&HeatmapKind::Attention].request
    }

    /// Clicks what is named so above the map.
    pub(super) fn tool(&mut self, label: &str) {
        let left = self.place(QUERIES).left() - 40.0;
        let found = self.harness.get_all_by_label(label);
        let at = found
            .map(|node| node.rect())
            .find(|rect| rect.left() > left)
            .expect("it is in the toolbar")
            .center();
        self.click(at, Modifiers::NONE);
        self.harness.run_steps(40);
        self.settle();
    }
}

#[test]
fn rows_are_selected_alone_added_and_up_to_one() {
    let mut window = open();
    assert!(window.tokens().is_empty());
    window.click(window.cell(6, 9), Modifiers::NONE);
    assert_eq!(*window.tokens(), TokenSet::one(1103));
    // The map has stayed where it was.
    window.click(window.cell(2, 9), Modifiers::COMMAND);
    assert_eq!(window.tokens().iter().collect::<Vec<_>>(), [1103, 1107]);
    window.click(window.cell(0, 20), Modifiers::SHIFT);
    assert_eq!(*window.tokens(), TokenSet::from(1107..1110));
}

#[test]
fn names_along_the_sides_are_clicked_and_dragged_over() {
    let mut window = open();
    let (rows, columns) = (window.place(QUERIES), window.place(KEYS));
    let row = |window: &Window, n| pos2(rows.center().x, window.cell(n, 0).y);
    let column = |window: &Window, n| pos2(window.cell(0, n).x, columns.center().y);
    window.drag(row(&window, 8), row(&window, 3));
    assert_eq!(*window.tokens(), TokenSet::from(1101..1107));
    window.click(column(&window, 5), Modifiers::NONE);
    assert_eq!(*window.tokens(), TokenSet::one(1104));
    window.drag(column(&window, 2), column(&window, 6));
    assert_eq!(*window.tokens(), TokenSet::from(1103..1108));
    window.click(row(&window, 0), Modifiers::COMMAND);
    assert_eq!(window.tokens().len(), 6);
}

#[test]
fn the_readout_says_what_a_weight_is_made_of() {
    let mut window = open();
    window.move_to(window.cell(2, 7));
    window.settle();
    let score = window.snapshot().score.clone().expect("it was asked for");
    assert_eq!((score.query, score.key), (1107, 1102));
    for name in [
        "query",
        "1,107",
        "key",
        "1,102",
        "distance",
        "content score",
        "position score",
        "soft mask",
        "removed by the mask",
    ] {
        assert!(
            window.harness.query_all_by_label(name).next().is_some(),
            "{name}"
        );
    }
    let sum = score.parts.content + score.parts.position;
    let words = format!("{sum:+.3}").replacen('-', "−", 1);
    assert!(
        window.harness.query_all_by_label(&words).next().is_some(),
        "{words}"
    );
    let weight = window
        .snapshot()
        .detail
        .as_ref()
        .unwrap()
        .weight(1107, 1102)
        .unwrap();
    assert!((weight - score.parts.weight).abs() < 1e-5);
    // Above the diagonal there is nothing to read.
    window.move_to(window.cell(7, 2));
    window.settle();
    let words = "a token attends only to those before it";
    assert!(window.harness.query_by_label(words).is_some());
}

#[test]
fn the_map_is_moved_with_keys_while_it_has_the_focus() {
    let mut window = open();
    let head = window.app().selection().heads.leading();
    window.click(window.cell(6, 9), Modifiers::NONE);
    window.settle();
    let before = window.request().window.queries.clone();
    assert!(before.start > 900);
    window.keys(Modifiers::NONE, Key::ArrowUp);
    window.harness.run_steps(40);
    window.settle();
    assert!(window.request().window.queries.start < before.start);
    assert_eq!(window.app().selection().heads.leading(), head);
    window.keys(Modifiers::NONE, Key::Home);
    window.harness.run_steps(40);
    window.settle();
    let at_home = window.request().window.queries.clone();
    assert_eq!(at_home.start, 0);
    window.keys(Modifiers::NONE, Key::Minus);
    window.harness.run_steps(40);
    window.settle();
    assert!(window.request().window.queries.len() > at_home.len());
    window.keys(Modifiers::NONE, Key::End);
    window.harness.run_steps(40);
    window.settle();
    assert_eq!(window.request().window.queries.end, 1110);
    // Escape lets go of the focus: the keys move between heads again.
    window.keys(Modifiers::NONE, Key::Escape);
    window.keys(Modifiers::NONE, Key::ArrowUp);
    assert_eq!(
        window.app().selection().heads.leading(),
        HeadId::new(head.layer - 1, head.head)
    );
}

#[test]
fn wheels_zoom_trackpads_move_and_all_shows_all() {
    let mut window = open();
    let wheel = |window: &mut Window, unit, y: f32| {
        let at = window.place(MAP).center();
        window.move_to(at);
        window.harness.event(Event::MouseWheel {
            unit,
            delta: vec2(0.0, y),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
            modifiers: Modifiers::NONE,
        });
        window.harness.run_steps(30);
        window.settle();
    };
    let before = window.request().window.clone();
    wheel(&mut window, egui::MouseWheelUnit::Point, 300.0);
    let moved = window.request().window.clone();
    assert!(
        moved.queries.start + 15 <= before.queries.start,
        "{moved:?} {before:?}"
    );
    assert!(moved.queries.len().abs_diff(before.queries.len()) < 30);
    wheel(&mut window, egui::MouseWheelUnit::Line, -6.0);
    let smaller = window.request().window.clone();
    assert!(
        smaller.queries.len() > moved.queries.len() * 5 / 4,
        "{smaller:?} {moved:?}"
    );
    window.tool("Fit all");
    let all = window.request().window.clone();
    assert_eq!((all.queries, all.columns), (0..1110, 0..1110));
}

#[test]
fn the_toolbar_changes_what_is_drawn() {
    let mut window = open_wide();
    window.tool("A cell of several weights: mean");
    assert_eq!(window.request().window.pool, Pool::Mean);
    window.tool("A cell of several weights: max");
    let of_head = window.snapshot().pictures[&HeatmapKind::Attention].largest;
    window.tool("The last colour: view");
    assert!(matches!(window.request().range, ColorRange::Part { .. }));
    let in_view = window.snapshot().pictures[&HeatmapKind::Attention].largest;
    assert!(in_view <= of_head && in_view > 0.0);
    window.tool("Columns: Distances");
    let picture = &window.snapshot().pictures[&HeatmapKind::Attention];
    assert_eq!(picture.request.window.layout, BandLayout::Distance);
    assert_eq!(picture.margins.mean.len(), picture.grid.width);
    assert_eq!(picture.margins.empty.len(), picture.grid.height);
}

#[test]
fn several_heads_are_one_picture() {
    let mut window = open();
    window
        .harness
        .get_by_label_contains("Layer 1, head 2: ")
        .click_modifiers(Modifiers::COMMAND);
    window.harness.run_steps(3);
    window.settle();
    assert!(
        window
            .harness
            .query_all_by_label("mean of 2 heads")
            .next()
            .is_some()
    );
    window.tool("Several heads: largest");
    assert_eq!(window.app().selection().combine(), Combine::Max);
    let picture = &window.snapshot().pictures[&HeatmapKind::Attention];
    assert_eq!(picture.heads.all(), [HeadId::new(1, 2), HeadId::new(3, 1)]);
    assert_eq!(picture.heads.combine(), Combine::Max);
    // No score is of several heads.
    window.move_to(window.cell(2, 7));
    window.settle();
    assert!(window.harness.query_by_label("largest weight").is_some());
    assert!(window.harness.query_by_label("content score").is_none());
}

#[test]
fn the_buttons_stand_in_one_row_at_any_width() {
    let mut window = open();
    for width in [1280.0, 1500.0, 1760.0, 1920.0, 2100.0, 2560.0] {
        window.harness.set_size(vec2(width, 1080.0));
        window.harness.run_steps(4);
        let tops = ["Columns: Distances", "Fit all", "Follow selection"]
            .map(|label| window.place(label).top());
        assert!(
            tops.iter().all(|top| (top - tops[0]).abs() < 1.0),
            "{width}: {tops:?}"
        );
    }
}

#[test]
fn it_fits_into_a_small_tile() {
    let mut window = Window::open(Start::default());
    for size in [
        vec2(700.0, 500.0),
        vec2(640.0, 420.0),
        vec2(320.0, 260.0),
        vec2(2560.0, 1440.0),
    ] {
        window.harness.set_size(size);
        window.harness.run_steps(3);
        window.settle();
        let map = window.harness.query_by_label(MAP).map(|node| node.rect());
        let inside = Rect::from_min_size(Pos2::ZERO, size).expand(1.0);
        assert!(
            map.is_none_or(|map| inside.contains_rect(map)),
            "{map:?} {size}"
        );
    }
}

#[test]
fn weights_count_by_what_they_write_in_all_views_at_once() {
    let mut window = open_wide();
    let before = window.snapshot().detail.clone().unwrap();
    window.tool("Weights");
    window.harness.get_by_label("Norm-weighted").click();
    window.harness.run_steps(20);
    window.settle();
    let detail = window.snapshot().detail.clone().unwrap();
    assert_eq!(detail.heads.weighting(), Weighting::Norm);
    assert_eq!(detail.heads.single(), before.heads.single());
    let (norm, plain) = (detail.row(1100), before.row(1100));
    assert_ne!(norm, plain);
    let name = format!("{} · norm-weighted", head_name(detail.heads.leading()));
    assert!(
        window.harness.query_all_by_label(&name).next().is_some(),
        "{name}"
    );
    // The readout has both.
    window.move_to(window.cell(2, 7));
    window.settle();
    for name in ["norm-weighted", "attention weight"] {
        assert!(
            window.harness.query_all_by_label(name).next().is_some(),
            "{name}"
        );
    }
    assert_eq!(window.app().selection().weighting(), Weighting::Norm);
}

/// As the window writes it.
fn head_name(HeadId { layer, head }: HeadId) -> String {
    format!("Layer {layer}, head {head}")
}
