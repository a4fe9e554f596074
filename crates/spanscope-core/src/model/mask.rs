//! The soft mask that lets a head learn how far it looks (arXiv 1905.07799, equation 3).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// R: the length of a soft mask's ramp, in tokens. A whole number in the authors' first code, any positive one in their second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ramp(u32);

impl Ramp {
    /// Of so many tokens.
    pub const fn of(tokens: f32) -> Self {
        Self(tokens.to_bits())
    }

    /// Its length in tokens.
    pub const fn tokens(self) -> f32 {
        f32::from_bits(self.0)
    }

    /// Its length in whole tokens, rounded up.
    pub fn ceil(self) -> usize {
        self.tokens().ceil() as usize
    }

    /// True if there is such a ramp, no longer than `most` tokens.
    pub fn is_length(self, most: usize) -> bool {
        self.tokens() > 0.0 && self.tokens() <= most as f32
    }
}

impl From<usize> for Ramp {
    fn from(tokens: usize) -> Self {
        Self::of(tokens as f32)
    }
}

impl fmt::Display for Ramp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = self.tokens();
        match tokens.fract() == 0.0 && (0.0..1e18).contains(&tokens) {
            // All its digits.
            true => (tokens as u64).fmt(f),
            false => tokens.fmt(f),
        }
    }
}

impl FromStr for Ramp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let tokens = text.parse().ok().filter(|tokens: &f32| tokens.is_finite());
        let ramp = tokens
            .map(Self::of)
            .filter(|ramp| ramp.is_length(usize::MAX));
        ramp.ok_or_else(|| "expected a number of tokens above 0".into())
    }
}

impl Serialize for Ramp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let tokens = self.tokens();
        match tokens.fract() == 0.0 && (0.0..1e15).contains(&tokens) {
            true => to.serialize_u64(tokens as u64),
            false => to.serialize_f64(f64::from(tokens)),
        }
    }
}

impl<'de> Deserialize<'de> for Ramp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        f64::deserialize(from).map(|tokens| Self::of(tokens as f32))
    }
}

/// m(δ) = clamp((z + R + 1 − δ) / R, 0, 1): the share of a context weight that is kept at `distance` δ ≥ 1.
pub fn soft_mask(span: f32, ramp: Ramp, distance: usize) -> f32 {
    let ramp = ramp.tokens();
    ((span + ramp + 1.0 - distance as f32) / ramp).clamp(0.0, 1.0)
}

/// The number of distances with a mask above zero: min(S, ⌈z + R⌉).
pub fn reach(span: f32, ramp: Ramp, attn_span: usize) -> usize {
    let (span, ramp) = (span.max(0.0), ramp.tokens());
    // Whole ramps are added to whole tokens: what rounding the sum would add is not there.
    let reach = match ramp.fract() == 0.0 {
        true => (span.ceil() as usize).saturating_add(ramp as usize),
        false => (f64::from(span) + f64::from(ramp)).ceil() as usize,
    };
    reach.min(attn_span)
}

/// The soft mask of the farthest distances, `reach` first, as far as it is below 1.
pub(super) fn ramp(span: f32, ramp: Ramp, reach: usize) -> Vec<f32> {
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

    #[test]
    fn ramps_are_written_as_they_are() {
        for (text, json) in [("16", "16"), ("12.5", "12.5"), ("0.5", "0.5")] {
            let ramp: Ramp = text.parse().unwrap();
            assert_eq!(ramp.to_string(), text);
            assert_eq!(serde_json::to_string(&ramp).unwrap(), json);
            assert_eq!(serde_json::from_str::<Ramp>(json).unwrap(), ramp);
        }
        for wrong in ["0", "-1", "x", "inf", "NaN", ""] {
            assert!(wrong.parse::<Ramp>().is_err(), "{wrong}");
        }
        assert_eq!(reach(10.25, Ramp::of(4.5), 100), 15);
        assert_eq!(reach(10.0, Ramp::of(4.5), 100), 15);
        assert_eq!(reach(10.25, Ramp::of(4.0), 100), 15);
        assert_eq!(reach(98.0, Ramp::of(4.5), 100), 100);
    }

    proptest! {
        #[test]
        fn reach_counts_the_distances_that_the_mask_lets_through(z in 0.0_f32..600.0, ramp in 1_usize..64) {
            let ramp = Ramp::from(ramp);
            let counted = (1..=512).filter(|&d| soft_mask(z, ramp, d) > 0.0).count();
            prop_assert_eq!(counted, reach(z, ramp, 512));
        }

        #[test]
        fn the_mask_falls_with_distance_from_one(z in 0.0_f32..600.0, ramp in 0.5_f32..64.0) {
            let ramp = Ramp::of(ramp);
            prop_assert_eq!(soft_mask(z, ramp, 1), 1.0);
            for d in 1..700 {
                prop_assert!(soft_mask(z, ramp, d) >= soft_mask(z, ramp, d + 1));
            }
        }
    }
}
