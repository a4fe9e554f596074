//! The core through its public face. `cargo test -p spanscope-core --test library lens::` runs the tests of one subject.
#![allow(clippy::unwrap_used, missing_docs)]

mod alike;
mod causal;
mod families;
mod lens;
mod measured;
mod measures;
mod memory_places;
mod neurons;
mod sequential;
mod stored_weights;
mod what_if;
mod written;
