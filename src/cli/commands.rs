//! What can be written on the command line: the commands, with their help.

use super::ablate::AblateArgs;
use super::args::{
    AttentionArgs, ConvertArgs, EvalArgs, GenerateArgs, InfoArgs, SpansArgs, WindowArgs,
};
use super::bench::BenchArgs;
use super::examples::ExamplesArgs;
use super::figure::FigureArgs;
use super::heads::HeadsArgs;
use super::lens::LensArgs;
use super::measure_args::{EffectiveSpansArgs, MergeArgs, PersistentArgs};
use super::neurons::NeuronsArgs;
use super::reach::ReachArgs;
use super::record_args::RecordArgs;
use super::shell::{CompletionsArgs, ManArgs};
use super::shot_args::ShotArgs;
use super::train_args::TrainArgs;
use clap::{CommandFactory, Parser, Subcommand};

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
    after_help = "Layers, heads and tokens are counted from 0, everywhere. A head is written LAYER.HEAD or L3H1."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub window: WindowArgs,
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
  spanscope spans model.pt --json | jq 'max_by(.reach)'")]
    Spans(SpansArgs),
    /// Measure how well the model predicts a text, and how fast
    #[command(after_help = "Examples:
  spanscope eval model.pt --vocab train.txt --text test.txt.raw
  spanscope eval model.pt --ids ids.json --json --log-probs out.safetensors
T tokens give T − 1 predictions; nothing stands before the text.")]
    Eval(EvalArgs),
    /// Export one head's weights on a text
    #[command(after_help = "Examples:
  spanscope attention model.pt --vocab train.txt --text few.txt --layer 3 --head 1 -o head.svg
  spanscope attention model.pt --ids ids.json --layer 0 --head 0 -o head.safetensors
The .safetensors file holds `weights` (T × reach, column c is distance c + 1), `persistent` (T × N) where the model has \
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
    /// Show what every head does on a text, and find heads: by role, by numbers, by likeness
    #[command(after_help = "Examples:
  spanscope heads model.pt --text few.txt
  spanscope heads model.safetensors --text few.txt --find 'induction'
  spanscope heads model.safetensors --text few.txt --find 'previous_token>50% effective_90<20'
  spanscope heads model.safetensors --text few.txt --like L3H1 --by attention
Roles have thresholds, which --json names beside the evidence. ± is the standard error over pieces of 64 tokens of the text.")]
    Heads(HeadsArgs),
    /// Find the places in texts that show what every head does
    #[command(after_help = "Examples:
  spanscope examples model.pt --text few.txt --by induction --head L3H1
  spanscope examples model.safetensors --text corpus/ -o examples.safetensors
  spanscope examples examples.safetensors --head L3H1 --head L2H0
  spanscope examples llama --text corpus/ --neuron L1 --top 4 -o neurons.safetensors
  spanscope examples model.pt --text few.txt --vector L3H1V17
  spanscope examples model.safetensors --text corpus/ --shard 1/2 -o places.safetensors
Of every head: the queries with the largest values, and some from every tenth of all queries. Files of shards are joined by \
`spanscope merge`, and hold the sums of `effective-spans` as well.")]
    Examples(ExamplesArgs),
    /// Find by running them how far heads see at a token, beside what they were designed for
    #[command(after_help = "Examples:
  spanscope reach model.pt --vocab train.txt --text few.txt
  spanscope reach model.safetensors --text few.txt --head 1 --token 20
  spanscope reach model.safetensors --text few.txt --window all=16 --json
A token counts as seen if another key and value in its place alter a bit of what the head gives. Windows of public codes \
have been off by one: this shows it.")]
    Reach(ReachArgs),
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
Shares are means over the text's tokens: on the text, on persistent vectors, and on the empty context before its start. \
They may sum to less than 1 where nearly all of a softmax lies beyond a head's span.")]
    Persistent(PersistentArgs),
    /// Show what every layer expects after a token, and which heads and sublayers a logit comes from
    #[command(after_help = "Examples:
  spanscope lens model.pt --vocab train.txt --text few.txt --token 40
  spanscope lens model.pt --text few.txt --token 40 --of e --against t
  spanscope lens model.pt --ids ids.json --json | jq '.attribution.parts[:10]'
  spanscope figure attribution model.pt --text few.txt --tokens 40 -o parts.svg
The guess of a layer is the logit lens: the stream after it, through the last norm and the output embedding. The parts of a \
logit add up to it: norms on the way are held at the mean and the scale that this token has there.")]
    Lens(LensArgs),
    /// Show the feed-forward sublayers as key–value memories: which neurons a text uses, and what their values promote
    #[command(after_help = "Examples:
  spanscope neurons llama/ --text few.txt
  spanscope neurons llama/ --text few.txt --layer 1 --top 20
  spanscope neurons llama/ --promotes e
  spanscope neurons llama/ --neuron 1.20 --text few.txt --json
  spanscope neurons llama/ --text few.txt -o neurons.csv
  spanscope neurons llama/ --text few.txt --layer 1 -o layer.svg
A neuron's use is the mean size of its activation times the norm of its value, its column of the down projection. What the \
value promotes is its product with the output embedding, less the mean over the vocabulary; norms are left out.")]
    Neurons(NeuronsArgs),
    /// Rank all heads by what a text costs without each
    #[command(after_help = "Examples:
  spanscope ablate model.pt --vocab train.txt --text few.txt
  spanscope ablate model.safetensors --text few.txt -o ranking.csv
  spanscope ablate model.safetensors --text few.txt --json | jq '.heads[0]'
Each head is ablated (nothing of what it reads is passed on) in a run of its own over the text.")]
    Ablate(AblateArgs),
    /// Make any figure of the window, or its numbers
    #[command(after_help = "Examples:
  spanscope figure spans model.pt --sort --width column -o spans.pdf
  spanscope figure attention model.pt --text few.txt --head 3.1 --tokens 100..164 -o head.pdf -o head.csv
  spanscope figure heads model.pt --text test.txt --statistic entropy -o entropy.svg --gray
  spanscope figure cost model.pt -o cost.png --dpi 600 --transparent
Layers, heads and tokens are counted from 0. A head is written LAYER.HEAD or L3H1.")]
    Figure(FigureArgs),
    /// Write what a model does with a text to a file that opens without the model: `spanscope RUN.safetensors`
    #[command(after_help = "Examples:
  spanscope record model.pt --vocab train.txt --text test.txt.raw -o run.safetensors
  spanscope record model.pt --vocab train.txt --text a.txt --text b.txt -o run.safetensors --dtype f16
  spanscope record model.pt --vocab train.txt --text long.txt --tokens 20000..22000 -o run.safetensors
  spanscope run.safetensors                              opens it in the window, wherever it was copied to
  spanscope attention run.safetensors --layer 3 --head 1 -o head.svg
The file holds queries and keys of every token, predictions, the texts and the vocabulary, but not the model's weights. It \
works with info, spans, eval, attention, effective-spans, heads, persistent, figure, merge and shot.")]
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
    /// Train a model whose heads learn how far to look, on any text, with the published options
    #[command(after_help = "Examples:
  spanscope train --data shakespeare.txt --preset sample -o run
  spanscope run                                          watch the spans grow in the window
  spanscope train --resume run                           after it was stopped, or killed
  spanscope train --data data/enwik8 --preset enwik8_small -o run --batch-split 4
  spanscope convert run model.safetensors --dtype f16    the model without the state of the run
Presets: enwik8_small, enwik8, enwik8_large, text8, text8_large, enwik8_pers_small, enwik8_pers, wiki103_pers; and sample, \
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

/// What the command line may say. A number after an option is its value, whatever its sign, so that it is refused for what it is.
pub(super) fn command() -> clap::Command {
    let signed = |arg: clap::Arg| match arg.get_long() {
        Some(_) if arg.get_action().takes_values() => arg.allow_negative_numbers(true),
        _ => arg,
    };
    Cli::command().mut_subcommands(move |command| command.mut_args(signed))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(cli.window.common.ramp, Some(16.into()));
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
