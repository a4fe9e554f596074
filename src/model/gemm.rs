//! Matrix products on slices, with row strides: the one place that calls the `gemm` crate.

use gemm::{Parallelism, gemm};

/// A matrix within a slice: `rows` × `cols`, consecutive rows `stride` elements apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub data: &'a [f32],
    pub rows: usize,
    pub cols: usize,
    pub stride: usize,
}

impl<'a> Matrix<'a> {
    pub fn new(data: &'a [f32], rows: usize, cols: usize, stride: usize) -> Self {
        Self {
            data,
            rows,
            cols,
            stride,
        }
    }

    fn fits(&self) -> bool {
        let used = if self.rows == 0 || self.cols == 0 {
            0
        } else {
            (self.rows - 1) * self.stride + self.cols
        };
        self.stride >= self.cols && used <= self.data.len()
    }
}

/// out (a.rows × b.rows, row-major) = a · bᵀ.
pub(super) fn times_transposed(a: Matrix<'_>, b: Matrix<'_>, out: &mut [f32]) {
    // The right operand is k × n: its columns are b's rows.
    product(a, b, b.rows, 1, b.stride as isize, b.cols, false, out);
}

/// out (a.rows × b.cols, row-major) += a · b.
pub(super) fn add_times(a: Matrix<'_>, b: Matrix<'_>, out: &mut [f32]) {
    product(a, b, b.cols, b.stride as isize, 1, b.rows, true, out);
}

#[allow(clippy::too_many_arguments)]
fn product(
    a: Matrix<'_>,
    b: Matrix<'_>,
    n: usize,
    row_stride: isize,
    col_stride: isize,
    k: usize,
    add: bool,
    out: &mut [f32],
) {
    assert!(
        a.fits() && b.fits() && a.cols == k && out.len() >= a.rows * n,
        "matrix product out of bounds"
    );
    if a.rows == 0 || n == 0 {
        return;
    }
    // SAFETY: the assertion above bounds every element that the product reads or writes; `out` aliases neither
    // operand, being borrowed mutably.
    #[allow(unsafe_code)]
    unsafe {
        gemm(
            a.rows,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            add,
            a.data.as_ptr(),
            1,
            a.stride as isize,
            b.data.as_ptr(),
            col_stride,
            row_stride,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_match_the_definition() {
        let a = [1., 2., 9., 3., 4., 9.];
        let b = [5., 6., 7., 8.];
        let mut out = [0.; 4];
        times_transposed(Matrix::new(&a, 2, 2, 3), Matrix::new(&b, 2, 2, 2), &mut out);
        assert_eq!(out, [17., 23., 39., 53.]);
        add_times(Matrix::new(&a, 2, 2, 3), Matrix::new(&b, 2, 2, 2), &mut out);
        assert_eq!(out, [17. + 19., 23. + 22., 39. + 43., 53. + 50.]);
    }
}
