//! Which files a path stands for: one, or those of a folder in Hugging Face's layout.

use super::bytes::FileBytes;
use super::error::{CheckpointError, Fault};
use super::index::Index;
use super::opening::Input;
use super::origin::{Origin, companion};
use super::{IN_FOLDER, gguf, hub, nearby, safetensors, split, within};
use crate::files::shown;
use crate::json;
use crate::platform::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file that says which network a folder's weights are of.
pub const CONFIG: &str = "config.json";

/// The ending of the file name of an index of the parts of a model.
const INDEX: &str = ".index.json";

/// The files that may hold the weights of a folder; the first that is there does.
const WEIGHTS: [&str; 4] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

/// The longest `config.json` and the longest index that are read, in bytes: of models that are in use, the index of one with
/// 91,000 tensors has 9 MB, and configurations have some thousand bytes.
const LONGEST: u64 = 32 << 20;

/// True if a folder is one in Hugging Face's layout, by its `config.json`.
pub(super) fn is_model(folder: &Path) -> bool {
    companion(folder, CONFIG).is_some()
}

/// The files to be read of a path: its file, or the files of the folder that it is, or is in.
///
/// # Errors
/// When there is no such file, the folder is none of a model, or a part is missing.
pub(super) fn input(path: &Path) -> Result<Input, CheckpointError> {
    if fs::is_dir(path) {
        let snapshot = hub::snapshot(path).unwrap_or_else(|| path.to_owned());
        return folder(path, &snapshot, None);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let parent = path.parent().unwrap_or(Path::new(""));
    if name == IN_FOLDER && !fs::exists(path) && fs::is_dir(parent) {
        return Err(CheckpointError::NoRun {
            folder: parent.to_owned(),
            hint: nearby::hint(parent),
        });
    }
    if name == CONFIG && fs::is_file(path) {
        return folder(path, parent, None);
    }
    if name.ends_with(INDEX) && fs::is_file(path) {
        return folder(path, parent, Some(&name));
    }
    let bytes = FileBytes::open(path)?;
    if bytes.all().starts_with(gguf::MAGIC)
        && let Some(parts) = split::Parts::of(&name)
    {
        return Ok(Input {
            path: path.to_owned(),
            files: parts_of(&parts, parent, path)?,
            origin: Arc::default(),
            beside: Some(parent.to_owned()),
        });
    }
    let mut input = Input {
        beside: Some(parent.to_owned()),
        ..Input::one(path, bytes)
    };
    if name.ends_with(".safetensors") || name.ends_with(".bin") {
        beside(&mut input, &name, parent)?;
    }
    Ok(input)
}

/// The files of a folder; `weights` is the one that was asked for, if one was.
fn folder(path: &Path, folder: &Path, weights: Option<&str>) -> Result<Input, CheckpointError> {
    let weights = weights.or_else(|| {
        let mut known = WEIGHTS.into_iter();
        known.find(|name| is_model(folder) && fs::is_file(&folder.join(name)))
    });
    let Some(weights) = weights else {
        // Repositories of such files often have a config.json too, and nothing that it is needed for.
        if let Some(gguf) = nearby::only_gguf(folder) {
            return Ok(Input {
                path: path.to_owned(),
                ..input(&gguf)?
            });
        }
        if !is_model(folder) {
            return Err(CheckpointError::NoRun {
                folder: folder.to_owned(),
                hint: nearby::hint(folder),
            });
        }
        let what = format!(
            "the folder holds no weights beside {CONFIG}; expected one of {}",
            WEIGHTS.join(", ")
        );
        return Err(Fault::Unsupported(what).of(folder));
    };
    let origin = Origin::HuggingFace {
        config: object(&folder.join(CONFIG))?,
        folder: folder.to_owned(),
    };
    Ok(Input {
        path: path.to_owned(),
        files: files(folder, weights)?,
        origin: Arc::new(origin),
        beside: Some(folder.to_owned()),
    })
}

/// The files that are, or that the index says are, the weights of a folder.
fn files(folder: &Path, weights: &str) -> Result<Vec<(PathBuf, FileBytes)>, CheckpointError> {
    let path = folder.join(weights);
    if !weights.ends_with(INDEX) {
        let bytes = FileBytes::open(&path)?;
        return Ok(vec![(path, bytes)]);
    }
    let index = read(&path)?;
    let index = Index::read(&index).map_err(|what| Fault::Damaged(what).of(&path))?;
    let parts = index.parts().into_iter();
    let part = |name: &str| {
        let part = folder.join(name);
        if !fs::is_file(&part) {
            return Err(Fault::Damaged(index.missing(name)).of(&path));
        }
        let bytes = FileBytes::open(&part)?;
        Ok((part, bytes))
    };
    parts.map(part).collect()
}

/// The files of a model in parts, `path` one of them.
fn parts_of(
    parts: &split::Parts,
    folder: &Path,
    path: &Path,
) -> Result<Vec<(PathBuf, FileBytes)>, CheckpointError> {
    let paths = parts.paths(folder);
    if let Some(missing) = paths.iter().find(|part| !fs::is_file(part)) {
        let name = missing.file_name().unwrap_or_default().to_string_lossy();
        let what = format!(
            "it is one of {} parts of a model, of which {} is missing",
            paths.len(),
            shown(&name)
        );
        return Err(Fault::Damaged(what).of(path));
    }
    let open = |part: PathBuf| Ok((part.clone(), FileBytes::open(&part)?));
    paths.into_iter().map(open).collect()
}

/// The files beside one that was opened by itself: a configuration, and the other parts where it is one of several. A
/// network of the published code, and a file that says all about itself, need neither, and another program's `config.json` is no reason to refuse it.
fn beside(input: &mut Input, name: &str, folder: &Path) -> Result<(), CheckpointError> {
    let is_ours = input.files.iter().any(|(_, bytes)| {
        let bytes = bytes.all();
        within::says_all(bytes) || safetensors::recognises(bytes) && names_positions(bytes)
    });
    if is_ours || !is_model(folder) {
        return Ok(());
    }
    let Ok(config) = object(&folder.join(CONFIG)) else {
        return Ok(());
    };
    if !["model_type", "architectures"]
        .iter()
        .any(|key| config.contains_key(*key))
    {
        return Ok(());
    }
    input.origin = Arc::new(Origin::HuggingFace {
        config,
        folder: folder.to_owned(),
    });
    for index in WEIGHTS.iter().filter(|name| name.ends_with(INDEX)) {
        let path = folder.join(index);
        let is_part = fs::is_file(&path)
            && Index::read(&read(&path)?).is_ok_and(|index| index.parts().contains(name));
        if is_part {
            input.files = files(folder, index)?;
            break;
        }
    }
    Ok(())
}

/// True if the header of a `.safetensors` file has the name that all networks of the published code have.
fn names_positions(file: &[u8]) -> bool {
    safetensors::header_has(file, b"key_pe\"")
}

/// The object in a file of JSON.
///
/// # Errors
/// When the file cannot be read, is too large, or holds no object; the error names the file.
fn object(path: &Path) -> Result<serde_json::Map<String, serde_json::Value>, CheckpointError> {
    let text = read(path)?;
    let damaged = |what: String| CheckpointError::Unsupported {
        path: path.to_owned(),
        what,
    };
    // What begins like a list or a word is said to be none, rather than that a map was expected.
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') {
        return Err(damaged("it is no JSON object".into()));
    }
    json::read(&text).map_err(|what| damaged(format!("it is no JSON that can be read: {what}")))
}

/// The bytes of a small file, without the mark that some editors put in front.
fn read(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    let io = |source| CheckpointError::Io {
        path: path.to_owned(),
        source,
    };
    let info = fs::metadata(path).map_err(io)?;
    if !info.is_file() {
        return Err(Fault::Unsupported("it is not a regular file".into()).of(path));
    }
    let mut text = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(LONGEST + 1).read_to_end(&mut text).map_err(io)?;
    if text.len() as u64 > LONGEST {
        let what = format!("it has more than {LONGEST} bytes");
        return Err(Fault::Unsupported(what).of(path));
    }
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if text.starts_with(MARK) {
        text.drain(..MARK.len());
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
