//! Blocks of quantised weights become `f32`: exactly the values that llama.cpp's reference dequantisation gives.
//!
//! In all formats d (and m, dmin) are `f16` scales and q the stored whole numbers. "Split" nibbles: byte b of a block of 32
//! holds value b in its low half and value b + 16 in its high half.

use super::GgmlType;
use half::{bf16, f16};

/// The 16 values of IQ4_NL.
const IQ4_NL: [i8; 16] = [
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
];

/// The 16 values of MXFP4: sign, two bits of exponent, one of fraction.
const FP4: [f32; 16] = [
    0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0,
];

/// Decodes whole blocks: `bytes` holds `out.len()` values. Nothing is decoded of a format that is not read.
///
/// # Panics
/// When `out` is no whole number of blocks, or `bytes` is shorter than they are.
pub fn dequantise(kind: GgmlType, bytes: &[u8], out: &mut [f32]) {
    let Some((values, size)) = kind.block() else {
        return;
    };
    assert!(
        out.len().is_multiple_of(values),
        "{} values are no whole blocks of {values}",
        out.len()
    );
    let blocks = out.len() / values;
    let bytes = &bytes[..blocks * size];
    let decode: fn(&[u8], &mut [f32]) = match kind {
        GgmlType::F32 => |b, out| each(b, out, f32::from_le_bytes),
        GgmlType::F64 => |b, out| each(b, out, |b| f64::from_le_bytes(b) as f32),
        GgmlType::F16 => |b, out| each(b, out, |b| f16::from_le_bytes(b).to_f32()),
        GgmlType::BF16 => |b, out| each(b, out, |b| bf16::from_le_bytes(b).to_f32()),
        GgmlType::Q4_0 => q4_0,
        GgmlType::Q4_1 => q4_1,
        GgmlType::Q5_0 => q5_0,
        GgmlType::Q5_1 => q5_1,
        GgmlType::Q8_0 => q8_0,
        GgmlType::Q2K => q2_k,
        GgmlType::Q3K => q3_k,
        GgmlType::Q4K => q4_k,
        GgmlType::Q5K => q5_k,
        GgmlType::Q6K => q6_k,
        GgmlType::Iq4Nl => iq4_nl,
        GgmlType::Mxfp4 => mxfp4,
        GgmlType::Other(_) => return,
    };
    match values {
        // Plain numbers are one run.
        1 => decode(bytes, out),
        _ => {
            for (block, out) in bytes.chunks_exact(size).zip(out.chunks_exact_mut(values)) {
                decode(block, out);
            }
        }
    }
}

fn each<const N: usize>(bytes: &[u8], out: &mut [f32], f: impl Fn([u8; N]) -> f32) {
    for (value, chunk) in out.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *value = f(*chunk);
    }
}

fn scale(bytes: &[u8]) -> f32 {
    f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()
}

/// Values out of split nibbles: `f(value's place, q)`.
fn split(nibbles: &[u8], out: &mut [f32], f: impl Fn(usize, u8) -> f32) {
    for (i, byte) in nibbles.iter().enumerate() {
        out[i] = f(i, byte & 15);
        out[i + 16] = f(i + 16, byte >> 4);
    }
}

fn q4_0(b: &[u8], out: &mut [f32]) {
    let d = scale(b);
    split(&b[2..18], out, |_, q| d * f32::from(q as i8 - 8));
}

fn q4_1(b: &[u8], out: &mut [f32]) {
    let (d, m) = (scale(b), scale(&b[2..]));
    split(&b[4..20], out, |_, q| d * f32::from(q) + m);
}

/// The fifth bit of value `i`, as 16 or 0.
fn fifth(bits: u32, i: usize) -> u8 {
    ((bits >> i & 1) as u8) << 4
}

fn q5_0(b: &[u8], out: &mut [f32]) {
    let d = scale(b);
    let bits = u32::from_le_bytes([b[2], b[3], b[4], b[5]]);
    split(&b[6..22], out, |i, q| {
        d * f32::from((q | fifth(bits, i)) as i8 - 16)
    });
}

fn q5_1(b: &[u8], out: &mut [f32]) {
    let (d, m) = (scale(b), scale(&b[2..]));
    let bits = u32::from_le_bytes([b[4], b[5], b[6], b[7]]);
    split(&b[8..24], out, |i, q| d * f32::from(q | fifth(bits, i)) + m);
}

fn q8_0(b: &[u8], out: &mut [f32]) {
    let d = scale(b);
    for (value, q) in out.iter_mut().zip(&b[2..34]) {
        *value = d * f32::from(*q as i8);
    }
}

fn q2_k(b: &[u8], out: &mut [f32]) {
    let (scales, quants) = (&b[..16], &b[16..80]);
    let (d, dmin) = (scale(&b[80..]), scale(&b[82..]));
    for (group, out) in out.chunks_exact_mut(16).enumerate() {
        // Two halves of 128; in each, 32 bytes serve four times 32 values by shifts of two bits.
        let (half, shift, start) = (group / 8, 2 * (group % 8 / 2), 16 * (group % 2));
        let (step, low) = (
            d * f32::from(scales[group] & 15),
            dmin * f32::from(scales[group] >> 4),
        );
        let bytes = &quants[32 * half + start..][..16];
        for (value, byte) in out.iter_mut().zip(bytes) {
            *value = step * f32::from(byte >> shift & 3) - low;
        }
    }
}

fn q3_k(b: &[u8], out: &mut [f32]) {
    let (high, quants, packed) = (&b[..32], &b[32..96], &b[96..108]);
    let d = scale(&b[108..]);
    for (group, out) in out.chunks_exact_mut(16).enumerate() {
        let (half, shift, start) = (group / 8, 2 * (group % 8 / 2), 16 * (group % 2));
        let low = if group < 8 {
            packed[group] & 15
        } else {
            packed[group - 8] >> 4
        };
        let upper = packed[8 + group % 4] >> (2 * (group / 4)) & 3;
        let step = d * f32::from((low | upper << 4) as i8 - 32);
        let bit = group / 2;
        for (i, value) in out.iter_mut().enumerate() {
            let q = (quants[32 * half + start + i] >> shift & 3) as i8;
            let set = high[start + i] >> bit & 1 == 1;
            *value = step * f32::from(if set { q } else { q - 4 });
        }
    }
}

/// Scale and minimum `k` of the eight that Q4_K and Q5_K pack into 12 bytes of 6 bits each.
fn six_bits(b: &[u8], k: usize) -> (u8, u8) {
    if k < 4 {
        (b[k] & 63, b[k + 4] & 63)
    } else {
        (
            b[k + 4] & 15 | (b[k - 4] >> 6) << 4,
            b[k + 4] >> 4 | (b[k] >> 6) << 4,
        )
    }
}

fn q4_k(b: &[u8], out: &mut [f32]) {
    let (d, dmin) = (scale(b), scale(&b[2..]));
    let (scales, quants) = (&b[4..16], &b[16..144]);
    for (group, out) in out.chunks_exact_mut(32).enumerate() {
        let (s, m) = six_bits(scales, group);
        let (step, low) = (d * f32::from(s), dmin * f32::from(m));
        let bytes = &quants[32 * (group / 2)..][..32];
        let shift = 4 * (group % 2);
        for (value, byte) in out.iter_mut().zip(bytes) {
            *value = step * f32::from(byte >> shift & 15) - low;
        }
    }
}

fn q5_k(b: &[u8], out: &mut [f32]) {
    let (d, dmin) = (scale(b), scale(&b[2..]));
    let (scales, high, quants) = (&b[4..16], &b[16..48], &b[48..176]);
    for (group, out) in out.chunks_exact_mut(32).enumerate() {
        let (s, m) = six_bits(scales, group);
        let (step, low) = (d * f32::from(s), dmin * f32::from(m));
        let bytes = &quants[32 * (group / 2)..][..32];
        let shift = 4 * (group % 2);
        for ((value, byte), high) in out.iter_mut().zip(bytes).zip(high) {
            let q = byte >> shift & 15 | (high >> group & 1) << 4;
            *value = step * f32::from(q) - low;
        }
    }
}

fn q6_k(b: &[u8], out: &mut [f32]) {
    let (low, high, scales) = (&b[..128], &b[128..192], &b[192..208]);
    let d = scale(&b[208..]);
    for (group, out) in out.chunks_exact_mut(16).enumerate() {
        let step = d * f32::from(scales[group] as i8);
        // Two halves of 128 values: 64 bytes of low nibbles, 32 bytes of two upper bits.
        let half = group / 8;
        for (i, value) in out.iter_mut().enumerate() {
            let place = 16 * (group % 8) + i;
            let nibble = low[64 * half + place % 64] >> (4 * (place / 64)) & 15;
            let upper = high[32 * half + place % 32] >> (2 * (place / 32)) & 3;
            *value = step * f32::from((nibble | upper << 4) as i8 - 32);
        }
    }
}

fn iq4_nl(b: &[u8], out: &mut [f32]) {
    let d = scale(b);
    split(&b[2..18], out, |_, q| d * f32::from(IQ4_NL[usize::from(q)]));
}

fn mxfp4(b: &[u8], out: &mut [f32]) {
    // 2^(e − 127): below the smallest normal number the power itself is the pattern of bits.
    let step = match b[0] {
        0 => f32::from_bits(1 << 22),
        255 => 2.0 * f32::from_bits(254 << 23),
        e => f32::from_bits(u32::from(e) << 23),
    };
    split(&b[1..17], out, |_, q| step * FP4[usize::from(q)]);
}
