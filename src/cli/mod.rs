//! The command line: results on stdout, words for people on stderr; exit codes 0 done, 1 failed, 2 wrong usage.

mod attention;
mod commands;
mod eval;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// How far every attention head of a Transformer looks, and why.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Options that every command takes.
#[derive(Debug, Args)]
struct Common {
    /// Vocabulary: a train.txt, the raw corpus, or a JSON file
    #[arg(long, global = true, value_name = "FILE")]
    vocab: Option<PathBuf>,
    /// Length R of the soft mask's ramp, which checkpoints do not store
    #[arg(long, global = true, value_name = "R")]
    ramp: Option<usize>,
    /// Threads to compute with
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
    /// Print nothing but results and errors
    #[arg(long, global = true)]
    quiet: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Input {
    /// Text to run on
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// A JSON list of token ids to run on
    #[arg(long, value_name = "FILE")]
    ids: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DtypeArg {
    F32,
    F16,
    Bf16,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the architecture, what was assumed, and the spans
    Info {
        model: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Print the span of every head as JSON, or write the span chart
    Spans {
        model: PathBuf,
        /// Write a .svg, .png, .csv or .json file
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Linear instead of logarithmic axis
        #[arg(long)]
        linear: bool,
        /// Sort heads by reach
        #[arg(long)]
        sort: bool,
        /// Title of the chart
        #[arg(long)]
        title: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Measure how well the model predicts a text
    Eval {
        model: PathBuf,
        #[command(flatten)]
        input: Input,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Write log-probabilities to a .safetensors file
        #[arg(long, value_name = "FILE")]
        log_probs: Option<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
    /// Export one head's weights on a text
    Attention {
        model: PathBuf,
        #[command(flatten)]
        input: Input,
        /// Layer, from 0
        #[arg(long)]
        layer: usize,
        /// Head, from 0
        #[arg(long)]
        head: usize,
        /// Write a .svg, .png, .csv or .safetensors file
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
    /// Continue a text
    Generate {
        model: PathBuf,
        /// Text to continue
        #[arg(long, required_unless_present = "ids")]
        prompt: Option<String>,
        /// A JSON list of token ids to continue
        #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
        ids: Option<PathBuf>,
        /// Tokens to generate
        #[arg(short, default_value_t = 200)]
        n: usize,
        /// 0 takes the likeliest token
        #[arg(long, default_value_t = 1.0)]
        temperature: f32,
        /// Draw only from the likeliest tokens that together hold this probability
        #[arg(long, default_value_t = 1.0)]
        top_p: f32,
        /// The same seed gives the same text
        #[arg(long, default_value_t = 0)]
        seed: u64,
        #[command(flatten)]
        common: Common,
    },
    /// Write one self-contained .safetensors file: weights, configuration, vocabulary
    Convert {
        model: PathBuf,
        output: PathBuf,
        /// Number format of the weights
        #[arg(long, value_enum, default_value_t = DtypeArg::F32)]
        dtype: DtypeArg,
        #[command(flatten)]
        common: Common,
    },
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match commands::run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            // Wrong usage that only the model can tell.
            if error.is::<Usage>() {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// Options that do not fit the model.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);
