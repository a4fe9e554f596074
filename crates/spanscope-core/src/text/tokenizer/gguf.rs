//! The vocabularies of GGUF files.

use super::error::TokenizerError;
use super::gguf_names::named;
use super::json::{AddedToken, split_merge};
use super::merge::Merger;
use super::model::{BpeOptions, Model};
use super::normal::Normal;
use super::parts::{Parts, Tokenizer, Written};
use super::pattern::Pattern;
use crate::shown::shown;
use std::collections::HashMap;
use std::path::Path;

/// The character that stands for a space in SentencePiece's vocabularies.
pub(super) const MARK: char = '\u{2581}';

/// Kinds of tokens, by their numbers in the file.
pub(super) const NORMAL: i32 = 1;
pub(super) const UNKNOWN: i32 = 2;
pub(super) const CONTROL: i32 = 3;
pub(super) const USER_DEFINED: i32 = 4;
pub(super) const BYTE: i32 = 6;

/// A vocabulary as the metadata of a GGUF file have it, under `tokenizer.ggml.` where not said otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GgufVocabulary {
    /// `model`: `gpt2` (byte-level) and `llama` (SentencePiece with scores) are read.
    pub model: String,
    /// `pre`: the name of the pattern that cuts texts, of `gpt2`.
    pub pre: Option<String>,
    /// `tokens`: pieces by id.
    pub tokens: Vec<String>,
    /// `token_type`: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; as many as tokens, or none.
    pub types: Vec<i32>,
    /// `scores`: as many as tokens, of `llama`.
    pub scores: Vec<f32>,
    /// `merges`: two pieces with a space between, of `gpt2`.
    pub merges: Vec<String>,
    /// `bos_token_id`.
    pub bos: Option<u32>,
    /// `eos_token_id`.
    pub eos: Option<u32>,
    /// `unknown_token_id`.
    pub unknown: Option<u32>,
    /// `add_bos_token`; where absent, what llama.cpp takes for the model and `pre`.
    pub add_bos: Option<bool>,
    /// `add_space_prefix`: a space is put in front of a text, of `llama`; true where absent.
    pub add_space_prefix: Option<bool>,
    /// `tokenizer.huggingface.json`: the whole `tokenizer.json`, which is then used.
    pub hugging_face_json: Option<String>,
}

impl Tokenizer {
    /// The tokenizer of a GGUF file; `path` is for errors.
    ///
    /// # Errors
    /// [`TokenizerError::File`]: a kind that is not known (by its name), lists of different lengths, ids past the end, merges of what
    /// is not in the vocabulary.
    pub fn of_gguf(vocabulary: GgufVocabulary, path: &Path) -> Result<Self, TokenizerError> {
        if let Some(json) = &vocabulary.hugging_face_json {
            return Self::of_json(json.as_bytes(), path);
        }
        parts(vocabulary)
            .and_then(|parts| Self::build(path, parts))
            .map_err(|reason| TokenizerError::file(path, reason))
    }
}

fn parts(vocabulary: GgufVocabulary) -> Result<Parts, String> {
    let count = vocabulary.tokens.len();
    if count == 0 {
        return Err("its vocabulary has no tokens".into());
    }
    let lists = [
        ("token_type", vocabulary.types.len()),
        ("scores", vocabulary.scores.len()),
    ];
    for (name, length) in lists {
        if length != 0 && length != count {
            return Err(format!(
                "tokenizer.ggml.{name} has {length} entries for {count} tokens"
            ));
        }
    }
    let ids = [
        ("bos", vocabulary.bos),
        ("eos", vocabulary.eos),
        ("unknown", vocabulary.unknown),
    ];
    for (name, id) in ids {
        if let Some(id) = id.filter(|id| *id as usize >= count) {
            return Err(format!(
                "tokenizer.ggml.{name}_token_id is {id}, and there are {count} tokens"
            ));
        }
    }
    match vocabulary.model.as_str() {
        "gpt2" => byte_level(vocabulary),
        "llama" => pieces(vocabulary),
        other => Err(format!(
            "its vocabulary is of the kind {}; gpt2 (byte-level) and llama (SentencePiece) are read",
            shown(other)
        )),
    }
}

impl GgufVocabulary {
    /// The kind of a token. Files without kinds name their special tokens.
    fn kind(&self, id: usize) -> i32 {
        let named = |of: Option<u32>| of.is_some_and(|of| of as usize == id);
        match self.types.get(id) {
            Some(kind) => *kind,
            None if named(self.unknown) => UNKNOWN,
            None if named(self.bos) || named(self.eos) => CONTROL,
            None => NORMAL,
        }
    }

    /// Tokens that are cut out of a text first.
    fn added(&self) -> Vec<AddedToken> {
        let mut added = Vec::new();
        for (id, token) in (0_u32..).zip(&self.tokens) {
            let kind = self.kind(id as usize);
            if matches!(kind, UNKNOWN | CONTROL | USER_DEFINED) {
                added.push(plain(id, token, kind != USER_DEFINED));
            }
        }
        added
    }

    fn vocab(&self) -> Vec<(String, u32)> {
        self.tokens.iter().cloned().zip(0..).collect()
    }
}

/// A token that is looked for in the text as it stands.
pub(super) fn plain(id: u32, content: &str, special: bool) -> AddedToken {
    AddedToken {
        id,
        content: content.to_owned(),
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special,
    }
}

fn byte_level(vocabulary: GgufVocabulary) -> Result<Parts, String> {
    let named = named(vocabulary.pre.as_deref())?;
    let merges: Result<Vec<_>, String> = vocabulary.merges.iter().map(|m| split_merge(m)).collect();
    let vocab = vocabulary.vocab();
    let options = BpeOptions {
        ignore_merges: named.ignore_merges,
        ..BpeOptions::default()
    };
    let begins = vocabulary.add_bos.unwrap_or(named.begins);
    Ok(Parts {
        model: Model::bpe(&vocab, merges?, options)?,
        vocab,
        added: vocabulary.added(),
        normals: Vec::new(),
        stages: named.stages,
        prefix: vocabulary.bos.filter(|_| begins).into_iter().collect(),
        written: Written::ByteLevel,
        byte_fallback: false,
        note: named.note,
    })
}

fn pieces(vocabulary: GgufVocabulary) -> Result<Parts, String> {
    if vocabulary.scores.is_empty() {
        return Err("a llama vocabulary without tokenizer.ggml.scores".into());
    }
    let kinds: Vec<i32> = (0..vocabulary.tokens.len())
        .map(|id| vocabulary.kind(id))
        .collect();
    let unknown = kinds.iter().position(|kind| *kind == UNKNOWN);
    let unknown = vocabulary
        .unknown
        .or(unknown.and_then(|id| u32::try_from(id).ok()));
    let begins = vocabulary.add_bos.unwrap_or(true);
    let bos = vocabulary.bos.or_else(|| {
        let at = vocabulary.tokens.iter().position(|token| token == "<s>");
        at.and_then(|id| u32::try_from(id).ok())
    });
    Ok(Parts {
        model: merger(&vocabulary.tokens, &kinds, &vocabulary.scores, unknown),
        added: vocabulary.added(),
        normals: marks(vocabulary.add_space_prefix.unwrap_or(true))?,
        stages: Vec::new(),
        prefix: bos.filter(|_| begins).into_iter().collect(),
        written: Written::Marked(MARK),
        byte_fallback: true,
        note: None,
        vocab: vocabulary.vocab(),
    })
}

/// The model of a vocabulary with scores.
pub(super) fn merger(
    tokens: &[String],
    kinds: &[i32],
    scores: &[f32],
    unknown: Option<u32>,
) -> Model {
    let all = || (0_u32..).zip(tokens).zip(kinds.iter().zip(scores));
    let bytes: HashMap<&str, u32> = all()
        .filter(|((_, _), (kind, _))| **kind == BYTE)
        .map(|((id, token), _)| (token.as_str(), id))
        .collect();
    let pieces = all()
        .filter(|((_, _), (kind, _))| **kind == NORMAL)
        .map(|((id, token), (_, score))| (token.as_str(), id, *score));
    Model::Merger(Merger::new(
        pieces,
        |piece| bytes.get(piece).copied(),
        unknown,
    ))
}

/// Spaces become marks, perhaps after one was put in front.
pub(super) fn marks(in_front: bool) -> Result<Vec<Normal>, String> {
    let replace = Normal::Replace {
        pattern: Pattern::literal(" ")?,
        content: MARK.to_string(),
        mark: Some(MARK),
    };
    let prepend = in_front.then(|| Normal::Prepend(MARK.to_string()));
    Ok(prepend.into_iter().chain([replace]).collect())
}
