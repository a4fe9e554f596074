//! The operations on the weights of one query, forward and back. Compiled for several instruction sets.

use super::EPSILON;
use crate::dropout::{Dropout, DroppedRow};
use crate::numbers::sum_of;
use pulp::Arch;

/// Σ mask · terms.
pub(super) fn masked_sum(mask: &[f32], terms: &[f32]) -> f32 {
    Arch::new().dispatch(
        #[inline(always)]
        || sum_of(mask, terms, |a, b| a * b),
    )
}

/// Which numbers of a row are dropped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dropped {
    row: Option<DroppedRow>,
    upscale: f32,
}

impl Dropped {
    pub fn new(dropout: Dropout, row: u64) -> Self {
        Self {
            row: dropout.drops().then(|| dropout.row(row)),
            upscale: dropout.upscale(),
        }
    }
}

/// terms ← terms · `factor`, with the sign set where dropped; `used` ← what is used of them: masked, dropped, upscaled.
/// An empty mask is 1 everywhere. `first` is the column of the first term, for dropout.
pub(super) fn weigh(
    terms: &mut [f32],
    used: &mut [f32],
    mask: &[f32],
    factor: f32,
    dropped: Dropped,
    first: u32,
) {
    Arch::new().dispatch(
        #[inline(always)]
        || match (dropped.row, mask.is_empty()) {
            (None, true) => each(
                terms,
                used,
                |weight, _| (false, weight * factor),
                |weight, _| weight,
            ),
            (None, false) => each(
                terms,
                used,
                |weight, _| (false, weight * factor),
                |weight, i| weight * mask[i],
            ),
            (Some(row), true) => each(
                terms,
                used,
                |weight, i| (row.drops(first + i as u32), weight * factor),
                |weight, _| weight * dropped.upscale,
            ),
            (Some(row), false) => each(
                terms,
                used,
                |weight, i| (row.drops(first + i as u32), weight * factor),
                |weight, i| weight * mask[i] * dropped.upscale,
            ),
        },
    );
}

/// For every term: whether it is dropped and what it is, and what it is used with.
#[inline(always)]
fn each(
    terms: &mut [f32],
    used: &mut [f32],
    weight: impl Fn(f32, usize) -> (bool, f32),
    with: impl Fn(f32, usize) -> f32,
) {
    for (i, (term, used)) in terms.iter_mut().zip(used).enumerate() {
        let (drops, weight) = weight(*term, i);
        *term = f32::from_bits(weight.to_bits() | (u32::from(drops) << 31));
        *used = if drops { 0.0 } else { with(weight, i) };
    }
}

/// The same weights again, from what [`weigh`] left: `used` ← masked, dropped, upscaled; `gradient`, of what was used,
/// ← that of the masked weights; returns Σ masked weight · gradient.
pub(super) fn back_to_weights(
    terms: &[f32],
    used: &mut [f32],
    gradient: &mut [f32],
    mask: &[f32],
    upscale: f32,
) -> f32 {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let n = terms.len();
            let (used, gradient) = (&mut used[..n], &mut gradient[..n]);
            if mask.is_empty() {
                for i in 0..n {
                    let kept = if terms[i].is_sign_negative() {
                        0.0
                    } else {
                        upscale
                    };
                    used[i] = terms[i].abs() * kept;
                    gradient[i] *= kept;
                }
                // Dropped weights have no gradient: what is left is Σ used · gradient / upscale.
                return sum_of(used, gradient, |a, b| a * b) / upscale;
            }
            let mask = &mask[..n];
            for i in 0..n {
                let kept = if terms[i].is_sign_negative() {
                    0.0
                } else {
                    upscale
                };
                used[i] = terms[i].abs() * mask[i] * kept;
                gradient[i] *= kept;
            }
            sum_of(used, gradient, |a, b| a * b) / upscale
        },
    )
}

/// `gradient`, of the masked weights, ← that of the scores; `mean` is Σ weight · gradient over all weights of the query,
/// `epsilon` what stands beside the sum.
pub(super) fn back_to_scores(
    terms: &[f32],
    gradient: &mut [f32],
    mask: &[f32],
    mean: f32,
    adaptive: bool,
    scale: f32,
) {
    let beside = if adaptive { EPSILON * mean } else { 0.0 };
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let n = terms.len();
            let gradient = &mut gradient[..n];
            if mask.is_empty() {
                for i in 0..n {
                    gradient[i] = terms[i].abs() * (gradient[i] - mean - beside) * scale;
                }
            } else {
                let mask = &mask[..n];
                for i in 0..n {
                    gradient[i] =
                        terms[i].abs() * (mask[i] * (gradient[i] - mean) - beside) * scale;
                }
            }
        },
    );
}

/// Σ over the ramp of ∂loss/∂mask: `terms` and `gradient` (of the masked weights) of the ramp's distances.
pub(super) fn back_to_mask(terms: &[f32], gradient: &[f32], mean: f32) -> f32 {
    let both = terms.iter().zip(gradient);
    both.map(|(term, gradient)| term.abs() * (gradient - mean))
        .sum()
}
