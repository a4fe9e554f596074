//! Norms of what heads would write of each token, taken once: every query that sees the token wants them again.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// The norms of one head: those of the tokens from position `first` on.
#[derive(Debug, Default)]
struct OfHead {
    first: usize,
    norms: Vec<f32>,
}

/// The norms of all heads of a run, as far as somebody has asked for them. A clone has none.
#[derive(Debug, Default)]
pub(super) struct KeptNorms {
    /// By layer and head.
    heads: Vec<Vec<Mutex<OfHead>>>,
}

impl Clone for KeptNorms {
    fn clone(&self) -> Self {
        Self::new(self.heads.iter().map(Vec::len))
    }
}

impl KeptNorms {
    /// None yet, of layers of so many heads.
    pub fn new(layers: impl Iterator<Item = usize>) -> Self {
        let of = |heads| std::iter::repeat_with(Mutex::default).take(heads).collect();
        Self {
            heads: layers.map(of).collect(),
        }
    }

    /// The norms of a head for the tokens at `keys`; those not at hand are taken by `norm`.
    pub fn of(
        &self,
        (layer, head): (usize, usize),
        keys: Range<usize>,
        norm: impl Fn(usize) -> f32,
    ) -> Vec<f32> {
        let Some(of) = self.heads.get(layer).and_then(|heads| heads.get(head)) else {
            return keys.map(norm).collect();
        };
        let mut of = of.lock().unwrap_or_else(PoisonError::into_inner);
        let end = of.first + of.norms.len();
        if keys.start < of.first || keys.start > end {
            // Not next to those at hand: others are looked at now.
            of.norms.clear();
            of.first = keys.start;
        }
        let end = of.first + of.norms.len();
        of.norms.extend((end..keys.end).map(norm));
        let at = keys.start - of.first..keys.end.max(keys.start) - of.first;
        of.norms.get(at).unwrap_or_default().to_vec()
    }

    /// Forgets the tokens from position `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.each(|_, _, of| of.norms.truncate(len.saturating_sub(of.first)));
    }

    /// Forgets the tokens before the position that `first` gives for a layer and head.
    pub fn forget(&mut self, first: impl Fn(usize, usize) -> usize) {
        self.each(|layer, head, of| {
            let gone = first(layer, head).saturating_sub(of.first);
            let gone = gone.min(of.norms.len());
            of.norms.drain(..gone);
            of.first += gone;
        });
    }

    /// Memory that it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let heads = self.heads.iter().flatten();
        let of = |of: &Mutex<OfHead>| {
            let of = of.lock().unwrap_or_else(PoisonError::into_inner);
            size_of_val(of.norms.as_slice())
        };
        heads.map(of).sum()
    }

    fn each(&mut self, change: impl Fn(usize, usize, &mut OfHead)) {
        for (layer, heads) in self.heads.iter_mut().enumerate() {
            for (head, of) in heads.iter_mut().enumerate() {
                let of = of.get_mut().unwrap_or_else(PoisonError::into_inner);
                change(layer, head, of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn each_norm_is_taken_once_and_again_where_the_text_changed() {
        let mut kept = KeptNorms::new([1, 2].into_iter());
        let taken = RefCell::new(Vec::new());
        let of = |kept: &KeptNorms, keys: Range<usize>, add: f32| {
            let norms = kept.of((1, 1), keys.clone(), |key| {
                taken.borrow_mut().push(key);
                key as f32 + add
            });
            assert_eq!(norms.len(), keys.len());
            (norms, taken.take())
        };
        assert_eq!(of(&kept, 3..6, 0.0), (vec![3.0, 4.0, 5.0], vec![3, 4, 5]));
        assert_eq!(of(&kept, 4..7, 0.0), (vec![4.0, 5.0, 6.0], vec![6]));
        kept.truncate(5);
        assert_eq!(of(&kept, 3..7, 0.5), (vec![3.0, 4.0, 5.5, 6.5], vec![5, 6]));
        kept.forget(|_, _| 5);
        assert_eq!(kept.bytes(), 8);
        assert_eq!(of(&kept, 5..6, 9.0), (vec![5.5], vec![]));
        // Before, or beyond a gap.
        assert_eq!(of(&kept, 4..6, 0.0), (vec![4.0, 5.0], vec![4, 5]));
        assert_eq!(of(&kept, 9..10, 0.0), (vec![9.0], vec![9]));
        kept.truncate(2);
        assert_eq!(of(&kept, 9..10, 1.0), (vec![10.0], vec![9]));
        assert_eq!(of(&kept.clone(), 9..10, 0.0), (vec![9.0], vec![9]));
        assert_eq!(of(&kept, 9..9, 0.0), (vec![], vec![]));
        // Where there is no such head nothing is kept.
        assert_eq!(kept.of((7, 0), 0..2, |key| key as f32), [0.0, 1.0]);
    }
}
