//! A weight matrix laid out for the product of rows with it.

use super::form::{Blocks, Form};
use super::half::{to_bf16, to_f16};
use super::matrices::Right;
use super::numbers::Numbers;
use super::unpack::unpack;
use super::{DEPTH, PANEL, repack};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use std::borrow::Cow;
use std::convert::Infallible;

/// A matrix of `outputs` × `inputs` weights, as a linear layer stores it, for products rows · Wᵀ.
///
/// 32 outputs lie side by side, panel after panel: number `(output / 32 · inputs + input) · 32 + output % 32`. The
/// last panel is filled up with zeros. Weights stay in the [`Form`] that they have in their file, and become `f32` piece by piece
/// within a product.
#[derive(Debug, Default)]
pub(in crate::model) struct Packed {
    outputs: usize,
    inputs: usize,
    /// Panels of one form after the other.
    runs: Vec<Run>,
}

/// Consecutive panels of one form.
#[derive(Debug)]
struct Run {
    form: Form,
    /// The number of the first panel.
    first: usize,
    /// The count of panels.
    count: usize,
    panels: Numbers,
}

/// The source of the weights of a matrix: one row per output.
pub(in crate::model) trait Rows: Sync {
    /// The error of a read.
    type Error: Send;

    /// The form of an output's weights.
    fn form(&self, output: usize) -> Form;

    /// Puts the weights of consecutive outputs, from `first` on, into `rows`. Called from several threads.
    ///
    /// # Errors
    /// When they cannot be read.
    fn read(&self, first: usize, rows: &mut [f32]) -> Result<(), Self::Error>;

    /// The blocks of an output's weights, where its form has them.
    ///
    /// # Errors
    /// When they cannot be read.
    fn blocks(&self, output: usize) -> Result<Cow<'_, [u8]>, Self::Error>;

    /// Told of outputs one of which has a scale that is no finite number.
    fn not_finite(&self, outputs: std::ops::Range<usize>);
}

/// Weights in `f32`.
struct Plain<F>(F);

impl<F: Fn(usize, &mut [f32]) + Sync> Rows for Plain<F> {
    type Error = Infallible;

    fn form(&self, _: usize) -> Form {
        Form::F32
    }

    fn read(&self, first: usize, rows: &mut [f32]) -> Result<(), Infallible> {
        (self.0)(first, rows);
        Ok(())
    }

    fn blocks(&self, _: usize) -> Result<Cow<'_, [u8]>, Infallible> {
        Ok(Cow::Borrowed(&[]))
    }

    fn not_finite(&self, _: std::ops::Range<usize>) {}
}

/// A piece of a panel as numbers: as many inputs as are summed up in one go, 32 outputs each.
pub(super) type Piece = [f32; DEPTH * PANEL];

impl Run {
    fn new(form: Form, first: usize, count: usize, inputs: usize) -> Self {
        let words = form.panel_words(inputs).saturating_mul(count);
        Self {
            form,
            first,
            count,
            panels: Numbers::zeros(words),
        }
    }

    /// The words of the panel of this number.
    fn panel(&self, i: usize, inputs: usize) -> &[u32] {
        let size = self.form.panel_words(inputs);
        &bytemuck::cast_slice(&self.panels)[(i - self.first) * size..][..size]
    }
}

impl Packed {
    /// Of rows in whatever form.
    ///
    /// # Errors
    /// The first that `rows` reports.
    pub fn new<R: Rows>(outputs: usize, inputs: usize, rows: &R) -> Result<Self, R::Error> {
        let mut packed = Self {
            outputs,
            inputs,
            runs: Vec::new(),
        };
        if inputs == 0 || outputs == 0 {
            return Ok(packed);
        }
        let mut forms: Vec<(Form, usize, usize)> = Vec::new();
        for i in 0..packed.panels() {
            let form = packed.form_of_panel(i, rows);
            match forms.last_mut() {
                Some((last, _, count)) if *last == form => *count += 1,
                _ => forms.push((form, i, 1)),
            }
        }
        for (form, first, count) in forms {
            let mut run = Run::new(form, first, count, inputs);
            let size = form.panel_words(inputs);
            let words: &mut [u32] = bytemuck::cast_slice_mut(&mut run.panels);
            words
                .par_chunks_exact_mut(size)
                .take(count)
                .enumerate()
                .try_for_each_init(Vec::new, |room: &mut Vec<f32>, (i, panel)| {
                    let start = (first + i) * PANEL;
                    let outputs = start..(start + PANEL).min(outputs);
                    pack(rows, form, outputs, inputs, room, panel)
                })?;
            packed.runs.push(run);
        }
        Ok(packed)
    }

    /// The form that all rows of a panel have: numbers where they differ.
    fn form_of_panel<R: Rows>(&self, i: usize, rows: &R) -> Form {
        let form = rows.form(i * PANEL);
        let mut others = i * PANEL + 1..(i * PANEL + PANEL).min(self.outputs);
        match others.all(|output| rows.form(output) == form) {
            true => form,
            false => Form::F32,
        }
    }

    /// From the weights in row-major order.
    #[cfg(test)]
    pub fn of_rows(rows: &[f32], outputs: usize, inputs: usize) -> Self {
        let read = |first: usize, to: &mut [f32]| {
            to.copy_from_slice(&rows[first * inputs..][..to.len()]);
        };
        match Self::new(outputs, inputs, &Plain(read)) {
            Ok(packed) => packed,
            Err(never) => match never {},
        }
    }

    /// From the transposed matrix in row-major order (inputs × outputs), times `scale`.
    pub fn from_columns(columns: &[f32], outputs: usize, inputs: usize, scale: f32) -> Self {
        let read = |first: usize, to: &mut [f32]| {
            for (i, row) in to.chunks_exact_mut(inputs).enumerate() {
                let column = columns[first + i..].iter().step_by(outputs);
                row.iter_mut()
                    .zip(column)
                    .for_each(|(to, from)| *to = scale * from);
            }
        };
        match Self::new(outputs, inputs, &Plain(read)) {
            Ok(packed) => packed,
            Err(never) => match never {},
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

    /// Memory of its weights, in bytes.
    pub fn bytes(&self) -> usize {
        self.runs
            .iter()
            .map(|run| size_of_val(&run.panels[..]))
            .sum()
    }

    /// Panel `i` as a right-hand matrix, inputs × 32, of a matrix that was made of numbers.
    pub fn panel(&self, i: usize) -> Right<'_> {
        let size = self.inputs * PANEL;
        let data = match self.runs.as_slice() {
            [run] if run.form == Form::F32 => &run.panels[i * size..][..size],
            _ => &[],
        };
        Right {
            data,
            cols: PANEL,
            stride: PANEL,
        }
    }

    /// `count` consecutive panels of one form, from `i` on, where they are kept as numbers.
    pub(super) fn plain_panels(&self, i: usize, count: usize) -> Option<&[f32]> {
        let run = self.run(i).filter(|run| run.form == Form::F32)?;
        let size = self.inputs * PANEL;
        run.panels
            .get((i - run.first) * size..)?
            .get(..count * size)
    }

    /// The form of panel `i`, and how many panels from there on have the same, at most `most`.
    pub(super) fn form_and_count(&self, i: usize, most: usize) -> (Form, usize) {
        match self.run(i) {
            Some(run) => (run.form, most.min(run.first + run.count - i)),
            // A matrix without inputs.
            None => (Form::F32, most),
        }
    }

    /// The words of panel `i`.
    pub(super) fn panel_words(&self, i: usize) -> &[u32] {
        let run = self.run(i);
        run.map_or(&[], |run| run.panel(i, self.inputs))
    }

    fn run(&self, panel: usize) -> Option<&Run> {
        let next = self.runs.partition_point(|run| run.first <= panel);
        self.runs.get(next.checked_sub(1)?)
    }

    /// The weights of one output: `inputs` numbers.
    pub fn row(&self, output: usize) -> impl Iterator<Item = f32> {
        let (panel, lane) = (output / PANEL, output % PANEL);
        let plain = self.plain_panels(panel, 1).unwrap_or_default();
        let of_blocks = match plain.is_empty() && output < self.outputs {
            true => self.unpacked(panel),
            false => Vec::new(),
        };
        let plain = plain.get(lane..).unwrap_or_default();
        let row = plain.iter().copied().step_by(PANEL);
        let skipped = lane.min(of_blocks.len());
        row.chain(of_blocks.into_iter().skip(skipped).step_by(PANEL))
            .take(self.inputs)
    }

    /// Panel `i` as numbers.
    pub(super) fn unpacked(&self, i: usize) -> Vec<f32> {
        let mut out = vec![0.0; self.inputs * PANEL];
        Arch::new().dispatch(Unpacked {
            form: self.form_and_count(i, 1).0,
            panel: self.panel_words(i),
            out: &mut out,
        });
        out
    }

    /// All weights in row-major order: outputs × inputs.
    #[cfg(any(test, feature = "device"))]
    pub fn to_rows(&self) -> Vec<f32> {
        let mut rows = vec![0.0; self.outputs * self.inputs];
        let size = (self.inputs * PANEL).max(1);
        rows.par_chunks_mut(size).enumerate().for_each(|(i, rows)| {
            let panel = self.unpacked(i);
            for (lane, row) in rows.chunks_exact_mut(self.inputs).enumerate() {
                let weights = panel[lane..].iter().step_by(PANEL);
                row.iter_mut()
                    .zip(weights)
                    .for_each(|(to, from)| *to = *from);
            }
        });
        rows
    }
}

/// A panel as numbers.
struct Unpacked<'a> {
    form: Form,
    panel: &'a [u32],
    out: &'a mut [f32],
}

impl WithSimd for Unpacked<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (slice, out) in self.out.chunks_mut(DEPTH * PANEL).enumerate() {
            unpack(simd, self.form, self.panel, slice * DEPTH, out);
        }
    }
}

/// Lays the weights of up to 32 outputs out as a panel; `room` is memory between calls.
fn pack<R: Rows>(
    rows: &R,
    form: Form,
    outputs: std::ops::Range<usize>,
    inputs: usize,
    room: &mut Vec<f32>,
    panel: &mut [u32],
) -> Result<(), R::Error> {
    if let Form::Blocks(blocks) = form {
        return pack_blocks(rows, blocks, outputs, panel);
    }
    room.resize(outputs.len() * inputs, 0.0);
    rows.read(outputs.start, room)?;
    match form {
        Form::F16 => transpose(room, inputs, panel, 2, to_f16),
        Form::Bf16 => transpose(room, inputs, panel, 2, to_bf16),
        _ => transpose(room, inputs, panel, 1, f32::to_bits),
    }
    Ok(())
}

fn pack_blocks<R: Rows>(
    rows: &R,
    blocks: Blocks,
    outputs: std::ops::Range<usize>,
    panel: &mut [u32],
) -> Result<(), R::Error> {
    let all = outputs.clone().map(|output| rows.blocks(output));
    let all = all.collect::<Result<Vec<_>, _>>()?;
    let all: Vec<&[u8]> = all.iter().map(AsRef::as_ref).collect();
    if !repack::panel(blocks, &all, panel) {
        rows.not_finite(outputs);
    }
    Ok(())
}

/// `rows` (as many as there are, `inputs` numbers each) into the columns of a panel of zeros, `per_word` inputs to a word.
fn transpose(
    rows: &[f32],
    inputs: usize,
    panel: &mut [u32],
    per_word: usize,
    bits: impl Fn(f32) -> u32,
) {
    // A few inputs at a time, so that what is written stays in the nearest cache.
    const STEP: usize = 16;
    let width = 32 / per_word;
    for start in (0..inputs).step_by(STEP) {
        let end = (start + STEP).min(inputs);
        for (lane, row) in rows.chunks_exact(inputs).enumerate() {
            for (i, values) in row[start..end].chunks(per_word).enumerate() {
                let mut word = 0;
                for (k, value) in values.iter().enumerate() {
                    word |= bits(*value) << (width * k);
                }
                panel[(start / per_word + i) * PANEL + lane] = word;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_matrix_is_no_trouble() {
        let empty = Packed::of_rows(&[], 0, 4);
        empty.multiply(&[1.0; 4], &mut []);
        empty.multiply_wide(&[1.0; 4], &mut []);
        assert_eq!(empty.panels(), 0);
        assert!(empty.to_rows().is_empty() && Packed::default().to_rows().is_empty());
    }
}
