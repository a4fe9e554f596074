//! Recorded runs in the window: every view without the model, nothing that needs the model, and the user's own text back.

use super::shell::command;
use super::{Window, data};
use eframe::egui::{self, Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use spanscope::engine::run_file::{RecordOptions, Recording, TextContent, TextToRecord};
use spanscope::engine::{LoadedModel, SAMPLES};
use spanscope::model::{Cancel, HeadId};
use spanscope::ui::{Choices, Pane, Start};
use std::path::{Path, PathBuf};

/// Records texts with a bundled model.
fn record(path: &Path, sample: usize, texts: &[&str], options: &RecordOptions) {
    let model = LoadedModel::open_sample(&SAMPLES[sample]).unwrap();
    record_with(&model, path, texts, options);
}

fn record_with(model: &LoadedModel, path: &Path, texts: &[&str], options: &RecordOptions) {
    let texts = texts.iter().enumerate().map(|(i, text)| TextToRecord {
        name: format!("text {i}.txt"),
        content: TextContent::Text(text.as_bytes().to_vec()),
    });
    let recording = Recording::new(model, texts.collect(), options).unwrap();
    let cancel = Cancel::default();
    recording.write(path, &cancel, &mut |_| {}).unwrap();
}

fn open(path: &Path) -> Window {
    Window::open(Start {
        model: Some(path.to_owned()),
        ..Start::default()
    })
}

fn drop_file(window: &mut Window, path: &Path) {
    let number = window.snapshot().model_number;
    super::files::drop_file(window, path.to_owned());
    window.wait("the file", |app| app.snapshot().model_number > number);
    window.settle();
}

fn text(window: &Window) -> String {
    window.app().text().to_string()
}

/// A window for browsers, in whose place another stands.
fn web(folder: &Path) {
    let html = "<title>spanscope</title><!--run--><script>the window</script>";
    std::fs::write(folder.join("page.html"), html).unwrap();
}

/// The run in a page, as a file.
fn run_in(page: &[u8], to: &Path) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let html = std::str::from_utf8(page).unwrap();
    assert!(html.ends_with("<script>the window</script>"));
    let (_, rest) = html.split_once("id=\"run\"").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    let (packed, _) = rest.split_once("</script>").unwrap();
    let packed = STANDARD.decode(packed).unwrap();
    let mut run = Vec::new();
    let mut unpacked = flate2::read::GzDecoder::new(&*packed);
    std::io::Read::read_to_end(&mut unpacked, &mut run).unwrap();
    std::fs::write(to, run).unwrap();
}

fn says(window: &Window, words: &str) -> bool {
    let mut found = window.harness.query_all_by_label_contains(words);
    found.next().is_some()
}

#[test]
fn the_run_is_written_as_a_page_whose_size_is_said_before() {
    let folder = tempfile::tempdir().unwrap();
    web(folder.path());
    let at = |name: &str| folder.path().join(name);
    let mut window = Window::open(Start::default());
    window.app_mut().pages_from(folder.path().to_owned());
    command(&mut window, "interactive page");
    window.settle();
    assert!(says(&window, "B for the window, ") && says(&window, "at most for the run"));
    // Fewer tokens and half the bits; what is not there is refused while it is typed.
    let field = "Tokens kept";
    for (typed, refused) in [("5..9000000", true), ("64..128", false)] {
        window.harness.get_by_label(field).focus();
        window.harness.step();
        window.keys(Modifiers::COMMAND, Key::A);
        window.harness.event(egui::Event::Text(typed.into()));
        window.harness.run_steps(3);
        assert_eq!(says(&window, "the end is "), refused, "{typed}");
    }
    window
        .harness
        .get_by_label("16 bits, half as large")
        .click();
    window.harness.run_steps(3);
    window.settle();
    window.harness.get_by_label("Save as…").click();
    window.harness.run_steps(3);
    super::files::answer(&mut window, &at("few.html"));
    run_in(
        &window.wait_for_file(&at("few.html")),
        &at("few.safetensors"),
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    // It opens as the run over this text; and as a run it becomes a page as it is.
    let text = text(&window);
    let mut run = open(&at("few.safetensors"));
    run.settle();
    assert_eq!(super::recorded::text(&run), text);
    let header = run.snapshot().model.as_ref().unwrap().recorded.clone();
    let header = header.unwrap().header().clone();
    assert_eq!(header.texts[0].queries, (64, 128));
    assert_eq!(header.dtype, spanscope::checkpoint::Dtype::F16);
    run.app_mut().pages_from(folder.path().to_owned());
    command(&mut run, "interactive page");
    run.settle();
    assert!(says(&run, "as it is"));
    run.harness.get_by_label("Save as…").click();
    run.harness.run_steps(3);
    super::files::answer(&mut run, &at("again.html"));
    run_in(&run.wait_for_file(&at("again.html")), &at("again"));
    let bytes = |name: &str| std::fs::read(at(name)).unwrap();
    assert!(bytes("again") == bytes("few.safetensors"));
}

#[test]
fn without_the_window_for_browsers_the_dialog_says_what_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(Start::default());
    window.app_mut().pages_from(folder.path().to_owned());
    command(&mut window, "interactive page");
    window.settle();
    let command = format!("sh packaging/web.sh {}", folder.path().display());
    assert!(says(&window, &command));
    window.harness.get_by_label("Save as…").click();
    window.harness.run_steps(3);
    assert!(window.harness.query_by_label("Path").is_none());
    window.keys(Modifiers::NONE, Key::Escape);
    window.harness.run_steps(2);
    assert!(!says(&window, &command));
}

/// The palette says of the entry that it finds why it cannot be done.
fn refused(window: &mut Window, query: &str, reason: &str) {
    let count = |window: &Window| window.harness.query_all_by_label(reason).count();
    let before = count(window);
    window.keys(Modifiers::COMMAND, Key::P);
    window.harness.event(egui::Event::Text(query.into()));
    window.harness.run_steps(3);
    let said = count(window);
    window.keys(Modifiers::NONE, Key::Escape);
    window.harness.run_steps(2);
    assert_eq!(said, before + 1, "{query}: {reason}");
}

#[test]
fn every_view_shows_what_it_shows_of_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    std::fs::write(&file, SAMPLES[1].model).unwrap();
    let run = folder.path().join("run.safetensors");
    let model = LoadedModel::open(&file, None, None).unwrap();
    let options = RecordOptions::default();
    record_with(&model, &run, &[SAMPLES[1].text], &options);
    let mut live = Window::open(Start::default());
    command(&mut live, "Wikipedia");
    live.wait("the model", |app| app.snapshot().model_number == 2);
    live.settle();
    drop(model);
    std::fs::remove_file(&file).unwrap();
    let mut recorded = open(&run);
    assert_eq!(text(&recorded), SAMPLES[1].text);
    for view in Pane::ALL {
        let mut pictures = Vec::new();
        for window in [&mut live, &mut recorded] {
            let choices = Choices {
                heads: vec![HeadId::new(2, 3)],
                tokens: Some(310..311),
                vector: Some(17),
                ..Choices::default()
            };
            window.harness.state_mut().choose(&choices).unwrap();
            window.harness.state_mut().show_alone(view);
            window.harness.remove_cursor();
            for _ in 0..3 {
                window.settle();
            }
            pictures.push(window.harness.render().unwrap());
        }
        let different = pictures[0]
            .pixels()
            .zip(pictures[1].pixels())
            .filter(|(a, b)| a != b)
            .count();
        let all = pictures[0].pixels().len();
        let inked = pictures[0]
            .pixels()
            .filter(|p| *p != pictures[0].get_pixel(1, 1));
        assert!(inked.count() > 1000, "{view:?}");
        match view {
            // These say what a recorded run is not, and do not offer it.
            _ if [Pane::MODEL, Pane::SPANS, Pane::PREDICTIONS, Pane::TEXT].contains(&view) => {
                assert!(
                    different > 0 && different < all / 8,
                    "{view:?}: {different}"
                );
            }
            // Its weights cannot be weighted: the choice is there, and not to be had.
            _ if view == Pane::ATTENTION => assert!(different < all / 50, "{view:?}: {different}"),
            _ => assert_eq!(different, 0, "{view:?}"),
        }
    }
}

#[test]
fn nothing_that_needs_the_model_can_be_done_and_it_is_said_why() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run.safetensors");
    record(&run, 0, &["To be, or not to be"], &RecordOptions::default());
    let mut window = open(&run);
    let note = "A recorded run: the text cannot be changed; open the model to type";
    assert!(window.harness.query_all_by_label(note).next().is_some());
    // There is no field to type in, and its key does nothing.
    let field = "Text to run the model on";
    assert!(window.harness.query_by_label_contains(field).is_none());
    window.keys(Modifiers::COMMAND, Key::E);
    window.harness.event(egui::Event::Text("x".into()));
    window.harness.run_steps(2);
    assert_eq!(text(&window), "To be, or not to be");
    refused(&mut window, "Undo", note);
    refused(&mut window, "Open text…", note);
    let heads = "A recorded run holds no weights: open the model to change its heads";
    refused(&mut window, "Ablate the selected heads", heads);
    let answers = "A recorded run has its vocabulary and its ramp in it";
    refused(&mut window, "Choose vocabulary…", answers);
    command(&mut window, "ablate selected");
    // The palette stays open over what it does not do.
    window.keys(Modifiers::NONE, Key::Escape);
    window.settle();
    assert!(window.app().edits().is_empty());
    assert!(window.app().complaint().is_none());
    let network = &window.snapshot().model.as_ref().unwrap().network;
    assert!(network.edits().is_empty());
    // No dialog asks for what is known.
    assert!(window.harness.query_by_label("About this model").is_none());
    command(&mut window, "show predictions");
    window.settle();
    let start = window.harness.get_by_label("Start");
    assert!(start.accesskit_node().is_disabled());
    let edit = window.harness.get_by_label("Edit spans by hand");
    assert!(edit.accesskit_node().is_disabled());
}

#[test]
fn a_run_of_a_model_with_assumptions_asks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run.safetensors");
    let model = LoadedModel::open(&data("tiny_adaptive.pt"), None, None).unwrap();
    assert!(model.has_questions());
    let ids = (0..80).map(|i| i % 40).collect();
    let texts = vec![TextToRecord {
        name: "ids.json".into(),
        content: TextContent::Ids(ids),
    }];
    let recording = Recording::new(&model, texts, &RecordOptions::default()).unwrap();
    let cancel = Cancel::default();
    recording.write(&run, &cancel, &mut |_| {}).unwrap();
    let mut window = open(&run);
    window.harness.run_steps(3);
    let ramp = window.harness.query_all_by_label("Ramp R").next();
    assert!(ramp.is_none());
    assert!(text(&window).starts_with("0 1 2 3"));
    assert_eq!(window.snapshot().done, 80);
}

#[test]
fn the_users_text_edits_and_history_wait_for_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run.safetensors");
    record(&run, 1, &[SAMPLES[1].text], &RecordOptions::default());
    let kept = folder.path().join("settings");
    let model = folder.path().join("model.safetensors");
    std::fs::write(&model, SAMPLES[0].model).unwrap();
    let mut window = Window::in_folder(
        Start {
            model: Some(model.clone()),
            ..Start::default()
        },
        &kept,
    );
    let before = text(&window);
    window.write("My own words");
    window.keys(Modifiers::NONE, Key::Escape);
    command(&mut window, "ablate selected");
    window.settle();
    let (own, edits) = (text(&window), window.app().edits().clone());
    assert!(own.ends_with("My own words") && edits.ablated().count() == 1);
    drop_file(&mut window, &run);
    assert_eq!(text(&window), SAMPLES[1].text);
    assert!(window.app().edits().is_empty());
    // A restart keeps the run, and what waits behind it.
    drop(window);
    let mut window = Window::in_folder(Start::default(), &kept);
    assert_eq!(window.app().file(), Some(run.as_path()));
    assert_eq!(text(&window), SAMPLES[1].text);
    assert!(window.app().edits().is_empty());
    drop_file(&mut window, &model);
    assert_eq!(text(&window), own);
    assert_eq!(*window.app().edits(), edits);
    let network = &window.snapshot().model.as_ref().unwrap().network;
    assert_eq!(network.edits().ablated().count(), 1);
    // Within one sitting the history is there as well.
    window.write("!");
    let longer = text(&window);
    drop_file(&mut window, &run);
    drop_file(&mut window, &model);
    assert_eq!(text(&window), longer);
    window.keys(Modifiers::NONE, Key::Escape);
    window.keys(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert_eq!(text(&window), own);
    assert!(own.starts_with(&before));
    let settings = std::fs::read_to_string(kept.join("settings.json")).unwrap();
    assert!(settings.contains("run.safetensors"), "recent files");
    // The run is gone: the model from before opens with its text.
    drop_file(&mut window, &run);
    drop(window);
    std::fs::remove_file(&run).unwrap();
    let window = Window::in_folder(Start::default(), &kept);
    assert_eq!(window.app().file(), Some(model.as_path()));
    assert_eq!(text(&window), own);
    assert_eq!(*window.app().edits(), edits);
}

#[test]
fn changes_of_one_model_do_not_pass_to_another_through_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run.safetensors");
    record(&run, 0, &["To be, or not to be"], &RecordOptions::default());
    let mut window = Window::open(Start::default());
    window.keys(Modifiers::NONE, Key::Escape);
    command(&mut window, "ablate selected");
    window.settle();
    drop_file(&mut window, &run);
    drop_file(&mut window, &data("tiny_adaptive.pt"));
    assert!(window.app().edits().is_empty());
    let network = &window.snapshot().model.as_ref().unwrap().network;
    assert!(network.edits().is_empty());
}

#[test]
fn several_texts_are_chosen_from_a_list_by_commands_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let run: PathBuf = folder.path().join("run.safetensors");
    let texts = [
        "To be, or not to be",
        "Friends, Romans, countrymen",
        "Now is the winter",
    ];
    record(&run, 0, &texts, &RecordOptions::default());
    let kept = folder.path().join("settings");
    let start = Start {
        model: Some(run.clone()),
        ..Start::default()
    };
    let mut window = Window::in_folder(start, &kept);
    assert_eq!(text(&window), texts[0]);
    command(&mut window, "next text of the run");
    window.settle();
    assert_eq!(text(&window), texts[1]);
    assert_eq!(window.snapshot().done, texts[1].len());
    command(&mut window, "text 3 of the run");
    window.settle();
    assert_eq!(text(&window), texts[2]);
    command(&mut window, "next text of the run");
    window.settle();
    assert_eq!(text(&window), texts[2]);
    drop(window);
    let mut window = Window::in_folder(Start::default(), &kept);
    window.settle();
    assert_eq!(text(&window), texts[2]);
    window
        .harness
        .get_by_label("Text of the run to show")
        .click();
    window.harness.run_steps(3);
    window.harness.get_by_label("1  text 0.txt").click();
    window.settle();
    assert_eq!(text(&window), texts[0]);
}

#[test]
fn a_part_of_a_text_shows_its_weights_and_all_that_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run.safetensors");
    let options = RecordOptions {
        tokens: Some(500..700),
        ..RecordOptions::default()
    };
    record(&run, 0, &[SAMPLES[0].text], &options);
    let mut window = open(&run);
    let snapshot = window.snapshot();
    assert_eq!(snapshot.done, snapshot.tokens.ids.len());
    assert_eq!(snapshot.at_hand, 448..700);
    assert_eq!(snapshot.surprisal.len() + 1, snapshot.done);
    let said = "weights available for tokens 448 to 699";
    assert!(window.harness.query_by_label(said).is_some());
    for view in Pane::ALL {
        window.harness.state_mut().bring_up(view);
        for tokens in [10..11, 600..601, 1000..1001] {
            let choices = Choices {
                tokens: Some(tokens),
                ..Choices::default()
            };
            window.harness.state_mut().choose(&choices).unwrap();
            window.settle();
            assert!(window.app().complaint().is_none(), "{view:?}");
        }
    }
}

#[test]
fn a_text_meant_for_the_run_is_kept_and_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run.safetensors");
    record(&run, 0, &["To be, or not to be"], &RecordOptions::default());
    let mut window = open(&run);
    let file = folder.path().join("mine.txt");
    std::fs::write(&file, "for later").unwrap();
    super::files::drop_file(&mut window, file);
    window.wait("the text", |app| app.complaint().is_some());
    let said = window.app().complaint().unwrap().to_owned();
    assert!(
        said.contains("mine.txt is kept until a model is open"),
        "{said}"
    );
    assert_eq!(text(&window), "To be, or not to be");
    drop_file(&mut window, &data("tiny_adaptive.pt"));
    assert_eq!(text(&window), "for later");
}

#[test]
fn weights_that_are_stored_are_shown_without_scores() {
    let mut window = open(&data("run_weights.safetensors"));
    window.settle();
    let snapshot = window.snapshot().clone();
    assert_eq!((snapshot.failure.clone(), snapshot.done), (None, 40));
    assert!(snapshot.bits_per_token.is_some_and(|bits| bits > 0.0));
    let detail = snapshot
        .detail
        .clone()
        .expect("the weights of the selected head");
    let kept = (0..40).filter(|key| detail.weight(39, *key).is_some_and(|weight| weight > 0.0));
    assert!((1..=8).contains(&kept.count()));
    assert!(detail.sink(39).is_some_and(|share| share > 0.0));
    for view in Pane::ALL {
        window.harness.state_mut().bring_up(view);
        window.settle();
        assert!(window.app().complaint().is_none(), "{view:?}");
    }
    let model = snapshot.model.clone().expect("the run");
    assert!(!model.knows_sizes() && model.network.parameters() == 0);
    let label = "run_weights.safetensors · 2 layers × 2 heads";
    assert!(window.harness.query_by_label(label).is_some());
    assert!(
        window
            .harness
            .query_by_label_contains("content score")
            .is_none()
    );
}

#[test]
fn a_window_opens_on_the_text_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let texts = ["the first text", "the second text", "the third text"];
    record(&path, 0, &texts, &RecordOptions::default());
    let sessions = folder.path().join("sessions");
    let start = |index: Option<usize>| Start {
        model: Some(path.clone()),
        recorded: index,
        ..Start::default()
    };
    // Then the one that was shown last, unless told otherwise.
    for (index, shown) in [
        (None, 0),
        (Some(2), 2),
        (None, 2),
        (Some(1), 1),
        (Some(0), 0),
    ] {
        let mut window = Window::in_folder(start(index), &sessions);
        window.settle();
        assert_eq!(text(&window), texts[shown], "{index:?}");
        window.harness.run_steps(3);
    }
}
