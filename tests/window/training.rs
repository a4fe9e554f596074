//! The curves of the training.

use super::{Window, data};
use eframe::egui::{Event, Key, Modifiers};
use egui_kittest::kittest::Queryable;
use spanscope::ui::Start;

fn open(start: Start) -> Window {
    let mut window = Window::open(start);
    window.harness.get_by_label("Training").click();
    window.harness.run_steps(3);
    window
}

#[test]
fn the_curves_of_the_file_are_shown_with_the_best_validation() {
    let window = open(Start::default());
    let curves = &window.snapshot().model.as_ref().unwrap().curves;
    let validation = &curves
        .iter()
        .find(|curve| curve.name == "val_bpc")
        .unwrap()
        .values;
    let best = validation.iter().copied().fold(f64::INFINITY, f64::min);
    let last = validation.last().unwrap();
    let harness = &window.harness;
    harness.get_by_label_contains(&format!("validation {last:.4}"));
    harness.get_by_label_contains(&format!("best {best:.4} at step 7,800"));
    harness.get_by_label_contains("Reach; at the end mean over the heads 43, longest 106");
}

#[test]
fn one_reads_all_curves_at_the_step_under_the_pointer() {
    let mut window = open(Start::default());
    for panel in ["Loss; at the end", "Reach; at the end"] {
        let at = window.harness.get_by_label_contains(panel).rect().center();
        window.harness.event(Event::PointerMoved(at));
        window.harness.run_steps(30);
        assert!(
            window.harness.query_by_label_contains("Step 4,").is_some(),
            "{panel}"
        );
        // In the legend and in the readout, whichever plot the pointer is in.
        assert_eq!(
            window.harness.query_all_by_label("validation").count(),
            2,
            "{panel}"
        );
        assert_eq!(
            window.harness.query_all_by_label("longest").count(),
            2,
            "{panel}"
        );
    }
}

#[test]
fn scales_and_smoothing_are_a_choice() {
    let mut window = open(Start::default());
    assert!(
        window
            .harness
            .query_by_label_contains("intervals")
            .is_none()
    );
    for choice in ["Log steps", "Log values", "Smooth"] {
        window.harness.get_by_label(choice).click();
        window.harness.run_steps(3);
    }
    // How many entries a mean is taken of.
    assert!(
        window
            .harness
            .query_all_by_value("9 intervals")
            .next()
            .is_some()
    );
    window.harness.get_by_label_contains("Loss; at the end");
}

#[test]
fn a_number_beyond_its_bounds_is_refused_in_words_and_changes_nothing() {
    let mut window = open(Start::default());
    window.harness.get_by_label("Smooth").click();
    window.harness.run_steps(3);
    let write = |window: &mut Window, there: &str, text: &str| {
        let field = window.harness.query_all_by_value(there).next();
        field.unwrap().click();
        window.harness.run_steps(2);
        window.harness.event(Event::Text(text.into()));
        window.harness.run_steps(2);
        window.keys(Modifiers::NONE, Key::Enter);
        window.harness.run_steps(2);
    };
    let told = |window: &Window| {
        let refusal = "5000: expected a whole number from 3 to 999";
        let mut all = window.harness.query_all_by_label_contains(refusal);
        all.next().is_some()
    };
    write(&mut window, "9 intervals", "5000");
    assert!(told(&window));
    write(&mut window, "9 intervals", "25");
    assert!(!told(&window));
    let now = window.harness.query_all_by_value("25 intervals").next();
    assert!(now.is_some());
}

#[test]
fn a_model_without_curves_says_so() {
    let window = open(Start {
        model: Some(data("tiny_fairseq_layout.pt")),
        ..Start::default()
    });
    window
        .harness
        .get_by_label_contains("holds no training curves");
}
