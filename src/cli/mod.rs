//! The command line: results on stdout, words for people on stderr; exit codes 0 done, 1 failed, 2 wrong usage, 130
//! stopped.

mod ablate;
mod args;
mod assumed;
mod attention;
mod bench;
mod commands;
mod common;
mod control;
mod convert;
mod demo;
mod effective_spans;
mod eval;
mod examples;
mod figure;
mod figure_args;
mod figure_check;
mod figure_heads;
mod figure_options;
mod generate;
mod heads;
mod info;
mod info_layers;
mod interrupt;
mod lens;
mod measure_args;
mod merge;
mod models;
mod neurons;
mod on_text;
mod persistent;
mod ranges;
mod reach;
mod record;
mod record_args;
mod recorded;
mod screen;
mod shell;
mod shot;
mod shot_args;
mod spans;
mod texts;
mod train;
mod train_args;
mod unseen;
mod usage;
mod what_if;
mod window;

use crate::model::tensor_error;
use crate::shown::{said, shown};
use anyhow::Result;
use clap::{CommandFactory, FromArgMatches};
use commands::{Cli, Command};
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use usage::{STOPPED, Stopped, Usage};

pub use figure_options::{FigureOptions, MadeFigure};

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    main_from(std::env::args_os().collect())
}

/// As [`main`], with a command line that begins with the program's name.
pub fn main_from(args: Vec<OsString>) -> ExitCode {
    ExitCode::from(code_of(args))
}

/// As [`main_from`], for a program that ends by its own means.
pub fn code_of(args: Vec<OsString>) -> u8 {
    let first = args.get(1).cloned().unwrap_or_default();
    let read = (commands::command().try_get_matches_from(args))
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match read {
        Ok(cli) => cli,
        Err(error) => return misread(&error, &first),
    };
    let error = match run(cli) {
        Ok(()) => return DONE,
        Err(error) => error,
    };
    // Whoever read the results has seen enough: `spanscope attention … | head`. Commands that have more to do than to print
    // say what is undone by themselves.
    if error.chain().any(is_broken_pipe) {
        return DONE;
    }
    // A bare system error comes from stdout: those of files are wrapped with their names.
    let what = match error.is::<std::io::Error>() {
        true => "stdout: ",
        false => "",
    };
    if error.is::<Stopped>() {
        common::say(format_args!("{error}"));
        return STOPPED;
    }
    let said = format!("error: {what}{}", chain(&error));
    unseen::tell(&said);
    match error.is::<Usage>() {
        true => {
            // Its words are ours, and may be several lines.
            let lines = said.lines().take(MOST_LINES);
            lines.for_each(|line| common::say(format_args!("{line}")));
            2
        }
        false => {
            common::say(format_args!("{said}"));
            FAILED
        }
    }
}

/// The exit codes of what is done, and of what failed.
const DONE: u8 = 0;
const FAILED: u8 = 1;

/// Most lines of a complaint about the command line.
const MOST_LINES: usize = 24;

/// Prints what is wrong with the command line, or the help asked for.
fn misread(error: &clap::Error, first: &OsStr) -> u8 {
    let word = first.to_string_lossy();
    let known = |name: &str| name == "help" || Cli::command().find_subcommand(name).is_some();
    // A command mistyped is taken for a file to open, and what follows it for the mistake.
    if error.use_stderr()
        && !word.is_empty()
        && !word.starts_with('-')
        && !known(&word)
        && !Path::new(first).exists()
    {
        common::say(format_args!(
            "error: \"{}\" is neither a command nor a file; `spanscope --help` lists the commands",
            shown(&word)
        ));
        return 2;
    }
    // An argument is repeated as it was given, however long and whatever is in it.
    let text = error.render().to_string();
    let printed = match error.use_stderr() && !text.lines().all(|line| said(line) == line) {
        true => {
            text.lines()
                .take(MOST_LINES)
                .for_each(|line| common::say(format_args!("{}", said(line))));
            Ok(())
        }
        false => error
            .print()
            .and_then(|()| screen::Screen::of_process().flush()),
    };
    match printed {
        // Of what goes to stderr nothing more can be told.
        Err(failed) if !error.use_stderr() => match failed.kind() {
            std::io::ErrorKind::BrokenPipe => DONE,
            _ => {
                common::say(format_args!("error: stdout: {failed}"));
                FAILED
            }
        },
        _ => u8::try_from(error.exit_code()).unwrap_or(2),
    }
}

fn run(mut cli: Cli) -> Result<()> {
    interrupt::listen();
    models::resolve(&mut cli)?;
    let Some(command) = cli.command else {
        return window::run(&cli.window);
    };
    let out = &mut screen::Screen::of_process();
    match command {
        Command::Info(args) => info::run(&args, out),
        Command::Spans(args) => spans::run(&args, out),
        Command::Eval(args) => eval::run(&args, out),
        Command::Attention(args) => attention::run(&args, out),
        Command::Persistent(args) => persistent::run(&args, out),
        Command::EffectiveSpans(args) => effective_spans::run(&args, out),
        Command::Heads(args) => heads::run(&args, out),
        Command::Examples(args) => examples::run(&args, out),
        Command::Reach(args) => reach::run(&args, out),
        Command::Merge(args) => merge::run(&args),
        Command::Figure(args) => figure::run(&args),
        Command::Record(args) => record::run(&args),
        Command::Lens(args) => lens::run(&args, out),
        Command::Neurons(args) => neurons::run(&args, out),
        Command::Ablate(args) => ablate::run(&args, out),
        Command::Generate(args) => generate::run(&args, out),
        Command::Convert(args) => convert::run(&args),
        Command::Shot(args) => shot::run(&args),
        Command::Train(args) => train::run(&args, out),
        Command::Bench(args) => bench::run(&args, out),
        Command::Completions(args) => shell::completions(&args, out),
        Command::Man(args) => shell::man(&args),
    }?;
    // What is still buffered fails silently otherwise, on a full disk for example.
    out.flush()?;
    Ok(())
}

fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause
        .downcast_ref::<std::io::Error>()
        .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

/// The error with its causes, leaving out those that a message already repeats.
fn chain(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    // The tensor library's errors carry the places in its code where `RUST_BACKTRACE` is set.
    let words = |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref() {
        Some(error) => tensor_error(error),
        None => cause.to_string(),
    };
    for cause in error.chain().skip(1).map(words) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_places_in_the_code_are_told() {
        let error = candle_core::Error::WithBacktrace {
            inner: Box::new(candle_core::Error::Msg("no memory".into())),
            backtrace: Box::new(std::backtrace::Backtrace::force_capture()),
        };
        let said = chain(&crate::train::TrainError::Device(error).into());
        assert!(
            said.contains("no memory") && !said.contains("chain") && !said.contains("\\n"),
            "{said}"
        );
        assert!(!said.contains('\n'), "{said}");
    }

    #[test]
    fn causes_are_told_once() {
        let io = std::io::Error::new(std::io::ErrorKind::BrokenPipe, "gone");
        assert!(is_broken_pipe(&io));
        let error = anyhow::Error::new(io)
            .context("writing: gone")
            .context("x.csv");
        assert_eq!(chain(&error), "x.csv: writing: gone");
        assert!(error.chain().any(is_broken_pipe));
        assert!(anyhow::Error::new(Usage("no".into())).is::<Usage>());
    }
}
