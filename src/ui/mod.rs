//! The window.
//!
//! It never computes: it draws the engine's last snapshot, says what is wanted, and is woken when there is more.

pub mod app;
mod bars;
mod command;
pub mod dialogs;
mod editor;
mod export;
mod model_facts;
pub mod offscreen;
pub mod settings;
mod state;
mod theme;
mod tiles;
mod toasts;
mod views;

use app::App;
use dialogs::Backend;
use eframe::egui;
use settings::Settings;
use std::path::PathBuf;

/// What the window opens with.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// A checkpoint; without one, the first bundled model.
    pub model: Option<PathBuf>,
    /// A text file; without one, the sample model's text.
    pub text: Option<PathBuf>,
    /// A vocabulary file for the model.
    pub vocab: Option<PathBuf>,
    /// The ramp R.
    pub ramp: Option<usize>,
    /// Threads to compute with.
    pub threads: Option<usize>,
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When no window can be opened: no display, or no graphics driver.
pub fn run(start: Start) -> Result<(), eframe::Error> {
    if let Some(threads) = start.threads {
        // Fails only if threads were set before, which the window does not do.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global();
    }
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("spanscope")
            .with_app_id("spanscope")
            .with_inner_size([1280.0, 800.0])
            .with_min_inner_size([640.0, 420.0])
            .with_drag_and_drop(true),
        ..eframe::NativeOptions::default()
    };
    eframe::run_native(
        "spanscope",
        options,
        Box::new(move |cc| {
            Ok(Box::new(App::new(
                &cc.egui_ctx,
                &start,
                Settings::load(),
                Backend::Desktop,
            )))
        }),
    )
}
