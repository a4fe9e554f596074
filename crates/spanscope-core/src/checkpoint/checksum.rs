//! CRC-32, the checksum of zip archives, by all threads.

use crc32fast::Hasher;
use rayon::prelude::*;

/// Bytes that one thread sums up at a time: far more than joining two sums costs, little enough to share out.
const PIECE: usize = 1 << 20;

/// The CRC-32 of `bytes`; of a long run, every thread takes pieces.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    if bytes.len() < 2 * PIECE {
        return crc32fast::hash(bytes);
    }
    let sums = bytes.par_chunks(PIECE).map(|piece| {
        let mut sum = Hasher::new();
        sum.update(piece);
        sum
    });
    // Joining knows which of the two came first, and rayon keeps the order.
    let whole = sums.reduce_with(|mut sum, next| {
        sum.combine(&next);
        sum
    });
    whole.map_or(0, Hasher::finalize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_sum_of_the_whole() {
        let bytes: Vec<u8> = (0..5 * PIECE as u32 + 17)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        for len in [0, 1, PIECE, 2 * PIECE - 1, 2 * PIECE, bytes.len()] {
            let bytes = &bytes[..len];
            assert_eq!(crc32(bytes), crc32fast::hash(bytes), "{len} bytes");
        }
    }
}
