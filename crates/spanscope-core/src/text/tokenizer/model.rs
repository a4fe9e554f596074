//! The models that make tokens of a part of a text, and what is checked before one is built.

use super::bytes::fallback_piece;
use super::json::{ModelPart, Vocab};
use super::merge::Merger;
use crate::shown::{shown, shown_error};
use std::collections::HashMap;
use std::ops::Range;
use tokenizers::Model as _;
use tokenizers::models::bpe::{BPE, Vocab as BpeVocab};
use tokenizers::models::unigram::Unigram;
use tokenizers::models::wordlevel::WordLevel;
use tokenizers::models::wordpiece::WordPiece;

/// The model that makes tokens of a part of a text.
#[derive(Debug)]
pub(super) enum Model {
    /// Pairs joined in the order of a list.
    Bpe(BPE),
    /// The most likely way to cut.
    Unigram {
        model: Unigram,
        unknown: Option<u32>,
        byte_fallback: bool,
    },
    /// The longest piece, from the left.
    WordPiece(WordPiece),
    /// Whole parts.
    WordLevel(WordLevel),
    /// Pairs joined by the score of what they become.
    Merger(Merger),
}

/// The options of a byte-pair model.
#[derive(Debug, Default)]
pub(super) struct BpeOptions {
    pub(super) unknown: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) suffix: Option<String>,
    pub(super) fuse_unknown: bool,
    pub(super) byte_fallback: bool,
    pub(super) ignore_merges: bool,
}

impl Model {
    /// A byte-pair model.
    ///
    /// # Errors
    /// In words, where a merge has no pieces in the vocabulary: the library would read past its own buffers.
    pub(super) fn bpe(
        vocab: &[(String, u32)],
        merges: Vec<(String, String)>,
        options: BpeOptions,
    ) -> Result<Self, String> {
        let ids: HashMap<&str, u32> = vocab
            .iter()
            .map(|(token, id)| (token.as_str(), *id))
            .collect();
        let prefix = options.prefix.as_deref().unwrap_or_default();
        let mut joined = String::new();
        for (first, second) in &merges {
            let rest = second.strip_prefix(prefix);
            joined.clear();
            joined.push_str(first);
            joined.push_str(rest.unwrap_or_default());
            let is_known = rest.is_some()
                && [first, second, &joined]
                    .iter()
                    .all(|piece| ids.contains_key(piece.as_str()));
            if !is_known {
                return Err(format!(
                    "the merge of {} and {}: one of them, or what they become, is not in the vocabulary",
                    shown(first),
                    shown(second)
                ));
            }
        }
        if let Some(unknown) = options
            .unknown
            .as_deref()
            .filter(|token| !ids.contains_key(token))
        {
            return Err(format!(
                "the unknown token {} is not in the vocabulary",
                shown(unknown)
            ));
        }
        let vocab: BpeVocab = vocab.iter().cloned().collect();
        let mut builder = BPE::builder()
            .vocab_and_merges(vocab, merges)
            .fuse_unk(options.fuse_unknown)
            .byte_fallback(options.byte_fallback)
            .ignore_merges(options.ignore_merges);
        if let Some(unknown) = options.unknown {
            builder = builder.unk_token(unknown);
        }
        if let Some(prefix) = options.prefix.filter(|prefix| !prefix.is_empty()) {
            builder = builder.continuing_subword_prefix(prefix);
        }
        if let Some(suffix) = options.suffix.filter(|suffix| !suffix.is_empty()) {
            builder = builder.end_of_word_suffix(suffix);
        }
        builder.build().map(Self::Bpe).map_err(|e| shown_error(&e))
    }

    /// The model of a `tokenizer.json`. What asks for chance (`dropout`) is passed over: the same text has the same tokens.
    ///
    /// # Errors
    /// In words.
    pub(super) fn of(part: ModelPart) -> Result<Self, String> {
        let kind = part
            .kind
            .clone()
            .unwrap_or_else(|| kind_of(&part).to_owned());
        match (kind.as_str(), part.vocab) {
            ("BPE", Vocab::Ids(vocab)) => {
                let options = BpeOptions {
                    unknown: part.unk_token,
                    prefix: part.continuing_subword_prefix,
                    suffix: part.end_of_word_suffix,
                    fuse_unknown: part.fuse_unk.unwrap_or_default(),
                    byte_fallback: part.byte_fallback.unwrap_or_default(),
                    ignore_merges: part.ignore_merges.unwrap_or_default(),
                };
                let merges = part.merges.ok_or("a BPE model without merges")?;
                Self::bpe(&vocab, merges.0, options)
            }
            ("Unigram", Vocab::Scores(vocab)) => {
                Self::unigram(vocab, part.unk_id, part.byte_fallback.unwrap_or_default())
            }
            ("WordPiece", Vocab::Ids(vocab)) => {
                let mut builder = WordPiece::builder()
                    .vocab(vocab.into_iter().collect::<BpeVocab>())
                    .unk_token(part.unk_token.unwrap_or_else(|| "[UNK]".into()));
                if let Some(prefix) = part.continuing_subword_prefix {
                    builder = builder.continuing_subword_prefix(prefix);
                }
                if let Some(most) = part.max_input_chars_per_word {
                    builder = builder.max_input_chars_per_word(most.min(1000));
                }
                let built = builder.build();
                built.map(Self::WordPiece).map_err(|e| shown_error(&e))
            }
            ("WordLevel", Vocab::Ids(vocab)) => {
                let built = WordLevel::builder()
                    .vocab(vocab.into_iter().collect::<BpeVocab>())
                    .unk_token(part.unk_token.unwrap_or_else(|| "<unk>".into()))
                    .build();
                built.map(Self::WordLevel).map_err(|e| shown_error(&e))
            }
            (kind @ ("BPE" | "Unigram" | "WordPiece" | "WordLevel"), _) => {
                Err(format!("a {kind} model with a vocabulary of another kind"))
            }
            (other, _) => Err(format!(
                "its model is {}; BPE, Unigram, WordPiece and WordLevel are known",
                shown(other)
            )),
        }
    }

    /// # Errors
    /// In words.
    pub(super) fn unigram(
        vocab: Vec<(String, f64)>,
        unknown: Option<usize>,
        byte_fallback: bool,
    ) -> Result<Self, String> {
        let bad = vocab
            .iter()
            .find(|(piece, score)| piece.is_empty() || !score.is_finite());
        if let Some((piece, score)) = bad {
            // The library would never come to an end with the first, and has no best way with the second.
            return Err(format!("the piece {} with score {score}", shown(piece)));
        }
        let model = Unigram::from(vocab, unknown, byte_fallback).map_err(|e| shown_error(&e))?;
        Ok(Self::Unigram {
            model,
            unknown: unknown.and_then(|id| u32::try_from(id).ok()),
            byte_fallback,
        })
    }

    /// The id of a token.
    pub(super) fn id(&self, token: &str) -> Option<u32> {
        match self {
            Self::Bpe(model) => model.token_to_id(token),
            Self::Unigram { model, .. } => model.token_to_id(token),
            Self::WordPiece(model) => model.token_to_id(token),
            Self::WordLevel(model) => model.token_to_id(token),
            Self::Merger(_) => None,
        }
    }

    /// The token for one byte that is no UTF-8, and whether this is a token for bytes.
    pub(super) fn byte(&self, byte: u8, byte_level: bool) -> Option<u32> {
        match self {
            Self::Merger(merger) => merger.byte(byte).or(merger.unknown()),
            _ if byte_level => self.id(super::bytes::byte_char(byte).encode_utf8(&mut [0; 4])),
            _ => self.id(&fallback_piece(byte)).or_else(|| self.unknown()),
        }
    }

    /// The token for what the vocabulary lacks.
    pub(super) fn unknown(&self) -> Option<u32> {
        match self {
            Self::Bpe(model) => model
                .unk_token
                .as_deref()
                .and_then(|token| model.token_to_id(token)),
            Self::Unigram { unknown, .. } => *unknown,
            Self::WordPiece(model) => model.token_to_id(&model.unk_token),
            Self::WordLevel(model) => model.token_to_id(&model.unk_token),
            Self::Merger(merger) => merger.unknown(),
        }
    }

    /// The tokens of a part of a text, with their bytes in it.
    ///
    /// # Errors
    /// In words, where the vocabulary has neither a token for something in it nor one for the unknown.
    pub(super) fn tokens(
        &self,
        text: &str,
        add: &mut dyn FnMut(u32, Range<usize>),
    ) -> Result<(), String> {
        let lacks = |error: &dyn std::fmt::Display| {
            format!(
                "its vocabulary lacks something ({}). Pass another text, or token ids (--ids)",
                shown_error(error)
            )
        };
        let tokens = match self {
            Self::Merger(merger) => {
                merger.tokens(text, add);
                return Ok(());
            }
            Self::Unigram {
                model,
                unknown,
                byte_fallback,
            } => {
                let pieces = model.encode(text).map_err(|e| lacks(&e))?;
                unigram_tokens(model, *unknown, *byte_fallback, &pieces, add);
                return Ok(());
            }
            Self::Bpe(model) => model.tokenize(text),
            Self::WordPiece(model) => model.tokenize(text),
            Self::WordLevel(model) => model.tokenize(text),
        };
        let tokens = tokens.map_err(|e| lacks(&e))?;
        let is_whole = tokens
            .last()
            .is_none_or(|token| token.offsets.1 == text.len());
        if is_whole || !matches!(self, Self::Bpe(_)) {
            tokens
                .iter()
                .for_each(|token| add(token.id, token.offsets.0..token.offsets.1));
            return Ok(());
        }
        // Without an unknown token, characters that the vocabulary lacks are dropped, and the offsets after them are off.
        let mut at = 0;
        for token in tokens {
            let rest = text.get(at..).unwrap_or_default();
            if let Some(skipped) = rest.find(&token.value) {
                let start = at + skipped;
                at = start + token.value.len();
                add(token.id, start..at);
            }
        }
        Ok(())
    }
}

fn unigram_tokens(
    model: &Unigram,
    unknown: Option<u32>,
    byte_fallback: bool,
    pieces: &[String],
    add: &mut dyn FnMut(u32, Range<usize>),
) {
    let mut at = 0;
    for piece in pieces {
        let range = at..at + piece.len();
        at = range.end;
        if let Some(id) = model.token_to_id(piece) {
            add(id, range);
            continue;
        }
        let bytes: Option<Vec<u32>> = piece
            .bytes()
            .map(|b| model.token_to_id(&fallback_piece(b)))
            .collect();
        match bytes.filter(|_| byte_fallback) {
            Some(ids) => ids
                .into_iter()
                .zip(range)
                .for_each(|(id, at)| add(id, at..at + 1)),
            None => unknown.into_iter().for_each(|id| add(id, range.clone())),
        }
    }
}

/// Files of before 2020 do not name their model.
fn kind_of(part: &ModelPart) -> &'static str {
    match (&part.vocab, &part.merges) {
        (Vocab::Scores(_), _) => "Unigram",
        (_, Some(_)) => "BPE",
        _ if part.continuing_subword_prefix.is_some() => "WordPiece",
        _ => "WordLevel",
    }
}
