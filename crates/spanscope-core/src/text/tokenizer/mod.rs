//! Tokenizers of other programs: a `tokenizer.json`, the vocabulary of a GGUF file, `vocab.json` with `merges.txt`, a
//! `tokenizer.model` of SentencePiece.
//!
//! A [`Tokenizer`] cuts a text into tokens every one of which knows its exact bytes of the text, and says from which place on a
//! text must be cut anew after an edit ([`Tokenizer::safe_cut`]). The models that make tokens are those of the `tokenizers` crate,
//! but for SentencePiece's; what leads to them – added tokens, normalizers, pre-tokenizers – is done here, within bounds, because
//! files are anybody's.
//!
//! Bytes that are no UTF-8 are tokens of their own where the vocabulary has tokens for bytes (byte-level or with byte fallback), and
//! the unknown token elsewhere, one for each byte; without one they belong to no token.

mod added;
mod bytes;
mod class;
mod cuts;
mod encode;
mod error;
mod gguf;
mod gguf_names;
mod json;
mod merge;
mod model;
mod normal;
mod open;
mod parts;
mod pattern;
mod placed;
mod prefix;
mod sentencepiece;
mod show;
mod stages;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_cuts;
#[cfg(test)]
mod tests_hostile;

pub use super::pieces::SpecialTokens;
pub use encode::Piece;
pub use error::TokenizerError;
pub use gguf::GgufVocabulary;
pub use parts::Tokenizer;
