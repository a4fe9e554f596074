//! The desktop's own file dialogs, and whether there are any.

use super::Purpose;
use crate::ui::language::tr;
use std::path::Path;
use std::sync::OnceLock;

/// Who shows file dialogs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The desktop, if it has something that answers.
    Desktop,
    /// The window itself, always.
    Window,
}

static DESKTOP: OnceLock<bool> = OnceLock::new();

impl Backend {
    /// Begins to find out whether the desktop answers, so that it is known when the first dialog is asked for.
    pub fn probe(self) {
        if self == Self::Desktop {
            // Without a thread it stays unknown, and the window's own field is used.
            let _ = std::thread::Builder::new()
                .name("dialog probe".into())
                .spawn(|| DESKTOP.get_or_init(desktop_answers));
        }
    }

    /// True if a native dialog can be shown.
    pub fn answers(self) -> bool {
        // Not known yet counts as no: the window must not wait for a desktop that hangs.
        self == Self::Desktop && DESKTOP.get().copied().unwrap_or(false)
    }
}

/// Shows the dialog and calls `done` with the answer, from another thread. False when that could not even begin.
pub(super) fn ask(
    purpose: Purpose,
    folder: Option<&Path>,
    name: &str,
    done: impl FnOnce(Option<std::path::PathBuf>) + Send + 'static,
) -> bool {
    let (kind, endings) = purpose.filter();
    let mut dialog = rfd::AsyncFileDialog::new().set_title(purpose.title());
    if let Some(folder) = folder {
        dialog = dialog.set_directory(folder);
    }
    if purpose.saves() {
        // One filter per ending: the desktop then proposes each format by name.
        for ending in endings {
            dialog = dialog.add_filter(ending.to_uppercase(), &[*ending]);
        }
        dialog = dialog.set_file_name(name);
    } else if !purpose.is_folder() {
        dialog = dialog
            .add_filter(kind, endings)
            .add_filter(tr("All files"), &["*"]);
    }
    // Some systems want the dialog made on the window's thread; the answer is awaited on another.
    let answer: std::pin::Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>> =
        if purpose.saves() {
            Box::pin(dialog.save_file())
        } else if purpose.is_folder() {
            Box::pin(dialog.pick_folder())
        } else {
            Box::pin(dialog.pick_file())
        };
    std::thread::Builder::new()
        .name("file dialog".into())
        .spawn(move || done(pollster::block_on(answer).map(|file| file.path().to_owned())))
        .is_ok()
}

/// On Windows and macOS the system always answers.
#[cfg(not(target_os = "linux"))]
fn desktop_answers() -> bool {
    true
}

/// On Linux either the desktop portal or zenity must.
#[cfg(target_os = "linux")]
fn desktop_answers() -> bool {
    (linux::libdbus() && linux::portal()) || linux::zenity()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    /// A desktop that hangs must not keep the window's own dialog from opening.
    const PATIENCE: Duration = Duration::from_millis(800);

    /// `rfd` speaks to the portal through this library, if it is there.
    pub fn libdbus() -> bool {
        let name = "libdbus-1.so.3";
        let mut folders: Vec<std::path::PathBuf> =
            ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"]
                .iter()
                .map(|folder| Path::new(folder).to_owned())
                .collect();
        for folder in folders.clone() {
            // Debian keeps libraries by architecture.
            folders.push(folder.join(format!("{}-linux-gnu", std::env::consts::ARCH)));
        }
        if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
            folders.extend(std::env::split_paths(&path));
        }
        folders.iter().any(|folder| folder.join(name).exists())
    }

    /// True if the portal's file chooser says its version.
    pub fn portal() -> bool {
        let ask = || -> zbus::Result<u32> {
            let bus = zbus::blocking::Connection::session()?;
            let chooser = zbus::blocking::Proxy::new(
                &bus,
                "org.freedesktop.portal.Desktop",
                "/org/freedesktop/portal/desktop",
                "org.freedesktop.portal.FileChooser",
            )?;
            chooser.get_property("version")
        };
        let (sender, receiver) = channel();
        let thread = std::thread::Builder::new()
            .name("portal probe".into())
            .spawn(move || sender.send(ask().is_ok()));
        thread.is_ok() && receiver.recv_timeout(PATIENCE).unwrap_or(false)
    }

    /// True if zenity is installed and starts.
    pub fn zenity() -> bool {
        Command::new("zenity")
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}
