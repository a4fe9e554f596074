//! Rotary positions: pairs of features of queries and keys, turned by angles that grow with the position.

use super::architecture::{LongerScaling, Rope};

/// The angles of consecutive positions, as cosines and sines.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Pairs per position.
    pairs: usize,
    /// Position by position, pair by pair: cosine and sine, each times the magnitude.
    turns: Vec<(f32, f32)>,
}

impl Turns {
    /// Of the positions `first..first + count` of a text of `length` tokens.
    pub fn new(rope: &Rope, first: usize, count: usize, length: usize) -> Self {
        let frequencies = rope.frequencies_of(length);
        let turns = (first..first + count).flat_map(|position| {
            frequencies.iter().map(move |frequency| {
                // In 64 bits: an angle of many turns has no digits left for the rest in 32.
                let (sin, cos) = (position as f64 * frequency).sin_cos();
                ((cos * rope.magnitude) as f32, (sin * rope.magnitude) as f32)
            })
        });
        Self {
            pairs: frequencies.len(),
            turns: turns.collect(),
        }
    }

    /// The turn by so many positions, without the magnitude.
    pub fn by(rope: &Rope, positions: usize, length: usize) -> Self {
        let frequencies = rope.frequencies_of(length);
        let turns = frequencies.iter().map(|frequency| {
            let (sin, cos) = (positions as f64 * frequency).sin_cos();
            (cos as f32, sin as f32)
        });
        let turns: Vec<(f32, f32)> = turns.collect();
        Self {
            pairs: turns.len(),
            turns,
        }
    }

    /// Turns one head's query or key of the `i`-th of the positions: the features u of the first half of those that turn and v of
    /// the second become u·cos − v·sin and v·cos + u·sin.
    pub fn apply(&self, i: usize, features: &mut [f32]) {
        let turns = &self.turns[i * self.pairs..(i + 1) * self.pairs];
        let (first, second) = features[..2 * self.pairs].split_at_mut(self.pairs);
        for ((u, v), (cos, sin)) in first.iter_mut().zip(second).zip(turns) {
            (*u, *v) = (*u * cos - *v * sin, *v * cos + *u * sin);
        }
    }
}

impl Rope {
    /// ω of every pair for a text of `length` tokens.
    fn frequencies_of(&self, length: usize) -> std::borrow::Cow<'_, [f64]> {
        match &self.longer {
            Some(longer) if length > longer.until => match &longer.scaling {
                LongerScaling::Frequencies(list) => list.into(),
                LongerScaling::Dynamic {
                    base,
                    factor,
                    features,
                } => {
                    let turning = *features as f64;
                    let grown = factor * length as f64 / longer.until as f64 - (factor - 1.0);
                    let base = base * grown.powf(turning / (turning - 2.0));
                    frequencies(base, *features).into()
                }
            },
            _ => self.frequencies.as_slice().into(),
        }
    }

    /// The length of a text that its angles depend on: those of texts with the same number are the same.
    pub(super) fn regime(&self, length: usize) -> usize {
        match &self.longer {
            Some(longer) if length > longer.until => match longer.scaling {
                LongerScaling::Frequencies(_) => 1,
                LongerScaling::Dynamic { .. } => length,
            },
            _ => 0,
        }
    }
}

/// ω_i = θ^(−2i / n) of the n features that turn. Where n is odd, the last pair takes one more along, as the published code does.
pub(super) fn frequencies(base: f64, features: usize) -> Vec<f64> {
    let exponent = |i: usize| -(2.0 * i as f64) / features as f64;
    let pairs = features.div_ceil(2);
    (0..pairs).map(|i| base.powf(exponent(i))).collect()
}
