//! `record`: what a model does with a text, to be opened elsewhere without the model.

use super::Usage;
use super::args::DtypeArg;
use super::common::{check_ramp, covered, ending, may_write, open_to_run, progress, say};
use super::record_args::{RecordArgs, VectorsArg};
use crate::chart::thousands;
use crate::checkpoint::Dtype;
use crate::engine::corpus::{Corpus, Shard, TextFile, TextKind};
use crate::engine::run_file::{
    RecordOptions, RecordProgress, Recording, TextContent, TextToRecord, Vectors,
};
use crate::engine::run_page::{RunPage, RunPageError, packed_at_most};
use crate::model::Cancel;
use crate::shown::shown_path;
use crate::text::{self, Coverage};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};

/// A file from this size on is announced before it is written, in bytes.
const LARGE: u64 = 256_000_000;

pub(super) fn run(args: &RecordArgs) -> Result<()> {
    let is_page = ending(&args.output, &["safetensors", "html"])? == "html";
    if args.web.is_some() && !is_page {
        let said =
            "--web is for a page; give the output a name that ends in .html, or leave it out";
        return Err(Usage(said.into()).into());
    }
    // Before the model runs: without it there is no page.
    let page = match is_page {
        true => Some(window(args.web.as_deref())?),
        false => None,
    };
    let read = args.text.iter().chain(&args.ids).map(PathBuf::as_path);
    let reads: Vec<Option<&Path>> = [Some(args.model.as_path()), args.common.vocab.as_deref()]
        .into_iter()
        .chain(read.map(Some))
        .collect();
    may_write(&args.output, args.force, &reads)?;
    if !args.what_if.wish(&args.common).is_empty() {
        let said = "a recorded run shows a model as it is: leave --window, --span, --keep-first, --drop-first, --ablate and \
                    --ablate-mlp out; eval, attention, effective-spans, persistent, figure, generate and shot know them";
        return Err(Usage(said.into()).into());
    }
    let quiet = args.common.quiet;
    let model = open_to_run(&args.model, &args.common)?;
    if model.recorded.is_some() {
        return Err(Usage(format!(
            "{}: this is a recorded run already; pass the model that it was recorded from",
            shown_path(&args.model)
        ))
        .into());
    }
    check_ramp(&model, &args.common)?;
    check_vectors(args.vectors, model.network.architecture().persistent())?;
    let options = RecordOptions {
        dtype: Some(match args.dtype {
            DtypeArg::F32 => Dtype::F32,
            DtypeArg::F16 => Dtype::F16,
            DtypeArg::Bf16 => Dtype::BF16,
        }),
        tokens: args.tokens.clone(),
        vectors: args.vectors.map(|vectors| vectors.0).unwrap_or_default(),
    };
    let recording = Recording::new(&model, texts(args)?, &options)?;
    let header = recording.header();
    for text in &header.texts {
        let coverage = Coverage::counted(text.tokens + text.unknown, text.unknown);
        covered(&coverage, &text.name, &args.common)?;
    }
    let page = match page {
        Some(page) => {
            RunPage::check(recording.bytes()).map_err(|error| Usage(error.to_string()))?;
            Some(page.with_fonts(recording.texts())?)
        }
        None => None,
    };
    if !quiet {
        if let Some(page) = &page {
            say(format_args!(
                "the page will take {} for the window and at most {} for the run; --tokens A..B or --dtype f16 make it smaller",
                size(page.bytes()),
                size(packed_at_most(recording.bytes()))
            ));
        } else if recording.bytes() >= LARGE {
            say(format_args!(
                "the run file will take {}; --tokens A..B or --dtype f16 make it smaller",
                size(recording.bytes())
            ));
        }
        let architecture = model.network.architecture();
        let all = architecture.nb_layers() * architecture.nb_heads() * architecture.persistent();
        if header.vectors < all && args.vectors.is_none() {
            say(format_args!(
                "what persistent vectors promote is kept of the {} per head that are used most; --vectors all keeps it of all",
                thousands(header.vectors / (architecture.nb_layers() * architecture.nb_heads()))
            ));
        }
    }
    let tokens = progress(recording.tokens(), quiet);
    let vectors = of_vectors(header.vectors, quiet);
    let mut report = |done: RecordProgress| match done {
        RecordProgress::Tokens(n) => tokens.inc(n as u64),
        RecordProgress::Vectors(n) => {
            tokens.finish_and_clear();
            vectors.inc(n as u64);
        }
    };
    match &page {
        None => recording.write(&args.output, &Cancel::default(), &mut report)?,
        Some(page) => {
            let folder = tempfile::tempdir().context("there is no room for temporary files")?;
            let name = args.output.with_extension("safetensors");
            let name = name.file_name().unwrap_or("run.safetensors".as_ref());
            let (run, name) = (folder.path().join(name), name.to_string_lossy());
            recording.write(&run, &Cancel::default(), &mut report)?;
            page.write(&run, &name, &args.output, &Cancel::default())?;
        }
    }
    tokens.finish_and_clear();
    vectors.finish_and_clear();
    if !quiet {
        let bytes = std::fs::metadata(&args.output).map_or(recording.bytes(), |meta| meta.len());
        say(format_args!(
            "wrote {} ({})",
            shown_path(&args.output),
            size(bytes)
        ));
    }
    Ok(())
}

/// The page in the folder that was named, or where the program's own is.
fn window(folder: Option<&Path>) -> Result<RunPage> {
    let found = match folder {
        Some(folder) => RunPage::find(&[folder.to_owned()]),
        None => RunPage::find(&RunPage::own_folders()),
    };
    found.map_err(|error| match error {
        RunPageError::NoWindow { .. } => anyhow::anyhow!("{error}; then pass --web FOLDER"),
        error => error.into(),
    })
}

/// Refuses more persistent vectors than the `there` of every head.
fn check_vectors(asked: Option<VectorsArg>, there: usize) -> Result<(), Usage> {
    match asked {
        Some(VectorsArg(Vectors::Most(n))) if n > there => Err(Usage(format!(
            "--vectors {n}: the model has {there} persistent vectors per head; ask for so many at most, or for all"
        ))),
        _ => Ok(()),
    }
}

/// The texts, then the lists of ids, as they were named; those of folders by name.
fn texts(args: &RecordArgs) -> Result<Vec<TextToRecord>> {
    let shard = args.shard.unwrap_or(Shard::ALL);
    let (texts, ids) = (
        files(&args.text, TextKind::of_texts(args.common.any_text))?,
        files(&args.ids, TextKind::Ids)?,
    );
    let count = texts.len();
    let mut all = Vec::new();
    for (_, file) in (0..).zip(texts).filter(|(i, _)| shard.takes(*i)) {
        let content = file.read()?;
        if content.is_empty() {
            anyhow::bail!("{}: the text is empty", crate::shown::shown(&file.name));
        }
        all.push(TextToRecord {
            name: file.name,
            content: TextContent::Text(content),
        });
    }
    for (_, file) in (count..).zip(ids).filter(|(i, _)| shard.takes(*i)) {
        let ids = text::read_ids(&file.path).with_context(|| file.name.clone())?;
        all.push(TextToRecord {
            name: file.name,
            content: TextContent::Ids(ids),
        });
    }
    if all.is_empty() && args.shard.is_some() {
        anyhow::bail!("shard {shard}: there is no text for it; use fewer shards");
    }
    Ok(all)
}

/// The files at `paths`, with those in folders.
fn files(paths: &[PathBuf], kind: TextKind) -> Result<Vec<TextFile>> {
    let mut all = Vec::new();
    for path in paths {
        let corpus = Corpus::find(std::slice::from_ref(path), kind)?;
        all.extend_from_slice(corpus.texts());
    }
    Ok(all)
}

/// A bar on stderr for the vectors whose promoted tokens are sought.
fn of_vectors(count: usize, quiet: bool) -> ProgressBar {
    let bar = match quiet || count == 0 {
        true => ProgressBar::hidden(),
        false => ProgressBar::new(count as u64),
    };
    match ProgressStyle::with_template("{bar:32} {human_pos}/{human_len} persistent vectors") {
        Ok(style) => bar.with_style(style),
        // The plain bar does as well.
        Err(_) => bar,
    }
}

/// A size for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} KB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
