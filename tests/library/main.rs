//! The libraries through their public faces, and the rules of the house: one program, for each program of tests is linked anew after an
//! edit. `cargo test --test library parity::` runs the tests of one subject.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod checkpoint;
mod device;
mod engine;
mod golden;
mod house;
mod opening;
mod parity;
mod plain;
mod plain_parity;
mod properties;
mod python;
mod run_file;
mod shards;
mod train;
