//! What opening a file takes: memory, by an allocator that counts, and time.

use spanscope::checkpoint::Checkpoint;
use spanscope::engine::LoadedModel;
use spanscope::model::Network;
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a refused file may take beyond its own size, in bytes.
pub const ALLOWED: usize = 64 << 20;

/// A file that takes longer hangs. Each takes a small part of a second, but a debug build on a busy machine is slow.
const HANGS: Duration = Duration::from_secs(5);

/// The system's allocator, with the bytes in use and the most that there ever were.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn add(bytes: usize) {
    let now = NOW.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(now, Relaxed);
}

// SAFETY: every call goes to the system's allocator as it is; beside it, numbers are added up.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // For a moment both may be there.
        add(size);
        NOW.fetch_sub(layout.size(), Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Every test holds this from its first line on: what others allocate meanwhile would be counted as its own.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `work` gives, and the most memory that it took at any time, in bytes.
///
/// # Panics
/// When it panics, or takes so long that it hangs.
pub fn measured<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> (T, usize) {
    // What is made once for all files, the threads among it, belongs to none.
    rayon::join(|| (), || ());
    let (send, receive) = channel();
    let thread = std::thread::spawn(move || {
        let before = NOW.load(Relaxed);
        PEAK.store(before, Relaxed);
        let done = work();
        let peak = PEAK.load(Relaxed) - before;
        let _ = send.send((done, peak));
    });
    match receive.recv_timeout(HANGS) {
        Ok(done) => done,
        Err(RecvTimeoutError::Timeout) => panic!("not done after {HANGS:?}"),
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!(),
        },
    }
}

/// Opens `bytes` as a file called `name`, weights included: what the error says. Asserts that it took little memory.
pub fn refusal(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let to_open = path.clone();
    let (refused, peak) = measured(move || read_all(&to_open).err());
    println!(
        "{name}: {} bytes, {peak} bytes of memory, {refused:?}",
        bytes.len()
    );
    assert!(
        peak < ALLOWED + bytes.len(),
        "{name}: {peak} bytes of memory"
    );
    let refused = refused.unwrap_or_else(|| panic!("{name} opens"));
    assert!(refused.contains(name), "which file? {refused}");
    assert!(refused.len() < 1500, "a message of {} bytes", refused.len());
    refused
}

/// As [`refusal`]; asserts that the error has all these parts.
pub fn refused(name: &str, bytes: &[u8], parts: &[&str]) {
    let message = refusal(name, bytes);
    for part in parts {
        assert!(message.contains(part), "no {part:?} in: {message}");
    }
}

/// Opens a file as the window does and, where it is no model, as far as it is one.
fn read_all(path: &Path) -> Result<(), String> {
    let words = |error: &dyn std::error::Error| error.to_string();
    let checkpoint = Checkpoint::open(path).map_err(|e| words(&e))?;
    for name in checkpoint.names() {
        checkpoint.read(name).map_err(|e| words(&e))?;
    }
    Network::outline(&checkpoint, None).map_err(|e| words(&e))?;
    LoadedModel::open(path, None, None).map_err(|e| words(&e))?;
    Ok(())
}
