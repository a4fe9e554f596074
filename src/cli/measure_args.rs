//! Options of the commands that measure all heads, on one text or many.

use super::args::Common;
use super::figure_args::StyleArgs;
use super::ranges::whole;
use super::what_if::WhatIfArgs;
use crate::engine::corpus::Shard;
use crate::text::Control;
use clap::Args;
use std::path::PathBuf;

/// Most texts at the same time.
const MOST_JOBS: usize = 1024;

/// The texts to measure on, and the way to measure.
#[derive(Debug, Args)]
#[command(next_help_heading = "Texts")]
pub(super) struct TextsArgs {
    /// Text to run on (plain, .zip or .gz), or a folder with texts; several times for several
    #[arg(
        long,
        alias = "texts",
        value_name = "FILE|FOLDER",
        conflicts_with = "ids"
    )]
    pub text: Vec<PathBuf>,
    /// Token ids to run on, as a JSON list, or a folder with .json files: needs no vocabulary
    #[arg(long, value_name = "FILE.json|FOLDER")]
    pub ids: Vec<PathBuf>,
    /// Measure on a control: random tokens and the same again (repeated:LENGTH:SEED; several times for several), or each text's words
    /// in random order (shuffled:SEED, with --text or --ids)
    #[arg(long, value_name = "CONTROL")]
    pub control: Vec<Control>,
    /// Which text of a recorded run, from 0 [default: all of them]
    #[arg(long, value_name = "J")]
    pub index: Option<usize>,
    /// Texts at the same time; the threads are shared out among them. Can be faster where texts are short
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = jobs)]
    pub jobs: usize,
    /// Measure every N-th text only, from the I-th on (I from 1 to N), and write the sums with -o FILE.safetensors, for
    /// `spanscope merge`
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Leave out texts that cannot be read or hold no token that the model knows, instead of giving up
    #[arg(long)]
    pub skip_bad: bool,
    /// Leave the first K tokens out of sink-free spans (learned sinks are left out always); 0 leaves none out [default: 1; 0 for
    /// adaptive-span models, which have no sinks there]
    #[arg(long, value_name = "K")]
    pub sink_free: Option<usize>,
    /// Measure as well what the soft masks take away and how even the weights are: takes twice the time
    #[arg(long)]
    pub removed: bool,
    /// Write a table of the texts: bytes, tokens, bits per token and per byte
    #[arg(long, value_name = "FILE.csv")]
    pub per_text: Option<PathBuf>,
}

/// `persistent`.
#[derive(Debug, Args)]
pub(super) struct PersistentArgs {
    /// Model, as every command takes it; or a recorded run or a file of sums, which need no text
    pub model: PathBuf,
    /// Write the usage of every vector as a chart (.svg, .pdf, .png) or as numbers (.csv, .json), or the sums that all
    /// follows from (.safetensors)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
    /// Print JSON: a list of {layer, head, context, persistent, empty, effective_vectors, never_used, usage}
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub texts: TextsArgs,
    #[command(flatten)]
    pub style: StyleArgs,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

/// `effective-spans`.
#[derive(Debug, Args)]
pub(super) struct EffectiveSpansArgs {
    /// Model, as every command takes it; or a recorded run or a file of sums, which need no text
    pub model: PathBuf,
    /// Write the span chart with what the texts make of the spans (.svg, .pdf, .png), the numbers (.csv, .json), or the
    /// sums that all follows from (.safetensors)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
    /// Print JSON: {texts, tokens, bits_per_token, bits_per_byte, heads: [{layer, head, span, reach, effective_50, …}]}
    #[arg(long)]
    pub json: bool,
    /// Draw a linear instead of a logarithmic axis
    #[arg(long)]
    pub linear: bool,
    /// Draw the heads of a layer by rising reach, as in the paper, instead of by index
    #[arg(long)]
    pub sort: bool,
    #[command(flatten)]
    pub texts: TextsArgs,
    #[command(flatten)]
    pub style: StyleArgs,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

/// `merge`.
#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// Files of sums, or recorded runs, of one model and different texts
    #[arg(required = true, value_name = "SUMS.safetensors")]
    pub files: Vec<PathBuf>,
    /// File to write
    #[arg(short, long, value_name = "ALL.safetensors")]
    pub output: PathBuf,
    /// Put together what is there, though shards are missing
    #[arg(long)]
    pub partial: bool,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
    /// Print nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

fn jobs(text: &str) -> Result<usize, String> {
    whole(text, MOST_JOBS)
}
