//! The forms in which a packed matrix keeps its weights: as they are in the file, only laid out anew.
//!
//! 32 outputs lie side by side, input after input, in whatever form. Blocks of quantised weights come in *units* of 32 or 256
//! inputs: the scales of the 32 outputs first, then the whole numbers, bit plane by bit plane, so that those of 32 outputs are
//! unpacked by the same few instructions. What comes out is exactly what the blocks stand for
//! (`checkpoint/gguf/blocks.rs`), and takes no more memory than in the file, but for a few bits per block.

use super::PANEL;
use super::half::{bf16s, f16s};
use crate::checkpoint::gguf::GgmlType;

/// How weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::model) enum Form {
    /// 32 bits.
    #[default]
    F32,
    /// IEEE halves.
    F16,
    /// 16 bits with the exponent of `f32`.
    Bf16,
    /// Blocks.
    Blocks(Blocks),
}

/// The formats of blocks that stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::model) enum Blocks {
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
    Iq4Nl,
    Mxfp4,
}

impl Form {
    /// The form of blocks of this format in a matrix of so many inputs: numbers where it has no whole blocks of them.
    pub fn of_blocks(kind: GgmlType, inputs: usize) -> Self {
        let blocks = match kind {
            GgmlType::Q4_0 => Blocks::Q4_0,
            GgmlType::Q4_1 => Blocks::Q4_1,
            GgmlType::Q5_0 => Blocks::Q5_0,
            GgmlType::Q5_1 => Blocks::Q5_1,
            GgmlType::Q8_0 => Blocks::Q8_0,
            GgmlType::Q2K => Blocks::Q2K,
            GgmlType::Q3K => Blocks::Q3K,
            GgmlType::Q4K => Blocks::Q4K,
            GgmlType::Q5K => Blocks::Q5K,
            GgmlType::Q6K => Blocks::Q6K,
            GgmlType::Iq4Nl => Blocks::Iq4Nl,
            GgmlType::Mxfp4 => Blocks::Mxfp4,
            _ => return Self::F32,
        };
        match inputs.is_multiple_of(blocks.layout().unit) {
            true => Self::Blocks(blocks),
            false => Self::F32,
        }
    }

    /// Bytes of a panel of so many inputs.
    pub fn panel_bytes(self, inputs: usize) -> usize {
        match self {
            Self::F32 => inputs * PANEL * 4,
            Self::F16 | Self::Bf16 => inputs * PANEL * 2,
            Self::Blocks(blocks) => {
                let layout = blocks.layout();
                inputs / layout.unit * layout.unit_bytes()
            }
        }
    }
}

/// How a unit of blocks is laid out: 32 scales, 32 shifts, then for every group of inputs 32 factors, 32 factors of the shifts,
/// then for every input the whole numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Inputs of a unit, which is a block of the file.
    pub unit: usize,
    /// Inputs that share a factor.
    pub group: usize,
    /// Bytes of a scale: 2 for halves, 1 for a power of two.
    pub scale: usize,
    /// Whether there are shifts, halves as well.
    pub shift: bool,
    /// Whether scales have factors.
    pub factors: bool,
    /// Whether shifts have some.
    pub lows: bool,
    /// Bytes of 32 whole numbers.
    pub codes: usize,
}

impl Layout {
    /// Where the parts of a unit begin: shifts, factors, those of the shifts, whole numbers.
    pub const fn places(&self) -> [usize; 4] {
        let groups = self.unit / self.group * PANEL;
        let shifts = self.scale * PANEL;
        let factors = shifts + if self.shift { 2 * PANEL } else { 0 };
        let lows = factors + if self.factors { groups } else { 0 };
        let codes = lows + if self.lows { groups } else { 0 };
        [shifts, factors, lows, codes]
    }

    pub const fn unit_bytes(&self) -> usize {
        self.places()[3] + self.unit * self.codes
    }
}

/// One scale per block of 32.
const SIMPLE: Layout = Layout {
    unit: 32,
    group: 32,
    scale: 2,
    shift: false,
    factors: false,
    lows: false,
    codes: 16,
};

/// Blocks of 256 with factors for groups.
const K: Layout = Layout {
    unit: 256,
    group: 16,
    scale: 2,
    shift: false,
    factors: true,
    lows: false,
    codes: 16,
};

impl Blocks {
    pub(super) const fn layout(self) -> Layout {
        match self {
            Self::Q4_0 | Self::Iq4Nl => SIMPLE,
            Self::Q4_1 => Layout {
                shift: true,
                ..SIMPLE
            },
            Self::Q5_0 => Layout {
                codes: 20,
                ..SIMPLE
            },
            Self::Q5_1 => Layout {
                codes: 20,
                shift: true,
                ..SIMPLE
            },
            Self::Q8_0 => Layout {
                codes: 32,
                ..SIMPLE
            },
            Self::Mxfp4 => Layout { scale: 1, ..SIMPLE },
            Self::Q2K => Layout {
                codes: 8,
                shift: true,
                lows: true,
                ..K
            },
            Self::Q3K => Layout { codes: 12, ..K },
            Self::Q4K => Layout {
                group: 32,
                shift: true,
                lows: true,
                ..K
            },
            Self::Q5K => Layout {
                group: 32,
                codes: 20,
                shift: true,
                lows: true,
                ..K
            },
            Self::Q6K => Layout { codes: 24, ..K },
        }
    }
}

/// Unpacks the inputs from `depth` on of a panel into `out`: as many rows of 32 numbers. Both must begin with a unit, and end with
/// one.
#[inline(always)]
pub(super) fn unpack(form: Form, panel: &[u8], depth: usize, out: &mut [f32]) {
    match form {
        Form::F32 => {
            let numbers = panel[depth * PANEL * 4..].as_chunks::<4>().0;
            for (to, from) in out.iter_mut().zip(numbers) {
                *to = f32::from_ne_bytes(*from);
            }
        }
        Form::F16 => {
            let rows = panel[depth * PANEL * 2..].as_chunks::<{ 2 * PANEL }>().0;
            for (to, from) in out.as_chunks_mut::<PANEL>().0.iter_mut().zip(rows) {
                *to = f16s(from);
            }
        }
        Form::Bf16 => {
            let rows = panel[depth * PANEL * 2..].as_chunks::<{ 2 * PANEL }>().0;
            for (to, from) in out.as_chunks_mut::<PANEL>().0.iter_mut().zip(rows) {
                *to = bf16s(from);
            }
        }
        Form::Blocks(blocks) => match blocks {
            Blocks::Q4_0 => units::<Q4_0, 16>(panel, depth, out),
            Blocks::Q4_1 => units::<Q4_1, 16>(panel, depth, out),
            Blocks::Q5_0 => units::<Q5_0, 20>(panel, depth, out),
            Blocks::Q5_1 => units::<Q5_1, 20>(panel, depth, out),
            Blocks::Q8_0 => units::<Q8_0, 32>(panel, depth, out),
            Blocks::Q2K => units::<Q2K, 8>(panel, depth, out),
            Blocks::Q3K => units::<Q3K, 12>(panel, depth, out),
            Blocks::Q4K => units::<Q4K, 16>(panel, depth, out),
            Blocks::Q5K => units::<Q5K, 20>(panel, depth, out),
            Blocks::Q6K => units::<Q6K, 24>(panel, depth, out),
            Blocks::Iq4Nl => units::<Iq4Nl, 16>(panel, depth, out),
            Blocks::Mxfp4 => units::<Mxfp4, 16>(panel, depth, out),
        },
    }
}

/// A format whose 32 whole numbers take `N` bytes.
trait Unpack<const N: usize> {
    const LAYOUT: Layout;
    /// 32 whole numbers, or what they stand for.
    fn codes(bytes: &[u8; N]) -> [f32; PANEL];
}

#[inline(always)]
fn units<F: Unpack<N>, const N: usize>(panel: &[u8], depth: usize, out: &mut [f32]) {
    let layout = const { F::LAYOUT };
    let size = const { F::LAYOUT.unit_bytes() };
    let [shifts, factors, lows, codes] = const { F::LAYOUT.places() };
    let units = panel[depth / layout.unit * size..].chunks_exact(size);
    for (unit, out) in units.zip(out.chunks_exact_mut(layout.unit * PANEL)) {
        let scales = match layout.scale {
            1 => powers(unit),
            _ => halves(unit),
        };
        let mut shift = [0.0; PANEL];
        if layout.shift {
            shift = halves(&unit[shifts..]);
        }
        let numbers = unit[codes..].as_chunks::<N>().0;
        let groups = numbers.chunks_exact(layout.group);
        for (g, (numbers, out)) in groups
            .zip(out.chunks_exact_mut(layout.group * PANEL))
            .enumerate()
        {
            let (mut step, mut low) = (scales, shift);
            if layout.factors {
                times_signed(&mut step, &unit[factors + g * PANEL..]);
            }
            if layout.lows {
                times_unsigned(&mut low, &unit[lows + g * PANEL..]);
            }
            for (numbers, out) in numbers.iter().zip(out.as_chunks_mut::<PANEL>().0) {
                let codes = F::codes(numbers);
                for lane in 0..PANEL {
                    let value = step[lane] * codes[lane];
                    // As the formats have it: a minimum with factors is taken off, one without is added.
                    out[lane] = if layout.lows {
                        value - low[lane]
                    } else if layout.shift {
                        value + low[lane]
                    } else {
                        value
                    };
                }
            }
        }
    }
}

#[inline(always)]
fn halves(bytes: &[u8]) -> [f32; PANEL] {
    match bytes.first_chunk() {
        Some(bytes) => f16s(bytes),
        None => [0.0; PANEL],
    }
}

/// 2^(e − 127) of 32 numbers e.
#[inline(always)]
fn powers(bytes: &[u8]) -> [f32; PANEL] {
    let mut out = [0.0; PANEL];
    let Some(bytes) = bytes.first_chunk::<PANEL>() else {
        return out;
    };
    for lane in 0..PANEL {
        out[lane] = match bytes[lane] {
            // Below the smallest normal number the power itself is the pattern of bits.
            0 => f32::from_bits(1 << 22),
            255 => 2.0 * f32::from_bits(254 << 23),
            e => f32::from_bits(u32::from(e) << 23),
        };
    }
    out
}

#[inline(always)]
fn times_signed(values: &mut [f32; PANEL], bytes: &[u8]) {
    let Some(bytes) = bytes.first_chunk::<PANEL>() else {
        return;
    };
    for lane in 0..PANEL {
        values[lane] *= f32::from(bytes[lane] as i8);
    }
}

#[inline(always)]
fn times_unsigned(values: &mut [f32; PANEL], bytes: &[u8]) {
    let Some(bytes) = bytes.first_chunk::<PANEL>() else {
        return;
    };
    for lane in 0..PANEL {
        values[lane] *= f32::from(bytes[lane]);
    }
}

/// 32 numbers of four bits: the first 16 in the low halves.
#[inline(always)]
fn fours(bytes: &[u8]) -> [i32; PANEL] {
    let mut out = [0; PANEL];
    for lane in 0..16 {
        out[lane] = i32::from(bytes[lane] & 15);
        out[lane + 16] = i32::from(bytes[lane] >> 4);
    }
    out
}

/// 32 numbers of two bits: eight bytes serve four times eight.
#[inline(always)]
fn twos(bytes: &[u8]) -> [i32; PANEL] {
    let mut out = [0; PANEL];
    for part in 0..4 {
        for lane in 0..8 {
            out[8 * part + lane] = i32::from(bytes[lane] >> (2 * part) & 3);
        }
    }
    out
}

/// 32 single bits.
#[inline(always)]
fn ones(bytes: &[u8]) -> [i32; PANEL] {
    let bits = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let mut out = [0; PANEL];
    for (lane, out) in out.iter_mut().enumerate() {
        *out = (bits >> lane & 1) as i32;
    }
    out
}

/// `low` + `high` · 2^`shift` − `zero`.
#[inline(always)]
fn joined(low: [i32; PANEL], high: [i32; PANEL], shift: u32, zero: i32) -> [f32; PANEL] {
    let mut out = [0.0; PANEL];
    for lane in 0..PANEL {
        out[lane] = ((low[lane] | high[lane] << shift) - zero) as f32;
    }
    out
}

#[inline(always)]
fn signed(bytes: &[u8; PANEL]) -> [f32; PANEL] {
    let mut out = [0.0; PANEL];
    for lane in 0..PANEL {
        out[lane] = f32::from(bytes[lane] as i8);
    }
    out
}

#[inline(always)]
fn looked_up(codes: [i32; PANEL]) -> [f32; PANEL] {
    let mut out = [0.0; PANEL];
    for lane in 0..PANEL {
        out[lane] = IQ4_NL[(codes[lane] & 15) as usize];
    }
    out
}

/// Floating-point numbers of four bits: sign, two bits of exponent, one of fraction.
#[inline(always)]
fn floats(codes: [i32; PANEL]) -> [f32; PANEL] {
    let mut out = [0.0; PANEL];
    for lane in 0..PANEL {
        let code = codes[lane] as u32;
        let (sign, exponent, fraction) = (code >> 3, code >> 1 & 3, code & 1);
        // Without an exponent, a half or nothing.
        let small = fraction * (126 << 23);
        let size = if exponent == 0 {
            small
        } else {
            (exponent + 126) << 23 | fraction << 22
        };
        out[lane] = f32::from_bits(sign << 31 | size);
    }
    out
}

/// The 16 values of IQ4_NL.
const IQ4_NL: [f32; 16] = [
    -127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0,
    89.0, 113.0,
];

/// A format of blocks: the bytes of its 32 whole numbers, and how they are unpacked.
macro_rules! format {
    ($name:ident, $size:literal, $bytes:ident, $codes:expr) => {
        struct $name;
        impl Unpack<$size> for $name {
            const LAYOUT: Layout = Blocks::$name.layout();
            #[inline(always)]
            fn codes($bytes: &[u8; $size]) -> [f32; PANEL] {
                $codes
            }
        }
    };
}

format!(Q4_0, 16, b, joined(fours(b), [0; PANEL], 0, 8));
format!(Q4_1, 16, b, joined(fours(b), [0; PANEL], 0, 0));
format!(Q5_0, 20, b, joined(fours(b), ones(&b[16..]), 4, 16));
format!(Q5_1, 20, b, joined(fours(b), ones(&b[16..]), 4, 0));
format!(Q8_0, 32, b, signed(b));
format!(Q2K, 8, b, joined(twos(b), [0; PANEL], 0, 0));
format!(Q3K, 12, b, joined(twos(b), ones(&b[8..]), 2, 4));
format!(Q4K, 16, b, joined(fours(b), [0; PANEL], 0, 0));
format!(Q5K, 20, b, joined(fours(b), ones(&b[16..]), 4, 0));
format!(Q6K, 24, b, joined(fours(b), twos(&b[16..]), 4, 32));
format!(Iq4Nl, 16, b, looked_up(fours(b)));
format!(Mxfp4, 16, b, floats(fours(b)));
