//! The options of `train`: the published ones, under their names.

use super::Usage;
use super::args::{Common, DeviceArg};
use crate::train::{Optim, Options, Preset};
use anyhow::Result;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The network to train, its text, and the way it learns.
#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    /// Text to learn from (plain, .zip or .gz): the first 90 % train, the next 5 % validate, the last 5 % are left for tests.
    /// Or a folder with train.txt and valid.txt as the published preparation writes them
    #[arg(long, value_name = "FILE|FOLDER", required_unless_present = "resume")]
    pub data: Option<PathBuf>,
    /// Folder for the run, made if it is not there
    #[arg(short, long, value_name = "RUN", required_unless_present = "resume")]
    pub output: Option<PathBuf>,
    /// Go on with the run in this folder, from its last checkpoint
    #[arg(long, value_name = "RUN", conflicts_with_all = ["output", "preset"])]
    pub resume: Option<PathBuf>,
    /// Options of a published experiment, or of a bundled sample model; those given beside it override them
    #[arg(long, value_name = "NAME", value_parser = preset)]
    pub preset: Option<Preset>,
    /// Seconds between checkpoints, more where writing one takes long (at most 2 % of the time); there is one at every log
    /// interval as well
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub save_every: u64,
    /// Print every log interval as a line of JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub network: NetworkArgs,
    #[command(flatten)]
    pub spans: SpanArgs,
    #[command(flatten)]
    pub learning: LearningArgs,
    #[command(flatten)]
    pub run: RunArgs,
}

/// The network.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(super) struct NetworkArgs {
    /// Layers [default: 8]
    #[arg(long, value_name = "L")]
    pub nlayers: Option<usize>,
    /// Hidden size [default: 256]
    #[arg(long, value_name = "D")]
    pub hid_sz: Option<usize>,
    /// FFN dimension [default: 1024]
    #[arg(long, value_name = "I")]
    pub inner_hid_sz: Option<usize>,
    /// Heads per layer [default: 2]
    #[arg(long, value_name = "H")]
    pub nheads: Option<usize>,
    /// Persistent vectors per head, instead of feed-forward sublayers [default: 0]
    #[arg(long, value_name = "N")]
    pub pers_mem_size: Option<usize>,
    /// Adaptive input and output: embeddings narrower for rarer tokens
    #[arg(long)]
    pub adapt_io: bool,
    /// Share the weights of adaptive input and output
    #[arg(long)]
    pub adapt_io_tied: bool,
    /// Factor by which embeddings get narrower from cluster to cluster [default: 4]
    #[arg(long, value_name = "N")]
    pub adapt_io_divval: Option<usize>,
    /// Starts of the clusters of the vocabulary [default: 20000,40000,200000]
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    pub adapt_io_cutoffs: Option<Vec<usize>>,
}

/// The spans.
#[derive(Debug, Args)]
#[command(next_help_heading = "Spans")]
pub(super) struct SpanArgs {
    /// Longest distance that any head may look back, in tokens [default: 32]
    #[arg(long, value_name = "S")]
    pub attn_span: Option<usize>,
    /// Let heads learn their spans; else all look back S tokens
    #[arg(long)]
    pub adapt_span: bool,
    /// Cost of a token of mean span, in nats per layer [default: 0]
    #[arg(long, value_name = "LOSS")]
    pub adapt_span_loss: Option<f64>,
    /// Length of the soft mask's ramp, in tokens [default: 32]
    #[arg(long, value_name = "R")]
    pub adapt_span_ramp: Option<usize>,
    /// Span of every head at the start, as a share of S; with --resume, all are set to it anew [default: 0]
    #[arg(long, value_name = "SHARE")]
    pub adapt_span_init: Option<f64>,
}

/// The options of learning.
#[derive(Debug, Args)]
#[command(next_help_heading = "Learning")]
pub(super) struct LearningArgs {
    /// Tokens of a block, which are computed together [default: 64]
    #[arg(long, value_name = "T")]
    pub block_sz: Option<usize>,
    /// Blocks of a batch [default: 64]
    #[arg(long, value_name = "B")]
    pub batch_sz: Option<usize>,
    /// Parts that a batch is computed in, to save memory [default: 1]
    #[arg(long, value_name = "N")]
    pub batch_split: Option<usize>,
    /// Learning rate [default: 0.03]
    #[arg(long, value_name = "RATE")]
    pub lr: Option<f64>,
    /// Optimiser: the rule by which parameters follow their gradients [default: sgd]
    #[arg(long, value_enum, value_name = "METHOD")]
    pub optim: Option<OptimArg>,
    /// Momentum of sgd [default: 0.9]
    #[arg(long, value_name = "SHARE")]
    pub momentum: Option<f64>,
    /// Steps over which the learning rate rises from 0 [default: 0]
    #[arg(long, value_name = "STEPS")]
    pub lr_warmup: Option<u64>,
    /// Largest norm of each parameter's gradient; 0 for no limit [default: 0]
    #[arg(long, value_name = "NORM")]
    pub grad_clip: Option<f64>,
    /// Share of attention weights and feed-forward units that is dropped [default: 0.2]
    #[arg(long, value_name = "SHARE")]
    pub dropout: Option<f64>,
    /// Share of the embeddings that is dropped, with --adapt-io [default: 0]
    #[arg(long, value_name = "SHARE")]
    pub emb_dropout: Option<f64>,
    /// Steps between two log intervals [default: 1000]
    #[arg(long, value_name = "STEPS")]
    pub nbatches: Option<u64>,
    /// Log intervals to train for [default: 1000]
    #[arg(long, value_name = "N")]
    pub niter: Option<u64>,
    /// Start of all random choices: the same seed, options, text and threads give the same weights [default: 1111]
    #[arg(long, value_name = "SEED")]
    pub seed: Option<u64>,
}

/// The options of the run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(super) struct RunArgs {
    /// Vocabulary to use instead of the text's own: a list of tokens (JSON, or one a line), or another text
    #[arg(long, value_name = "FILE")]
    pub vocab: Option<PathBuf>,
    /// Learn from any file, binary data included, and leave out what the vocabulary lacks however much it is; else such
    /// texts are refused
    #[arg(long)]
    pub any_text: bool,
    /// Threads to compute with [default: one per core]
    #[arg(long, value_name = "N", value_parser = super::args::threads)]
    pub threads: Option<usize>,
    /// Device to train on; cuda and metal need a build with that feature
    #[arg(long, value_enum, value_name = "DEVICE", default_value_t = DeviceArg::Cpu)]
    pub device: DeviceArg,
    /// Print nothing but results and errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// The optimisers: the rules by which parameters follow their gradients.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum OptimArg {
    Sgd,
    Adagrad,
    Adam,
}

fn preset(name: &str) -> Result<Preset, String> {
    let found = Preset::ALL.into_iter().find(|preset| preset.id() == name);
    found.ok_or_else(|| {
        let all: Vec<&str> = Preset::ALL.iter().map(|preset| preset.id()).collect();
        format!("expected one of {}", all.join(", "))
    })
}

/// The published cutoffs of adaptive input and output.
const CUTOFFS: [usize; 3] = [20_000, 40_000, 200_000];

/// Sets a field where an option was given.
macro_rules! take {
    ($options:ident, $from:expr, $($field:ident = $option:ident),* $(,)?) => {
        $(if let Some(value) = &$from.$option { $options.$field = value.clone(); })*
    };
}

impl TrainArgs {
    /// The options that `prepare` needs.
    pub fn common(&self) -> Common {
        Common {
            special_tokens: None,
            vocab: self.run.vocab.clone(),
            ramp: None,
            any_text: self.run.any_text,
            threads: self.run.threads,
            device: self.run.device,
            quiet: self.run.quiet,
        }
    }

    /// The options of a new run.
    pub fn options(&self) -> Options {
        let mut options = self.preset.map_or_else(Options::default, Preset::options);
        self.network.set(&mut options);
        self.spans.set(&mut options);
        self.learning.set_lasting(&mut options);
        self.learning.set(&mut options);
        self.spans.set_loss(&mut options);
        options
    }

    /// Refuses options that nothing of a run with `options` makes use of.
    pub fn check(&self, options: &Options) -> Result<(), Usage> {
        let (network, spans, learning) = (&self.network, &self.spans, &self.learning);
        let momentum = learning.momentum.is_some_and(|share| share != 0.0);
        let fixed = (!options.adapt_span, "without --adapt-span");
        let plain = (options.adapt_io_cutoffs.is_empty(), "without --adapt-io");
        let vectors = (
            options.pers_mem_size > 0,
            "with --pers-mem-size, whose vectors are in the place of feed-forward sublayers",
        );
        // The published commands say `--momentum 0` whatever the optimiser.
        let other = (
            options.optim != Optim::Sgd,
            "with an --optim other than sgd",
        );
        let all = [
            ("--adapt-span-loss", spans.adapt_span_loss.is_some(), fixed),
            ("--adapt-span-ramp", spans.adapt_span_ramp.is_some(), fixed),
            ("--adapt-span-init", spans.adapt_span_init.is_some(), fixed),
            (
                "--adapt-io-divval",
                network.adapt_io_divval.is_some(),
                plain,
            ),
            ("--adapt-io-tied", network.adapt_io_tied, plain),
            ("--emb-dropout", learning.emb_dropout.is_some(), plain),
            ("--inner-hid-sz", network.inner_hid_sz.is_some(), vectors),
            ("--momentum", momentum, other),
        ];
        let mut all = all.iter();
        match all.find(|(_, given, (is_idle, _))| *given && *is_idle) {
            Some((option, _, (_, when))) => Err(Usage(format!(
                "{option} has no effect {when}: leave it out"
            ))),
            None => Ok(()),
        }
    }

    /// Changes the options of a run that goes on: only how it learns from now on, not what it is.
    pub fn change(&self, options: &mut Options) -> Result<()> {
        let mut other = options.clone();
        self.network.set(&mut other);
        self.spans.set_kind(&mut other);
        self.learning.set_lasting(&mut other);
        if other != *options {
            return Err(Usage(
                "--resume goes on with the network, the batches and the seed that the run has; only --niter, --lr, --lr-warmup, \
                 --momentum, --grad-clip, --dropout, --emb-dropout and --adapt-span-loss can be changed, and --adapt-span-init \
                 sets all spans anew"
                    .into(),
            )
            .into());
        }
        self.learning.set(options);
        self.spans.set_loss(options);
        Ok(())
    }
}

impl NetworkArgs {
    fn set(&self, options: &mut Options) {
        take!(
            options,
            self,
            nb_layers = nlayers,
            hidden_size = hid_sz,
            nb_heads = nheads
        );
        take!(
            options,
            self,
            inner_hidden_size = inner_hid_sz,
            pers_mem_size = pers_mem_size
        );
        take!(
            options,
            self,
            adapt_io_divval = adapt_io_divval,
            adapt_io_cutoffs = adapt_io_cutoffs
        );
        options.adapt_io_tied |= self.adapt_io_tied;
        if self.adapt_io && options.adapt_io_cutoffs.is_empty() {
            options.adapt_io_cutoffs = CUTOFFS.to_vec();
        }
    }
}

impl SpanArgs {
    fn set(&self, options: &mut Options) {
        self.set_kind(options);
        take!(options, self, adapt_span_init = adapt_span_init);
    }

    /// The options that stay the same all through a run.
    fn set_kind(&self, options: &mut Options) {
        options.adapt_span |= self.adapt_span;
        take!(
            options,
            self,
            attn_span = attn_span,
            adapt_span_ramp = adapt_span_ramp
        );
    }

    fn set_loss(&self, options: &mut Options) {
        take!(options, self, adapt_span_loss = adapt_span_loss);
    }
}

impl LearningArgs {
    /// The options that stay the same all through a run.
    fn set_lasting(&self, options: &mut Options) {
        take!(
            options,
            self,
            block_size = block_sz,
            batch_size = batch_sz,
            batch_split = batch_split
        );
        take!(options, self, nb_batches = nbatches, seed = seed);
        if let Some(optim) = self.optim {
            options.optim = match optim {
                OptimArg::Sgd => Optim::Sgd,
                OptimArg::Adagrad => Optim::Adagrad,
                OptimArg::Adam => Optim::Adam,
            };
        }
    }

    /// The options that may change when a run goes on.
    fn set(&self, options: &mut Options) {
        take!(
            options,
            self,
            lr = lr,
            momentum = momentum,
            lr_warmup = lr_warmup
        );
        take!(
            options,
            self,
            grad_clip = grad_clip,
            dropout = dropout,
            emb_dropout = emb_dropout
        );
        take!(options, self, nb_iter = niter);
    }
}
