//! Norms of what heads write into the residual stream, W_O times what they read.
//!
//! ‖W r‖² = rᵀ (Wᵀ W) r, and Wᵀ W = L Lᵀ (Cholesky) with L only d × d: ‖W r‖ = ‖Lᵀ r‖ costs a small part of the product itself.

use super::kernel::Packed;
use pulp::Arch;
use rayon::prelude::*;

/// Lᵀ of the output projection of one head: row after row, each from the diagonal on.
#[derive(Debug, Clone, Default)]
pub(super) struct OutputFactor {
    rows: Vec<Vec<f32>>,
}

/// What is no more than this share of the largest of a matrix is rounding.
const NOTHING: f64 = 1e-13;

impl OutputFactor {
    /// Of every head of a layer whose output projection, D × H·d, is `out`.
    pub fn of_heads(out: &Packed, dim: usize) -> Vec<Self> {
        let width = out.inputs();
        let mut rows = Vec::with_capacity(out.outputs() * width);
        for output in 0..out.outputs() {
            rows.extend(out.row(output));
        }
        let heads = (0..width / dim.max(1)).into_par_iter();
        heads
            .map(|head| Self::of(&rows, width, head * dim, dim))
            .collect()
    }

    /// Of the `dim` columns from `first` on of rows of `width` numbers.
    fn of(rows: &[f32], width: usize, first: usize, dim: usize) -> Self {
        // Wᵀ W, of which the lower half is used.
        let mut products = vec![0.0_f64; dim * dim];
        for row in rows.chunks_exact(width) {
            let row = &row[first..first + dim];
            for (i, x) in row.iter().enumerate() {
                let x = f64::from(*x);
                let of = &mut products[i * dim..i * dim + i + 1];
                of.iter_mut()
                    .zip(row)
                    .for_each(|(sum, y)| *sum += x * f64::from(*y));
            }
        }
        let most = (0..dim).map(|i| products[i * dim + i]).fold(0.0, f64::max);
        // L in its place, column by column.
        for j in 0..dim {
            for i in j..dim {
                let before: f64 = (0..j)
                    .map(|k| products[i * dim + k] * products[j * dim + k])
                    .sum();
                let rest = products[i * dim + j] - before;
                products[i * dim + j] = match i == j {
                    true if rest > NOTHING * most => rest.sqrt(),
                    true => 0.0,
                    false if products[j * dim + j] > 0.0 => rest / products[j * dim + j],
                    false => 0.0,
                };
            }
        }
        let row = |j: usize| (j..dim).map(|i| products[i * dim + j] as f32).collect();
        Self {
            rows: (0..dim).map(row).collect(),
        }
    }

    /// ‖W r‖.
    pub fn norm(&self, read: &[f32]) -> f32 {
        Arch::new().dispatch(|| self.norm_of(read))
    }

    #[inline(always)]
    fn norm_of(&self, read: &[f32]) -> f32 {
        let parts = self.rows.iter().enumerate().map(|(j, row)| {
            let part = f64::from(dot(row, &read[j..j + row.len()]));
            part * part
        });
        parts.sum::<f64>().sqrt() as f32
    }
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (mut a, mut b) = (a.chunks_exact(8), b.chunks_exact(8));
    for (a, b) in (&mut a).zip(&mut b) {
        for i in 0..8 {
            lanes[i] += a[i] * b[i];
        }
    }
    let rest: f32 = a
        .remainder()
        .iter()
        .zip(b.remainder())
        .map(|(a, b)| a * b)
        .sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_norm_is_that_of_the_product() {
        let (outputs, heads, dim) = (40, 3, 12);
        let width = heads * dim;
        let number = |i: usize| ((i * 7919 + 13) % 1009) as f32 / 504.5 - 1.0;
        let mut weights: Vec<f32> = (0..outputs * width).map(number).collect();
        // The last head writes in fewer directions than it has features.
        for row in weights.chunks_exact_mut(width) {
            row[width - 1] = row[width - 2];
            row[width - 3] = 0.0;
        }
        let factors = OutputFactor::of_heads(&Packed::of_rows(&weights, outputs, width), dim);
        for (head, factor) in factors.iter().enumerate() {
            for seed in 0..20 {
                let read: Vec<f32> = (0..dim).map(|i| number(i * 31 + seed * 977)).collect();
                let exact = weights.chunks_exact(width).map(|row| {
                    let row = row[head * dim..][..dim].iter().zip(&read);
                    row.map(|(w, r)| f64::from(*w) * f64::from(*r))
                        .sum::<f64>()
                        .powi(2)
                });
                let exact = exact.sum::<f64>().sqrt();
                let found = f64::from(factor.norm(&read));
                assert!(
                    (found - exact).abs() < 1e-5 * (1.0 + exact),
                    "{found} {exact}"
                );
            }
        }
        assert_eq!(factors[0].norm(&vec![0.0; dim]), 0.0);
    }
}
