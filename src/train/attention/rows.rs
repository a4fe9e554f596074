//! What is done with the weights of one query, forward and back. Compiled for several instruction sets.

use super::EPSILON;
use crate::train::dropout::{Dropout, DroppedRow};
use pulp::Arch;

/// The number of partial sums: as many as the widest vector has lanes.
const LANES: usize = 16;

/// Σ a · b, in an order that follows from the length alone.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (a_groups, b_groups) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a_groups.remainder().iter().zip(b_groups.remainder());
    let rest: f32 = rest.map(|(a, b)| a * b).sum();
    for (a, b) in a_groups.zip(b_groups) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// Σ mask · terms.
pub(super) fn masked_sum(mask: &[f32], terms: &[f32]) -> f32 {
    Arch::new().dispatch(|| dot(mask, terms))
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
    let masked = terms.len().min(mask.len());
    let (near_mask, none) = (&mask[..masked], &[] as &[f32]);
    Arch::new().dispatch(
        #[inline(always)]
        || match (dropped.row, masked > 0) {
            (None, true) => {
                for ((term, used), mask) in terms.iter_mut().zip(used).zip(near_mask) {
                    *term *= factor;
                    *used = *term * mask;
                }
            }
            (None, false) => {
                let _ = none;
                for (term, used) in terms.iter_mut().zip(used) {
                    *term *= factor;
                    *used = *term;
                }
            }
            (Some(row), true) => {
                let columns = first..;
                for (((term, used), mask), column) in
                    terms.iter_mut().zip(used).zip(near_mask).zip(columns)
                {
                    let drops = row.drops(column);
                    let weight = *term * factor;
                    *term = f32::from_bits(weight.to_bits() | (u32::from(drops) << 31));
                    *used = if drops {
                        0.0
                    } else {
                        weight * mask * dropped.upscale
                    };
                }
            }
            (Some(row), false) => {
                for ((term, used), column) in terms.iter_mut().zip(used).zip(first..) {
                    let drops = row.drops(column);
                    let weight = *term * factor;
                    *term = f32::from_bits(weight.to_bits() | (u32::from(drops) << 31));
                    *used = if drops { 0.0 } else { weight * dropped.upscale };
                }
            }
        },
    );
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
                return dot(used, gradient) / upscale;
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
            dot(used, gradient) / upscale
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
