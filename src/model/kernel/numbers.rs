//! Memory for many numbers.

use memmap2::MmapMut;
use std::ops::{Deref, DerefMut};

/// From this size on, in bytes, the system is asked for large pages.
const LARGE: usize = 2 << 20;

/// A buffer of numbers, zero at first. A large one lies in large pages where the system has them: a weight matrix is
/// read through from end to end for every block of tokens, and with small pages that means looking up an address every
/// thousand numbers; and its memory is there sooner when the model is opened.
#[derive(Debug)]
pub(in crate::model) enum Numbers {
    Small(Vec<f32>),
    Large(MmapMut),
}

impl Numbers {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let bytes = len.saturating_mul(size_of::<f32>());
        if bytes < LARGE {
            return Self::Small(vec![0.0; len]);
        }
        match MmapMut::map_anon(bytes) {
            Ok(map) => {
                #[cfg(target_os = "linux")]
                if map.advise(memmap2::Advice::HugePage).is_err() {
                    // A system without large pages: small ones do.
                }
                Self::Large(map)
            }
            Err(_) => Self::Small(vec![0.0; len]),
        }
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Small(Vec::new())
    }
}

impl Deref for Numbers {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match self {
            Self::Small(numbers) => numbers,
            // A map begins at a page, so it is aligned.
            Self::Large(map) => bytemuck::cast_slice(map),
        }
    }
}

impl DerefMut for Numbers {
    fn deref_mut(&mut self) -> &mut [f32] {
        match self {
            Self::Small(numbers) => numbers,
            Self::Large(map) => bytemuck::cast_slice_mut(map),
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
        }
    }
}
