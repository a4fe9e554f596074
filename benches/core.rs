//! The speed and memory figures: the table of `spanscope bench`.
//!
//! `cargo bench --bench core`, with the options of the command after `--`, such as `-- --size small --quick`. The
//! processes that the cases run in are this program again.
#![allow(missing_docs)]

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    // cargo adds `--bench`; a case is started with the command's name.
    let given = std::env::args_os().skip(1);
    let options = given.filter(|arg| arg != "--bench" && arg != "bench");
    let command = ["spanscope", "bench"].map(OsString::from);
    spanscope::cli::main_from(command.into_iter().chain(options).collect())
}
