//! Options of `neurons`.

use crate::cli::Usage;
use crate::cli::args::{Common, Input, MODEL};
use crate::cli::figure_args::{DRAWINGS, StyleArgs, ends_in};
use crate::cli::what_if::WhatIfArgs;
use crate::model::NeuronId;
use clap::Args;
use std::path::PathBuf;

/// `neurons`.
#[derive(Debug, Args)]
pub(in crate::cli) struct NeuronsArgs {
    /// The model.
    #[arg(help = MODEL)]
    pub model: PathBuf,
    #[command(flatten)]
    pub input: Input,
    /// Layer whose neurons are listed, the most used first [default: all layers, in a line each]
    #[arg(long, value_name = "L")]
    pub layer: Option<usize>,
    /// Token: the neurons of all layers whose values raise and lower its logit most; its text, or its id. Needs no text
    #[arg(long, value_name = "WORD|ID")]
    pub promotes: Option<String>,
    /// Neuron as LAYER.NEURON, of a mixture of experts LAYER.EXPERT.NEURON: which tokens use it, and what it promotes
    #[arg(long, value_name = "L.N")]
    pub neuron: Option<NeuronId>,
    /// Neurons that are listed
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = crate::cli::args::at_least_one)]
    pub top: usize,
    /// Write the numbers of all neurons (.csv, .json), or draw the use of one layer (.svg, .pdf, .png); with --promotes, of the
    /// neurons found
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

impl NeuronsArgs {
    /// True if there is a text to run over.
    pub fn reads_text(&self) -> bool {
        self.input.text.is_some() || self.input.ids.is_some()
    }

    /// Refuses what would come to nothing.
    pub fn check(&self) -> Result<(), Usage> {
        let refused = |words: &str| Err(Usage(words.into()));
        self.style.check(&self.output, false)?;
        let text = self.reads_text();
        if !text && self.promotes.is_none() && self.neuron.is_none() {
            return refused(
                "pass --text FILE or --ids FILE.json for the neurons that a text uses; --promotes WORD and --neuron L.N need none",
            );
        }
        if self.layer.is_some() && !text {
            return refused("--layer lists the neurons that a text uses: pass --text or --ids");
        }
        let Some(path) = &self.output else {
            return Ok(());
        };
        if self.promotes.is_some() {
            return Ok(());
        }
        if !text {
            return refused("-o writes the use of neurons: pass --text or --ids, or --promotes");
        }
        match self.layer.is_none() && ends_in(path, DRAWINGS) {
            true => refused("a drawing is of one layer: pass --layer L; .csv and .json hold all"),
            false => Ok(()),
        }
    }
}
