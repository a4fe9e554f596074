//! Figures leaving the window: from every view, in every form, to files and to the clipboard.

use super::files::answer;
use super::*;
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use spanscope::chart::Format;
use spanscope::model::HeadId;
use spanscope::ui::Pane;
use std::path::Path;

/// A model of which every view has something to show.
fn persistent_model() -> Start {
    let file = "sample_models/wikitext_all_attention.safetensors";
    Start {
        model: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)),
        ..Start::default()
    }
}

/// The first figure of every view in every form, saved through the button at its tabs.
#[test]
fn every_view_is_saved_in_every_form_with_its_button() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(persistent_model());
    for pane in Pane::ALL {
        bring_up(&mut window, pane);
        for ending in Format::EXTENSIONS {
            let path = folder.path().join(format!("{}.{ending}", pane.title()));
            choose(&mut window, pane, "Save as…");
            answer(&mut window, &path);
            let bytes = window.wait_for_file(&path);
            is_of_its_form(&bytes, ending, pane.title());
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 50);
}

/// Those that are not the first of their view.
#[test]
fn the_other_figures_of_views_are_saved_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(persistent_model());
    for (pane, figure) in [
        (Pane::SPANS, "soft mask and mean weight"),
        (Pane::PERSISTENT, "use of persistent vectors"),
        (Pane::PERSISTENT, "weights on persistent vectors"),
        (Pane::PREDICTIONS, "surprisal along the text"),
    ] {
        bring_up(&mut window, pane);
        for ending in ["svg", "json"] {
            let path = folder.path().join(format!("{figure}.{ending}"));
            choose(&mut window, pane, &format!("Save as…: {figure}"));
            answer(&mut window, &path);
            is_of_its_form(&window.wait_for_file(&path), ending, figure);
        }
    }
}

/// Those that no view shows at first: what they need is asked for with them.
#[test]
fn a_figure_that_no_view_shows_is_measured_for_its_file() {
    let folder = tempfile::tempdir().unwrap();
    for figure in ["weight by distance", "use of neurons"] {
        let mut window = Window::open(Start::default());
        window.settle();
        let path = folder.path().join(format!("{figure}.csv"));
        super::shell::command(&mut window, &format!("export {figure}"));
        answer(&mut window, &path);
        is_of_its_form(&window.wait_for_file(&path), "csv", figure);
    }
}

fn is_of_its_form(bytes: &[u8], ending: &str, name: &str) {
    match ending {
        "svg" => {
            assert!(
                bytes.starts_with(b"<?xml") && has(bytes, "sha256"),
                "{name}"
            );
            assert!(has(bytes, "</svg>"), "{name}");
        }
        "pdf" => assert!(
            bytes.starts_with(b"%PDF") && has(bytes, "/FontFile"),
            "{name}"
        ),
        "png" => assert_eq!(image::load_from_memory(bytes).unwrap().width(), 1680),
        "csv" => {
            let mut table = csv::Reader::from_reader(bytes);
            let columns = table.headers().unwrap().len();
            let rows: Result<Vec<_>, _> = table.records().collect();
            assert!(columns > 1 && rows.unwrap().len() > 4, "{name}");
        }
        _ => {
            let json: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            assert!(json["rows"].as_array().unwrap().len() > 4, "{name}");
            let hash = json["provenance"]["model"]["sha256"].as_str();
            assert_eq!(hash.unwrap().len(), 64, "{name}");
        }
    }
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

/// Draws frames until these words are somewhere in the window.
fn wait_for_words(window: &mut Window, words: &str) {
    for _ in 0..2000 {
        window.harness.step();
        let mut found = window.harness.query_all_by_label_contains(words);
        if found.next().is_some() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("nowhere in the window: {words}");
}

/// Opens the export menu of a view and clicks on an entry.
fn choose(window: &mut Window, pane: Pane, entry: &str) {
    let name = format!("Export {}", pane.title());
    window.harness.get_by_label(&name).click();
    window.harness.run_steps(3);
    // Where a view has several figures, the entries say which they are of; the first is meant.
    let entries = window.harness.query_all_by_label_contains(entry);
    entries.into_iter().next().unwrap().click();
    window.harness.run_steps(3);
}

#[test]
fn pictures_and_numbers_are_copied() {
    let mut window = Window::open(Start::default());
    bring_up(&mut window, Pane::SPANS);
    let copied = |window: &mut Window, entry: &str| {
        choose(window, Pane::SPANS, entry);
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
    match copied(&mut window, "Copy data (CSV)") {
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
    bring_up(&mut window, Pane::SPANS);
    choose(&mut window, Pane::SPANS, "Figure options…");
    window.harness.run_steps(5);
    assert!(
        window
            .harness
            .query_by_label("The figure as it will be")
            .is_some()
    );
    window.harness.get_by_label("Dark background").click();
    window.harness.run_steps(3);
    window.harness.get_by_label("Another title").focus();
    window.harness.step();
    window
        .harness
        .get_by_label("Another title")
        .type_text("Spans & all");
    window.harness.run_steps(3);
    window.settle();
    // How large it will be: as wide as a page's text, at 305 dpi.
    let size = " mm; as PNG 1680 × ";
    assert!(window.harness.query_by_label_contains(size).is_some());
    window.keys(Modifiers::NONE, Key::Escape);
    window.harness.run_steps(2);
    assert!(window.harness.query_by_label("Dark background").is_none());
    let path = folder.path().join("dark.svg");
    window.keys(Modifiers::COMMAND, Key::S);
    answer(&mut window, &path);
    let svg = String::from_utf8(window.wait_for_file(&path)).unwrap();
    assert!(svg.contains("#14171c") && svg.contains("font-weight"));
    assert!(svg.contains("<title>") && svg.contains("Spans &amp; all"));
    assert!(!svg.contains(">\nshakespeare_adaptive\n<"));
    // Without a title; it stays in the metadata.
    choose(&mut window, Pane::SPANS, "Figure options…");
    window.harness.get_by_label("Title").click();
    window.harness.run_steps(2);
    window.keys(Modifiers::NONE, Key::Escape);
    let path = folder.path().join("untitled.svg");
    window.keys(Modifiers::COMMAND, Key::S);
    answer(&mut window, &path);
    let svg = String::from_utf8(window.wait_for_file(&path)).unwrap();
    assert!(!svg.contains("font-weight") && svg.contains("Spans &amp; all"));
}

#[test]
fn the_preview_is_drawn_again_only_when_the_figure_changes() {
    let mut window = Window::open(Start::default());
    bring_up(&mut window, Pane::SPANS);
    choose(&mut window, Pane::SPANS, "Figure options…");
    window.settle();
    // What the pointer is on in other views changes what the engine looks at, not the figure.
    let before = window.app().previews();
    assert_eq!(before, 1);
    for i in 0..20 {
        let x = 20.0 + 4.0 * i as f32;
        window.harness.hover_at(eframe::egui::pos2(x, 740.0 - x));
        window.harness.run_steps(2);
    }
    window.settle();
    assert_eq!(window.app().previews(), before);
    window.harness.get_by_label("Dark background").click();
    window.harness.run_steps(2);
    window.settle();
    assert_eq!(window.app().previews(), before + 1);
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(Start::default());
    bring_up(&mut window, Pane::SPANS);
    let there = folder.path().join("there.csv");
    std::fs::write(&there, "before").unwrap();
    window.keys(Modifiers::COMMAND, Key::S);
    answer(&mut window, &there);
    window.harness.run_steps(3);
    let asked = window.harness.query_by_label_contains("this file exists");
    assert!(asked.is_some());
    assert_eq!(std::fs::read(&there).unwrap(), b"before");
    window.harness.get_by_label("Replace").click();
    window.harness.run_steps(2);
    wait_for_words(&mut window, "Wrote ");
    assert!(std::fs::read(&there).unwrap().starts_with(b"layer,"));
    // From here it is one step to the file.
    let path = there.display();
    for button in ["Open", "Show in folder"] {
        let name = format!("{button}: {path}");
        assert!(window.harness.query_by_label(&name).is_some(), "{name}");
    }
}

#[test]
fn a_form_that_there_is_not_is_refused_and_nothing_else_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(Start::default());
    bring_up(&mut window, Pane::SPANS);
    for name in ["x.gif", "x.tiff", "x.safetensors", "layer 3.1", "x"] {
        window.keys(Modifiers::COMMAND, Key::S);
        answer(&mut window, &folder.path().join(name));
        let words = "the name must end in .svg";
        assert!(
            window.harness.query_by_label_contains(words).is_some(),
            "{name}"
        );
        window.keys(Modifiers::NONE, Key::Escape);
        window.keys(Modifiers::NONE, Key::Escape);
        window.harness.run_steps(2);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_figure_that_cannot_be_written_says_why_and_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(Start::default());
    bring_up(&mut window, Pane::SPANS);
    // A folder in the place of the file, and a name that no disk takes.
    let inside = folder.path().join("folder.svg");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(inside.join("kept"), "before").unwrap();
    let long = folder.path().join("long".repeat(100) + ".svg");
    let mut refused = vec![inside.clone(), long];
    // A folder in which nothing can be written, whoever tries.
    if cfg!(target_os = "linux") {
        refused.push("/proc/spans.svg".into());
    }
    for path in refused {
        window.keys(Modifiers::COMMAND, Key::S);
        answer(&mut window, &path);
        if path.exists() {
            window.harness.get_by_label("Replace").click();
            window.harness.run_steps(2);
        }
        window.wait("the complaint", |app| app.complaint().is_some());
        let words = window.app().complaint().unwrap().to_owned();
        let name = path.display().to_string();
        assert!(words.contains(&name), "{words}");
        assert!(!words.contains(".spanscope"), "{words}");
        window.keys(Modifiers::NONE, Key::Escape);
        window.wait("no complaint", |app| app.complaint().is_none());
    }
    assert_eq!(std::fs::read(inside.join("kept")).unwrap(), b"before");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn where_there_is_nothing_to_export_the_menu_and_the_key_say_why() {
    let mut window = Window::open(Start {
        model: Some(data("tiny_adaptive_f16.pt")),
        ..Start::default()
    });
    window.keys(Modifiers::NONE, Key::Escape);
    bring_up(&mut window, Pane::TRAINING);
    window.harness.get_by_label("Export Training").click();
    window.harness.run_steps(3);
    let reason = "the file holds no training curves";
    assert!(window.harness.query_by_label(reason).is_some());
    assert!(window.harness.query_by_label("Save as…").is_none());
    window.keys(Modifiers::NONE, Key::Escape);
    window.keys(Modifiers::COMMAND, Key::S);
    let said = window.app().complaint().unwrap_or_default();
    assert!(said.contains(reason), "{said}");
    assert!(window.harness.query_by_label("Path").is_none());
    // A view with several figures exports the first that there is.
    window.keys(Modifiers::NONE, Key::Escape);
    bring_up(&mut window, Pane::PERSISTENT);
    window.keys(Modifiers::COMMAND, Key::S);
    window.harness.run_steps(3);
    let path = window.harness.get_by_label("Path").value().unwrap();
    assert!(path.contains("_shares."), "{path}");
}

#[test]
fn weights_are_saved_as_tensors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head.safetensors");
    let mut window = Window::open(Start::default());
    bring_up(&mut window, Pane::ATTENTION);
    choose(&mut window, Pane::ATTENTION, "Save as…");
    answer(&mut window, &path);
    let bytes = window.wait_for_file(&path);
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let weights = file.tensor("weights").unwrap();
    assert_eq!(weights.shape()[0], window.snapshot().tokens.ids.len());
    assert!(file.tensor("empty").is_ok());
}

#[test]
fn use_of_persistent_vectors_is_saved_as_tensors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("use.safetensors");
    let mut window = Window::open(persistent_model());
    bring_up(&mut window, Pane::PERSISTENT);
    choose(&mut window, Pane::PERSISTENT, "Save as…");
    answer(&mut window, &path);
    let bytes = window.wait_for_file(&path);
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |name: &str| -> Vec<f32> {
        let tensor = file.tensor(name).unwrap();
        let bytes = tensor.data().chunks_exact(4);
        bytes
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect()
    };
    let snapshot = window.snapshot();
    let config = snapshot
        .model
        .as_ref()
        .unwrap()
        .network
        .architecture()
        .adaptive_span()
        .unwrap();
    let (layers, heads, vectors) = (config.nb_layers, config.nb_heads, config.pers_mem_size);
    let tokens = snapshot.tokens.ids.len();
    assert_eq!(
        file.tensor("usage").unwrap().shape(),
        [layers, heads, vectors]
    );
    assert_eq!(file.tensor("shares").unwrap().shape(), [layers, heads, 3]);
    assert_eq!(
        file.tensor("persistent").unwrap().shape(),
        [tokens, vectors]
    );
    // What a head gives its vectors, counted in three ways.
    let (usage, shares, single) = (numbers("usage"), numbers("shares"), numbers("persistent"));
    for (head, share) in usage.chunks_exact(vectors).zip(shares.chunks_exact(3)) {
        let sum: f32 = head.iter().sum();
        assert!((sum - share[1]).abs() < 1e-3, "{sum} {share:?}");
        assert!((share.iter().sum::<f32>() - 1.0).abs() < 1e-3, "{share:?}");
    }
    let HeadId { layer, head } = window.app().selection().heads.leading();
    let mean = single.iter().sum::<f32>() / tokens as f32;
    assert!((mean - shares[3 * (layer * heads + head) + 1]).abs() < 1e-3);
}
