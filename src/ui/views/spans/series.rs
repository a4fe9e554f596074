//! Many numbers in few pixels: the largest of those that share one.

use crate::engine::HeadStats;
use std::sync::Arc;

/// The place of a column's largest number, and the number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Peak {
    /// Its index.
    pub at: usize,
    pub value: f32,
}

/// Numbers by index, shrunk to columns; kept until numbers or columns change.
#[derive(Debug, Default)]
pub(super) struct Series {
    /// The statistics it was made of, and by which key.
    of: Option<(Arc<HeadStats>, u64)>,
    peaks: Vec<Peak>,
    largest: f32,
}

impl Series {
    /// The largest of `values` in every column, in order, and the largest of all; `column` says where an index stands and must not fall. `key`
    /// stands for everything that `column` depends on. Values that are not numbers are left out.
    pub fn peaks(
        &mut self,
        of: &Arc<HeadStats>,
        key: u64,
        values: &[f32],
        column: impl Fn(usize) -> i32,
    ) -> (&[Peak], f32) {
        let same = |(old, old_key): &(Arc<HeadStats>, u64)| Arc::ptr_eq(old, of) && *old_key == key;
        if !self.of.as_ref().is_some_and(same) {
            self.peaks = shrink(values, column);
            self.largest = self.peaks.iter().map(|p| p.value).fold(0.0, f32::max);
            self.of = Some((Arc::clone(of), key));
        }
        (&self.peaks, self.largest)
    }
}

fn shrink(values: &[f32], column: impl Fn(usize) -> i32) -> Vec<Peak> {
    let mut peaks: Vec<Peak> = Vec::new();
    let mut last = None;
    for (at, &value) in values.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        let here = Some(column(at));
        match peaks.last_mut().filter(|_| here == last) {
            Some(peak) if peak.value >= value => {}
            Some(peak) => *peak = Peak { at, value },
            None => peaks.push(Peak { at, value }),
        }
        last = here;
    }
    peaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_keeps_its_largest_number_and_where_it_is() {
        let values = [0.1, 0.7, 0.3, f32::NAN, 0.2, 0.2];
        let peaks = shrink(&values, |at| at as i32 / 3);
        let of = |at: usize| Peak {
            at,
            value: values[at],
        };
        assert_eq!(peaks, [of(1), of(4)]);
        assert_eq!(shrink(&values, |at| at as i32).len(), 5);
        assert!(shrink(&[], |at| at as i32).is_empty());
    }
}
