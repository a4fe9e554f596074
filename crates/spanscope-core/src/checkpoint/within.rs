//! Files within a `.safetensors` file that says all about itself: `config.json` or the header of a GGUF file, and a tokenizer's
//! files, each a tensor of bytes. So a network of any family is one file.

use super::bytes::FileBytes;
use super::contents::Contents;
use super::error::{CheckpointError, Fault};
use super::folder::CONFIG;
use super::gguf::{Gguf, GgufMetadata};
use super::origin::Origin;
use super::tensor_file::{Element, Place};
use super::{Checkpoint, safetensors};
use crate::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The beginning of the names of such tensors; the file's name follows.
const PREFIX: &str = "files.";

/// The file that a GGUF file's metadata are: a GGUF file without tensors.
pub const GGUF_HEADER: &str = "header.gguf";

/// The metadata key that says which program wrote a file, and its value in those of this one.
const FORMAT: (&str, &str) = ("format", "spanscope");

/// The longest `config.json`, in bytes: as long as one in a folder may be.
const LONGEST: usize = 32 << 20;

/// The tensor that a file within another is.
pub fn name_within(file: &str) -> String {
    format!("{PREFIX}{file}")
}

/// True if a file's metadata say that this program wrote it.
pub(super) fn is_own(metadata: &BTreeMap<String, String>) -> bool {
    metadata
        .get(FORMAT.0)
        .is_some_and(|format| format == FORMAT.1)
}

/// True if a tensor of bytes is a file.
pub(super) fn is_file(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// True if the header of a `.safetensors` file names a file that says which network it is.
pub(super) fn says_all(file: &[u8]) -> bool {
    safetensors::recognises(file)
        && [CONFIG, GGUF_HEADER].iter().any(|name| {
            let name = format!("\"{PREFIX}{name}\"");
            safetensors::header_has(file, name.as_bytes())
        })
}

/// What says which network the tensors are of, if the last file of `contents` has it within.
///
/// # Errors
/// When it cannot be read.
pub(super) fn origin(
    contents: &Contents,
    path: &Path,
) -> Result<Option<Arc<Origin>>, CheckpointError> {
    let [file] = contents.files.as_slice() else {
        return Ok(None);
    };
    if !is_own(&contents.metadata) {
        return Ok(None);
    }
    let bytes = |name: &str| {
        let place = contents.places.get(&name_within(name))?;
        let place = place_of_bytes(place)?;
        file.bytes.get(place.bytes.clone())
    };
    let refused = |name: &str, what: String| {
        Fault::Damaged(format!("{name} in tensor {}: {what}", name_within(name))).of(path)
    };
    if let Some(bytes) = bytes(CONFIG) {
        if bytes.len() > LONGEST {
            let what = format!("it has more than {LONGEST} bytes");
            return Err(refused(CONFIG, what));
        }
        let config = json::read(bytes).map_err(|what: String| refused(CONFIG, what))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        return Ok(Some(Arc::new(Origin::HuggingFace { config, folder })));
    }
    let Some(bytes) = bytes(GGUF_HEADER) else {
        return Ok(None);
    };
    let header = Gguf::read(bytes).map_err(|what| refused(GGUF_HEADER, what))?;
    let held = Arc::new(FileBytes::Held(bytes.to_vec()));
    let metadata = GgufMetadata::new(header, held);
    Ok(Some(Arc::new(Origin::Gguf(metadata))))
}

fn place_of_bytes(place: &Place) -> Option<&Place> {
    Some(place).filter(|place| place.element == Element::U8)
}

impl Checkpoint {
    /// The bytes of a file within this one, such as `tokenizer.json`; `None` where there is none.
    pub fn file_within(&self, name: &str) -> Option<&[u8]> {
        if !is_own(&self.metadata) {
            return None;
        }
        let place = place_of_bytes(self.places.get(&name_within(name))?)?;
        Some(self.bytes_at(place))
    }

    /// True if it says by itself which network it is, whatever its family: what lies beside it does not count.
    pub fn says_all(&self) -> bool {
        [CONFIG, GGUF_HEADER]
            .iter()
            .any(|name| self.file_within(name).is_some())
    }
}
