//! The content of a `tokenizer.json`, read within bounds: its vocabulary and merges as lists of our own, its small parts as they
//! are.

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// The longest file that is read, in bytes; Gemma's has 34 MB.
pub(super) const LONGEST: usize = 256 << 20;

/// The most memory that a file may become, in bytes, as [`crate::json`] estimates it: a vocabulary of 262,144 tokens with 514,000
/// merges is estimated at 180 MB.
const MOST: usize = 1 << 30;

/// A `tokenizer.json`. What asks for padding or truncation is passed over.
#[derive(Debug, Deserialize)]
pub(super) struct File {
    #[serde(default)]
    pub(super) added_tokens: Vec<AddedToken>,
    pub(super) normalizer: Option<Value>,
    pub(super) pre_tokenizer: Option<Value>,
    pub(super) post_processor: Option<Value>,
    pub(super) decoder: Option<Value>,
    pub(super) model: ModelPart,
}

/// A token that is cut out of a text before anything else.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct AddedToken {
    pub(super) id: u32,
    pub(super) content: String,
    #[serde(default)]
    pub(super) single_word: bool,
    #[serde(default)]
    pub(super) lstrip: bool,
    #[serde(default)]
    pub(super) rstrip: bool,
    #[serde(default)]
    pub(super) normalized: bool,
    #[serde(default)]
    pub(super) special: bool,
}

/// The model of a `tokenizer.json`: which fields there are depends on its kind.
#[derive(Debug, Deserialize)]
pub(super) struct ModelPart {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) vocab: Vocab,
    pub(super) merges: Option<Merges>,
    pub(super) unk_token: Option<String>,
    pub(super) unk_id: Option<usize>,
    pub(super) continuing_subword_prefix: Option<String>,
    pub(super) end_of_word_suffix: Option<String>,
    pub(super) fuse_unk: Option<bool>,
    pub(super) byte_fallback: Option<bool>,
    pub(super) ignore_merges: Option<bool>,
    pub(super) max_input_chars_per_word: Option<usize>,
}

/// Tokens with their ids, or in order with their scores.
#[derive(Debug)]
pub(super) enum Vocab {
    Ids(Vec<(String, u32)>),
    Scores(Vec<(String, f64)>),
}

impl<'de> Deserialize<'de> for Vocab {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Vocab;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tokens with their ids, or a list of tokens with their scores")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocab, A::Error> {
                let mut ids = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    ids.push(entry);
                }
                Ok(Vocab::Ids(ids))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vocab, A::Error> {
                let mut scores = Vec::new();
                while let Some(entry) = list.next_element()? {
                    scores.push(entry);
                }
                Ok(Vocab::Scores(scores))
            }
        }
        from.deserialize_any(Either)
    }
}

/// Pairs of pieces that are joined, the first before all others.
#[derive(Debug)]
pub(super) struct Merges(pub(super) Vec<(String, String)>);

impl<'de> Deserialize<'de> for Merges {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Merges;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of merges")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Merges, A::Error> {
                let mut merges = Vec::new();
                while let Some(Pair(pair)) = list.next_element()? {
                    merges.push(pair);
                }
                Ok(Merges(merges))
            }
        }
        from.deserialize_seq(Pairs)
    }
}

/// A merge as `"a b"` or `["a", "b"]`.
struct Pair((String, String));

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Pair;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("two pieces")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Pair, E> {
                split_merge(text).map(Pair).map_err(E::custom)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pair, A::Error> {
                let missing = || A::Error::custom("a merge of fewer than two pieces");
                let first = list.next_element()?.ok_or_else(missing)?;
                let second = list.next_element()?.ok_or_else(missing)?;
                match list.next_element::<String>()? {
                    None => Ok(Pair((first, second))),
                    Some(_) => Err(A::Error::custom("a merge of more than two pieces")),
                }
            }
        }
        from.deserialize_any(Either)
    }
}

/// A merge as it stands in a line: two pieces with a space between, which is not the first character.
///
/// # Errors
/// In words, without that space.
pub(super) fn split_merge(line: &str) -> Result<(String, String), String> {
    let first = line.chars().next().map_or(0, char::len_utf8);
    line[first..]
        .find(' ')
        .map(|at| (line[..first + at].into(), line[first + at + 1..].into()))
        .filter(|(_, second): &(String, String)| !second.is_empty())
        .ok_or_else(|| {
            format!(
                "the merge {} is not two pieces with a space between",
                crate::shown::shown(line)
            )
        })
}

/// Reads a `tokenizer.json`.
///
/// # Errors
/// In words.
pub(super) fn read(text: &[u8]) -> Result<File, String> {
    if text.len() > LONGEST {
        return Err(format!(
            "it has {} MB, at most {} MB are read",
            text.len() >> 20,
            LONGEST >> 20
        ));
    }
    crate::json::read_up_to(text, MOST)
}
