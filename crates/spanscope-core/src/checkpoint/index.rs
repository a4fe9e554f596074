//! The index of a model that lies in several files: which tensor is in which.

use super::origin::plain_name;
use crate::files::shown;
use crate::json;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Most files that a model may lie in: the largest that are published have some 200. Each is open while the model is.
pub(super) const MOST_PARTS: usize = 512;

/// An index as `transformers` writes it.
#[derive(Debug, Deserialize)]
pub(super) struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Index {
    /// Reads an index.
    ///
    /// # Errors
    /// In words, when it is none, is so large that it would swell, or names a file that is not in its own folder.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let index: Self = json::read(text)?;
        let parts = index.parts();
        if parts.is_empty() {
            return Err("its weight_map names no file".into());
        }
        if parts.len() > MOST_PARTS {
            return Err(format!(
                "its weight_map names {} files, at most {MOST_PARTS} expected",
                parts.len()
            ));
        }
        match parts.iter().find(|name| plain_name(name).is_none()) {
            Some(name) => Err(format!(
                "its weight_map names {}, which is no file of the same folder",
                shown(name)
            )),
            None => Ok(index),
        }
    }

    /// The files, in the order of their names, which is that of their numbers.
    pub fn parts(&self) -> BTreeSet<&str> {
        self.weight_map.values().map(String::as_str).collect()
    }

    /// The message where one of them is not there.
    pub fn missing(&self, name: &str) -> String {
        format!(
            "{}, one of the {} files that it names, is missing",
            shown(name),
            self.parts().len()
        )
    }
}
