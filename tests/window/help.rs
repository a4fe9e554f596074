//! The sheet of keys and gestures: everything on it is tried.

use super::Window;
use eframe::egui::{self, Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use spanscope::model::HeadId;
use spanscope::ui::{Pane, Start};

const CTRL: Modifiers = Modifiers::COMMAND;
const BOTH: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);
const NONE: Modifiers = Modifiers::NONE;

fn has(window: &Window, label: &str) -> bool {
    window.harness.query_all_by_label(label).next().is_some()
}

/// A key that asks for a path, and Escape.
fn asks(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.keys(modifiers, key);
    window.harness.run_steps(3);
    assert!(has(window, "Path"), "{key:?}");
    window.keys(NONE, Key::Escape);
    window.harness.run_steps(2);
    assert!(!has(window, "Path"), "{key:?}");
}

fn leading(window: &Window) -> HeadId {
    window.app().selection().heads.leading()
}

/// Presses keys one after the other, each of which leads to a head.
fn leads(window: &mut Window, keys: &[Key], to: &[HeadId]) {
    for (key, to) in keys.iter().zip(to) {
        window.keys(NONE, *key);
        assert_eq!(leading(window), *to, "{key:?}");
    }
}

/// The commands that a key sent to the desktop.
fn sent(window: &mut Window, modifiers: Modifiers, key: Key) -> Vec<egui::ViewportCommand> {
    // Every event has a frame of its own, whose output is that of the last.
    window.harness.event(egui::Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers,
    });
    window.harness.step();
    let viewports = window.harness.output().viewport_output.values();
    viewports
        .flat_map(|viewport| viewport.commands.clone())
        .collect()
}

type Trial = fn(&mut Window);

/// Every key of the sheet, as it stands there, and what shows that it works. The text has the focus in none.
const KEYS: [(&str, Trial); 25] = [
    ("Ctrl+O", |w| asks(w, CTRL, Key::O)),
    ("Ctrl+Shift+O", |w| asks(w, BOTH, Key::O)),
    ("Ctrl+S", |w| asks(w, CTRL, Key::S)),
    ("Ctrl+Shift+S", |w| asks(w, BOTH, Key::S)),
    ("Ctrl+I", |w| {
        let before = w.harness.query_all_by_label_contains("safetensors").count();
        w.keys(CTRL, Key::I);
        w.harness.run_steps(2);
        let open = w.harness.query_all_by_label_contains("safetensors").count();
        w.keys(CTRL, Key::I);
        assert!(open > before, "{open} {before}");
    }),
    ("Ctrl+Q", |w| {
        assert!(sent(w, CTRL, Key::Q).contains(&egui::ViewportCommand::Close));
    }),
    ("Ctrl+E", |w| {
        w.keys(CTRL, Key::E);
        w.harness.event(egui::Event::Text("#".into()));
        w.harness.run_steps(2);
        assert!(w.app().text().contains('#'));
        w.keys(NONE, Key::Escape);
    }),
    ("Ctrl+Z", |w| {
        w.keys(CTRL, Key::Z);
        assert!(!w.app().text().contains('#'));
    }),
    ("Ctrl+Shift+Z, Ctrl+Y", |w| {
        w.keys(BOTH, Key::Z);
        assert!(w.app().text().contains('#'));
        w.keys(CTRL, Key::Z);
        w.keys(CTRL, Key::Y);
        assert!(w.app().text().contains('#'));
    }),
    ("Ctrl + ← →", |w| {
        w.keys(CTRL, Key::E);
        w.keys(CTRL, Key::End);
        w.keys(CTRL, Key::ArrowLeft);
        w.keys(CTRL, Key::ArrowLeft);
        w.keys(CTRL, Key::ArrowRight);
        w.harness.event(egui::Event::Text("@".into()));
        w.harness.run_steps(2);
        let text = w.app().text().to_string();
        let (before, after) = text.split_once('@').unwrap();
        // At the end of a word, which is not the last.
        assert!(before.ends_with(char::is_alphanumeric), "{before}");
        assert!(after.contains(char::is_alphanumeric), "{after}");
        w.keys(CTRL, Key::Z);
        w.keys(NONE, Key::Escape);
    }),
    ("Ctrl+.", |w| {
        // That it stops a long run is tried in shell.rs; here nothing runs, and nothing breaks.
        w.settle();
        w.keys(CTRL, Key::Period);
        assert_eq!(w.app().complaint(), None);
    }),
    ("←", |w| leads(w, &[Key::ArrowLeft], &[HeadId::new(3, 0)])),
    ("→", |w| {
        leads(w, &[Key::ArrowRight], &[HeadId::new(3, 1)])
    }),
    ("↑, [", |w| {
        leads(
            w,
            &[Key::ArrowUp, Key::OpenBracket],
            &[HeadId::new(2, 1), HeadId::new(1, 1)],
        );
    }),
    ("↓, ]", |w| {
        leads(
            w,
            &[Key::ArrowDown, Key::CloseBracket],
            &[HeadId::new(2, 1), HeadId::new(3, 1)],
        );
    }),
    ("Ctrl+L", |w| {
        w.keys(CTRL, Key::L);
        assert_eq!(w.app().selection().heads.all().len(), 4);
    }),
    ("Ctrl+A", |w| {
        w.keys(CTRL, Key::A);
        assert_eq!(w.app().selection().heads.all().len(), 16);
    }),
    ("Esc", |w| {
        w.keys(NONE, Key::Escape);
        assert_eq!(w.app().selection().heads.all().len(), 1);
    }),
    ("Ctrl+P", |w| {
        let field = "Search commands, views, heads and files";
        w.keys(CTRL, Key::P);
        assert!(has(w, field));
        w.keys(NONE, Key::Escape);
        w.harness.run_steps(2);
        assert!(!has(w, field));
    }),
    ("F1, ?", |w| {
        for key in [Key::F1, Key::Questionmark] {
            w.keys(NONE, key);
            assert!(has(w, "F1, ?"), "{key:?}");
            w.keys(NONE, Key::Escape);
            w.harness.run_steps(2);
            assert!(!has(w, "F1, ?"), "{key:?}");
        }
    }),
    ("Ctrl++, Ctrl+=", |w| {
        for (key, zoom) in [(Key::Plus, 1.1), (Key::Equals, 1.2)] {
            w.keys(CTRL, key);
            assert!((w.harness.ctx.zoom_factor() - zoom).abs() < 1e-4, "{key:?}");
        }
    }),
    ("Ctrl+−", |w| {
        w.keys(CTRL, Key::Minus);
        assert!((w.harness.ctx.zoom_factor() - 1.1).abs() < 1e-4);
    }),
    ("Ctrl+0", |w| {
        w.keys(CTRL, Key::Num0);
        assert_eq!(w.harness.ctx.zoom_factor(), 1.0);
    }),
    ("F11", |w| {
        let commands = sent(w, NONE, Key::F11);
        assert!(commands.contains(&egui::ViewportCommand::Fullscreen(true)));
    }),
    ("Ctrl+1 … Ctrl+9", |w| {
        let keys = [
            Key::Num1,
            Key::Num2,
            Key::Num3,
            Key::Num4,
            Key::Num5,
            Key::Num6,
            Key::Num7,
            Key::Num8,
            Key::Num9,
        ];
        for (view, key) in Pane::in_menus().into_iter().zip(keys) {
            w.keys(CTRL, key);
            assert!(w.app().visible_views().contains(&view), "{view:?}");
        }
    }),
];

/// Gestures of the sheet, and the tests that try them.
const GESTURES: [(&str, &str, &str); 10] = [
    ("Click", "text.rs", "tokens_are_clicked_added_and_dragged"),
    (
        "Ctrl + click",
        "text.rs",
        "tokens_are_clicked_added_and_dragged",
    ),
    (
        "Shift + click",
        "attention.rs",
        "rows_are_selected_alone_added_and_up_to_one",
    ),
    (
        "Arrows after a click",
        "text.rs",
        "keys_move_and_extend_the_selection_while_the_text_has_the_focus",
    ),
    (
        "Drag over the text",
        "text.rs",
        "tokens_are_clicked_added_and_dragged",
    ),
    (
        "Drag a plot",
        "attention.rs",
        "wheels_zoom_trackpads_move_and_all_shows_all",
    ),
    (
        "Ctrl + wheel, pinch",
        "attention.rs",
        "wheels_zoom_trackpads_move_and_all_shows_all",
    ),
    (
        "Double click",
        "spans.rs",
        "a_head_is_ablated_from_its_menu_and_set_back_with_a_double_click",
    ),
    (
        "Drag a tab",
        "help.rs",
        "a_tab_is_dragged_and_closed_with_the_middle_button",
    ),
    (
        "Middle click",
        "help.rs",
        "a_tab_is_dragged_and_closed_with_the_middle_button",
    ),
];

/// The left column of the sheet.
fn listed(window: &mut Window) -> Vec<String> {
    window.keys(NONE, Key::F1);
    window.harness.run_steps(2);
    let labels = window
        .harness
        .query_all_by_role(egui::accesskit::Role::Label);
    let labels: Vec<String> = labels
        .filter_map(|node| node.accesskit_node().value())
        .collect();
    window.keys(NONE, Key::Escape);
    window.harness.run_steps(2);
    labels
}

#[test]
fn every_key_on_the_sheet_does_what_it_says() {
    let mut window = Window::open(Start::default());
    let listed = listed(&mut window);
    let is_key = |label: &str| {
        let first = label.split([',', '+', ' ']).next().unwrap_or_default();
        matches!(
            first,
            "Ctrl" | "Shift" | "Alt" | "Esc" | "F1" | "F11" | "←" | "→" | "↑" | "↓"
        ) && !label.ends_with("click")
            && !label.contains("wheel")
    };
    let keys: Vec<&String> = listed.iter().filter(|label| is_key(label)).collect();
    for key in &keys {
        assert!(
            KEYS.iter().any(|(tried, _)| tried == *key),
            "not tried: {key}"
        );
    }
    assert_eq!(keys.len(), KEYS.len(), "{keys:?}");
    for (key, trial) in KEYS {
        eprintln!("{key}");
        trial(&mut window);
    }
}

#[test]
fn every_gesture_on_the_sheet_is_tried_somewhere() {
    let mut window = Window::open(Start::default());
    let listed = listed(&mut window);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/window");
    for (gesture, file, test) in GESTURES {
        assert!(listed.iter().any(|label| label == gesture), "{gesture}");
        let source = std::fs::read_to_string(folder.join(file)).unwrap();
        assert!(source.contains(&format!("fn {test}()")), "{file}: {test}");
    }
    let at = listed.iter().position(|label| label == "Click").unwrap();
    let after = listed.iter().skip(at).filter(|label| {
        let known = GESTURES.iter().any(|(gesture, ..)| gesture == label);
        known && !label.is_empty()
    });
    assert_eq!(after.count(), GESTURES.len(), "{listed:?}");
}

fn button(window: &mut Window, at: egui::Pos2, button: egui::PointerButton, pressed: bool) {
    window.harness.event(egui::Event::PointerButton {
        pos: at,
        button,
        pressed,
        modifiers: NONE,
    });
    window.harness.step();
}

#[test]
fn a_tab_is_dragged_and_closed_with_the_middle_button() {
    let mut window = Window::open(Start::default());
    let place = |window: &Window, label: &str| {
        let role = egui::accesskit::Role::Button;
        window.harness.get_by_role_and_label(role, label).rect()
    };
    let layout = window.app().layout();
    // Cost from behind the spans to behind the text.
    let (from, to) = (
        place(&window, "Cost").center(),
        place(&window, "Text").right_center(),
    );
    window.harness.hover_at(from);
    window.harness.step();
    button(&mut window, from, egui::PointerButton::Primary, true);
    for i in 1..=10 {
        window
            .harness
            .hover_at(from + (to - from) * (i as f32 / 10.0));
        window.harness.step();
    }
    button(&mut window, to, egui::PointerButton::Primary, false);
    window.harness.run_steps(3);
    assert_ne!(window.app().layout(), layout);
    assert!(window.app().open_views().contains(&Pane::COST));
    let at = place(&window, "Grid").center();
    window.harness.hover_at(at);
    window.harness.step();
    button(&mut window, at, egui::PointerButton::Middle, true);
    button(&mut window, at, egui::PointerButton::Middle, false);
    window.harness.run_steps(3);
    assert!(!window.app().open_views().contains(&Pane::GRID));
}
