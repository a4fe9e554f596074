//! Many texts: how the commands that measure all heads get their numbers.

use super::Usage;
use super::args::Common;
use super::common::{ending, may_write, open_to_run, prepare, progress, say, tell_unknown};
use super::measure_args::TextsArgs;
use super::what_if::{WhatIfArgs, open_changed};
use crate::analysis::examples::{ExampleMeasure, ExampleSearch, Memories, MemoryChoice, MemoryId};
use crate::analysis::usual_sink_free;
use crate::chart::thousands;
use crate::checkpoint::{Checkpoint, Dtype};
use crate::engine::LoadedModel;
use crate::engine::corpus::{
    Corpus, Measure, Progress, RecordedSums, Shard, TextKind, TextRecord, recorded_sums,
};
use crate::engine::figures::texts_table;
use crate::engine::run_file::{self, RunFile};
use crate::engine::sums_file::{self, CorpusRecord, SumsFile, missing_words};
use crate::model::{Cancel, Device};
use crate::shown::shown_path;
use crate::text::Control;
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The destination of results.
pub(super) struct Output<'a> {
    /// The file that was asked for.
    pub path: Option<&'a Path>,
    /// The endings that the command knows beside those of sums.
    pub endings: &'a [&'static str],
    /// True if files that are there are replaced.
    pub force: bool,
    /// The places that are looked for, if any.
    pub examples: Option<Wanted>,
}

/// Places that are looked for.
#[derive(Clone)]
pub(super) struct Wanted {
    /// The number that those of heads are chosen by.
    pub by: ExampleMeasure,
    /// How many of the largest values.
    pub top: usize,
    /// Neurons and persistent vectors that they are looked for of as well.
    pub memories: Vec<MemoryChoice>,
}

impl Wanted {
    /// The same, of a model.
    fn of(&self, model: &LoadedModel) -> Result<ExampleSearch> {
        let network = &model.network;
        let memories = Memories::new(network.architecture(), &self.memories);
        let memories = memories.map_err(Usage)?;
        let is_neuron = |id: &MemoryId| matches!(id, MemoryId::Neuron(_));
        if network.device() != Device::Cpu && memories.ids.iter().any(is_neuron) {
            let how = "places of neurons are looked for on the CPU only: leave --device out";
            return Err(Usage(how.into()).into());
        }
        Ok(ExampleSearch {
            measure: self.by,
            top: self.top,
            memories: Arc::new(memories),
        })
    }
}

impl Output<'_> {
    /// The ending of the file, checked before anything is computed.
    fn ending(&self, reads: &[Option<&Path>]) -> Result<Option<&'static str>> {
        let Some(path) = self.path else {
            return Ok(None);
        };
        let all = [self.endings, &["safetensors"]].concat();
        let found = ending(path, &all)?;
        may_write(path, self.force, reads)?;
        Ok(Some(found))
    }
}

/// The sums that were measured, and the form of the file that they shall be written to, if that is not done yet.
pub(super) struct Measured {
    pub file: SumsFile,
    pub format: Option<&'static str>,
}

/// Gets the sums: from the file `model` if it is one of sums or a recorded run, else by running the model there over the
/// texts. Sums are written, if that is asked for, and the table of texts.
pub(super) fn obtain(
    model: &Path,
    (common, what_if): (&Common, &WhatIfArgs),
    texts: &TextsArgs,
    output: &Output<'_>,
) -> Result<Measured> {
    let read = texts.text.iter().chain(&texts.ids).map(PathBuf::as_path);
    let reads: Vec<Option<&Path>> = [Some(model), common.vocab.as_deref()]
        .into_iter()
        .chain(read.map(Some))
        .collect();
    let format = output.ending(&reads)?;
    if let Some(path) = &texts.per_text {
        ending(path, &["csv"])?;
        may_write(path, output.force, &reads)?;
        if output.path == Some(path) {
            let said = format!("{}: given for both -o and --per-text", shown_path(path));
            return Err(Usage(said).into());
        }
    }
    let file = match kind(model) {
        Some(Stored::Sums) => {
            prepare(common)?;
            alone(model, "a file of sums", (common, what_if), texts)?;
            SumsFile::read(model)?
        }
        Some(Stored::Run) => {
            alone(model, "a recorded run", (common, what_if), texts)?;
            let is_exact = format == Some("safetensors");
            let run = open_to_run(model, common)?;
            replayed(&run, (texts.index, texts.sink_free), is_exact, common.quiet)?
        }
        None => measure(
            model,
            (common, what_if),
            texts,
            (format, output.examples.as_ref()),
        )?,
    };
    if let Some(path) = &texts.per_text {
        let csv = texts_table(&file).csv()?;
        crate::chart::write_file(path, csv.as_bytes())?;
        wrote(path, common.quiet);
    }
    // Whoever asks for a shard knows.
    let tells = !common.quiet && texts.shard.is_none();
    for missing in missing_words(&file.missing()).iter().filter(|_| tells) {
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
        say(format_args!("wrote {}", shown_path(path)));
    }
}

/// The kinds of file that need no texts.
pub(super) enum Stored {
    Sums,
    Run,
}

/// The kind of results in a file; `None` for models, and for what cannot be read, which is told when it is opened.
pub(super) fn kind(path: &Path) -> Option<Stored> {
    let file = Checkpoint::open(path).ok()?;
    let has = |key: &str| file.metadata().contains_key(key);
    match (has(sums_file::HEADER), has(run_file::KEY)) {
        (true, _) => Some(Stored::Sums),
        (_, true) => Some(Stored::Run),
        _ => None,
    }
}

/// Refuses options that mean nothing beside what is stored in a file.
fn alone(
    path: &Path,
    what: &str,
    (common, what_if): (&Common, &WhatIfArgs),
    texts: &TextsArgs,
) -> Result<()> {
    let given = [
        ("--text", !texts.text.is_empty()),
        ("--ids", !texts.ids.is_empty()),
        ("--control", !texts.control.is_empty()),
        ("--shard", texts.shard.is_some()),
        ("--jobs", texts.jobs > 1),
        ("--skip-bad", texts.skip_bad),
        ("--removed", texts.removed),
        (
            "--sink-free",
            texts.sink_free.is_some() && what.ends_with("sums"),
        ),
        ("--vocab", common.vocab.is_some()),
        ("--ramp", common.ramp.is_some()),
        ("--window", !what_if.window.is_empty()),
        ("--span", !what_if.span.is_empty()),
        ("--keep-first", what_if.keep_first.is_some()),
        ("--drop-first", what_if.drop_first.is_some()),
        ("--ablate", !what_if.ablate.is_empty()),
        ("--ablate-mlp", !what_if.ablate_mlp.is_empty()),
        ("--index", texts.index.is_some() && what.ends_with("sums")),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((option, _)) => Err(Usage(format!(
            "{}: {what}, for which {option} means nothing: what was measured is in it",
            shown_path(path)
        ))
        .into()),
        None => Ok(()),
    }
}

/// The sums of the texts of a recorded run, or of the one at `index`. With `is_exact`, what would not be what the model
/// itself gives is refused; else parts of texts are measured as well as can be.
pub(super) fn replayed(
    model: &LoadedModel,
    (index, sink_free): (Option<usize>, Option<usize>),
    is_exact: bool,
    quiet: bool,
) -> Result<SumsFile> {
    let file: &Arc<RunFile> = model.recorded.as_ref().context("no recorded run")?;
    let dtype = file.header().dtype;
    if is_exact && dtype != Dtype::F32 {
        anyhow::bail!(
            "{}: queries and keys were recorded as {}, from which sums would not be exact: record it with --dtype f32",
            shown_path(&model.path),
            dtype.name()
        );
    }
    let bar = progress(0, quiet);
    let seen = |event: Progress<'_>| match event {
        Progress::Prepared { tokens, .. } => begin(&bar, 1, tokens),
        Progress::Ran(tokens) => bar.inc(tokens as u64),
        _ => {}
    };
    let left_out = sink_free.unwrap_or_else(|| usual_sink_free(&model.network));
    let found = recorded_sums(model, file, index, left_out, &Cancel::default(), &seen);
    bar.finish_and_clear();
    let RecordedSums { sums, parts } = found?;
    for (name, kept) in &parts {
        let (first, last) = (kept.start, kept.end.saturating_sub(1));
        if is_exact {
            anyhow::bail!(
                "{name}: only the tokens {first} to {last} were recorded, and sums are of whole texts: record it without --tokens"
            );
        }
        if !quiet {
            say(format_args!(
                "{name}: means over the tokens {first} to {last}, whose weights were recorded"
            ));
        }
    }
    let names = sums.texts.iter().map(|text| text.name.as_str());
    let corpus = CorpusRecord::of_names(names.collect());
    Ok(SumsFile::new(model, corpus, sums)?)
}

fn measure(
    path: &Path,
    (common, what_if): (&Common, &WhatIfArgs),
    texts: &TextsArgs,
    (format, examples): (Option<&'static str>, Option<&Wanted>),
) -> Result<SumsFile> {
    if texts.shard.is_some() && format != Some("safetensors") {
        let how = "--shard measures a part of the texts: write its sums with -o FILE.safetensors, and join them with `spanscope merge`";
        return Err(Usage(how.into()).into());
    }
    if texts.index.is_some() {
        let how = "--index is for recorded runs with several texts; leave it out";
        return Err(Usage(how.into()).into());
    }
    let model = open_changed(path, common, what_if)?;
    let examples = examples.map(|wanted| wanted.of(&model)).transpose()?;
    let corpus = corpus(texts, common)?;
    let shard = texts.shard.unwrap_or(Shard::ALL);
    let chosen = corpus.shard(shard);
    if chosen.is_empty() && !common.quiet {
        say(format_args!(
            "shard {shard} of {} texts has none; its sums are all zero",
            thousands(corpus.texts().len())
        ));
    }
    let file = run(&model, &corpus, shard, (texts, examples), common.quiet)?;
    if file.header.texts.is_empty() && texts.shard.is_none() {
        anyhow::bail!("there is no text left to measure: all were left out");
    }
    tell(&file.header.texts, common.quiet);
    Ok(file)
}

/// The texts that were named, or made.
fn corpus(texts: &TextsArgs, common: &Common) -> Result<Corpus> {
    let (paths, kind) = match (texts.text.as_slice(), texts.ids.as_slice()) {
        ([], []) => return controls(&texts.control),
        ([], ids) => (ids, TextKind::Ids),
        (text, _) => (text, TextKind::of_texts(common.any_text)),
    };
    let found = Corpus::find(paths, kind)?;
    match texts.control.as_slice() {
        [] => Ok(found),
        [control] if !control.is_text() => Ok(found.with_control(*control)),
        _ => Err(Usage(
            "--control with texts takes shuffled:SEED once; leave --text and --ids out for repeated:LENGTH:SEED"
                .into(),
        )
        .into()),
    }
}

/// Controls that are texts by themselves.
fn controls(controls: &[Control]) -> Result<Corpus> {
    if controls.is_empty() {
        let how = "pass --text FILE, --ids FILE.json or --control repeated:LENGTH:SEED, or a recorded run or a file of sums instead of the model";
        return Err(Usage(how.into()).into());
    }
    if let Some(control) = controls.iter().find(|control| !control.is_text()) {
        let how = format!(
            "--control {control}: it takes a text: pass --text FILE or --ids FILE.json as well"
        );
        return Err(Usage(how).into());
    }
    Ok(Corpus::of_controls(controls)?)
}

/// Runs the model over a shard's texts, with a bar on stderr.
fn run(
    model: &LoadedModel,
    corpus: &Corpus,
    shard: Shard,
    (texts, examples): (&TextsArgs, Option<ExampleSearch>),
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
        sink_free: texts
            .sink_free
            .unwrap_or_else(|| usual_sink_free(&model.network)),
        cancel: &Cancel::default(),
        progress: &seen,
        keep: None,
        examples,
    }
    .run(&corpus.shard(shard));
    bar.finish_and_clear();
    Ok(SumsFile::new(
        model,
        CorpusRecord::new(corpus, shard),
        measured?,
    )?)
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
            thousands(several.iter().fold(0, |sum: usize, text| {
                sum.saturating_add(text.unknown as usize)
            })),
            thousands(several.len())
        )),
    }
}
