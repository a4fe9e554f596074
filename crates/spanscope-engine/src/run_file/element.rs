//! The numbers of a run file: their form, and how they are aligned.

use spanscope_core::checkpoint::{Dtype, Element};

/// Queries and keys are kept by whole blocks of as many tokens.
pub(super) const ALIGNED: usize = 64;

/// The element type in which numbers of a format lie in the file.
pub(super) fn element_of(dtype: Dtype) -> Element {
    match dtype {
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::BF16,
        Dtype::F32 | Dtype::F64 | Dtype::U8 | Dtype::Blocks(_) => Element::F32,
    }
}
