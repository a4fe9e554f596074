//! Signals that ask the program to end: Ctrl-C, and what closing a terminal or shutting down sends.

use crate::files;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The actions to take when a signal comes.
#[derive(Default)]
struct Wishes {
    /// Set instead of ending the program, the first time.
    flag: Option<Arc<AtomicBool>>,
    /// Folders that only this program needs.
    folders: Vec<PathBuf>,
}

static WISHES: Mutex<Option<Wishes>> = Mutex::new(None);

fn wishes() -> MutexGuard<'static, Option<Wishes>> {
    WISHES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sees to it that a program ended by a signal leaves no unfinished file behind. Signals that are ignored, as `nohup` and a
/// shell's `&` have it, stay ignored. Where signals cannot be caught they end the program all the same.
#[cfg(unix)]
pub(super) fn listen() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let ignored = ignored();
    let signals = [SIGHUP, SIGINT, SIGTERM];
    let signals = signals.into_iter().filter(|n| ignored >> (n - 1) & 1 == 0);
    let Ok(mut signals) = signal_hook::iterator::Signals::new(signals) else {
        return;
    };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if !is_put_off() {
                clean();
                // As if it had not been caught, so that a shell sees what ended the program.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
                std::process::exit(128 + signal);
            }
        }
    });
}

/// As above, where there is only Ctrl-C and its kind.
#[cfg(not(unix))]
pub(super) fn listen() {
    let _ = ctrlc::set_handler(|| {
        if !is_put_off() {
            clean();
            std::process::exit(130);
        }
    });
}

/// The signals that this process was started to ignore, a bit each; as far as the system tells.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

/// True if somebody ends the program by themselves once they see the flag; only the first time.
fn is_put_off() -> bool {
    let wishes = wishes();
    let flag = wishes.as_ref().and_then(|wishes| wishes.flag.as_ref());
    flag.is_some_and(|flag| !flag.swap(true, Ordering::Relaxed))
}

/// Removes what only this program needs.
fn clean() {
    files::remove_unfinished();
    for folder in wishes().take().unwrap_or_default().folders {
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// From now on the first signal sets the flag that is returned, and only a second one ends the program at once.
pub(super) fn flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    wishes().get_or_insert_default().flag = Some(Arc::clone(&flag));
    flag
}

/// Removes `folder`, too, when a signal ends the program.
pub(super) fn removes(folder: PathBuf) {
    wishes().get_or_insert_default().folders.push(folder);
}
