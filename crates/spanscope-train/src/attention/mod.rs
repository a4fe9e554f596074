//! Attention over the distances that each head can see, with gradients (arXiv 1905.07799, equations 1 to 5; persistent
//! vectors: arXiv 1907.01470, equations 7 to 9).
//!
//! On the processor it is one operation of the tensor library with a backward pass of its own ([`banded`]): every head
//! computes its own reach and nothing beyond, in both directions. On other devices the same is composed of tensor operations
//! ([`composed`]), all heads of a layer over the distances of the longest, and the library derives the gradients; the tests
//! hold one against the other.
//!
//! The published code divides by (sum + 1e-8) after a softmax over the distances that it keeps for the layer. Here that
//! softmax is over the head's own band: the difference is at most 1e-8 of what lies beyond.

mod banded;
mod composed;
mod rows;
#[cfg(test)]
mod tests;

use super::dropout::Dropout;
use super::numbers::is_ours;
use candle_core::{Result, Tensor};
use spanscope_core::model::soft_mask;

/// What is added to the sum that weights are divided by, as a share of the unmasked sum.
const EPSILON: f32 = 1e-8;

/// What a layer's heads attend with.
#[derive(Debug, Clone)]
pub(super) struct Heads {
    /// H.
    pub heads: usize,
    /// d: features per head.
    pub head_dim: usize,
    /// S: the longest distance that any head may look back.
    pub limit: usize,
    /// N: persistent vectors per head; 0 for none.
    pub vectors: usize,
    /// R, and z of each head in tokens; `None` for fixed spans, which all have length S.
    pub spans: Option<(usize, Vec<f32>)>,
}

/// The tensors that a layer's heads attend with.
#[derive(Debug, Clone)]
pub(super) struct Tensors<'a> {
    /// d × W: p by falling distance, from W to 1.
    pub positions: &'a Tensor,
    /// H × 1 × 1: z of each head as a share of S.
    pub span: Option<&'a Tensor>,
    /// H × d × N and H × N × d.
    pub persistent: Option<(&'a Tensor, &'a Tensor)>,
}

impl Heads {
    /// The distances that each head computes: those whose mask is above zero, and one more where the mask just reaches zero,
    /// so that a span of exactly zero can feel what it would gain by growing.
    pub fn bands(&self) -> Vec<usize> {
        match &self.spans {
            None => vec![self.limit; self.heads],
            Some((ramp, spans)) => spans
                .iter()
                .map(|z| (z.max(0.0) as usize + ramp + 1).min(self.limit))
                .collect(),
        }
    }

    /// The longest of [`Self::bands`].
    pub fn longest(&self) -> usize {
        self.bands().into_iter().max().unwrap_or(0)
    }

    /// The soft mask of every head, by falling distance.
    fn masks(&self) -> Vec<Vec<f32>> {
        let bands = self.bands();
        match &self.spans {
            None => bands.iter().map(|_| Vec::new()).collect(),
            Some((ramp, spans)) => bands
                .iter()
                .zip(spans)
                .map(|(band, z)| {
                    (1..=*band)
                        .rev()
                        .map(|d| soft_mask(*z, (*ramp).into(), d))
                        .collect()
                })
                .collect(),
        }
    }
}

/// Attention of all heads of a layer.
///
/// `q` is B × T × D; `kv` is B × (C + T) × 2D, keys beside values, of the C tokens before the block and those of the block.
/// C must be at least the longest band; what lies before the text's start is zeros. The result is B × T × D.
///
/// # Errors
/// When shapes do not fit, or the device fails.
pub(super) fn attend(
    heads: &Heads,
    q: &Tensor,
    kv: &Tensor,
    tensors: &Tensors<'_>,
    dropout: Dropout,
) -> Result<Tensor> {
    if is_ours(q) {
        banded::attend(heads, q, kv, tensors, dropout)
    } else {
        composed::attend(heads, q, kv, tensors, dropout)
    }
}
