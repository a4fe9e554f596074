//! `bench`: the speed and memory figures, on generated models.

use super::Usage;
use super::args::{Common, DeviceArg};
use super::common::{prepare, say};
use super::interrupt;
use super::ranges::whole;
use crate::bench::{Case, ModelFile, Row, Settings, Size, TOKENS, random, table};
use crate::shown::shown_path;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `bench`.
#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// Published model to generate
    #[arg(long, value_enum, value_name = "SIZE", default_value_t = SizeArg::Enwik8)]
    pub size: SizeArg,
    /// Length of the text; the long one has four times as many
    #[arg(long, value_name = "N", default_value_t = TOKENS, value_parser = tokens)]
    pub tokens: usize,
    /// Repetitions of a run, and at least as many of what is short [default: 7, with --quick 2]
    #[arg(long, value_name = "N", value_parser = repeat)]
    pub repeat: Option<usize>,
    /// Measure little, to see that everything works; no bars
    #[arg(long)]
    pub quick: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Run one case, in this process
    #[arg(long, hide = true, requires = "models", value_name = "NAME", value_parser = case)]
    pub case: Option<Case>,
    /// Folder of the case's models
    #[arg(long, hide = true, requires = "case", value_name = "FOLDER")]
    pub models: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// The sizes by name.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum SizeArg {
    /// 38M: 12 layers of 512
    Enwik8,
    /// 209M: 24 layers of 768
    Enwik8Large,
    /// 39M: 18 all-attention layers of 512, 1,024 persistent vectors per head
    Enwik8PersSmall,
    /// 6M: 8 layers of 256, S = 1024
    Small,
}

impl From<SizeArg> for Size {
    fn from(size: SizeArg) -> Self {
        match size {
            SizeArg::Enwik8 => Self::Enwik8,
            SizeArg::Enwik8Large => Self::Enwik8Large,
            SizeArg::Enwik8PersSmall => Self::Enwik8PersSmall,
            SizeArg::Small => Self::Small,
        }
    }
}

/// Longest text, in tokens: a longer one than any machine could hold would end the program.
const MOST_TOKENS: usize = 1 << 20;

/// Most repetitions.
const MOST_REPEATS: usize = 10_000;

fn tokens(text: &str) -> Result<usize, String> {
    whole(text, MOST_TOKENS)
}

fn repeat(text: &str) -> Result<usize, String> {
    whole(text, MOST_REPEATS)
}

fn case(text: &str) -> Result<Case, String> {
    let found = Case::ALL.into_iter().find(|case| case.name() == text);
    found.ok_or_else(|| format!("expected one of {}", Case::ALL.map(Case::name).join(", ")))
}

pub(super) fn run(args: &BenchArgs, out: &mut impl Write) -> Result<()> {
    if args.common.vocab.is_some() || args.common.ramp.is_some() {
        let text = "bench generates its models: leave --vocab and --ramp out";
        return Err(Usage(text.into()).into());
    }
    prepare(&args.common)?;
    if args.common.device != DeviceArg::Cpu {
        let text = "bench measures the CPU: leave --device out";
        return Err(Usage(text.into()).into());
    }
    let settings = Settings {
        size: args.size.into(),
        tokens: args.tokens,
        repeat: args.repeat.unwrap_or(if args.quick { 2 } else { 7 }),
        quick: args.quick,
    };
    if let (Some(case), Some(models)) = (args.case, &args.models) {
        end_with_parent();
        let rows = case.run(&settings, models)?;
        writeln!(out, "{}", serde_json::to_string(&rows)?)?;
        return Ok(());
    }
    let rows = measure(&settings, &args.common)?;
    report(&settings, &rows, args.json, out)
}

/// Ends this process when the one that started it ends, however: the pipe between them closes then.
fn end_with_parent() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(1);
    });
}

/// All cases, each in a process of its own, with models that are on disk only as long as they are needed.
fn measure(settings: &Settings, common: &Common) -> Result<Vec<Row>> {
    let folder = tempfile::Builder::new()
        .prefix("spanscope-bench-")
        .tempdir()
        .context("the folder for temporary files takes no models; set TMPDIR to another")?;
    interrupt::removes(folder.path().to_owned());
    let mut rows = Vec::new();
    let mut there: &[ModelFile] = &[];
    let cases = Case::ALL.into_iter().filter(|case| case.applies(settings));
    for (i, case) in cases.enumerate() {
        if there != case.models() {
            for model in there {
                let path = model.path(folder.path());
                std::fs::remove_file(&path).with_context(|| shown_path(&path))?;
            }
            there = case.models();
            tell(common, "generating what comes next");
            for model in there {
                model.write(settings, folder.path())?;
            }
        }
        tell(common, &format!("{}: {}", i + 1, case.name()));
        let mut all = apart(case, settings, common, folder.path())?;
        for _ in 1..case.processes(settings) {
            let more = apart(case, settings, common, folder.path())?;
            all = all
                .into_iter()
                .zip(&more)
                .map(|(row, more)| row.and(more))
                .collect();
        }
        rows.extend(all);
    }
    Ok(rows)
}

fn tell(common: &Common, what: &str) {
    if !common.quiet {
        say(format_args!("bench: {what}"));
    }
}

/// Runs a case in a process of its own; what that has to say on stderr is seen.
fn apart(case: Case, settings: &Settings, common: &Common, models: &Path) -> Result<Vec<Row>> {
    let program = std::env::current_exe().context("this program's own file is not known")?;
    let mut command = Command::new(program);
    command.args(["bench", "--case", case.name(), "--models"]);
    command.arg(models);
    command.args(["--size", settings.size.name()]);
    command.args(["--tokens", &settings.tokens.to_string()]);
    command.args(["--repeat", &settings.repeat.to_string()]);
    if settings.quick {
        command.arg("--quick");
    }
    if let Some(threads) = common.threads {
        command.args(["--threads", &threads.to_string()]);
        // The tensor library asks this how many parts to cut a product into.
        command.env("RAYON_NUM_THREADS", threads.to_string());
    }
    let failed = || format!("case {}: its process cannot be started", case.name());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut child = command.spawn().with_context(failed)?;
    // Held open until it is done: see `end_with_parent`.
    let stdin = child.stdin.take();
    let done = child.wait_with_output().with_context(failed)?;
    drop(stdin);
    if !done.status.success() {
        bail!(
            "case {}: its process ended with {}",
            case.name(),
            done.status
        );
    }
    serde_json::from_slice(&done.stdout)
        .with_context(|| format!("case {}: its process printed no rows", case.name()))
}

fn report(settings: &Settings, rows: &[Row], json: bool, out: &mut impl Write) -> Result<()> {
    let threads = rayon::current_num_threads();
    let parameters = random::parameters(&settings.size.config());
    if json {
        let report = serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "size": settings.size.name(),
            "parameters": parameters,
            "tokens": settings.tokens,
            "repeat": settings.repeat,
            "quick": settings.quick,
            "threads": threads,
            "rows": rows,
        });
        writeln!(out, "{report:#}")?;
        return Ok(());
    }
    writeln!(
        out,
        "spanscope {}: random model of the size of {} ({:.1}M parameters), {threads} {}",
        env!("CARGO_PKG_VERSION"),
        settings.size.name(),
        parameters as f64 / 1e6,
        if threads == 1 { "thread" } else { "threads" }
    )?;
    write!(out, "{}", table(rows))?;
    writeln!(
        out,
        "Medians where nothing else is said; quotients are of what ran in turns."
    )?;
    Ok(())
}
