//! What Explorer starts on Windows: `spanscope.exe` beside it, without a console.
//!
//! On Windows a program either has a console, which pops up where it is not started from one, or has none, and then a command
//! line neither waits for it nor shows what it prints. `spanscope.exe` is a command line; this opens its window.

#![cfg_attr(windows, windows_subsystem = "windows")]
#![forbid(unsafe_code)]

use std::process::{Command, ExitCode};

/// Tells the program that nobody sees what it prints: see `src/cli/unseen.rs`.
const UNSEEN: &str = "SPANSCOPE_UNSEEN";

/// The system's word for a process whose console is never shown.
#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

fn main() -> ExitCode {
    let Ok(own) = std::env::current_exe() else {
        return ExitCode::FAILURE;
    };
    let name = format!("spanscope{}", std::env::consts::EXE_SUFFIX);
    let mut program = Command::new(own.with_file_name(name));
    program.args(std::env::args_os().skip(1)).env(UNSEEN, "1");
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(&mut program, CREATE_NO_WINDOW);
    // It opens by itself: this ends at once.
    match program.spawn() {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
