//! A written file handed to the desktop: opened, or shown in its folder.

use crate::ui::language::trf;
use std::path::Path;
use std::process::{Command, Stdio};

/// The action that the desktop is to take on a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reveal {
    /// Open it with whatever opens such files.
    Open,
    /// Show it among its neighbours.
    InFolder,
}

/// Asks the desktop, and waits until it has begun: not for a thread that draws.
///
/// # Errors
/// When the desktop has nothing that does it; with words for the user.
pub fn reveal(path: &Path, how: Reveal) -> Result<(), String> {
    // What runs elsewhere starts in another folder.
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if how == Reveal::InFolder && file_manager(&whole) {
        return Ok(());
    }
    let said = |error: &dyn std::fmt::Display| {
        let path = path.display();
        trf("The desktop cannot show {0}: {1}", &[&path, error])
    };
    let status = command(&whole, how)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() || cfg!(windows) => Ok(()),
        Ok(status) => Err(said(&status)),
        Err(error) => Err(said(&error)),
    }
}

/// The program that does it on most desktops of the system.
#[cfg(not(any(windows, target_os = "macos")))]
fn command(path: &Path, how: Reveal) -> Command {
    let mut command = Command::new("xdg-open");
    command.arg(match (how, path.parent()) {
        (Reveal::InFolder, Some(folder)) => folder,
        _ => path,
    });
    command
}

#[cfg(target_os = "macos")]
fn command(path: &Path, how: Reveal) -> Command {
    let mut command = Command::new("open");
    if how == Reveal::InFolder {
        command.arg("-R");
    }
    command.arg(path);
    command
}

/// Explorer says 1 whether it did or not.
#[cfg(windows)]
fn command(path: &Path, how: Reveal) -> Command {
    let mut command = Command::new("explorer");
    match how {
        Reveal::Open => command.arg(path),
        Reveal::InFolder => command.arg("/select,").arg(path),
    };
    command
}

/// True if a file manager answered: unlike a program that opens folders, it marks the file.
#[cfg(target_os = "linux")]
fn file_manager(path: &Path) -> bool {
    let ask = || -> zbus::Result<()> {
        let bus = zbus::blocking::connection::Builder::session()?
            .method_timeout(std::time::Duration::from_secs(2))
            .build()?;
        let manager = zbus::blocking::Proxy::new(
            &bus,
            "org.freedesktop.FileManager1",
            "/org/freedesktop/FileManager1",
            "org.freedesktop.FileManager1",
        )?;
        manager.call("ShowItems", &(vec![address(path)], ""))
    };
    ask().is_ok()
}

#[cfg(not(target_os = "linux"))]
fn file_manager(_: &Path) -> bool {
    false
}

/// A file's `file://` address.
#[cfg(target_os = "linux")]
fn address(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    let mut address = String::from("file://");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                address.push(char::from(*byte));
            }
            // Writing to a string does not fail.
            byte => drop(write!(address, "%{byte:02X}")),
        }
    }
    address
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_any_name() {
        let path = Path::new("/tmp/a b/跨度#1.svg");
        assert_eq!(
            address(path),
            "file:///tmp/a%20b/%E8%B7%A8%E5%BA%A6%231.svg"
        );
    }
}
