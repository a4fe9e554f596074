//! The two containers of PyTorch checkpoints: where the pickle and the storages lie in the file.

mod legacy;
mod zip;

pub(super) use self::legacy::LegacyContainer;
pub(super) use self::zip::ZipContainer;

use super::bytes::FileBytes;
use super::checksum::crc32;
use std::ops::Range;

/// The message for a file whose numbers have their bytes in the other order.
const BIG_ENDIAN: &str = "its numbers are stored big-endian, which is not read; open it with PyTorch on a little-endian machine, \
     where torch.load turns them around, and save it again: torch.save(torch.load(path), \"weights.pt\")";

/// A storage: a piece of the file, or a copy of one that was compressed.
#[derive(Debug, Clone)]
pub(super) enum Storage {
    /// A piece of the file, with the checksum that the archive has of it.
    Mapped(Range<usize>, Option<u32>),
    /// The unpacked bytes of a compressed one, its checksum verified.
    Copied(Vec<u8>),
}

impl Storage {
    /// True if the bytes are those that were written, as far as the archive tells. It reads them all.
    pub fn is_intact(&self, file: &FileBytes) -> bool {
        match self {
            Storage::Mapped(_, Some(crc)) => matches(self.bytes(file.all()), *crc),
            _ => true,
        }
    }

    /// The bytes of a storage of the file that has the bytes `file`.
    pub fn bytes<'a>(&'a self, file: &'a [u8]) -> &'a [u8] {
        match self {
            Storage::Mapped(range, _) => file.get(range.clone()).unwrap_or_default(),
            Storage::Copied(bytes) => bytes,
        }
    }
}

/// True if bytes have the checksum that an archive has of them.
fn matches(bytes: &[u8], crc: u32) -> bool {
    // Writers that leave the checksum out write 0. A fuzzer that had to find sums would find nothing else.
    crc == 0 || cfg!(fuzzing) || crc32(bytes) == crc
}
