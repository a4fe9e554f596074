//! Dropout whose choices follow from a seed and a place alone: nothing has to be remembered to make them again.

use spanscope_core::mixer;

/// The dropout in one place of the network at one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dropout {
    /// The share that is dropped, in [0, 1).
    rate: f32,
    key: u64,
}

impl Dropout {
    /// Drops nothing.
    pub const NONE: Self = Self { rate: 0.0, key: 0 };

    /// Of one run (`seed`), step, and place in the network.
    pub fn new(rate: f32, seed: u64, step: u64, place: u64) -> Self {
        Self {
            rate,
            key: mix(mix(mix(seed) ^ step) ^ place),
        }
    }

    /// True if anything is dropped at all.
    pub fn drops(self) -> bool {
        self.rate > 0.0
    }

    /// The factor on what is kept, so that the mean stays.
    pub fn upscale(self) -> f32 {
        1.0 / (1.0 - self.rate)
    }

    /// The choices of row `row`.
    pub fn row(self, row: u64) -> DroppedRow {
        DroppedRow {
            below: (f64::from(self.rate) * 4_294_967_296.0) as u32,
            key: mix(self.key ^ row) as u32,
        }
    }

    /// `rows` × `width` factors: 0, or the upscale.
    pub fn factors(self, rows: usize, width: usize) -> Vec<f32> {
        let factor = |dropped: bool| if dropped { 0.0 } else { self.upscale() };
        let rows = (0..rows as u64).map(|row| self.row(row));
        rows.flat_map(|row| (0..width as u32).map(move |column| factor(row.drops(column))))
            .collect()
    }
}

/// The choices of one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct DroppedRow {
    below: u32,
    key: u32,
}

impl DroppedRow {
    /// True if the number in `column` is dropped.
    #[inline(always)]
    pub fn drops(self, column: u32) -> bool {
        // A good 32-bit mixer, which compilers turn into vector code.
        let mut x = self.key ^ column.wrapping_mul(0x9e37_79b9);
        x = (x ^ (x >> 16)).wrapping_mul(0x21f0_aaad);
        x = (x ^ (x >> 15)).wrapping_mul(0x735a_2d97);
        (x ^ (x >> 15)) < self.below
    }
}

/// The number that follows a state.
pub(super) fn mix(state: u64) -> u64 {
    mixer::mix(state.wrapping_add(mixer::STEP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_dropped_as_asked_for_and_others_elsewhere() {
        for rate in [0.1, 0.5, 0.9] {
            let dropout = Dropout::new(rate, 1, 2, 3);
            let factors = dropout.factors(300, 300);
            let kept = factors.iter().filter(|f| **f > 0.0).count() as f32 / 90_000.0;
            assert!((kept - (1.0 - rate)).abs() < 0.01, "{rate}: {kept}");
            let mean = factors.iter().sum::<f32>() / 90_000.0;
            assert!((mean - 1.0).abs() < 0.05, "{rate}: {mean}");
            assert_eq!(factors, dropout.factors(300, 300));
            for other in [(2, 2, 3), (1, 3, 3), (1, 2, 4)] {
                let others = Dropout::new(rate, other.0, other.1, other.2).factors(300, 300);
                let same = factors.iter().zip(&others).filter(|(a, b)| a == b).count();
                let expected = f64::from(rate * rate + (1.0 - rate) * (1.0 - rate));
                let share = same as f64 / 90_000.0;
                assert!((share - expected).abs() < 0.02, "{share} {expected}");
            }
        }
        assert!(!Dropout::NONE.drops() && Dropout::NONE.upscale() == 1.0);
    }
}
