//! One text of a corpus: read, and what is written down about it.

use super::{CorpusError, TextFile, TextKind};
use crate::{EngineError, LoadedModel};
use serde::{Deserialize, Serialize};
use spanscope_chart::thousands;
use spanscope_core::analysis::sums::Totals;
use spanscope_core::files::Sha256Sum;
use spanscope_core::model::ModelError;
use spanscope_core::text::{self, Accept, document_named};

/// A text that was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRecord {
    /// Its name in the corpus.
    pub name: String,
    /// Its length in bytes; of a packed file, unpacked.
    pub bytes: u64,
    /// SHA-256 of these bytes, in hexadecimal.
    pub sha256: String,
    /// Tokens that the model ran over.
    pub tokens: u64,
    /// Pieces that the vocabulary lacks, which were left out.
    pub unknown: u64,
    /// Bytes after the first token, which nothing predicts; `None` where ids were given.
    pub predicted_bytes: Option<u64>,
    /// Surprisal of all tokens but the first together, in bits, in units of 2⁻³²; `None` where it was not recorded.
    pub surprisal: Option<u64>,
}

impl TextRecord {
    /// The text's share of the totals.
    pub fn totals(&self) -> Totals {
        // Bytes that the vocabulary lacks were not predicted, so they are none to divide by.
        let is_told = self.surprisal.is_some();
        let bytes = self
            .predicted_bytes
            .filter(|_| self.unknown == 0 && is_told);
        Totals {
            texts: 1,
            tokens: self.tokens,
            predictions: match is_told {
                true => self.tokens.saturating_sub(1),
                false => 0,
            },
            surprisal: self.surprisal.unwrap_or(0),
            bytes: bytes.unwrap_or(0),
            without_bytes: u64::from(bytes.is_none()),
        }
    }
}

/// A text that could not be measured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name in the corpus.
    pub name: String,
    /// Why.
    pub why: String,
}

impl LeftOut {
    /// In words, with how many `others` there are like it.
    pub(super) fn words(&self, others: usize) -> String {
        let Self { name, why } = self;
        // A document's error has its file and its line already: "corpus.jsonl: line 12".
        let is_told = match document_named(name) {
            Some((file, line)) => why.contains(&format!("{file}: line {line}:")),
            None => why.contains(name.as_str()),
        };
        let told = match is_told {
            true => why.clone(),
            false => format!("{name}: {why}"),
        };
        match others {
            0 => told,
            1 => format!("{told}; so it is with 1 more text"),
            n => format!("{told}; so it is with {} more texts", thousands(n)),
        }
    }
}

/// A text as ids.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub ids: Vec<u32>,
    /// The facts known of it before it is run on.
    pub record: TextRecord,
}

/// Reads a text; the inner error is why it cannot be run on.
///
/// # Errors
/// When no text at all can be read: the model has no vocabulary.
pub(super) fn read(
    model: &LoadedModel,
    file: &TextFile,
) -> Result<Result<Read, EngineError>, CorpusError> {
    match read_one(model, file) {
        Err(error @ EngineError::NoVocabulary { .. }) => Err(error.into()),
        result => Ok(result),
    }
}

/// The ids of a control, with no pieces left out; what is hashed is the JSON list of them, as a file of ids would have it.
fn control_ids(
    model: &LoadedModel,
    file: &TextFile,
    sum: &mut Sha256Sum,
) -> Result<(Vec<u32>, usize, Option<u64>), EngineError> {
    let given = match file.path.as_os_str().is_empty() {
        true => None,
        false => Some(text::read_ids(&file.path)?),
    };
    let vocab_size = model.network.architecture().vocab_size;
    let ids = match file.control {
        Some(control) => control.ids(vocab_size, given.as_deref())?,
        None => given.unwrap_or_default(),
    };
    if let Some(at) = ids.iter().position(|&id| id as usize >= vocab_size) {
        let id = ids[at];
        return Err(ModelError::TokenId { id, at, vocab_size }.into());
    }
    let listed: Vec<String> = ids.iter().map(u32::to_string).collect();
    sum.add(format!("[{}]", listed.join(",")).as_bytes());
    Ok((ids, 0, None))
}

fn read_one(model: &LoadedModel, file: &TextFile) -> Result<Read, EngineError> {
    let mut sum = Sha256Sum::default();
    let vocabulary = model.vocabulary.as_ref();
    let (ids, unknown, predicted) = match file.kind {
        TextKind::Ids if file.control.is_some() => control_ids(model, file, &mut sum)?,
        TextKind::Text if file.path.as_os_str().is_empty() && vocabulary.is_none() => {
            control_ids(model, file, &mut sum)?
        }
        TextKind::Ids => {
            let ids = text::read_ids_seen(&file.path, |bytes| sum.add(bytes))?;
            let vocab_size = model.network.architecture().vocab_size;
            if let Some(at) = ids.iter().position(|&id| id as usize >= vocab_size) {
                let id = ids[at];
                return Err(ModelError::TokenId { id, at, vocab_size }.into());
            }
            (ids, 0, None)
        }
        TextKind::Text | TextKind::AnyBytes => {
            let accept = file.kind.accept();
            let bytes = match file.path.as_os_str().is_empty() {
                true => None,
                false => Some(file.read()?),
            };
            let bytes = match (file.control, vocabulary) {
                (Some(control), Some(vocabulary)) => control.bytes(vocabulary, bytes.as_deref())?,
                _ => bytes.unwrap_or_default(),
            };
            sum.add(&bytes);
            let prepared = model.prepare(&bytes)?;
            if accept == Accept::Texts {
                prepared.coverage.check(&file.name)?;
            }
            let predicted = bytes.len() - model.first_token_end(&bytes);
            (prepared.ids, prepared.unknown, Some(predicted as u64))
        }
    };
    if ids.is_empty() {
        return Err(EngineError::NoTokens);
    }
    Ok(Read {
        record: TextRecord {
            name: file.name.clone(),
            bytes: sum.bytes(),
            sha256: sum.hex(),
            tokens: ids.len() as u64,
            unknown: unknown as u64,
            predicted_bytes: predicted,
            surprisal: Some(0),
        },
        ids,
    })
}
