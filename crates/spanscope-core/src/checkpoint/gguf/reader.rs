//! Numbers and texts out of a GGUF file, one after the other, none of it believed.

use std::ops::Range;

/// A place in a file that moves on as it is read; little endian.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    file: &'a [u8],
    at: usize,
}

/// The file ended before what is named.
pub(super) fn ended(what: &str) -> String {
    format!("it ends before {what}")
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a [u8], at: usize) -> Self {
        Self { file, at }
    }

    /// The position, in bytes from the file's beginning.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.file.len().saturating_sub(self.at)
    }

    /// The place of the next `length` bytes, which it leaves behind.
    pub fn skip(&mut self, length: usize) -> Option<Range<usize>> {
        let end = self.at.checked_add(length)?;
        if end > self.file.len() {
            return None;
        }
        let place = self.at..end;
        self.at = end;
        Some(place)
    }

    /// The bytes of a place that it was at.
    pub fn bytes(&self, place: &Range<usize>) -> &'a [u8] {
        self.file.get(place.clone()).unwrap_or_default()
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let place = self.skip(N)?;
        self.file.get(place)?.try_into().ok()
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// The bytes of a string: a length of 64 bits, then as many bytes.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u64()?).ok()?;
        let place = self.skip(length)?;
        self.file.get(place)
    }
}
