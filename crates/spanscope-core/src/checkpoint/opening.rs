//! From the bytes of files to a checkpoint: which format they are in, and what is in them.

use super::bytes::FileBytes;
use super::container::{LegacyContainer, Storage, ZipContainer};
use super::contents::Contents;
use super::error::{CheckpointError, Fault};
use super::gguf::{self, Gguf, GgufMetadata};
use super::listing::{Found, Listing, Naming, Stored};
use super::log::{self, Log};
use super::pickle::{self, Budget, Pickle};
use super::tensor::View;
use super::torch::TensorRef;
use super::{Checkpoint, Format, Origin};
use super::{curves, fairseq, foreign, quantized, safetensors, split, state_dict, torch, within};
use crate::files::shown;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The input that a checkpoint is opened from.
#[derive(Debug)]
pub(super) struct Input {
    /// The path that names the checkpoint: the file, or the folder.
    pub path: PathBuf,
    /// Its files, one after the other.
    pub files: Vec<(PathBuf, FileBytes)>,
    pub origin: Arc<Origin>,
    /// The folder in which companions are looked for; none for what is in memory.
    pub beside: Option<PathBuf>,
}

impl Input {
    /// A file by itself.
    pub fn one(path: &Path, bytes: FileBytes) -> Self {
        Self {
            path: path.to_owned(),
            files: vec![(path.to_owned(), bytes)],
            origin: Arc::default(),
            beside: None,
        }
    }
}

/// Reads files, whatever their format.
///
/// # Errors
/// When one is in none, is damaged, or holds no state dict.
pub(super) fn read(input: Input) -> Result<Checkpoint, CheckpointError> {
    let Input {
        path,
        files,
        mut origin,
        beside,
    } = input;
    let count = files.len();
    let mut contents = Contents {
        keeps_bytes: origin.config().is_some(),
        ..Contents::default()
    };
    let mut names = HashMap::new();
    let mut format = Format::HuggingFace;
    for (place, (path, bytes)) in files.into_iter().enumerate() {
        let bytes = contents.file(&path, bytes);
        if origin.config().is_none() && bytes.all().starts_with(gguf::MAGIC) {
            format = Format::Gguf;
            let read = gguf(&mut contents, &bytes, (place, count), &mut names);
            let read = read.map_err(|fault| fault.of(&path))?;
            if place == 0 {
                origin = Arc::new(Origin::Gguf(GgufMetadata::new(read, bytes)));
            }
            continue;
        }
        let container = add(&mut contents, &bytes, &path, &mut names)?;
        if matches!(*origin, Origin::Plain) {
            format = container;
        }
    }
    if let Some(own) = within::origin(&contents, &path)? {
        (origin, format) = (own, Format::Safetensors);
    }
    if count != 1 {
        // Their bytes are counted from the beginnings of different files.
        contents.places.clear();
    }
    if format == Format::Safetensors {
        contents.curves = curves::from_metadata(&contents.metadata);
    }
    let naming = match *origin {
        Origin::Plain => Naming::Published,
        Origin::HuggingFace { .. } | Origin::Gguf(_) => Naming::Stored,
    };
    let mut listing = Listing::new(contents.found, naming, &mut contents.claims)
        .map_err(|fault| fault.of(&path))?;
    if let Some(config) = origin.config() {
        quantized::check(config, &listing.unread).map_err(|fault| fault.of(&path))?;
    }
    contents.notes.append(&mut listing.notes);
    Ok(Checkpoint {
        path,
        format,
        files: contents.files,
        storages: contents.storages,
        tensors: listing.tensors,
        unread: listing.unread,
        aliases: listing.aliases,
        notes: contents.notes,
        most: listing.most,
        curves: contents.curves,
        settings: contents.settings,
        metadata: contents.metadata,
        places: contents.places,
        origin,
        beside,
    })
}

/// Adds what the last file holds; the container that it is.
fn add(
    contents: &mut Contents,
    file: &FileBytes,
    path: &Path,
    names: &mut HashMap<String, usize>,
) -> Result<Format, CheckpointError> {
    let head = file.all();
    let (format, found) = if head.starts_with(crate::zip_directory::MAGIC) {
        (Format::PtZip, zip(contents, file))
    } else if LegacyContainer::recognises(head) {
        (Format::PtLegacy, legacy(contents, file))
    } else if safetensors::recognises(head) {
        (Format::Safetensors, safetensors::open(contents, file))
    } else {
        return Err(CheckpointError::UnknownFormat {
            path: path.to_owned(),
            found: foreign::describe(head),
        });
    };
    let added = found.and_then(|found| contents.add(found, names));
    added.map_err(|fault| fault.of(path))?;
    Ok(format)
}

/// Adds what the last file holds, a GGUF file, which is the one at `place` among its parts; its header.
fn gguf(
    contents: &mut Contents,
    file: &FileBytes,
    (place, count): (usize, usize),
    names: &mut HashMap<String, usize>,
) -> Result<Gguf, Fault> {
    let gguf = Gguf::read(file.all())?;
    let path = contents.files.last().map(|file| file.path.as_path());
    split::check(&gguf, place, count, path.unwrap_or(Path::new("")))?;
    let found = gguf::find(contents, &gguf)?;
    contents.add(found, names)?;
    Ok(gguf)
}

fn zip(contents: &mut Contents, file: &FileBytes) -> Result<Vec<Found>, Fault> {
    let bytes = file.all();
    let mut budget = Budget::for_file(bytes.len());
    let mut zip = ZipContainer::open(bytes)?;
    let pickle = zip.pickle(&mut budget)?;
    pickled(contents, file, &pickle, &mut budget, |key| zip.storage(key))
}

fn legacy(contents: &mut Contents, file: &FileBytes) -> Result<Vec<Found>, Fault> {
    let bytes = file.all();
    let mut budget = Budget::for_file(bytes.len());
    let legacy = LegacyContainer::open(bytes, &mut budget)?;
    pickled(contents, file, &legacy.pickle, &mut budget, |key| {
        legacy.storage(key, bytes)
    })
}

/// The tensors that a pickle describes, with its storages.
fn pickled(
    contents: &mut Contents,
    file: &FileBytes,
    pickle: &Pickle,
    budget: &mut Budget,
    mut find: impl FnMut(&str) -> Result<Storage, String>,
) -> Result<Vec<Found>, Fault> {
    let state = state_dict::find(pickle, budget)?;
    let found = resolve(contents, file, state.tensors, &mut find)?;
    let log = log(file, pickle, budget, find)?;
    contents.notes.extend(state.notes);
    contents.notes.extend(log.note());
    contents.curves = log.curves;
    contents.settings = fairseq::settings(pickle);
    Ok(found)
}

/// Finds the storages that the state dict uses, and only those.
fn resolve(
    contents: &mut Contents,
    file: &FileBytes,
    refs: Vec<Result<TensorRef, super::UnreadTensor>>,
    find: &mut impl FnMut(&str) -> Result<Storage, String>,
) -> Result<Vec<Found>, Fault> {
    let mut by_key: HashMap<String, usize> = HashMap::new();
    let mut found = Vec::with_capacity(refs.len());
    for tensor in refs {
        let tensor = match tensor {
            Ok(tensor) => tensor,
            Err(unread) => {
                found.push(Found::Unread(unread));
                continue;
            }
        };
        let of_tensor = |e: String| format!("tensor {}: {e}", shown(&tensor.name));
        let index = match by_key.get(&tensor.key) {
            Some(&index) => index,
            None => {
                let storage = find(&tensor.key).map_err(of_tensor)?;
                let index = contents.storage(storage);
                by_key.insert(tensor.key.clone(), index);
                index
            }
        };
        let view = View {
            storage: index,
            offset: tensor.offset,
            strides: tensor.strides,
            info: tensor.info,
        };
        let bytes = contents
            .storages
            .get(index)
            .map_or(0, |placed| placed.storage.bytes(file.all()).len());
        let number = view
            .check(bytes)
            .and_then(|()| contents.claims.add(&view))
            .map_err(of_tensor)?;
        found.push(Found::Stored(Stored {
            view,
            number,
            file_name: tensor.name,
            derived: None,
        }));
    }
    Ok(found)
}

/// The largest storage whose checksum is verified for the sake of a number in a log.
const LOGGED: usize = 1 << 20;

/// The training curves; numbers of those that are tensors are looked up in their storages.
fn log(
    file: &FileBytes,
    pickle: &Pickle,
    budget: &mut Budget,
    mut find: impl FnMut(&str) -> Result<Storage, String>,
) -> Result<Log, Fault> {
    let mut known: HashMap<String, Option<Storage>> = HashMap::new();
    let mut bytes = |key: &str, range: std::ops::Range<usize>| {
        if !known.contains_key(key) {
            let storage = find(key).ok().filter(|storage| {
                storage.bytes(file.all()).len() > LOGGED || storage.is_intact(file)
            });
            known.insert(key.to_owned(), storage);
        }
        let storage = known.get(key)?.as_ref()?;
        storage.bytes(file.all()).get(range).map(<[u8]>::to_vec)
    };
    Ok(log::read(pickle, budget, &mut bytes)?)
}

/// Reads a pickle and what a checkpoint would be made of, but for the numbers.
pub fn read_pickle(data: &[u8]) {
    let budget = &mut Budget::for_file(data.len());
    if let Ok((pickle, _)) = pickle::read(data, budget) {
        let _ = state_dict::find(&pickle, budget);
        let _ = fairseq::settings(&pickle);
        let _ = torch::storage_sizes(&pickle, budget);
        let _ = log::read(&pickle, budget, &mut |_, range| Some(vec![0; range.len()]));
    }
}
