//! The window opened on a desktop, where it stood last.

use super::app::App;
use super::dialogs::Backend;
use super::display::{self, Display};
use super::session::folders;
use super::session::settings::Settings;
use super::shell::icon;
use super::start::Start;
use eframe::egui;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Why the window is not there.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// It could not open: no display, no graphics driver, or a system library is missing.
    #[error("{0}")]
    NoWindow(String),
    /// It was open, and a defect ended it.
    #[error("the window was closed by a defect: {0}")]
    Stopped(String),
}

/// The window, where it stood last.
fn viewport(settings: &Settings, start: &Start) -> egui::ViewportBuilder {
    let place = settings
        .folder_of_sessions()
        .map(|folder| folders::place(folder, start))
        .unwrap_or_default();
    let least = [640.0, 420.0];
    let size = place.size.filter(|(width, height)| {
        // What a damaged file might say.
        (least[0]..20_000.0).contains(width) && (least[1]..20_000.0).contains(height)
    });
    let mut builder = egui::ViewportBuilder::default()
        .with_title("spanscope")
        .with_app_id("spanscope")
        .with_inner_size(size.unwrap_or((1280.0, 800.0)))
        .with_clamp_size_to_monitor_size(true)
        .with_min_inner_size(least)
        // A window that was never placed fills the screen; see `shell::placing`.
        .with_maximized(place.maximized || size.is_none())
        .with_fullscreen(place.fullscreen)
        .with_drag_and_drop(true);
    if let Some(icon) = icon::icon() {
        builder = builder.with_icon(icon);
    }
    let near = |x: f32| (-20_000.0..20_000.0).contains(&x);
    if let Some((left, top)) = place
        .position
        .filter(|(left, top)| near(*left) && near(*top))
    {
        builder = builder.with_position([left, top]);
    }
    builder
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When no window can be opened, or a defect ends it.
pub fn run(start: Start) -> Result<(), WindowError> {
    let settings = Settings::load();
    let mut options = eframe::NativeOptions {
        viewport: viewport(&settings, &start),
        ..eframe::NativeOptions::default()
    };
    let display = Display::find();
    display::choose(&display, &mut options);
    let opened = Arc::new(AtomicBool::new(false));
    let is_open = Arc::clone(&opened);
    // Where a system library is missing, the windowing libraries panic. That is caught, and told in words instead.
    let hook = Arc::new(Mutex::new(Some(std::panic::take_hook())));
    std::panic::set_hook(Box::new(|_| {}));
    let restore = move || {
        let mut hook = hook.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hook) = hook.take() {
            std::panic::set_hook(hook);
        }
    };
    let heard = restore.clone();
    let create = move |cc: &eframe::CreationContext<'_>| {
        heard();
        is_open.store(true, Ordering::Relaxed);
        Ok(
            Box::new(App::new(&cc.egui_ctx, &start, settings, Backend::Desktop))
                as Box<dyn eframe::App>,
        )
    };
    let ended = catch_unwind(AssertUnwindSafe(|| {
        eframe::run_native("spanscope", options, Box::new(create))
    }));
    restore();
    let message = match ended {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(panic) => panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default(),
    };
    if opened.load(Ordering::Relaxed) {
        return Err(WindowError::Stopped(message));
    }
    // winit says where in its sources an error arose; what follows is for people.
    let message = message
        .split_once(".rs:")
        .map_or(message.as_str(), |(_, rest)| {
            rest.trim_start_matches(|c: char| c.is_ascii_digit())
                .trim_start_matches(": ")
        });
    let missing = ["xlib", "xkbcommon", "EGL", "libGL", "GLX", "glutin"];
    let hint = if cfg!(any(windows, target_os = "macos")) {
        " (it needs a graphics driver with OpenGL 2.0 or newer)"
    } else if missing.iter().any(|name| message.contains(name)) {
        " (on Debian and Ubuntu: apt install libgl1 libegl1 libgl1-mesa-dri libx11-xcb1 libxcursor1 libxi6 libxrandr2 libxkbcommon-x11-0)"
    } else {
        ""
    };
    let environment = display.hint().map(|hint| format!(" ({hint})"));
    let environment = environment.unwrap_or_default();
    Err(WindowError::NoWindow(format!(
        "{message}{hint}{environment}"
    )))
}
