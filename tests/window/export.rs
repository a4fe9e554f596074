//! Figures leaving the window: from every view, in every form, to files and to the clipboard.

use super::files::answer;
use super::*;
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use spanscope::chart::Format;
use spanscope::ui::Pane;

/// The first figure of every view, saved through the button at its tabs.
#[test]
fn every_view_is_saved_with_its_button() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(Start::default());
    for (i, pane) in Pane::ALL.into_iter().enumerate() {
        bring_up(&mut window, pane);
        // A form for each view, in turn.
        let ending = Format::EXTENSIONS[i % 5];
        let path = folder.path().join(format!("{}.{ending}", pane.title()));
        choose(&mut window, pane, "Save as…");
        answer(&mut window, &path);
        let bytes = window.wait_for_file(&path);
        match ending {
            "svg" => assert!(
                bytes.starts_with(b"<?xml") && has(&bytes, "sha256"),
                "{pane:?}"
            ),
            "pdf" => assert!(
                bytes.starts_with(b"%PDF") && has(&bytes, "/FontFile"),
                "{pane:?}"
            ),
            "png" => assert!(image::load_from_memory(&bytes).unwrap().width() == 1680),
            "csv" => assert!(
                bytes.iter().filter(|b| **b == b'\n').count() > 5,
                "{pane:?}"
            ),
            _ => {
                let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                assert!(json["rows"].as_array().unwrap().len() > 5, "{pane:?}");
                assert_eq!(
                    json["provenance"]["model"]["sha256"]
                        .as_str()
                        .unwrap()
                        .len(),
                    64
                );
            }
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 10);
}

fn has(bytes: &[u8], words: &str) -> bool {
    bytes
        .windows(words.len())
        .any(|part| part == words.as_bytes())
}

fn bring_up(window: &mut Window, pane: Pane) {
    window.harness.state_mut().bring_up(pane);
    window.settle();
}

/// Opens the export menu of a view and clicks on an entry.
fn choose(window: &mut Window, pane: Pane, entry: &str) {
    let name = format!("Export {}", pane.title());
    window.harness.get_by_label(&name).click();
    window.harness.run_steps(3);
    let entries = window.harness.query_all_by_label(entry);
    entries.into_iter().next().unwrap().click();
    window.harness.run_steps(3);
}

#[test]
fn pictures_and_numbers_are_copied() {
    let mut window = Window::open(Start::default());
    bring_up(&mut window, Pane::Spans);
    let copied = |window: &mut Window, entry: &str| {
        choose(window, Pane::Spans, entry);
        for _ in 0..2000 {
            window.harness.step();
            let commands = window.harness.output().platform_output.commands.clone();
            let found = commands.into_iter().find(|command| {
                use eframe::egui::OutputCommand::{CopyImage, CopyText};
                matches!(command, CopyImage(_) | CopyText(_))
            });
            if let Some(found) = found {
                return found;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("nothing was copied: {entry}");
    };
    use eframe::egui::OutputCommand::{CopyImage, CopyText};
    match copied(&mut window, "Copy picture") {
        CopyImage(picture) => assert_eq!(picture.size[0], 1680),
        other => panic!("{other:?}"),
    }
    match copied(&mut window, "Copy numbers") {
        CopyText(text) => assert!(text.starts_with("layer,head,span_tokens,reach_tokens")),
        other => panic!("{other:?}"),
    }
    match copied(&mut window, "Copy SVG") {
        CopyText(text) => assert!(text.contains("</svg>")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn options_change_the_file_and_are_shown_beforehand() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(Start::default());
    bring_up(&mut window, Pane::Spans);
    choose(&mut window, Pane::Spans, "Figure options…");
    window.harness.run_steps(5);
    assert!(
        window
            .harness
            .query_by_label("The figure as it will be")
            .is_some()
    );
    window.harness.get_by_label("Dark ground").click();
    window.harness.get_by_label("Title").click();
    window.harness.run_steps(3);
    window.keys(Modifiers::NONE, Key::Escape);
    window.harness.run_steps(2);
    assert!(window.harness.query_by_label("Dark ground").is_none());
    let path = folder.path().join("dark.svg");
    window.keys(Modifiers::COMMAND, Key::S);
    answer(&mut window, &path);
    let svg = String::from_utf8(window.wait_for_file(&path)).unwrap();
    assert!(svg.contains("#14171c") && !svg.contains("font-weight"));
}

#[test]
fn a_figure_that_cannot_be_written_says_why_and_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(Start::default());
    bring_up(&mut window, Pane::Spans);
    let there = folder.path().join("there.csv");
    std::fs::write(&there, "before").unwrap();
    window.keys(Modifiers::COMMAND, Key::S);
    answer(&mut window, &there);
    window.harness.run_steps(3);
    assert!(
        window
            .harness
            .query_by_label_contains("this file exists")
            .is_some()
    );
    assert_eq!(std::fs::read(&there).unwrap(), b"before");
    window.keys(Modifiers::NONE, Key::Escape);
    window.harness.run_steps(3);
    // Training curves of a model that has none.
    super::files::drop_file(&mut window, data("tiny_adaptive_f16.pt"));
    window.wait("the model", |app| app.snapshot().model_number == 2);
    bring_up(&mut window, Pane::Training);
    choose(&mut window, Pane::Training, "Copy numbers");
    for _ in 0..200 {
        window.harness.step();
        if window
            .harness
            .query_by_label_contains("no training curves")
            .is_some()
        {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("no word about why");
}

#[test]
fn weights_are_saved_as_tensors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head.safetensors");
    let mut window = Window::open(Start::default());
    bring_up(&mut window, Pane::Attention);
    choose(&mut window, Pane::Attention, "Save as…");
    answer(&mut window, &path);
    let bytes = window.wait_for_file(&path);
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let weights = file.tensor("weights").unwrap();
    assert_eq!(weights.shape()[0], window.snapshot().tokens.ids.len());
    assert!(file.tensor("empty").is_ok());
}
