//! The window.
//!
//! It never computes: it draws the engine's last snapshot, says what is wanted, and is woken when there is more.

pub mod app;
mod commands;
pub mod dialogs;
mod disk;
#[cfg_attr(not(feature = "desktop"), path = "display_of_page.rs")]
pub mod display;
mod document;
mod export;
pub mod language;
mod session;
mod shell;
#[cfg(feature = "desktop")]
mod shot;
mod start;
mod theme;
#[cfg_attr(not(feature = "desktop"), path = "user_folders_in_page.rs")]
pub mod user_folders;
mod views;
mod widgets;
#[cfg(feature = "desktop")]
mod window;

pub use app::Choices;
pub use language::Language;
pub use session::settings;
#[cfg(feature = "desktop")]
pub use shot::{Shot, ShotError, shot};
pub use start::Start;
pub use theme::take_fonts;
pub use views::Pane;
#[cfg(feature = "desktop")]
pub use window::{WindowError, run};

#[cfg(feature = "desktop")]
/// Reads the bytes of a session file, and makes of it what a window that opens would.
pub(crate) fn session_survives(bytes: &[u8]) {
    let session::Stored { session, text, .. } = session::Stored::parse(bytes).unwrap_or_default();
    if let Some(layout) = &session.layout {
        let _ = shell::layout::Layout::of(&layout.tree());
    }
    if let Some(selected) = &session.selected {
        let _ = selected.tokens();
    }
    let _: views::Views = session::tolerant(&session.views);
    if let Some(text) = &text {
        let stored = session.stored(text, true).unwrap_or_default();
        let again = session::Stored::parse(&stored);
        assert_eq!(again.and_then(|again| again.text).as_ref(), Some(text));
    }
}
