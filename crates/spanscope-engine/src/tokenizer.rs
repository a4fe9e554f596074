//! The tokenizer that stands beside a model's weights, or in its file.

use crate::EngineError;
use spanscope_core::checkpoint::gguf::GgufMetadata;
use spanscope_core::checkpoint::{Checkpoint, Origin};
use spanscope_core::model::{About, Assumption};
use spanscope_core::platform::fs;
use spanscope_core::shown::shown;
use spanscope_core::text::Vocabulary;
use spanscope_core::text::tokenizer::{GgufVocabulary, Tokenizer, TokenizerError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The names of a model's tokens, as far as its files give them.
pub(super) struct Found {
    pub vocabulary: Option<Vocabulary>,
    /// The assumptions that had to be made.
    pub assumed: Vec<Assumption>,
}

/// The tokenizer of a model in the layout of Hugging Face, or of a GGUF file; `rows` are the tokens of its embeddings. `None` for
/// checkpoints that have neither.
///
/// # Errors
/// When a tokenizer is there and cannot be used.
pub(super) fn beside(checkpoint: &Checkpoint, rows: usize) -> Result<Option<Found>, EngineError> {
    let none = |looked: String| Found {
        vocabulary: None,
        assumed: vec![Assumption::new(
            About::NoVocabulary,
            format!("no vocabulary: tokens are shown as ids ({looked})"),
        )],
    };
    if checkpoint.says_all() {
        let (path, file) = (checkpoint.path(), |name: &str| checkpoint.file_within(name));
        if let Some(tokenizer) = Tokenizer::of_files(&file, path)? {
            let note = format!("{} pieces, in the file", tokenizer.len());
            return Ok(Some(found(tokenizer, rows, &note)));
        }
        if checkpoint.metadata().contains_key("vocabulary") {
            return Ok(None);
        }
    }
    match checkpoint.origin() {
        Origin::Plain => Ok(None),
        Origin::HuggingFace { .. } if checkpoint.says_all() => {
            Ok(Some(none("the file has none".into())))
        }
        Origin::HuggingFace { .. } => {
            let files = Tokenizer::FILES
                .iter()
                .find_map(|name| checkpoint.companion(name));
            let Some(path) = files else {
                let looked = format!(
                    "none of {} is beside the weights",
                    Tokenizer::FILES.join(", ")
                );
                return Ok(Some(none(looked)));
            };
            from_file(&path, rows).map(Some)
        }
        Origin::Gguf(metadata) => {
            match of_gguf(metadata).map_err(|reason| TokenizerError::File {
                path: checkpoint.path().to_owned(),
                reason,
            })? {
                None => Ok(Some(none("the file has no tokenizer.ggml.model".into()))),
                Some(vocabulary) => {
                    let kind = vocabulary.model.clone();
                    let tokenizer = Tokenizer::of_gguf(vocabulary, checkpoint.path())?;
                    let note = format!("{} pieces, {} of the file", tokenizer.len(), shown(&kind));
                    Ok(Some(found(tokenizer, rows, &note)))
                }
            }
        }
    }
}

/// The tokenizer in a file.
///
/// # Errors
/// When it cannot be read, or is none.
pub(super) fn from_file(path: &Path, rows: usize) -> Result<Found, EngineError> {
    let tokenizer = Tokenizer::open(path)?;
    let name = path.file_name().map(PathBuf::from).unwrap_or_default();
    let note = format!(
        "{} pieces from {}",
        tokenizer.len(),
        spanscope_core::shown::shown_path(&name)
    );
    Ok(found(tokenizer, rows, &note))
}

/// The files of a model's tokenizer, as they are kept in a file that says all about itself: those of `vocab`, if that is one, else
/// those beside the weights or in their file; none where there is none, and of a GGUF file, which has its own in its metadata.
///
/// # Errors
/// When one cannot be read.
pub(super) fn files(
    checkpoint: &Checkpoint,
    vocab: Option<&Path>,
) -> Result<Vec<(String, Vec<u8>)>, EngineError> {
    let path = match vocab {
        Some(path) if is_tokenizer(path) => Some(path.to_owned()),
        Some(_) => return Ok(Vec::new()),
        None if checkpoint.says_all() => {
            let all = Tokenizer::FILES.iter().chain(&Tokenizer::BESIDE);
            let held = all.filter_map(|name| {
                let bytes = checkpoint.file_within(name)?;
                Some(((*name).to_owned(), bytes.to_vec()))
            });
            return Ok(held.collect());
        }
        None if checkpoint.origin().config().is_some() => Tokenizer::FILES
            .iter()
            .find_map(|name| checkpoint.companion(name)),
        None => None,
    };
    let Some(path) = path else {
        return Ok(Vec::new());
    };
    let files = Tokenizer::files_of(&path)?.into_iter();
    Ok(files
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect())
}

/// True if a file that was given as a vocabulary is a tokenizer.
pub(super) fn is_tokenizer(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match name.as_ref() {
        // By itself it is a list of tokens.
        "vocab.json" => fs::is_file(&path.with_file_name("merges.txt")),
        name => Tokenizer::FILES.contains(&name) || name.ends_with("tokenizer.json"),
    }
}

fn found(tokenizer: Tokenizer, rows: usize, note: &str) -> Found {
    let assumed = tokenizer.note().map(Assumption::from);
    let tokenizer = tokenizer.with_rows(rows);
    Found {
        vocabulary: Some(Vocabulary::of_pieces(Arc::new(tokenizer), rows, note)),
        assumed: assumed.into_iter().collect(),
    }
}

/// The vocabulary in a file's metadata; `None` where there is none.
fn of_gguf(metadata: &GgufMetadata) -> Result<Option<GgufVocabulary>, String> {
    let key = |name: &str| format!("tokenizer.ggml.{name}");
    let Some(model) = metadata.get_str(&key("model")) else {
        return Ok(None);
    };
    let id = |name: &str| {
        let id = metadata.get_u64(&key(name));
        id.and_then(|id| u32::try_from(id).ok())
    };
    let texts = |name: &str| -> Result<Vec<String>, String> {
        let texts = metadata.get_strs(&key(name))?;
        Ok(texts
            .unwrap_or_default()
            .into_iter()
            .map(Into::into)
            .collect())
    };
    let types = metadata.get_i64s(&key("token_type"))?.unwrap_or_default();
    Ok(Some(GgufVocabulary {
        model: model.to_owned(),
        pre: metadata.get_str(&key("pre")).map(Into::into),
        tokens: texts("tokens")?,
        types: types
            .into_iter()
            .map(|kind| i32::try_from(kind).unwrap_or(0))
            .collect(),
        scores: metadata.get_f32s(&key("scores"))?.unwrap_or_default(),
        merges: texts("merges")?,
        bos: id("bos_token_id"),
        eos: id("eos_token_id"),
        unknown: id("unknown_token_id"),
        add_bos: metadata.get_bool(&key("add_bos_token")),
        add_space_prefix: metadata.get_bool(&key("add_space_prefix")),
        hugging_face_json: metadata
            .get_str("tokenizer.huggingface.json")
            .map(Into::into),
    }))
}
