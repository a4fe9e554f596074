//! Vocabularies, tokenising and reading text files.
//!
//! Checkpoints do not store their vocabulary: token ids follow from the training text, by order of
//! first appearance (or by falling count). This module rebuilds that order from whatever the user
//! has – the prepared `train.txt`, the raw corpus (plain, `.zip` or `.gz`) or a vocabulary saved as
//! JSON or in lines – and turns text into ids and back without ever losing the place of a token in the text.

mod archive;
mod bytes;
mod control;
mod corpus;
mod coverage;
mod documents;
mod encode;
mod error;
mod gz;
mod ids;
mod json;
mod kind;
mod lines;
mod listed;
mod pieces;
mod raw;
mod read;
mod show;
mod source;
#[cfg(feature = "tokenizers")]
pub mod tokenizer;
mod vocabulary;
mod words;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_any;
#[cfg(test)]
mod tests_files;
#[cfg(test)]
mod tests_lists;

pub use bytes::each_char;
pub use bytes::{character_at, stand_in, stood_for, to_bytes, to_text};
pub use control::{Control, ControlError, MOST_REPEATED};
pub use coverage::{Coverage, Gathered};
pub use documents::{
    Document, document_at, document_named, documents, is_documents, packed_documents, read_document,
};
pub use encode::Piece;
pub use error::TextError;
pub use ids::{read_ids, read_ids_seen};
pub use json::vocabulary_json;
pub use listed::ListedPieces;
pub use pieces::{Pieces, SpecialTokens};
pub use read::{read_accepted, read_bytes, read_start, read_start_accepted, read_text};
pub use show::{byte_label, escaped, visible};
pub use source::Accept;
pub use vocabulary::{Unit, Vocabulary};
