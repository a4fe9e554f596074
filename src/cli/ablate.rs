//! `ablate`: every head ablated in turn, and what the text costs without it.

use super::args::{Common, Input, MODEL};
use super::common::{ending, may_write, name, read, reads, say};
use super::figure_args::StyleArgs;
use super::what_if::{WhatIfArgs, open_changed};
use crate::analysis::{Ablation, ablate_each};
use crate::chart::{Format, thousands};
use crate::engine::figures::ablation;
use crate::model::{Cancel, ModelError};
use crate::shown::shown_path;
use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

/// `ablate`.
#[derive(Debug, Args)]
pub(super) struct AblateArgs {
    /// The model.
    #[arg(help = MODEL)]
    pub model: PathBuf,
    #[command(flatten)]
    pub input: Input,
    /// Write the ranking (.csv, .json), or draw it (.svg, .pdf, .png)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub style: StyleArgs,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

pub(super) fn run(args: &AblateArgs, out: &mut impl Write) -> Result<()> {
    if let Some(path) = &args.output {
        ending(path, Format::EXTENSIONS)?;
        let reads = reads(&args.model, &args.input, &args.common);
        may_write(path, args.force, &reads)?;
    }
    let model = open_changed(&args.model, &args.common, &args.what_if)?;
    if model.recorded.is_some() {
        return Err(anyhow::Error::new(ModelError::Recorded).context(name(&args.model)));
    }
    let tokens = read(&model, &args.input, &args.common)?;
    let bar = runs(args.common.quiet);
    let told = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let found = ablate_each(&model.network, &tokens.ids, &Cancel::default(), &told)?;
    bar.finish_and_clear();
    let Some(found) = found else {
        anyhow::bail!(
            "{}: the text predicts nothing: it needs two tokens at least",
            tokens.source
        );
    };
    if let Some(path) = &args.output {
        let mut figure = ablation(&model, &found);
        if let Some(title) = &args.style.title {
            figure.title.clone_from(title);
        }
        args.style.write(&figure, path)?;
        if !args.common.quiet {
            say(format_args!("wrote {}", shown_path(path)));
        }
    }
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&as_json(&found))?)?;
    } else if args.output.is_none() {
        table(&found, model.network.edits().is_empty(), out)?;
    }
    Ok(())
}

/// A bar on stderr that counts runs over the text.
fn runs(quiet: bool) -> ProgressBar {
    let bar = match quiet {
        true => ProgressBar::hidden(),
        false => ProgressBar::new(1),
    };
    match ProgressStyle::with_template("{bar:32} {human_pos}/{human_len} runs, {eta} left") {
        Ok(style) => bar.with_style(style),
        // The plain bar does as well.
        Err(_) => bar,
    }
}

fn as_json(found: &Ablation) -> serde_json::Value {
    let heads = found.heads.iter().map(|head| {
        json!({
            "layer": head.id.layer,
            "head": head.id.head,
            "bits_per_token": head.bits,
            "change_bits": head.change,
        })
    });
    json!({
        "tokens": found.tokens,
        "bits_per_token": found.bits,
        "heads": heads.collect::<Vec<_>>(),
    })
}

fn table(found: &Ablation, unedited: bool, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(
        out,
        "{} tokens, {:.4} bits per token with {}",
        thousands(found.tokens),
        found.bits,
        match unedited {
            true => "all heads",
            false => "the edits",
        }
    )?;
    writeln!(out, "rank  head     bits per token   change")?;
    for (rank, head) in (1..).zip(&found.heads) {
        let (id, bits, change) = (head.id.to_string(), head.bits, head.change);
        writeln!(out, "{rank:>4}  {id:<8} {bits:>13.4}  {change:>+8.4}")?;
    }
    Ok(())
}
