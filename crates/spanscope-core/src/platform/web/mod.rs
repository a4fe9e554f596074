//! A page in a browser: files in memory, one thread, the page's clock.

mod turns;

/// True where work may have a thread of its own and wait on it.
pub const HAS_THREADS: bool = false;

/// The memory that a file lies in.
pub type FileMap = std::sync::Arc<Vec<u8>>;

/// Memory of the system's own pages: a page has none.
#[derive(Debug)]
pub enum Pages {}

impl std::ops::Deref for Pages {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match *self {}
    }
}

impl std::ops::DerefMut for Pages {
    fn deref_mut(&mut self) -> &mut [u8] {
        match *self {}
    }
}

/// A page has no number.
pub fn process_id() -> u32 {
    0
}

/// None: memory comes from the one allocator.
pub fn pages(_: usize) -> Option<Pages> {
    None
}

/// Files.
pub mod fs {
    pub use crate::platform::memory_files::*;
}

/// Clocks.
pub mod time {
    pub use web_time::{Instant, SystemTime, UNIX_EPOCH};
}

/// Work without threads.
pub mod thread {
    pub use super::turns::{Builder, JoinHandle, each_turn, sleep, work};
}
