//! A desktop: the standard library's own.

/// True where work may have a thread of its own and wait on it.
pub const HAS_THREADS: bool = true;

/// The memory that a mapped file lies in.
pub use memmap2::Mmap as FileMap;
/// Memory of the system's own pages.
pub use memmap2::MmapMut as Pages;

/// The number of this process.
pub fn process_id() -> u32 {
    std::process::id()
}

/// Zeroed memory, in large pages where the system has them; `None` where it has no more to map.
pub fn pages(bytes: usize) -> Option<Pages> {
    let map = Pages::map_anon(bytes).ok()?;
    #[cfg(target_os = "linux")]
    if map.advise(memmap2::Advice::HugePage).is_err() {
        // A system without large pages: small ones do.
    }
    Some(map)
}

/// Files.
pub mod fs {
    use crate::platform::Fetched;
    use std::path::Path;

    pub use std::fs::*;

    /// True if something is there.
    pub fn exists(path: &Path) -> bool {
        path.exists()
    }

    /// True if a file is there.
    pub fn is_file(path: &Path) -> bool {
        path.is_file()
    }

    /// True if a folder is there.
    pub fn is_dir(path: &Path) -> bool {
        path.is_dir()
    }

    /// Nothing is fetched from elsewhere.
    pub fn ask(_: &Path) {}

    /// Nothing is looked for elsewhere.
    pub fn fetched(_: &Path) -> Fetched {
        Fetched::Here
    }
}

/// Clocks.
pub mod time {
    pub use std::time::{Instant, SystemTime, UNIX_EPOCH};
}

/// Threads.
pub mod thread {
    use crate::platform::Turn;

    pub use std::thread::{Builder, JoinHandle, sleep};

    /// Nothing: what would take turns has a thread here.
    pub fn each_turn(_: impl FnMut() -> Turn + 'static) {}
}
