//! Number formats of stored tensors.

use super::gguf::GgmlType;
use crate::files::shown;
use serde::{Deserialize, Serialize};

/// The number format of a stored tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Dtype {
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point (IEEE half).
    F16,
    /// 16-bit floating point with the exponent of `F32` (bfloat16).
    BF16,
    /// 64-bit floating point.
    F64,
    /// Bytes that are numbers by a rule of the network's own, such as gpt-oss's `…_blocks` and `…_scales`; each is read as a
    /// number from 0 to 255.
    U8,
    /// Blocks of quantised numbers, as GGUF files have them: one of the formats with [blocks](GgmlType::block) of more than
    /// one number.
    Blocks(GgmlType),
}

/// The formats of plain numbers.
const PLAIN: [Dtype; 5] = [Dtype::F32, Dtype::F16, Dtype::BF16, Dtype::F64, Dtype::U8];

impl Dtype {
    /// The format of tensors of a GGUF file; `None` for those that are not read.
    pub(super) fn of_ggml(kind: GgmlType) -> Option<Self> {
        Some(match kind {
            GgmlType::F32 => Self::F32,
            GgmlType::F16 => Self::F16,
            GgmlType::BF16 => Self::BF16,
            GgmlType::F64 => Self::F64,
            GgmlType::Other(_) => return None,
            blocks => Self::Blocks(blocks),
        })
    }

    /// Elements per block, and bytes per block: plain numbers are blocks of one.
    pub(super) fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::BF16 => (1, 2),
            Self::F64 => (1, 8),
            Self::U8 => (1, 1),
            // A format without blocks is never that of a tensor.
            Self::Blocks(kind) => kind.block().unwrap_or((1, 1)),
        }
    }

    /// Bytes that so many elements take, which begin with a block; the last block whole. `None` on overflow.
    pub fn bytes(self, elements: usize) -> Option<usize> {
        let (values, size) = self.block();
        elements.div_ceil(values).checked_mul(size)
    }

    /// The short name: `f32`, `f16`, `bf16`, `f64`, `u8`, or llama.cpp's name of a format of blocks, such as `Q4_K`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::F64 => "f64",
            Self::U8 => "u8",
            Self::Blocks(kind) => kind.read_name().unwrap_or_default(),
        }
    }
}

impl From<Dtype> for &'static str {
    fn from(dtype: Dtype) -> Self {
        dtype.name()
    }
}

impl TryFrom<String> for Dtype {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let plain = PLAIN.into_iter().find(|dtype| dtype.name() == name);
        let blocks = || Self::of_ggml(GgmlType::named(&name)?);
        let known = plain.or_else(|| blocks().filter(|dtype| matches!(dtype, Self::Blocks(_))));
        known.ok_or_else(|| format!("{} is no number format", shown(&name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_a_name_of_its_own() {
        let blocks =
            GgmlType::all_names().filter_map(|name| Dtype::of_ggml(GgmlType::named(name)?));
        let mut seen = std::collections::BTreeSet::new();
        for dtype in PLAIN.into_iter().chain(blocks) {
            let text = serde_json::to_string(&dtype).unwrap();
            assert_eq!(text, format!("\"{}\"", dtype.name()));
            assert_eq!(serde_json::from_str::<Dtype>(&text).unwrap(), dtype);
            seen.insert(dtype.name());
        }
        assert_eq!(seen.len(), 5 + 12);
        for other in ["\"F32\"", "\"IQ2_XXS\"", "\"\"", "3"] {
            assert!(serde_json::from_str::<Dtype>(other).is_err());
        }
    }

    #[test]
    fn blocks_are_counted_whole() {
        let q4 = Dtype::Blocks(GgmlType::Q4_0);
        assert_eq!(q4.bytes(64), Some(36));
        assert_eq!(q4.bytes(33), Some(36));
        assert_eq!(Dtype::F32.bytes(3), Some(12));
        assert_eq!(Dtype::F64.bytes(usize::MAX / 4), None);
    }
}
