//! Files of sums: what was measured on many texts, to be shown without the model or the texts, and put together from what
//! several machines measured.

mod examples;
mod header;
mod memories;
mod merge;
mod pairs;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use header::{
    CorpusRecord, Done, ExamplesRecord, HEADER, ModelRecord, RowsRecord, SumsHeader, VERSION,
    VocabularyRecord,
};
pub use merge::{MergeError, Missing, merge, missing_words};

use super::corpus::CorpusSums;
use super::open::LoadedModel;
use spanscope_chart::{Provenance, Source};
use spanscope_core::analysis::examples::Examples;
use spanscope_core::analysis::sums::Sums;
use spanscope_core::checkpoint::CheckpointError;
use spanscope_core::files::sha256_hex;
use spanscope_core::shown::{said, shown_path};
use std::path::{Path, PathBuf};

/// Sums with what they were measured on.
#[derive(Debug, Clone, PartialEq)]
pub struct SumsFile {
    /// Model, texts, shards.
    pub header: SumsHeader,
    /// The numbers.
    pub sums: Sums,
    /// Places that show what heads do, where they were looked for.
    pub examples: Option<Examples>,
}

/// Why a file of sums cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SumsFileError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] CheckpointError),
    /// A file without sums.
    #[error(
        "{}: the file holds no sums; they are written with -o FILE.safetensors by `spanscope effective-spans MODEL --text …`",
        shown_path(path)
    )]
    NoSums {
        /// The file.
        path: PathBuf,
    },
    /// A file of a later version.
    #[error(
        "{}: a file of sums of version {found}, this program knows version {VERSION}: open it with a newer spanscope (this is {})",
        shown_path(path),
        env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// The contents of the file do not fit together.
    #[error(
        "{}: the file of sums is damaged: {what}; measure again, or get the file again",
        shown_path(path), what = said(what))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The fault.
        what: String,
    },
    /// More texts than a file's header can list.
    #[error(
        "{}: {texts} texts are more than the header of one file can list; put them together into fewer, larger files",
        shown_path(path)
    )]
    TooManyTexts {
        /// The file.
        path: PathBuf,
        /// The number of texts.
        texts: usize,
    },
    /// The model's file is gone.
    #[error(
        "{}: the file cannot be read any more, so its hash is not known",
        shown_path(path)
    )]
    NoHash {
        /// The model's file.
        path: PathBuf,
    },
}

impl SumsFile {
    /// The sums measured on a corpus, or a shard of one. The first call with a model reads its whole file, for the hash.
    ///
    /// # Errors
    /// When the model's file cannot be read any more.
    pub fn new(
        model: &LoadedModel,
        corpus: CorpusRecord,
        measured: CorpusSums,
    ) -> Result<Self, SumsFileError> {
        let path = || model.path.clone();
        let hash = model.weights_sha256(true);
        let hash = hash.ok_or_else(|| SumsFileError::NoHash { path: path() })?;
        let vocabulary = model.vocabulary.as_ref().map(|vocabulary| {
            let json = vocabulary.to_json();
            // Where it comes from does not count.
            let tokens = [&json["unit"], &json["tokens"]].map(ToString::to_string);
            VocabularyRecord {
                size: vocabulary.len(),
                sha256: sha256_hex(tokens.concat().as_bytes()),
            }
        });
        let CorpusSums {
            sums,
            mut texts,
            mut left_out,
            mut examples,
        } = measured;
        let before = texts.clone();
        texts.sort_by(|a, b| (&a.name, &a.sha256).cmp(&(&b.name, &b.sha256)));
        if let Some(examples) = &mut examples {
            examples::renumber(examples, &before, &texts);
        }
        left_out.sort();
        let header = SumsHeader {
            version: VERSION,
            written_by: spanscope_chart::WRITTEN_BY.to_owned(),
            unit: spanscope_core::analysis::sums::UNIT,
            model: ModelRecord {
                name: model.weights_name(),
                sha256: hash.to_owned(),
                tensors_sha256: model.tensors_sha256().map(str::to_owned),
                architecture: sums.architecture.clone(),
                vocabulary,
                spans: sums.heads.iter().map(|head| (&head.span).into()).collect(),
                edits: model.network.edits().clone(),
            },
            has_removed: sums.has_removed,
            rows: sums.measured.map(RowsRecord::new),
            examples: examples
                .as_ref()
                .map(|examples| ExamplesRecord::new(examples, |id| examples::written(model, id))),
            corpora: vec![corpus],
            texts,
            left_out,
        };
        Ok(Self {
            header,
            sums,
            examples,
        })
    }

    /// True if `path` is a file of sums, whatever its version; false where it cannot be read.
    pub fn is_at(path: &Path) -> bool {
        read::metadata(path).is_some_and(|metadata| metadata.contains_key(HEADER))
    }

    /// The source of the numbers that are shown of it.
    pub fn provenance(&self) -> Provenance {
        let header = &self.header;
        let text = match header.texts.as_slice() {
            [text] => Some(Source {
                name: text.name.clone(),
                sha256: Some(text.sha256.clone()),
            }),
            _ => None,
        };
        let all = Provenance {
            model: Some(Source {
                name: header.model.name.clone(),
                sha256: Some(header.model.sha256.clone()),
            }),
            text,
            ..Provenance::default()
        };
        let mut all = match header.model.architecture.stored_ramp() {
            Some(ramp) => all.with("ramp", ramp),
            None => all,
        };
        if header.texts.len() != 1 {
            all = all.with("texts", header.texts.len());
        }
        all = all.with("tokens", self.sums.totals.tokens);
        for missing in missing_words(&self.missing()) {
            all = all.with("missing shards", missing);
        }
        all
    }
}
