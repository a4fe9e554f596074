//! The description beside the tensors that says which network they are of.

use super::gguf::GgufMetadata;
use crate::platform::fs;
use std::path::{Path, PathBuf};

/// The source that says which network the tensors of a checkpoint are of.
#[derive(Debug, Clone, Default)]
pub enum Origin {
    /// Nothing but the file itself: its names, shapes and metadata.
    #[default]
    Plain,
    /// A folder in the layout of Hugging Face's `transformers`.
    HuggingFace {
        /// The object in `config.json`, as it is.
        config: serde_json::Map<String, serde_json::Value>,
        /// The folder that it was read from.
        folder: PathBuf,
    },
    /// The metadata of a GGUF file; of one in several parts, those of the first.
    Gguf(GgufMetadata),
}

impl Origin {
    /// The object in `config.json`, of a folder in Hugging Face's layout.
    pub fn config(&self) -> Option<&serde_json::Map<String, serde_json::Value>> {
        match self {
            Self::HuggingFace { config, .. } => Some(config),
            Self::Plain | Self::Gguf(_) => None,
        }
    }

    /// The metadata of a GGUF file.
    pub fn gguf(&self) -> Option<&GgufMetadata> {
        match self {
            Self::Gguf(metadata) => Some(metadata),
            Self::Plain | Self::HuggingFace { .. } => None,
        }
    }
}

/// The file `name` in `folder`, if there is one: `name` is a plain one, of the folder itself.
pub(super) fn companion(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = folder.join(plain_name(name)?);
    fs::is_file(&path).then_some(path)
}

/// The name, if it is one of a file in a folder and leads nowhere else.
pub(super) fn plain_name(name: &str) -> Option<&str> {
    /// The longest that file systems take, in bytes.
    const LONGEST: usize = 255;
    let leads_away = |c: char| matches!(c, '/' | '\\' | ':') || c.is_control();
    let is_plain = !name.is_empty()
        && name.len() <= LONGEST
        && !matches!(name, "." | "..")
        && !name.contains(leads_away);
    is_plain.then_some(name)
}
