//! The errors that can occur between a file and its tensors.

use crate::shown::{said, shown, shown_path};
use std::path::{Path, PathBuf};

/// A checkpoint could not be read or written.
///
/// Every message names the file and, where there is one, the tensor; it says what was found, what was
/// expected and, where something can be done about it, what to do next.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The operating system refused to read or write the file.
    #[error("{}: {source}", shown_path(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A folder was given, and it holds neither the checkpoint of a training run nor a model.
    #[error(
        "{}: the folder holds no {} of a training run (`spanscope train -o` writes one when it begins), and no \
         config.json of a model in Hugging Face's layout. {hint}",
        shown_path(folder),
        super::IN_FOLDER,
        hint = said(hint)
    )]
    NoRun {
        /// The folder.
        folder: PathBuf,
        /// The hint on what to open instead.
        hint: String,
    },
    /// The name of a model was given that is not in the cache of Hugging Face's hub.
    #[error(
        "{}: no file or folder of this name, and no such model in the hub's cache ({}); {}",
        shown(name),
        said(looked),
        super::hub::advice(name)
    )]
    NotInCache {
        /// The name.
        name: String,
        /// The place where it was looked for.
        looked: String,
    },
    /// The file is in no format that is read here.
    #[error(
        "{}: not a checkpoint ({found}); expected a PyTorch .pt file (zip or legacy), a .safetensors or .gguf file, or a folder with a config.json",
        shown_path(path), found = said(found))]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// A description of its first bytes.
        found: String,
    },
    /// The file begins like a checkpoint but its content is damaged or cut short.
    #[error(
        "{}: damaged or incomplete: {what}; try copying or downloading the file again",
        shown_path(path), what = said(what))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The damage, and its place.
        what: String,
    },
    /// The file is sound but holds something that is not read here.
    #[error("{}: {what}", shown_path(path), what = said(what))]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The content found and the content expected.
        what: String,
    },
    /// The file was written to since it was opened, so it is no longer what was read.
    #[error(
        "{}: the file was written to since it was opened; open it again",
        shown_path(path)
    )]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// There is no tensor of that name.
    #[error("{}: no tensor named {name}", shown_path(path), name = shown(name))]
    NoSuchTensor {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        name: String,
    },
}

/// The fault of a file, before anybody says which file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is damaged, or not all there.
    Damaged(String),
    /// It is as it was written, and is not read here.
    Unsupported(String),
}

impl Fault {
    /// The error, with the file's name.
    pub fn of(self, path: &Path) -> CheckpointError {
        let path = path.to_owned();
        match self {
            Self::Damaged(what) => CheckpointError::Damaged { path, what },
            Self::Unsupported(what) => CheckpointError::Unsupported { path, what },
        }
    }
}

/// A mismatch is damage, unless somebody knows better.
impl From<String> for Fault {
    fn from(what: String) -> Self {
        Self::Damaged(what)
    }
}

impl From<&str> for Fault {
    fn from(what: &str) -> Self {
        Self::Damaged(what.to_owned())
    }
}
