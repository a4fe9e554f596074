//! A model that neither a window nor a context ends: no view has a number for its reach.

use super::Window;
use super::families::{family, open};
use spanscope::ui::Pane;
use std::path::PathBuf;

/// BLOOM, whose configuration says no context.
fn without_context(folder: &tempfile::TempDir) -> PathBuf {
    let model = folder.path().join("bloom");
    std::fs::create_dir(&model).unwrap();
    let config = std::fs::read(family("bloom").join("config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    assert!(
        config
            .as_object_mut()
            .unwrap()
            .remove("seq_length")
            .is_some()
    );
    std::fs::write(model.join("config.json"), config.to_string()).unwrap();
    let weights = "model.safetensors";
    std::fs::copy(family("bloom").join(weights), model.join(weights)).unwrap();
    model
}

/// The words that a view draws alone, none of which is the number that is computed with.
fn words(window: &mut Window, view: Pane) -> Vec<String> {
    window.harness.state_mut().show_alone(view);
    for _ in 0..3 {
        window.settle();
    }
    let words = window.words();
    for word in &words {
        let digits: String = word.chars().filter(char::is_ascii_digit).collect();
        assert!(
            !digits.contains("4194304") && !digits.contains("4194303"),
            "{view:?}: {word}"
        );
    }
    words
}

#[test]
fn a_reach_that_nothing_ends_has_no_number_in_any_view() {
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<String> = (0..60).map(|i| (i * 7 % 61).to_string()).collect();
    let (_text, mut window) = open(&without_context(&folder), &ids.join(" "));
    for view in Pane::ALL {
        let words = words(&mut window, view);
        let says = |part: &str| words.iter().any(|word| word.contains(part));
        if [Pane::SPANS, Pane::TEXT, Pane::MODEL].contains(&view) {
            assert!(says("no limit"), "{words:?}");
        }
        if view == Pane::COST {
            assert!(says("at token 59") && !says("context "), "{words:?}");
        }
        // As far as the text goes.
        if view == Pane::GRID {
            assert!(says("distances 0 to 59"), "{words:?}");
        }
    }
}
