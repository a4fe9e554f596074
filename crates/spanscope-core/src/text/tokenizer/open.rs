//! Tokenizers from files and folders.

use super::error::TokenizerError;
use super::gguf::plain;
use super::json::{self, Vocab, split_merge};
use super::model::{BpeOptions, Model};
use super::parts::{Parts, Tokenizer, Written};
use super::pattern::Pattern;
use super::stages::Stage;
use super::{normal, prefix, stages};
use crate::platform::fs::{self, File};
use serde_json::Value;
use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;

/// The merges that belong to a `vocab.json`.
const MERGES: &str = "merges.txt";

/// The file that says whether texts begin with BOS, beside a tokenizer that does not.
const SETTINGS: &str = "tokenizer_config.json";

impl Tokenizer {
    /// The files of a model's folder that a tokenizer may be in, the best first.
    pub const FILES: [&'static str; 3] = ["tokenizer.json", "vocab.json", "tokenizer.model"];

    /// The files that belong to some of these.
    pub const BESIDE: [&'static str; 2] = [MERGES, SETTINGS];

    /// The tokenizer of a model's folder: `tokenizer.json`, else `vocab.json` with `merges.txt`, else `tokenizer.model`.
    ///
    /// # Errors
    /// [`TokenizerError::None`] where none of them is there; [`TokenizerError::Io`], [`TokenizerError::File`].
    pub fn find(folder: &Path) -> Result<Self, TokenizerError> {
        let there = Self::FILES
            .iter()
            .map(|name| folder.join(name))
            .find(|path| fs::is_file(path));
        match there {
            Some(path) => Self::open(&path),
            None => Err(TokenizerError::None {
                path: folder.to_owned(),
            }),
        }
    }

    /// The tokenizer of a file: a `tokenizer.json`, a `vocab.json` with `merges.txt` beside it, or a model of SentencePiece
    /// (`.model`). `tokenizer_config.json` beside the last two says whether texts begin with BOS.
    ///
    /// # Errors
    /// [`TokenizerError::Io`], [`TokenizerError::File`].
    pub fn open(path: &Path) -> Result<Self, TokenizerError> {
        let files = Self::files_of(path)?;
        let file = |name: &str| {
            let mut files = files.iter();
            files
                .find(|(known, _)| *known == name)
                .map(|(_, bytes)| bytes.as_slice())
        };
        match Self::of_files(&file, path)? {
            Some(tokenizer) => Ok(tokenizer),
            // There is the one that was named.
            None => Err(TokenizerError::None {
                path: path.to_owned(),
            }),
        }
    }

    /// The files that the tokenizer of a file is made of, by the names that they have in a model's folder.
    ///
    /// # Errors
    /// [`TokenizerError::Io`], [`TokenizerError::File`] for one that is too long.
    pub fn files_of(path: &Path) -> Result<Vec<(&'static str, Vec<u8>)>, TokenizerError> {
        let [json, vocab, model] = Self::FILES;
        let name = path.file_name().unwrap_or_default();
        let first = match path.extension().is_some_and(|ending| ending == "model") {
            true => model,
            false if name == vocab => vocab,
            false => json,
        };
        let mut files = vec![(first, read(path)?)];
        let folder = path.parent().unwrap_or(Path::new(""));
        if first == vocab {
            files.push((MERGES, read(&folder.join(MERGES))?));
        }
        let config = folder.join(SETTINGS);
        if first != json && fs::is_file(&config) {
            files.push((SETTINGS, read(&config)?));
        }
        Ok(files)
    }

    /// The tokenizer of files by their names in a model's folder, the first of [`FILES`](Self::FILES) that is there; `None` where
    /// none is. `path` is for errors.
    ///
    /// # Errors
    /// [`TokenizerError::File`].
    pub fn of_files<'a>(
        file: &dyn Fn(&str) -> Option<&'a [u8]>,
        path: &Path,
    ) -> Result<Option<Self>, TokenizerError> {
        let [json, vocab, model] = Self::FILES;
        let tokenizer = if let Some(bytes) = file(json) {
            return Self::of_json(bytes, path).map(Some);
        } else if let Some(bytes) = file(vocab) {
            let merges = file(MERGES)
                .ok_or_else(|| TokenizerError::file(path, format!("{vocab} without {MERGES}")))?;
            Self::of_vocab_and_merges(bytes, merges, path)?
        } else if let Some(bytes) = file(model) {
            Self::of_sentencepiece(bytes, path)?
        } else {
            return Ok(None);
        };
        match file(SETTINGS) {
            Some(config) => tokenizer.configured(config).map(Some),
            None => Ok(Some(tokenizer)),
        }
    }

    /// The tokenizer that a `tokenizer.json` describes; `path` is for errors. What it says of padding and truncation is passed over,
    /// and so is what it puts behind a text.
    ///
    /// # Errors
    /// [`TokenizerError::File`], in words: no such file, a part of it that is not known, or one that is out of bounds.
    pub fn of_json(bytes: &[u8], path: &Path) -> Result<Self, TokenizerError> {
        parts(bytes)
            .and_then(|parts| Self::build(path, parts))
            .map_err(|reason| TokenizerError::file(path, reason))
    }

    /// The tokenizer of GPT-2's age: `vocab.json` and `merges.txt`, byte-level; `path` is for errors. Texts begin with nothing:
    /// [`Tokenizer::with_prefix`] says otherwise.
    ///
    /// # Errors
    /// [`TokenizerError::File`], in words.
    pub fn of_vocab_and_merges(
        vocab: &[u8],
        merges: &[u8],
        path: &Path,
    ) -> Result<Self, TokenizerError> {
        of_age(vocab, merges)
            .and_then(|parts| Self::build(path, parts))
            .map_err(|reason| TokenizerError::file(path, reason))
    }

    /// BOS as a `tokenizer_config.json` has it.
    fn configured(mut self, config: &[u8]) -> Result<Self, TokenizerError> {
        let config: Value =
            crate::json::read(config).map_err(|reason| TokenizerError::file(&self.path, reason))?;
        let bos = config.get("bos_token");
        let bos = bos.and_then(|bos| bos.as_str().or_else(|| bos.get("content")?.as_str()));
        match config.get("add_bos_token").and_then(Value::as_bool) {
            Some(false) => self.prefix.clear(),
            Some(true) => {
                if let Some(id) = bos.and_then(|bos| self.id_of(bos)) {
                    self.prefix = vec![id];
                }
            }
            None => {}
        }
        Ok(self)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TokenizerError> {
    let io = |source| TokenizerError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    let most = json::LONGEST as u64;
    file.take(most + 1).read_to_end(&mut bytes).map_err(io)?;
    match bytes.len() as u64 > most {
        true => Err(TokenizerError::file(
            path,
            format!("it has more than {} MB", most >> 20),
        )),
        false => Ok(bytes),
    }
}

fn parts(bytes: &[u8]) -> Result<Parts, String> {
    let file = json::read(bytes)?;
    let stages = stages::read(file.pre_tokenizer.as_ref())?;
    let normals = normal::read(file.normalizer.as_ref())?;
    let prefix = prefix::read(file.post_processor.as_ref())?;
    let written = written(&file, &stages);
    let byte_fallback = file.model.byte_fallback.unwrap_or_default();
    let vocab = match &file.model.vocab {
        Vocab::Ids(ids) => ids.clone(),
        Vocab::Scores(scores) => scores
            .iter()
            .map(|(piece, _)| piece.clone())
            .zip(0..)
            .collect(),
    };
    let mut added = file.added_tokens;
    let mut part = file.model;
    if let Vocab::Scores(pieces) = &mut part.vocab {
        hide(pieces, &mut added);
    }
    let model = Model::of(part)?;
    for token in &mut added {
        // The model's own id wins, as with the library.
        token.id = model.id(&token.content).unwrap_or(token.id);
    }
    Ok(Parts {
        model,
        vocab,
        added,
        normals,
        stages,
        prefix,
        written,
        byte_fallback,
        note: None,
    })
}

/// Special pieces are cut out of a text before the model sees it, or are text: with scores, they must not be found there.
fn hide(pieces: &mut [(String, f64)], added: &mut [json::AddedToken]) {
    let special = added.iter_mut().filter(|token| token.special);
    let mut ids: HashMap<&str, &mut u32> = special
        .map(|token| (token.content.as_str(), &mut token.id))
        .collect();
    for ((piece, _), at) in pieces.iter_mut().zip(0_u32..) {
        if let Some(id) = ids.get_mut(piece.as_str()) {
            **id = at;
            // No text in use has a character of the last plane's end.
            *piece = format!("\u{10ffff}\u{10ffff}{at}");
        }
    }
}

/// The spelling of the pieces, from the steps applied to a text and back.
fn written(file: &json::File, stages: &[Stage]) -> Written {
    let is_bytes = |stage: &Stage| matches!(stage, Stage::ByteLevel { .. });
    let mark = stages.iter().find_map(|stage| match stage {
        Stage::Metaspace { mark, .. } => Some(*mark),
        _ => None,
    });
    let decodes = |name: &str| {
        file.decoder
            .as_ref()
            .is_some_and(|decoder| names(decoder, name))
    };
    let normalizes = |name: &str| file.normalizer.as_ref().is_some_and(|n| names(n, name));
    if stages.iter().any(is_bytes) || decodes("ByteLevel") || normalizes("ByteLevel") {
        Written::ByteLevel
    } else if let Some(mark) = mark {
        Written::Marked(mark)
    } else if decodes("Metaspace") || decodes("Replace") || normalizes("Replace") {
        Written::Marked(super::gguf::MARK)
    } else {
        Written::Plain(
            file.model
                .continuing_subword_prefix
                .clone()
                .filter(|p| !p.is_empty()),
        )
    }
}

/// True if a part, or one of a sequence, is of a kind.
fn names(part: &Value, name: &str) -> bool {
    let lists = ["normalizers", "decoders"];
    let inside = lists
        .iter()
        .filter_map(|list| part.get(list)?.as_array())
        .flatten();
    part.get("type").and_then(Value::as_str) == Some(name)
        || inside
            .into_iter()
            .any(|part| part.get("type").and_then(Value::as_str) == Some(name))
}

fn of_age(vocab: &[u8], merges: &[u8]) -> Result<Parts, String> {
    let vocab: Vocab = crate::json::read_up_to(vocab, json::LONGEST)?;
    let Vocab::Ids(vocab) = vocab else {
        return Err("its vocabulary is a list, and tokens with their ids are expected".into());
    };
    let merges = std::str::from_utf8(merges).map_err(|_| "merges.txt is not UTF-8")?;
    let lines = merges
        .lines()
        .filter(|line| !line.starts_with("#version") && !line.trim().is_empty());
    let merges: Result<Vec<_>, String> = lines.map(split_merge).collect();
    let special = vocab
        .iter()
        .filter(|(token, _)| super::super::encode::is_special(token));
    let added = special.map(|(token, id)| plain(*id, token, true)).collect();
    Ok(Parts {
        model: Model::bpe(&vocab, merges?, BpeOptions::default())?,
        vocab,
        added,
        normals: Vec::new(),
        stages: vec![Stage::ByteLevel {
            in_front: false,
            pattern: Some(Pattern::regex(super::gguf_names::GPT2)?),
        }],
        prefix: Vec::new(),
        written: Written::ByteLevel,
        byte_fallback: false,
        note: None,
    })
}
