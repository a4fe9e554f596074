//! The contents of one or several files, gathered file by file before it becomes one checkpoint.

use super::bytes::FileBytes;
use super::claims::Claims;
use super::container::Storage;
use super::curves::Curve;
use super::error::Fault;
use super::fairseq::Settings;
use super::listing::Found;
use super::tensor_file::Place;
use crate::files::shown;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A storage, and the file that it is a piece of.
#[derive(Debug)]
pub(super) struct Placed {
    /// The file's number.
    pub file: usize,
    pub storage: Storage,
    /// True if it passed its checksum; set once somebody has read from it.
    pub intact: OnceLock<bool>,
}

/// A file of a checkpoint.
#[derive(Debug)]
pub(super) struct Opened {
    pub path: PathBuf,
    pub bytes: Arc<FileBytes>,
}

/// The contents of files. Storages are numbered through all of them, so that tensors of different files never share a view.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub files: Vec<Opened>,
    pub storages: Vec<Placed>,
    pub found: Vec<Found>,
    pub claims: Claims,
    /// True if tensors of bytes may be numbers by a rule of the network: it says which network that is.
    pub keeps_bytes: bool,
    pub notes: Vec<String>,
    pub curves: Vec<Curve>,
    pub settings: Option<Settings>,
    pub metadata: BTreeMap<String, String>,
    pub places: BTreeMap<String, Place>,
}

impl Contents {
    /// Adds a file; its tensors may claim as much as it can hold. Its bytes, for what reads them.
    pub fn file(&mut self, path: &Path, bytes: FileBytes) -> Arc<FileBytes> {
        self.claims.file(bytes.all().len());
        let bytes = Arc::new(bytes);
        self.files.push(Opened {
            path: path.to_owned(),
            bytes: Arc::clone(&bytes),
        });
        bytes
    }

    /// Adds a storage of the last file; its number.
    pub fn storage(&mut self, storage: Storage) -> usize {
        self.claims.found(&storage);
        self.storages.push(Placed {
            file: self.files.len().saturating_sub(1),
            storage,
            intact: OnceLock::new(),
        });
        self.storages.len() - 1
    }

    /// Adds what was found in the last file.
    ///
    /// # Errors
    /// When a tensor of its name is in a file before it.
    pub fn add(
        &mut self,
        found: Vec<Found>,
        names: &mut HashMap<String, usize>,
    ) -> Result<(), Fault> {
        let at = self.files.len().saturating_sub(1);
        // One file may list a name twice: that is told apart where names become those of the network.
        for found in &found {
            let other = *names.entry(found.file_name().to_owned()).or_insert(at);
            if other != at {
                let name = |i: usize| {
                    let file = self.files.get(i).and_then(|file| file.path.file_name());
                    shown(&file.unwrap_or_default().to_string_lossy())
                };
                return Err(Fault::Damaged(format!(
                    "tensor {} is in {} and in {}; it is not known which is meant",
                    shown(found.file_name()),
                    name(other),
                    name(at)
                )));
            }
        }
        self.found.extend(found);
        Ok(())
    }
}
