//! One row by weights as they are kept, each used as soon as it is unpacked: in the same steps as
//! [`one_panel`](super::product::one_panel) by what [`unpack`](super::unpack::unpack) gives, so that the result is the same.

use super::form::{Blocks, Form};
use super::unpack::{
    Mxfp4, Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0, Unpack, halves,
    scales_and_shifts, steps_and_lows, value,
};
use super::{DEPTH, PANEL, outside};
use pulp::Simd;

/// A form that is unpacked into vectors.
trait Kept {
    /// Words that hold [`DEPTH`] inputs of a panel.
    const SLICE: usize;

    /// Adds the products of up to [`DEPTH`] inputs, one after the other; `VECTORS` vectors are a panel's outputs.
    fn add<S: Simd, const VECTORS: usize>(
        simd: S,
        row: &[f32],
        words: &[u32],
        sums: &mut [S::f32s; VECTORS],
    );
}

/// The product of a row with one panel, put into `out`. False, and nothing is done, where the form has to be unpacked first.
#[inline(always)]
pub(super) fn row_by_kept<S: Simd>(
    simd: S,
    form: Form,
    row: &[f32],
    panel: &[u32],
    out: &mut [f32],
) -> bool {
    if outside::brought().is_some() {
        return false;
    }
    match form {
        Form::F16 => row_by::<S, Pairs<true>>(simd, row, panel, out),
        Form::Bf16 => row_by::<S, Pairs<false>>(simd, row, panel, out),
        Form::Blocks(blocks) => match blocks {
            Blocks::Q4_0 => row_by::<S, Units<Q4_0>>(simd, row, panel, out),
            Blocks::Q4_1 => row_by::<S, Units<Q4_1>>(simd, row, panel, out),
            Blocks::Q5_0 => row_by::<S, Units<Q5_0>>(simd, row, panel, out),
            Blocks::Q5_1 => row_by::<S, Units<Q5_1>>(simd, row, panel, out),
            Blocks::Q8_0 => row_by::<S, Units<Q8_0>>(simd, row, panel, out),
            Blocks::Q2K => row_by::<S, Units<Q2K>>(simd, row, panel, out),
            Blocks::Q3K => row_by::<S, Units<Q3K>>(simd, row, panel, out),
            Blocks::Q4K => row_by::<S, Units<Q4K>>(simd, row, panel, out),
            Blocks::Q5K => row_by::<S, Units<Q5K>>(simd, row, panel, out),
            Blocks::Q6K => row_by::<S, Units<Q6K>>(simd, row, panel, out),
            Blocks::Mxfp4 => row_by::<S, Units<Mxfp4>>(simd, row, panel, out),
            Blocks::Iq4Nl => return false,
        },
        Form::F32 => return false,
    }
    true
}

#[inline(always)]
fn row_by<S: Simd, K: Kept>(simd: S, row: &[f32], panel: &[u32], out: &mut [f32]) {
    match S::F32_LANES {
        16 => in_vectors::<S, K, 2>(simd, row, panel, out),
        8 => in_vectors::<S, K, 4>(simd, row, panel, out),
        4 => in_vectors::<S, K, 8>(simd, row, panel, out),
        _ => in_vectors::<S, K, PANEL>(simd, row, panel, out),
    }
}

#[inline(always)]
fn in_vectors<S: Simd, K: Kept, const VECTORS: usize>(
    simd: S,
    row: &[f32],
    panel: &[u32],
    out: &mut [f32],
) {
    let out = S::as_mut_simd_f32s(out).0;
    let slices = panel.chunks(K::SLICE).zip(row.chunks(DEPTH));
    for (slice, (words, row)) in slices.enumerate() {
        let mut sums = [simd.splat_f32s(0.0); VECTORS];
        K::add(simd, row, words, &mut sums);
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = match slice {
                0 => sum,
                _ => simd.add_f32s(*out, sum),
            };
        }
    }
}

/// Numbers of 16 bits: IEEE halves, or the upper halves of `f32`.
struct Pairs<const HALF: bool>;

impl<const HALF: bool> Kept for Pairs<HALF> {
    const SLICE: usize = DEPTH / 2 * PANEL;

    #[inline(always)]
    fn add<S: Simd, const VECTORS: usize>(
        simd: S,
        row: &[f32],
        words: &[u32],
        sums: &mut [S::f32s; VECTORS],
    ) {
        let upper = simd.splat_u32s(0xffff_0000);
        for (words, pair) in words.chunks_exact(PANEL).zip(row.chunks(2)) {
            let words = S::as_simd_u32s(words).0;
            for (i, x) in pair.iter().enumerate() {
                let x = simd.splat_f32s(*x);
                for (sum, word) in sums.iter_mut().zip(words) {
                    // The number's bits in the upper half of the word.
                    let bits = match i {
                        0 => simd.wrapping_dyn_shl_u32s(*word, simd.splat_u32s(16)),
                        _ => simd.and_u32s(*word, upper),
                    };
                    let weight = match HALF {
                        true => halves(simd, bits),
                        false => simd.transmute_f32s_u32s(bits),
                    };
                    *sum = simd.mul_add_e_f32s(x, weight, *sum);
                }
            }
        }
    }
}

/// Blocks, in units.
struct Units<F>(std::marker::PhantomData<F>);

impl<F: Unpack> Kept for Units<F> {
    const SLICE: usize = DEPTH / F::LAYOUT.unit * F::LAYOUT.unit_words();

    #[inline(always)]
    fn add<S: Simd, const VECTORS: usize>(
        simd: S,
        row: &[f32],
        words: &[u32],
        sums: &mut [S::f32s; VECTORS],
    ) {
        let layout = const { F::LAYOUT };
        let units = words.chunks_exact(const { F::LAYOUT.unit_words() });
        for (unit, row) in units.zip(row.chunks_exact(layout.unit)) {
            let (head, planes) = unit.split_at(const { F::LAYOUT.places()[3] / 4 });
            let head: &[u8] = bytemuck::cast_slice(head);
            let scales = scales_and_shifts::<F>(head);
            for (group, row) in row.chunks_exact(layout.group).enumerate() {
                let [step, low] = steps_and_lows::<F>(scales, head, group);
                let (step, low) = (S::as_simd_f32s(&step).0, S::as_simd_f32s(&low).0);
                let step: [S::f32s; VECTORS] = std::array::from_fn(|v| step[v]);
                let low: [S::f32s; VECTORS] = std::array::from_fn(|v| low[v]);
                let first = group * layout.group;
                let planes = &planes[first / 32 * layout.bits * PANEL..][..layout.bits * PANEL];
                for (j, row) in row.as_chunks::<8>().0.iter().enumerate() {
                    for (i, x) in row.iter().enumerate() {
                        let x = simd.splat_f32s(*x);
                        for (v, sum) in sums.iter_mut().enumerate() {
                            let codes = F::codes(simd, planes, first % 32 + 8 * j + i, v);
                            let weight = value::<S, F>(simd, step[v], low[v], codes);
                            *sum = simd.mul_add_e_f32s(x, weight, *sum);
                        }
                    }
                }
            }
        }
    }
}
