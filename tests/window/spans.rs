//! The span view: what it measures, and spans changed by hand.

use super::{Window, data};
use eframe::egui::{Event, Modifiers, Options, PointerButton, Pos2, vec2};
use egui_kittest::kittest::Queryable;
use spanscope::model::HeadId;
use spanscope::ui::{Choices, Start};

const HANDLE: &str = "Span z of layer 3, head 1";

fn button(window: &mut Window, at: Pos2, pressed: bool, button: PointerButton) {
    window.harness.event(Event::PointerButton {
        pos: at,
        button,
        pressed,
        modifiers: Modifiers::NONE,
    });
    window.harness.step();
}

fn move_to(window: &mut Window, at: Pos2) {
    window.harness.event(Event::PointerMoved(at));
    window.harness.run_steps(2);
}

fn click(window: &mut Window, at: Pos2, which: PointerButton) {
    move_to(window, at);
    button(window, at, true, which);
    button(window, at, false, which);
    window.harness.run_steps(3);
}

fn press(window: &mut Window, label: &str) {
    window.harness.get_by_label(label).click();
    window.harness.run_steps(3);
}

/// The z of a head as it is now.
fn z(window: &Window, HeadId { layer, head }: HeadId) -> f32 {
    let network = &window.snapshot().model.as_ref().unwrap().network;
    network.spans()[layer * network.architecture().adaptive_span().unwrap().nb_heads + head].span
}

fn has(window: &Window, words: &str) -> bool {
    window.harness.query_by_label_contains(words).is_some()
}

/// A window with BLOOM's heads, which look nearer the steeper their slopes are, on so many ids.
fn sloped(ids: usize) -> (tempfile::TempDir, Window) {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("ids.txt");
    let ids: Vec<String> = (0..ids)
        .map(|i| ((7 * i + i * i) % 90 + 5).to_string())
        .collect();
    std::fs::write(&text, ids.join(" ")).unwrap();
    let window = Window::open(Start {
        model: Some(data("families/bloom")),
        text: Some(text),
        ..Start::default()
    });
    (folder, window)
}

#[test]
fn all_heads_are_measured_and_flagged_ones_are_a_click_away() {
    let (_folder, mut window) = sloped(260);
    let surveyed = window.snapshot().surveyed.clone().unwrap();
    assert_eq!(surveyed.queries, surveyed.wanted);
    let flagged = surveyed.flags.iter().flatten().count();
    assert!(flagged > 0 && flagged <= surveyed.flags.len() / 2);
    let flagged_at = |HeadId { layer, head }: HeadId| surveyed.flags[6 * layer + head].is_some();
    let words = format!("Next flagged ({flagged})");
    for _ in 0..flagged + 1 {
        press(&mut window, &words);
        assert!(flagged_at(window.app().selection().heads.leading()));
    }
}

#[test]
fn a_head_is_dragged_to_another_span_and_back() {
    let mut window = Window::open(Start::default());
    let trained = z(&window, HeadId::new(3, 1));
    let bits = window.snapshot().bits_per_token.unwrap();
    assert!(window.harness.query_by_label(HANDLE).is_none());
    press(&mut window, "Edit spans by hand");
    let at = window.harness.get_by_label(HANDLE).rect().center();
    move_to(&mut window, at);
    button(&mut window, at, true, PointerButton::Primary);
    for step in 1..=6 {
        move_to(&mut window, at + vec2(0.0, 4.0 * step as f32));
    }
    window.wait("the span to follow", |app| {
        let network = &app.snapshot().model.as_ref().unwrap().network;
        network.edits().span(3, 1).is_some()
    });
    // While it is held, the chart stands still and the point is under the pointer.
    let held = window.harness.get_by_label(HANDLE).rect().center();
    assert!((held.y - at.y - 24.0).abs() < 3.0, "{held} {at}");
    button(
        &mut window,
        at + vec2(0.0, 24.0),
        false,
        PointerButton::Primary,
    );
    window.settle();
    assert!(z(&window, HeadId::new(3, 1)) < 0.8 * trained);
    let snapshot = window.snapshot();
    assert_eq!(snapshot.unedited_bits, Some(bits));
    assert!(snapshot.bits_per_token.unwrap() != bits);
    assert!(has(&window, "by 1 edit)"));
    window.harness.remove_cursor();
    window.harness.run_steps(4);
    press(&mut window, "Clear edits");
    window.settle();
    assert_eq!(z(&window, HeadId::new(3, 1)), trained);
    assert_eq!(window.snapshot().bits_per_token, Some(bits));
    assert!(!has(&window, "by 1 edit)"));
}

#[test]
fn a_drag_selects_its_head_and_edits_move_nothing() {
    let mut window = Window::open(Start::default());
    let chart = |window: &Window| {
        let chart = window
            .harness
            .get_by_label("Span chart: click a head to select it");
        chart.rect()
    };
    let before = chart(&window);
    press(&mut window, "Edit spans by hand");
    assert_eq!(chart(&window), before);
    // Another head than the leading one: its point is taken hold of where it is.
    let at = window.harness.get_by_label(HANDLE).rect().center();
    let other = Choices {
        heads: vec![HeadId::new(0, 0)],
        ..Choices::default()
    };
    window.app_mut().choose(&other).unwrap();
    window.settle();
    move_to(&mut window, at);
    button(&mut window, at, true, PointerButton::Primary);
    for step in 1..=6 {
        move_to(&mut window, at + vec2(0.0, 4.0 * step as f32));
    }
    let place = at + vec2(0.0, 24.0);
    button(&mut window, place, false, PointerButton::Primary);
    window.settle();
    let edits = &window.snapshot().model.as_ref().unwrap().network;
    assert!(edits.edits().span(3, 1).is_some() && edits.edits().span(0, 0).is_none());
    assert_eq!(
        window.app().selection().heads.single(),
        Some(HeadId::new(3, 1))
    );
    assert_eq!(chart(&window), before);
    press(&mut window, "Edit spans by hand");
    assert_eq!(chart(&window), before);
}

#[test]
fn a_point_is_taken_hold_of_without_a_look_at_it_first_and_the_curve_keeps_its_place() {
    let mut window = Window::open(Start::default());
    let curve = |window: &Window| {
        let name = "Soft mask and mean weight of the head by distance";
        window.harness.get_by_label(name).rect()
    };
    let before = curve(&window);
    press(&mut window, "Edit spans by hand");
    let at = window.harness.get_by_label(HANDLE).rect().center();
    let other = Choices {
        heads: vec![HeadId::new(0, 0)],
        ..Choices::default()
    };
    window.app_mut().choose(&other).unwrap();
    window.settle();
    window.harness.remove_cursor();
    window.harness.run_steps(3);
    // A finger comes from nowhere: it is there and pressed in one frame.
    window.harness.event(Event::PointerMoved(at));
    button(&mut window, at, true, PointerButton::Primary);
    for step in 1..=6 {
        move_to(&mut window, at + vec2(0.0, 4.0 * step as f32));
        assert_eq!(curve(&window), before);
    }
    let place = at + vec2(0.0, 24.0);
    button(&mut window, place, false, PointerButton::Primary);
    window.settle();
    let edits = &window.snapshot().model.as_ref().unwrap().network;
    assert!(edits.edits().span(3, 1).is_some() && edits.edits().span(0, 0).is_none());
    assert_eq!(curve(&window), before);
}

#[test]
fn a_drag_without_the_edit_button_changes_no_span() {
    let mut window = Window::open(Start::default());
    press(&mut window, "Edit spans by hand");
    let at = window.harness.get_by_label(HANDLE).rect().center();
    press(&mut window, "Edit spans by hand");
    move_to(&mut window, at);
    button(&mut window, at, true, PointerButton::Primary);
    for step in 1..=6 {
        move_to(&mut window, at + vec2(0.0, 4.0 * step as f32));
    }
    button(
        &mut window,
        at + vec2(0.0, 24.0),
        false,
        PointerButton::Primary,
    );
    window.settle();
    let network = &window.snapshot().model.as_ref().unwrap().network;
    assert!(network.edits().is_empty());
}

#[test]
fn a_head_is_ablated_from_its_menu_and_set_back_with_a_double_click() {
    let mut window = Window::open(Start::default());
    press(&mut window, "Edit spans by hand");
    let at = window.harness.get_by_label(HANDLE).rect().center();
    press(&mut window, "Edit spans by hand");
    click(&mut window, at, PointerButton::Secondary);
    press(&mut window, "Ablate");
    window.settle();
    let ablated = |window: &Window| {
        let network = &window.snapshot().model.as_ref().unwrap().network;
        network.ablated(3, 1)
    };
    assert!(ablated(&window));
    assert!(has(&window, "by 1 edit)"));
    // A click elsewhere closes the menu.
    click(&mut window, at - vec2(0.0, 40.0), PointerButton::Primary);
    press(&mut window, "Edit spans by hand");
    let at = window.harness.get_by_label(HANDLE).rect().center();
    move_to(&mut window, at);
    // A frame of the test takes as long as a double click may.
    let patient = |options: &mut Options| options.input_options.max_double_click_delay = 1.0;
    window.harness.ctx.options_mut(patient);
    // The click before is no part of it.
    window.harness.run_steps(12);
    for pressed in [true, false, true, false] {
        button(&mut window, at, pressed, PointerButton::Primary);
    }
    window.settle();
    assert!(!ablated(&window));
}

#[test]
fn a_fixed_span_has_no_mask_but_weights_by_distance() {
    let mut window = Window::open(Start {
        model: Some(data("tiny_fixed.pt")),
        ..Start::default()
    });
    window.write(" 1 2 3 4 5 6 7 8 9");
    let surveyed = window.snapshot().surveyed.clone().unwrap();
    assert!(!surveyed.leading.by_distance.is_empty());
    let named = window.harness.query_all_by_label_contains("fixed span");
    assert!(named.count() > 0);
    assert!(!has(&window, "Weight removed by the mask"));
}

#[test]
fn the_strip_selects_a_query() {
    let mut window = Window::open(Start::default());
    let strip = "Weight removed by the mask along the text: click a query to select it";
    let strip = window.harness.get_by_label(strip).rect();
    click(&mut window, strip.center(), PointerButton::Primary);
    window.settle();
    let query = window.app().selection().tokens.single().unwrap();
    let done = window.snapshot().done;
    assert!(
        (done / 3..2 * done / 3).contains(&query),
        "{query} of {done}"
    );
}

#[test]
fn heads_are_cut_to_a_window_and_first_tokens_kept() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.txt");
    std::fs::write(
        &text,
        "The quick brown fox jumps over the lazy dog. ".repeat(6),
    )
    .unwrap();
    let mut window = Window::open(Start {
        model: Some(data("families/gguf/llama-f32.gguf")),
        text: Some(text),
        any_text: true,
        ..Start::default()
    });
    let reaches = |window: &Window| -> Vec<(usize, usize)> {
        let network = &window.snapshot().model.as_ref().unwrap().network;
        network
            .spans()
            .iter()
            .map(|span| (span.reach.keys(), span.first))
            .collect()
    };
    let bits = window.snapshot().bits_per_token.unwrap();
    assert!(window.snapshot().tokens.ids.len() > 20);
    assert!(has(&window, "Tokens of effective spans"));
    press(&mut window, "Edit spans by hand");
    press(&mut window, "Windows and more");
    // Nothing to keep beside windows yet, but no harm either.
    press(&mut window, "Cut");
    window.settle();
    assert!(reaches(&window).iter().all(|of| *of == (64, 0)));
    use spanscope::model::FirstTokens;
    let keep = spanscope::model::WhatIf {
        windows: vec![(spanscope::model::Heads::Layer(1), 7)],
        first: Some(FirstTokens::Keep(2)),
        ..Default::default()
    };
    let choices = spanscope::ui::Choices {
        what_if: keep,
        ..Default::default()
    };
    window.app_mut().choose(&choices).unwrap();
    window.settle();
    let now = reaches(&window);
    let heads = now.len() / 2;
    assert!(now[..heads].iter().all(|of| *of == (64, 2)), "{now:?}");
    assert!(now[heads..].iter().all(|of| *of == (7, 2)), "{now:?}");
    assert!(window.snapshot().bits_per_token.unwrap() != bits);
    press(&mut window, "Drop the first");
    window.settle();
    let edits = window.app().edits().clone();
    assert_eq!(edits.first(), Some(FirstTokens::Drop(2)));
    press(&mut window, "Clear edits");
    window.settle();
    assert_eq!(window.snapshot().bits_per_token, Some(bits));
    assert!(reaches(&window).iter().all(|of| of.1 == 0 && of.0 > 64));
}

#[test]
fn a_chart_that_was_zoomed_comes_to_the_head_selected_elsewhere() {
    let mut window = Window::open(Start::default());
    press(&mut window, "Edit spans by hand");
    let at = window.harness.get_by_label(HANDLE).rect().center();
    move_to(&mut window, at);
    for _ in 0..8 {
        window.harness.event(Event::Zoom(1.4));
        window.harness.step();
    }
    window.harness.event(Event::PointerGone);
    window.harness.run_steps(2);
    assert!(window.harness.query_by_label(HANDLE).is_some());
    // Far outside of what is in view.
    super::shell::command(&mut window, "0.0");
    window.settle();
    let first = "Span z of layer 0, head 0";
    assert!(window.harness.query_by_label(first).is_some());
    assert!(window.harness.query_by_label(HANDLE).is_none());
    super::shell::command(&mut window, "3.1");
    window.settle();
    assert!(window.harness.query_by_label(HANDLE).is_some());
}

#[test]
fn the_cost_of_an_edit_is_read_in_a_small_window() {
    let mut window = Window::open(Start::default());
    window.harness.set_size(vec2(1280.0, 781.0));
    window.harness.run_steps(3);
    press(&mut window, "Edit spans by hand");
    press(&mut window, "Ablate");
    window.settle();
    let effect = window.harness.get_by_label_contains("by 1 edit)").rect();
    assert!(effect.width() > 70.0, "{effect}");
}
