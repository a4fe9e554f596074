//! Blocks of a file, laid out as a panel holds them: see [`form`](super::form).

use super::PANEL;
use super::form::Blocks;
use half::f16;

/// Inputs of the longest block.
const LONGEST: usize = 256;

/// A block, taken apart.
struct Parts {
    /// The scale's bits.
    scale: u16,
    /// Those of the shift.
    shift: u16,
    factors: [u8; LONGEST / 16],
    lows: [u8; LONGEST / 16],
    /// Whole numbers as the file has them, one a byte.
    codes: [u8; LONGEST],
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            scale: 0,
            shift: 0,
            factors: [0; LONGEST / 16],
            lows: [0; LONGEST / 16],
            codes: [0; LONGEST],
        }
    }
}

/// Lays the blocks of up to 32 rows out as a panel. False where a scale is no finite number.
///
/// # Panics
/// When a row is shorter than the panel is long.
pub(super) fn panel(blocks: Blocks, rows: &[&[u8]], panel: &mut [u32]) -> bool {
    let layout = blocks.layout();
    let [shifts, factors, lows, codes] = layout.places();
    let groups = layout.unit / layout.group;
    let mut parts = Parts::default();
    let mut finite = true;
    for (u, unit) in panel.chunks_exact_mut(layout.unit_words()).enumerate() {
        let (head, planes) = unit.split_at_mut(codes / 4);
        let head: &mut [u8] = bytemuck::cast_slice_mut(head);
        for (lane, row) in rows.iter().enumerate() {
            take_apart(blocks, row, u, &mut parts);
            finite &= layout.scale == 1 || is_finite(parts.scale) && is_finite(parts.shift);
            match layout.scale {
                1 => head[lane] = parts.scale as u8,
                _ => put(head, 2 * lane, parts.scale),
            }
            if layout.shift {
                put(head, shifts + 2 * lane, parts.shift);
            }
            for group in 0..groups {
                if layout.factors {
                    head[factors + group * PANEL + lane] = parts.factors[group];
                }
                if layout.lows {
                    head[lows + group * PANEL + lane] = parts.lows[group];
                }
            }
            let planes = planes.chunks_exact_mut(layout.bits * PANEL);
            for (codes, planes) in parts.codes.as_chunks::<32>().0.iter().zip(planes) {
                join(layout.bits, codes, lane, planes);
            }
        }
    }
    finite
}

fn put(head: &mut [u8], at: usize, bits: u16) {
    head[at..at + 2].copy_from_slice(&bits.to_le_bytes());
}

fn is_finite(bits: u16) -> bool {
    f16::from_bits(bits).is_finite()
}

/// 32 whole numbers of one output, bit plane by bit plane.
fn join(bits: usize, codes: &[u8; 32], lane: usize, planes: &mut [u32]) {
    // What is taken off again when they are unpacked, so that no number is below 0.
    let flip = if bits == 8 { 0x80 } else { 0 };
    let mut first = 0;
    let mut plane = |width: usize, shift: usize| {
        let per_word = 32 / width;
        for (i, codes) in codes.chunks_exact(per_word).enumerate() {
            let mut word = 0;
            for (k, code) in codes.iter().enumerate() {
                let part = u32::from((code ^ flip) >> shift) & ((1 << width) - 1);
                word |= part << (width * k);
            }
            planes[(first + i) * PANEL + lane] = word;
        }
        first += width;
    };
    match bits {
        8 => plane(8, 0),
        2 => plane(2, 0),
        3 => {
            plane(2, 0);
            plane(1, 2);
        }
        5 => {
            plane(4, 0);
            plane(1, 4);
        }
        6 => {
            plane(4, 0);
            plane(2, 4);
        }
        _ => plane(4, 0),
    }
}

fn bits(bytes: &[u8]) -> u16 {
    u16::from_le_bytes([bytes[0], bytes[1]])
}

/// Values out of split nibbles: value i in the low half of byte i, value i + 16 in its high half.
fn split(nibbles: &[u8], codes: &mut [u8]) {
    for (i, byte) in nibbles.iter().enumerate() {
        codes[i] = byte & 15;
        codes[i + 16] = byte >> 4;
    }
}

/// The fifth bits of 32 values.
fn fifths(bytes: &[u8], codes: &mut [u8]) {
    let bits = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    for (i, code) in codes.iter_mut().take(32).enumerate() {
        *code |= ((bits >> i & 1) as u8) << 4;
    }
}

/// Scale and minimum `k` of the eight that Q4_K and Q5_K pack into 12 bytes.
fn six_bits(b: &[u8], k: usize) -> (u8, u8) {
    match k < 4 {
        true => (b[k] & 63, b[k + 4] & 63),
        false => (
            b[k + 4] & 15 | (b[k - 4] >> 6) << 4,
            b[k + 4] >> 4 | (b[k] >> 6) << 4,
        ),
    }
}

/// Takes block `u` of a row apart.
fn take_apart(blocks: Blocks, row: &[u8], u: usize, to: &mut Parts) {
    let of = |size: usize| &row[u * size..(u + 1) * size];
    match blocks {
        Blocks::Q4_0 | Blocks::Iq4Nl => {
            let b = of(18);
            to.scale = bits(b);
            split(&b[2..], &mut to.codes);
        }
        Blocks::Q4_1 => {
            let b = of(20);
            (to.scale, to.shift) = (bits(b), bits(&b[2..]));
            split(&b[4..], &mut to.codes);
        }
        Blocks::Q5_0 => {
            let b = of(22);
            to.scale = bits(b);
            split(&b[6..], &mut to.codes);
            fifths(&b[2..], &mut to.codes);
        }
        Blocks::Q5_1 => {
            let b = of(24);
            (to.scale, to.shift) = (bits(b), bits(&b[2..]));
            split(&b[8..], &mut to.codes);
            fifths(&b[4..], &mut to.codes);
        }
        Blocks::Q8_0 => {
            let b = of(34);
            to.scale = bits(b);
            to.codes[..32].copy_from_slice(&b[2..]);
        }
        Blocks::Mxfp4 => {
            let b = of(17);
            to.scale = u16::from(b[0]);
            split(&b[1..], &mut to.codes);
        }
        Blocks::Q2K => {
            let b = of(84);
            (to.scale, to.shift) = (bits(&b[80..]), bits(&b[82..]));
            let groups = to.factors.iter_mut().zip(&mut to.lows);
            for ((factor, low), byte) in groups.zip(b) {
                (*factor, *low) = (byte & 15, byte >> 4);
            }
            two_bits(&b[16..80], &mut to.codes);
        }
        Blocks::Q3K => {
            let b = of(110);
            to.scale = bits(&b[108..]);
            let packed = &b[96..108];
            for group in 0..16 {
                let low = match group < 8 {
                    true => packed[group] & 15,
                    false => packed[group - 8] >> 4,
                };
                let upper = packed[8 + group % 4] >> (2 * (group / 4)) & 3;
                to.factors[group] = ((low | upper << 4) as i8 - 32) as u8;
            }
            two_bits(&b[32..96], &mut to.codes);
            for (i, code) in to.codes.iter_mut().enumerate() {
                *code |= (b[i % 32] >> (i / 32) & 1) << 2;
            }
        }
        Blocks::Q4K | Blocks::Q5K => {
            let is_five = blocks == Blocks::Q5K;
            let b = of(if is_five { 176 } else { 144 });
            (to.scale, to.shift) = (bits(b), bits(&b[2..]));
            let quants = &b[if is_five { 48 } else { 16 }..];
            for group in 0..8 {
                (to.factors[group], to.lows[group]) = six_bits(&b[4..16], group);
                let (bytes, shift) = (&quants[32 * (group / 2)..][..32], 4 * (group % 2));
                let codes = &mut to.codes[32 * group..][..32];
                for (code, byte) in codes.iter_mut().zip(bytes) {
                    *code = byte >> shift & 15;
                }
                if is_five {
                    for (code, high) in codes.iter_mut().zip(&b[16..48]) {
                        *code |= (high >> group & 1) << 4;
                    }
                }
            }
        }
        Blocks::Q6K => {
            let b = of(210);
            let (low, high) = (&b[..128], &b[128..192]);
            to.scale = bits(&b[208..]);
            to.factors.copy_from_slice(&b[192..208]);
            for (i, code) in to.codes.iter_mut().enumerate() {
                let (half, place) = (i / 128, i % 128);
                let nibble = low[64 * half + place % 64] >> (4 * (place / 64)) & 15;
                let upper = high[32 * half + place % 32] >> (2 * (place / 32)) & 3;
                *code = nibble | upper << 4;
            }
        }
    }
}

/// 256 values of two bits: of each half, 32 bytes serve four times 32.
fn two_bits(quants: &[u8], codes: &mut [u8; LONGEST]) {
    for (i, code) in codes.iter_mut().enumerate() {
        *code = quants[32 * (i / 128) + i % 32] >> (2 * (i % 128 / 32)) & 3;
    }
}
