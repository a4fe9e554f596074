//! What can be written on the command line.

use super::bench::BenchArgs;
use super::figure::FigureArgs;
use super::figure_args::StyleArgs;
use super::measure_args::{EffectiveSpansArgs, MergeArgs, PersistentArgs};
use super::record_args::RecordArgs;
use super::shell::{CompletionsArgs, ManArgs};
use super::shot_args::ShotArgs;
use super::train_args::TrainArgs;
use crate::model::Device;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// How far every attention head of a Transformer looks, and why.
///
/// With no command, opens the window: on FILE, or on a bundled sample model. Results go to stdout, words for people
/// to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(
    name = "spanscope",
    version,
    about,
    args_conflicts_with_subcommands = true,
    override_help = include_str!("help.txt"),
    after_help = "Layers and heads count from 0 in options, JSON and CSV; charts label them from 1, as the paper does."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub window: WindowArgs,
}

/// What the window opens with.
#[derive(Debug, Args)]
pub(super) struct WindowArgs {
    /// Checkpoint or recorded run to open in the window: .pt or .safetensors
    #[arg(value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Text to open in the window: plain, .zip or .gz
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// Memory for the text, in MB; of a longer one, weights are at hand around the selected token [default: 1000, or as
    /// set in the window]
    #[arg(long, value_name = "MB", value_parser = at_least_one)]
    pub memory: Option<usize>,
    #[command(flatten)]
    pub common: Common,
}

/// Options that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(super) struct Common {
    /// The model's vocabulary: a train.txt, the raw corpus (plain, .zip or .gz), a list of tokens (JSON, or one a line) or
    /// a dict.txt of fairseq
    #[arg(long, value_name = "FILE")]
    pub vocab: Option<PathBuf>,
    /// Length R of the soft mask's ramp, which .pt files do not store [default: 32]
    #[arg(long, value_name = "R", value_parser = at_least_one)]
    pub ramp: Option<usize>,
    /// Take any file for a text, binary data included, and leave out what the vocabulary lacks however much it is; else
    /// such texts are refused
    #[arg(long)]
    pub any_text: bool,
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

/// What to run a model on; a recorded run has its own text.
#[derive(Debug, Args)]
#[group(required = false, multiple = false)]
pub(super) struct Input {
    /// Text to run on: plain, .zip or .gz
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// Token ids to run on, as a JSON list: needs no vocabulary
    #[arg(long, value_name = "FILE.json")]
    pub ids: Option<PathBuf>,
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
    /// Checkpoint, .pt (zip or legacy) or .safetensors; or a recorded run
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
    /// Checkpoint, .pt (zip or legacy) or .safetensors; or a recorded run
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
    pub common: Common,
}

/// `eval`.
#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    /// Checkpoint, .pt (zip or legacy) or .safetensors; or a recorded run
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
    pub common: Common,
}

/// `attention`.
#[derive(Debug, Args)]
pub(super) struct AttentionArgs {
    /// Checkpoint, .pt (zip or legacy) or .safetensors; or a recorded run
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
    pub common: Common,
}

/// `generate`.
#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// Checkpoint: .pt (zip or legacy) or .safetensors
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
    pub common: Common,
}

/// `convert`.
#[derive(Debug, Args)]
pub(super) struct ConvertArgs {
    /// Checkpoint: .pt (zip or legacy) or .safetensors
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
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the architecture: what was read, inferred and assumed, and the spans
    #[command(after_help = "Examples:
  spanscope info model.pt
  spanscope info model.pt --json | jq .parameters")]
    Info(InfoArgs),
    /// Show how far every head looks: bars, JSON, or the span chart
    #[command(after_help = "Examples:
  spanscope spans model.pt
  spanscope spans model.pt -o spans.svg --sort
  spanscope spans model.pt --json | jq 'max_by(.reach)'
JSON and CSV count layers and heads from 0; bars and charts label them from 1.")]
    Spans(SpansArgs),
    /// Measure how well the model predicts a text, and how fast
    #[command(after_help = "Examples:
  spanscope eval model.pt --vocab train.txt --text test.txt.raw
  spanscope eval model.pt --ids ids.json --json --log-probs out.safetensors
T tokens give T − 1 predictions; the text starts cold.")]
    Eval(EvalArgs),
    /// Export one head's weights on a text
    #[command(after_help = "Examples:
  spanscope attention model.pt --vocab train.txt --text few.txt --layer 3 --head 1 -o head.svg
  spanscope attention model.pt --ids ids.json --layer 0 --head 0 -o head.safetensors
The .safetensors file holds `weights` (T × reach, column c is distance c + 1), `persistent` (T × N) where the model has
persistent vectors, and `empty` (T): the part of `weights` on distances before the text's start.")]
    Attention(AttentionArgs),
    /// Show how far every head looks on a text or many, against how far it can
    #[command(after_help = "Examples:
  spanscope effective-spans model.pt --vocab train.txt --text test.txt.raw
  spanscope effective-spans model.safetensors --text corpus/ --jobs 8 -o spans.svg --sort
  spanscope effective-spans model.safetensors --text corpus/ --shard 3/16 -o 3.safetensors
  spanscope merge *.safetensors -o all.safetensors && spanscope effective-spans all.safetensors
A head's 90 % span is the smallest distance within which 90 % of its weight on tokens lies.")]
    EffectiveSpans(EffectiveSpansArgs),
    /// Join what was measured on the shards of a corpus
    #[command(after_help = "Examples:
  spanscope merge 1.safetensors 2.safetensors -o all.safetensors
The result is, bit for bit, what one run over all texts gives.")]
    Merge(MergeArgs),
    /// Show where every head's weight goes on a text or many, and which persistent vectors it uses
    #[command(after_help = "Examples:
  spanscope persistent model.pt --vocab train.txt --text test.txt.raw
  spanscope persistent model.pt --ids ids.json -o usage.svg
  spanscope persistent model.safetensors --text corpus/ --jobs 8 -o usage.pdf
Shares are means over the text's tokens: on the text, on persistent vectors, and on the empty context before its start.
They may sum to less than 1 where nearly all of a softmax lies beyond a head's span.")]
    Persistent(PersistentArgs),
    /// Make any figure of the window, or its numbers
    #[command(after_help = "Examples:
  spanscope figure spans model.pt --sort --width column -o spans.pdf
  spanscope figure attention model.pt --text few.txt --head 3.1 --tokens 100..164 -o head.pdf -o head.csv
  spanscope figure heads model.pt --text test.txt --statistic entropy -o entropy.svg --gray
  spanscope figure cost model.pt -o cost.png --dpi 600 --transparent
Layers, heads and tokens count from 0 in options and in numbers; drawings label layers and heads from 1.")]
    Figure(FigureArgs),
    /// Write what a model does with a text to a file that opens without the model: `spanscope RUN.safetensors`
    #[command(after_help = "Examples:
  spanscope record model.pt --vocab train.txt --text test.txt.raw -o run.safetensors
  spanscope record model.pt --vocab train.txt --text a.txt --text b.txt -o run.safetensors --dtype f16
  spanscope record model.pt --vocab train.txt --text long.txt --tokens 20000..22000 -o run.safetensors
  spanscope run.safetensors                              opens it in the window, wherever it was copied to
  spanscope attention run.safetensors --layer 3 --head 1 -o head.svg
The file holds queries and keys of every token, predictions, the texts and the vocabulary, but not the model's weights. It
works with info, spans, eval, attention, effective-spans, persistent and shot.")]
    Record(RecordArgs),
    /// Continue a text
    #[command(after_help = "Examples:
  spanscope generate model.safetensors --prompt 'ROMEO:' -n 400 --temperature 0.8
  spanscope generate model.safetensors --prompt 'ROMEO:' --stop $'\\n\\n'      one speech
  spanscope generate model.pt --ids ids.json        prints the new ids")]
    Generate(GenerateArgs),
    /// Write one self-contained .safetensors file: weights, configuration, vocabulary, training curves
    #[command(after_help = "Examples:
  spanscope convert model.pt model.safetensors --vocab train.txt --ramp 32 --dtype f16")]
    Convert(ConvertArgs),
    /// Write the window as a picture, without a display
    #[command(after_help = "Examples:
  spanscope shot window.png
  spanscope shot persistent.png --model model.safetensors --text test.txt --view persistent --theme light --size 1600x1000")]
    Shot(ShotArgs),
    /// Teach a network how far to look: from any text, with the published options
    #[command(after_help = "Examples:
  spanscope train --data shakespeare.txt --preset sample -o run
  spanscope run                                          watch the spans grow in the window
  spanscope train --resume run                           after it was stopped, or killed
  spanscope train --data data/enwik8 --preset enwik8_small -o run --batch-split 4
  spanscope convert run model.safetensors --dtype f16    the model without the state of the run
Presets: enwik8_small, enwik8, enwik8_large, text8, text8_large, enwik8_pers_small, enwik8_pers, wiki103_pers; and sample,
sample_pers, sample_fixed for the bundled models. With the same options, text and threads two runs are alike bit for bit.")]
    Train(Box<TrainArgs>),
    /// Measure speed and memory on generated models of the published sizes
    #[command(after_help = "Examples:
  spanscope bench
  spanscope bench --size enwik8_large --threads 8
  spanscope bench --json | jq '.rows[] | {id, value, met}'
Models are random and go to the folder for temporary files (308 MB at a time for enwik8, 1.7 GB for enwik8_large).")]
    Bench(BenchArgs),
    /// Write the script that completes commands and options in a shell
    #[command(after_help = "Examples:
  spanscope completions bash > ~/.local/share/bash-completion/completions/spanscope
  spanscope completions zsh > ~/.zfunc/_spanscope
  spanscope completions fish > ~/.config/fish/completions/spanscope.fish")]
    Completions(CompletionsArgs),
    /// Write the manual pages
    #[command(
        hide = true,
        after_help = "Examples:
  spanscope man target/man && man target/man/spanscope.1"
    )]
    Man(ManArgs),
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    /// The help of the program itself is written by hand.
    #[test]
    fn the_help_names_everything_and_fits_a_screen() {
        let help = include_str!("help.txt");
        assert!(help.lines().count() <= 44);
        let wide = help.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None);
        let mut all = Cli::command();
        all.build();
        for command in all.get_subcommands().filter(|c| !c.is_hide_set()) {
            let name = command.get_name();
            assert!(
                name == "help" || help.contains(&format!("\n  {name} ")),
                "{name}"
            );
        }
        for option in all.get_arguments().filter_map(clap::Arg::get_long) {
            assert!(help.contains(&format!("--{option}")), "--{option}");
        }
    }

    #[test]
    fn a_file_opens_the_window_and_a_command_does_not() {
        let cli = Cli::try_parse_from(["spanscope", "model.pt", "--ramp", "16"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(
            cli.window.model.as_deref(),
            Some(std::path::Path::new("model.pt"))
        );
        assert_eq!(cli.window.common.ramp, Some(16));
        let cli = Cli::try_parse_from(["spanscope", "info", "model.pt", "-q"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Info(args)) if args.common.quiet));
        assert!(Cli::try_parse_from(["spanscope", "model.pt", "info", "model.pt"]).is_err());
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for (option, value) in [
            ("--threads", "0"),
            ("--ramp", "0"),
            ("--ramp", "x"),
            ("--device", "tpu"),
        ] {
            assert!(
                Cli::try_parse_from(["spanscope", "info", "m", option, value]).is_err(),
                "{option}"
            );
        }
        for (option, value) in [
            ("--temperature", "-1"),
            ("--temperature", "NaN"),
            ("--top-p", "0"),
        ] {
            let option = format!("{option}={value}");
            assert!(
                Cli::try_parse_from(["spanscope", "generate", "m", "--prompt", "a", &option])
                    .is_err(),
                "{option}"
            );
        }
    }
}
