//! The numbers of a checkpoint's tensors, read where somebody asks for them.

use super::bytes::FileBytes;
use super::contents::{Opened, Placed};
use super::data::TensorData;
use super::listing::Stored;
use super::{Checkpoint, CheckpointError};
use crate::files::shown;
use std::path::Path;

impl Checkpoint {
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
        let placed = self.storages.get(stored.view.storage).ok_or_else(missing)?;
        let file = self.files.get(placed.file).ok_or_else(missing)?;
        still_whole(file)?;
        if !is_intact(placed, &file.bytes) {
            let what = format!("the numbers of tensor {} fail their checksum", shown(name));
            return Err(damaged(&file.path, what));
        }
        let bytes = placed.storage.bytes(file.bytes.all());
        Ok(TensorData::new(&stored.view, bytes))
    }
}

/// Checks that the file was not shortened since it was opened.
fn still_whole(file: &Opened) -> Result<(), CheckpointError> {
    match file.bytes.is_whole() {
        true => Ok(()),
        false => Err(damaged(
            &file.path,
            "it was shortened while it was read, as when it is saved anew; open it again once that is done".into(),
        )),
    }
}

fn is_intact(placed: &Placed, file: &FileBytes) -> bool {
    // Not get_or_init: while a thread waits for others to sum up their parts, rayon may give it other work, which may
    // ask for the same storage and would wait for itself. Two threads rather sum up one storage twice.
    placed.intact.get().copied().unwrap_or_else(|| {
        let intact = placed.storage.is_intact(file);
        *placed.intact.get_or_init(|| intact)
    })
}

fn damaged(path: &Path, what: String) -> CheckpointError {
    CheckpointError::Damaged {
        path: path.to_owned(),
        what,
    }
}
