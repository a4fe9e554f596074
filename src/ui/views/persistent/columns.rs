//! The persistent vectors of one head in the order in which they are drawn.

use crate::analysis::VectorUsage;
use crate::engine::SelectedHeads;
use std::sync::{Arc, Weak};

/// The persistent vectors of one head in the order of their columns.
#[derive(Debug)]
pub(super) struct Columns {
    /// Vectors by falling use; otherwise by index.
    pub sorted: bool,
    /// The measured use.
    pub usage: VectorUsage,
    /// The order to ask pictures in: empty by index.
    pub order: Arc<[u32]>,
    /// The place of each vector by falling use, from 0.
    pub rank: Vec<u32>,
    /// Share of the head's persistent weight that the vectors up to each place hold together.
    pub held: Vec<f32>,
    of: Weak<SelectedHeads>,
}

impl Columns {
    /// The columns of a head; `None` where its use of vectors is not known.
    pub fn of(detail: &Arc<SelectedHeads>, sorted: bool) -> Option<Self> {
        let usage = detail.usage.clone().filter(|u| !u.mean.is_empty())?;
        let mut rank = vec![0; usage.mean.len()];
        for (place, vector) in (0_u32..).zip(&usage.order) {
            if let Some(rank) = rank.get_mut(*vector as usize) {
                *rank = place;
            }
        }
        let total: f64 = usage.mean.iter().copied().map(f64::from).sum();
        let mut sum = 0.0;
        let held = usage.order.iter().map(|vector| {
            sum += usage
                .mean
                .get(*vector as usize)
                .copied()
                .map_or(0.0, f64::from);
            (sum / total.max(f64::MIN_POSITIVE)) as f32
        });
        Some(Self {
            held: held.collect(),
            order: if sorted {
                usage.order.as_slice().into()
            } else {
                Arc::default()
            },
            rank,
            sorted,
            usage,
            of: Arc::downgrade(detail),
        })
    }

    /// True if these are the columns of `detail` in this order.
    pub fn fit(&self, detail: &Arc<SelectedHeads>, sorted: bool) -> bool {
        self.sorted == sorted && std::ptr::eq(self.of.as_ptr(), Arc::as_ptr(detail))
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.usage.mean.len()
    }

    /// The vector of a column.
    pub fn vector(&self, column: usize) -> Option<usize> {
        if self.sorted {
            self.order.get(column).map(|vector| *vector as usize)
        } else {
            Some(column).filter(|column| *column < self.len())
        }
    }

    /// The column of a vector.
    pub fn column(&self, vector: usize) -> Option<usize> {
        let place = *self.rank.get(vector)? as usize;
        Some(if self.sorted { place } else { vector })
    }

    /// The mean weight of a column's vector.
    pub fn mean(&self, column: usize) -> f32 {
        let vector = self.vector(column);
        let mean = vector.and_then(|vector| self.usage.mean.get(vector));
        mean.copied().unwrap_or(0.0)
    }

    /// True if a vector counts as never used.
    pub fn never(&self, vector: usize) -> bool {
        let used = self.len().saturating_sub(self.usage.never);
        self.rank.get(vector).is_some_and(|r| *r as usize >= used)
    }

    /// The fewest vectors, the most used first, that hold `share` of the head's persistent weight.
    pub fn holding(&self, share: f32) -> usize {
        let before = self.held.partition_point(|held| *held < share);
        (before + 1).min(self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HeadId;

    fn columns(sorted: bool) -> Columns {
        let usage = VectorUsage::from_sums(&[0.1, 0.6, 0.0, 0.3], 2);
        let detail = SelectedHeads {
            loses_weight: false,
            heads: crate::engine::Heads::one(HeadId::new(0, 0)),
            weights: crate::analysis::TextWeights::new(0, 1, 1, 4),
            largest: 0.0,
            usage: Some(usage),
        };
        Columns::of(&Arc::new(detail), sorted).unwrap()
    }

    #[test]
    fn columns_stand_by_use_or_by_index() {
        let sorted = columns(true);
        assert_eq!(
            [0, 1, 2, 3].map(|c| sorted.vector(c).unwrap()),
            [1, 3, 0, 2]
        );
        assert_eq!(
            [0, 1, 2, 3].map(|v| sorted.column(v).unwrap()),
            [2, 0, 3, 1]
        );
        assert_eq!((sorted.vector(4), sorted.column(4)), (None, None));
        assert!((sorted.mean(1) - 0.15).abs() < 1e-6);
        assert_eq!(
            (
                sorted.holding(0.5),
                sorted.holding(0.9),
                sorted.holding(0.95)
            ),
            (1, 2, 3)
        );
        assert!(sorted.never(2) && !sorted.never(0));
        let plain = columns(false);
        assert!(plain.order.is_empty());
        assert_eq!((plain.vector(3), plain.column(3)), (Some(3), Some(3)));
        assert_eq!((plain.mean(0), plain.holding(0.5)), (0.05, 1));
    }
}
