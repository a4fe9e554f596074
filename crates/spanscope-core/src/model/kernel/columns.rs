//! Sums down the columns of a matrix.

use pulp::{Arch, Simd, WithSimd};

/// Rows that are added to the sums together: these are then read and written a quarter as often.
const ROWS: usize = 4;

/// Adds all rows of a matrix to `sums`, column by column and in double precision; a row is as long as `sums`. The order
/// follows from the number of rows alone.
pub(in crate::model) fn add_rows(sums: &mut [f64], rows: &[f32]) {
    if !sums.is_empty() {
        Arch::new().dispatch(AddRows(sums, rows));
    }
}

struct AddRows<'a>(&'a mut [f64], &'a [f32]);

impl WithSimd for AddRows<'_> {
    type Output = ();

    // Plain code, compiled for the instruction set at hand.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self(sums, rows) = self;
        let width = sums.len();
        let mut groups = rows.chunks_exact(ROWS * width);
        for group in &mut groups {
            let (a, rest) = group.split_at(width);
            let (b, rest) = rest.split_at(width);
            let (c, d) = rest.split_at(width);
            for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *sum += (f64::from(*a) + f64::from(*b)) + (f64::from(*c) + f64::from(*d));
            }
        }
        for row in groups.remainder().chunks_exact(width) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += f64::from(*value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_added_once() {
        for width in [0_usize, 1, 7, 64, 100] {
            for rows in [0_usize, 1, 3, 4, 5, 11] {
                let all: Vec<f32> = (0..width * rows).map(|i| (i % 97) as f32 * 0.125).collect();
                let mut sums = vec![1.0; width];
                add_rows(&mut sums, &all);
                for (column, sum) in sums.iter().enumerate() {
                    let of_column = (0..rows).map(|row| f64::from(all[row * width + column]));
                    assert_eq!(*sum, 1.0 + of_column.sum::<f64>(), "{width} {rows}");
                }
            }
        }
    }
}
