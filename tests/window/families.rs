//! Models of other families: their sinks beside the map, special tokens in the text, their recorded runs.

use super::Window;
use eframe::egui::vec2;
use egui_kittest::kittest::Queryable;
use spanscope::engine::run_file::{RecordOptions, Recording, TextContent, TextToRecord};
use spanscope::engine::{HeatmapKind, LoadedModel};
use spanscope::model::{Cancel, HeadId};
use spanscope::ui::{Choices, Start};
use std::path::{Path, PathBuf};

pub(super) fn family(name: &str) -> PathBuf {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/families");
    data.join(name)
}

/// A window with a model and a text in a file.
pub(super) fn open(model: &Path, text: &str) -> (tempfile::TempDir, Window) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text.txt");
    std::fs::write(&file, text).unwrap();
    let start = Start {
        model: Some(model.to_owned()),
        text: (!text.is_empty()).then_some(file),
        ..Start::default()
    };
    let mut window = Window::open(start);
    window.harness.set_size(vec2(2560.0, 1000.0));
    window.harness.run_steps(3);
    window.settle();
    (folder, window)
}

const SIDES: &str = "Each query's share on the head's learned sink";

#[test]
fn the_sink_stands_beside_the_map() {
    let (_folder, window) = open(&family("gpt_oss"), "1 5 9 2 7 11 3 8 1 5 9 2");
    let picture = &window.snapshot().pictures[&HeatmapKind::Attention];
    assert_eq!(picture.margins.sink.len(), picture.grid.height);
    assert!(picture.margins.sink.iter().any(|share| *share > 0.01));
    let column = window.harness.get_by_label(SIDES).rect();
    assert!(column.width() > 10.0 && column.height() > 100.0, "{column}");
    // A model without sinks has no such column.
    let (_folder, window) = open(&family("llama"), "the cat");
    assert!(window.harness.query_by_label(SIDES).is_none());
}

#[test]
fn special_tokens_are_switched_in_the_view_menu() {
    let (_folder, mut window) = open(&family("llama"), "the <s> cat");
    let count = |window: &Window| {
        let snapshot = window.snapshot();
        let vocabulary = snapshot.model.as_ref().unwrap().vocabulary.clone().unwrap();
        let is_special = |id: &&u32| vocabulary.is_special(**id);
        snapshot.tokens.ids.iter().filter(is_special).count()
    };
    assert_eq!(count(&window), 2);
    for (name, wanted) in [("As text like any other", 1), ("As tokens", 2)] {
        window.harness.get_by_label("View").click();
        window.harness.run_steps(4);
        window
            .harness
            .get_by_label_contains("Special tokens in the text")
            .click();
        window.harness.run_steps(12);
        window.harness.get_by_label(name).click();
        window.harness.run_steps(4);
        window.settle();
        assert_eq!(count(&window), wanted, "{name}");
    }
}

#[test]
fn a_recorded_run_of_another_family_shows_its_text_and_names() {
    let model = LoadedModel::open(&family("llama"), None, None).unwrap();
    let text = "the cat sat on the mat";
    let texts = vec![TextToRecord {
        name: "a.txt".into(),
        content: TextContent::Text(text.into()),
    }];
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run.safetensors");
    let recording = Recording::new(&model, texts, &RecordOptions::default()).unwrap();
    let never = Cancel::default();
    recording.write(&run, &never, &mut |_| {}).unwrap();
    let (_folder, window) = open(&run, "");
    let snapshot = window.snapshot();
    assert!(snapshot.failure.is_none(), "{:?}", snapshot.failure);
    assert_eq!(&*snapshot.tokens.text, text);
    assert_eq!(snapshot.done, snapshot.tokens.ids.len());
    assert_eq!(snapshot.label(0), "<s>");
    assert!(window.harness.query_by_label("recorded run").is_some());
}

#[test]
fn the_reach_of_the_selected_head_is_verified_on_request() {
    let (_folder, mut window) = open(&family("gpt_oss"), "1 5 9 2 7 11 3 8 1 5 9 2");
    let named = |window: &Window, words: &str| {
        let name = format!("Verify the reach: {words}");
        window.harness.query_by_label(&name).is_some()
    };
    let select = |window: &mut Window, layer: usize| {
        let heads = vec![HeadId::new(layer, 1)];
        let choices = Choices {
            heads,
            ..Choices::default()
        };
        window.app_mut().choose(&choices).unwrap();
        window.harness.run_steps(3);
        window.settle();
    };
    // A window of 8, and one that sees all.
    for (layer, far) in [(0, 7), (1, 11)] {
        select(&mut window, layer);
        assert!(named(&window, "Verify"), "asked of another head");
        window
            .harness
            .get_by_label("Verify the reach: Verify")
            .click();
        window.harness.run_steps(3);
        window.settle();
        assert!(named(&window, "Verified"));
        let facts = window.snapshot().reach.clone().unwrap();
        let reach = facts.found.clone().unwrap().unwrap();
        assert_eq!((reach.farthest, reach.query), (Some(far), 11));
        assert!(reach.agrees());
    }
    // A second click lets go of it, and so does another text.
    window
        .harness
        .get_by_label("Verify the reach: Verified")
        .click();
    window.harness.run_steps(3);
    assert!(named(&window, "Verify"));
    window
        .harness
        .get_by_label("Verify the reach: Verify")
        .click();
    window.harness.run_steps(3);
    window.settle();
    window.write(" 4");
    window.settle();
    assert!(named(&window, "Verify"));
    assert!(window.snapshot().reach.is_none());
}

#[test]
fn a_text_that_the_model_cannot_read_is_said_to_be_so_in_every_view() {
    let long = "The quick brown fox jumps over the lazy dog. ".repeat(9);
    let (_folder, window) = open(&family("gpt2"), &long);
    let snapshot = window.snapshot();
    let reason = snapshot.refused.clone().expect("it is refused");
    let model = snapshot.model.as_ref().unwrap();
    let vocabulary = model.vocabulary.as_ref().unwrap();
    // The number of the whole text, and not of a part that was tried.
    let count = vocabulary.known_ids(long.as_bytes()).0.len();
    let words = format!("{count} tokens, and this network has learned positions for 64");
    assert!(count > 100 && reason.starts_with(&words), "{reason}");
    let said = window.harness.query_all_by_label_contains(&words).count();
    assert!(said >= 2, "said {said} times");
    assert!(
        window
            .harness
            .query_by_label("the text is not read")
            .is_some()
    );
    // Words mean nothing to a model without a vocabulary, and the views say so.
    let (_folder, window) = open(&family("bloom"), "The quick brown fox");
    assert_eq!(window.snapshot().done, 0);
    let said = window
        .harness
        .query_all_by_label_contains("vocabulary is not known");
    assert!(said.count() >= 1);
    // A shorter one is run, and no other before it.
    let (_folder, window) = open(&family("gpt2"), "The quick brown fox");
    let snapshot = window.snapshot();
    assert!(snapshot.refused.is_none() && snapshot.done > 4);
    assert_eq!(snapshot.failure, None);
}
