//! From the bytes of a file to a checkpoint: which format it is in, and what is in it.

use super::bytes::FileBytes;
use super::claims::Claims;
use super::container::{LegacyContainer, Storage, ZipContainer};
use super::curves::{self, Curve};
use super::error::{CheckpointError, Fault};
use super::fairseq::{self, Settings};
use super::listing::{Found, Listing, Stored};
use super::log::{self, Log};
use super::pickle::{self, Budget, Pickle};
use super::tensor::View;
use super::tensor_file::Place;
use super::torch::TensorRef;
use super::{Checkpoint, Format, foreign, safetensors, state_dict, torch};
use crate::files::shown;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::OnceLock;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub listing: Listing,
    pub storages: Vec<Storage>,
    pub curves: Vec<Curve>,
    pub settings: Option<Settings>,
    pub metadata: BTreeMap<String, String>,
    pub places: BTreeMap<String, Place>,
}

/// Reads a file, whatever its format.
///
/// # Errors
/// When it is in none, is damaged, or holds no state dict.
pub(super) fn read(path: &Path, file: FileBytes) -> Result<Checkpoint, CheckpointError> {
    let head = file.all();
    let (format, contents) = if head.starts_with(crate::zip_directory::MAGIC) {
        (Format::PtZip, zip(&file))
    } else if LegacyContainer::recognises(head) {
        (Format::PtLegacy, legacy(&file))
    } else if safetensors::recognises(head) {
        (Format::Safetensors, safetensors::open(&file))
    } else {
        return Err(CheckpointError::UnknownFormat {
            path: path.to_owned(),
            found: foreign::describe(head),
        });
    };
    let mut contents = contents.map_err(|fault| fault.of(path))?;
    if format == Format::Safetensors {
        contents.curves = curves::from_metadata(&contents.metadata);
    }
    Ok(Checkpoint {
        path: path.to_owned(),
        format,
        intact: contents.storages.iter().map(|_| OnceLock::new()).collect(),
        storages: contents.storages,
        file,
        tensors: contents.listing.tensors,
        unread: contents.listing.unread,
        aliases: contents.listing.aliases,
        notes: contents.listing.notes,
        most: contents.listing.most,
        curves: contents.curves,
        settings: contents.settings,
        metadata: contents.metadata,
        places: contents.places,
    })
}

fn zip(file: &FileBytes) -> Result<Contents, Fault> {
    let bytes = file.all();
    let mut budget = Budget::for_file(bytes.len());
    let mut zip = ZipContainer::open(bytes)?;
    let pickle = zip.pickle(&mut budget)?;
    pickled(file, &pickle, &mut budget, |key| zip.storage(key))
}

fn legacy(file: &FileBytes) -> Result<Contents, Fault> {
    let bytes = file.all();
    let mut budget = Budget::for_file(bytes.len());
    let legacy = LegacyContainer::open(bytes, &mut budget)?;
    pickled(file, &legacy.pickle, &mut budget, |key| {
        legacy.storage(key, bytes)
    })
}

/// What a pickle says, with its storages.
fn pickled(
    file: &FileBytes,
    pickle: &Pickle,
    budget: &mut Budget,
    mut find: impl FnMut(&str) -> Result<Storage, String>,
) -> Result<Contents, Fault> {
    let state = state_dict::find(pickle, budget)?;
    let (mut listing, storages) = resolve(file, state.tensors, &mut find)?;
    let log = log(file, pickle, budget, find)?;
    let mut notes = state.notes;
    notes.extend(log.note());
    notes.append(&mut listing.notes);
    listing.notes = notes;
    Ok(Contents {
        listing,
        storages,
        curves: log.curves,
        settings: fairseq::settings(pickle),
        ..Contents::default()
    })
}

/// Finds the storages that the state dict uses, and only those.
fn resolve(
    file: &FileBytes,
    refs: Vec<Result<TensorRef, super::UnreadTensor>>,
    find: &mut impl FnMut(&str) -> Result<Storage, String>,
) -> Result<(Listing, Vec<Storage>), Fault> {
    let mut storages: Vec<Storage> = Vec::new();
    let mut by_key: HashMap<String, usize> = HashMap::new();
    let mut found = Vec::with_capacity(refs.len());
    let mut claims = Claims::of(file.all().len());
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
        let number = view
            .check(bytes)
            .and_then(|()| claims.add(&view))
            .map_err(of_tensor)?;
        found.push(Found::Stored(Stored {
            view,
            number,
            file_name: tensor.name,
            derived: None,
        }));
    }
    Ok((Listing::new(found, &mut claims)?, storages))
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
