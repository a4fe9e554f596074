//! Files that the reader of a page picks: the browser shows the dialog, and hands over what was picked.

use super::Purpose;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Who shows file dialogs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The browser.
    Desktop,
    /// The window itself, always.
    Window,
}

impl Backend {
    /// A browser always answers.
    pub fn probe(self) {}

    /// True if the browser can be asked.
    pub fn answers(self) -> bool {
        self == Self::Desktop
    }
}

/// A file that is asked for.
pub struct Pick {
    /// The endings that fit; others may be picked as well.
    pub endings: &'static [&'static str],
    /// Takes what was picked.
    pub done: Box<dyn FnOnce(Option<PathBuf>) + Send>,
}

static ASKED: Mutex<Option<Pick>> = Mutex::new(None);

/// The file that was asked for since the last call.
pub fn take() -> Option<Pick> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Has the browser ask; false for what is to be written, whose name is asked for in the window.
pub(super) fn ask(
    purpose: Purpose,
    _: Option<&Path>,
    _: &str,
    done: impl FnOnce(Option<PathBuf>) + Send + 'static,
) -> bool {
    if purpose.saves() {
        return false;
    }
    let (_, endings) = purpose.filter();
    let pick = Pick {
        endings,
        done: Box::new(done),
    };
    *ASKED.lock().unwrap_or_else(PoisonError::into_inner) = Some(pick);
    true
}
