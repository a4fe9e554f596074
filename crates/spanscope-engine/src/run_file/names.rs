//! The names of the tensors in a run file.

use spanscope_core::model::Architecture;

/// A tensor of text `j`.
pub(super) fn of_text(j: usize, what: &str) -> String {
    format!("text.{j}.{what}")
}

/// The queries of a layer: rows of D numbers, head after head.
pub(super) fn queries(j: usize, layer: usize) -> String {
    format!("text.{j}.layers.{layer}.queries")
}

/// The keys of a layer: rows of D numbers, head after head.
pub(super) fn keys(j: usize, layer: usize) -> String {
    format!("text.{j}.layers.{layer}.keys")
}

/// The weights of a layer, where they are stored as they are: rows of H × K numbers.
pub(super) fn weights(j: usize, layer: usize) -> String {
    format!("text.{j}.layers.{layer}.weights")
}

/// The positions of the keys that the largest weights fall on: rows of H × K.
pub(super) fn weight_keys(j: usize, layer: usize) -> String {
    format!("text.{j}.layers.{layer}.weight_keys")
}

/// Stored weights on learned sinks: rows of H.
pub(super) fn sink(j: usize, layer: usize) -> String {
    format!("text.{j}.layers.{layer}.sink")
}

/// The text's bytes.
pub(super) const BYTES: &str = "bytes";
/// Token ids.
pub(super) const IDS: &str = "ids";
/// The bytes of the text that each token stands for: where they begin and end.
pub(super) const RANGES: &str = "ranges";
/// −log p of every token but the first, in nats.
pub(super) const NLL: &str = "nll";
/// Entropy of what is expected after every token, in bits.
pub(super) const ENTROPY: &str = "entropy";
/// Place of the next token among all by falling probability, from 1; 0 after the last.
pub(super) const NEXT_RANK: &str = "next.rank";
/// log p of the next token, in nats; not a number after the last.
pub(super) const NEXT_LOG_P: &str = "next.log_p";
/// The likeliest tokens after every token.
pub(super) const CANDIDATE_IDS: &str = "candidates.ids";
/// Their log p, in nats.
pub(super) const CANDIDATE_LOG_P: &str = "candidates.log_p";
/// Mean shares of every head: on the text, on persistent vectors, on empty context.
pub(super) const SHARES: &str = "shares";
/// Per block of 64 keys, layer and head: the norm of the longest key before the block.
pub(super) const LONGEST_KEYS: &str = "longest_keys";

/// The bytes of all tokens of a tokenizer, one after the other.
pub(super) const PIECES: &str = "vocabulary.bytes";
/// Where those of each token end.
pub(super) const PIECE_ENDS: &str = "vocabulary.ends";
/// 1 for each token that stands for no text.
pub(super) const SPECIAL_PIECES: &str = "vocabulary.special";

/// Layer, head and vector of every persistent vector whose promoted tokens are there, in order.
pub(super) const VECTORS: &str = "promoted.vectors";
/// The tokens that each raises, then those that it lowers.
pub(super) const PROMOTED_IDS: &str = "promoted.ids";
/// By how much; 0 where there is none.
pub(super) const PROMOTED_CHANGES: &str = "promoted.changes";

/// Numbers in a row of a layer's queries, and of its keys.
pub(super) fn widths(architecture: &Architecture, layer: usize) -> (usize, usize) {
    architecture.layers.get(layer).map_or((0, 0), |layer| {
        let of = &layer.attention;
        (of.heads * of.head_dim, of.kv_heads * of.head_dim)
    })
}

/// True if a head's weights may depend on keys beyond its reach, so that [`LONGEST_KEYS`] are kept: where spans can be learned.
pub(super) fn has_longest_keys(architecture: &Architecture) -> bool {
    architecture.stored_ramp().is_some()
}

/// Numbers per head in [`SHARES`]: on tokens of the text, on persistent vectors, on empty context, and on learned sinks where the
/// network has any.
pub fn share_kinds(architecture: &Architecture) -> usize {
    3 + usize::from(architecture.has_sinks())
}
