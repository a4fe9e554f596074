//! Typing and selecting: every view follows.

use super::{Window, data};
use eframe::egui::{self, Key, Modifiers};
use egui_kittest::kittest::Queryable;
use spanscope::engine::{HeatmapKind, SAMPLES};
use spanscope::model::HeadId;
use spanscope::ui::Start;

#[test]
fn it_opens_on_the_sample_model_with_everything_there() {
    let window = Window::open(Start::default());
    let snapshot = window.snapshot();
    assert_eq!(&*snapshot.tokens.text, SAMPLES[0].text);
    assert_eq!(snapshot.done, SAMPLES[0].text.len());
    assert_eq!(snapshot.shares.len(), 16);
    // The head that looks farthest is shown first.
    assert_eq!(window.app().selection().heads.leading(), HeadId::new(3, 1));
    let bits = snapshot.bits_per_token.unwrap();
    assert!((1.5..3.0).contains(&bits), "{bits}");
    let picture = &snapshot.pictures[&HeatmapKind::Attention];
    assert_eq!(picture.heads.single(), Some(HeadId::new(3, 1)));
    assert!(picture.rgba.chunks(4).any(|pixel| pixel[3] == 255));
    for title in ["Heads", "Spans", "Persistent", "Attention", "Text"] {
        assert!(
            window.harness.query_all_by_label(title).next().is_some(),
            "{title}"
        );
    }
    assert!(
        window
            .harness
            .query_by_label_contains("bits/char")
            .is_some()
    );
}

#[test]
fn every_edit_updates_the_views_and_what_the_vocabulary_lacks_is_said() {
    let mut window = Window::open(Start::default());
    let before = window.snapshot().tokens.ids.len();
    window.write("To be");
    assert_eq!(window.snapshot().tokens.ids.len(), before + 5);
    assert_eq!(window.snapshot().surprisal.len(), before + 4);
    window.write(" é");
    let tokens = &window.snapshot().tokens;
    assert_eq!((tokens.unknown, tokens.ids.len()), (2, before + 6));
    assert!(
        window
            .harness
            .query_by_label_contains("2 not in the vocabulary")
            .is_some()
    );
}

#[test]
fn a_head_is_selected_by_clicks_and_keys() {
    let mut window = Window::open(Start::default());
    window
        .harness
        .get_by_label_contains("Layer 1, head 2: Reach")
        .click();
    window.harness.run_steps(2);
    assert_eq!(window.app().selection().heads.leading(), HeadId::new(1, 2));
    window.settle();
    let detail = window.snapshot().detail.as_ref().unwrap();
    assert_eq!(detail.heads.leading(), HeadId::new(1, 2));
    assert_eq!(
        window.snapshot().pictures[&HeatmapKind::Attention]
            .heads
            .leading(),
        HeadId::new(1, 2)
    );
    // Keys move it as long as no text has the focus, and stop at the edges.
    window.keys(Modifiers::NONE, Key::ArrowDown);
    window.keys(Modifiers::NONE, Key::ArrowRight);
    window.keys(Modifiers::NONE, Key::ArrowRight);
    assert_eq!(window.app().selection().heads.leading(), HeadId::new(2, 3));
    window.keys(Modifiers::NONE, Key::OpenBracket);
    assert_eq!(window.app().selection().heads.leading(), HeadId::new(1, 3));
}

#[test]
fn a_token_is_selected_in_the_text_and_let_go_with_escape() {
    let mut window = Window::open(Start::default());
    assert_eq!(window.app().selection().tokens.single(), None);
    let text = window
        .harness
        .get_by_label_contains("tokens; click one to select it")
        .rect();
    // The last rows are in view; their first cell is at the left.
    let at = egui::pos2(text.left() + 4.0, text.bottom() - 30.0);
    for pressed in [true, false] {
        window.harness.event(egui::Event::PointerMoved(at));
        window.harness.event(egui::Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
        window.harness.step();
    }
    window.harness.step();
    let query = window
        .app()
        .selection()
        .tokens
        .single()
        .expect("a token is selected");
    assert!(query > window.snapshot().done - 200);
    window.keys(Modifiers::NONE, Key::Escape);
    assert_eq!(window.app().selection().tokens.single(), None);
}

#[test]
fn persistent_vectors_are_shown_where_there_are_any() {
    let mut window = Window::open(Start {
        model: Some(data("tiny_all_attention.pt")),
        ramp: Some(16.into()),
        ..Start::default()
    });
    window.harness.get_by_label("Persistent").click();
    window.harness.run_steps(3);
    window.write(" 1 2 3 4 5 6 7 8 9");
    assert!(
        window
            .harness
            .query_by_label_contains("20 vectors")
            .is_some()
    );
    let usage = window
        .snapshot()
        .detail
        .as_ref()
        .unwrap()
        .usage
        .clone()
        .unwrap();
    assert_eq!(usage.mean.len(), 20);
    assert!(window.snapshot().shares.iter().all(|s| s.persistent > 0.0));
}

#[test]
fn a_model_without_vocabulary_runs_on_ids() {
    let mut window = Window::open(Start {
        model: Some(data("tiny_adaptive.pt")),
        ..Start::default()
    });
    // Shakespeare means nothing to it; ids do.
    assert_eq!(window.snapshot().tokens.ids, (0..60).collect::<Vec<u32>>());
    window.write(" 3 5 7 999999 ");
    let snapshot = window.snapshot();
    assert_eq!(snapshot.tokens.ids[60..], [3, 5, 7]);
    assert_eq!(snapshot.tokens.unknown, 1);
    assert_eq!(snapshot.label(61), "5");
    assert!(
        window
            .harness
            .query_by_label_contains("assumptions")
            .is_some()
    );
}
