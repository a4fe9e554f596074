//! What a frame costs: layout and painting commands, with tessellation, without the graphics card.
//!
//! `cargo bench --bench window`. At 60 frames a second a frame has 16.7 ms.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use eframe::egui;
use spanscope::engine::SAMPLES;
use spanscope::ui::Start;
use spanscope::ui::app::App;
use spanscope::ui::dialogs::Backend;
use spanscope::ui::settings::Settings;
use std::io::Write;
use std::time::{Duration, Instant};

fn main() {
    println!(
        "{:<58} {:>9} {:>9} {:>9}",
        "milliseconds per frame", "median", "least", "most"
    );
    for length in [1_110, 20_000, 150_000] {
        let text: String = SAMPLES[0].text.chars().cycle().take(length).collect();
        let mut file = tempfile::Builder::new().suffix(".txt").tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let ctx = egui::Context::default();
        let start = Start {
            text: Some(file.path().to_owned()),
            ..Start::default()
        };
        let mut app = App::new(&ctx, &start, Settings::transient(), Backend::Window);
        while !app.settled() {
            frame(&ctx, &mut app, Vec::new());
            std::thread::sleep(Duration::from_millis(5));
        }
        row(&format!("at rest, {length} tokens"), || {
            frame(&ctx, &mut app, Vec::new())
        });
        // Ctrl+wheel over the heatmap, out and in again.
        let over = egui::Event::PointerMoved(egui::pos2(1000.0, 300.0));
        let mut n = 0;
        row(&format!("zooming the heatmap, {length} tokens"), || {
            n += 1;
            let zoom = egui::Event::Zoom(if n % 40 < 20 { 0.9 } else { 1.11 });
            frame(&ctx, &mut app, vec![over.clone(), zoom])
        });
        let mut side = 0.0;
        row(&format!("resizing the window, {length} tokens"), || {
            side += 1.0;
            sized(&ctx, &mut app, Vec::new(), egui::vec2(1280.0 + side, 800.0))
        });
    }
}

fn frame(ctx: &egui::Context, app: &mut App, events: Vec<egui::Event>) -> Duration {
    sized(ctx, app, events, egui::vec2(1280.0, 800.0))
}

fn sized(
    ctx: &egui::Context,
    app: &mut App,
    events: Vec<egui::Event>,
    size: egui::Vec2,
) -> Duration {
    let input = egui::RawInput {
        screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, size)),
        events,
        ..egui::RawInput::default()
    };
    let start = Instant::now();
    let mut output = ctx.run_ui(input, |ui| app.show(ui));
    let triangles = ctx.tessellate(std::mem::take(&mut output.shapes), output.pixels_per_point);
    let took = start.elapsed();
    std::hint::black_box(triangles);
    output.textures_delta.clear();
    took
}

fn row(name: &str, mut once: impl FnMut() -> Duration) {
    let mut all: Vec<f64> = (0..120).map(|_| once().as_secs_f64() * 1e3).collect();
    all.sort_by(f64::total_cmp);
    let (median, least, most) = (all[60], all[0], all[119]);
    println!("{name:<58} {median:>9.1} {least:>9.1} {most:>9.1}");
}
