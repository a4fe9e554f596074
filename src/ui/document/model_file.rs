//! Which model is open: a bundled one, or a file with what was answered about it.

use crate::engine::{SAMPLES, Sample, Source};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a checkpoint does not say, as the user answered it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    /// The ramp R.
    pub ramp: Option<crate::model::Ramp>,
    /// A file that gives the vocabulary.
    pub vocab: Option<PathBuf>,
}

/// A checkpoint with what was answered about it.
pub(in crate::ui) type ModelFile = (PathBuf, Answers);

/// The open model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OpenModel {
    /// A bundled one, by its file name.
    Sample(String),
    /// A checkpoint.
    File(PathBuf),
}

impl Default for OpenModel {
    fn default() -> Self {
        Self::Sample(SAMPLES[0].file.to_owned())
    }
}

/// A bundled model, by its file name.
pub fn sample(file: &str) -> Option<&'static Sample> {
    SAMPLES.iter().find(|sample| sample.file == file)
}

/// Where a model is opened from.
pub(in crate::ui) fn source_of((path, answers): &ModelFile) -> Source {
    Source::File {
        path: path.clone(),
        vocab: answers.vocab.clone(),
        ramp: answers.ramp,
    }
}

/// The bundled model that a file holds as well, by its name.
pub(in crate::ui) fn sample_of(path: &Path) -> Option<&'static Sample> {
    let same = |sample: &&Sample| path.file_stem() == Path::new(sample.file).file_stem();
    SAMPLES.iter().find(same)
}
