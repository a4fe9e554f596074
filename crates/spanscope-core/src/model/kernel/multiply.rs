//! Products of rows with a packed matrix.

use super::form::Form;
use super::gathered::{gather, gathered_columns};
use super::kept_row::row_by_kept;
use super::matrices::Left;
use super::packed::{Packed, Piece};
use super::product::{OneRow, one_panel};
use super::unpack::unpack;
use super::{DEPTH, PANEL};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use std::cell::RefCell;
use std::ops::Range;

/// Rows of the left matrix that go through all panels together: with a panel they fit the second-level cache.
const TOGETHER: usize = 256;

impl Packed {
    /// out (rows × outputs) = x (rows × inputs) · Wᵀ, on this thread.
    pub fn multiply(&self, x: &[f32], out: &mut [f32]) {
        if self.outputs() == 0 {
            return;
        }
        let rows = out.len() / self.outputs();
        if rows == 1 && self.outputs().is_multiple_of(PANEL) {
            return self.one_row(x, 0, out);
        }
        Arch::new().dispatch(Multiply {
            packed: self,
            x,
            rows,
            panels: 0..self.panels(),
            out,
        });
    }

    /// As [`multiply`](Self::multiply), for a few rows, on all threads: each takes some of the outputs.
    pub fn multiply_wide(&self, x: &[f32], out: &mut [f32]) {
        if self.outputs() == 0 {
            return;
        }
        let rows = out.len() / self.outputs();
        // Panels of plain numbers are read four at a time.
        let at_once = match rows == 1 && self.plain_panels(0, self.panels()).is_some() {
            true => 4,
            false => 1,
        };
        let share = self
            .panels()
            .div_ceil(rayon::current_num_threads())
            .next_multiple_of(at_once);
        if share >= self.panels() {
            return self.multiply(x, out);
        }
        if rows == 1 && self.outputs().is_multiple_of(PANEL) {
            out.par_chunks_mut(share * PANEL)
                .enumerate()
                .for_each(|(i, out)| self.one_row(x, i * share, out));
            return;
        }
        let starts: Vec<usize> = (0..self.panels()).step_by(share).collect();
        let parts: Vec<(usize, usize, Vec<f32>)> = starts
            .into_par_iter()
            .map(|first| {
                let panels = first..(first + share).min(self.panels());
                let width = (panels.end * PANEL).min(self.outputs()) - first * PANEL;
                let mut out = vec![0.0; rows * width];
                Arch::new().dispatch(Multiply {
                    packed: self,
                    x,
                    rows,
                    panels,
                    out: &mut out,
                });
                (first * PANEL, width, out)
            })
            .collect();
        for (first, width, part) in parts {
            for (out, part) in out
                .chunks_exact_mut(self.outputs())
                .zip(part.chunks_exact(width))
            {
                out[first..first + width].copy_from_slice(part);
            }
        }
    }

    /// One row by whole panels, from number `first` on.
    fn one_row(&self, x: &[f32], mut first: usize, mut out: &mut [f32]) {
        let row = &x[..self.inputs()];
        while !out.is_empty() {
            let most = out.len() / PANEL;
            let (form, count) = self.form_and_count(first, most);
            let (now, rest) = out.split_at_mut(count * PANEL);
            match self.plain_panels(first, count) {
                Some(panels) => Arch::new().dispatch(OneRow {
                    row,
                    panels,
                    out: now,
                }),
                None => Arch::new().dispatch(OneRowOfKept {
                    packed: self,
                    form,
                    row,
                    first,
                    out: now,
                }),
            }
            (first, out) = (first + count, rest);
        }
    }
}

/// One row by panels that are not kept as numbers, from number `first` on.
struct OneRowOfKept<'a> {
    packed: &'a Packed,
    form: Form,
    row: &'a [f32],
    first: usize,
    out: &'a mut [f32],
}

impl WithSimd for OneRowOfKept<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (i, out) in self.out.chunks_exact_mut(PANEL).enumerate() {
            let words = self.packed.panel_words(self.first + i);
            if !row_by_kept(simd, self.form, self.row, words, out) {
                row_unpacked(simd, self.form, self.row, words, out);
            }
        }
    }
}

/// One row by a panel whose weights become numbers first. Apart, so that only who needs the room for them clears it.
#[inline(always)]
fn row_unpacked<S: Simd>(simd: S, form: Form, row: &[f32], words: &[u32], out: &mut [f32]) {
    let mut piece: Piece = [0.0; DEPTH * PANEL];
    for (slice, row) in row.chunks(DEPTH).enumerate() {
        let piece = &mut piece[..row.len() * PANEL];
        unpack(simd, form, words, slice * DEPTH, piece);
        one_panel(simd, row, piece, out, slice > 0);
    }
}

thread_local! {
    /// Room for [gathered](gather) rows.
    static GATHERED: RefCell<Vec<f32>> = RefCell::default();
}

/// Rows by some panels. In the same steps as one row alone, so that the result is the same.
pub(super) struct Multiply<'a> {
    pub packed: &'a Packed,
    pub x: &'a [f32],
    pub rows: usize,
    pub panels: Range<usize>,
    /// rows × the outputs of these panels.
    pub out: &'a mut [f32],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let inputs = self.packed.inputs();
        let first = self.panels.start * PANEL;
        let width = (self.panels.end * PANEL).min(self.packed.outputs()) - first;
        let mut filled = [0.0; TOGETHER * PANEL];
        let mut space = GATHERED.take();
        let most = TOGETHER.min(self.rows) * DEPTH.min(inputs);
        space.resize(space.len().max(most), 0.0);
        let mut piece: Piece = [0.0; DEPTH * PANEL];
        for start in (0..self.rows).step_by(TOGETHER) {
            let rows = TOGETHER.min(self.rows - start);
            for depth in (0..inputs).step_by(DEPTH) {
                let left = Left {
                    data: &self.x[start * inputs + depth..],
                    rows,
                    cols: DEPTH.min(inputs - depth),
                    stride: inputs,
                };
                let gathered = &mut space[..rows * left.cols];
                gather::<S>(left, gathered);
                for i in self.panels.clone() {
                    let data = match self.packed.plain_panels(i, 1) {
                        Some(panel) => &panel[depth * PANEL..][..left.cols * PANEL],
                        None => {
                            let (form, _) = self.packed.form_and_count(i, 1);
                            let piece = &mut piece[..left.cols * PANEL];
                            unpack(simd, form, self.packed.panel_words(i), depth, piece);
                            &*piece
                        }
                    };
                    let column = i * PANEL - first;
                    let out = &mut self.out[start * width..];
                    // The last panel may have more columns than the result.
                    let columns_here = PANEL.min(width - column);
                    if columns_here == PANEL {
                        let out = &mut out[column..];
                        if depth == 0 {
                            gathered_columns::<S, false>(simd, gathered, rows, data, out, width);
                        } else {
                            gathered_columns::<S, true>(simd, gathered, rows, data, out, width);
                        }
                        continue;
                    }
                    gathered_columns::<S, false>(simd, gathered, rows, data, &mut filled, PANEL);
                    for (out, filled) in out.chunks_mut(width).zip(filled.chunks(PANEL)).take(rows)
                    {
                        for (out, more) in out[column..].iter_mut().zip(filled) {
                            *out = if depth == 0 { *more } else { *out + more };
                        }
                    }
                }
            }
        }
        GATHERED.set(space);
    }
}

#[cfg(test)]
#[path = "tests_multiply.rs"]
mod tests;
