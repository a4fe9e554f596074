//! Single numbers in the formats of NumPy and PyTorch.

use half::{bf16, f16};

/// A number format with a fixed length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Float(usize),
    BFloat16,
    Signed(usize),
    Unsigned(usize),
}

impl Scalar {
    /// By NumPy's short name: a letter and the number of bytes.
    pub fn numpy(name: &str) -> Option<Self> {
        let mut letters = name.chars();
        let (kind, bytes) = (letters.next()?, letters.as_str().parse().ok()?);
        match (kind, bytes) {
            ('f', 2 | 4 | 8) => Some(Self::Float(bytes)),
            ('i', 1 | 2 | 4 | 8) => Some(Self::Signed(bytes)),
            ('u', 1 | 2 | 4 | 8) => Some(Self::Unsigned(bytes)),
            ('b', 1) => Some(Self::Unsigned(1)),
            _ => None,
        }
    }

    /// By the name of a PyTorch storage class or of a dtype.
    pub fn torch(name: &str) -> Option<Self> {
        Some(match name {
            "DoubleStorage" | "float64" | "double" => Self::Float(8),
            "FloatStorage" | "float32" | "float" => Self::Float(4),
            "HalfStorage" | "float16" | "half" => Self::Float(2),
            "BFloat16Storage" | "bfloat16" => Self::BFloat16,
            "LongStorage" | "int64" | "long" => Self::Signed(8),
            "IntStorage" | "int32" | "int" => Self::Signed(4),
            "ShortStorage" | "int16" | "short" => Self::Signed(2),
            "CharStorage" | "int8" => Self::Signed(1),
            "ByteStorage" | "uint8" | "BoolStorage" | "bool" => Self::Unsigned(1),
            _ => return None,
        })
    }

    /// Bytes of a number.
    pub fn size(self) -> usize {
        match self {
            Self::BFloat16 => 2,
            Self::Float(size) | Self::Signed(size) | Self::Unsigned(size) => size,
        }
    }

    /// The number that `bytes` are, little-endian unless `is_big`; `None` where they are not as many as it has.
    pub fn read(self, bytes: &[u8], is_big: bool) -> Option<f64> {
        if bytes.len() != self.size() {
            return None;
        }
        let mut wide = [0_u8; 8];
        for (i, byte) in bytes.iter().enumerate() {
            let at = if is_big { bytes.len() - 1 - i } else { i };
            wide[at] = *byte;
        }
        let bits = u64::from_le_bytes(wide);
        Some(match self {
            Self::Float(8) => f64::from_bits(bits),
            Self::Float(4) => f64::from(f32::from_bits(bits as u32)),
            Self::Float(_) => f16::from_bits(bits as u16).to_f64(),
            Self::BFloat16 => bf16::from_bits(bits as u16).to_f64(),
            Self::Unsigned(_) => bits as f64,
            Self::Signed(size) => {
                let unused = 64 - 8 * size as u32;
                (((bits << unused) as i64) >> unused) as f64
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_format_are_read_in_both_orders() {
        let read = |scalar: Option<Scalar>, bytes: &[u8]| {
            let scalar = scalar.unwrap();
            let mut turned = bytes.to_vec();
            turned.reverse();
            assert_eq!(scalar.read(bytes, false), scalar.read(&turned, true));
            assert_eq!(scalar.read(&bytes[1..], false), None);
            scalar.read(bytes, false).unwrap()
        };
        assert_eq!(read(Scalar::numpy("f8"), &2.5_f64.to_le_bytes()), 2.5);
        assert_eq!(read(Scalar::numpy("f4"), &(-2.5_f32).to_le_bytes()), -2.5);
        assert_eq!(read(Scalar::numpy("f2"), &[0, 0x3c]), 1.0);
        assert_eq!(read(Scalar::torch("bfloat16"), &[0x80, 0x3f]), 1.0);
        assert_eq!(read(Scalar::numpy("i8"), &(-7_i64).to_le_bytes()), -7.0);
        assert_eq!(
            read(Scalar::torch("IntStorage"), &(-7_i32).to_le_bytes()),
            -7.0
        );
        assert_eq!(read(Scalar::numpy("i1"), &[0xff]), -1.0);
        assert_eq!(read(Scalar::numpy("u1"), &[0xff]), 255.0);
        assert_eq!(
            read(Scalar::numpy("u8"), &u64::MAX.to_le_bytes()),
            u64::MAX as f64
        );
        for name in ["", "f", "f16", "O", "U3", "c8", "é8", "V0"] {
            assert_eq!(Scalar::numpy(name), None, "{name}");
        }
    }
}
