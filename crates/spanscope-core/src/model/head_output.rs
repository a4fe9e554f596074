//! Norms of what heads write into the residual stream, W_O times what they read.
//!
//! ‖W r‖² = rᵀ (Wᵀ W) r, and Wᵀ W = L Lᵀ (Cholesky) with L only d × d: ‖W r‖ = ‖Lᵀ r‖ costs a small part of the product itself.

use super::kernel::Packed;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Products that are added up side by side.
const LANES: usize = 16;

/// Rows whose norms are taken side by side.
const ROWS: usize = 4;

/// L of the output projection of one head.
#[derive(Debug, Clone, Default)]
pub(super) struct OutputFactor {
    /// d.
    dim: usize,
    /// For each 16 columns of L, its rows from the diagonal on: d, d − 16, … of them. Beyond the last column are zeros.
    columns: Vec<[f32; LANES]>,
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
        let at = |i: usize, j: usize| match j <= i {
            true => products[i * dim + j] as f32,
            false => 0.0,
        };
        let lanes = (0..dim).step_by(LANES);
        let columns =
            lanes.flat_map(|j| (j..dim).map(move |i| std::array::from_fn(|lane| at(i, j + lane))));
        Self {
            dim,
            columns: columns.collect(),
        }
    }

    /// ‖W r‖.
    pub fn norm(&self, read: &[f32]) -> f32 {
        let [norm] = Arch::new().dispatch(Norms(self, [read]));
        norm
    }

    /// ‖W r‖ of each row: the same as that of the row alone.
    pub fn norms<'a>(&self, mut rows: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
        let mut norms = Vec::with_capacity(rows.size_hint().0);
        let arch = Arch::new();
        loop {
            let mut some = [[].as_slice(); ROWS];
            let count = some
                .iter_mut()
                .zip(&mut rows)
                .map(|(to, row)| *to = row)
                .count();
            if count == ROWS {
                norms.extend(arch.dispatch(Norms(self, some)));
            } else {
                norms.extend(some.iter().take(count).map(|row| self.norm(row)));
                return norms;
            }
        }
    }

    #[inline(always)]
    fn norms_of<const N: usize>(&self, rows: [&[f32]; N]) -> [f32; N] {
        let mut squares = [0.0_f64; N];
        let mut columns = self.columns.as_slice();
        for j in (0..self.dim).step_by(LANES) {
            let (these, more) = columns.split_at((self.dim - j).min(columns.len()));
            columns = more;
            // As long as the columns, so that no place has to be looked for.
            let reads = rows.map(|row| &row[j..][..these.len()]);
            let mut sums = [[0.0_f32; LANES]; N];
            for (i, factors) in these.iter().enumerate() {
                for n in 0..N {
                    let read = reads[n][i];
                    for lane in 0..LANES {
                        sums[n][lane] += factors[lane] * read;
                    }
                }
            }
            for (square, sums) in squares.iter_mut().zip(sums) {
                let terms = sums.iter().map(|sum| f64::from(*sum) * f64::from(*sum));
                *square += terms.sum::<f64>();
            }
        }
        squares.map(|square| square.sqrt() as f32)
    }
}

/// The norms of some rows.
struct Norms<'a, const N: usize>(&'a OutputFactor, [&'a [f32]; N]);

impl<const N: usize> WithSimd for Norms<'_, N> {
    type Output = [f32; N];

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> [f32; N] {
        self.0.norms_of(self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_norm_is_that_of_the_product() {
        for dim in [12, 16, 35] {
            norms_are_those_of_products(40, 3, dim);
        }
    }

    fn norms_are_those_of_products(outputs: usize, heads: usize, dim: usize) {
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
            let reads: Vec<f32> = (0..6 * dim).map(number).collect();
            let alone = reads.chunks_exact(dim).map(|row| factor.norm(row));
            let alone: Vec<f32> = alone.collect();
            assert_eq!(factor.norms(reads.chunks_exact(dim)), alone);
        }
        assert_eq!(factors[0].norm(&vec![0.0; dim]), 0.0);
    }
}
