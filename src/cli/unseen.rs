//! What went wrong, for whoever sees no console: on Windows, where `spanscope-window.exe` (`crates/spanscope-windows`) opened the
//! window.

/// True if nobody sees what is printed.
pub(super) fn is_unseen() -> bool {
    cfg!(windows) && std::env::var_os("SPANSCOPE_UNSEEN").is_some()
}

/// Shows words in a dialog of the system, where nobody would see them printed.
pub(super) fn tell(words: &str) {
    if is_unseen() {
        let dialog = rfd::MessageDialog::new()
            .set_level(rfd::MessageLevel::Error)
            .set_title("spanscope")
            .set_description(words);
        dialog.show();
    }
}
