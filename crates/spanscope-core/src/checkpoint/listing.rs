//! All tensors of a file under the names of the published code.

use super::claims::Claims;
use super::derived::{self, Derived};
use super::error::Fault;
use super::names;
use super::sequential;
use super::tensor::View;
use super::unread::UnreadTensor;
use crate::files::shown;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A tensor whose numbers can be read.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub view: View,
    /// Tells different views apart: equal ones have the same.
    pub number: usize,
    pub file_name: String,
    /// How it is computed, where the file holds only what it is computed of; the view is then one on the result.
    pub derived: Option<Arc<Derived>>,
}

/// A tensor as it was found.
#[derive(Debug)]
pub(super) enum Found {
    Stored(Stored),
    Unread(UnreadTensor),
}

impl Found {
    pub fn file_name(&self) -> &str {
        match self {
            Self::Stored(stored) => &stored.file_name,
            Self::Unread(unread) => &unread.file_name,
        }
    }

    /// The same tensor under another name.
    pub fn renamed(&self, name: &str) -> Self {
        let file_name = name.to_owned();
        match self {
            Self::Stored(stored) => Self::Stored(Stored {
                file_name,
                ..stored.clone()
            }),
            Self::Unread(unread) => Self::Unread(UnreadTensor {
                file_name,
                ..unread.clone()
            }),
        }
    }
}

/// Under which names tensors are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// Those of the published code of adaptive span: what other code puts before them is taken off.
    Published,
    /// As they are stored, but for what training wrappers put into them: what stands beside the file says how they are meant.
    Stored,
}

/// The tensors of a file by their names.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub tensors: BTreeMap<String, Stored>,
    pub unread: BTreeMap<String, UnreadTensor>,
    /// Names in the file of tensors that are there under another name as well.
    pub aliases: Vec<String>,
    /// What was understood of the file that somebody may want to know.
    pub notes: Vec<String>,
    /// Limit on the bytes of all tensors together.
    pub most: usize,
}

impl Listing {
    /// Puts tensors under their names.
    ///
    /// # Errors
    /// When two different ones have the same name, or what is computed of them would be more than the file can hold.
    pub fn new(found: Vec<Found>, naming: Naming, claims: &mut Claims) -> Result<Self, Fault> {
        let name_of = match naming {
            Naming::Published => names::strip,
            Naming::Stored => names::unwrapped,
        };
        let mut named: Vec<(String, Found)> = found
            .into_iter()
            .map(|found| (name_of(found.file_name()), found))
            .collect();
        let all = || named.iter().map(|(name, _)| name.as_str());
        let mut copy = None;
        let before = match naming {
            Naming::Published => names::unknown_prefix(all()),
            Naming::Stored => {
                copy = names::second_copy(all()).map(str::to_owned);
                let of_copy = |name: &&str| {
                    let rest = copy.as_ref().and_then(|copy| name.strip_prefix(copy));
                    rest.is_some_and(|rest| rest.starts_with('.'))
                };
                let first: Vec<&str> = all().filter(|name| !of_copy(name)).collect();
                Some(names::holder(first.iter().copied()).to_owned())
            }
        };
        let before = before.filter(|before| !before.is_empty());
        for (name, _) in &mut named {
            let rest = before.as_ref().and_then(|before| name.strip_prefix(before));
            if let Some(rest) = rest {
                *name = rest.to_owned();
            }
        }
        if naming == Naming::Published {
            sequential::rename(&mut named);
        }
        let mut listing = Self::default();
        if let Some(before) = before.filter(|before| names::is_second(before)) {
            let before = shown(before.trim_end_matches('.'));
            listing.notes.push(format!(
                "the weights under {before}: an average or a copy, the only ones in the file"
            ));
        }
        if let Some(copy) = copy {
            listing.notes.push(format!(
                "the weights themselves: those under {} are an average or a copy, and are not read",
                shown(&copy)
            ));
        }
        for (name, found) in named {
            match found {
                Found::Stored(stored) => listing.insert(name, stored)?,
                Found::Unread(unread) => listing.insert_unread(name, unread)?,
            }
        }
        // What PyTorch's AveragedModel keeps beside its weights.
        if listing.unread.contains_key("n_averaged") {
            let note = "the weights are an average over steps of training (AveragedModel)";
            listing.notes.push(note.to_owned());
        }
        derived::resolve(&mut listing, claims)?;
        listing.most = claims.most();
        Ok(listing)
    }

    /// Adds a tensor, unless there is another of that name.
    ///
    /// # Errors
    /// When there is.
    pub fn insert(&mut self, name: String, stored: Stored) -> Result<(), Fault> {
        if let Some(other) = self.tensors.get(&name) {
            if other.file_name != stored.file_name && other.number == stored.number {
                self.aliases.push(stored.file_name);
                return Ok(());
            }
            return Err(same_name(&other.file_name, &stored.file_name, &name));
        }
        if let Some(other) = self.unread.get(&name) {
            return Err(same_name(&other.file_name, &stored.file_name, &name));
        }
        self.tensors.insert(name, stored);
        Ok(())
    }

    fn insert_unread(&mut self, name: String, unread: UnreadTensor) -> Result<(), Fault> {
        let stored = self.tensors.get(&name).map(|other| &other.file_name);
        let other = stored.or(self.unread.get(&name).map(|other| &other.file_name));
        if let Some(other) = other {
            return Err(same_name(other, &unread.file_name, &name));
        }
        self.unread.insert(name, unread);
        Ok(())
    }
}

/// What is said of two tensors of one name.
fn same_name(a: &str, b: &str, name: &str) -> Fault {
    let what = format!(
        "tensors {} and {} have the same name, {}; it is not known which is meant",
        shown(a),
        shown(b),
        shown(name)
    );
    match a == b {
        true => Fault::Damaged(what),
        false => Fault::Unsupported(format!("{what}: save one network to a file of its own")),
    }
}
