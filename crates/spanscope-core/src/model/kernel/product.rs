//! Products of small matrices, in registers: a few rows of the left one by one or two panels of the right.

use super::matrices::{Left, Right};
use super::{DEPTH, LANES, PANEL, outside};
use pulp::{Arch, Simd, WithSimd};

/// One product of many into the same buffer.
#[derive(Debug, Clone, Copy)]
pub(in crate::model) struct Job<'a> {
    pub left: Left<'a>,
    pub right: Right<'a>,
    /// The start of the first row of the result.
    pub at: usize,
    /// From there to where the next row begins.
    pub stride: usize,
}

/// out = left · right for every job.
pub(in crate::model) fn products<'a>(jobs: impl Iterator<Item = Job<'a>>, out: &mut [f32]) {
    let jobs: Vec<Job<'a>> = jobs.collect();
    Arch::new().dispatch(Products::<false>(&jobs, out));
}

/// out += left · right for every job, one after the other.
pub(in crate::model) fn add_products<'a>(jobs: impl Iterator<Item = Job<'a>>, out: &mut [f32]) {
    let jobs: Vec<Job<'a>> = jobs.collect();
    Arch::new().dispatch(Products::<true>(&jobs, out));
}

struct Products<'a, 'o, const ADD: bool>(&'o [Job<'a>], &'o mut [f32]);

impl<const ADD: bool> WithSimd for Products<'_, '_, ADD> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for &Job {
            left,
            right,
            at,
            stride,
        } in self.0
        {
            let mut column = 0;
            // Registers of 16 numbers hold a tile of four vectors' width, too: it reads each number of the left once for all of them.
            let widest = match S::F32_LANES {
                16 => WIDE,
                _ => PANEL,
            };
            while column < right.cols {
                let width = match right.cols - column {
                    rest if rest >= widest => widest,
                    rest => PANEL.min(rest),
                };
                let right = Right {
                    data: &right.data[column.min(right.data.len())..],
                    cols: width,
                    ..right
                };
                let out = &mut self.1[at + column..];
                columns::<S, ADD>(simd, left, right, out, stride);
                column += width;
            }
        }
    }
}

/// Columns of two panels.
const WIDE: usize = 2 * PANEL;

/// The product with two panels, one panel, or half of one.
#[inline(always)]
pub(super) fn columns<S: Simd, const ADD: bool>(
    simd: S,
    left: Left<'_>,
    right: Right<'_>,
    out: &mut [f32],
    stride: usize,
) {
    if let Some(tiles) = outside::brought() {
        return outside::columns(tiles, left, right, out, stride, ADD);
    }
    // As many rows and vectors as the registers of the instruction set hold, one number of the left included.
    match (S::F32_LANES, right.cols) {
        (16, WIDE) => sweep::<S, 6, 4, ADD>(simd, left, right, out, stride),
        (16, PANEL) => sweep::<S, 12, 2, ADD>(simd, left, right, out, stride),
        (16, _) => sweep::<S, 12, 1, ADD>(simd, left, right, out, stride),
        // With few rows each number of the right is used as it is read: 28 instructions a step instead of the 39 of six rows of two
        // vectors, whose addresses do not fit the registers.
        (8, PANEL) => sweep::<S, 3, 4, ADD>(simd, left, right, out, stride),
        (8, _) => sweep::<S, 6, 2, ADD>(simd, left, right, out, stride),
        // A browser has 16 registers on most machines, where NEON has 32, and one more is for the product before it is added.
        _ if cfg!(target_arch = "wasm32") => sweep::<S, 5, 2, ADD>(simd, left, right, out, stride),
        _ => sweep::<S, 4, 4, ADD>(simd, left, right, out, stride),
    }
}

#[inline(always)]
fn sweep<S: Simd, const ROWS: usize, const VECTORS: usize, const ADD: bool>(
    simd: S,
    left: Left<'_>,
    right: Right<'_>,
    out: &mut [f32],
    stride: usize,
) {
    let width = VECTORS * S::F32_LANES;
    for column in (0..right.cols).step_by(width) {
        let b = &right.data[column..];
        let mut row = 0;
        while row < left.rows {
            let a = &left.data[row * left.stride..];
            let to = &mut out[row * stride + column..];
            let (k, lda, ldb) = (left.cols, left.stride, right.stride);
            let rows = left.rows - row;
            row += if rows >= ROWS {
                tile::<S, ROWS, VECTORS, ADD>(simd, a, lda, k, b, ldb, to, stride)
            } else if rows >= 4 {
                tile::<S, 4, VECTORS, ADD>(simd, a, lda, k, b, ldb, to, stride)
            } else if rows >= 2 {
                tile::<S, 2, VECTORS, ADD>(simd, a, lda, k, b, ldb, to, stride)
            } else {
                tile::<S, 1, VECTORS, ADD>(simd, a, lda, k, b, ldb, to, stride)
            };
        }
    }
}

/// One tile of the result, kept in registers from its first product to its last. Returns its number of rows.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn tile<S: Simd, const ROWS: usize, const VECTORS: usize, const ADD: bool>(
    simd: S,
    a: &[f32],
    lda: usize,
    k: usize,
    b: &[f32],
    ldb: usize,
    out: &mut [f32],
    stride: usize,
) -> usize {
    let width = VECTORS * S::F32_LANES;
    let rows: [&[f32]; ROWS] = std::array::from_fn(|i| &a[i * lda..][..k]);
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    for p in 0..k {
        let vectors = S::as_simd_f32s(&b[p * ldb..p * ldb + width]).0;
        let vectors: [S::f32s; VECTORS] = std::array::from_fn(|j| vectors[j]);
        if ROWS < VECTORS {
            // The numbers of the left stay in registers, those of the right come and go.
            let x: [S::f32s; ROWS] = std::array::from_fn(|i| simd.splat_f32s(rows[i][p]));
            for (j, vector) in vectors.into_iter().enumerate() {
                for (sums, x) in sums.iter_mut().zip(x) {
                    sums[j] = simd.mul_add_e_f32s(x, vector, sums[j]);
                }
            }
            continue;
        }
        for (sums, row) in sums.iter_mut().zip(&rows) {
            let x = simd.splat_f32s(row[p]);
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
    ROWS
}

/// One row by several panels at once: the product is as fast as the panels can be read. `panels` lie one after the
/// other, each `row.len()` × [`PANEL`]; `out` gets [`PANEL`] numbers of each.
pub(super) struct OneRow<'a> {
    pub row: &'a [f32],
    pub panels: &'a [f32],
    pub out: &'a mut [f32],
}

impl WithSimd for OneRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let size = self.row.len() * PANEL;
        let together = match S::F32_LANES {
            16 => 4,
            _ if cfg!(target_arch = "wasm32") => 1,
            _ => 2,
        };
        let groups = self.out.chunks_exact_mut(together * PANEL);
        let done = groups.len() * together;
        for (group, out) in groups.enumerate() {
            let panels = &self.panels[group * together * size..][..together * size];
            match S::F32_LANES {
                16 => several::<S, 4, 2>(simd, self.row, panels, out),
                8 => several::<S, 2, 4>(simd, self.row, panels, out),
                4 if cfg!(target_arch = "wasm32") => {
                    several::<S, 1, 8>(simd, self.row, panels, out)
                }
                4 => several::<S, 2, 8>(simd, self.row, panels, out),
                _ => several::<S, 2, 32>(simd, self.row, panels, out),
            }
        }
        for (i, out) in self.out[done * PANEL..].chunks_exact_mut(PANEL).enumerate() {
            let panel = &self.panels[(done + i) * size..][..size];
            match S::F32_LANES {
                16 => several::<S, 1, 2>(simd, self.row, panel, out),
                8 => several::<S, 1, 4>(simd, self.row, panel, out),
                4 => several::<S, 1, 8>(simd, self.row, panel, out),
                _ => several::<S, 1, 32>(simd, self.row, panel, out),
            }
        }
    }
}

/// `PANELS` panels of `VECTORS` vectors.
#[inline(always)]
fn several<S: Simd, const PANELS: usize, const VECTORS: usize>(
    simd: S,
    row: &[f32],
    panels: &[f32],
    out: &mut [f32],
) {
    let k = row.len();
    let panels: [&[f32]; PANELS] = std::array::from_fn(|i| &panels[i * k * PANEL..][..k * PANEL]);
    if let Some(tiles) = outside::brought() {
        for (panel, out) in panels.iter().zip(out.chunks_exact_mut(PANEL)) {
            outside::one_panel(tiles, row, panel, out);
        }
        return;
    }
    // In the same steps as many rows together, so that the result is the same.
    for depth in (0..k).step_by(DEPTH) {
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; PANELS];
        let end = (depth + DEPTH).min(k);
        for p in depth..end {
            let x = simd.splat_f32s(row[p]);
            for (sums, panel) in sums.iter_mut().zip(&panels) {
                let vectors = S::as_simd_f32s(&panel[p * PANEL..][..PANEL]).0;
                for (sum, vector) in sums.iter_mut().zip(vectors) {
                    *sum = simd.mul_add_e_f32s(x, *vector, *sum);
                }
            }
        }
        for (sums, out) in sums.iter().zip(out.chunks_exact_mut(PANEL)) {
            for (out, sum) in S::as_mut_simd_f32s(out).0.iter_mut().zip(sums) {
                *out = match depth {
                    0 => *sum,
                    _ => simd.add_f32s(*out, *sum),
                };
            }
        }
    }
}

/// One row, of no more numbers than are summed up in one go, by one panel: put into `out`, or added to it.
#[inline(always)]
pub(super) fn one_panel<S: Simd>(simd: S, row: &[f32], panel: &[f32], out: &mut [f32], add: bool) {
    let mut sums = [0.0; PANEL];
    match S::F32_LANES {
        16 => several::<S, 1, 2>(simd, row, panel, &mut sums),
        8 => several::<S, 1, 4>(simd, row, panel, &mut sums),
        4 => several::<S, 1, 8>(simd, row, panel, &mut sums),
        _ => several::<S, 1, 32>(simd, row, panel, &mut sums),
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = if add { *out + sum } else { sum };
    }
}

const _: () = assert!(PANEL == 2 * LANES);
