//! Two small numbers in one of 64 bits, as tensors of sums are.

/// Tensors: name, shape and numbers.
pub(super) type Tensors = Vec<(String, Vec<usize>, Vec<u64>)>;

/// Two numbers in the halves of one.
pub(super) fn pair(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// The numbers in its halves.
pub(super) fn halves(pair: u64) -> (u32, u32) {
    ((pair >> 32) as u32, pair as u32)
}
