//! Many texts: options of the commands that measure all heads, and how they get their numbers.

use super::Usage;
use super::args::{Common, at_least_one};
use super::common::{ending, may_write, open_to_run, progress, say, tell_unknown};
use crate::chart::thousands;
use crate::engine::Model;
use crate::engine::corpus::{Corpus, Measure, Progress, Shard, TextKind, TextRecord};
use crate::engine::figures::texts_table;
use crate::engine::sums_file::SumsFile;
use crate::model::Cancel;
use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Most texts at the same time.
const MOST_JOBS: usize = 1024;

/// What to measure, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Texts")]
pub(super) struct TextsArgs {
    /// Text to run on (plain, .zip or .gz), or a folder with texts; several times for several
    #[arg(long, value_name = "FILE|FOLDER", conflicts_with = "ids")]
    pub text: Vec<PathBuf>,
    /// Token ids to run on, as a JSON list, or a folder with .json files: needs no vocabulary
    #[arg(long, value_name = "FILE.json|FOLDER")]
    pub ids: Vec<PathBuf>,
    /// Texts at the same time; the threads are shared out among them. Faster where texts are short
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = jobs)]
    pub jobs: usize,
    /// Measure every N-th text only, from the I-th on (I from 1 to N), and write the sums with -o FILE.safetensors, for
    /// `spanscope merge`
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Leave out texts that cannot be read or hold no token that the model knows, instead of giving up
    #[arg(long)]
    pub skip_bad: bool,
    /// Measure as well what the soft masks take away and how even the weights are: takes twice the time
    #[arg(long)]
    pub removed: bool,
    /// Write a table of the texts: bytes, tokens, bits per token and per byte
    #[arg(long, value_name = "FILE.csv")]
    pub per_text: Option<PathBuf>,
}

/// Where results go.
pub(super) struct Output<'a> {
    /// The file that was asked for.
    pub path: Option<&'a Path>,
    /// The endings that the command knows beside those of sums.
    pub endings: &'a [&'static str],
    /// Whether files that are there are replaced.
    pub force: bool,
}

impl Output<'_> {
    /// The ending of the file, checked before anything is computed.
    fn ending(&self) -> Result<Option<&'static str>> {
        let Some(path) = self.path else {
            return Ok(None);
        };
        let all = [self.endings, &["safetensors"]].concat();
        let found = ending(path, &all)?;
        may_write(path, self.force)?;
        Ok(Some(found))
    }
}

/// What was measured, and the form of the file that it shall be written to, if that is not done yet.
pub(super) struct Measured {
    pub file: SumsFile,
    pub format: Option<&'static str>,
}

/// Gets the sums: from the file `model` if it is one of sums, else by running the model there over the texts. Sums are
/// written, if that is asked for, and the table of texts.
pub(super) fn obtain(
    model: &Path,
    common: &Common,
    texts: &TextsArgs,
    output: &Output<'_>,
) -> Result<Measured> {
    let format = output.ending()?;
    if let Some(path) = &texts.per_text {
        ending(path, &["csv"])?;
        may_write(path, output.force)?;
    }
    let file = match SumsFile::is_at(model) {
        true => stored(model, common, texts)?,
        false => measure(model, common, texts, format)?,
    };
    if let Some(path) = &texts.per_text {
        let csv = texts_table(&file).csv()?;
        crate::chart::write_file(path, csv.as_bytes())?;
        wrote(path, common.quiet);
    }
    // Whoever asks for a shard knows.
    let tells = !common.quiet && texts.shard.is_none();
    for missing in file.missing().iter().filter(|_| tells) {
        say(format_args!("not measured: shards {missing}"));
    }
    let Some(path) = output.path.filter(|_| format == Some("safetensors")) else {
        return Ok(Measured { file, format });
    };
    file.write(path)?;
    wrote(path, common.quiet);
    Ok(Measured { file, format: None })
}

/// Says that a file was written.
pub(super) fn wrote(path: &Path, quiet: bool) {
    if !quiet {
        say(format_args!("wrote {}", path.display()));
    }
}

fn stored(path: &Path, common: &Common, texts: &TextsArgs) -> Result<SumsFile> {
    let given = [
        ("--text", !texts.text.is_empty()),
        ("--ids", !texts.ids.is_empty()),
        ("--shard", texts.shard.is_some()),
        ("--removed", texts.removed),
        ("--vocab", common.vocab.is_some()),
        ("--ramp", common.ramp.is_some()),
    ];
    if let Some((option, _)) = given.iter().find(|(_, is_given)| *is_given) {
        return Err(Usage(format!(
            "{}: a file of sums, for which {option} means nothing: what was measured is in it",
            path.display()
        ))
        .into());
    }
    Ok(SumsFile::read(path)?)
}

fn measure(
    path: &Path,
    common: &Common,
    texts: &TextsArgs,
    format: Option<&'static str>,
) -> Result<SumsFile> {
    let (paths, kind) = match (texts.text.as_slice(), texts.ids.as_slice()) {
        ([], []) => {
            let how = "pass --text FILE or --ids FILE.json, or a file of sums instead of the model";
            return Err(Usage(how.into()).into());
        }
        ([], ids) => (ids, TextKind::Ids),
        (text, _) => (text, TextKind::Text),
    };
    if texts.shard.is_some() && format != Some("safetensors") {
        let how = "--shard measures a part of the texts: write its sums with -o FILE.safetensors, and join them with `spanscope merge`";
        return Err(Usage(how.into()).into());
    }
    let model = open_to_run(path, common)?;
    let corpus = Corpus::find(paths, kind)?;
    let shard = texts.shard.unwrap_or(Shard::ALL);
    let chosen = corpus.shard(shard);
    if chosen.is_empty() && !common.quiet {
        say(format_args!(
            "shard {shard} of {} texts has none; its sums are all zero",
            thousands(corpus.texts().len())
        ));
    }
    let file = run(&model, &corpus, shard, texts, common.quiet)?;
    if file.header.texts.is_empty() && texts.shard.is_none() {
        anyhow::bail!("there is no text left to measure: all were left out");
    }
    tell(&file.header.texts, common.quiet);
    Ok(file)
}

/// Runs the model over a shard's texts, with a bar on stderr.
fn run(
    model: &Model,
    corpus: &Corpus,
    shard: Shard,
    texts: &TextsArgs,
    quiet: bool,
) -> Result<SumsFile> {
    let bar = progress(0, quiet);
    let done = AtomicUsize::new(0);
    let total = AtomicUsize::new(0);
    let seen = |event: Progress<'_>| match event {
        Progress::LeftOut(text) if !quiet => bar.suspend(|| {
            say(format_args!("left out {}: {}", text.name, text.why));
        }),
        Progress::LeftOut(_) => {}
        Progress::Prepared { texts, tokens } => {
            total.store(texts, Ordering::Relaxed);
            begin(&bar, texts, tokens);
        }
        Progress::Ran(tokens) => bar.inc(tokens as u64),
        Progress::Done(_) => {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            bar.set_message(format!("{done}/{} texts", total.load(Ordering::Relaxed)));
        }
    };
    let measured = Measure {
        model,
        jobs: texts.jobs,
        skip_bad: texts.skip_bad,
        removed: texts.removed,
        cancel: &Cancel::default(),
        progress: &seen,
        keep: None,
    }
    .run(&corpus.shard(shard));
    bar.finish_and_clear();
    Ok(SumsFile::new(model, corpus, shard, measured?)?)
}

/// The bar from here on counts tokens that were run over.
fn begin(bar: &ProgressBar, texts: usize, tokens: u64) {
    bar.set_length(tokens);
    bar.reset();
    if texts > 1 {
        let form = "{bar:32} {human_pos}/{human_len} tokens, {msg}, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style);
        }
        bar.set_message(format!("0/{texts} texts"));
    }
}

/// Says what was left out of texts.
fn tell(texts: &[TextRecord], quiet: bool) {
    let with: Vec<&TextRecord> = texts.iter().filter(|text| text.unknown > 0).collect();
    match with.as_slice() {
        _ if quiet => {}
        [] => {}
        [text] => tell_unknown(text.unknown as usize, &text.name),
        several => say(format_args!(
            "{} pieces of {} texts are not in the vocabulary and were left out",
            thousands(several.iter().map(|text| text.unknown as usize).sum()),
            thousands(several.len())
        )),
    }
}

fn jobs(text: &str) -> Result<usize, String> {
    match at_least_one(text) {
        Ok(n) if n <= MOST_JOBS => Ok(n),
        _ => Err(format!("expected a whole number from 1 to {MOST_JOBS}")),
    }
}
