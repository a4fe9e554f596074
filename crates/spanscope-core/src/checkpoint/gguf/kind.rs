//! The number formats of GGUF tensors: their numbers in the file, their names and the size of their blocks.

/// A number format, as GGUF's tensor infos give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GgmlType {
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point (IEEE half).
    F16,
    /// 16-bit floating point with the exponent of `F32`.
    BF16,
    /// 64-bit floating point.
    F64,
    /// Blocks of 32 values of 4 bits, one scale.
    Q4_0,
    /// Blocks of 32 values of 4 bits, scale and minimum.
    Q4_1,
    /// Blocks of 32 values of 5 bits, one scale.
    Q5_0,
    /// Blocks of 32 values of 5 bits, scale and minimum.
    Q5_1,
    /// Blocks of 32 values of 8 bits, one scale.
    Q8_0,
    /// Blocks of 256 values of 2 bits, 16 scales and minima of 4 bits.
    Q2K,
    /// Blocks of 256 values of 3 bits, 16 scales of 6 bits.
    Q3K,
    /// Blocks of 256 values of 4 bits, 8 scales and minima of 6 bits.
    Q4K,
    /// Blocks of 256 values of 5 bits, 8 scales and minima of 6 bits.
    Q5K,
    /// Blocks of 256 values of 6 bits, 16 scales of 8 bits.
    Q6K,
    /// Blocks of 32 values out of a table of 16 that are spaced unevenly.
    Iq4Nl,
    /// Blocks of 32 values of 4-bit floating point, a power of two as scale.
    Mxfp4,
    /// A format that is not read here, by its number.
    Other(u32),
}

/// Format, number in the file, name, values per block, bytes per block.
const READ: [(GgmlType, u32, &str, usize, usize); 16] = [
    (GgmlType::F32, 0, "F32", 1, 4),
    (GgmlType::F16, 1, "F16", 1, 2),
    (GgmlType::Q4_0, 2, "Q4_0", 32, 18),
    (GgmlType::Q4_1, 3, "Q4_1", 32, 20),
    (GgmlType::Q5_0, 6, "Q5_0", 32, 22),
    (GgmlType::Q5_1, 7, "Q5_1", 32, 24),
    (GgmlType::Q8_0, 8, "Q8_0", 32, 34),
    (GgmlType::Q2K, 10, "Q2_K", 256, 84),
    (GgmlType::Q3K, 11, "Q3_K", 256, 110),
    (GgmlType::Q4K, 12, "Q4_K", 256, 144),
    (GgmlType::Q5K, 13, "Q5_K", 256, 176),
    (GgmlType::Q6K, 14, "Q6_K", 256, 210),
    (GgmlType::Iq4Nl, 20, "IQ4_NL", 32, 18),
    (GgmlType::F64, 28, "F64", 1, 8),
    (GgmlType::BF16, 30, "BF16", 1, 2),
    (GgmlType::Mxfp4, 39, "MXFP4", 32, 17),
];

/// Names of formats that files may hold and that are not read here.
const OTHERS: [(u32, &str); 19] = [
    (9, "Q8_1"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (24, "I8"),
    (25, "I16"),
    (26, "I32"),
    (27, "I64"),
    (29, "IQ1_M"),
    (31, "Q4_0_4_4"),
    (32, "Q4_0_4_8"),
    (33, "Q4_0_8_8"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
];

impl GgmlType {
    /// The format of this number.
    pub fn of(number: u32) -> Self {
        let known = READ.iter().find(|row| row.1 == number);
        known.map_or(Self::Other(number), |row| row.0)
    }

    fn row(self) -> Option<&'static (GgmlType, u32, &'static str, usize, usize)> {
        READ.iter().find(|row| row.0 == self)
    }

    /// The format of this name that is read.
    pub(in super::super) fn named(name: &str) -> Option<Self> {
        READ.iter().find(|row| row.2 == name).map(|row| row.0)
    }

    /// Its name, of a format that is read.
    pub(in super::super) fn read_name(self) -> Option<&'static str> {
        self.row().map(|row| row.2)
    }

    /// Its name, as llama.cpp writes it; `type N` for one that nobody here has heard of.
    pub fn name(self) -> String {
        match self {
            Self::Other(number) => match OTHERS.iter().find(|(n, _)| *n == number) {
                Some((_, name)) => (*name).to_owned(),
                None => format!("type {number}"),
            },
            read => read.row().map_or("", |row| row.2).to_owned(),
        }
    }

    /// Names of all formats that are read.
    pub fn all_names() -> impl Iterator<Item = &'static str> {
        READ.iter().map(|row| row.2)
    }

    /// Values and bytes of a block; `None` for a format that is not read here.
    pub fn block(self) -> Option<(usize, usize)> {
        self.row().map(|row| (row.3, row.4))
    }

    /// Bytes of `values` values; `None` where they fill no whole blocks, are too many, or the format is not read here.
    pub fn bytes(self, values: usize) -> Option<usize> {
        let (per_block, bytes) = self.block()?;
        values
            .is_multiple_of(per_block)
            .then(|| (values / per_block).checked_mul(bytes))?
    }
}
