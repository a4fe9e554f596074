//! What a run file says about itself, as JSON in its metadata.

use super::RunFileError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use spanscope_core::checkpoint::{Checkpoint, Dtype, Format};
use spanscope_core::json;
use spanscope_core::model::architecture::{AttentionSpec, Window};
use spanscope_core::model::{Architecture, Assumption, Part};
use spanscope_core::shown::shown_error;
use std::ops::Range;

/// The version of run files that is written, and the newest that is read.
pub const VERSION: u64 = 2;

/// The key of the metadata under which the header stands.
pub const KEY: &str = "spanscope.run";

/// What a reader of a run must know whose weights are not divided by their sum after the mask, as in fairseq's port.
pub const MASKED: &str = "weights not divided by their sum after the mask";

/// What a reader of a run must know whose queries see later tokens as well, as an encoder's do.
pub const BIDIRECTIONAL: &str = "attention in both directions";

/// The form of attention that this program writes: queries and keys, from which weights follow.
pub const QUERIES_AND_KEYS: &str = "queries-keys";

/// Weights as they are, by distance.
pub const WEIGHTS: &str = "weights";

/// The largest weights of every query, with the positions of their keys.
pub const TOP_WEIGHTS: &str = "top-weights";

fn queries_and_keys() -> String {
    QUERIES_AND_KEYS.to_owned()
}

/// The header of a run file. Fields that are not known are kept as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Rises when older programs would misread the file.
    pub version: u64,
    /// What wrote it: "spanscope 0.1.0".
    pub written_by: String,
    /// When, in UTC: "2026-11-25T06:00:00Z". Files of today do not say, so that the same input gives the same bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub written_at: String,
    /// What a reader must know beyond the version, such as that weights are not divided by their sum after the mask.
    #[serde(default)]
    pub requires: Vec<String>,
    /// The model.
    pub model: RecordedModel,
    /// What is kept of every head's attention: [`QUERIES_AND_KEYS`], as in all files of version 1, [`WEIGHTS`] or [`TOP_WEIGHTS`].
    #[serde(default = "queries_and_keys")]
    pub attention: String,
    /// Number format of queries and keys, or of weights: f32, f16 or bf16.
    pub dtype: Dtype,
    /// Likeliest tokens kept after every token; 0 where no predictions are kept.
    pub candidates: usize,
    /// Persistent vectors whose promoted tokens are there.
    #[serde(default)]
    pub vectors: usize,
    /// The texts, in order.
    pub texts: Vec<TextHeader>,
    /// What this version does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The model that a run was recorded from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedModel {
    /// Its file's name, without folders.
    pub file: String,
    /// The container it came in.
    pub format: Format,
    /// Size of its file, in bytes.
    pub bytes: u64,
    /// SHA-256 of its file, in hexadecimal; `None` where it was not known.
    #[serde(default)]
    pub sha256: Option<String>,
    /// What tells its tensors from others', whatever file they are in; `None` where it was not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensors_sha256: Option<String>,
    /// Number formats of its weights, the one with most numbers first.
    pub dtypes: Vec<Dtype>,
    /// What the file writes before the names of the published code.
    #[serde(default)]
    pub prefix: String,
    /// The architecture.
    #[serde(rename = "config")]
    pub architecture: Architecture,
    /// Its parameters by what they are for.
    pub parts: Vec<Part>,
    /// What was assumed because its file does not say, in words.
    pub assumed: Vec<Assumption>,
    /// Where it computed: cpu, cuda or metal.
    #[serde(default)]
    pub device: String,
}

/// One text of a run file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextHeader {
    /// The name of its file, without folders.
    pub name: String,
    /// Its size in bytes.
    pub bytes: usize,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Tokens that the model ran over.
    pub tokens: usize,
    /// Pieces that the vocabulary lacks.
    #[serde(default)]
    pub unknown: usize,
    /// The text is a list of token ids.
    #[serde(default)]
    pub is_ids: bool,
    /// Position of the first token whose queries are kept, and of the first after the last: weights are at hand for these.
    pub queries: (usize, usize),
    /// Position of the first token whose keys are kept; those of all tokens from it to the end of the queries are.
    pub first_key: usize,
    /// What this version does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl TextHeader {
    /// The tokens whose weights are at hand.
    pub fn at_hand(&self) -> Range<usize> {
        self.queries.0..self.queries.1
    }
}

impl Header {
    /// True if weights are in the file as they are, and not the queries and keys that they follow from.
    pub fn has_weights(&self) -> bool {
        self.attention != QUERIES_AND_KEYS
    }

    /// True if predictions are there.
    pub fn has_results(&self) -> bool {
        self.candidates > 0
    }

    /// The header of a run file; `None` for any other file.
    ///
    /// # Errors
    /// When it is of a newer version, needs something unknown, or is damaged.
    pub fn of(checkpoint: &Checkpoint) -> Result<Option<Self>, RunFileError> {
        let Some(text) = checkpoint.metadata().get(KEY) else {
            return Ok(None);
        };
        let path = checkpoint.path().to_owned();
        let damaged = |what: String| RunFileError::Damaged {
            path: path.clone(),
            what: format!("its header: {what}"),
        };
        // The version first: what follows it may be anything.
        let value: Value = json::read(text.as_bytes()).map_err(damaged)?;
        let written_by = value.get("written_by").and_then(Value::as_str);
        let written_by = written_by.map(str::to_owned);
        let version = value.get("version").and_then(Value::as_u64);
        let version = version.ok_or_else(|| damaged("it has no version".into()))?;
        if version > VERSION {
            let (path, found) = (path.clone(), version);
            return Err(RunFileError::Newer {
                path,
                found,
                written_by,
            });
        }
        let header: Self = serde_json::from_value(value).map_err(|e| damaged(shown_error(&e)))?;
        let unknown = header.requires.iter();
        let unknown = unknown.filter(|what| ![MASKED, BIDIRECTIONAL].contains(&what.as_str()));
        let mut features: Vec<String> = unknown.cloned().collect();
        if ![QUERIES_AND_KEYS, WEIGHTS, TOP_WEIGHTS].contains(&header.attention.as_str()) {
            features.push(format!("attention as \"{}\"", header.attention));
        }
        if !features.is_empty() {
            return Err(RunFileError::Requires {
                path: path.clone(),
                features,
                written_by,
            });
        }
        if header.texts.is_empty() {
            return Err(damaged("it has no texts".into()));
        }
        for (j, text) in header.texts.iter().enumerate() {
            let (first, end) = text.queries;
            if text.tokens == 0 || first >= end || end > text.tokens || text.first_key > first {
                return Err(damaged(format!(
                    "text {j} has {} tokens, queries {first} to {end} and keys from {}",
                    text.tokens, text.first_key
                )));
            }
        }
        if header.has_weights() && header.model.architecture.adaptive_span().is_some() {
            let what = "an adaptive-span network has queries and keys, not weights";
            return Err(damaged(what.into()));
        }
        let architecture = &header.model.architecture;
        if architecture.is_bidirectional() {
            let fits = |of: &AttentionSpec| {
                of.bidirectional && of.nearest == 0 && !of.sink && of.window == Window::Full
            };
            let mut layers = architecture.layers.iter();
            if !header.has_weights() || !layers.all(|layer| fits(&layer.attention)) {
                let what = "of attention in both directions weights are kept, of heads without windows and sinks, in every layer";
                return Err(damaged(what.into()));
            }
        }
        Ok(Some(header))
    }
}
