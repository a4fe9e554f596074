//! `.safetensors` files: one self-contained model, weights, configuration and vocabulary.

mod header;

use super::bytes::FileBytes;
use super::container::Storage;
use super::tensor::{Dtype, TensorInfo, View};
use super::tensor_file::{Element, Place, PlannedTensor, TensorFile};
use super::{CheckpointError, Claims, Stored, insert};
use crate::files::shown;
use header::Header;
use safetensors::tensor::Dtype as FileDtype;
use std::collections::BTreeMap;
use std::path::Path;

/// Metadata key under which tied tensors are listed: a JSON object, name → the name that holds the data.
const TIED: &str = "tied";

/// Whether the file begins as a safetensors file does: a length, then a JSON object.
pub(super) fn recognises(file: &[u8]) -> bool {
    let Some(length) = file.first_chunk::<8>() else {
        return false;
    };
    let header = u64::from_le_bytes(*length);
    header > 1 && header <= file.len() as u64 && file.get(8) == Some(&b'{')
}

pub(super) type Contents = (
    BTreeMap<String, Stored>,
    Vec<Storage>,
    BTreeMap<String, String>,
    BTreeMap<String, Place>,
);

pub(super) fn open(path: &Path, file: &FileBytes) -> Result<Contents, CheckpointError> {
    let damaged = |what: String| CheckpointError::Damaged {
        path: path.to_owned(),
        what,
    };
    let bytes = file.all();
    let (header, data) = Header::read(bytes).map_err(damaged)?;
    let Header { metadata, entries } = header;
    let mut tensors = BTreeMap::new();
    let mut storages = Vec::new();
    let mut places = BTreeMap::new();
    let mut claims = Claims::of(bytes.len());
    for (name, info) in entries {
        let (start, end) = info.data_offsets;
        if let Some(element) = Element::of(info.dtype) {
            let place = Place {
                element,
                shape: info.shape.clone(),
                bytes: data + start..data + end,
            };
            places.insert(name.clone(), place);
        }
        let dtype = match info.dtype {
            FileDtype::F32 => Dtype::F32,
            FileDtype::F16 => Dtype::F16,
            FileDtype::BF16 => Dtype::BF16,
            FileDtype::F64 => Dtype::F64,
            // Integer tensors are no weights.
            _ => continue,
        };
        let mut strides = vec![1_usize; info.shape.len()];
        for i in (1..strides.len()).rev() {
            // What overflows is refused below.
            strides[i - 1] = strides[i].saturating_mul(info.shape[i]);
        }
        let shape = info.shape;
        let view = View {
            storage: storages.len(),
            offset: 0,
            strides,
            info: TensorInfo { shape, dtype },
        };
        view.check(end - start)
            .and_then(|()| claims.add(&view))
            .map_err(|e| damaged(format!("tensor {}: {e}", shown(&name))))?;
        storages.push(Storage::Mapped(data + start..data + end, None));
        let file_name = name;
        let name = super::names::strip(&file_name).to_owned();
        insert(&mut tensors, name, Stored { view, file_name }).map_err(damaged)?;
    }
    if let Some(tied) = metadata.get(TIED) {
        let tied: BTreeMap<String, String> = crate::json::read(tied.as_bytes())
            .map_err(|e| damaged(format!("metadata \"{TIED}\": {e}")))?;
        for (name, holder) in tied {
            let of_tied = |e: String| damaged(format!("tensor {}: {e}", shown(&name)));
            let Some(stored) = tensors.get(&holder).cloned() else {
                let what = format!("it is tied to {}, which is missing", shown(&holder));
                return Err(of_tied(what));
            };
            claims.add(&stored.view).map_err(of_tied)?;
            let stored = Stored {
                file_name: name.clone(),
                ..stored
            };
            insert(&mut tensors, name, stored).map_err(damaged)?;
        }
    }
    Ok((tensors, storages, metadata, places))
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
        let bytes = encode(&tensor.values, dtype);
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

fn encode(values: &[f32], dtype: Dtype) -> Vec<u8> {
    match dtype {
        Dtype::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        Dtype::F16 => values
            .iter()
            .flat_map(|v| half::f16::from_f32(*v).to_le_bytes())
            .collect(),
        Dtype::BF16 => values
            .iter()
            .flat_map(|v| half::bf16::from_f32(*v).to_le_bytes())
            .collect(),
        Dtype::F64 => values
            .iter()
            .flat_map(|v| f64::from(*v).to_le_bytes())
            .collect(),
    }
}
