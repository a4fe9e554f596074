//! Surprisal of a long text, summed and searched by blocks: a plot of a million tokens looks at its pixels only.

use crate::engine::{Snapshot, Tokens};
use crate::model::Network;
use std::ops::Range;
use std::sync::{Arc, Weak};

/// Values that a block takes together.
const BLOCK: usize = 64;

/// Sums and maxima of surprisal, in bits. The i-th value belongs to the token at position i + 1.
#[derive(Debug, Default)]
pub struct Pyramid {
    values: Arc<Vec<f32>>,
    /// The text and model of the values: they grow as the network runs on, and start anew with another text or model.
    of: (Weak<Tokens>, Weak<Network>),
    /// Sums of the values before each block, and of all.
    sums: Vec<f64>,
    /// The largest of each block with its index.
    maxima: Vec<(f32, usize)>,
}

impl Pyramid {
    /// Takes over the surprisal of `snapshot`.
    pub fn update(&mut self, snapshot: &Snapshot) {
        let Some(model) = &snapshot.model else {
            return;
        };
        if Arc::ptr_eq(&self.values, &snapshot.surprisal) {
            return;
        }
        let same = std::ptr::eq(self.of.0.as_ptr(), Arc::as_ptr(&snapshot.tokens))
            && std::ptr::eq(self.of.1.as_ptr(), Arc::as_ptr(&model.network));
        if !same {
            self.of = (
                Arc::downgrade(&snapshot.tokens),
                Arc::downgrade(&model.network),
            );
        }
        self.set(Arc::clone(&snapshot.surprisal), same);
    }

    /// Takes over `values`; with `grown`, those before are known already.
    fn set(&mut self, values: Arc<Vec<f32>>, grown: bool) {
        let whole = if grown {
            self.values.len().min(values.len()) / BLOCK
        } else {
            0
        };
        self.sums.truncate(whole + 1);
        self.maxima.truncate(whole);
        if self.sums.is_empty() {
            self.sums.push(0.0);
        }
        for (i, block) in values.chunks(BLOCK).enumerate().skip(whole) {
            let before = self.sums.last().copied().unwrap_or(0.0);
            self.sums.push(before + sum(block));
            self.maxima.push(largest(block, i * BLOCK));
        }
        self.values = values;
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The mean over `range`, as far as there are values.
    pub fn mean(&self, range: Range<usize>) -> Option<f32> {
        let range = self.within(range)?;
        let (first, last) = (range.start.div_ceil(BLOCK), range.end / BLOCK);
        let sum = if first < last {
            let ends = sum(&self.values[range.start..first * BLOCK])
                + sum(&self.values[last * BLOCK..range.end]);
            self.sums[last] - self.sums[first] + ends
        } else {
            sum(&self.values[range.clone()])
        };
        Some((sum / range.len() as f64) as f32)
    }

    /// The largest value of `range` with its index; the first of equally large ones.
    pub fn max(&self, range: Range<usize>) -> Option<(f32, usize)> {
        let range = self.within(range)?;
        let (first, last) = (range.start.div_ceil(BLOCK), range.end / BLOCK);
        if first >= last {
            return Some(largest(&self.values[range.clone()], range.start));
        }
        let left = largest(&self.values[range.start..first * BLOCK], range.start);
        let right = largest(&self.values[last * BLOCK..range.end], last * BLOCK);
        let blocks = self.maxima[first..last].iter().copied();
        [left]
            .into_iter()
            .chain(blocks)
            .chain([right])
            .reduce(higher)
    }

    fn within(&self, range: Range<usize>) -> Option<Range<usize>> {
        let range = range.start..range.end.min(self.values.len());
        (range.start < range.end).then_some(range)
    }
}

/// The sum of the finite values: others, after a training that diverged, count as nothing.
fn sum(values: &[f32]) -> f64 {
    let finite = values.iter().filter(|value| value.is_finite());
    finite.map(|value| f64::from(*value)).sum()
}

fn largest(values: &[f32], from: usize) -> (f32, usize) {
    let all = values.iter().copied().zip(from..);
    let all = all.filter(|(value, _)| value.is_finite());
    all.reduce(higher).unwrap_or((0.0, from))
}

fn higher(a: (f32, usize), b: (f32, usize)) -> (f32, usize) {
    if b.0 > a.0 { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(n: usize) -> Vec<f32> {
        // Scattered, and the same every time.
        (0..n).map(|i| (i * 7919 % 1013) as f32 / 100.0).collect()
    }

    #[test]
    fn every_range_has_its_mean_and_its_largest() {
        let all = values(1000);
        let mut pyramid = Pyramid::default();
        pyramid.set(Arc::new(all.clone()), false);
        for range in [
            0..1000,
            0..64,
            64..128,
            1..63,
            63..65,
            10..500,
            130..190,
            999..1000,
        ] {
            let part = &all[range.clone()];
            let mean = part.iter().map(|v| f64::from(*v)).sum::<f64>() / part.len() as f64;
            let found = pyramid.mean(range.clone()).unwrap();
            assert!((f64::from(found) - mean).abs() < 1e-5, "{range:?}");
            let max = part.iter().copied().fold(0.0, f32::max);
            let (value, index) = pyramid.max(range.clone()).unwrap();
            assert!(value == max && all[index] == max && range.contains(&index));
        }
        assert_eq!(pyramid.mean(1000..1010), None);
        assert_eq!(pyramid.max(5..5), None);
        assert_eq!(pyramid.max(990..2000), pyramid.max(990..1000));
    }

    #[test]
    fn it_grows_with_the_run_and_forgets_what_was_replaced() {
        let all = values(777);
        let mut grown = Pyramid::default();
        for n in [1, 63, 64, 65, 300, 777] {
            grown.set(Arc::new(all[..n].to_vec()), true);
        }
        let mut fresh = Pyramid::default();
        fresh.set(Arc::new(all.clone()), false);
        assert_eq!((&grown.sums, &grown.maxima), (&fresh.sums, &fresh.maxima));
        grown.set(Arc::new(vec![1.0; 70]), false);
        assert_eq!(grown.mean(0..70), Some(1.0));
        assert_eq!((grown.len(), grown.max(0..70)), (70, Some((1.0, 0))));
        grown.set(Arc::new(Vec::new()), true);
        assert_eq!((grown.len(), grown.mean(0..9)), (0, None));
    }

    #[test]
    fn what_is_no_number_counts_as_nothing() {
        let mut pyramid = Pyramid::default();
        pyramid.set(Arc::new(vec![f32::NAN, 3.0, f32::INFINITY]), false);
        assert_eq!(pyramid.max(0..3), Some((3.0, 1)));
        assert_eq!(pyramid.mean(0..3), Some(1.0));
    }
}
