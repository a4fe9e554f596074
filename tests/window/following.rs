//! A training run in the window: its views follow the checkpoints that it writes.

use super::Window;
use super::common::CpuRenderer;
use super::files::{answer, drop_file};
use super::shell::command;
use eframe::egui::{self, Key, Modifiers};
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotOptions};
use spanscope::checkpoint::{Checkpoint, Dtype, NamedTensor, write_safetensors};
use spanscope::engine::LoadedModel;
use spanscope::files::Held;
use spanscope::model::{Device, HeadId};
use spanscope::train::{CHECKPOINT, Data, Options, SPAN_HISTORY, Trainer};
use spanscope::ui::app::App;
use spanscope::ui::dialogs::Backend;
use spanscope::ui::language::Language;
use spanscope::ui::settings::{Settings, ThemeChoice};
use spanscope::ui::{Choices, Pane, Start};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A run of a tiny network whose spans move at once.
pub struct TinyRun {
    pub folder: tempfile::TempDir,
    trainer: Trainer,
    /// As `spanscope train` has it while it is at work.
    held: Option<Held>,
}

impl TinyRun {
    /// A run with as many steps in all, two of them for each entry of the curves.
    pub fn new(steps: u64) -> Self {
        Self::with(steps, |_| {})
    }

    pub fn with(steps: u64, change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Self::options(steps, change);
        let trainer = Trainer::new(options, Self::data(folder.path()), Device::Cpu).unwrap();
        Self {
            folder,
            trainer,
            held: None,
        }
    }

    fn options(steps: u64, change: impl FnOnce(&mut Options)) -> Options {
        let mut options = Options {
            nb_layers: 2,
            hidden_size: 12,
            inner_hidden_size: 16,
            nb_heads: 3,
            attn_span: 48,
            adapt_span: true,
            adapt_span_ramp: 4,
            adapt_span_init: 0.2,
            adapt_span_loss: 0.002,
            dropout: 0.0,
            block_size: 8,
            batch_size: 2,
            lr: 0.3,
            nb_batches: 2,
            nb_iter: steps / 2,
            ..Options::default()
        };
        change(&mut options);
        options
    }

    fn data(folder: &Path) -> Data {
        let text = folder.join("text.txt");
        std::fs::write(
            &text,
            "to be or not to be that is the question. ".repeat(60),
        )
        .unwrap();
        Data::read(&text, None, false).unwrap()
    }

    /// The folder of the run.
    pub fn run(&self) -> PathBuf {
        let run = self.folder.path().join("my run");
        std::fs::create_dir_all(&run).unwrap();
        run
    }

    pub fn file(&self) -> PathBuf {
        self.run().join(CHECKPOINT)
    }

    /// So many steps more, and the checkpoint after them.
    pub fn go_on(&mut self, steps: u64) {
        let file = self.file();
        let held = self.held.take();
        self.held = held.or_else(|| Held::claim(&file).unwrap());
        for _ in 0..steps {
            self.trainer.step().unwrap();
        }
        self.trainer.save(&self.file()).unwrap();
    }

    /// Goes on with more steps in all than before.
    fn resume(&mut self, steps: u64) {
        let data = Self::data(self.folder.path());
        let resumed = Trainer::resume(&self.file(), data, Device::Cpu, |options| {
            options.nb_iter = steps / 2;
        });
        self.trainer = resumed.unwrap();
    }

    fn open(&self) -> Window {
        Window::open(Start {
            model: Some(self.run()),
            ..Start::default()
        })
    }
}

fn step(window: &Window) -> u64 {
    let model = window.snapshot().model.as_ref().unwrap();
    model.run.as_ref().unwrap().step
}

fn spans(window: &Window) -> Vec<f32> {
    let spans = window.snapshot().model.as_ref().unwrap().network.spans();
    spans.iter().map(|span| span.span).collect()
}

fn wait_for_step(window: &mut Window, step: u64) {
    window.wait("the newer checkpoint", |app| {
        let model = app.snapshot().model.as_ref().unwrap();
        model.run.as_ref().unwrap().step == step
    });
    window.settle();
}

/// Draws frames for a while in which nothing should happen.
fn let_pass(window: &mut Window, seconds: f32) {
    let start = Instant::now();
    while start.elapsed().as_secs_f32() < seconds {
        window.harness.step();
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn says(window: &Window, words: &str) -> bool {
    window.harness.query_by_label(words).is_some()
}

#[test]
fn the_views_follow_the_run_and_everything_chosen_stays() {
    let mut run = TinyRun::new(1000);
    run.go_on(2);
    let mut window = run.open();
    assert!(says(&window, "step 2 of 1,000 · following"));
    window.write("to be or not");
    window.keys(Modifiers::NONE, Key::Escape);
    command(&mut window, "1.2");
    window.settle();
    let (number, before) = (window.snapshot().model_number, spans(&window));
    let (text, selection) = (
        window.app().text().clone(),
        window.app().selection().clone(),
    );
    let (bits, done) = (window.snapshot().bits_per_token, window.snapshot().done);
    let recorded = window
        .snapshot()
        .model
        .as_ref()
        .unwrap()
        .span_history
        .clone();
    assert_eq!(recorded.unwrap().steps, [2.0]);
    for steps in [5, 7] {
        run.go_on(steps - step(&window));
        // Until the new version has read the text, the old one is whole on show.
        window.wait("the newer checkpoint", |app| {
            let snapshot = app.snapshot();
            assert_eq!((snapshot.done, snapshot.opening), (done, false));
            assert_eq!(app.complaint(), None);
            let model = snapshot.model.as_ref().unwrap();
            model.run.as_ref().unwrap().step == steps
        });
        window.settle();
    }
    assert!(says(&window, "step 7 of 1,000 · following"));
    let history = window
        .snapshot()
        .model
        .as_ref()
        .unwrap()
        .span_history
        .clone();
    let history = history.unwrap();
    // The entries, and the checkpoint's own step.
    assert_eq!(history.steps, [2.0, 4.0, 6.0, 7.0]);
    let last = history.of_head(HeadId::new(1, 2)).last().unwrap();
    assert_eq!(last, [7.0, f64::from(spans(&window)[5])]);
    assert_ne!(spans(&window), before);
    assert_ne!(window.snapshot().bits_per_token, bits);
    assert_eq!(window.snapshot().model_number, number);
    assert_eq!(*window.app().text(), text);
    assert_eq!(*window.app().selection(), selection);
    assert_eq!(window.app().file(), Some(run.file().as_path()));
    assert!(!says(&window, "About this model"));
}

#[test]
fn edits_pause_following_until_they_are_undone_or_it_is_asked_for() {
    let mut run = TinyRun::new(1000);
    run.go_on(2);
    let mut window = run.open();
    window.keys(Modifiers::NONE, Key::Escape);
    command(&mut window, "ablate selected");
    window.settle();
    assert!(says(&window, "step 2 of 1,000 · paused: model is edited"));
    run.go_on(2);
    let_pass(&mut window, 1.5);
    assert_eq!(step(&window), 2);
    window.keys(Modifiers::COMMAND, Key::Z);
    wait_for_step(&mut window, 4);
    assert!(says(&window, "step 4 of 1,000 · following"));
    // Asked for, the run is followed with the changes.
    command(&mut window, "ablate selected");
    window.settle();
    window
        .harness
        .get_by_label("step 4 of 1,000 · paused: model is edited")
        .click();
    window.harness.run_steps(3);
    run.go_on(2);
    wait_for_step(&mut window, 6);
    let network = &window.snapshot().model.as_ref().unwrap().network;
    assert_eq!(network.edits().ablated().count(), 1);
    assert_eq!(window.app().edits().ablated().count(), 1);
    // A switch, in the palette as well.
    command(&mut window, "follow training");
    assert!(says(&window, "step 6 of 1,000 · paused"));
    assert!(!window.app().follows_run());
    command(&mut window, "follow training");
    assert!(window.app().follows_run());
}

#[test]
fn a_file_that_vanishes_is_missed_and_a_finished_run_may_go_on() {
    let mut run = TinyRun::new(4);
    run.go_on(2);
    let mut window = run.open();
    let aside = run.folder.path().join("aside");
    std::fs::rename(run.file(), &aside).unwrap();
    let_pass(&mut window, 1.0);
    assert!(says(&window, "step 2 of 4 · following"));
    let gone = "step 2 of 4 · the run's file is gone";
    let start = Instant::now();
    while !says(&window, gone) {
        let_pass(&mut window, 0.2);
        assert!(start.elapsed().as_secs() < 30);
    }
    assert!(window.snapshot().model.is_some());
    std::fs::rename(&aside, run.file()).unwrap();
    run.go_on(2);
    wait_for_step(&mut window, 4);
    assert!(says(&window, "step 4 of 4 · finished"));
    // Resumed with more, it is followed as long as somebody trains it.
    run.resume(8);
    run.go_on(2);
    wait_for_step(&mut window, 6);
    assert!(says(&window, "step 6 of 8 · following"));
    run.held = None;
    let start = Instant::now();
    while !says(&window, "step 6 of 8 · stopped") {
        let_pass(&mut window, 0.2);
        assert!(start.elapsed().as_secs() < 30);
    }
    assert_eq!(window.app().complaint(), None);
}

#[test]
fn another_network_in_the_same_place_is_opened_as_one() {
    let mut run = TinyRun::new(100);
    run.go_on(2);
    let mut window = run.open();
    let number = window.snapshot().model_number;
    let mut other = TinyRun::with(100, |options| options.nb_layers = 3);
    other.go_on(1);
    std::fs::rename(other.file(), run.file()).unwrap();
    window.wait("the other network", |app| {
        app.snapshot().model_number > number
    });
    window.settle();
    let network = &window.snapshot().model.as_ref().unwrap().network;
    assert_eq!(network.architecture().adaptive_span().unwrap().nb_layers, 3);
    assert!(says(&window, "step 1 of 100 · following"));
}

#[test]
fn a_run_is_opened_by_its_folder_from_anywhere() {
    let mut run = TinyRun::new(100);
    run.go_on(2);
    let mut window = Window::open(Start::default());
    // A model that is no run cannot be followed.
    assert!(!window.app().follows_run());
    command(&mut window, "follow training");
    window.keys(Modifiers::NONE, Key::Escape);
    drop_file(&mut window, run.run());
    window.wait("the run", |app| app.snapshot().model_number == 2);
    window.settle();
    assert_eq!(window.app().file(), Some(run.file().as_path()));
    window
        .harness
        .get_by_label_contains("my run/checkpoint.safetensors");
    // By the dialog, in the window's own field; the bundled model in between.
    command(&mut window, "open training run");
    answer(&mut window, run.folder.path());
    window
        .harness
        .get_by_label_contains("this folder holds no checkpoint.safetensors");
    window.keys(Modifiers::NONE, Key::Escape);
    window.harness.run_steps(2);
    command(&mut window, "open training run");
    answer(&mut window, &run.run());
    window.wait("the run", |app| app.snapshot().model_number == 3);
    window.settle();
    // A folder without a checkpoint says what to do.
    drop_file(&mut window, run.folder.path().to_owned());
    window.wait("the failure", |app| app.complaint().is_some());
    let complaint = window.app().complaint().unwrap().to_owned();
    assert!(
        complaint.contains("holds no checkpoint.safetensors"),
        "{complaint}"
    );
    assert!(complaint.contains("spanscope train"), "{complaint}");
    assert!(window.app().follows_run());
}

#[test]
fn heads_are_read_and_selected_in_the_plot_of_their_spans() {
    let mut run = TinyRun::new(100);
    run.go_on(2);
    run.go_on(2);
    run.go_on(2);
    let mut window = run.open();
    window.app_mut().bring_up(Pane::TRAINING);
    window.settle();
    let plot = window
        .harness
        .get_by_label("Span of every head; 6 heads, after 6 steps");
    let place = plot.rect();
    // Somewhere along an upright line in the middle there is a head.
    let mut found = None;
    for i in 1..60 {
        let at = egui::pos2(
            place.center().x,
            place.top() + place.height() * i as f32 / 60.0,
        );
        window.harness.event(egui::Event::PointerMoved(at));
        window.harness.run_steps(2);
        if window.harness.query_by_label_contains(": z = ").is_some() {
            found = Some(at);
            break;
        }
    }
    let at = found.expect("no head under the pointer");
    for pressed in [true, false] {
        window.harness.event(egui::Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
        window.harness.run_steps(2);
    }
    let leading = window.app().selection().heads.leading();
    let name = format!("Layer {}, head {}", leading.layer, leading.head);
    window.harness.run_steps(3);
    assert!(
        window.harness.query_all_by_label(&name).count() >= 1,
        "{name}"
    );
    for choice in ["Log values", "Log steps"] {
        window.harness.get_by_label(choice).click();
        window.harness.run_steps(3);
    }
    window
        .harness
        .get_by_label("Span of every head; 6 heads, after 6 steps");
}

#[test]
fn the_figure_of_the_training_has_every_head() {
    let mut run = TinyRun::new(100);
    run.go_on(4);
    let mut window = run.open();
    let path = run.folder.path().join("training.csv");
    window.app_mut().bring_up(Pane::TRAINING);
    window.settle();
    window.keys(Modifiers::COMMAND, Key::S);
    answer(&mut window, &path);
    let csv = String::from_utf8(window.wait_for_file(&path)).unwrap();
    assert_eq!(csv.matches("z.1.2,").count(), 2, "{csv}");
    let svg = run.folder.path().join("training.svg");
    window.keys(Modifiers::COMMAND, Key::S);
    answer(&mut window, &svg);
    let svg = String::from_utf8(window.wait_for_file(&svg)).unwrap();
    assert!(svg.contains("layer 1"), "{svg}");
    assert!(svg.contains("z of heads (tokens)"), "{svg}");
}

/// The bundled model as the checkpoint of a run under way, with a history of its spans made up for the picture.
fn pictured(folder: &Path) -> PathBuf {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sample_models")
        .join(spanscope::engine::SAMPLES[0].file);
    let checkpoint = Checkpoint::open(&sample).unwrap();
    let mut tensors: Vec<NamedTensor> = checkpoint
        .names()
        .map(|name| NamedTensor {
            name: name.to_owned(),
            shape: checkpoint.info(name).unwrap().shape.clone(),
            values: checkpoint.read(name).unwrap(),
        })
        .collect();
    let model = LoadedModel::open(&sample, None, None).unwrap();
    let spans = model.network.spans();
    let steps = model.curves.iter().find(|curve| curve.name == "step");
    let steps = steps.unwrap().values.clone();
    let last = *steps.last().unwrap();
    let z = |step: f64, i: usize, end: f32| {
        let t = (step / last) as f32;
        let late = 0.15 + 0.05 * (i % 5) as f32;
        let rise = 1.0 / (1.0 + (-(t - late) * 14.0).exp());
        (end * rise + (3.0 + 5.0 * (1.0 - t)) * (1.0 - t) + 0.4 * (9.0 * t + i as f32).sin())
            .max(0.0)
    };
    tensors.push(NamedTensor {
        name: SPAN_HISTORY.into(),
        shape: vec![steps.len(), 4, 4],
        values: steps
            .iter()
            .flat_map(|step| spans.iter().enumerate().map(|(i, s)| z(*step, i, s.span)))
            .collect(),
    });
    let mut metadata = checkpoint.metadata().clone();
    let training = format!("{{\"step\": {last}, \"steps\": {}}}", 2.0 * last);
    metadata.insert("training".into(), training);
    let file = folder.join(CHECKPOINT);
    let tied = Default::default();
    write_safetensors(&file, &tensors, &tied, Dtype::F32, &metadata).unwrap();
    file
}

fn picture(theme: ThemeChoice, language: Language, log: Option<&str>, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let start = Start {
        model: Some(pictured(folder.path())),
        ..Start::default()
    };
    let mut settings = Settings::transient();
    (settings.theme, settings.language) = (theme, language);
    let desktop = match theme {
        ThemeChoice::Light => egui::Theme::Light,
        _ => egui::Theme::Dark,
    };
    let harness = Harness::builder()
        .with_theme(desktop)
        .with_size(egui::vec2(640.0, 580.0))
        .with_max_steps(32)
        .renderer(CpuRenderer::of_window())
        .build_eframe(move |cc| App::new(&cc.egui_ctx, &start, settings, Backend::Window));
    let mut window = Window { harness };
    window.wait("the model to open", |app| app.snapshot().model.is_some());
    window.settle();
    let choices = Choices {
        heads: vec![HeadId::new(3, 1), HeadId::new(2, 0)],
        ..Choices::default()
    };
    window.app_mut().choose(&choices).unwrap();
    window.app_mut().show_alone(Pane::TRAINING);
    window.settle();
    if let Some(log) = log {
        window.harness.get_by_label(log).click();
    }
    window.harness.remove_cursor();
    window.settle();
    window.harness.run_steps(4);
    let options = SnapshotOptions::new().threshold(1.0).max_failed_pixels(60);
    window.harness.try_snapshot_options(name, &options).unwrap();
}

#[test]
fn picture_of_a_run_dark() {
    picture(
        ThemeChoice::Dark,
        Language::English,
        None,
        "dark_en/training_run",
    );
}

#[test]
fn picture_of_a_run_light() {
    let log = Some("数值取对数");
    picture(
        ThemeChoice::Light,
        Language::Chinese,
        log,
        "light_zh/training_run",
    );
}
