//! Memory for many numbers.

use crate::platform::{self, Pages};
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// From this size on, in bytes, the system is asked for large pages.
const LARGE: usize = 2 << 20;

/// Bytes of a cache line: a vector that crosses two of them takes twice as long to load.
const LINE: usize = 64;

/// A buffer of numbers, zero at first, that begins at a cache line. A large one lies in large pages where the system has
/// them: a weight matrix is read through from end to end for every block of tokens, and with small pages that means
/// looking up an address every thousand numbers; and its memory is there sooner when the model is opened.
#[derive(Debug)]
pub struct Numbers(Place);

/// Large maps that are not needed any more, to be used again: fresh memory has to be cleared by the system first, which
/// for a head's weights takes a quarter of the time that computing them does.
static SPARE: Mutex<Vec<Pages>> = Mutex::new(Vec::new());

/// Most bytes in spare maps.
const MOST_SPARE: usize = 128 << 20;

#[derive(Debug)]
enum Place {
    Small {
        data: Vec<f32>,
        start: usize,
        len: usize,
    },
    Large(Pages),
    /// As large, from among the spare ones and to go back there.
    Spare {
        map: Option<Pages>,
        len: usize,
    },
}

impl Numbers {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let bytes = len.saturating_mul(size_of::<f32>());
        if bytes >= LARGE
            && let Some(map) = platform::pages(bytes)
        {
            return Self(Place::Large(map));
        }
        let data = vec![0.0_f32; len + LINE / size_of::<f32>()];
        // Wherever it cannot be found out the buffer is as good, only slower.
        let start = data.as_ptr().align_offset(LINE).min(data.len() - len);
        Self(Place::Small { data, start, len })
    }

    /// `len` numbers, whatever they are: for a large buffer that is soon let go of again.
    pub(in crate::model) fn anything(len: usize) -> Self {
        let bytes = len.saturating_mul(size_of::<f32>());
        if bytes < LARGE {
            return Self::zeros(len);
        }
        let fits = |map: &Pages| (bytes..=bytes.saturating_mul(2)).contains(&map.len());
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        let found = spare.iter().position(fits).map(|i| spare.swap_remove(i));
        drop(spare);
        match found.or_else(|| platform::pages(bytes)) {
            Some(map) => Self(Place::Spare {
                map: Some(map),
                len,
            }),
            None => Self::zeros(len),
        }
    }

    /// Makes room for `len` numbers; what they are is left open.
    pub(in crate::model) fn make_room(&mut self, len: usize) {
        if self.len() < len {
            *self = Self::zeros(len.max(self.len() * 5 / 4));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Spare { map, .. } = self
            && let Some(map) = map.take()
        {
            let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
            spare.push(map);
            // The oldest go first: what is wanted now is rather like what came last.
            while spare.iter().map(|map| map.len()).sum::<usize>() > MOST_SPARE {
                spare.remove(0);
            }
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
            Place::Spare { map, len } => map
                .as_deref()
                .map_or(&[], |map| &bytemuck::cast_slice(map)[..*len]),
        }
    }
}

impl DerefMut for Numbers {
    fn deref_mut(&mut self) -> &mut [f32] {
        match &mut self.0 {
            Place::Small { data, start, len } => &mut data[*start..*start + *len],
            Place::Large(map) => bytemuck::cast_slice_mut(map),
            Place::Spare { map, len } => map
                .as_deref_mut()
                .map_or(&mut [], |map| &mut bytemuck::cast_slice_mut(map)[..*len]),
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

    #[test]
    fn what_is_let_go_of_is_used_again_and_no_two_share_it() {
        let len = LARGE / 2;
        let mut first = Numbers::anything(len);
        let mut second = Numbers::anything(len - 7);
        first.fill(1.0);
        second.fill(2.0);
        assert!(first.iter().all(|n| *n == 1.0) && first.len() == len);
        assert!(second.iter().all(|n| *n == 2.0) && second.len() == len - 7);
        drop(first);
        let third = Numbers::anything(len - 3);
        assert_eq!(third.len(), len - 3);
        assert!(second.iter().all(|n| *n == 2.0));
        // Asked for zeros, it gives zeros.
        assert!(Numbers::zeros(len).iter().all(|n| *n == 0.0));
    }
}
