//! Files ↔ weights.
//!
//! [`Checkpoint::open`] reads PyTorch checkpoints (the zip container and the legacy stream of PyTorch before 1.6)
//! and `.safetensors` files. The file is mapped: a tensor's bytes are touched when it is [read](Checkpoint::read)
//! or [asked for](Checkpoint::tensor), the optimizer's never. Nothing in a pickle is executed.

mod bytes;
mod checksum;
mod claims;
mod container;
mod curves;
mod data;
mod decode;
mod derived;
mod error;
mod fairseq;
mod foreign;
pub mod gguf;
mod listing;
mod log;
mod names;
mod opening;
mod pickle;
mod run_progress;
mod safetensors;
mod scalar;
mod state_dict;
mod tensor;
mod tensor_file;
#[cfg(test)]
mod tests;
mod torch;
mod unread;

pub use curves::{CURVES, Curve, Line, Panel, Quantity, curves_to_json};
pub use data::TensorData;
pub use error::CheckpointError;
pub use fairseq::{Settings, is_fairseq_name};
#[doc(hidden)]
pub use opening::read_pickle;
pub use run_progress::{
    MOST_STEPS, RunProgress, SPAN_HISTORY, TRAINING, TRAINING_STATE, is_training_state,
};
pub use safetensors::{NamedTensor, write_safetensors};
pub use tensor::{Dtype, TensorInfo};
pub use tensor_file::{Element, Place, PlannedTensor, TensorFile};
pub use unread::UnreadTensor;

use crate::files::SourceFile;
use bytes::FileBytes;
use container::Storage;
use listing::Stored;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

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
}

impl Format {
    /// A short name for people and scripts: `pt-zip`, `pt-legacy` or `safetensors`.
    pub fn name(self) -> &'static str {
        match self {
            Format::PtZip => "pt-zip",
            Format::PtLegacy => "pt-legacy",
            Format::Safetensors => "safetensors",
        }
    }
}

/// The name of the checkpoint in the folder of a training run.
pub const IN_FOLDER: &str = "checkpoint.safetensors";

/// The checkpoint's file where `path` is the folder of a training run, else `path` itself.
pub fn in_folder(path: &Path) -> PathBuf {
    match path.is_dir() {
        true => path.join(IN_FOLDER),
        false => path.to_owned(),
    }
}

/// The folder, if `path` is that of a run's checkpoint in a folder that holds none.
fn missing_in_folder(path: &Path) -> Option<&Path> {
    let folder = path.parent()?;
    let is_run = path.file_name().is_some_and(|name| name == IN_FOLDER);
    (is_run && folder.is_dir() && !path.exists()).then_some(folder)
}

/// An open checkpoint: names, shapes and, on demand, numbers.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    format: Format,
    file: FileBytes,
    storages: Vec<Storage>,
    /// Whether a storage passed its checksum, once somebody has read from it.
    intact: Vec<OnceLock<bool>>,
    tensors: BTreeMap<String, Stored>,
    unread: BTreeMap<String, UnreadTensor>,
    aliases: Vec<String>,
    notes: Vec<String>,
    most: usize,
    curves: Vec<Curve>,
    metadata: BTreeMap<String, String>,
    settings: Option<Settings>,
    places: BTreeMap<String, Place>,
}

impl Checkpoint {
    /// Opens `path`, or the checkpoint in a training run's folder, and lists its tensors, under the
    /// names of the published code: what wrappers put into them is taken off, and what is computed of others is put together.
    ///
    /// # Errors
    /// When the file cannot be read, is in none of the formats, is damaged, or holds no state dict.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let path = &in_folder(path);
        if let Some(folder) = missing_in_folder(path) {
            return Err(CheckpointError::NoRun {
                folder: folder.to_owned(),
            });
        }
        opening::read(path, FileBytes::open(path)?)
    }

    /// The file that `source` was opened from, once more: the same bytes, whatever has its name by now.
    ///
    /// # Errors
    /// When it was written to since, or never was a file.
    pub fn again(path: &Path, source: &SourceFile) -> Result<Self, CheckpointError> {
        if let Some(bytes) = source.static_bytes() {
            return Self::from_static(path, bytes);
        }
        let file = source.handle().ok_or_else(|| CheckpointError::Changed {
            path: path.to_owned(),
        })?;
        opening::read(path, FileBytes::map(path, file)?)
    }

    /// The file as it was opened: for its hash, and to be read [again](Self::again).
    ///
    /// # Errors
    /// When the system does not let it be looked at.
    pub fn source(&self) -> Result<SourceFile, CheckpointError> {
        self.file.source().map_err(|source| CheckpointError::Io {
            path: self.path.clone(),
            source,
        })
    }

    /// As [`Checkpoint::open`], for a file that is part of the program; `name` stands for its path.
    ///
    /// # Errors
    /// When the bytes are in none of the formats, are damaged, or hold no state dict.
    pub fn from_static(name: &Path, bytes: &'static [u8]) -> Result<Self, CheckpointError> {
        opening::read(name, FileBytes::Static(bytes))
    }

    /// As [`Checkpoint::open`], for bytes that are in memory; `name` stands for their path.
    ///
    /// # Errors
    /// When the bytes are in none of the formats, are damaged, or hold no state dict.
    pub fn from_bytes(name: &Path, bytes: Vec<u8>) -> Result<Self, CheckpointError> {
        opening::read(name, FileBytes::Held(bytes))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The container it came in.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Size of the file, in bytes.
    pub fn file_bytes(&self) -> usize {
        self.file.all().len()
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

    /// What the file writes before the names, such as `module.`; nothing where it writes them as they are.
    pub fn prefix(&self) -> &str {
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

    /// Names in the file of tensors that are among [`names`](Self::names) already: the same numbers under a wrapper's name.
    pub fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// What was understood of the file that somebody may want to know, in words.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How many bytes all tensors together may be, each counted once, before a small file is refused that asks for more.
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

    /// The elements of a tensor as `f32`, row-major. Those of a large one are read by all threads.
    ///
    /// # Errors
    /// When there is no tensor of that name, or its storage fails its checksum.
    pub fn read(&self, name: &str) -> Result<Vec<f32>, CheckpointError> {
        Ok(self.tensor(name)?.to_vec())
    }

    /// A tensor whose elements can be read piece by piece, by several threads, without a copy of the whole.
    ///
    /// The first call for a storage reads it all and verifies its checksum, where the file has one; of a large storage
    /// every thread sums up a part. Later calls cost nothing.
    ///
    /// # Errors
    /// When there is no tensor of that name, or its storage fails its checksum.
    pub fn tensor(&self, name: &str) -> Result<TensorData<'_>, CheckpointError> {
        let missing = || CheckpointError::NoSuchTensor {
            path: self.path.clone(),
            name: name.to_owned(),
        };
        let stored = self.tensors.get(name).ok_or_else(missing)?;
        self.still_whole()?;
        self.data_of(name, stored)
    }

    fn data_of<'a>(
        &'a self,
        name: &str,
        stored: &'a Stored,
    ) -> Result<TensorData<'a>, CheckpointError> {
        if let Some(derived) = &stored.derived {
            let [first, second] = &derived.parts;
            let parts = [self.data_of(name, first)?, self.data_of(name, second)?];
            return Ok(TensorData::new(&stored.view, derived.bytes(parts)));
        }
        let missing = || CheckpointError::NoSuchTensor {
            path: self.path.clone(),
            name: name.to_owned(),
        };
        let storage = self.storages.get(stored.view.storage).ok_or_else(missing)?;
        if !self.is_intact(stored.view.storage, storage) {
            let what = format!("the numbers of tensor {name} fail their checksum");
            return Err(damaged(&self.path, what));
        }
        Ok(TensorData::new(
            &stored.view,
            storage.bytes(self.file.all()),
        ))
    }

    /// Whether the file was not shortened since it was opened.
    fn still_whole(&self) -> Result<(), CheckpointError> {
        match self.file.is_whole() {
            true => Ok(()),
            false => Err(damaged(
                &self.path,
                "it was shortened while it was read, as when it is saved anew; open it again once that is done".into(),
            )),
        }
    }

    fn is_intact(&self, index: usize, storage: &Storage) -> bool {
        let Some(known) = self.intact.get(index) else {
            return storage.is_intact(&self.file);
        };
        // Not get_or_init: while a thread waits for others to sum up their parts, rayon may give it other work, which may
        // ask for the same storage and would wait for itself. Two threads rather sum up one storage twice.
        known.get().copied().unwrap_or_else(|| {
            let intact = storage.is_intact(&self.file);
            *known.get_or_init(|| intact)
        })
    }

    /// Whether two names stand for the same numbers in the same storage (tied weights).
    pub fn same_storage(&self, a: &str, b: &str) -> bool {
        self.view_number(a)
            .is_some_and(|number| self.view_number(b) == Some(number))
    }

    /// Whether a tensor has more numbers than there are in the file for it: an expanded view repeats them.
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

    /// What the file says of its architecture under `cfg` or `args`, as checkpoints of fairseq do.
    pub fn settings(&self) -> Option<&Settings> {
        self.settings.as_ref()
    }

    /// Where each tensor of a `.safetensors` file lies, by its name in the file, whole numbers among them; nothing for
    /// other formats.
    pub fn places(&self) -> &BTreeMap<String, Place> {
        &self.places
    }

    /// The bytes of a place; nothing where it is beyond the file's end, or the file was shortened since it was opened.
    pub fn bytes_at(&self, place: &Place) -> &[u8] {
        if !self.file.is_whole() {
            return &[];
        }
        self.file.get(place.bytes.clone()).unwrap_or_default()
    }
}

fn damaged(path: &Path, what: String) -> CheckpointError {
    CheckpointError::Damaged {
        path: path.to_owned(),
        what,
    }
}
