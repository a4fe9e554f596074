//! Opening and writing files from the window.

use super::{Window, data};
use eframe::egui::{self, Key, Modifiers};
use egui_kittest::kittest::Queryable;
use spanscope::engine::SAMPLES;
use spanscope::ui::Start;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Types a path into the window's own field and presses Enter.
pub fn answer(window: &mut Window, path: &Path) {
    // A frame for the field to open, one for its focus.
    window.harness.run_steps(3);
    window.keys(Modifiers::COMMAND, Key::A);
    window
        .harness
        .get_by_label("Path")
        .type_text(&path.display().to_string());
    window.harness.step();
    window.keys(Modifiers::NONE, Key::Enter);
    window.harness.run_steps(2);
}

#[test]
fn a_checkpoint_is_opened_by_its_path_and_what_was_assumed_is_said() {
    let mut window = Window::open(Start::default());
    window.keys(Modifiers::COMMAND, Key::O);
    answer(&mut window, &data("tiny_adaptive.pt"));
    window.wait("the checkpoint", |app| app.snapshot().model_number == 2);
    window.harness.run_steps(2);
    assert_eq!(
        window.app().file(),
        Some(data("tiny_adaptive.pt").as_path())
    );
    let model = window.snapshot().model.as_ref().unwrap();
    assert!(model.assumed.iter().any(|note| note.contains("ramp")));
    // The dialog that asks what the file does not say.
    assert!(window.harness.query_by_label_contains("Assumed").is_some());
    assert!(
        window
            .harness
            .query_by_label_contains("Choose vocabulary")
            .is_some()
    );
}

#[test]
fn an_error_is_seen_to_its_end_which_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let start = Start {
        model: Some(empty),
        ..Start::default()
    };
    let mut window = Window::unopened(start, folder.path());
    window.harness.set_size(egui::vec2(1280.0, 800.0));
    window.wait("the failure", |app| app.complaint().is_some());
    window.harness.run_steps(4);
    let note = window
        .harness
        .get_by_label_contains("Choose a folder that has");
    // The last line stands in the window, not below the note's end.
    let note = note.rect();
    assert!(note.height() > 30.0 && note.bottom() < 790.0, "{note}");
}

#[test]
fn a_text_that_came_with_its_model_is_told_of_when_the_vocabulary_lacks_it() {
    let folder = tempfile::tempdir().unwrap();
    for (text, is_told) in [("汉字不在词表中", true), ("the storm", false)] {
        let file = folder.path().join("text.txt");
        std::fs::write(&file, text).unwrap();
        let model = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/sample_models/shakespeare_adaptive.safetensors"
        );
        let mut window = Window::open(Start {
            model: Some(model.into()),
            text: Some(file),
            ..Start::default()
        });
        window.settle();
        let complaint = window.app().complaint().unwrap_or_default();
        let told = "text.txt: 100.0 % of it is not in the model's vocabulary";
        assert_eq!(complaint.contains(told), is_told, "{complaint}");
    }
}

#[test]
fn the_path_field_completes_with_tab() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(data("tiny_adaptive.pt"), folder.path().join("only_one.pt")).unwrap();
    let mut window = Window::open(Start::default());
    window.keys(Modifiers::COMMAND, Key::O);
    window.harness.run_steps(3);
    window.keys(Modifiers::COMMAND, Key::A);
    let start = folder.path().join("onl").display().to_string();
    window.harness.get_by_label("Path").type_text(&start);
    // The folder is read by another thread.
    for _ in 0..200 {
        window.harness.step();
        if window.harness.query_by_label("only_one.pt").is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    window.keys(Modifiers::NONE, Key::Tab);
    let text = window.harness.get_by_label("Path").value().unwrap();
    assert!(text.ends_with("only_one.pt"), "{text}");
    window.keys(Modifiers::NONE, Key::Enter);
    window.wait("the checkpoint", |app| app.snapshot().model_number == 2);
}

#[test]
fn a_file_that_is_no_model_is_named_and_the_open_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.pt");
    std::fs::write(&wrong, "not a model").unwrap();
    let mut window = Window::open(Start::default());
    window.keys(Modifiers::COMMAND, Key::O);
    answer(&mut window, &wrong);
    window.wait("the error", |app| app.snapshot().failure.is_some());
    window.harness.run_steps(2);
    assert!(window.harness.query_by_label_contains("wrong.pt").is_some());
    assert_eq!(
        window.snapshot().model.as_ref().unwrap().file_name(),
        SAMPLES[0].file
    );
    window.settle();
    // A path that leads nowhere does not leave the field.
    window.keys(Modifiers::COMMAND, Key::O);
    answer(&mut window, &folder.path().join("absent.pt"));
    assert!(
        window
            .harness
            .query_by_label_contains("no such file")
            .is_some()
    );
    window.keys(Modifiers::NONE, Key::Escape);
    window.harness.run_steps(2);
    assert!(window.harness.query_by_label("Path").is_none());
}

#[test]
fn the_span_chart_is_exported_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(Start::default());
    for ending in ["svg", "png", "csv", "json"] {
        let path = folder.path().join(format!("spans.{ending}"));
        window.keys(Modifiers::COMMAND, Key::S);
        answer(&mut window, &path);
        let bytes = window.wait_for_file(&path);
        match ending {
            "svg" => assert_eq!(
                String::from_utf8(bytes).unwrap().matches("<circle").count(),
                16
            ),
            "png" => assert!(image::load_from_memory(&bytes).unwrap().width() > 1000),
            "csv" => assert_eq!(String::from_utf8(bytes).unwrap().lines().count(), 17),
            _ => {
                let file: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                let heads = file["rows"].as_array().unwrap();
                assert_eq!(heads.len(), 16);
                assert_eq!(heads[13][3], 106);
            }
        }
    }
}

#[test]
fn the_heatmap_is_exported_with_its_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("attention.csv");
    let mut window = Window::open(Start::default());
    window.keys(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::S);
    answer(&mut window, &path);
    let table = String::from_utf8(window.wait_for_file(&path)).unwrap();
    // The queries in view, under their numbers.
    let rows = table.lines().count() - 1;
    assert!((20..60).contains(&rows), "{rows}");
    assert!(table.lines().last().unwrap().starts_with("1109,"));
    assert!(table.lines().next().unwrap().contains(",1108 "));
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }
    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|e| e.to_string())
    }
}

pub fn drop_file(window: &mut Window, path: PathBuf) {
    let file: Arc<dyn egui::DroppedFile + Send + Sync> = Arc::new(Dropped(path));
    window.harness.input_mut().dropped_files.push(file);
    window.harness.step();
    window.harness.input_mut().dropped_files.clear();
}

#[test]
fn files_can_be_dropped_on_the_window() {
    let mut window = Window::open(Start::default());
    drop_file(&mut window, data("shakespeare_test_20000.txt"));
    window.wait("the text", |app| app.snapshot().tokens.ids.len() == 20_000);
    drop_file(&mut window, data("tiny_all_attention_fixed.pt"));
    window.wait("the model", |app| app.snapshot().model_number == 2);
    let model = window.snapshot().model.as_ref().unwrap();
    assert_eq!(model.file_name(), "tiny_all_attention_fixed.pt");
}

#[test]
fn what_a_file_does_not_say_is_asked_and_can_be_corrected() {
    let folder = tempfile::tempdir().unwrap();
    let vocabulary = |n: u32| {
        let path = folder.path().join(format!("{n}.json"));
        let tokens: Vec<String> = (0..n)
            .map(|i| char::from_u32(97 + i).unwrap().to_string())
            .collect();
        std::fs::write(&path, serde_json::to_vec(&tokens).unwrap()).unwrap();
        path
    };
    let mut window = Window::tolerant(Start {
        model: Some(data("tiny_adaptive.pt")),
        ..Start::default()
    });
    // One that does not fit is refused, and the model stays open.
    window
        .harness
        .get_by_label_contains("Choose vocabulary")
        .click();
    answer(&mut window, &vocabulary(59));
    window.wait("the refusal", |app| app.snapshot().failure.is_some());
    window.settle();
    assert!(window.app().complaint().unwrap().contains("60 tokens"));
    assert!(
        window
            .snapshot()
            .model
            .as_ref()
            .unwrap()
            .vocabulary
            .is_none()
    );
    // One that fits gives its tokens names, and text takes the place of ids.
    window
        .harness
        .get_by_label_contains("Choose vocabulary")
        .click();
    answer(&mut window, &vocabulary(60));
    window.wait("the vocabulary", |app| {
        app.snapshot()
            .model
            .as_ref()
            .is_some_and(|model| model.vocabulary.is_some())
    });
    window.settle();
    assert_eq!(&*window.snapshot().tokens.text, SAMPLES[0].text);
    // The refusal is no longer on show.
    assert_eq!(window.app().complaint(), None);
    // The ramp is taken over, and then nothing is left to ask.
    assert!(
        window
            .harness
            .query_by_label_contains("assumptions")
            .is_some()
    );
    window.harness.get_by_label("Apply").click();
    window.wait("the ramp", |app| {
        app.snapshot()
            .model
            .as_ref()
            .is_some_and(|model| !model.has_questions())
    });
    window.settle();
    assert!(
        window
            .harness
            .query_by_label_contains("assumptions")
            .is_none()
    );
}

#[test]
fn without_a_model_one_panel_says_how_to_open_one() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("picture.pt");
    std::fs::write(&picture, b"\xff\xd8\xff\xe0 a picture").unwrap();
    let start = Start {
        model: Some(picture),
        ..Start::default()
    };
    let mut window = Window::unopened(start, folder.path());
    window.wait("the refusal", |app| app.complaint().is_some());
    window.harness.run_steps(3);
    let said = window
        .harness
        .query_all_by_label_contains("No model is open");
    assert_eq!(said.count(), 1);
    assert!(window.app().complaint().unwrap().contains("JPEG"));
    // The text is there all the same, and takes what is typed.
    let text = "Text to run the model on";
    window.harness.get_by_label_contains(text).focus();
    window.harness.step();
    window
        .harness
        .event(egui::Event::Text("typed early".into()));
    window.harness.run_steps(2);
    assert!(window.app().text().ends_with("typed early"));
    window
        .harness
        .get_by_label("Wikipedia, all-attention")
        .click();
    window.wait("the sample", |app| app.snapshot().model.is_some());
    window.settle();
    assert!(
        window
            .harness
            .query_by_label_contains("No model is open")
            .is_none()
    );
}

#[test]
fn token_ids_stay_with_models_that_read_ids() {
    let folder = tempfile::tempdir().unwrap();
    let ids = data("tiny_adaptive.pt");
    let of_text = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sample_models/wikitext_all_attention.safetensors");
    let open = |model: &std::path::Path| Start {
        model: Some(model.to_owned()),
        ..Start::default()
    };
    let is_number = |text: &str| {
        text.split_whitespace()
            .all(|word| word.parse::<u32>().is_ok())
    };
    // Ids that were typed, and another model in the same window.
    let mut window = Window::in_folder(open(&ids), folder.path());
    assert!(is_number(window.app().text()));
    window.write(" 7 12 3");
    let typed = window.app().text().to_string();
    assert!(typed.ends_with(" 7 12 3"), "{typed}");
    window.keys(Modifiers::COMMAND, Key::O);
    answer(&mut window, &of_text);
    window.wait("the other model", |app| app.snapshot().model_number == 2);
    window.settle();
    let shown = window.app().text().to_string();
    assert!(!is_number(&shown), "{shown}");
    // One step back has them again.
    window.keys(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert_eq!(window.app().text().to_string(), typed);
    // And in the next window, whose session they are.
    window.keys(Modifiers::COMMAND, Key::O);
    answer(&mut window, &ids);
    window.wait("the ids' model", |app| app.snapshot().model_number == 3);
    window.settle();
    assert_eq!(window.app().text().to_string(), typed);
    drop(window);
    let window = Window::in_folder(open(&of_text), folder.path());
    let shown = window.app().text().to_string();
    assert!(!is_number(&shown), "{shown}");
}

#[test]
fn ids_of_a_file_leave_with_their_model_and_only_the_text_on_show_is_complained_of() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ids.txt");
    let ids: Vec<String> = (0..100).map(|id| (id % 7).to_string()).collect();
    std::fs::write(&file, ids.join(" ")).unwrap();
    let start = Start {
        model: Some(data("tiny_adaptive.pt")),
        text: Some(file),
        ..Start::default()
    };
    let mut window = Window::in_folder(start, folder.path());
    window.wait("the ids", |app| app.text().starts_with("0 1 2"));
    window.settle();
    let of_text = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sample_models/wikitext_all_attention.safetensors");
    window.keys(Modifiers::COMMAND, Key::O);
    answer(&mut window, &of_text);
    window.wait("the other model", |app| app.snapshot().model_number == 2);
    window.settle();
    let shown = window.app().text().to_string();
    assert!(!shown.starts_with("0 1 2"), "{shown}");
    drop(window);
    // Nor do they come back with it in the next window, nor with a model that the last session did not have open.
    let start = Start {
        model: Some(of_text),
        ..Start::default()
    };
    let window = Window::in_folder(start, folder.path());
    assert!(!window.app().text().starts_with("0 1 2"));
}

#[test]
fn recent_files_and_samples_open_from_the_menu() {
    let mut window = Window::open(Start {
        model: Some(data("tiny_fixed.pt")),
        ..Start::default()
    });
    let choose = |window: &mut Window, entries: [&str; 3]| {
        for entry in entries {
            // A menu by its name, a file by a part of its path.
            let exact = window.harness.query_by_label(entry);
            match exact {
                Some(node) => node.click(),
                None => window.harness.get_by_label_contains(entry).click(),
            }
            window.harness.run_steps(4);
        }
    };
    choose(&mut window, ["File", "Sample models", SAMPLES[1].name]);
    window.wait("the sample", |app| app.file().is_none());
    window.settle();
    assert_eq!(&*window.snapshot().tokens.text, SAMPLES[1].text);
    choose(&mut window, ["File", "Recent", "data/tiny_fixed.pt"]);
    window.wait("the recent file", |app| app.file().is_some());
    window.settle();
    assert_eq!(
        window.snapshot().model.as_ref().unwrap().file_name(),
        "tiny_fixed.pt"
    );
}

#[test]
fn a_vocabulary_that_does_not_fit_at_the_start_is_said_and_the_model_opens_without() {
    let mut window = Window::tolerant(Start {
        model: Some(data("tiny_adaptive.pt")),
        vocab: Some(data("shakespeare_test_20000.txt")),
        ..Start::default()
    });
    window.settle();
    assert!(
        window
            .snapshot()
            .model
            .as_ref()
            .unwrap()
            .vocabulary
            .is_none()
    );
    assert!(window.app().complaint().unwrap().contains("60 tokens"));
}
