//! What hours of use do: frames under random hands, and memory after many models.
//!
//! `cargo bench --bench endurance` runs 50 monkeys of 1,000 events each and opens 200 models in a row. Frames are counted as
//! in `benches/window.rs`: layout, painting commands and tessellation, without the graphics card. A panic ends it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../tests/common/monkey.rs"]
mod monkey;

use eframe::egui::{self, vec2};
use monkey::{Act, Monkey};
use spanscope::ui::app::App;
use spanscope::ui::dialogs::Backend;
use spanscope::ui::settings::Settings;
use spanscope::ui::{Pane, Start};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SEEDS: u64 = 50;
const EVENTS: usize = 1000;

/// Models opened before memory is counted for the first time, and after.
const WARM: usize = 40;
const MODELS: usize = 200;

fn main() {
    // Whatever a monkey writes, it writes here.
    let folder = tempfile::tempdir().unwrap();
    std::env::set_current_dir(&folder).unwrap();
    monkeys();
    many_models();
}

fn monkeys() {
    let mut frames = Vec::with_capacity(SEEDS as usize * EVENTS);
    let mut worst = (Duration::ZERO, 0, 0);
    for seed in 0..SEEDS {
        let models = models();
        let mut window = Window::open(&models[seed as usize % models.len()]);
        let mut monkey = Monkey::new(seed);
        for event in 0..EVENTS {
            let took = match monkey.act() {
                Act::Events(events) => window.frame(events),
                Act::Resize(size) => {
                    window.size = size;
                    window.frame(Vec::new())
                }
            };
            if took > worst.0 {
                worst = (took, seed, event);
            }
            frames.push(took);
        }
    }
    frames.sort();
    let ms = |share: f64| {
        let i = ((frames.len() - 1) as f64 * share) as usize;
        frames[i].as_secs_f64() * 1e3
    };
    let over = frames.iter().filter(|t| t.as_millis() >= 100).count();
    println!("{SEEDS} monkeys × {EVENTS} events: no panic");
    println!(
        "milliseconds per frame: median {:.2}, 99 % {:.2}, 99.99 % {:.2}, most {:.2} (seed {}, event {}); {over} frames of 100 and more",
        ms(0.5),
        ms(0.99),
        ms(0.9999),
        ms(1.0),
        worst.1,
        worst.2
    );
}

fn many_models() {
    let models = models();
    let mut window = Window::open(&models[0]);
    window.rest();
    let mut first = 0;
    let mut series = Vec::new();
    for i in 0..WARM + MODELS {
        window.drop_file(&models[(i + 1) % models.len()]);
        let closing = egui::Event::Key {
            key: egui::Key::Escape,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: egui::Modifiers::NONE,
        };
        window.frame(vec![closing]);
        window.rest();
        if i + 1 == WARM {
            first = resident();
        }
        if (i + 1) % WARM == 0 {
            series.push(format!("{:.1}", resident() as f64 / 1e6));
        }
    }
    println!(
        "{MODELS} models in a row, after {WARM}: resident memory, MB, every {WARM}: {}; growth {:+.1} %",
        series.join(" "),
        (resident() as f64 / first as f64 - 1.0) * 100.0
    );
}

/// The bundled models, and small ones of every kind.
fn models() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let of = |folder: &str, ending: &str| {
        let mut files: Vec<PathBuf> = std::fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == ending))
            .collect();
        files.sort();
        files
    };
    let mut models = of("sample_models", "safetensors");
    models.extend(of("tests/data", "pt"));
    models
}

/// Bytes that the process holds in memory; 0 where the system does not say.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
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

struct Window {
    ctx: egui::Context,
    app: App,
    size: egui::Vec2,
}

impl Window {
    fn open(model: &Path) -> Self {
        let ctx = egui::Context::default();
        let start = Start {
            model: Some(model.to_owned()),
            ..Start::default()
        };
        let app = App::new(&ctx, &start, Settings::transient(), Backend::Window);
        let size = vec2(1280.0, 800.0);
        Self { ctx, app, size }
    }

    /// Draws frames until everything is known and drawn, every view once.
    fn rest(&mut self) {
        for view in Pane::ALL {
            self.app.bring_up(view);
            self.frame(Vec::new());
        }
        let mut calm = 0;
        while calm < 5 {
            self.frame(Vec::new());
            calm = if self.app.settled() { calm + 1 } else { 0 };
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn drop_file(&mut self, path: &Path) {
        self.run(egui::RawInput {
            dropped_files: vec![Arc::new(Dropped(path.to_owned()))],
            ..egui::RawInput::default()
        });
    }

    fn frame(&mut self, events: Vec<egui::Event>) -> Duration {
        self.run(egui::RawInput {
            events,
            ..egui::RawInput::default()
        })
    }

    fn run(&mut self, input: egui::RawInput) -> Duration {
        let input = egui::RawInput {
            screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, self.size)),
            ..input
        };
        let start = Instant::now();
        let mut output = self.ctx.run_ui(input, |ui| self.app.show(ui));
        let shapes = std::mem::take(&mut output.shapes);
        let triangles = self.ctx.tessellate(shapes, output.pixels_per_point);
        let took = start.elapsed();
        std::hint::black_box(triangles);
        output.textures_delta.clear();
        took
    }
}
