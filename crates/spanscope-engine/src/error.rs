//! The errors of a model, of a text, and of what is wanted of both.

use crate::run_file::RunFileError;
use spanscope_core::checkpoint::CheckpointError;
use spanscope_core::model::ModelError;
use spanscope_core::shown::{said, shown, shown_path};
use spanscope_core::text::tokenizer::TokenizerError;
use spanscope_core::text::{ControlError, TextError};
use std::path::PathBuf;

/// The errors between a file and a run.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The checkpoint file.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The network in it.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A text or vocabulary.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A control that cannot be made.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A run file.
    #[error(transparent)]
    RunFile(#[from] RunFileError),
    /// The vocabulary stored with the weights does not fit them.
    #[error(
        "{}: the vocabulary in the file has {found} tokens, the model {expected}; convert it again with --vocab",
        shown_path(path)
    )]
    StoredVocabulary {
        /// The file.
        path: PathBuf,
        /// Tokens in the stored vocabulary.
        found: usize,
        /// Tokens in the model.
        expected: usize,
    },
    /// Text was given for a model whose vocabulary is not known.
    #[error(
        "{}: the file holds no vocabulary, so text cannot become ids; pass --vocab FILE (a train.txt, the raw corpus, a list of tokens or a dict.txt of fairseq), or ids with --ids FILE.json",
        shown_path(path)
    )]
    NoVocabulary {
        /// The file.
        path: PathBuf,
    },
    /// A weight is too large for the number format asked for.
    #[error(
        "{}: tensor {} holds {value}, more than f16 can hold (65504); use --dtype bf16 or f32",
        shown_path(path),
        shown(name)
    )]
    TooLargeForF16 {
        /// The model's file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its first weight that does not fit.
        value: f32,
    },
    /// A run on a long text has forgotten what a continuation would need.
    #[error(
        "the text cannot be continued after token {at}: of so long a text only the tokens from {first} on are kept; continue after one of these, or give the text more memory"
    )]
    Forgotten {
        /// Position of the token.
        at: usize,
        /// Position of the first token that is kept.
        first: usize,
    },
    /// A text to stop at that can never come.
    #[error(
        "the text to stop at holds \"{}\", which no token of the model's vocabulary can write: choose another text to stop at, or none",
        shown(&missing.to_string())
    )]
    NeverStops {
        /// The character.
        missing: char,
    },
    /// A position beyond the text's end, or one that the run has not come to yet.
    #[error("there is no token {at} to continue after: there are {tokens}, counted from 0")]
    NoSuchToken {
        /// The position.
        at: usize,
        /// Tokens that there are.
        tokens: usize,
    },
    /// A file of sums where a model should be.
    #[error(
        "{}: a file of sums measured on texts, not a model; see it with `spanscope effective-spans` or `spanscope persistent`",
        shown_path(path)
    )]
    SumsNotModel {
        /// The file.
        path: PathBuf,
    },
    /// A vocabulary or a ramp was given for a recorded run.
    #[error(
        "{}: a recorded run has its vocabulary and its ramp in it: leave --vocab and --ramp out",
        shown_path(path)
    )]
    RecordedAnswers {
        /// The file.
        path: PathBuf,
    },
    /// A model whose weights are quantised, where nobody said that they may become numbers.
    #[error(
        "{}: its weights are quantised (tensor {} is {format}), and a converted file has numbers, {times:.1} times as large: pass \
         --dequantise to have them written so, or keep the file as it is",
        shown_path(path),
        shown(name)
    )]
    Quantised {
        /// The model's file.
        path: PathBuf,
        /// The first tensor that is.
        name: String,
        /// Its format.
        format: &'static str,
        /// How much larger the numbers are.
        times: f64,
    },
    /// A model whose weights are packed in a way that only their own file can hold.
    #[error(
        "{}: tensor {} is packed by gpt-oss's own rule, and is not converted; open the folder as it is, or convert a GGUF file of the model",
        shown_path(path),
        shown(name)
    )]
    Packed {
        /// The model's file.
        path: PathBuf,
        /// The first tensor that is.
        name: String,
    },
    /// What belongs into a file cannot be put there.
    #[error("{}: {}", shown_path(path), said(what))]
    NotHeld {
        /// The model's file.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// A text that a tokenizer cannot cut, in its words.
    #[error("{}", said(what))]
    NotCut {
        /// Why, with the way out.
        what: String,
    },
    /// A model's tokenizer cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A run that would take more memory than it may.
    #[error(
        "the run of {tokens} tokens takes {:.1} GB, more than the {:.1} GB that it may: give it more memory, or run a part of the text",
        *bytes as f64 / 1e9, *most as f64 / 1e9
    )]
    TooMuchMemory {
        /// Tokens of the text.
        tokens: usize,
        /// What they take.
        bytes: usize,
        /// What they may take.
        most: usize,
    },
    /// A question that could not be answered, in words.
    #[error("{}", said(what))]
    NotAnswered {
        /// Why.
        what: String,
    },
    /// Nothing to run on.
    #[error(
        "nothing to run on: the text is empty, or the vocabulary has none of it. Pass another text, or the vocabulary of the text that the model learned from"
    )]
    NoTokens,
}
