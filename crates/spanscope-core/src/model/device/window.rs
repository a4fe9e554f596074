//! The keys and values that the next tokens can see, kept on the device from block to block.
//!
//! The run's caches hold them all; what is here is a copy of their end, so that only a text that is cut back far, or a
//! run that began elsewhere, is uploaded again. Tensors never change: clones of a run share them.

use crate::model::cache::HeadCache;
use candle_core::{Device, Result, Tensor};
use rayon::prelude::*;

/// Tokens kept beyond what the next one sees, so that a small step back needs no upload.
const SPARE: usize = 256;

/// Keys and values of consecutive positions of one layer. Positions before the text's start hold zeros.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// Position of the first row; negative before the text's start.
    start: isize,
    /// One past the last position that counts.
    end: usize,
    /// heads × positions × d.
    keys: Tensor,
    /// heads × positions × d.
    values: Tensor,
}

impl Window {
    /// The `kept` positions before `first`, from the caches of a layer's heads; zeros where they are forgotten.
    fn upload(
        caches: &[HeadCache],
        first: usize,
        kept: usize,
        d: usize,
        device: &Device,
    ) -> Result<Self> {
        let start = first as isize - kept as isize;
        let size = kept * d;
        let mut keys = vec![0.0; caches.len() * size];
        let mut values = vec![0.0; caches.len() * size];
        keys.par_chunks_exact_mut(size.max(1))
            .zip(values.par_chunks_exact_mut(size.max(1)))
            .zip(caches)
            .for_each(|((keys, values), cache)| cache.copy(start, keys, values));
        let shape = (caches.len(), kept, d);
        Ok(Self {
            start,
            end: first,
            keys: Tensor::from_vec(keys, shape, device)?,
            values: Tensor::from_vec(values, shape, device)?,
        })
    }

    /// True if the `kept` positions before `first` are its last ones.
    fn serves(&self, first: usize, kept: usize) -> bool {
        self.end == first && self.start <= first as isize - kept as isize
    }

    /// Followed by the keys and values of the next positions.
    fn followed_by(&self, keys: &Tensor, values: &Tensor, kept: usize) -> Result<Self> {
        let rows = (self.end as isize - self.start) as usize;
        let old = rows.min(kept + SPARE);
        let join = |before: &Tensor, after: &Tensor| {
            Tensor::cat(&[&before.narrow(1, rows - old, old)?, after], 1)
        };
        Ok(Self {
            start: self.end as isize - old as isize,
            end: self.end + keys.dim(1)?,
            keys: join(&self.keys, keys)?,
            values: join(&self.values, values)?,
        })
    }

    /// Keys and values of `count` positions from `from` on: heads × count × d each.
    pub fn rows(&self, from: isize, count: usize) -> Result<(Tensor, Tensor)> {
        let at = usize::try_from(from - self.start)
            .map_err(|_| candle_core::Error::msg("a window that begins too late"))?;
        Ok((
            self.keys.narrow(1, at, count)?.contiguous()?,
            self.values.narrow(1, at, count)?.contiguous()?,
        ))
    }
}

/// The windows of all layers, as far as they are there.
#[derive(Debug, Clone, Default)]
pub(in crate::model) struct Windows(Vec<Option<Window>>);

impl Windows {
    /// Drops the positions from `len` on.
    pub fn truncate(&mut self, len: usize) {
        for window in self.0.iter_mut().flatten() {
            window.end = window.end.min(len);
        }
        for window in &mut self.0 {
            // Cut back to before what it holds, it never serves again.
            if window
                .as_ref()
                .is_some_and(|window| window.start >= window.end as isize)
            {
                *window = None;
            }
        }
    }

    /// The window of `layer` with the keys and values of a block from position `first` on, whose queries see `kept`
    /// positions. The caches need not hold the block yet.
    pub(super) fn extend(
        &mut self,
        layer: usize,
        caches: &[HeadCache],
        (first, kept): (usize, usize),
        keys: &Tensor,
        values: &Tensor,
    ) -> Result<&Window> {
        if self.0.len() <= layer {
            self.0.resize(layer + 1, None);
        }
        let before = self.0[layer]
            .take()
            .filter(|window| window.serves(first, kept));
        let before = match before {
            Some(window) => window,
            None => Window::upload(caches, first, kept, keys.dim(2)?, keys.device())?,
        };
        Ok(self.0[layer].insert(before.followed_by(keys, values, kept)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One head of dimension 1 whose key is its position and whose value is twice that.
    fn cache(tokens: usize) -> HeadCache {
        let mut cache = HeadCache::new(1);
        for t in 0..tokens {
            cache.put(t, &[0.0], &[t as f32], &[2.0 * t as f32]);
        }
        cache
    }

    fn block(first: usize, n: usize) -> (Tensor, Tensor) {
        let keys: Vec<f32> = (first..first + n).map(|t| t as f32).collect();
        let keys = Tensor::from_vec(keys, (1, n, 1), &Device::Cpu).unwrap();
        let values = (&keys * 2.0).unwrap();
        (keys, values)
    }

    fn keys_from(window: &Window, from: isize, count: usize) -> Vec<f32> {
        let (keys, values) = window.rows(from, count).unwrap();
        assert_eq!(keys.dims(), [1, count, 1]);
        let keys = keys.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let values = values.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(keys.iter().zip(&values).all(|(k, v)| 2.0 * k == *v));
        keys
    }

    #[test]
    fn a_window_holds_the_same_however_it_came_about() {
        let mut windows = Windows::default();
        let (keys, values) = block(0, 3);
        let window = windows
            .extend(0, &[cache(0)], (0, 4), &keys, &values)
            .unwrap();
        assert_eq!(
            keys_from(window, -4, 7),
            [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0]
        );
        for first in (3..900).step_by(3) {
            let (keys, values) = block(first, 3);
            // No cache: it must not be needed.
            windows.extend(0, &[], (first, 4), &keys, &values).unwrap();
        }
        windows.truncate(700);
        let (keys, values) = block(700, 1);
        let window = windows.extend(0, &[], (700, 4), &keys, &values).unwrap();
        assert_eq!(
            keys_from(window, 696, 5),
            [696.0, 697.0, 698.0, 699.0, 700.0]
        );
        // So far back that only the cache knows.
        windows.truncate(100);
        let (keys, values) = block(100, 2);
        let window = windows
            .extend(0, &[cache(100)], (100, 4), &keys, &values)
            .unwrap();
        assert_eq!(keys_from(window, 97, 5), [97.0, 98.0, 99.0, 100.0, 101.0]);
    }
}
