//! Norms of rows.

use super::architecture::NormKind;
use super::kernel::{norm_rows, rms_rows};
use super::weights::Norm;

impl Norm {
    /// Every row of `rows` ← its norm; a row is as long as the weights.
    pub fn apply(&self, rows: &mut [f32]) {
        match self.kind {
            NormKind::Layer => norm_rows(rows, &self.weight, &self.bias, self.eps),
            NormKind::Rms => rms_rows(rows, &self.weight, self.eps),
        }
    }
}

/// A norm held at the mean and the scale of one row: it is then an affine map, y = scale · w ∘ (x − mean(x)) + b. The mean is
/// that of each row by itself, 0 for the root of the mean square: it is a linear map as it stands.
pub(super) struct FrozenNorm<'a> {
    norm: &'a Norm,
    /// 1 / √(var + ε), or of the mean square.
    scale: f64,
}

impl<'a> FrozenNorm<'a> {
    /// Held at `row`.
    pub fn at(norm: &'a Norm, row: &[f32]) -> Self {
        let mean = match norm.kind {
            NormKind::Layer => mean(row.iter().copied().map(f64::from)),
            NormKind::Rms => 0.0,
        };
        let square = mean_square(row, mean);
        Self {
            norm,
            scale: 1.0 / (square + f64::from(norm.eps)).sqrt(),
        }
    }

    /// The norm of a row.
    pub fn apply(&self, row: &[f32]) -> Vec<f64> {
        let mean = match self.norm.kind {
            NormKind::Layer => mean(row.iter().copied().map(f64::from)),
            NormKind::Rms => 0.0,
        };
        let rows = row.iter().zip(&self.norm.weight).enumerate();
        let of = |(i, (x, w)): (usize, (&f32, &f32))| {
            (f64::from(*x) - mean) * self.scale * f64::from(*w) + self.shift(i)
        };
        rows.map(of).collect()
    }

    fn shift(&self, i: usize) -> f64 {
        self.norm.bias.get(i).copied().map_or(0.0, f64::from)
    }

    /// The direction `after` the norm as a direction before it, and what the norm's shift adds along it.
    pub fn back(&self, after: &[f64]) -> (Vec<f64>, f64) {
        let weights = after.iter().zip(&self.norm.weight);
        let mut before: Vec<f64> = weights
            .map(|(g, w)| g * f64::from(*w) * self.scale)
            .collect();
        if self.norm.kind == NormKind::Layer {
            let mean = mean(before.iter().copied());
            before.iter_mut().for_each(|g| *g -= mean);
        }
        let shifts = after.iter().enumerate().map(|(i, g)| g * self.shift(i));
        (before, shifts.sum())
    }
}

fn mean(row: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = row.len().max(1) as f64;
    row.sum::<f64>() / count
}

fn mean_square(row: &[f32], from: f64) -> f64 {
    mean(row.iter().map(|x| (f64::from(*x) - from).powi(2)))
}
