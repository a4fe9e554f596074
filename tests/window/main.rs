//! The window, driven without a display: what a user clicks and types, and what comes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../common/mod.rs"]
mod common;

mod ablation;
mod attention;
mod both_directions;
mod cost;
mod export;
mod families;
mod files;
mod finder;
mod following;
mod help;
mod looks;
mod model;
mod monkey;
mod neurons;
mod no_limit;
mod persistent;
mod pictures;
mod predictions;
mod recorded;
mod session;
mod shell;
mod spans;
mod survival;
mod text;
mod tour;
mod training;
mod views;

use common::CpuRenderer;
use eframe::egui;
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, HarnessBuilder};
use spanscope::engine::Snapshot;
use spanscope::ui::Start;
use spanscope::ui::app::App;
use spanscope::ui::dialogs::Backend;
use spanscope::ui::settings::Settings;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A window of 1280 × 800 points that forgets its settings and asks for files by itself.
pub struct Window {
    pub harness: Harness<'static, App>,
}

impl Window {
    pub fn open(start: Start) -> Self {
        Self::with(start, egui::Theme::Dark)
    }

    pub fn with(start: Start, theme: egui::Theme) -> Self {
        Self::build(start, Harness::builder().with_theme(theme))
    }

    /// A window in which any text may stand, whatever the bundled fonts have.
    pub fn tolerant(start: Start) -> Self {
        Self::build(start, Harness::builder().allow_missing_glyphs())
    }

    /// A window that keeps its session in `folder`, of someone who knows it.
    pub fn in_folder(start: Start, folder: &Path) -> Self {
        let builder = Harness::builder().with_theme(egui::Theme::Dark);
        Self::build_with(start, builder, known(folder))
    }

    /// A window that keeps its session in `folder`, of someone who may see it for the first time.
    pub fn newcomer(start: Start, folder: &Path, theme: egui::Theme) -> Self {
        let builder = Harness::builder().with_theme(theme);
        Self::build_with(start, builder, Settings::in_folder(folder))
    }

    fn build(start: Start, builder: HarnessBuilder<App>) -> Self {
        Self::build_with(start, builder, Settings::transient())
    }

    /// A window that keeps its session in `folder`, and whose model need not open.
    pub fn unopened(start: Start, folder: &Path) -> Self {
        let builder = Harness::builder().with_theme(egui::Theme::Dark);
        Self::begin(start, builder, known(folder))
    }

    fn begin(start: Start, builder: HarnessBuilder<App>, settings: Settings) -> Self {
        let harness = builder
            .with_size(egui::vec2(1280.0, 800.0))
            .with_max_steps(32)
            .renderer(CpuRenderer::of_window())
            .build_eframe(move |cc| App::new(&cc.egui_ctx, &start, settings, Backend::Window));
        Self { harness }
    }

    fn build_with(start: Start, builder: HarnessBuilder<App>, settings: Settings) -> Self {
        let mut window = Self::begin(start, builder, settings);
        window.wait("the model to open", |app| app.snapshot().model.is_some());
        window.settle();
        window
    }

    pub fn app(&self) -> &App {
        self.harness.state()
    }

    pub fn app_mut(&mut self) -> &mut App {
        self.harness.state_mut()
    }

    pub fn snapshot(&self) -> &Snapshot {
        self.app().snapshot()
    }

    /// Draws frames until `done`.
    pub fn wait(&mut self, what: &str, done: impl Fn(&App) -> bool) {
        let start = Instant::now();
        loop {
            self.harness.step();
            if done(self.harness.state()) {
                return;
            }
            assert!(
                start.elapsed() < Duration::from_secs(240),
                "waited too long for {what}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Draws frames until the network has run over the text and the selected head is shown.
    pub fn settle(&mut self) {
        // What the last action asks for is asked while its frame is drawn.
        self.harness.step();
        self.wait("the run to end", App::settled);
        // The frame that shows it.
        self.harness.run_steps(2);
    }

    /// All words that the last frame drew.
    pub fn words(&self) -> Vec<String> {
        fn of(shape: &egui::Shape, words: &mut Vec<String>) {
            match shape {
                egui::Shape::Text(text) => words.push(text.galley.text().to_owned()),
                egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| of(shape, words)),
                _ => {}
            }
        }
        let mut words = Vec::new();
        for clipped in &self.harness.output().shapes {
            of(&clipped.shape, &mut words);
        }
        words
    }

    /// Types at the caret, which is at the end at first, and waits until every view has followed.
    pub fn write(&mut self, text: &str) {
        let field = "Text to run the model on";
        self.harness.get_by_label_contains(field).focus();
        self.harness.step();
        self.harness.get_by_label_contains(field).type_text(text);
        self.harness.step();
        self.settle();
    }

    /// Draws frames until another thread has written `path`.
    pub fn wait_for_file(&mut self, path: &Path) -> Vec<u8> {
        self.wait("the file", |_| path.exists());
        std::fs::read(path).unwrap()
    }

    pub fn keys(&mut self, modifiers: egui::Modifiers, key: egui::Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run_steps(2);
    }
}

/// Settings kept in `folder`; the tour was seen.
fn known(folder: &Path) -> Settings {
    let mut settings = Settings::in_folder(folder);
    settings.toured = true;
    settings
}

pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}
