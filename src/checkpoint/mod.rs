//! Files ↔ weights.
//!
//! [`Checkpoint::open`] reads PyTorch checkpoints (the zip container and the legacy stream of PyTorch before 1.6)
//! and `.safetensors` files. The file is mapped: a tensor's bytes are touched when it is [read](Checkpoint::read)
//! or [asked for](Checkpoint::tensor), the optimizer's never. Nothing in a pickle is executed.

mod bytes;
mod checksum;
mod container;
mod curves;
mod data;
mod decode;
mod error;
pub mod gguf;
mod names;
mod pickle;
mod safetensors;
mod tensor;
mod tensor_file;
#[cfg(test)]
mod tests;
mod torch;

pub use curves::{CURVES, Curve, Line, Panel, Quantity, curves_to_json};
pub use data::TensorData;
pub use error::CheckpointError;
pub use safetensors::{NamedTensor, write_safetensors};
pub use tensor::{Dtype, TensorInfo};
pub use tensor_file::{Element, Place, PlannedTensor, TensorFile};

use crate::files::{SourceFile, shown};
use bytes::FileBytes;
use container::{LegacyContainer, Storage, ZipContainer};
use pickle::Budget;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tensor::View;

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

#[derive(Debug, Clone)]
struct Stored {
    view: View,
    file_name: String,
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
    curves: Vec<Curve>,
    metadata: BTreeMap<String, String>,
    places: BTreeMap<String, Place>,
}

impl Checkpoint {
    /// Opens `path`, or the checkpoint in a training run's folder, and lists its tensors, under names stripped of `module.`, `decoder.model.` and `model.`.
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
        Self::read_from(path, FileBytes::open(path)?)
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
        Self::read_from(path, FileBytes::map(path, file)?)
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
        Self::read_from(name, FileBytes::Static(bytes))
    }

    /// As [`Checkpoint::open`], for bytes that are in memory; `name` stands for their path.
    ///
    /// # Errors
    /// When the bytes are in none of the formats, are damaged, or hold no state dict.
    pub fn from_bytes(name: &Path, bytes: Vec<u8>) -> Result<Self, CheckpointError> {
        Self::read_from(name, FileBytes::Held(bytes))
    }

    fn read_from(path: &Path, file: FileBytes) -> Result<Self, CheckpointError> {
        let head = file.all();
        let mut budget = Budget::for_file(head.len());
        let budget = &mut budget;
        let damaged = |what| damaged(path, what);
        let unsupported = |what| unsupported(path, what);
        if head.starts_with(crate::zip_directory::MAGIC) {
            let mut zip = ZipContainer::open(head).map_err(damaged)?;
            let pickle = zip.pickle(budget).map_err(damaged)?;
            let refs = torch::state_dict(&pickle, budget).map_err(unsupported)?;
            let curves = torch::curves(&pickle, budget).map_err(damaged)?;
            let (tensors, storages) = resolve(path, &file, refs, |key| zip.storage(key))?;
            let format = Format::PtZip;
            return Ok(Self::new(path, format, file, storages, tensors, curves));
        }
        if LegacyContainer::recognises(head) {
            let legacy = LegacyContainer::open(head, budget).map_err(damaged)?;
            let refs = torch::state_dict(&legacy.pickle, budget).map_err(unsupported)?;
            let curves = torch::curves(&legacy.pickle, budget).map_err(damaged)?;
            let (tensors, storages) = resolve(path, &file, refs, |key| legacy.storage(key, head))?;
            let format = Format::PtLegacy;
            return Ok(Self::new(path, format, file, storages, tensors, curves));
        }
        if safetensors::recognises(head) {
            let (tensors, storages, metadata, places) = safetensors::open(path, &file)?;
            let curves = curves::from_metadata(&metadata);
            let mut checkpoint =
                Self::new(path, Format::Safetensors, file, storages, tensors, curves);
            checkpoint.metadata = metadata;
            checkpoint.places = places;
            return Ok(checkpoint);
        }
        Err(CheckpointError::UnknownFormat {
            path: path.to_owned(),
            found: describe(head),
        })
    }

    fn new(
        path: &Path,
        format: Format,
        file: FileBytes,
        storages: Vec<Storage>,
        tensors: BTreeMap<String, Stored>,
        curves: Vec<Curve>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            format,
            file,
            intact: storages.iter().map(|_| OnceLock::new()).collect(),
            storages,
            tensors,
            curves,
            metadata: BTreeMap::new(),
            places: BTreeMap::new(),
        }
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
        let first = self.tensors.iter().next();
        first
            .and_then(|(name, stored)| stored.file_name.strip_suffix(name.as_str()))
            .unwrap_or_default()
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
        let storage = self.storages.get(stored.view.storage).ok_or_else(missing)?;
        self.still_whole()?;
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
        let (Some(a), Some(b)) = (self.tensors.get(a), self.tensors.get(b)) else {
            return false;
        };
        let (a, b) = (&a.view, &b.view);
        a.storage == b.storage && a.offset == b.offset && a.strides == b.strides && a.info == b.info
    }

    /// The training curves stored with the weights.
    pub fn curves(&self) -> &[Curve] {
        &self.curves
    }

    /// Text stored with the weights (`.safetensors` only).
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
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

/// Reads a pickle and what a checkpoint would be made of, but for the numbers.
pub(crate) fn read_pickle(data: &[u8]) {
    let budget = &mut Budget::for_file(data.len());
    if let Ok((pickle, _)) = pickle::read(data, budget) {
        let _ = torch::state_dict(&pickle, budget);
        let _ = torch::storage_sizes(&pickle, budget);
        let _ = torch::curves(&pickle, budget);
    }
}

fn damaged(path: &Path, what: String) -> CheckpointError {
    CheckpointError::Damaged {
        path: path.to_owned(),
        what,
    }
}

fn unsupported(path: &Path, what: String) -> CheckpointError {
    CheckpointError::Unsupported {
        path: path.to_owned(),
        what,
    }
}

type Resolved = (BTreeMap<String, Stored>, Vec<Storage>);

/// Finds the storages that the state dict uses, and only those.
fn resolve(
    path: &Path,
    file: &FileBytes,
    refs: Vec<torch::TensorRef>,
    mut find: impl FnMut(&str) -> Result<Storage, String>,
) -> Result<Resolved, CheckpointError> {
    let mut storages: Vec<Storage> = Vec::new();
    let mut by_key: HashMap<String, usize> = HashMap::new();
    let mut tensors = BTreeMap::new();
    let mut claims = Claims::of(file.all().len());
    for tensor in refs {
        let of_tensor = |e: String| damaged(path, format!("tensor {}: {e}", shown(&tensor.name)));
        let index = match by_key.get(&tensor.key) {
            Some(&index) => index,
            None => {
                let storage = find(&tensor.key).map_err(of_tensor)?;
                claims.found(&storage);
                storages.push(storage);
                by_key.insert(tensor.key.clone(), storages.len() - 1);
                storages.len() - 1
            }
        };
        let view = View {
            storage: index,
            offset: tensor.offset,
            strides: tensor.strides,
            info: tensor.info,
        };
        let bytes = storages
            .get(index)
            .map_or(0, |storage| storage.bytes(file.all()).len());
        view.check(bytes)
            .and_then(|()| claims.add(&view))
            .map_err(of_tensor)?;
        let name = names::strip(&tensor.name).to_owned();
        let stored = Stored {
            view,
            file_name: tensor.name,
        };
        insert(&mut tensors, name, stored).map_err(|what| damaged(path, what))?;
    }
    Ok((tensors, storages))
}

/// Adds a tensor, unless there is one of that name.
fn insert(
    tensors: &mut BTreeMap<String, Stored>,
    name: String,
    stored: Stored,
) -> Result<(), String> {
    use std::collections::btree_map::Entry;
    match tensors.entry(name) {
        Entry::Vacant(place) => {
            place.insert(stored);
            Ok(())
        }
        Entry::Occupied(other) => Err(format!(
            "tensors {} and {} have the same name, {}; it is not known which is meant",
            shown(&other.get().file_name),
            shown(&stored.file_name),
            shown(other.key())
        )),
    }
}

/// What the tensors of a file claim to be, all together: names may share numbers, and a view may repeat them, so a small
/// file could ask for any memory.
struct Claims {
    left: usize,
    most: usize,
}

impl Claims {
    /// For a file of `bytes` bytes: every number twice, as where input and output embedding share theirs, and some more.
    fn of(bytes: usize) -> Self {
        const MORE: usize = 16 << 20;
        let most = bytes.saturating_mul(2).saturating_add(MORE);
        Self { left: most, most }
    }

    /// What was unpacked counts like what is in the file.
    fn found(&mut self, storage: &Storage) {
        if let Storage::Copied(bytes) = storage {
            self.left += 2 * bytes.len();
            self.most += 2 * bytes.len();
        }
    }

    fn add(&mut self, view: &View) -> Result<(), String> {
        let bytes = view.info.elements().checked_mul(view.info.dtype.size());
        let left = bytes.and_then(|bytes| self.left.checked_sub(bytes));
        self.left = left.ok_or_else(|| {
            format!(
                "with its {:?} numbers all tensors would be more than {} bytes, which is more than the file can hold: its \
                 storages are used over and over",
                view.info.shape, self.most
            )
        })?;
        Ok(())
    }
}

/// What a file that is no checkpoint looks like.
fn describe(head: &[u8]) -> String {
    if head.is_empty() {
        return "the file is empty".into();
    }
    let first = &head[..head.len().min(16)];
    if first
        .iter()
        .all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace())
    {
        return format!(
            "it begins with the text {:?}",
            String::from_utf8_lossy(first)
        );
    }
    let hex: Vec<String> = first.iter().map(|b| format!("{b:02x}")).collect();
    format!("it begins with the bytes {}", hex.join(" "))
}
