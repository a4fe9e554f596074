//! A run of an encoder in the window: earlier and later tokens in one view.

use super::attention::MAP;
use super::{Window, data};
use eframe::egui::{Theme, pos2, vec2};
use egui_kittest::SnapshotOptions;
use egui_kittest::kittest::Queryable;
use spanscope::analysis::{BandLayout, Statistic};
use spanscope::engine::HeatmapKind;
use spanscope::engine::figures::head_rows;
use spanscope::model::HeadId;
use spanscope::ui::{Choices, Pane, Start};

/// Tokens of the text.
const TOKENS: usize = 51;

fn open(theme: Theme) -> Window {
    let start = Start {
        model: Some(data("run_encoder.safetensors")),
        ..Start::default()
    };
    let mut window = Window::with(start, theme);
    window.settle();
    window
}

fn choose(window: &mut Window, head: HeadId, query: usize) {
    let choices = Choices {
        heads: vec![head],
        tokens: Some(query..query + 1),
        ..Choices::default()
    };
    window.harness.state_mut().choose(&choices).unwrap();
    window.settle();
}

/// The weight of layer 0, head 2, by the formula of tests/data/encoder/make.py.
fn weight(query: usize, key: usize) -> f64 {
    let term = |key: usize| {
        let distance = query as f64 - key as f64;
        let steps = if distance < 0.0 {
            -distance
        } else {
            2.0 * distance
        };
        (-0.3 * steps).exp()
    };
    term(key) / (0..TOKENS).map(term).sum::<f64>()
}

#[test]
fn both_directions_of_distance_are_in_one_picture() {
    let mut window = open(Theme::Dark);
    let head = HeadId::new(0, 2);
    choose(&mut window, head, 20);
    window.harness.state_mut().show_alone(Pane::ATTENTION);
    window.settle();
    window.tool("Columns: Distances");
    window.tool("Fit all");
    let snapshot = window.snapshot().clone();
    let picture = &snapshot.pictures[&HeatmapKind::Attention];
    assert_eq!(picture.request.window.layout, BandLayout::Distance);
    let (grid, wide) = (&picture.grid, 2 * TOKENS - 1);
    assert_eq!((grid.width, grid.height, grid.across), (wide, TOKENS, 1));
    for query in 0..TOKENS {
        for column in 0..wide {
            let key = (query + TOKENS - 1).checked_sub(column);
            let key = key.filter(|key| *key < TOKENS);
            let shown = f64::from(grid.values[query * wide + column]);
            match key {
                Some(key) => assert!((shown - weight(query, key)).abs() < 1e-6),
                None => assert!(shown.is_nan()),
            }
        }
    }
    // Over a later token: its distance is negative, and its weight is said.
    let map = window.place(MAP);
    let cell = vec2(map.width() / wide as f32, map.height() / TOKENS as f32);
    let column = TOKENS - 1 - 2;
    let at = map.min + vec2(cell.x * (column as f32 + 0.5), cell.y * 10.5);
    window.move_to(pos2(at.x, at.y));
    window.harness.run_steps(4);
    window.settle();
    let said = format!("{:.5}", weight(10, 12));
    for words in ["\u{2212}2", &said] {
        assert!(window.harness.query_by_label(words).is_some(), "{words}");
    }
    window.tool("Columns: Keys");
    let picture = &window.snapshot().pictures[&HeatmapKind::Attention];
    let is_there = |value: &&f32| !value.is_nan();
    let there = picture.grid.values.iter().filter(is_there).count();
    assert_eq!(there, TOKENS * TOKENS);
}

#[test]
fn every_view_takes_it_and_heads_have_numbers_of_each_direction() {
    let mut window = open(Theme::Dark);
    choose(&mut window, HeadId::new(1, 1), 20);
    for view in Pane::ALL {
        window.harness.state_mut().bring_up(view);
        window.settle();
        assert!(window.app().complaint().is_none(), "{view:?}");
    }
    window.harness.state_mut().show_alone(Pane::HEADS);
    window.settle();
    let rows = head_rows(window.snapshot());
    let of =
        |statistic: Statistic, layer: usize, head: usize| statistic.of(&rows[3 * layer + head]);
    // The next token, the one before, and eight ahead.
    assert_eq!(of(Statistic::MostLater, 0, 0), Some(1.0));
    assert_eq!(of(Statistic::Half, 0, 1), Some(1.0));
    assert!(of(Statistic::DistanceLater, 1, 1).is_some_and(|mean| (7.0..9.5).contains(&mean)));
    assert!(of(Statistic::Later, 0, 0).is_some_and(|share| share > 0.9));
    assert!(of(Statistic::Later, 0, 1).is_some_and(|share| share < 0.2));
    let all = (0..TOKENS).flat_map(|query| (query + 1..TOKENS).map(move |key| weight(query, key)));
    let later = all.sum::<f64>() / TOKENS as f64;
    assert!(of(Statistic::Later, 0, 2).is_some_and(|share| (share - later).abs() < 1e-5));
}

/// Holds views against the pictures that were looked at.
fn pictures(theme: Theme, name: &str) {
    let mut window = open(theme);
    window.harness.set_size(vec2(900.0, 560.0));
    choose(&mut window, HeadId::new(0, 2), 20);
    window.harness.state_mut().show_alone(Pane::ATTENTION);
    window.harness.run_steps(3);
    window.settle();
    window.tool("Fit all");
    let shown = |window: &mut Window, of: &str| {
        window.harness.remove_cursor();
        window.settle();
        window.settle();
        let shades = SnapshotOptions::new().threshold(1.0).max_failed_pixels(60);
        let place = format!("{name}/{of}");
        window
            .harness
            .try_snapshot_options(&place, &shades)
            .unwrap();
    };
    shown(&mut window, "keys");
    window.tool("Columns: Distances");
    shown(&mut window, "distances");
    window.harness.state_mut().show_alone(Pane::SPANS);
    shown(&mut window, "spans");
    window.harness.state_mut().show_alone(Pane::HEADS);
    shown(&mut window, "heads");
    window.harness.state_mut().show_alone(Pane::TEXT);
    shown(&mut window, "text");
}

#[test]
fn an_encoder_looks_as_in_its_pictures() {
    pictures(Theme::Dark, "encoder_dark");
    pictures(Theme::Light, "encoder_light");
}
