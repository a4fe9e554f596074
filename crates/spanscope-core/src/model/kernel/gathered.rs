//! Products of many rows with many panels: the rows are laid out as register tiles read them, once for all panels.

use super::matrices::Left;
use super::{PANEL, outside};
use pulp::Simd;

/// Rows of the register tile that comes next where `rows` are left, if the tallest has `MOST`.
#[inline(always)]
fn next_tile<const MOST: usize>(rows: usize) -> usize {
    match rows {
        rows if rows >= MOST => MOST,
        4.. => 4,
        2.. => 2,
        _ => 1,
    }
}

/// Rows of the tallest tile.
#[inline(always)]
fn tallest<S: Simd>() -> usize {
    match S::F32_LANES {
        16 => 12,
        8 => 6,
        _ if cfg!(target_arch = "wasm32") => 5,
        _ => 4,
    }
}

/// `left` as register tiles read it: of each tile one column after the other. Rows of a power of two, or of a multiple of one, lie
/// in the same few lines of the nearest cache otherwise and drive each other out of it. `into` holds rows × cols numbers.
#[inline(always)]
pub(super) fn gather<S: Simd>(left: Left<'_>, into: &mut [f32]) {
    match tallest::<S>() {
        12 => gather_tiles::<12>(left, into),
        6 => gather_tiles::<6>(left, into),
        5 => gather_tiles::<5>(left, into),
        _ => gather_tiles::<4>(left, into),
    }
}

#[inline(always)]
fn gather_tiles<const MOST: usize>(left: Left<'_>, mut into: &mut [f32]) {
    let mut row = 0;
    while row < left.rows {
        let count = next_tile::<MOST>(left.rows - row);
        let (tile, rest) = into.split_at_mut(count * left.cols);
        match count {
            4 => gather_tile::<4>(left, row, tile),
            2 => gather_tile::<2>(left, row, tile),
            1 => gather_tile::<1>(left, row, tile),
            _ => gather_tile::<MOST>(left, row, tile),
        }
        (row, into) = (row + count, rest);
    }
}

#[inline(always)]
fn gather_tile<const ROWS: usize>(left: Left<'_>, first: usize, tile: &mut [f32]) {
    let rows: [&[f32]; ROWS] =
        std::array::from_fn(|i| &left.data[(first + i) * left.stride..][..left.cols]);
    for (p, column) in tile.as_chunks_mut::<ROWS>().0.iter_mut().enumerate() {
        for (to, row) in column.iter_mut().zip(&rows) {
            *to = row[p];
        }
    }
}

/// The product of `rows` [gathered](gather) rows with one whole panel, put into `out` or added to it.
#[inline(always)]
pub(super) fn gathered_columns<S: Simd, const ADD: bool>(
    simd: S,
    left: &[f32],
    rows: usize,
    panel: &[f32],
    out: &mut [f32],
    stride: usize,
) {
    if let Some(tiles) = outside::brought() {
        return outside::gathered(tiles, left, rows, panel, out, stride, ADD);
    }
    match S::F32_LANES {
        16 => gathered_sweep::<S, 12, 2, ADD>(simd, left, rows, panel, out, stride),
        8 => gathered_sweep::<S, 6, 2, ADD>(simd, left, rows, panel, out, stride),
        _ if cfg!(target_arch = "wasm32") => {
            gathered_sweep::<S, 5, 2, ADD>(simd, left, rows, panel, out, stride);
        }
        _ => gathered_sweep::<S, 4, 4, ADD>(simd, left, rows, panel, out, stride),
    }
}

#[inline(always)]
fn gathered_sweep<S: Simd, const MOST: usize, const VECTORS: usize, const ADD: bool>(
    simd: S,
    left: &[f32],
    rows: usize,
    panel: &[f32],
    out: &mut [f32],
    stride: usize,
) {
    let k = panel.len() / PANEL;
    for column in (0..PANEL).step_by(VECTORS * S::F32_LANES) {
        let mut row = 0;
        while row < rows {
            let count = next_tile::<MOST>(rows - row);
            let tile = &left[row * k..][..count * k];
            let to = &mut out[row * stride + column..];
            match count {
                4 => gathered_tile::<S, 4, VECTORS, ADD>(simd, tile, panel, column, to, stride),
                2 => gathered_tile::<S, 2, VECTORS, ADD>(simd, tile, panel, column, to, stride),
                1 => gathered_tile::<S, 1, VECTORS, ADD>(simd, tile, panel, column, to, stride),
                _ => gathered_tile::<S, MOST, VECTORS, ADD>(simd, tile, panel, column, to, stride),
            }
            row += count;
        }
    }
}

/// One tile of the result, kept in registers from its first product to its last.
#[inline(always)]
fn gathered_tile<S: Simd, const ROWS: usize, const VECTORS: usize, const ADD: bool>(
    simd: S,
    left: &[f32],
    panel: &[f32],
    column: usize,
    out: &mut [f32],
    stride: usize,
) {
    let width = VECTORS * S::F32_LANES;
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    let (left, panel) = (left.as_chunks::<ROWS>().0, panel.as_chunks::<PANEL>().0);
    for (rows, numbers) in left.iter().zip(panel) {
        let vectors = S::as_simd_f32s(&numbers[column..column + width]).0;
        let vectors: [S::f32s; VECTORS] = std::array::from_fn(|j| vectors[j]);
        for (sums, x) in sums.iter_mut().zip(rows) {
            let x = simd.splat_f32s(*x);
            for (sum, vector) in sums.iter_mut().zip(vectors) {
                *sum = simd.mul_add_e_f32s(x, vector, *sum);
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        let out = S::as_mut_simd_f32s(&mut out[i * stride..][..width]).0;
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = if ADD { simd.add_f32s(*out, *sum) } else { *sum };
        }
    }
}
