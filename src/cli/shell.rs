//! The files that packages install beside the program: completions for shells and manual pages.

use super::commands::Cli;
use crate::shown::shown_path;
use anyhow::{Context, Result};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::Write;
use std::path::PathBuf;

/// `completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `man`.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Folder for spanscope.1 and a page for every command; made where it is not there
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// Writes the script that completes commands and options.
pub(super) fn completions(args: &CompletionsArgs, out: &mut impl Write) -> Result<()> {
    // The generator panics where a pipe is closed.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "spanscope", &mut script);
    out.write_all(&script)?;
    Ok(())
}

/// Writes the manual pages.
pub(super) fn man(args: &ManArgs) -> Result<()> {
    let folder = &args.folder;
    let named = || shown_path(folder);
    std::fs::create_dir_all(folder).with_context(named)?;
    clap_mangen::generate_to(Cli::command(), folder).with_context(named)
}
