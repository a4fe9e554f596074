//! `.safetensors` files: one self-contained model, weights, configuration and vocabulary.

mod header;

use super::CheckpointError;
use super::bytes::FileBytes;
use super::container::Storage;
use super::contents::Contents;
use super::dtype::Dtype;
use super::error::Fault;
use super::listing::{Found, Stored};
use super::tensor::{LONGEST_NAME, TensorInfo, View};
use super::tensor_file::{Element, Place, PlannedTensor, TensorFile};
use super::unread::UnreadTensor;
use super::within;
use crate::files::shown;
use header::Header;
use safetensors::tensor::Dtype as FileDtype;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Metadata key under which tied tensors are listed: a JSON object, name → the name that holds the data.
pub const TIED: &str = "tied";

/// True if the file begins as a safetensors file does: a length, then a JSON object.
pub(super) fn recognises(file: &[u8]) -> bool {
    let Some(length) = file.first_chunk::<8>() else {
        return false;
    };
    let header = u64::from_le_bytes(*length);
    header > 1 && header <= file.len() as u64 && file.get(8) == Some(&b'{')
}

/// True if the header of a file has `text` in it.
pub(super) fn header_has(file: &[u8], text: &[u8]) -> bool {
    let length = file.first_chunk::<8>().map(|n| u64::from_le_bytes(*n));
    let length = length.and_then(|n| usize::try_from(n).ok());
    let header = length.and_then(|n| file.get(8..n.checked_add(8)?));
    header.is_some_and(|header| header.windows(text.len().max(1)).any(|part| part == text))
}

/// The tensors of a file, whose storages, metadata and places are added to `contents`.
///
/// # Errors
/// When its header is damaged, or not as the format has it.
pub(super) fn open(contents: &mut Contents, file: &FileBytes) -> Result<Vec<Found>, Fault> {
    let bytes = file.all();
    let (header, data) = Header::read(bytes)?;
    let Header {
        metadata, entries, ..
    } = header;
    let is_own = within::is_own(&metadata);
    let mut found = Vec::with_capacity(entries.len());
    for (name, info) in entries {
        let (start, end) = info.data_offsets;
        if let Some(element) = info.dtype.known().and_then(Element::of) {
            let place = Place {
                element,
                shape: info.shape.clone(),
                bytes: data + start..data + end,
            };
            contents.places.insert(name.clone(), place);
        }
        if info.dtype.known() == Some(FileDtype::U8) && is_own && within::is_file(&name) {
            continue;
        }
        let dtype = match info.dtype.known() {
            Some(FileDtype::F32) => Dtype::F32,
            Some(FileDtype::F16) => Dtype::F16,
            Some(FileDtype::BF16) => Dtype::BF16,
            Some(FileDtype::F64) => Dtype::F64,
            Some(FileDtype::U8) if contents.keeps_bytes && is_packed(&name) => Dtype::U8,
            // Whole numbers, and what is not known here.
            _ => {
                let unread = UnreadTensor::format(&name, info.dtype.name(), Some(info.shape));
                found.push(Found::Unread(unread));
                continue;
            }
        };
        let mut strides = vec![1_usize; info.shape.len()];
        for i in (1..strides.len()).rev() {
            // What overflows is refused below.
            strides[i - 1] = strides[i].saturating_mul(info.shape[i]);
        }
        let shape = info.shape;
        let view = View {
            storage: contents.storage(Storage::Mapped(data + start..data + end, None)),
            offset: 0,
            strides,
            info: TensorInfo { shape, dtype },
        };
        let number = view
            .check(end - start)
            .and_then(|()| contents.claims.add(&view))
            .map_err(|e| format!("tensor {}: {e}", shown(&name)))?;
        found.push(Found::Stored(Stored {
            view,
            number,
            file_name: name,
            derived: None,
        }));
    }
    second_names(&metadata, &mut found)?;
    contents.metadata.extend(metadata);
    Ok(found)
}

/// True if a tensor of bytes is one of gpt-oss's packed ones: nibbles, or the scales of 32 of them.
fn is_packed(name: &str) -> bool {
    name.ends_with("_blocks") || name.ends_with("_scales")
}

/// Adds the names of tensors that share another's numbers, which are there once: those that this program lists, and those
/// that `safetensors.torch.save_model` leaves in the metadata, name by name.
fn second_names(metadata: &BTreeMap<String, String>, found: &mut Vec<Found>) -> Result<(), Fault> {
    let tied: BTreeMap<String, String> = match metadata.get(TIED) {
        Some(tied) => crate::json::read(tied.as_bytes())
            .map_err(|e| format!("metadata \"{TIED}\": {}", shown(&e)))?,
        None => BTreeMap::new(),
    };
    let by_name: HashMap<&str, usize> = found
        .iter()
        .enumerate()
        .map(|(i, found)| (found.file_name(), i))
        .collect();
    let mut more = Vec::new();
    for (name, holder) in &tied {
        let Some(&at) = by_name.get(holder.as_str()) else {
            let (name, holder) = (shown(name), shown(holder));
            return Err(format!("tensor {name}: it is tied to {holder}, which is missing").into());
        };
        more.push((name, at));
    }
    // A text that happens to be a tensor's name, under a key that is none, is what save_model writes.
    let left_out = metadata.iter().filter_map(|(name, holder)| {
        let at = by_name.get(holder.as_str())?;
        let is_free = !by_name.contains_key(name.as_str()) && !tied.contains_key(name);
        (is_free && name.len() <= LONGEST_NAME).then_some((name, *at))
    });
    more.extend(left_out);
    let more: Vec<Found> = more
        .into_iter()
        .filter_map(|(name, at)| Some(found.get(at)?.renamed(name)))
        .collect();
    found.extend(more);
    Ok(())
}

/// A tensor to be written: its name, shape and elements, row-major.
#[derive(Debug, Clone)]
pub struct NamedTensor {
    /// Name in the file.
    pub name: String,
    /// Extent of every dimension, outermost first.
    pub shape: Vec<usize>,
    /// The elements.
    pub values: Vec<f32>,
}

/// Writes `tensors` and `metadata` to a `.safetensors` file, every number as `dtype`.
///
/// `tied` lists names that share another tensor's data. The same arguments give the same bytes. The file appears under its name only when it is complete.
///
/// # Errors
/// When the folder cannot be written to, or a tensor's shape does not match its number of elements.
pub fn write_safetensors(
    path: &Path,
    tensors: &[NamedTensor],
    tied: &BTreeMap<String, String>,
    dtype: Dtype,
    metadata: &BTreeMap<String, String>,
) -> Result<(), CheckpointError> {
    let element = match dtype {
        Dtype::F32 => Element::F32,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::BF16,
        Dtype::F64 => Element::F64,
        Dtype::U8 | Dtype::Blocks(_) => {
            return Err(CheckpointError::Unsupported {
                path: path.to_owned(),
                what: format!("numbers are not written as {}", dtype.name()),
            });
        }
    };
    let mut metadata = metadata.clone();
    if !tied.is_empty() {
        metadata.insert(TIED.into(), serde_json::json!(tied).to_string());
    }
    let plan: Vec<PlannedTensor> = tensors
        .iter()
        .map(|tensor| PlannedTensor::new(&tensor.name, element, &tensor.shape))
        .collect();
    let mut file = TensorFile::create(path, &plan, &metadata)?;
    for (tensor, plan) in tensors.iter().zip(&plan) {
        let bytes = element.of_numbers(&tensor.values);
        if bytes.len() as u64 != plan.bytes() {
            return Err(CheckpointError::Unsupported {
                path: path.to_owned(),
                what: format!(
                    "tensor {} of the shape {:?} was given {} values",
                    shown(&tensor.name),
                    tensor.shape,
                    tensor.values.len()
                ),
            });
        }
        file.write(&tensor.name, 0, &bytes)?;
    }
    file.finish()
}
