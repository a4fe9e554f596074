//! Files made to do harm: each is refused in words, soon, and without the memory that it asks for; or it opens and can be
//! looked at. docs/reliability.md says what is covered.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod build;
mod compute;
mod every;
mod headers;
mod legacy;
mod measured;
mod model;
mod numbers;
mod pickle;
mod replay;
mod safetensors;
mod stored;
mod text;
mod words;
mod zip;

use std::path::{Path, PathBuf};

/// A file in the tests' data.
fn data(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}
