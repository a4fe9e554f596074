//! A weight matrix laid out for the product of rows with it.

use super::numbers::Numbers;
use super::product::{Left, OneRow, Right, columns};
use super::{DEPTH, PANEL};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Rows of the left matrix that go through all panels together: with a panel they fit the second-level cache.
const TOGETHER: usize = 256;

/// A matrix of `outputs` × `inputs` weights, as a linear layer stores it, for products rows · Wᵀ.
///
/// 32 outputs lie side by side, panel after panel: number `(output / 32 · inputs + input) · 32 + output % 32`. The
/// last panel is filled up with zeros.
#[derive(Debug, Default)]
pub(in crate::model) struct Packed {
    outputs: usize,
    inputs: usize,
    panels: Numbers,
}

impl Packed {
    /// `read(first, rows)` puts the weights of consecutive outputs, from `first` on, into `rows`; it is called from
    /// several threads.
    ///
    /// # Errors
    /// The first that `read` reports.
    pub fn new<E: Send>(
        outputs: usize,
        inputs: usize,
        read: impl Fn(usize, &mut [f32]) -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        let size = inputs * PANEL;
        let mut panels = Numbers::zeros(outputs.div_ceil(PANEL) * size);
        if inputs == 0 || outputs == 0 {
            return Ok(Self {
                outputs,
                inputs,
                panels,
            });
        }
        panels
            .par_chunks_exact_mut(size)
            .enumerate()
            .try_for_each_init(
                || vec![0.0; size],
                |rows, (i, panel)| {
                    let first = i * PANEL;
                    let count = PANEL.min(outputs - first);
                    let rows = &mut rows[..count * inputs];
                    read(first, rows)?;
                    transpose(rows, inputs, panel);
                    Ok(())
                },
            )?;
        Ok(Self {
            outputs,
            inputs,
            panels,
        })
    }

    /// From the weights in row-major order.
    pub fn of_rows(rows: &[f32], outputs: usize, inputs: usize) -> Self {
        let packed = Self::new(outputs, inputs, |first, to| {
            to.copy_from_slice(&rows[first * inputs..][..to.len()]);
            Ok::<(), std::convert::Infallible>(())
        });
        match packed {
            Ok(packed) => packed,
            Err(never) => match never {},
        }
    }

    /// From the transposed matrix in row-major order (inputs × outputs), times `scale`.
    pub fn from_columns(columns: &[f32], outputs: usize, inputs: usize, scale: f32) -> Self {
        let mut panels = Numbers::zeros(outputs.div_ceil(PANEL) * inputs * PANEL);
        for (i, panel) in panels.chunks_exact_mut((inputs * PANEL).max(1)).enumerate() {
            let (first, count) = (i * PANEL, PANEL.min(outputs - i * PANEL));
            for (row, to) in columns
                .chunks_exact(outputs)
                .zip(panel.chunks_exact_mut(PANEL))
            {
                for (to, from) in to.iter_mut().zip(&row[first..first + count]) {
                    *to = scale * from;
                }
            }
        }
        Self {
            outputs,
            inputs,
            panels,
        }
    }

    /// Rows of the weight matrix.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Columns of the weight matrix.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Panels; the last may be filled up with zeros.
    pub fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    /// Panel `i` as a right-hand matrix: inputs × 32.
    pub fn panel(&self, i: usize) -> Right<'_> {
        let size = self.inputs * PANEL;
        Right {
            data: &self.panels[i * size..][..size],
            cols: PANEL,
            stride: PANEL,
        }
    }

    /// The weights of one output: `inputs` numbers.
    pub fn row(&self, output: usize) -> impl Iterator<Item = f32> {
        let start = output / PANEL * self.inputs * PANEL + output % PANEL;
        let panel = self.panels.get(start..).unwrap_or_default();
        panel.iter().step_by(PANEL).take(self.inputs).copied()
    }

    /// All weights in row-major order: outputs × inputs.
    #[cfg(any(test, feature = "device"))]
    pub fn to_rows(&self) -> Vec<f32> {
        let mut rows = vec![0.0; self.outputs * self.inputs];
        let size = (self.inputs * PANEL).max(1);
        rows.par_chunks_mut(size)
            .zip(self.panels.par_chunks_exact(size))
            .for_each(|(rows, panel)| {
                for (lane, row) in rows.chunks_exact_mut(self.inputs).enumerate() {
                    let weights = panel[lane..].iter().step_by(PANEL);
                    row.iter_mut()
                        .zip(weights)
                        .for_each(|(to, from)| *to = *from);
                }
            });
        rows
    }

    /// out (rows × outputs) = x (rows × inputs) · Wᵀ, on this thread.
    pub fn multiply(&self, x: &[f32], out: &mut [f32]) {
        if self.outputs == 0 {
            return;
        }
        let rows = out.len() / self.outputs;
        if rows == 1 && self.outputs.is_multiple_of(PANEL) {
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
        if self.outputs == 0 {
            return;
        }
        let rows = out.len() / self.outputs;
        let share = self
            .panels()
            .div_ceil(rayon::current_num_threads())
            .next_multiple_of(4);
        if share >= self.panels() {
            return self.multiply(x, out);
        }
        if rows == 1 && self.outputs.is_multiple_of(PANEL) {
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
                let width = (panels.end * PANEL).min(self.outputs) - first * PANEL;
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
                .chunks_exact_mut(self.outputs)
                .zip(part.chunks_exact(width))
            {
                out[first..first + width].copy_from_slice(part);
            }
        }
    }

    fn one_row(&self, x: &[f32], first: usize, out: &mut [f32]) {
        let size = self.inputs * PANEL;
        Arch::new().dispatch(OneRow {
            row: &x[..self.inputs],
            panels: &self.panels[first * size..],
            out,
        });
    }
}

/// `rows` (as many as there are, `inputs` numbers each) into the columns of a panel.
fn transpose(rows: &[f32], inputs: usize, panel: &mut [f32]) {
    // A few inputs at a time, so that what is written stays in the nearest cache.
    const STEP: usize = 16;
    for start in (0..inputs).step_by(STEP) {
        let end = (start + STEP).min(inputs);
        for (lane, row) in rows.chunks_exact(inputs).enumerate() {
            for (input, value) in row[start..end].iter().enumerate() {
                panel[(start + input) * PANEL + lane] = *value;
            }
        }
    }
}

struct Multiply<'a> {
    packed: &'a Packed,
    x: &'a [f32],
    rows: usize,
    panels: std::ops::Range<usize>,
    /// rows × the outputs of these panels.
    out: &'a mut [f32],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let inputs = self.packed.inputs;
        let first = self.panels.start * PANEL;
        let width = (self.panels.end * PANEL).min(self.packed.outputs) - first;
        let mut filled = [0.0; TOGETHER * PANEL];
        for start in (0..self.rows).step_by(TOGETHER) {
            let rows = TOGETHER.min(self.rows - start);
            for depth in (0..inputs).step_by(DEPTH) {
                let left = Left {
                    data: &self.x[start * inputs + depth..],
                    rows,
                    cols: DEPTH.min(inputs - depth),
                    stride: inputs,
                };
                for i in self.panels.clone() {
                    let right = self.packed.panel(i);
                    let right = Right {
                        data: &right.data[depth * PANEL..],
                        ..right
                    };
                    let column = i * PANEL - first;
                    let out = &mut self.out[start * width..];
                    // The last panel may have more columns than the result.
                    let columns_here = PANEL.min(width - column);
                    if columns_here == PANEL {
                        let out = &mut out[column..];
                        if depth == 0 {
                            columns::<S, false>(simd, left, right, out, width);
                        } else {
                            columns::<S, true>(simd, left, right, out, width);
                        }
                        continue;
                    }
                    columns::<S, false>(simd, left, right, &mut filled, PANEL);
                    for (out, filled) in out.chunks_mut(width).zip(filled.chunks(PANEL)).take(rows)
                    {
                        for (out, more) in out[column..].iter_mut().zip(filled) {
                            *out = if depth == 0 { *more } else { *out + more };
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n)
            .map(|i| ((i * 7919 + seed * 31) % 23) as f32 * 0.125 - 1.25)
            .collect()
    }

    fn plain(x: &[f32], w: &[f32], rows: usize, inputs: usize, outputs: usize) -> Vec<f32> {
        let mut out = Vec::new();
        for i in 0..rows {
            for j in 0..outputs {
                let dot = (0..inputs).map(|p| f64::from(x[i * inputs + p] * w[j * inputs + p]));
                out.push(dot.sum::<f64>() as f32);
            }
        }
        out
    }

    #[test]
    fn products_of_any_shape_match_the_definition_bit_for_bit_however_they_are_cut() {
        for (rows, inputs, outputs) in [
            (1, 1, 1),
            (1, 5, 37),
            (1, 64, 512),
            (2, 16, 32),
            (3, 12, 65),
            (13, 512, 96),
            (29, 7, 160),
            (200, 9, 33),
        ] {
            let (x, w) = (numbers(rows * inputs, 1), numbers(outputs * inputs, 2));
            let packed = Packed::of_rows(&w, outputs, inputs);
            let (mut out, mut wide) = (vec![9.0; rows * outputs], vec![9.0; rows * outputs]);
            packed.multiply(&x, &mut out);
            packed.multiply_wide(&x, &mut wide);
            let expected = plain(&x, &w, rows, inputs, outputs);
            for (got, expected) in out.iter().zip(&expected) {
                assert!(
                    (got - expected).abs() < 1e-3,
                    "{rows} {inputs} {outputs}: {got} {expected}"
                );
            }
            assert_eq!(out, wide);
            assert_eq!(packed.to_rows(), w);
            let mut alone = vec![0.0; outputs];
            packed.multiply(&x[(rows - 1) * inputs..], &mut alone);
            assert_eq!(alone, out[(rows - 1) * outputs..]);
            assert!(
                packed
                    .row(outputs - 1)
                    .eq(w[(outputs - 1) * inputs..].iter().copied())
            );
        }
    }

    /// Calls `check` with the products as each instruction set that this machine has computes them.
    fn on_every_instruction_set(check: impl Fn(&str, &dyn Fn(&Packed, &[f32], &mut [f32]))) {
        fn multiply<S: Simd>(simd: S, packed: &Packed, x: &[f32], out: &mut [f32]) {
            let rows = out.len() / packed.outputs;
            simd.vectorize(Multiply {
                packed,
                x,
                rows,
                panels: 0..packed.panels(),
                out,
            });
        }
        fn one_row<S: Simd>(simd: S, packed: &Packed, x: &[f32], out: &mut [f32]) {
            let mut filled = vec![0.0; packed.panels() * PANEL];
            simd.vectorize(OneRow {
                row: x,
                panels: &packed.panels,
                out: &mut filled,
            });
            out.copy_from_slice(&filled[..packed.outputs]);
        }
        let scalar = pulp::Scalar;
        check("plain", &|p, x, out| multiply(scalar, p, x, out));
        check("plain, one row", &|p, x, out| {
            if x.len() == p.inputs {
                one_row(scalar, p, x, out);
            } else {
                multiply(scalar, p, x, out);
            }
        });
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = pulp::x86::V3::try_new() {
            check("AVX2", &|p, x, out| multiply(avx2, p, x, out));
            check("AVX2, one row", &|p, x, out| {
                if x.len() == p.inputs {
                    one_row(avx2, p, x, out);
                } else {
                    multiply(avx2, p, x, out);
                }
            });
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_products() {
        on_every_instruction_set(|name, multiply| {
            for (rows, inputs, outputs) in [(1, 300, 96), (1, 5, 37), (3, 12, 65), (29, 270, 160)] {
                let (x, w) = (numbers(rows * inputs, 1), numbers(outputs * inputs, 2));
                let mut out = vec![9.0; rows * outputs];
                multiply(&Packed::of_rows(&w, outputs, inputs), &x, &mut out);
                let expected = plain(&x, &w, rows, inputs, outputs);
                for (got, expected) in out.iter().zip(&expected) {
                    assert!(
                        (got - expected).abs() < 1e-3,
                        "{name} {rows} {inputs} {outputs}: {got} {expected}"
                    );
                }
            }
        });
    }

    #[test]
    fn an_empty_matrix_is_no_trouble() {
        let empty = Packed::of_rows(&[], 0, 4);
        empty.multiply(&[1.0; 4], &mut []);
        empty.multiply_wide(&[1.0; 4], &mut []);
        assert_eq!(empty.panels(), 0);
        assert!(empty.to_rows().is_empty() && Packed::default().to_rows().is_empty());
    }
}
