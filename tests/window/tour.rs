//! What a newcomer meets: the tour, and the box that says what this is.

use super::Window;
use super::shell::command;
use eframe::egui::{self, Key, Modifiers, Theme};
use egui_kittest::kittest::Queryable;
use spanscope::ui::{Pane, Start};
use std::path::Path;

fn newcomer(folder: &Path) -> Window {
    Window::newcomer(Start::default(), folder, Theme::Light)
}

fn has(window: &Window, label: &str) -> bool {
    window.harness.query_by_label(label).is_some()
}

fn click(window: &mut Window, label: &str) {
    window.harness.get_by_label(label).click();
    window.harness.run_steps(3);
    window.settle();
}

#[test]
fn the_first_start_has_a_tour_that_is_walked_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = newcomer(folder.path());
    assert!(has(&window, "How far does every head look?"));
    // Each note brings what it is about to the front, and leaves the window at work.
    let notes = [
        ("The span of every head", Some(Pane::SPANS)),
        ("Find a head", Some(Pane::HEADS)),
        ("Where a token looks", Some(Pane::TEXT)),
        ("All weights of a head", Some(Pane::ATTENTION)),
        ("What the model expects next", Some(Pane::PREDICTIONS)),
        ("What the layers have stored", Some(Pane::PERSISTENT)),
        ("Your own text", Some(Pane::TEXT)),
        ("Your own model, your own figures", None),
    ];
    for (i, (heading, view)) in notes.into_iter().enumerate() {
        click(&mut window, "Next");
        assert!(has(&window, heading), "{heading}");
        assert!(has(&window, &format!("{} of 9", i + 2)));
        if let Some(view) = view {
            assert!(window.app().visible_views().contains(&view), "{view:?}");
        }
    }
    click(&mut window, "Back");
    assert!(has(&window, "Your own text"));
    window.write("!");
    assert!(window.app().text().ends_with('!'));
    click(&mut window, "Next");
    click(&mut window, "Done");
    assert!(!has(&window, "Your own model, your own figures"));
    drop(window);
    // Another folder of sessions with the same settings: the tour is over for good.
    let settings = folder.path().join("settings.json");
    let again = tempfile::tempdir().unwrap();
    std::fs::copy(settings, again.path().join("settings.json")).unwrap();
    let mut window = newcomer(again.path());
    assert!(!has(&window, "How far does every head look?"));
    // But for those who ask.
    command(&mut window, "tour");
    assert!(has(&window, "How far does every head look?"));
    window.keys(Modifiers::NONE, Key::Escape);
    assert!(!has(&window, "How far does every head look?"));
}

#[test]
fn whoever_skips_the_tour_or_opens_a_model_is_not_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = newcomer(folder.path());
    click(&mut window, "Skip the tour");
    assert!(!has(&window, "How far does every head look?"));
    drop(window);
    let settings = std::fs::read_to_string(folder.path().join("settings.json")).unwrap();
    assert!(settings.contains("\"toured\": true"), "{settings}");

    let folder = tempfile::tempdir().unwrap();
    let start = Start {
        model: Some(super::data("tiny_adaptive.pt")),
        ..Start::default()
    };
    let window = Window::newcomer(start, folder.path(), Theme::Dark);
    assert!(!has(&window, "How far does every head look?"));
}

#[test]
fn the_tour_is_walked_by_keys() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = newcomer(folder.path());
    for stop in 1..=9 {
        assert!(has(&window, &format!("{stop} of 9")));
        window.keys(Modifiers::NONE, Key::Enter);
        window.harness.run_steps(3);
        window.settle();
    }
    assert!(!has(&window, "9 of 9"));
    // An open menu is closed before the tour behind it.
    command(&mut window, "tour");
    click(&mut window, "File");
    let menu = |window: &Window| {
        window
            .harness
            .query_by_label_contains("Open training run")
            .is_some()
    };
    assert!(has(&window, "1 of 9") && menu(&window));
    window.keys(Modifiers::NONE, Key::Escape);
    window.harness.run_steps(3);
    assert!(has(&window, "1 of 9") && !menu(&window));
    window.keys(Modifiers::NONE, Key::Escape);
    window.harness.run_steps(3);
    assert!(!has(&window, "1 of 9"));
}

/// Each note of the tour, in small windows and large, is whole and within the window.
#[test]
fn notes_fit_any_window() {
    for (width, height) in [(640.0, 420.0), (1000.0, 650.0), (2560.0, 1440.0)] {
        let mut window = Window::open(Start::default());
        let size = egui::vec2(width, height);
        window.harness.set_size(size);
        window.settle();
        command(&mut window, "tour");
        for stop in 1..=9 {
            window.harness.run_steps(3);
            let number = window.harness.get_by_label(&format!("{stop} of 9")).rect();
            let label = if stop == 9 { "Done" } else { "Next" };
            let next = window.harness.get_by_label(label).rect();
            let whole = egui::Rect::from_min_size(egui::Pos2::ZERO, size);
            assert!(
                whole.contains_rect(number) && whole.contains_rect(next),
                "{stop}: {next:?}"
            );
            click(&mut window, label);
        }
    }
}

#[test]
fn the_box_says_what_this_is_and_what_it_is_made_of() {
    let mut window = Window::with(Start::default(), Theme::Dark);
    command(&mut window, "about spanscope");
    assert!(has(
        &window,
        &format!("spanscope {}", env!("CARGO_PKG_VERSION"))
    ));
    window.harness.get_by_label("Copy versions").click();
    let mut copied = None;
    for _ in 0..4 {
        window.harness.step();
        for command in &window.harness.output().platform_output.commands {
            if let egui::OutputCommand::CopyText(text) = command {
                copied = Some(text.clone());
            }
        }
    }
    let copied = copied.expect("a text is copied");
    assert!(
        copied.contains("egui 0.") && copied.contains("candle 0."),
        "{copied}"
    );
    click(&mut window, "Close");
    assert!(!has(&window, "Copy versions"));
}
