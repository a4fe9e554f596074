//! Stored numbers become `f32`.

use super::dtype::Dtype;
use super::gguf::{self, GgmlType};
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use half::{bf16, f16};
use std::ops::Range;

/// The bytes of some elements of `storage` that lie one after the other; nothing where it is too short, or they do not begin
/// with a block.
pub(super) fn span(storage: &[u8], dtype: Dtype, elements: Range<usize>) -> Option<&[u8]> {
    let (values, size) = dtype.block();
    let start = elements
        .start
        .is_multiple_of(values)
        .then_some(elements.start / values)?;
    let end = elements.end.div_ceil(values).checked_mul(size)?;
    storage.get(start.checked_mul(size)?..end)
}

/// Decodes the elements from number `start` on of `bytes`, in which they lie one after the other.
pub(super) fn from(bytes: &[u8], dtype: Dtype, start: usize, out: &mut [f32]) {
    if let Dtype::Blocks(kind) = dtype {
        return blocks(bytes, kind, start, out);
    }
    let (_, size) = dtype.block();
    run(&bytes[start * size..(start + out.len()) * size], dtype, out);
}

/// As [`from`], of blocks: those at the ends, of which only a part is asked for, are decoded beside.
fn blocks(bytes: &[u8], kind: GgmlType, start: usize, mut out: &mut [f32]) {
    /// The longest block of any format.
    const LONGEST: usize = 256;
    let Some((values, size)) = kind.block().filter(|(values, _)| *values <= LONGEST) else {
        return;
    };
    let (mut block, mut first) = (start / values, start % values);
    while !out.is_empty() {
        let whole = match first {
            0 => out.len() / values,
            _ => 0,
        };
        let count = match whole {
            0 => out.len().min(values - first),
            _ => whole * values,
        };
        let (piece, rest) = out.split_at_mut(count);
        let from = &bytes[block * size..];
        if whole > 0 {
            gguf::dequantise(kind, from, piece);
        } else {
            let mut beside = [0.0; LONGEST];
            let beside = &mut beside[..values];
            gguf::dequantise(kind, from, beside);
            piece.copy_from_slice(&beside[first..first + count]);
        }
        (out, first) = (rest, 0);
        block += whole.max(1);
    }
}

/// Decodes `bytes`, `out.len()` little-endian numbers one after the other, wherever in memory they begin; of blocks, all.
fn run(bytes: &[u8], dtype: Dtype, out: &mut [f32]) {
    match dtype {
        Dtype::F32 => each(bytes, out, f32::from_le_bytes),
        Dtype::F16 => halves(bytes, out),
        Dtype::BF16 => each(bytes, out, |b| bf16::from_le_bytes(b).to_f32()),
        Dtype::F64 => each(bytes, out, |b| f64::from_le_bytes(b) as f32),
        Dtype::U8 => each(bytes, out, |[b]| f32::from(b)),
        Dtype::Blocks(kind) => blocks(bytes, kind, 0, out),
    }
}

/// Decodes every `stride`-th number of `bytes` from number `start` on.
pub(super) fn strided(bytes: &[u8], dtype: Dtype, start: usize, stride: usize, out: &mut [f32]) {
    if stride == 1 {
        return from(bytes, dtype, start, out);
    }
    let walk = Walk {
        bytes,
        start,
        stride,
    };
    match dtype {
        Dtype::F32 => walk.each(out, f32::from_le_bytes),
        Dtype::F16 => walk.each(out, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => walk.each(out, |b| bf16::from_le_bytes(b).to_f32()),
        Dtype::F64 => walk.each(out, |b| f64::from_le_bytes(b) as f32),
        Dtype::U8 => walk.each(out, |[b]| f32::from(b)),
        // Files of blocks have no such views; one by one is soon enough.
        Dtype::Blocks(kind) => {
            for (i, value) in out.iter_mut().enumerate() {
                blocks(bytes, kind, start + i * stride, std::slice::from_mut(value));
            }
        }
    }
}

/// True if no value is an infinity or what is no number. It looks at all of them: without a way out early the loop
/// works on many values at once.
pub(super) fn all_finite(values: &[f32]) -> bool {
    const EXPONENT: u32 = 0x7f80_0000;
    let wrong = |bad, value: &f32| bad | u32::from(value.to_bits() & EXPONENT == EXPONENT);
    values.iter().fold(0, wrong) == 0
}

fn each<const N: usize>(bytes: &[u8], out: &mut [f32], f: impl Fn([u8; N]) -> f32) {
    debug_assert_eq!(bytes.len(), out.len() * N);
    for (value, chunk) in out.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *value = f(*chunk);
    }
}

/// As [`each`] for `f16`, where the processor converts several at once but wants them aligned.
fn halves(bytes: &[u8], out: &mut [f32]) {
    debug_assert_eq!(bytes.len(), out.len() * 2);
    if cfg!(target_endian = "little")
        && let Ok(bits) = bytemuck::try_cast_slice::<u8, u16>(bytes)
    {
        let halves: &[f16] = bits.reinterpret_cast();
        return halves.convert_to_f32_slice(out);
    }
    let mut aligned = [f16::ZERO; 512];
    for (out, bytes) in out.chunks_mut(512).zip(bytes.chunks(2 * 512)) {
        let aligned = &mut aligned[..out.len()];
        for (half, chunk) in aligned.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *half = f16::from_le_bytes(*chunk);
        }
        aligned.convert_to_f32_slice(out);
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    start: usize,
    stride: usize,
}

impl Walk<'_> {
    fn each<const N: usize>(&self, out: &mut [f32], f: impl Fn([u8; N]) -> f32) {
        let numbers = self.bytes.as_chunks::<N>().0;
        for (i, value) in out.iter_mut().enumerate() {
            *value = f(numbers[self.start + i * self.stride]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes `numbers` from an address that suits any number, and from one that suits none.
    fn decoded(numbers: &[u8], dtype: Dtype) -> [Vec<f32>; 2] {
        [0, 1].map(|shift| {
            let mut bytes = vec![0; numbers.len() + 16];
            let at = bytes.as_ptr().align_offset(8) + shift;
            let bytes = &mut bytes[at..at + numbers.len()];
            bytes.copy_from_slice(numbers);
            let mut out = vec![-1.0; numbers.len() / dtype.block().1];
            run(bytes, dtype, &mut out);
            out
        })
    }

    fn same(a: f32, b: f32) -> bool {
        a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
    }

    #[test]
    fn every_number_of_16_bits_is_decoded() {
        // One more than a power of two, so that the last ones are alone.
        let bits: Vec<u16> = (0..=u16::MAX).chain([0x3c00]).collect();
        let bytes: Vec<u8> = bits.iter().flat_map(|b| b.to_le_bytes()).collect();
        let f16_value = |b: u16| {
            let (exponent, fraction) = (i32::from(b >> 10 & 0x1f), f32::from(b & 0x3ff));
            let size = match exponent {
                0 => fraction * 2_f32.powi(-24),
                31 if fraction == 0.0 => f32::INFINITY,
                31 => f32::NAN,
                _ => (1024.0 + fraction) * 2_f32.powi(exponent - 25),
            };
            if b >> 15 == 1 { -size } else { size }
        };
        let bf16_value = |b: u16| f32::from_bits(u32::from(b) << 16);
        for (dtype, value) in [
            (Dtype::F16, &f16_value as &dyn Fn(u16) -> f32),
            (Dtype::BF16, &bf16_value),
        ] {
            for out in decoded(&bytes, dtype) {
                for (&b, &found) in bits.iter().zip(&out) {
                    assert!(same(found, value(b)), "{dtype:?} {b:#06x}: {found}");
                }
            }
        }
    }

    #[test]
    fn wider_numbers_are_decoded() {
        let values = [
            0.0,
            -0.0,
            1.5,
            -3e38,
            1e-45,
            f32::MIN_POSITIVE / 2.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
        ];
        let f32s: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let f64s: Vec<u8> = values
            .iter()
            .flat_map(|v| f64::from(*v).to_le_bytes())
            .collect();
        for out in [decoded(&f32s, Dtype::F32), decoded(&f64s, Dtype::F64)].concat() {
            assert!(out.iter().zip(values).all(|(a, b)| same(*a, b)), "{out:?}");
        }
        // What f32 cannot hold.
        let [rounded, _] = decoded(&[0.1_f64, 1e300].map(f64::to_le_bytes).concat(), Dtype::F64);
        assert_eq!(rounded, [0.1, f32::INFINITY]);
    }

    #[test]
    fn one_value_that_is_not_finite_is_found_wherever_it_is() {
        for n in [0, 1, 7, 64, 67] {
            let mut values = vec![f32::MAX; n];
            assert!(all_finite(&values));
            for at in 0..n {
                for wrong in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -f32::NAN] {
                    values[at] = wrong;
                    assert!(!all_finite(&values), "{wrong} at {at} of {n}");
                }
                values[at] = -1e-45;
            }
        }
    }
}
