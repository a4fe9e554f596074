//! Options of the commands, and those that all commands take.

use super::figure_args::StyleArgs;
use super::what_if::WhatIfArgs;
use crate::model::Device;
use crate::text::Control;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What the window opens with.
#[derive(Debug, Args)]
pub(super) struct WindowArgs {
    /// Model, folder of a training run, or recorded run to open in the window
    #[arg(value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Text to open in the window: plain, .zip or .gz
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// Memory for the text, in MB; of a longer one, weights are available around the selected token [default: 1000, or as
    /// set in the window]
    #[arg(long, value_name = "MB", value_parser = at_least_one)]
    pub memory: Option<usize>,
    /// The text of a recorded run to show, from 0 [default: the first, or the one shown last]
    #[arg(long, value_name = "J")]
    pub index: Option<usize>,
    #[command(flatten)]
    pub common: Common,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub(super) struct Common {
    /// The model's vocabulary: a train.txt, the raw corpus (plain, .zip or .gz), a list of tokens (JSON, or one a line) or
    /// a dict.txt of fairseq
    #[arg(long, value_name = "FILE")]
    pub vocab: Option<PathBuf>,
    /// Length R of the soft mask's ramp, which .pt files do not store [default: 32]
    #[arg(long, value_name = "R")]
    pub ramp: Option<crate::model::Ramp>,
    /// Take any file for a text, binary data included, and leave out what the vocabulary lacks however much it is; else
    /// such texts are refused
    #[arg(long)]
    pub any_text: bool,
    /// What a special token of the tokenizer is that is spelled in a text, such as <s>: that token, or text like any other
    /// [default: tokens, as the models' own libraries take it; the window: as set there]
    #[arg(long, value_enum, value_name = "AS")]
    pub special_tokens: Option<SpecialArg>,
    /// Threads to compute with [default: one per core]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Where to run the model; cuda and metal need a build with that feature
    #[arg(long, value_enum, value_name = "DEVICE", default_value_t = DeviceArg::Cpu)]
    pub device: DeviceArg,
    /// Print nothing but results and errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// What special tokens in a text are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SpecialArg {
    Tokens,
    Text,
}

impl Common {
    /// True if special tokens that are spelled in a text are tokens; `None` where nothing was said.
    pub fn special_tokens(&self) -> Option<bool> {
        self.special_tokens
            .map(|special| special == SpecialArg::Tokens)
    }
}

/// Where to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DeviceArg {
    Cpu,
    Cuda,
    Metal,
}

impl From<DeviceArg> for Device {
    fn from(device: DeviceArg) -> Self {
        match device {
            DeviceArg::Cpu => Self::Cpu,
            DeviceArg::Cuda => Self::Cuda,
            DeviceArg::Metal => Self::Metal,
        }
    }
}

/// What MODEL may be.
pub(super) const MODEL: &str = "Model: a .pt, .safetensors or .gguf file, a folder of Hugging Face, or a name in the local hub cache";

/// What MODEL may be where a recorded run will do.
pub(super) const MODEL_OR_RUN: &str = "Model: a .pt, .safetensors or .gguf file, a folder of Hugging Face, or a name in the local hub \
     cache; or a recorded run";

/// What to run a model on; a recorded run has its own text.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Input {
    /// Text to run on: plain, .zip or .gz
    #[arg(long, value_name = "FILE", conflicts_with = "ids")]
    pub text: Option<PathBuf>,
    /// Token ids to run on, as a JSON list: needs no vocabulary
    #[arg(long, value_name = "FILE.json")]
    pub ids: Option<PathBuf>,
    /// Run on a control: random tokens and the same again (repeated:LENGTH:SEED), or the text's words in random order
    /// (shuffled:SEED, with --text or --ids)
    #[arg(long, value_name = "CONTROL")]
    pub control: Option<Control>,
}

/// Number format of stored weights.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum DtypeArg {
    F32,
    F16,
    Bf16,
}

/// `info`.
#[derive(Debug, Args)]
pub(super) struct InfoArgs {
    /// The model.
    #[arg(help = MODEL_OR_RUN)]
    pub model: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub common: Common,
}

/// `spans`.
#[derive(Debug, Args)]
pub(super) struct SpansArgs {
    /// The model.
    #[arg(help = MODEL_OR_RUN)]
    pub model: PathBuf,
    /// Write the chart (.svg, .pdf, .png) or its numbers (.csv, .json)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
    /// Draw a linear instead of a logarithmic axis
    #[arg(long)]
    pub linear: bool,
    /// Heads of a layer by rising reach, as in the paper, instead of by index
    #[arg(long)]
    pub sort: bool,
    /// Draw the learned span z instead of the reach
    #[arg(long)]
    pub z: bool,
    /// Print JSON: a list of {layer, head, span, reach}
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub style: StyleArgs,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

/// `eval`.
#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    /// The model.
    #[arg(help = MODEL_OR_RUN)]
    pub model: PathBuf,
    #[command(flatten)]
    pub input: Input,
    /// Which text of a recorded run, from 0 [default: 0]
    #[arg(long, value_name = "J")]
    pub index: Option<usize>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Write what the model gives every token: `log_probs` (T × V), in nats, row t standing after token t. With
    /// adaptive output `nll` (T) instead, −log p of the token after t; the last one is not a number, since no token
    /// follows
    #[arg(long, value_name = "FILE.safetensors")]
    pub log_probs: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

/// `attention`.
#[derive(Debug, Args)]
pub(super) struct AttentionArgs {
    /// The model.
    #[arg(help = MODEL_OR_RUN)]
    pub model: PathBuf,
    #[command(flatten)]
    pub input: Input,
    /// Which text of a recorded run, from 0 [default: 0]
    #[arg(long, value_name = "J")]
    pub index: Option<usize>,
    /// Layer, from 0
    #[arg(long, value_name = "I")]
    pub layer: usize,
    /// Head, from 0
    #[arg(long, value_name = "J")]
    pub head: usize,
    /// Write query × key as .svg, .pdf, .png, .csv or .json, or query × distance as .safetensors [default: CSV on
    /// stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub style: StyleArgs,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

/// `generate`.
#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// The model.
    #[arg(help = MODEL)]
    pub model: PathBuf,
    /// Text to continue
    #[arg(long, value_name = "TEXT", required_unless_present = "ids")]
    pub prompt: Option<String>,
    /// Token ids to continue, as a JSON list
    #[arg(long, value_name = "FILE.json", conflicts_with = "prompt")]
    pub ids: Option<PathBuf>,
    /// Tokens to generate
    #[arg(short, value_name = "N", default_value_t = 200)]
    pub n: usize,
    /// Divides the log-probabilities; 0 takes the likeliest token
    #[arg(long, value_name = "T", default_value_t = 1.0, value_parser = temperature)]
    pub temperature: f32,
    /// Draw only from the likeliest tokens that together hold this probability
    #[arg(long, value_name = "P", default_value_t = 1.0, value_parser = top_p)]
    pub top_p: f32,
    /// End early, with the token that completes TEXT in what is generated
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub stop: Option<String>,
    /// The same seed gives the same text
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

/// `convert`.
#[derive(Debug, Args)]
pub(super) struct ConvertArgs {
    /// Checkpoint (.pt or .safetensors), folder of Hugging Face, GGUF file, or a model's name in the local hub cache
    #[arg(value_name = "IN")]
    pub model: PathBuf,
    /// File to write
    #[arg(value_name = "OUT.safetensors")]
    pub output: PathBuf,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
    /// Number format of the weights
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = DtypeArg::F32)]
    pub dtype: DtypeArg,
    /// Write quantised weights as the numbers that they stand for; else such models are refused
    #[arg(long)]
    pub dequantise: bool,
    #[command(flatten)]
    pub common: Common,
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number from 1".into()),
        Ok(n) => Ok(n),
    }
}

pub(super) fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 1..=1024) => Ok(n),
        _ => Err("expected a whole number from 1 to 1024".into()),
    }
}

fn temperature(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(t) if t >= 0.0 && t.is_finite() => Ok(t),
        _ => Err("expected a number from 0".into()),
    }
}

fn top_p(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(p) if p > 0.0 && p <= 1.0 => Ok(p),
        _ => Err("expected a number above 0 and at most 1".into()),
    }
}
