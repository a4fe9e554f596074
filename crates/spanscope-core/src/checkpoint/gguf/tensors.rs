//! The tensors of a GGUF file among those of a checkpoint.

use super::super::container::Storage;
use super::super::contents::Contents;
use super::super::dtype::Dtype;
use super::super::error::Fault;
use super::super::listing::{Found, Stored};
use super::super::tensor::{TensorInfo, View};
use super::super::unread::UnreadTensor;
use super::{GgmlType, Gguf};
use crate::files::shown;

/// The tensors of the last file of `contents`, whose header was read; their storages are added to it.
///
/// # Errors
/// When all tensors together would be more than the file can hold.
pub(in super::super) fn find(contents: &mut Contents, gguf: &Gguf) -> Result<Vec<Found>, Fault> {
    let mut found = Vec::new();
    for name in gguf.names() {
        let Some(tensor) = gguf.tensor(name) else {
            continue;
        };
        let read = Dtype::of_ggml(tensor.kind).zip(tensor.bytes.clone());
        let Some((dtype, bytes)) = read else {
            let shape = Some(tensor.shape.clone());
            let formats: Vec<&str> = GgmlType::all_names().collect();
            let unread = UnreadTensor::ggml(name, &tensor.kind.name(), &formats.join(", "), shape);
            found.push(Found::Unread(unread));
            continue;
        };
        let mut strides = vec![1_usize; tensor.shape.len()];
        for i in (1..strides.len()).rev() {
            strides[i - 1] = strides[i].saturating_mul(tensor.shape[i]);
        }
        let length = bytes.len();
        let view = View {
            storage: contents.storage(Storage::Mapped(bytes, None)),
            offset: 0,
            strides,
            info: TensorInfo {
                shape: tensor.shape.clone(),
                dtype,
            },
        };
        let number = view
            .check(length)
            .and_then(|()| contents.claims.add(&view))
            .map_err(|e| format!("tensor {}: {e}", shown(name)))?;
        found.push(Found::Stored(Stored {
            view,
            number,
            file_name: name.to_owned(),
            derived: None,
        }));
    }
    Ok(found)
}
