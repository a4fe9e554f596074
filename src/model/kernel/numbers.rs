//! Memory for many numbers.

use memmap2::MmapMut;
use std::ops::{Deref, DerefMut};

/// From this size on, in bytes, the system is asked for large pages.
const LARGE: usize = 2 << 20;

/// Bytes of a cache line: a vector that crosses two of them takes twice as long to load.
const LINE: usize = 64;

/// A buffer of numbers, zero at first, that begins at a cache line. A large one lies in large pages where the system has
/// them: a weight matrix is read through from end to end for every block of tokens, and with small pages that means
/// looking up an address every thousand numbers; and its memory is there sooner when the model is opened.
#[derive(Debug)]
pub struct Numbers(Place);

#[derive(Debug)]
enum Place {
    Small {
        data: Vec<f32>,
        start: usize,
        len: usize,
    },
    Large(MmapMut),
}

impl Numbers {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let bytes = len.saturating_mul(size_of::<f32>());
        if bytes >= LARGE
            && let Ok(map) = MmapMut::map_anon(bytes)
        {
            #[cfg(target_os = "linux")]
            if map.advise(memmap2::Advice::HugePage).is_err() {
                // A system without large pages: small ones do.
            }
            return Self(Place::Large(map));
        }
        let data = vec![0.0_f32; len + LINE / size_of::<f32>()];
        // Wherever it cannot be found out the buffer is as good, only slower.
        let start = data.as_ptr().align_offset(LINE).min(data.len() - len);
        Self(Place::Small { data, start, len })
    }

    /// Makes room for `len` numbers; what they are is left open.
    pub(in crate::model) fn make_room(&mut self, len: usize) {
        if self.len() < len {
            *self = Self::zeros(len.max(self.len() * 5 / 4));
        }
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl From<Vec<f32>> for Numbers {
    fn from(data: Vec<f32>) -> Self {
        let len = data.len();
        Self(Place::Small {
            data,
            start: 0,
            len,
        })
    }
}

impl PartialEq for Numbers {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl Clone for Numbers {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.len());
        copy.copy_from_slice(self);
        copy
    }
}

impl Deref for Numbers {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.0 {
            Place::Small { data, start, len } => &data[*start..*start + *len],
            // A map begins at a page, so it is aligned.
            Place::Large(map) => bytemuck::cast_slice(map),
        }
    }
}

impl DerefMut for Numbers {
    fn deref_mut(&mut self) -> &mut [f32] {
        match &mut self.0 {
            Place::Small { data, start, len } => &mut data[*start..*start + *len],
            Place::Large(map) => bytemuck::cast_slice_mut(map),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_buffers_hold_what_is_put_there() {
        for len in [0, 5, LARGE / 4 + 3] {
            let mut numbers = Numbers::zeros(len);
            assert_eq!(numbers.len(), len);
            assert!(numbers.iter().all(|n| *n == 0.0));
            if let Some(last) = numbers.last_mut() {
                *last = 7.0;
            }
            assert_eq!(numbers.last().copied().unwrap_or(7.0), 7.0);
            assert!(len == 0 || numbers.as_ptr().align_offset(LINE) == 0);
            assert_eq!(numbers.clone()[..], numbers[..]);
        }
    }
}
