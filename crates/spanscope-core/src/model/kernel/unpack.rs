//! Weights as they are kept become numbers: 32 outputs at once, in the vectors of the instruction set.

use super::PANEL;
use super::form::{Blocks, Form, Layout};
use super::half::from_f16;
use pulp::Simd;

/// Unpacks the inputs from `depth` on of a panel into `out`: as many rows of 32 numbers. Both must begin with a unit, and end with
/// one or with the panel.
#[inline(always)]
pub(super) fn unpack<S: Simd>(simd: S, form: Form, panel: &[u32], depth: usize, out: &mut [f32]) {
    match form {
        Form::F32 => {
            let words = panel.get(depth * PANEL..).unwrap_or_default();
            for (to, from) in out.iter_mut().zip(words) {
                *to = f32::from_bits(*from);
            }
        }
        Form::F16 => pairs::<S, true>(simd, &panel[depth / 2 * PANEL..], out),
        Form::Bf16 => pairs::<S, false>(simd, &panel[depth / 2 * PANEL..], out),
        Form::Blocks(blocks) => match blocks {
            Blocks::Q4_0 => units::<S, Q4_0>(simd, panel, depth, out),
            Blocks::Q4_1 => units::<S, Q4_1>(simd, panel, depth, out),
            Blocks::Q5_0 => units::<S, Q5_0>(simd, panel, depth, out),
            Blocks::Q5_1 => units::<S, Q5_1>(simd, panel, depth, out),
            Blocks::Q8_0 => units::<S, Q8_0>(simd, panel, depth, out),
            Blocks::Q2K => units::<S, Q2K>(simd, panel, depth, out),
            Blocks::Q3K => units::<S, Q3K>(simd, panel, depth, out),
            Blocks::Q4K => units::<S, Q4K>(simd, panel, depth, out),
            Blocks::Q5K => units::<S, Q5K>(simd, panel, depth, out),
            Blocks::Q6K => units::<S, Q6K>(simd, panel, depth, out),
            Blocks::Iq4Nl => of_table(simd, panel, depth, out),
            Blocks::Mxfp4 => units::<S, Mxfp4>(simd, panel, depth, out),
        },
    }
}

/// Numbers of 16 bits, two inputs to a word: IEEE halves, or the upper halves of `f32`.
#[inline(always)]
fn pairs<S: Simd, const HALF: bool>(simd: S, words: &[u32], out: &mut [f32]) {
    for (input, out) in out.as_chunks_mut::<PANEL>().0.iter_mut().enumerate() {
        let words = S::as_simd_u32s(&words[input / 2 * PANEL..][..PANEL]).0;
        let out = S::as_mut_simd_f32s(out).0;
        // The number's bits in the upper half of the word.
        let shift = simd.splat_u32s(if input % 2 == 0 { 16 } else { 0 });
        let upper = simd.splat_u32s(0xffff_0000);
        for (word, out) in words.iter().zip(out) {
            let bits = simd.and_u32s(simd.wrapping_dyn_shl_u32s(*word, shift), upper);
            *out = match HALF {
                true => halves(simd, bits),
                false => simd.transmute_f32s_u32s(bits),
            };
        }
    }
}

/// IEEE halves that stand in the upper half of words: as [`from_f16`].
#[inline(always)]
pub(super) fn halves<S: Simd>(simd: S, bits: S::u32s) -> S::f32s {
    let three = simd.splat_u32s(3);
    let sign = simd.and_u32s(bits, simd.splat_u32s(1 << 31));
    let exponent = simd.and_u32s(bits, simd.splat_u32s(0x7c00_0000));
    let size = simd.wrapping_dyn_shr_u32s(simd.and_u32s(bits, simd.splat_u32s(0x7fff_0000)), three);
    let normal = simd.add_u32s(size, simd.splat_u32s(112 << 23));
    let special = simd.add_u32s(size, simd.splat_u32s(224 << 23));
    // A multiple of 2^-24.
    let fraction = simd.and_u32s(bits, simd.splat_u32s(0x03ff_0000));
    let fraction = simd.wrapping_dyn_shr_u32s(fraction, simd.splat_u32s(16));
    let small = simd.mul_f32s(
        numbers(simd, fraction, 0.0),
        simd.splat_f32s(f32::from_bits((127 - 24) << 23)),
    );
    let small = simd.transmute_u32s_f32s(small);
    let is_small = simd.equal_u32s(exponent, simd.splat_u32s(0));
    let is_special = simd.equal_u32s(exponent, simd.splat_u32s(0x7c00_0000));
    let size = simd.select_u32s(is_special, special, normal);
    let size = simd.select_u32s(is_small, small, size);
    simd.transmute_f32s_u32s(simd.or_u32s(sign, size))
}

/// Whole numbers below 2^23 less `zero`, as numbers: exact.
#[inline(always)]
fn numbers<S: Simd>(simd: S, codes: S::u32s, zero: f32) -> S::f32s {
    // As the fraction of a number whose last bit is one.
    const ONE: f32 = 8_388_608.0;
    let above = simd.or_u32s(codes, simd.splat_u32s(ONE.to_bits()));
    simd.sub_f32s(simd.transmute_f32s_u32s(above), simd.splat_f32s(ONE + zero))
}

/// A format of blocks.
pub(super) trait Unpack {
    const LAYOUT: Layout;

    /// The values that the whole numbers of input `k` of 32 stand for, of the outputs of vector `v`.
    fn codes<S: Simd>(simd: S, planes: &[u32], k: usize, v: usize) -> S::f32s;
}

/// The numbers of `bits` bits of input `k`, in a plane that begins at row `first`.
#[inline(always)]
fn plane<S: Simd>(
    simd: S,
    planes: &[u32],
    (first, bits): (usize, usize),
    k: usize,
    v: usize,
) -> S::u32s {
    let row = first + k * bits / 32;
    let words = S::as_simd_u32s(&planes[row * PANEL..][..PANEL]).0[v];
    let shift = simd.splat_u32s((k * bits % 32) as u32);
    let mask = simd.splat_u32s((1 << bits) - 1);
    simd.and_u32s(simd.wrapping_dyn_shr_u32s(words, shift), mask)
}

/// Those of two planes, the second one's above the first one's, less `zero`.
#[inline(always)]
fn joined<S: Simd>(
    simd: S,
    planes: &[u32],
    [low, high]: [usize; 2],
    (k, v): (usize, usize),
    zero: f32,
) -> S::f32s {
    let lower = plane(simd, planes, (0, low), k, v);
    let upper = plane(simd, planes, (low, high), k, v);
    let upper = simd.wrapping_dyn_shl_u32s(upper, simd.splat_u32s(low as u32));
    numbers(simd, simd.or_u32s(lower, upper), zero)
}

#[inline(always)]
fn units<S: Simd, F: Unpack>(simd: S, panel: &[u32], depth: usize, out: &mut [f32]) {
    let layout = const { F::LAYOUT };
    let size = const { F::LAYOUT.unit_words() };
    let codes = const { F::LAYOUT.places()[3] };
    let units = panel[depth / layout.unit * size..].chunks_exact(size);
    for (unit, out) in units.zip(out.chunks_exact_mut(layout.unit * PANEL)) {
        let (head, planes) = unit.split_at(codes / 4);
        let head: &[u8] = bytemuck::cast_slice(head);
        let scales = scales_and_shifts::<F>(head);
        for (g, out) in out.chunks_exact_mut(layout.group * PANEL).enumerate() {
            let [step, low] = steps_and_lows::<F>(scales, head, g);
            let first = g * layout.group;
            let planes = &planes[first / 32 * layout.bits * PANEL..][..layout.bits * PANEL];
            let (step, low) = (S::as_simd_f32s(&step).0, S::as_simd_f32s(&low).0);
            // Eight at a time: their places in a word are then constants.
            for (j, out) in out.chunks_exact_mut(8 * PANEL).enumerate() {
                for i in 0..8 {
                    let out = S::as_mut_simd_f32s(&mut out[i * PANEL..][..PANEL]).0;
                    for (v, out) in out.iter_mut().enumerate() {
                        let codes = F::codes(simd, planes, first % 32 + 8 * j + i, v);
                        *out = value::<S, F>(simd, step[v], low[v], codes);
                    }
                }
            }
        }
    }
}

/// The weight that a whole number stands for.
#[inline(always)]
pub(super) fn value<S: Simd, F: Unpack>(
    simd: S,
    step: S::f32s,
    low: S::f32s,
    codes: S::f32s,
) -> S::f32s {
    let layout = const { F::LAYOUT };
    let value = simd.mul_f32s(step, codes);
    // As the formats have it: a minimum with factors is taken off, one without is added.
    if layout.lows {
        simd.sub_f32s(value, low)
    } else if layout.shift {
        simd.add_f32s(value, low)
    } else {
        value
    }
}

/// The scales and shifts of a unit's outputs.
#[inline(always)]
pub(super) fn scales_and_shifts<F: Unpack>(head: &[u8]) -> [[f32; PANEL]; 2] {
    let layout = const { F::LAYOUT };
    let scales = match layout.scale {
        1 => powers(head),
        _ => of_halves(head),
    };
    let shifts = match layout.shift {
        true => of_halves(&head[const { F::LAYOUT.places() }[0]..]),
        false => [0.0; PANEL],
    };
    [scales, shifts]
}

/// The steps and lows of a group, of the scales and shifts of its unit.
#[inline(always)]
pub(super) fn steps_and_lows<F: Unpack>(
    [mut step, mut low]: [[f32; PANEL]; 2],
    head: &[u8],
    group: usize,
) -> [[f32; PANEL]; 2] {
    let layout = const { F::LAYOUT };
    let [_, factors, lows, _] = const { F::LAYOUT.places() };
    if layout.factors {
        times_signed(&mut step, &head[factors + group * PANEL..]);
    }
    if layout.lows {
        times_unsigned(&mut low, &head[lows + group * PANEL..]);
    }
    [step, low]
}

/// 32 halves, little-endian, as numbers.
#[inline(always)]
fn of_halves(bytes: &[u8]) -> [f32; PANEL] {
    let mut out = [0.0; PANEL];
    if let Some(bytes) = bytes.first_chunk::<{ 2 * PANEL }>() {
        for lane in 0..PANEL {
            out[lane] = from_f16(u16::from_le_bytes([bytes[2 * lane], bytes[2 * lane + 1]]));
        }
    }
    out
}

/// 2^(e − 127) of 32 numbers e.
#[inline(always)]
fn powers(bytes: &[u8]) -> [f32; PANEL] {
    let mut out = [0.0; PANEL];
    if let Some(bytes) = bytes.first_chunk::<PANEL>() {
        for lane in 0..PANEL {
            out[lane] = match bytes[lane] {
                // Below the smallest normal number the power itself is the pattern of bits.
                0 => f32::from_bits(1 << 22),
                255 => 2.0 * f32::from_bits(254 << 23),
                e => f32::from_bits(u32::from(e) << 23),
            };
        }
    }
    out
}

#[inline(always)]
fn times_signed(values: &mut [f32; PANEL], bytes: &[u8]) {
    if let Some(bytes) = bytes.first_chunk::<PANEL>() {
        for lane in 0..PANEL {
            values[lane] *= f32::from(bytes[lane] as i8);
        }
    }
}

#[inline(always)]
fn times_unsigned(values: &mut [f32; PANEL], bytes: &[u8]) {
    if let Some(bytes) = bytes.first_chunk::<PANEL>() {
        for lane in 0..PANEL {
            values[lane] *= f32::from(bytes[lane]);
        }
    }
}

/// Floating-point numbers of four bits: sign, two bits of exponent, one of fraction.
#[inline(always)]
fn floats<S: Simd>(simd: S, codes: S::u32s) -> S::f32s {
    let shl = |of, by| simd.wrapping_dyn_shl_u32s(of, simd.splat_u32s(by));
    let sign = simd.and_u32s(shl(codes, 28), simd.splat_u32s(1 << 31));
    let rest = simd.and_u32s(codes, simd.splat_u32s(7));
    let normal = simd.add_u32s(shl(rest, 22), simd.splat_u32s(126 << 23));
    // Without an exponent, a half or nothing.
    let no_or_all = simd.sub_u32s(simd.splat_u32s(0), rest);
    let small = simd.and_u32s(no_or_all, simd.splat_u32s(126 << 23));
    let is_small = simd.less_than_u32s(rest, simd.splat_u32s(2));
    let size = simd.select_u32s(is_small, small, normal);
    simd.transmute_f32s_u32s(simd.or_u32s(sign, size))
}

/// The 16 values of IQ4_NL.
const IQ4_NL: [f32; 16] = [
    -127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0,
    89.0, 113.0,
];

/// Blocks of values of a table: all looked up first, then multiplied, because a vector that is read where single numbers have just
/// been written has to wait for them.
#[inline(always)]
fn of_table<S: Simd>(simd: S, panel: &[u32], depth: usize, out: &mut [f32]) {
    const LAYOUT: Layout = Blocks::Iq4Nl.layout();
    let size = const { LAYOUT.unit_words() };
    let units = panel[depth / LAYOUT.unit * size..].chunks_exact(size);
    for (unit, out) in units.zip(out.chunks_exact_mut(LAYOUT.unit * PANEL)) {
        let (head, planes) = unit.split_at(const { LAYOUT.places()[3] } / 4);
        let step = of_halves(bytemuck::cast_slice(head));
        for (k, out) in out.as_chunks_mut::<PANEL>().0.iter_mut().enumerate() {
            let words = &planes[k / 8 * PANEL..][..PANEL];
            for (out, word) in out.iter_mut().zip(words) {
                *out = IQ4_NL[(word >> (4 * (k % 8)) & 15) as usize];
            }
        }
        let step = S::as_simd_f32s(&step).0;
        for out in out.as_chunks_mut::<PANEL>().0 {
            for (out, step) in S::as_mut_simd_f32s(out).0.iter_mut().zip(step) {
                *out = simd.mul_f32s(*step, *out);
            }
        }
    }
}

/// A format of blocks and how its whole numbers are unpacked.
macro_rules! format {
    ($name:ident, $simd:ident, $planes:ident, $k:ident, $v:ident, $codes:expr) => {
        pub(super) struct $name;
        impl Unpack for $name {
            const LAYOUT: Layout = Blocks::$name.layout();
            #[inline(always)]
            fn codes<S: Simd>($simd: S, $planes: &[u32], $k: usize, $v: usize) -> S::f32s {
                $codes
            }
        }
    };
}

format!(Q4_0, s, p, k, v, numbers(s, plane(s, p, (0, 4), k, v), 8.0));
format!(Q4_1, s, p, k, v, numbers(s, plane(s, p, (0, 4), k, v), 0.0));
format!(Q5_0, s, p, k, v, joined(s, p, [4, 1], (k, v), 16.0));
format!(Q5_1, s, p, k, v, joined(s, p, [4, 1], (k, v), 0.0));
format!(
    Q8_0,
    s,
    p,
    k,
    v,
    numbers(s, plane(s, p, (0, 8), k, v), 128.0)
);
format!(Q2K, s, p, k, v, numbers(s, plane(s, p, (0, 2), k, v), 0.0));
format!(Q3K, s, p, k, v, joined(s, p, [2, 1], (k, v), 4.0));
format!(Q4K, s, p, k, v, numbers(s, plane(s, p, (0, 4), k, v), 0.0));
format!(Q5K, s, p, k, v, joined(s, p, [4, 1], (k, v), 0.0));
format!(Q6K, s, p, k, v, joined(s, p, [4, 2], (k, v), 32.0));
format!(Mxfp4, s, p, k, v, floats(s, plane(s, p, (0, 4), k, v)));
