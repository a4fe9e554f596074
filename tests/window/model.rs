//! The model card.

use super::{Window, data};
use eframe::egui::{Key, Modifiers, OutputCommand};
use egui_kittest::kittest::{NodeT, Queryable};
use spanscope::model::HeadId;
use spanscope::ui::Start;

fn open(start: Start) -> Window {
    let mut window = Window::open(start);
    window.keys(Modifiers::NONE, Key::Escape);
    // The menu bar has no entry of that name.
    window.harness.get_by_label("Model").click();
    window.harness.run_steps(3);
    window
}

#[test]
fn parameters_are_listed_by_part_with_their_sum() {
    let window = open(Start::default());
    let model = window.snapshot().model.as_ref().unwrap();
    window.harness.get_by_label("all: 824,145, 100 %");
    for part in model.parts() {
        let name = format!("{}: ", part.kind.name());
        let node = window.harness.get_by_label_contains(&name);
        // A label's text is its value.
        let label = node.accesskit_node().value().unwrap();
        let number = label[name.len()..]
            .split(", ")
            .next()
            .unwrap()
            .replace(',', "");
        assert_eq!(number, part.parameters.to_string(), "{label}");
    }
}

#[test]
fn the_card_is_copied_as_text() {
    let mut window = open(Start::default());
    window.harness.get_by_label("Copy as text").click();
    let mut copied = None;
    for _ in 0..4 {
        window.harness.step();
        for command in &window.harness.output().platform_output.commands {
            if let OutputCommand::CopyText(text) = command {
                copied = Some(text.clone());
            }
        }
    }
    let copied = copied.expect("a text is copied");
    assert!(
        copied.contains("824,145") && copied.contains("S = 512"),
        "{copied}"
    );
}

#[test]
fn the_longest_head_is_a_link() {
    let mut window = open(Start::default());
    window
        .harness
        .get_by_label_contains("Layer 0, head 2: Reach")
        .click();
    window.harness.run_steps(2);
    assert_eq!(window.app().selection().heads.leading(), HeadId::new(0, 2));
    window
        .harness
        .get_by_label("Layer 3, head 1")
        .click_accesskit();
    window.harness.run_steps(2);
    assert_eq!(window.app().selection().heads.leading(), HeadId::new(3, 1));
}

#[test]
fn an_assumed_ramp_says_so_and_is_settled_here() {
    let mut window = open(Start {
        model: Some(data("tiny_adaptive.pt")),
        ..Start::default()
    });
    let from = "assumed: the published models' value";
    assert!(window.harness.query_by_label_contains(from).is_some());
    window.harness.get_by_label("Apply").click_accesskit();
    window.wait("the ramp", |app| {
        let model = app.snapshot().model.as_ref();
        model.is_some_and(|model| !model.assumed.iter().any(|note| note.starts_with("ramp")))
    });
    window.settle();
    assert!(window.harness.query_by_label_contains(from).is_none());
    window.harness.get_by_label_contains("given: set by you");
}
