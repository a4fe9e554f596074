//! The parts that layers share are loaded once; what is not shared is held against the size of the file.

use super::Loader;
use crate::checkpoint::Checkpoint;
use crate::model::ModelError;
use crate::model::heads::Persistent;
use crate::model::kernel::Packed;
use std::collections::HashMap;
use std::sync::Arc;

/// Weights that were loaded, by the numbers of the tensors that they are made of.
#[derive(Debug, Default)]
pub(super) struct Shared {
    matrices: HashMap<Vec<usize>, Arc<Packed>>,
    persistent: HashMap<Vec<usize>, Vec<Arc<Persistent>>>,
}

/// The numbers of these tensors, if all of them are there.
fn numbers(checkpoint: &Checkpoint, names: &[&str]) -> Option<Vec<usize>> {
    let numbers = names.iter().map(|name| checkpoint.view_number(name));
    numbers.collect()
}

impl Loader<'_> {
    /// Takes the memory of `elements` numbers that are copied out of the file.
    ///
    /// # Errors
    /// When all that is copied would be more than the file can hold: it uses the same numbers over and over.
    pub fn take(&mut self, name: &str, elements: usize) -> Result<(), ModelError> {
        let bytes = elements.checked_mul(size_of::<f32>());
        let left = bytes.and_then(|bytes| self.left.checked_sub(bytes));
        self.left = left.ok_or_else(|| ModelError::Config {
            path: self.checkpoint.path().to_owned(),
            what: format!(
                "with tensor {name} its numbers would be more than {} bytes, which is more than the file can hold: its storages \
                 are used over and over",
                self.checkpoint.most_bytes()
            ),
        })?;
        Ok(())
    }

    /// A matrix of these tensors: one that was loaded, or what `make` makes.
    pub fn shared_matrix(
        &mut self,
        names: &[&str],
        make: impl FnOnce(&mut Self) -> Result<Packed, ModelError>,
    ) -> Result<Arc<Packed>, ModelError> {
        let numbers = numbers(self.checkpoint, names);
        let known = numbers.as_ref().and_then(|of| self.shared.matrices.get(of));
        if let Some(known) = known {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(make(self)?);
        if let Some(numbers) = numbers {
            self.shared.matrices.insert(numbers, Arc::clone(&made));
        }
        Ok(made)
    }

    /// The persistent vectors of a layer's heads: those that were loaded, or what `make` makes.
    pub fn shared_persistent(
        &mut self,
        names: &[&str],
        make: impl FnOnce(&mut Self) -> Result<Vec<Arc<Persistent>>, ModelError>,
    ) -> Result<Vec<Arc<Persistent>>, ModelError> {
        let numbers = numbers(self.checkpoint, names);
        let known = numbers
            .as_ref()
            .and_then(|of| self.shared.persistent.get(of));
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let made = make(self)?;
        if let Some(numbers) = numbers {
            self.shared.persistent.insert(numbers, made.clone());
        }
        Ok(made)
    }
}
