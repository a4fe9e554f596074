//! How a head's weight divides between context, persistent vectors and empty context.

use crate::model::{HeadSums, Observer};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Mean shares of one head's weight over the tokens of a text.
///
/// Together they are 1, but for heads nearly all of whose softmax lies beyond their reach: there the published
/// division by (sum + 1e-8) leaves less.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Shares {
    /// On tokens of the text.
    pub context: f32,
    /// On persistent vectors.
    pub persistent: f32,
    /// On distances before the text's start.
    pub empty: f32,
}

#[derive(Debug, Clone, Default)]
struct Rows {
    context: Vec<f32>,
    persistent: Vec<f32>,
    empty: Vec<f32>,
}

/// Records the shares of every head, token by token, while a network runs.
///
/// Kept per token and not as sums, so that an edit costs what follows it: [`ShareRecorder::truncate`] forgets
/// the tokens that will run again.
#[derive(Debug)]
pub struct ShareRecorder {
    nb_heads: usize,
    rows: Mutex<Vec<Rows>>,
}

impl ShareRecorder {
    /// An empty record for `nb_layers` × `nb_heads` heads.
    pub fn new(nb_layers: usize, nb_heads: usize) -> Self {
        Self {
            nb_heads,
            rows: Mutex::new(vec![Rows::default(); nb_layers * nb_heads]),
        }
    }

    fn rows(&self) -> MutexGuard<'_, Vec<Rows>> {
        // A panic elsewhere leaves at worst rows that are written again.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all tokens from position `len` on.
    pub fn truncate(&self, len: usize) {
        for rows in self.rows().iter_mut() {
            rows.context.truncate(len);
            rows.persistent.truncate(len);
            rows.empty.truncate(len);
        }
    }

    /// The mean shares over the first `len` tokens, layer by layer; nothing for no tokens.
    pub fn means(&self, len: usize) -> Vec<Shares> {
        let mean = |values: &[f32]| {
            let seen = &values[..len.min(values.len())];
            let sum: f64 = seen.iter().map(|v| f64::from(*v)).sum();
            (sum / seen.len().max(1) as f64) as f32
        };
        let shares = |rows: &Rows| Shares {
            context: mean(&rows.context),
            persistent: mean(&rows.persistent),
            empty: mean(&rows.empty),
        };
        if len == 0 {
            Vec::new()
        } else {
            self.rows().iter().map(shares).collect()
        }
    }
}

impl Observer for ShareRecorder {
    fn wants(&self, _: usize, _: usize) -> bool {
        false
    }

    fn sums(&self, layer: usize, head: usize, sums: &HeadSums) {
        if let Some(rows) = self.rows().get_mut(layer * self.nb_heads + head) {
            put(&mut rows.context, sums.first, &sums.context);
            put(&mut rows.persistent, sums.first, &sums.persistent);
            put(&mut rows.empty, sums.first, &sums.empty);
        }
    }
}

/// Tiles arrive in any order.
fn put(into: &mut Vec<f32>, at: usize, values: &[f32]) {
    let end = at + values.len();
    if into.len() < end {
        into.resize(end, 0.0);
    }
    into[at..end].copy_from_slice(values);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Query 0 sees nothing but empty context, the others none of it.
    fn tile(first: usize, context: &[f32], persistent: &[f32]) -> HeadSums {
        let is_first = |i: usize| first + i == 0;
        let split = |empty: bool| {
            let of = |(i, w): (usize, &f32)| if is_first(i) == empty { *w } else { 0.0 };
            context.iter().enumerate().map(of).collect()
        };
        HeadSums {
            first,
            context: split(false),
            persistent: persistent.to_vec(),
            empty: split(true),
        }
    }

    #[test]
    fn tiles_in_any_order_give_the_means_and_an_edit_forgets_what_follows() {
        let recorder = ShareRecorder::new(1, 2);
        recorder.sums(0, 1, &tile(2, &[0.6, 0.6], &[0.4, 0.4]));
        recorder.sums(0, 1, &tile(0, &[0.8, 0.8], &[0.2, 0.2]));
        let [none, shares] = recorder.means(4)[..] else {
            panic!("two heads")
        };
        assert_eq!(none, Shares::default());
        let close = |a: f32, b: f32| assert!((a - b).abs() < 1e-6, "{a} {b}");
        close(shares.empty, 0.2);
        close(shares.persistent, 0.3);
        close(shares.context, 0.5);
        recorder.truncate(2);
        close(recorder.means(9)[1].empty, 0.4);
        assert!(recorder.means(0).is_empty());
    }
}
