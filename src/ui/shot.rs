//! A picture of the window, made without a display or a graphics driver.

use crate::engine::Snapshot;
use crate::platform::thread;
use crate::platform::time::Instant;
use crate::ui::Start;
use crate::ui::app::{App, Choices};
use crate::ui::dialogs::Backend;
use crate::ui::language::Language;
use crate::ui::session::settings::{Settings, ThemeChoice};
use crate::ui::shell::ground;
use crate::ui::views::Pane;
use eframe::egui;
use egui_offscreen::{MAX_SIDE, Offscreen};
use std::time::Duration;

/// Longest time that the model may take to run over the text.
const PATIENCE: Duration = Duration::from_secs(600);

/// Frames drawn once everything is known: layouts and animations need a few to come to rest.
const REST: usize = 12;

/// The content of the picture.
#[derive(Debug, Clone)]
pub struct Shot {
    /// The model and text that the window opens with.
    pub start: Start,
    /// Size in points.
    pub size: (u32, u32),
    /// Pixels per point.
    pub scale: f32,
    /// Dark or light.
    pub dark: bool,
    /// The language of the window.
    pub language: Language,
    /// The view to bring to the front.
    pub view: Option<Pane>,
    /// True if the picture is of that view alone.
    pub alone: bool,
    /// The selection.
    pub choices: Choices,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ShotError {
    /// The model or the text could not be opened.
    #[error("{0}")]
    Failed(String),
    /// The picture would be larger than any that is drawn.
    #[error("{0}")]
    TooLarge(String),
    /// The run did not end.
    #[error("the model did not run over the text within {} minutes; pass a shorter text", PATIENCE.as_secs() / 60)]
    TooLong,
}

/// Opens the window in memory, waits until everything is drawn, and returns its picture.
///
/// # Errors
/// When the picture would be too large, the model or the text cannot be opened, or the run takes too long.
pub fn shot(shot: &Shot) -> Result<image::RgbaImage, ShotError> {
    size_is_possible(shot).map_err(ShotError::TooLarge)?;
    let ctx = egui::Context::default();
    let mut settings = Settings::transient();
    settings.theme = if shot.dark {
        ThemeChoice::Dark
    } else {
        ThemeChoice::Light
    };
    settings.language = shot.language;
    // A picture shows where things come to rest, and not how they get there.
    ctx.all_styles_mut(|style| style.animation_time = 0.0);
    let mut app = App::new(&ctx, &shot.start, settings, Backend::Window);
    let mut offscreen = Offscreen::default();
    let (mut placed, mut has_text, mut chosen) = (false, false, false);
    let begin = Instant::now();
    let mut calm = 0;
    loop {
        app.put_questions_aside();
        let mut output = ctx.run_ui(input(shot, begin), |ui| app.show(ui));
        offscreen.update(&output.textures_delta);
        output.textures_delta.clear();
        // The first frame lays the views out for the window's size.
        match shot.view.filter(|_| !std::mem::replace(&mut placed, true)) {
            Some(view) if shot.alone => app.show_alone(view),
            Some(view) => app.bring_up(view),
            None => {}
        }
        if let Some(failure) = &app.snapshot().failure {
            return Err(ShotError::Failed(failure.message.clone()));
        }
        if let Some(message) = app.complaint() {
            return Err(ShotError::Failed(message.to_owned()));
        }
        if !has_text && app.settled() {
            app.choose_text(&shot.choices).map_err(ShotError::Failed)?;
            has_text = true;
            continue;
        }
        if !chosen && app.settled() {
            // Opening a model selects a head of its own.
            app.choose(&shot.choices).map_err(ShotError::Failed)?;
            chosen = true;
            continue;
        }
        calm = if app.settled() { calm + 1 } else { 0 };
        if calm > REST {
            covered(shot, app.snapshot()).map_err(ShotError::Failed)?;
            let ground = ground::color(&ctx.global_style().visuals);
            return Ok(offscreen.render_on(ground, &ctx, &output));
        }
        if begin.elapsed() > PATIENCE {
            return Err(ShotError::TooLong);
        }
        thread::sleep(Duration::from_millis(4));
    }
}

/// Refuses a picture that would be cut to the largest.
fn size_is_possible(shot: &Shot) -> Result<(), String> {
    let (width, height) = shot.size;
    let pixels = |points: u32| (f64::from(points) * f64::from(shot.scale)).round();
    match pixels(width.max(height)) > f64::from(MAX_SIDE) {
        false => Ok(()),
        true => Err(format!(
            "--size {width}x{height} with --scale {} makes a picture of {} × {} pixels; a side can have {MAX_SIDE} at most: \
             choose a smaller size or scale",
            shot.scale,
            pixels(width),
            pixels(height)
        )),
    }
}

/// Refuses a text of which the vocabulary lacks much, unless any will do.
fn covered(shot: &Shot, snapshot: &Snapshot) -> Result<(), String> {
    let (Some(path), Some(model)) = (&shot.start.text, &snapshot.model) else {
        return Ok(());
    };
    if shot.start.any_text || model.vocabulary.is_none() {
        return Ok(());
    }
    let coverage = snapshot.tokens.coverage(model);
    let checked = coverage.check(&path.display().to_string());
    checked.map_err(|error| error.to_string())
}

fn input(shot: &Shot, begin: Instant) -> egui::RawInput {
    let size = egui::vec2(shot.size.0 as f32, shot.size.1 as f32);
    let mut input = egui::RawInput {
        screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, size)),
        time: Some(begin.elapsed().as_secs_f64()),
        ..egui::RawInput::default()
    };
    if let Some(viewport) = input.viewports.get_mut(&egui::ViewportId::ROOT) {
        viewport.native_pixels_per_point = Some(shot.scale);
    }
    input
}
