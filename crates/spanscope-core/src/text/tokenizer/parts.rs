//! A tokenizer put together from its parts.

use super::added::{Added, Look};
use super::cuts::Cuts;
use super::error::TokenizerError;
use super::json::AddedToken;
use super::model::Model;
use super::normal::{Normal, most};
use super::placed::Placed;
use super::stages::{InFront, Stage};
use crate::shown::shown;
use std::path::{Path, PathBuf};

/// The most tokens, and the highest id: four times the largest vocabulary in use.
const MOST: usize = 1 << 20;

/// The most tokens that are put in front of a text.
const MOST_IN_FRONT: usize = 16;

/// The spelling of a vocabulary's pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Every character is a byte.
    ByteLevel,
    /// The mark is a space.
    Marked(char),
    /// As they are; what goes on within a word begins with this.
    Plain(Option<String>),
}

/// The components of a tokenizer.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) model: Model,
    pub(super) vocab: Vec<(String, u32)>,
    pub(super) added: Vec<AddedToken>,
    pub(super) normals: Vec<Normal>,
    pub(super) stages: Vec<Stage>,
    /// The tokens that a text begins with.
    pub(super) prefix: Vec<u32>,
    pub(super) written: Written,
    /// Pieces such as `<0x0A>` are bytes.
    pub(super) byte_fallback: bool,
    pub(super) note: Option<String>,
}

/// Cuts texts into the tokens of one model.
#[derive(Debug)]
pub struct Tokenizer {
    pub(super) path: PathBuf,
    pub(super) model: Model,
    pub(super) added: Added,
    pub(super) normals: Vec<Normal>,
    pub(super) stages: Vec<Stage>,
    pub(super) prefix: Vec<u32>,
    pub(super) written: Written,
    pub(super) byte_fallback: bool,
    /// Pieces by id; none where the ids have a hole.
    pub(super) tokens: Vec<Option<Box<str>>>,
    pub(super) cuts: Cuts,
    /// Rows of the model's embeddings, where they are known.
    pub(super) rows: Option<usize>,
    note: Option<String>,
}

impl Tokenizer {
    pub(super) fn build(path: &Path, parts: Parts) -> Result<Self, String> {
        let mut tokens: Vec<Option<Box<str>>> = Vec::new();
        let added = parts.added.iter().map(|token| (&token.content, token.id));
        let all = parts
            .vocab
            .iter()
            .map(|(token, id)| (token, *id))
            .chain(added);
        for (token, id) in all {
            let at = id as usize;
            if at >= MOST {
                return Err(format!(
                    "the token {} has the id {id}, at most {} expected",
                    shown(token),
                    MOST - 1
                ));
            }
            if tokens.len() <= at {
                tokens.resize(at + 1, None);
            }
            tokens[at] = Some(token.as_str().into());
        }
        let of_prefix = |id: &u32| tokens.get(*id as usize).is_some_and(Option::is_some);
        if parts.prefix.len() > MOST_IN_FRONT {
            return Err(format!(
                "{} tokens are put in front of every text, at most {MOST_IN_FRONT} expected",
                parts.prefix.len()
            ));
        }
        if let Some(id) = parts.prefix.iter().find(|id| !of_prefix(id)) {
            return Err(format!(
                "the token {id} is put in front of every text, and the vocabulary has none of that id"
            ));
        }
        let normals = parts.normals;
        let added = Added::new(parts.added, |text| normalized(&normals, text))?;
        let cuts = Cuts::new(
            &parts.model,
            &added,
            &normals,
            &parts.stages,
            &tokens,
            &parts.written,
        );
        Ok(Self {
            path: path.to_owned(),
            model: parts.model,
            added,
            normals,
            stages: parts.stages,
            prefix: parts.prefix,
            written: parts.written,
            byte_fallback: parts.byte_fallback,
            tokens,
            cuts,
            rows: None,
            note: parts.note,
        })
    }

    /// The number of ids, holes included: one more than the highest. The model's embeddings may have more rows.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// True if there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The tokens that a text begins with, as the model wants it: BOS, for some.
    pub fn prefix(&self) -> &[u32] {
        &self.prefix
    }

    /// The note for whoever opens this tokenizer, such as that its pre-tokenizer is not known.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// True if a token is a special one, such as BOS: what it is called is no text.
    pub fn is_special(&self, id: u32) -> bool {
        self.added.get(id).is_some_and(|token| token.special)
    }

    /// Says how many rows the model's embeddings have: a text with tokens beyond them is refused.
    #[must_use]
    pub fn with_rows(mut self, rows: usize) -> Self {
        self.rows = Some(rows);
        self
    }

    /// Says what texts begin with, where the file does not: OPT's `</s>`.
    ///
    /// # Errors
    /// [`TokenizerError::File`] for an id without a token, or too many.
    pub fn with_prefix(mut self, prefix: &[u32]) -> Result<Self, TokenizerError> {
        let has = |id: &u32| self.piece(*id).is_some();
        if prefix.len() > MOST_IN_FRONT || !prefix.iter().all(has) {
            let reason = format!(
                "texts are to begin with the tokens {prefix:?}, and not all are in the vocabulary"
            );
            return Err(TokenizerError::file(&self.path, reason));
        }
        self.prefix = prefix.to_vec();
        Ok(self)
    }

    /// The id of a token, by its piece as the file writes it.
    pub fn id_of(&self, piece: &str) -> Option<u32> {
        let at = self
            .tokens
            .iter()
            .position(|t| t.as_deref() == Some(piece))?;
        u32::try_from(at).ok()
    }

    /// A token's piece as the file writes it; `None` for an id without one.
    pub fn piece(&self, id: u32) -> Option<&str> {
        self.tokens.get(id as usize)?.as_deref()
    }

    /// True if a space that is not in the text may be put in front of it.
    pub(super) fn puts_space_in_front(&self) -> bool {
        let normal = |normal: &Normal| matches!(normal, Normal::Prepend(_));
        let stage = |stage: &Stage| matches!(stage, Stage::Metaspace { in_front, .. } if *in_front != InFront::Never);
        self.normals.iter().any(normal) || self.stages.iter().any(stage)
    }

    pub(super) fn find_added(
        &self,
        text: &str,
        look: Look,
        special: bool,
    ) -> Vec<(std::ops::Range<usize>, Option<u32>)> {
        self.added.find(text, look, special)
    }
}

/// A token's text as it looks after the normalization, in which it is looked for.
fn normalized(normals: &[Normal], text: &str) -> Result<String, String> {
    let mut placed = Placed::of(text, 0);
    for normal in normals {
        placed = normal
            .apply(placed, true, most(text.len()), &|| true)
            .map_err(|trouble| match trouble {
                super::error::Trouble::Words(words) => words,
                super::error::Trouble::Stopped => String::new(),
            })?;
    }
    Ok(placed.text)
}
