//! The size that the tensors of a file claim, all together.

use super::container::Storage;
use super::dtype::Dtype;
use super::tensor::View;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Storage, offset, format, shape and strides of a view.
type Key = (usize, usize, Dtype, Box<[usize]>);

/// The size that the tensors of a file claim, all together: a view may repeat its numbers, so a small file could ask
/// for any memory. Names that share one view are one claim, as in networks whose layers share their weights.
#[derive(Debug)]
pub(super) struct Claims {
    left: usize,
    most: usize,
    /// Every view, and its number.
    views: HashMap<Key, usize>,
}

/// Before any file: little, which is no matter in a file of any size.
impl Default for Claims {
    fn default() -> Self {
        const LITTLE: usize = 16 << 20;
        Self {
            left: LITTLE,
            most: LITTLE,
            views: HashMap::new(),
        }
    }
}

impl Claims {
    /// A file of `bytes` bytes has tensors too: every number twice, as where input and output embedding have views of their
    /// own on the same numbers.
    pub fn file(&mut self, bytes: usize) {
        let more = bytes.saturating_mul(2);
        self.left = self.left.saturating_add(more);
        self.most = self.most.saturating_add(more);
    }

    /// Unpacked bytes count like those in the file.
    pub fn found(&mut self, storage: &Storage) {
        if let Storage::Copied(bytes) = storage {
            self.left = self.left.saturating_add(2 * bytes.len());
            self.most = self.most.saturating_add(2 * bytes.len());
        }
    }

    /// Adds a view; its number, which tells different ones apart.
    ///
    /// # Errors
    /// In words, when all tensors together would be more than the file can hold.
    pub fn add(&mut self, view: &View) -> Result<usize, String> {
        let extents = view.info.shape.iter().chain(&view.strides);
        let key = (
            view.storage,
            view.offset,
            view.info.dtype,
            extents.copied().collect(),
        );
        let next = self.views.len();
        match self.views.entry(key) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(place) => {
                let bytes = view.info.dtype.bytes(view.info.elements());
                let left = bytes.and_then(|bytes| self.left.checked_sub(bytes));
                self.left = left.ok_or_else(|| over_and_over(&view.info.shape, self.most))?;
                Ok(*place.insert(next))
            }
        }
    }

    /// Limit on the bytes of all tensors together.
    pub fn most(&self) -> usize {
        self.most
    }
}

/// The message for a file whose tensors would be more than it can hold.
pub(super) fn over_and_over(shape: &[usize], most: usize) -> String {
    format!(
        "with its {shape:?} numbers all tensors would be more than {most} bytes, which is more than the file can hold: its \
         storages are used over and over"
    )
}
