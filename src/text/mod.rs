//! Vocabularies, tokenising and reading text files.
//!
//! Checkpoints do not store their vocabulary: token ids follow from the training text, by order of
//! first appearance (or by falling count). This module rebuilds that order from whatever the user
//! has – the prepared `train.txt`, the raw corpus (plain, `.zip` or `.gz`) or a vocabulary saved as
//! JSON – and turns text into ids and back without ever losing the place of a token in the text.

mod archive;
mod bytes;
mod corpus;
mod encode;
mod error;
mod json;
mod raw;
mod read;
mod show;
mod vocabulary;
mod words;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_any;
#[cfg(test)]
mod tests_files;

pub(crate) use bytes::each_char;
pub use bytes::{character_at, stand_in, stood_for, to_bytes, to_text};
pub use encode::Piece;
pub use error::TextError;
pub use json::vocabulary_json;
pub use read::{ids_from_json, read_bytes, read_ids, read_start, read_text};
pub use show::{byte_label, visible};
pub use vocabulary::{Unit, Vocabulary};
