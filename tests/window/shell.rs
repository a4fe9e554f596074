//! Commands, keys, the palette, undo, languages, layout: the shell around the views.

use super::{Window, data, files::drop_file};
use eframe::egui::{self, Key, Modifiers};
use egui_kittest::kittest::Queryable;
use spanscope::engine::SAMPLES;
use spanscope::model::HeadId;
use spanscope::ui::{Pane, Start};

const CTRL: Modifiers = Modifiers::COMMAND;
const BOTH: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

/// Does what the palette finds first for `query`.
pub fn command(window: &mut Window, query: &str) {
    window.keys(CTRL, Key::P);
    window.harness.event(egui::Event::Text(query.into()));
    window.harness.run_steps(3);
    window.keys(Modifiers::NONE, Key::Enter);
    window.harness.run_steps(3);
}

/// Takes the focus from the text field.
fn unfocus(window: &mut Window) {
    window.keys(Modifiers::NONE, Key::Escape);
}

fn has(window: &Window, label: &str) -> bool {
    window.harness.query_all_by_label(label).next().is_some()
}

fn text(window: &Window) -> String {
    window.app().text().to_string()
}

#[test]
fn the_palette_finds_views_heads_and_commands_by_keys_and_mouse() {
    let mut window = Window::open(Start::default());
    let field = "Search commands, views, heads and files";
    window.keys(CTRL, Key::P);
    assert!(has(&window, field));
    window.keys(Modifiers::NONE, Key::Escape);
    window.harness.run_steps(2);
    assert!(!has(&window, field));
    assert!(!window.app().visible_views().contains(&Pane::COST));
    command(&mut window, "show cost");
    assert!(!has(&window, field));
    assert!(window.app().visible_views().contains(&Pane::COST));
    command(&mut window, "2.1");
    assert_eq!(
        window.app().selection().heads.single(),
        Some(HeadId::new(2, 1))
    );
    // The arrows choose another one than the first.
    window.keys(CTRL, Key::P);
    window
        .harness
        .event(egui::Event::Text("layer 0 head".into()));
    window.harness.run_steps(3);
    window.keys(Modifiers::NONE, Key::ArrowDown);
    window.keys(Modifiers::NONE, Key::ArrowDown);
    window.keys(Modifiers::NONE, Key::ArrowUp);
    window.keys(Modifiers::NONE, Key::Enter);
    window.harness.run_steps(2);
    assert_eq!(
        window.app().selection().heads.single(),
        Some(HeadId::new(0, 1))
    );
    // The mouse does as well.
    window.keys(CTRL, Key::P);
    window.harness.event(egui::Event::Text("predict".into()));
    window.harness.run_steps(3);
    window.harness.get_by_label("Show Predictions").click();
    window.harness.run_steps(3);
    assert!(window.app().visible_views().contains(&Pane::PREDICTIONS));
}

#[test]
fn what_cannot_be_done_now_is_said_and_not_done() {
    let mut window = Window::open(Start::default());
    window.keys(CTRL, Key::P);
    window
        .harness
        .event(egui::Event::Text("choose vocab".into()));
    window.harness.run_steps(3);
    assert!(has(&window, "This cannot be done now"));
    window.keys(Modifiers::NONE, Key::Enter);
    window.harness.run_steps(3);
    // Still there, and nothing is complained about.
    assert!(has(&window, "This cannot be done now"));
    assert_eq!(window.app().complaint(), None);
}

#[test]
fn texts_are_taken_back_word_by_word_and_file_by_file_and_done_again() {
    let mut window = Window::open(Start::default());
    let first = text(&window);
    window.write("To be");
    drop_file(&mut window, data("shakespeare_test_20000.txt"));
    window.wait("the text", |app| app.text().len() == 20_000);
    command(&mut window, "wikipedia");
    window.settle();
    assert_eq!(text(&window), SAMPLES[1].text);
    // With the focus in the text field and without.
    window.keys(CTRL, Key::E);
    window.keys(CTRL, Key::Z);
    assert_eq!(text(&window).len(), 20_000);
    unfocus(&mut window);
    window.keys(CTRL, Key::Z);
    assert_eq!(text(&window), format!("{first}To be"));
    window.keys(CTRL, Key::Z);
    assert_eq!(text(&window), first);
    window.keys(CTRL, Key::Z);
    assert_eq!(text(&window), first);
    window.keys(BOTH, Key::Z);
    assert_eq!(text(&window), format!("{first}To be"));
    window.keys(CTRL, Key::Y);
    assert_eq!(text(&window).len(), 20_000);
    // The views show what is at hand.
    window.keys(CTRL, Key::Z);
    window.settle();
    assert_eq!(*window.snapshot().tokens.text, *text(&window));
    // What is typed now stands where the cursor was, and nothing can be done again.
    window.keys(CTRL, Key::E);
    window.harness.event(egui::Event::Text("!".into()));
    window.harness.run_steps(2);
    assert_eq!(text(&window), format!("{first}To be!"));
    window.keys(CTRL, Key::Y);
    assert_eq!(text(&window), format!("{first}To be!"));
}

#[test]
fn changes_of_the_model_are_taken_back_as_well() {
    let mut window = Window::open(Start::default());
    let before = window.snapshot().bits_per_token;
    command(&mut window, "ablate selected");
    window.settle();
    assert!(window.app().edits().is_ablated(3, 1));
    assert_ne!(window.snapshot().bits_per_token, before);
    command(&mut window, "span 12");
    assert_eq!(window.app().edits().span(3, 1), Some(12.0));
    // One that the head cannot have is refused, and not cut.
    command(&mut window, "span 5000");
    assert_eq!(window.app().edits().span(3, 1), Some(12.0));
    let said = window.app().complaint().unwrap_or_default();
    assert!(said.contains("512 tokens at most"), "{said}");
    window.keys(CTRL, Key::Z);
    assert_eq!(window.app().edits().span(3, 1), None);
    window.keys(CTRL, Key::Z);
    window.settle();
    assert!(window.app().edits().is_empty());
    assert_eq!(window.snapshot().bits_per_token, before);
    window.keys(CTRL, Key::Y);
    command(&mut window, "all heads as trained");
    assert!(window.app().edits().is_empty());
    // They belong to the model.
    window.keys(CTRL, Key::Z);
    assert!(!window.app().edits().is_empty());
    command(&mut window, "wikipedia");
    window.settle();
    assert!(window.app().edits().is_empty());
    window.keys(CTRL, Key::Z);
    window.settle();
    assert!(window.app().edits().is_empty());
    let network = &window.snapshot().model.as_ref().unwrap().network;
    assert!(network.edits().is_empty());
}

#[test]
fn the_language_changes_at_once_and_back() {
    let mut window = Window::open(Start::default());
    assert!(has(&window, "File") && !has(&window, "文件"));
    command(&mut window, "中文");
    assert!(has(&window, "文件") && !has(&window, "File"));
    window.keys(Modifiers::NONE, Key::F1);
    assert!(has(&window, "按键与手势"));
    window.keys(Modifiers::NONE, Key::Escape);
    command(&mut window, "english");
    assert!(has(&window, "File") && !has(&window, "文件"));
}

#[test]
fn views_are_closed_shown_again_and_put_back() {
    let mut window = Window::open(Start::default());
    let layout = window.app().layout();
    window.harness.get_by_label("Close Spans").click();
    window.harness.run_steps(3);
    assert!(!window.app().open_views().contains(&Pane::SPANS));
    assert!(!has(&window, "Close Spans"));
    // Its key brings it back to where it was.
    window.keys(CTRL, Key::Num2);
    window.harness.run_steps(2);
    assert_eq!(window.app().layout(), layout);
    for view in Pane::ALL {
        command(&mut window, &format!("open or close {}", view.title()));
    }
    assert!(window.app().open_views().is_empty());
    assert!(has(&window, "All views are closed."));
    window.harness.get_by_label("Reset layout").click();
    window.harness.run_steps(3);
    assert_eq!(window.app().layout(), layout);
    assert_eq!(window.app().open_views(), Pane::ALL);
}

#[test]
fn the_view_menu_closes_and_opens_views() {
    let mut window = Window::open(Start::default());
    window.harness.get_by_label("View").click();
    window.harness.run_steps(3);
    let role = egui::accesskit::Role::CheckBox;
    window
        .harness
        .get_by_role_and_label(role, "Persistent")
        .click();
    window.harness.run_steps(3);
    assert!(!window.app().open_views().contains(&Pane::PERSISTENT));
}

#[test]
fn heads_are_selected_by_keys_where_no_text_has_the_focus() {
    let mut window = Window::open(Start::default());
    let count = |window: &Window| window.app().selection().heads.all().len();
    window.keys(CTRL, Key::L);
    assert_eq!(count(&window), 4);
    window.keys(CTRL, Key::A);
    assert_eq!(count(&window), 16);
    assert_eq!(window.app().selection().heads.leading(), HeadId::new(3, 1));
    window.keys(Modifiers::NONE, Key::Escape);
    assert_eq!(count(&window), 1);
    // In the text field Ctrl+A selects the text.
    window.keys(CTRL, Key::E);
    window.keys(CTRL, Key::A);
    assert_eq!(count(&window), 1);
    window.harness.event(egui::Event::Text("x".into()));
    window.harness.run_steps(2);
    assert_eq!(text(&window), "x");
    // Arrows and brackets are its own as well.
    window.keys(Modifiers::NONE, Key::OpenBracket);
    window.keys(Modifiers::NONE, Key::ArrowUp);
    assert_eq!(window.app().selection().heads.leading(), HeadId::new(3, 1));
    unfocus(&mut window);
    window.keys(Modifiers::NONE, Key::OpenBracket);
    assert_eq!(window.app().selection().heads.leading(), HeadId::new(2, 1));
}

#[test]
fn the_interface_is_zoomed_by_keys() {
    let mut window = Window::open(Start::default());
    let zoom = |window: &Window| window.harness.ctx.zoom_factor();
    window.keys(CTRL, Key::Plus);
    window.keys(CTRL, Key::Equals);
    assert!((zoom(&window) - 1.2).abs() < 1e-5);
    window.keys(CTRL, Key::Minus);
    assert!((zoom(&window) - 1.1).abs() < 1e-5);
    window.keys(CTRL, Key::Num0);
    assert!((zoom(&window) - 1.0).abs() < 1e-5);
    for _ in 0..40 {
        window.keys(CTRL, Key::Minus);
    }
    assert!((zoom(&window) - 0.5).abs() < 1e-5);
}

#[test]
fn the_sheet_of_keys_opens_and_closes() {
    let mut window = Window::open(Start::default());
    let heading = "Keys and gestures";
    for key in [Key::F1, Key::Questionmark] {
        window.keys(Modifiers::NONE, key);
        assert!(has(&window, heading));
        assert!(has(&window, "Ctrl+Shift+O") && has(&window, "Ctrl + click"));
        // Keys of what lies below do nothing.
        window.keys(CTRL, Key::A);
        assert_eq!(window.app().selection().heads.all().len(), 1);
        window.keys(Modifiers::NONE, Key::Escape);
        window.harness.run_steps(2);
        assert!(!has(&window, heading));
    }
    // A question mark that is typed opens nothing.
    window.write("?");
    assert!(!has(&window, heading));
}

#[test]
fn the_run_over_a_long_text_is_stopped_and_goes_on() {
    let mut window = Window::open(Start::default());
    drop_file(&mut window, data("shakespeare_test_20000.txt"));
    window.wait("the run", |app| {
        let snapshot = app.snapshot();
        snapshot.tokens.ids.len() == 20_000 && snapshot.done > 0
    });
    window.keys(CTRL, Key::Period);
    window.settle();
    let done = window.snapshot().done;
    assert!(done > 0 && done < 20_000, "{done}");
    // What is read is shown whole.
    let detail = window.snapshot().detail.as_ref().unwrap();
    assert_eq!(detail.end(), done);
    assert!(
        window
            .harness
            .query_by_label_contains("stopped after")
            .is_some()
    );
    window.harness.run_steps(20);
    assert_eq!(window.snapshot().done, done);
    window.harness.get_by_label("Resume").click();
    window.settle();
    assert_eq!(window.snapshot().done, 20_000);
}

#[test]
fn several_notes_stand_together_and_errors_stay() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(Start::default());
    for name in ["one.pt", "two.pt"] {
        let wrong = folder.path().join(name);
        std::fs::write(&wrong, "no model").unwrap();
        let failures = |app: &spanscope::ui::app::App| {
            app.snapshot()
                .failure
                .as_ref()
                .map_or(0, |failure| failure.number)
        };
        let before = failures(window.app());
        drop_file(&mut window, wrong);
        window.wait("the error", |app| failures(app) > before);
        window.settle();
    }
    // A minute later.
    window.harness.run_steps(240);
    let shown = window.harness.query_all_by_label_contains("two.pt").count();
    assert_eq!(shown, 1);
    window.harness.get_by_label("Close this note").click();
    window.harness.run_steps(3);
    assert_eq!(window.app().complaint(), None);
}
