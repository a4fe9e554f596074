//! Register tiles that whoever runs the program brings: by instructions that not every machine has and that the program cannot hold for
//! the one that has not. A browser does not start a file with instructions that it does not know.

use super::matrices::{DEPTH, Left, PANEL, Right};
use std::sync::OnceLock;

/// One register tile of a product: some rows of the left matrix by some columns of the right.
#[derive(Debug, Clone, Copy)]
pub struct Tile<'a> {
    /// Number of rows: 1, 2, 4 or 5.
    pub rows: usize,
    /// The left matrix, from the tile's first number to its last.
    pub left: &'a [f32],
    /// The step from one of its rows to the next.
    pub row_step: usize,
    /// The step from one number of a row to the next.
    pub step: usize,
    /// Products of every sum, one at least.
    pub depth: usize,
    /// The right matrix, from the tile's first number to its last.
    pub right: &'a [f32],
    /// The step from one of its rows to the next.
    pub right_step: usize,
    /// Number of columns, a multiple of 8.
    pub columns: usize,
    /// The step from one row of the result to the next.
    pub out_step: usize,
    /// True if the sums are added to what the result holds.
    pub adds: bool,
}

/// Computes a tile into the result, which begins and ends with the tile's: each sum from its first product to its last.
pub type Tiles = fn(Tile<'_>, &mut [f32]);

static TILES: OnceLock<Tiles> = OnceLock::new();

/// Has all products computed by these tiles from now on: to be called before the first, for a sum that rounds otherwise differs in its last
/// digit. Only a page in a browser asks for them.
pub fn bring_tiles(tiles: Tiles) {
    // The first ones stay.
    let _ = TILES.set(tiles);
}

/// The tiles that were brought.
#[inline]
pub(super) fn brought() -> Option<Tiles> {
    match cfg!(target_arch = "wasm32") {
        true => TILES.get().copied(),
        false => None,
    }
}

/// Rows of the tile that comes next where `rows` are left.
fn next(rows: usize) -> usize {
    match rows {
        5.. => 5,
        4 => 4,
        2.. => 2,
        _ => 1,
    }
}

/// A tile whose matrices go on behind it. They are cut to its size here, so that one who computes by addresses stays within them.
fn cut(tiles: Tiles, tile: Tile<'_>, out: &mut [f32]) {
    if tile.depth == 0 || tile.columns == 0 {
        return;
    }
    let left = (tile.rows - 1) * tile.row_step + (tile.depth - 1) * tile.step + 1;
    let right = (tile.depth - 1) * tile.right_step + tile.columns;
    let result = (tile.rows - 1) * tile.out_step + tile.columns;
    let tile = Tile {
        left: &tile.left[..left],
        right: &tile.right[..right],
        ..tile
    };
    tiles(tile, &mut out[..result]);
}

/// As [`columns`](super::product::columns).
pub(super) fn columns(
    tiles: Tiles,
    left: Left<'_>,
    right: Right<'_>,
    out: &mut [f32],
    stride: usize,
    adds: bool,
) {
    let mut row = 0;
    while row < left.rows {
        let tile = Tile {
            rows: next(left.rows - row),
            left: &left.data[row * left.stride..],
            row_step: left.stride,
            step: 1,
            depth: left.cols,
            right: right.data,
            right_step: right.stride,
            columns: right.cols,
            out_step: stride,
            adds,
        };
        let out = &mut out[row * stride..];
        if left.cols == 0 && !adds {
            let rows = out.chunks_mut(stride.max(1)).take(tile.rows);
            rows.for_each(|row| row[..right.cols].fill(0.0));
        }
        cut(tiles, tile, out);
        row += tile.rows;
    }
}

/// As [`gathered_columns`](super::gathered::gathered_columns), of rows that were gathered for these tiles.
pub(super) fn gathered(
    tiles: Tiles,
    left: &[f32],
    rows: usize,
    panel: &[f32],
    out: &mut [f32],
    stride: usize,
    adds: bool,
) {
    let depth = panel.len() / PANEL;
    let mut row = 0;
    while row < rows {
        let count = next(rows - row);
        let tile = Tile {
            rows: count,
            left: &left[row * depth..],
            row_step: 1,
            step: count,
            depth,
            right: panel,
            right_step: PANEL,
            columns: PANEL,
            out_step: stride,
            adds,
        };
        cut(tiles, tile, &mut out[row * stride..]);
        row += count;
    }
}

/// One row by one panel, in the same steps as many rows together.
pub(super) fn one_panel(tiles: Tiles, row: &[f32], panel: &[f32], out: &mut [f32]) {
    if row.is_empty() {
        out.fill(0.0);
    }
    let slices = row.chunks(DEPTH).zip(panel.chunks(DEPTH * PANEL));
    for (slice, (row, panel)) in slices.enumerate() {
        let tile = Tile {
            rows: 1,
            left: row,
            row_step: row.len(),
            step: 1,
            depth: row.len(),
            right: panel,
            right_step: PANEL,
            columns: PANEL,
            out_step: PANEL,
            adds: slice > 0,
        };
        cut(tiles, tile, out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::gathered::gather;
    use super::*;

    /// Plain sums, and what the tiles of a page ask for.
    fn plain(tile: Tile<'_>, out: &mut [f32]) {
        assert!([1, 2, 4, 5].contains(&tile.rows) && tile.depth > 0);
        assert!(tile.columns.is_multiple_of(8) && tile.columns > 0);
        for row in 0..tile.rows {
            for column in 0..tile.columns {
                let number = |p: usize| {
                    tile.left[row * tile.row_step + p * tile.step]
                        * tile.right[p * tile.right_step + column]
                };
                let sum = (0..tile.depth).map(number).sum::<f32>();
                let out = &mut out[row * tile.out_step + column];
                *out = if tile.adds { *out + sum } else { sum };
            }
        }
    }

    /// Whole numbers: sums are exact in any order.
    fn numbers(len: usize) -> Vec<f32> {
        (0..len)
            .map(|i| ((i * 7 + i / 5) % 11) as f32 - 5.0)
            .collect()
    }

    #[test]
    fn brought_tiles_give_the_products() {
        for (rows, depth, cols) in [(1, 1, 16), (3, 9, 32), (5, 4, 16), (14, 20, 48), (9, 0, 16)] {
            let (lda, ldb, stride) = (depth + 3, cols + 5, cols + 2);
            let (a, b) = (numbers(rows * lda), numbers(depth.max(1) * ldb));
            for adds in [false, true] {
                let before = numbers(rows * stride);
                let mut out = before.clone();
                let left = Left {
                    data: &a,
                    rows,
                    cols: depth,
                    stride: lda,
                };
                let right = Right {
                    data: &b,
                    cols,
                    stride: ldb,
                };
                columns(plain, left, right, &mut out, stride, adds);
                for (i, (out, before)) in out.iter().zip(before).enumerate() {
                    let (row, column) = (i / stride, i % stride);
                    let sum = (0..depth).map(|p| a[row * lda + p] * b[p * ldb + column]);
                    let exact = match column < cols {
                        true => sum.sum::<f32>() + if adds { before } else { 0.0 },
                        false => before,
                    };
                    assert_eq!(*out, exact, "{rows} {depth} {cols} {adds} {i}");
                }
            }
        }
    }

    #[test]
    fn gathered_rows_and_one_row_give_the_same() {
        struct Gather<'a>(Left<'a>, &'a mut [f32]);
        impl pulp::WithSimd for Gather<'_> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: pulp::Simd>(self, _: S) {
                gather::<S>(self.0, self.1);
            }
        }
        // So many rows are laid out alike for all tiles of four rows or more.
        let (rows, depth) = (4, 300);
        let (a, panel) = (numbers(rows * depth), numbers(depth * PANEL));
        let left = Left {
            data: &a,
            rows,
            cols: depth,
            stride: depth,
        };
        let mut laid = vec![0.0; rows * depth];
        pulp::Simd::vectorize(pulp::Scalar, Gather(left, &mut laid));
        let mut together = vec![1.0; rows * PANEL];
        gathered(plain, &laid, rows, &panel, &mut together, PANEL, false);
        for (row, together) in a.chunks(depth).zip(together.chunks(PANEL)) {
            let mut alone = vec![0.0; PANEL];
            one_panel(plain, row, &panel, &mut alone);
            assert_eq!(alone, together);
        }
    }
}
