//! The window.
//!
//! It never computes: it draws the engine's last snapshot, says what is wanted, and is woken when there is more.

pub mod app;
mod commands;
pub mod dialogs;
mod disk;
mod document;
mod export;
pub mod language;
pub mod offscreen;
mod session;
mod shell;
mod shot;
mod start;
mod text_field;
mod theme;
mod views;
mod widgets;
mod window;

pub use app::Choices;
pub use language::Language;
pub use session::settings;
pub use shot::{Shot, ShotError, shot};
pub use start::Start;
pub use views::Pane;
pub use window::{WindowError, run};

/// Reads the bytes of a session file, and makes of it what a window that opens would.
pub(crate) fn session_survives(bytes: &[u8]) {
    let (session, text) = session::Session::parse(bytes);
    if let Some(layout) = &session.layout {
        let _ = shell::layout::Layout::of(&layout.tree());
    }
    if let Some(selected) = &session.selected {
        let _ = selected.tokens();
    }
    let _: views::Views = session::tolerant(&session.views);
    if let Some(text) = &text {
        let stored = session.stored(text).unwrap_or_default();
        assert_eq!(session::Session::parse(&stored).1.as_ref(), Some(text));
    }
}
