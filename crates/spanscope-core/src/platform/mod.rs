//! The system that the program runs on: its files, its clocks, its threads.
//!
//! On a desktop all of it is the standard library's own. A page in a browser (`web`) has no disk, one thread, and a clock of another
//! kind: files lie in memory, and the work of threads is done a piece at a time between two frames. Both sides have the same
//! names, so that whoever uses them does not ask where it runs; [`HAS_THREADS`] is for the few loops that wait.

#[cfg(any(test, target_arch = "wasm32"))]
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, unused_imports))]
mod memory_files;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
pub use native::*;
#[cfg(target_arch = "wasm32")]
pub use web::*;

/// The outcome of a turn of work that has no thread of its own ([`thread::each_turn`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// There is more to do.
    More,
    /// There is nothing to do until something changes, or a frame was drawn.
    Rest,
    /// The work is done for good.
    Over,
}

/// The state of a file that is not part of the program ([`fs::fetched`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It is there, or will not be looked for elsewhere.
    Here,
    /// It is on its way.
    Coming,
    /// It did not come, and why.
    Failed(String),
}
