//! Files ↔ weights.
//!
//! [`Checkpoint::open`] reads PyTorch checkpoints (the zip container and the legacy stream of PyTorch before 1.6),
//! `.safetensors` files, GGUF files, and folders in Hugging Face's layout, whose tensors may lie in several files. Files are
//! mapped: a tensor's bytes are touched when it is [read](Checkpoint::read) or [asked for](Checkpoint::tensor), the optimizer's never.
//! Nothing in a pickle is executed. What says which network the tensors are of is the checkpoint's
//! [origin](Checkpoint::origin).

mod bytes;
mod checksum;
mod claims;
mod container;
mod contents;
mod curves;
mod data;
mod decode;
mod derived;
mod dtype;
mod error;
mod fairseq;
mod folder;
mod foreign;
pub mod gguf;
mod hub;
mod index;
mod listing;
mod log;
mod names;
mod nearby;
mod opening;
mod origin;
mod pickle;
mod quantized;
mod reading;
mod run_progress;
mod safetensors;
mod scalar;
mod sequential;
mod source;
mod split;
mod state_dict;
mod tensor;
mod tensor_file;
#[cfg(test)]
mod tests;
mod torch;
mod unread;
mod within;

pub use curves::{CURVES, Curve, Line, Panel, Quantity, curves_to_json};
pub use data::TensorData;
pub use dtype::Dtype;
pub use error::CheckpointError;
pub use fairseq::{Settings, is_fairseq_name};
pub use folder::CONFIG;
pub use hub::{name_in_cache, resolve_model};
#[doc(hidden)]
pub use opening::read_pickle;
pub use origin::Origin;
pub use run_progress::{
    MOST_STEPS, RunProgress, SPAN_HISTORY, TRAINING, TRAINING_STATE, is_training_state,
};
pub use safetensors::{NamedTensor, TIED, write_safetensors};
pub use source::Source;
pub use tensor::TensorInfo;
pub use tensor_file::{Element, Place, PlannedTensor, TensorFile};
pub use unread::UnreadTensor;
pub use within::{GGUF_HEADER, name_within};

use crate::platform::fs;
use bytes::FileBytes;
use contents::{Opened, Placed};
use listing::Stored;
use opening::Input;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The container that a checkpoint came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A PyTorch zip archive (PyTorch 1.6 and later).
    PtZip,
    /// PyTorch's legacy stream (before 1.6).
    PtLegacy,
    /// A safetensors file.
    Safetensors,
    /// A folder with a `config.json`, whatever its weights are in.
    HuggingFace,
    /// A GGUF file, as llama.cpp reads it, or several that are its parts.
    Gguf,
    /// No file that is known: of a recorded run, a program that ran the model itself.
    Program,
}

impl Format {
    /// A name for people.
    pub fn in_words(self) -> &'static str {
        match self {
            Format::PtZip => "PyTorch (.pt, zip)",
            Format::PtLegacy => "PyTorch (.pt, before 1.6)",
            Format::Safetensors => "safetensors",
            Format::HuggingFace => "Hugging Face folder",
            Format::Gguf => "GGUF",
            Format::Program => "a model in another program",
        }
    }

    /// A short name for scripts: `pt-zip`, `pt-legacy`, `safetensors`, `hugging-face`, `gguf` or `program`.
    pub fn name(self) -> &'static str {
        match self {
            Format::PtZip => "pt-zip",
            Format::PtLegacy => "pt-legacy",
            Format::Safetensors => "safetensors",
            Format::HuggingFace => "hugging-face",
            Format::Gguf => "gguf",
            Format::Program => "program",
        }
    }
}

/// The name of the checkpoint in the folder of a training run.
pub const IN_FOLDER: &str = "checkpoint.safetensors";

/// The checkpoint's file where `path` is the folder of a training run, else `path` itself: the folder of a model in Hugging
/// Face's layout is opened as a folder.
pub fn in_folder(path: &Path) -> PathBuf {
    let file = path.join(IN_FOLDER);
    match fs::is_dir(path) && (fs::exists(&file) || !is_model_folder(path)) {
        true => file,
        false => path.to_owned(),
    }
}

/// True if a folder is opened as a model: it has a `config.json`, holds a single GGUF model, or is that of a model in the hub's
/// cache.
pub fn is_model_folder(path: &Path) -> bool {
    folder::is_model(path) || hub::snapshot(path).is_some() || nearby::only_gguf(path).is_some()
}

/// An open checkpoint: names, shapes and, on demand, numbers.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    format: Format,
    files: Vec<Opened>,
    storages: Vec<Placed>,
    tensors: BTreeMap<String, Stored>,
    unread: BTreeMap<String, UnreadTensor>,
    aliases: Vec<String>,
    notes: Vec<String>,
    most: usize,
    curves: Vec<Curve>,
    metadata: BTreeMap<String, String>,
    settings: Option<Settings>,
    places: BTreeMap<String, Place>,
    origin: Arc<Origin>,
    /// The folder of its companions; `None` for what is in memory.
    beside: Option<PathBuf>,
}

impl Checkpoint {
    /// Opens a file, the checkpoint in a training run's folder, or a folder in Hugging Face's layout, also by its `config.json`,
    /// its index or its weights, and lists its tensors. Those of a file by itself get the names of the published code: what
    /// wrappers put into them is taken off, and what is computed of others is put together. Those of other layouts keep
    /// theirs, but for what training put around them.
    ///
    /// # Errors
    /// When a file cannot be read, is in none of the formats, is damaged, or holds no state dict; when a part is missing, or
    /// the folder is no model.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        opening::read(folder::input(&in_folder(path))?)
    }

    /// The files that `source` was made of, once more: the same bytes, whatever has their names by now.
    ///
    /// # Errors
    /// When one was written to since, or never was a file.
    pub fn again(path: &Path, source: &Source) -> Result<Self, CheckpointError> {
        opening::read(source.input(path)?)
    }

    /// The files as they were opened: for their hash, and to be read [again](Self::again).
    ///
    /// # Errors
    /// When the system does not let one be looked at.
    pub fn source(&self) -> Result<Source, CheckpointError> {
        Source::of(self)
    }

    /// As [`Checkpoint::open`], for a file that is part of the program; `name` stands for its path.
    ///
    /// # Errors
    /// When the bytes are in none of the formats, are damaged, or hold no state dict.
    pub fn from_static(name: &Path, bytes: &'static [u8]) -> Result<Self, CheckpointError> {
        opening::read(Input::one(name, FileBytes::Static(bytes)))
    }

    /// As [`Checkpoint::open`], for bytes that are in memory; `name` stands for their path.
    ///
    /// # Errors
    /// When the bytes are in none of the formats, are damaged, or hold no state dict.
    pub fn from_bytes(name: &Path, bytes: Vec<u8>) -> Result<Self, CheckpointError> {
        opening::read(Input::one(name, FileBytes::Held(bytes)))
    }

    /// The file, or the folder, as it was asked for.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The container it came in.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Size of the file, or of all its files, in bytes.
    pub fn file_bytes(&self) -> usize {
        self.files.iter().map(|file| file.bytes.all().len()).sum()
    }

    /// The files that its tensors lie in, in the order of their parts.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// The source that says which network the tensors are of.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// A file beside the weights, such as `tokenizer.json`, if there is one: `name` is that of a file in the same folder. Where
    /// the weights are a link, as in a hub cache, it is looked for beside the link.
    pub fn companion(&self, name: &str) -> Option<PathBuf> {
        origin::companion(self.beside.as_deref()?, name)
    }

    /// Names of all floating-point tensors, sorted, without prefixes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Shape and number format of a tensor.
    pub fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name).map(|stored| &stored.view.info)
    }

    /// The name of a tensor in the file, prefixes included.
    pub fn file_name(&self, name: &str) -> Option<&str> {
        self.tensors
            .get(name)
            .map(|stored| stored.file_name.as_str())
    }

    /// The prefix that the file writes before the names, such as `module.`; nothing where it writes them as they are.
    pub fn prefix(&self) -> &str {
        if !matches!(*self.origin, Origin::Plain) {
            return "";
        }
        let mut all = self
            .tensors
            .values()
            .map(|stored| stored.file_name.as_str());
        all.find_map(names::prefix).unwrap_or_default()
    }

    /// The tensors that the file holds in a form that is not read, by their names without prefixes.
    pub fn unread(&self) -> &BTreeMap<String, UnreadTensor> {
        &self.unread
    }

    /// All names of tensors, those that are not read among them: what is not read is not absent.
    pub fn all_names(&self) -> impl Iterator<Item = &str> {
        self.names().chain(self.unread.keys().map(String::as_str))
    }

    /// Names in the file of tensors that are among [`names`](Self::names) already: the same numbers under a wrapper's name.
    pub fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// The notes on how the file was understood, for whoever wants to know, in words.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Limit on the bytes of all tensors together, each counted once: a small file that asks for more is refused.
    pub fn most_bytes(&self) -> usize {
        self.most
    }

    /// A number that two tensors share if and only if they are the same numbers in the same storage (tied weights).
    pub fn view_number(&self, name: &str) -> Option<usize> {
        Some(self.tensors.get(name)?.number)
    }

    /// The number formats of the tensors, the one with most numbers first.
    pub fn dtypes(&self) -> Vec<Dtype> {
        let mut counts: Vec<(Dtype, usize)> = Vec::new();
        for stored in self.tensors.values() {
            let info = &stored.view.info;
            match counts.iter_mut().find(|(dtype, _)| *dtype == info.dtype) {
                Some((_, count)) => *count += info.elements(),
                None => counts.push((info.dtype, info.elements())),
            }
        }
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts.into_iter().map(|(dtype, _)| dtype).collect()
    }

    /// True if two names stand for the same numbers in the same storage (tied weights).
    pub fn same_storage(&self, a: &str, b: &str) -> bool {
        self.view_number(a)
            .is_some_and(|number| self.view_number(b) == Some(number))
    }

    /// True if a tensor has more numbers than there are in the file for it: an expanded view repeats them.
    pub fn repeats(&self, name: &str) -> bool {
        let stored = self.tensors.get(name);
        stored.is_some_and(|stored| stored.view.repeats())
    }

    /// The training curves stored with the weights.
    pub fn curves(&self) -> &[Curve] {
        &self.curves
    }

    /// Text stored with the weights (`.safetensors` only).
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The settings of the architecture in the file, under `cfg` or `args` as in checkpoints of fairseq.
    pub fn settings(&self) -> Option<&Settings> {
        self.settings.as_ref()
    }

    /// The place of each tensor of a single `.safetensors` file, by its name in the file, whole numbers among them; nothing for
    /// other formats.
    pub fn places(&self) -> &BTreeMap<String, Place> {
        &self.places
    }

    /// The bytes of a place; nothing where it is beyond the file's end, or the file was shortened since it was opened.
    pub fn bytes_at(&self, place: &Place) -> &[u8] {
        let file = self.files.first().filter(|file| file.bytes.is_whole());
        let bytes = file.and_then(|file| file.bytes.get(place.bytes.clone()));
        bytes.unwrap_or_default()
    }
}
