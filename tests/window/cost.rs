//! What a token costs, and what it would under a limit on the span.

use super::Window;
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};
use spanscope::analysis::cost::{Extent, distances, effective_distances, flops, output_flops};
use spanscope::model::HeadId;
use spanscope::ui::Start;

fn open(start: Start) -> Window {
    let mut window = Window::open(start);
    window.harness.get_by_label("Cost").click();
    window.harness.run_steps(3);
    window
}

/// The name of the bar of an extent, which tells its numbers.
fn bar(window: &Window, extent: &str) -> String {
    let name = format!("FLOPs, {extent}");
    let node = window.harness.get_by_label_contains(&name);
    node.accesskit_node().label().unwrap()
}

#[test]
fn the_sums_are_those_of_the_model() {
    let window = open(Start::default());
    let network = &window.snapshot().model.as_ref().unwrap().network;
    let (architecture, spans) = (network.architecture(), network.spans());
    for (name, extent) in [
        ("Per head", Extent::Head),
        ("Per layer", Extent::Layer),
        ("Full span S", Extent::Full),
    ] {
        let distances = distances(architecture, &spans, extent);
        let far = architecture.limit().keys()..architecture.limit().keys() + 1;
        let all =
            flops(architecture, &distances, far).total() + output_flops(architecture).unwrap();
        let expected = format!("{name}: {:.2} M;", all as f64 / 1e6);
        assert!(
            bar(&window, name).contains(&expected),
            "{expected} {}",
            bar(&window, name)
        );
    }
}

#[test]
fn near_the_start_of_a_text_there_is_less_to_look_at() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("short.txt");
    std::fs::write(&text, "To be, or not").unwrap();
    let mut window = open(Start {
        text: Some(text),
        ..Start::default()
    });
    let far = bar(&window, "Full span S");
    window.harness.get_by_label("at token 12").click();
    window.harness.run_steps(3);
    let near = bar(&window, "Full span S");
    assert_ne!(far, near);
    // Positions are scored all the same.
    let part = |words: &str| {
        words
            .split("position scores ")
            .nth(1)
            .map(|rest| rest[..3].to_owned())
    };
    assert_eq!(part(&far), part(&near));
}

#[test]
fn a_layer_selects_its_heads_the_longest_leading() {
    let mut window = open(Start::default());
    window
        .harness
        .get_by_label_contains("Layer 3: ")
        .click_accesskit();
    window.harness.run_steps(3);
    let heads = &window.app().selection().heads;
    assert_eq!(
        heads.all(),
        [
            HeadId::new(3, 0),
            HeadId::new(3, 1),
            HeadId::new(3, 2),
            HeadId::new(3, 3)
        ]
    );
    assert_eq!(heads.leading(), HeadId::new(3, 1));
}

#[test]
fn the_curve_shows_operations_memory_or_reach() {
    let mut window = open(Start::default());
    for quantity in ["K/V memory", "Mean reach", "FLOPs"] {
        // The last one is also the name of a column.
        let button = window
            .harness
            .query_all_by_label(quantity)
            .rfind(|node| node.accesskit_node().role() != Role::Label);
        button.unwrap().click();
        window.harness.run_steps(3);
        let canvas = window
            .harness
            .get_by_label("Cost against a limit on the span")
            .rect();
        let at = canvas.center();
        window.harness.event(eframe::egui::Event::PointerMoved(at));
        window.harness.run_steps(30);
        assert!(
            window
                .harness
                .query_by_label_contains("than with all heads at the limit")
                .is_some(),
            "{quantity}"
        );
    }
}

#[test]
fn effective_spans_have_a_row_of_their_own() {
    let window = open(Start::default());
    let snapshot = window.snapshot();
    let network = &snapshot.model.as_ref().unwrap().network;
    let (architecture, spans) = (network.architecture(), network.spans());
    let measures = &snapshot.surveyed.as_ref().unwrap().measures;
    let effective = effective_distances(&spans, measures);
    let own = distances(architecture, &spans, Extent::Head);
    assert!(effective.iter().zip(&own).all(|(less, own)| less <= own) && effective != own);
    let far = architecture.limit().keys()..architecture.limit().keys() + 1;
    let all = flops(architecture, &effective, far).total() + output_flops(architecture).unwrap();
    let expected = format!("Effective: {:.2} M;", all as f64 / 1e6);
    let found = bar(&window, "Effective");
    assert!(found.contains(&expected), "{expected} {found}");
    // Without a text nothing is measured.
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("empty.txt");
    std::fs::write(&text, "").unwrap();
    let window = open(Start {
        text: Some(text),
        ..Start::default()
    });
    let found = window
        .harness
        .query_by_label("Effective, not measured on a text");
    assert!(found.is_some());
}
