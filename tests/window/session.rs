//! What is there again after a restart.

use super::shell::command;
use super::{Window, data};
use eframe::egui::accesskit::Toggled;
use eframe::egui::{self, Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use spanscope::engine::SAMPLES;
use spanscope::model::HeadId;
use spanscope::ui::{Pane, Start};
use std::path::Path;

fn open(folder: &Path) -> Window {
    Window::in_folder(Start::default(), folder)
}

#[test]
fn everything_comes_back_as_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = open(folder.path());
    window.write("To be");
    window.keys(Modifiers::NONE, Key::Escape);
    command(&mut window, "1.2");
    window.keys(Modifiers::COMMAND, Key::L);
    command(&mut window, "silence selected");
    command(&mut window, "show cost");
    command(&mut window, "open or close grid");
    window.keys(Modifiers::COMMAND, Key::Plus);
    command(&mut window, "light theme");
    window.harness.get_by_label("Surprisal").click();
    window.settle();
    let (text, layout) = (window.app().text().clone(), window.app().layout());
    let selection = window.app().selection().clone();
    let edits = window.app().edits().clone();
    assert_eq!(edits.ablated().count(), 4);
    drop(window);

    let mut window = open(folder.path());
    window.settle();
    assert_eq!(*window.app().text(), text);
    assert_eq!(window.app().layout(), layout);
    assert_eq!(window.app().selection().heads, selection.heads);
    assert_eq!(*window.app().edits(), edits);
    let network = &window.snapshot().model.as_ref().unwrap().network;
    assert_eq!(network.edits().ablated().count(), 4);
    assert!((window.harness.ctx.zoom_factor() - 1.1).abs() < 1e-5);
    let settings = std::fs::read_to_string(folder.path().join("settings.json")).unwrap();
    assert!(settings.contains("\"light\""), "{settings}");
    assert!(!window.app().open_views().contains(&Pane::GRID));
    // The state of the views is theirs again.
    let surprisal = window.harness.get_by_label("Surprisal");
    assert_eq!(surprisal.accesskit_node().toggled(), Some(Toggled::True));
}

#[test]
fn a_program_that_is_killed_loses_nothing_older_than_moments() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = open(folder.path());
    window.write("never saved by hand");
    // Two seconds of a window that nobody touches.
    let start = std::time::Instant::now();
    while start.elapsed().as_secs_f32() < 2.0 {
        window.harness.step();
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // What is on the disk now is all that there is.
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let again = open(copy.path());
    assert!(again.app().text().ends_with("never saved by hand"));
}

#[test]
fn the_caret_stands_where_it_stood() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = open(folder.path());
    window.write("abc");
    for _ in 0..2 {
        window.keys(Modifiers::NONE, Key::ArrowLeft);
    }
    drop(window);
    let mut window = open(folder.path());
    window.settle();
    window.write("X");
    assert!(window.app().text().ends_with("aXbc"));
}

#[test]
fn the_selected_token_is_on_screen_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = open(folder.path());
    window.write("abc");
    window.keys(Modifiers::COMMAND, Key::Home);
    for _ in 0..28 {
        window.keys(Modifiers::NONE, Key::ArrowDown);
    }
    window.settle();
    let selected = window.app().selection().tokens.single().unwrap();
    let count = window.snapshot().tokens.ids.len();
    assert!(
        selected > 400 && selected + 150 < count,
        "{selected} of {count}"
    );
    drop(window);
    let mut window = open(folder.path());
    window.settle();
    assert_eq!(window.app().selection().tokens.single(), Some(selected));
    // What is in the middle of the view is not far from it.
    let cells = window
        .harness
        .get_by_label_contains("tokens; click one to select it")
        .rect();
    let pos = egui::pos2(cells.left() + 20.0, cells.center().y);
    for pressed in [true, false] {
        window.harness.event(egui::Event::PointerMoved(pos));
        window.harness.event(egui::Event::PointerButton {
            pos,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
        window.harness.step();
    }
    window.settle();
    let middle = window.app().selection().tokens.single().unwrap();
    assert!(middle.abs_diff(selected) < 150, "{middle} {selected}");
}

#[test]
fn a_long_text_comes_back_from_its_file_or_from_beside_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.txt");
    let long = "Now is the winter. ".repeat(300);
    std::fs::write(&file, &long).unwrap();
    let start = Start {
        text: Some(file.clone()),
        ..Start::default()
    };
    let session = folder.path().join("session");
    drop(Window::in_folder(start, &session));
    let stored = std::fs::read_to_string(session.join("session.json")).unwrap();
    assert!(stored.contains("long.txt") && !stored.contains("winter"));
    let mut window = open(&session);
    window.settle();
    assert_eq!(**window.app().text(), long);
    // Changed, it is no longer that of the file.
    window.write("!");
    drop(window);
    std::fs::remove_file(&file).unwrap();
    let window = open(&session);
    assert_eq!(**window.app().text(), format!("{long}!"));
}

#[test]
fn what_is_gone_is_said_and_a_sample_stands_in() {
    let folder = tempfile::tempdir().unwrap();
    let (model, text) = (folder.path().join("m.pt"), folder.path().join("t.txt"));
    std::fs::copy(data("tiny_fixed.pt"), &model).unwrap();
    std::fs::write(&text, "1 2 3 ".repeat(1000)).unwrap();
    let session = folder.path().join("session");
    let start = Start {
        model: Some(model.clone()),
        text: Some(text.clone()),
        ..Start::default()
    };
    drop(Window::in_folder(start, &session));
    let window = open(&session);
    assert_eq!(window.app().file(), Some(model.as_path()));
    drop(window);
    std::fs::remove_file(&model).unwrap();
    std::fs::remove_file(&text).unwrap();
    let window = open(&session);
    assert_eq!(window.app().file(), None);
    assert_eq!(**window.app().text(), *SAMPLES[0].text);
    assert!(window.app().complaint().unwrap().contains("is gone"));
}

#[test]
fn a_damaged_session_opens_as_the_very_first_time() {
    for damage in [
        "",
        "{\"layout\": 5",
        "{\"views\": {\"heads\": 7}, \"text\": []}",
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("session.json"), damage).unwrap();
        std::fs::write(folder.path().join("settings.json"), damage).unwrap();
        let window = open(folder.path());
        assert_eq!(**window.app().text(), *SAMPLES[0].text);
        assert_eq!(window.app().open_views(), Pane::ALL);
        assert_eq!(window.app().complaint(), None);
    }
}

#[test]
fn what_is_asked_for_goes_before_what_was_open() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = open(folder.path());
    command(&mut window, "show cost");
    window.write("mine");
    drop(window);
    let start = Start {
        model: Some(data(
            "../../sample_models/wikitext_all_attention.safetensors",
        )),
        ..Start::default()
    };
    let window = Window::in_folder(start, folder.path());
    let model = window.snapshot().model.as_ref().unwrap();
    assert_eq!(model.file_name(), SAMPLES[1].file);
    assert!(window.app().text().ends_with("mine"));
    assert!(window.app().visible_views().contains(&Pane::COST));
    drop(window);
    let start = Start {
        text: Some(data("shakespeare_test_20000.txt")),
        ..Start::default()
    };
    let window = Window::in_folder(start, folder.path());
    let model = window.snapshot().model.as_ref().unwrap();
    assert_eq!(model.file_name(), SAMPLES[1].file);
    assert_eq!(window.app().text().len(), 20_000);
}

#[test]
fn what_is_typed_while_no_model_is_open_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = open(folder.path());
    window.write("before ");
    drop(window);
    let start = Start {
        model: Some("absent.pt".into()),
        ..Start::default()
    };
    let mut window = Window::unopened(start, folder.path());
    window.wait("the failure", |app| app.snapshot().failure.is_some());
    assert!(window.snapshot().model.is_none());
    window.write("and meanwhile");
    drop(window);
    let window = open(folder.path());
    let text = window.app().text();
    assert!(text.ends_with("before and meanwhile"), "{text}");
}

#[test]
fn a_text_from_the_command_line_stands_before_what_was_typed_last() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = open(folder.path());
    window.write("typed last");
    drop(window);
    let start = Start {
        text: Some(data("shakespeare_test_20000.txt")),
        ..Start::default()
    };
    let mut window = Window::in_folder(start, folder.path());
    window.wait("the text", |app| app.text().len() > 10_000);
    window.settle();
    window.keys(Modifiers::NONE, Key::Escape);
    window.keys(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert!(window.app().text().ends_with("typed last"));
}

#[test]
fn two_windows_have_a_session_each_and_the_last_closed_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = open(folder.path());
    first.write("of the first");
    let mut second = open(folder.path());
    second.write("of the second");
    command(&mut second, "open or close grid");
    command(&mut second, "silence selected");
    second.settle();
    first.write(", longer");
    drop(second);
    drop(first);
    let mut last = open(folder.path());
    assert!(last.app().text().ends_with("of the first, longer"));
    assert!(last.app().edits().is_empty());
    assert!(last.app().open_views().contains(&Pane::GRID));
    // The other one is there for a further window.
    let other = open(folder.path());
    assert!(other.app().text().ends_with("of the second"));
    assert_eq!(other.app().edits().ablated().count(), 1);
    assert!(!other.app().open_views().contains(&Pane::GRID));
    // One more begins with what is open.
    last.write("!");
    drop(last);
    let last = open(folder.path());
    assert!(last.app().text().ends_with("of the first, longer!"));
}

/// Opens the session of a closed window whose name has `words` in it, by the menu.
fn open_earlier(window: &mut Window, words: &str) {
    list_earlier(window, words);
    window.harness.get_by_label_contains(words).click();
    window.harness.run_steps(4);
}

/// Opens the menu of earlier sessions, and waits for one.
fn list_earlier(window: &mut Window, words: &str) {
    for entry in ["File", "Earlier sessions"] {
        window.harness.get_by_label(entry).click();
        window.harness.run_steps(4);
    }
    let start = std::time::Instant::now();
    while window.harness.query_by_label_contains(words).is_none() {
        assert!(start.elapsed().as_secs() < 60, "no session: {words}");
        std::thread::sleep(std::time::Duration::from_millis(20));
        window.harness.step();
    }
}

#[test]
fn the_session_of_a_closed_window_opens_from_the_menu_and_what_was_open_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = open(folder.path());
    let mut second = open(folder.path());
    for (window, words) in [(&mut first, "Alpha "), (&mut second, "Beta ")] {
        window.keys(Modifiers::COMMAND, Key::E);
        window.harness.run_steps(2);
        window.keys(Modifiers::COMMAND, Key::A);
        window.write(words);
        assert_eq!(**window.app().text(), *words);
    }
    let sample = Start {
        model: Some(data(
            "../../sample_models/wikitext_all_attention.safetensors",
        )),
        ..Start::default()
    };
    drop(second);
    drop(first);
    // What is asked for goes on in the newest session.
    let mut window = Window::in_folder(sample, folder.path());
    assert_eq!(**window.app().text(), *"Alpha ");
    command(&mut window, "1.2");
    command(&mut window, "silence selected");
    open_earlier(&mut window, "Beta");
    window.wait("the other session", |app| **app.text() == *"Beta ");
    window.settle();
    assert!(window.app().edits().is_empty());
    let model = window.snapshot().model.as_ref().unwrap();
    assert_eq!(model.file_name(), SAMPLES[0].file);
    // What was open a moment ago is one of the earlier sessions now, with its changes.
    window.write("and on");
    open_earlier(&mut window, "Alpha");
    window.wait("the first session", |app| **app.text() == *"Alpha ");
    window.settle();
    assert_eq!(window.app().edits().ablated().count(), 1);
    assert_eq!(window.app().selection().heads.leading(), HeadId::new(1, 2));
    let model = window.snapshot().model.as_ref().unwrap();
    assert_eq!(model.file_name(), SAMPLES[1].file);
    window.write("to the end");
    drop(window);
    let (last, other) = (open(folder.path()), open(folder.path()));
    assert_eq!(**last.app().text(), *"Alpha to the end");
    assert_eq!(**other.app().text(), *"Beta and on");
}

#[test]
fn a_session_that_another_window_has_by_now_is_not_taken_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = open(folder.path());
    let mut second = open(folder.path());
    for (window, words) in [(&mut first, "Alpha"), (&mut second, "Beta")] {
        window.keys(Modifiers::COMMAND, Key::E);
        window.harness.run_steps(2);
        window.keys(Modifiers::COMMAND, Key::A);
        window.write(words);
    }
    // A list that is older than two seconds is replaced by one without the entry: then it was never clicked.
    for _ in 0..20 {
        drop(first);
        list_earlier(&mut second, "Alpha");
        // Between the look and the click.
        first = Window::unopened(Start::default(), folder.path());
        assert_eq!(**first.app().text(), *"Alpha");
        let entry = second.harness.query_by_label_contains("Alpha").unwrap();
        entry.click();
        second.harness.run_steps(4);
        assert_eq!(**second.app().text(), *"Beta");
        if let Some(words) = second.app().complaint() {
            assert!(words.contains("Another window"), "{words}");
            return;
        }
        assert!(second.harness.query_by_label_contains("Alpha").is_none());
        second.keys(Modifiers::NONE, Key::Escape);
        second.keys(Modifiers::NONE, Key::Escape);
    }
    panic!("it was never clicked in time");
}

#[cfg(unix)]
#[test]
fn settings_and_sessions_are_written_through_links() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, real) = (folder.path().join("kept"), folder.path().join("real"));
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::create_dir_all(&real).unwrap();
    for name in ["settings.json", "session.json"] {
        std::os::unix::fs::symlink(real.join(name), kept.join(name)).unwrap();
    }
    let mut window = open(&kept);
    window.write("kept elsewhere");
    command(&mut window, "light theme");
    drop(window);
    for name in ["settings.json", "session.json"] {
        let info = std::fs::symlink_metadata(kept.join(name)).unwrap();
        assert!(info.file_type().is_symlink(), "{name}");
        assert!(real.join(name).is_file(), "{name}");
    }
    assert_eq!(std::fs::read_dir(&real).unwrap().count(), 2);
    let window = open(&kept);
    assert!(window.app().text().ends_with("kept elsewhere"));
}

#[test]
fn a_session_of_an_earlier_version_opens() {
    let folder = tempfile::tempdir().unwrap();
    let stored = r#"{"zoom": 1.0, "edits": {"silenced": []}, "model": {"sample": "wikitext_all_attention.safetensors"},
        "text": {"here": {"text": "from before", "name": ""}}, "used": "cost"}"#;
    std::fs::write(folder.path().join("session.json"), stored).unwrap();
    let window = open(folder.path());
    assert_eq!(**window.app().text(), *"from before");
    let model = window.snapshot().model.as_ref().unwrap();
    assert_eq!(model.file_name(), SAMPLES[1].file);
}
