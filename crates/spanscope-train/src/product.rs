//! Matrix products on strided parts of slices, by the `gemm` crate, which the tensor library computes with as well.
//!
//! This is the one place of the trainer that calls unsafe code: what `gemm` reads and writes through pointers is checked
//! against the slices first.

#![allow(unsafe_code)]

use gemm::Parallelism;

/// A matrix in a slice: element (i, j) stands at `i · row + j · col`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row: usize,
    col: usize,
}

impl<'a> Matrix<'a> {
    /// Rows of `cols` numbers, each `stride` after the one before it.
    pub fn new(data: &'a [f32], rows: usize, cols: usize, stride: usize) -> Self {
        Self {
            data,
            rows,
            cols,
            row: stride,
            col: 1,
        }
    }

    /// The transpose, on the same numbers.
    pub fn t(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row: self.col,
            col: self.row,
            ..self
        }
    }
}

/// The destination of a product: rows of `cols` numbers, each `stride` after the one before it, none overlapping.
#[derive(Debug)]
pub(super) struct Place<'a> {
    data: &'a mut [f32],
    rows: usize,
    cols: usize,
    stride: usize,
}

impl<'a> Place<'a> {
    pub fn new(data: &'a mut [f32], rows: usize, cols: usize, stride: usize) -> Self {
        Self {
            data,
            rows,
            cols,
            stride,
        }
    }

    /// ← `scale` · left · right.
    pub fn set(self, scale: f32, left: Matrix<'_>, right: Matrix<'_>) {
        self.product(false, scale, left, right);
    }

    /// ← itself + `scale` · left · right.
    pub fn add(self, scale: f32, left: Matrix<'_>, right: Matrix<'_>) {
        self.product(true, scale, left, right);
    }

    fn product(self, add: bool, scale: f32, left: Matrix<'_>, right: Matrix<'_>) {
        let Self {
            data,
            rows,
            cols,
            stride,
        } = self;
        assert_eq!(
            (rows, left.cols, cols),
            (left.rows, right.rows, right.cols),
            "the shapes of a product fit each other"
        );
        assert!(stride >= cols, "rows of a product do not overlap");
        check(data.len(), (rows, stride), (cols, 1));
        check(
            left.data.len(),
            (left.rows, left.row),
            (left.cols, left.col),
        );
        check(
            right.data.len(),
            (right.rows, right.row),
            (right.cols, right.col),
        );
        // SAFETY: every element of the three matrices lies in its slice, as was just checked; the one that is written to is
        // borrowed alone, and its rows do not overlap. Strides are at most the length of a slice, so they fit `isize`.
        unsafe {
            gemm::gemm(
                rows,
                cols,
                left.cols,
                data.as_mut_ptr(),
                1,
                stride as isize,
                add,
                left.data.as_ptr(),
                left.col as isize,
                left.row as isize,
                right.data.as_ptr(),
                right.col as isize,
                right.row as isize,
                if add { 1.0 } else { 0.0 },
                scale,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
}

/// Stops a product that would read or write beyond a slice of `len` numbers: (extent, stride) of both dimensions.
fn check(len: usize, rows: (usize, usize), cols: (usize, usize)) {
    if rows.0 == 0 || cols.0 == 0 {
        return;
    }
    let last = (rows.0 - 1)
        .checked_mul(rows.1)
        .zip((cols.0 - 1).checked_mul(cols.1))
        .and_then(|(down, across)| down.checked_add(across));
    assert!(
        last.is_some_and(|last| last < len),
        "a matrix lies within its slice"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_strided_parts_follow_the_definition() {
        let a: Vec<f32> = (0..40).map(|i| i as f32).collect();
        let b: Vec<f32> = (0..40).map(|i| (i % 7) as f32 - 3.0).collect();
        let (left, right) = (Matrix::new(&a[1..], 3, 4, 9), Matrix::new(&b, 5, 4, 6).t());
        let mut out = vec![1.0; 24];
        Place::new(&mut out[2..], 3, 5, 8).add(2.0, left, right);
        for i in 0..3 {
            for j in 0..5 {
                let sum: f32 = (0..4).map(|k| a[1 + i * 9 + k] * b[j * 6 + k]).sum();
                assert_eq!(out[2 + i * 8 + j], 1.0 + 2.0 * sum);
            }
        }
        assert_eq!((out[0], out[7], out[9]), (1.0, 1.0, 1.0));
        Place::new(&mut out, 2, 2, 2).set(1.0, Matrix::new(&a, 2, 0, 1), Matrix::new(&b, 0, 2, 2));
        assert_eq!(out[..4], [0.0; 4]);
    }

    #[test]
    #[should_panic(expected = "lies within its slice")]
    fn a_matrix_beyond_its_slice_is_refused() {
        let a = [0.0; 8];
        let mut out = [0.0; 4];
        Place::new(&mut out, 2, 2, 2).set(1.0, Matrix::new(&a, 2, 2, 7), Matrix::new(&a, 2, 2, 2));
    }

    #[test]
    #[should_panic(expected = "do not overlap")]
    fn rows_that_overlap_are_not_written_to() {
        let a = [0.0; 8];
        let mut out = [0.0; 8];
        Place::new(&mut out, 2, 2, 1).set(1.0, Matrix::new(&a, 2, 2, 2), Matrix::new(&a, 2, 2, 2));
    }
}
