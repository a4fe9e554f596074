//! The forms in which a packed matrix keeps its weights: as they are in the file, only laid out anew.
//!
//! 32 outputs lie side by side, whatever the form, in words of 32 bits: a word holds some inputs of one output, and the words of
//! 32 outputs are unpacked by the same few instructions ([`unpack`](super::unpack)). Blocks of quantised weights come in *units*
//! of 32 or 256 inputs: scales first, then whole numbers, bit plane by bit plane. What comes out is exactly what the blocks stand
//! for (`checkpoint/gguf/blocks.rs`), and takes no more memory than in the file, but for a few bits per block.

use super::PANEL;
use crate::checkpoint::gguf::GgmlType;

/// The form in which weights are kept.
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

    /// Words of a panel of so many inputs.
    pub fn panel_words(self, inputs: usize) -> usize {
        match self {
            Self::F32 => inputs * PANEL,
            // Two inputs to a word.
            Self::F16 | Self::Bf16 => inputs.div_ceil(2) * PANEL,
            Self::Blocks(blocks) => {
                let layout = blocks.layout();
                inputs / layout.unit * layout.unit_words()
            }
        }
    }
}

/// The layout of a unit of blocks: 32 scales, 32 shifts, then for every group of inputs 32 factors, 32 factors of the shifts,
/// then for every 32 inputs the planes of their whole numbers: the four or two lower bits (or all eight), and those above.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Inputs of a unit, which is a block of the file.
    pub unit: usize,
    /// Inputs that share a factor.
    pub group: usize,
    /// Bytes of a scale: 2 for halves, 1 for a power of two.
    pub scale: usize,
    /// True if there are shifts, halves as well.
    pub shift: bool,
    /// True if scales have factors.
    pub factors: bool,
    /// True if shifts have some.
    pub lows: bool,
    /// Bits of a whole number.
    pub bits: usize,
}

impl Layout {
    /// The bytes in which the parts of a unit begin: shifts, factors, those of the shifts, whole numbers.
    pub const fn places(&self) -> [usize; 4] {
        let groups = self.unit / self.group * PANEL;
        let shifts = self.scale * PANEL;
        let factors = shifts + if self.shift { 2 * PANEL } else { 0 };
        let lows = factors + if self.factors { groups } else { 0 };
        let codes = lows + if self.lows { groups } else { 0 };
        [shifts, factors, lows, codes]
    }

    /// Words of a unit.
    pub const fn unit_words(&self) -> usize {
        self.places()[3] / 4 + self.unit * self.bits
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
    bits: 4,
};

/// Blocks of 256 with factors for groups.
const K: Layout = Layout {
    unit: 256,
    group: 16,
    scale: 2,
    shift: false,
    factors: true,
    lows: false,
    bits: 4,
};

impl Blocks {
    pub(super) const fn layout(self) -> Layout {
        match self {
            Self::Q4_0 | Self::Iq4Nl => SIMPLE,
            Self::Q4_1 => Layout {
                shift: true,
                ..SIMPLE
            },
            Self::Q5_0 => Layout { bits: 5, ..SIMPLE },
            Self::Q5_1 => Layout {
                bits: 5,
                shift: true,
                ..SIMPLE
            },
            Self::Q8_0 => Layout { bits: 8, ..SIMPLE },
            Self::Mxfp4 => Layout { scale: 1, ..SIMPLE },
            Self::Q2K => Layout {
                bits: 2,
                shift: true,
                lows: true,
                ..K
            },
            Self::Q3K => Layout { bits: 3, ..K },
            Self::Q4K => Layout {
                group: 32,
                shift: true,
                lows: true,
                ..K
            },
            Self::Q5K => Layout {
                group: 32,
                bits: 5,
                shift: true,
                lows: true,
                ..K
            },
            Self::Q6K => Layout { bits: 6, ..K },
        }
    }
}
