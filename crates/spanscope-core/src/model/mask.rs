//! The soft mask that lets a head learn how far it looks (arXiv 1905.07799, equation 3).

/// m(δ) = clamp((z + R + 1 − δ) / R, 0, 1): the share of a context weight that is kept at `distance` δ ≥ 1.
pub fn soft_mask(span: f32, ramp: usize, distance: usize) -> f32 {
    let ramp = ramp as f32;
    ((span + ramp + 1.0 - distance as f32) / ramp).clamp(0.0, 1.0)
}

/// The number of distances with a mask above zero: min(S, ⌈z⌉ + R).
pub fn reach(span: f32, ramp: usize, attn_span: usize) -> usize {
    (span.max(0.0).ceil() as usize)
        .saturating_add(ramp)
        .min(attn_span)
}

/// The soft mask of the farthest distances, `reach` first, as far as it is below 1.
pub(super) fn ramp(span: f32, ramp: usize, reach: usize) -> Vec<f32> {
    (1..=reach)
        .rev()
        .map(|distance| soft_mask(span, ramp, distance))
        .take_while(|mask| *mask < 1.0)
        .collect()
}

/// The number of distances that the published code computes in a layer whose longest reach is `reach`: it lets go of
/// the farthest of S in blocks of 64.
pub(super) fn kept(reach: usize, attn_span: usize) -> usize {
    attn_span - attn_span.saturating_sub(reach) / 64 * 64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whole_blocks_beyond_the_longest_reach_are_let_go() {
        assert_eq!(kept(41, 512), 64);
        assert_eq!(kept(65, 512), 128);
        assert_eq!(kept(36, 96), 96);
        assert_eq!(kept(512, 512), 512);
        assert_eq!(kept(32, 40), 40);
    }

    proptest! {
        #[test]
        fn reach_counts_the_distances_that_the_mask_lets_through(z in 0.0_f32..600.0, ramp in 1_usize..64) {
            let counted = (1..=512).filter(|&d| soft_mask(z, ramp, d) > 0.0).count();
            prop_assert_eq!(counted, reach(z, ramp, 512));
        }

        #[test]
        fn the_mask_falls_with_distance_from_one(z in 0.0_f32..600.0, ramp in 1_usize..64) {
            prop_assert_eq!(soft_mask(z, ramp, 1), 1.0);
            for d in 1..700 {
                prop_assert!(soft_mask(z, ramp, d) >= soft_mask(z, ramp, d + 1));
            }
        }
    }
}
