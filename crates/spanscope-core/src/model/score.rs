//! What a single weight is made of.

use super::Run;
use super::cache::BLOCK_TOKENS;
use super::rope::Turns;

/// What the weight that a query gives a key is made of (arXiv 1905.07799, equations 1 to 5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreParts {
    /// q · k / √d, or what a family has in the place of 1 / √d; after the soft cap, where there is one. Rotary positions are in it.
    pub content: f32,
    /// The same before the soft cap.
    pub uncapped: f32,
    /// The score before the soft cap if the key stood where the query stands: without rotation, q · k at distance 0. `None` where
    /// positions are not rotary.
    pub unrotated: Option<f32>,
    /// q · p_δ / √d, or −m · δ where heads have slopes; else 0. The softmax sees the sum of both.
    pub position: f32,
    /// m(δ), from 0 to 1; 1 for a fixed span.
    pub mask: f32,
    /// The weight in the end, as [`Run::head_weights`] has it: m(δ) · exp(content + position), divided by
    /// exp([`log_divisor`](Self::log_divisor)).
    pub weight: f32,
}

impl ScoreParts {
    /// The natural logarithm of what m(δ) · exp(content + position) is divided by, which is the same for all keys of a
    /// query: the sum over all that it sees, after the mask, and 1e-8 of the sum before it; in fairseq's port the sum before
    /// it. Infinite where the weight is zero.
    pub fn log_divisor(&self) -> f32 {
        self.content + self.position + self.mask.ln() - self.weight.ln()
    }
}

impl Run {
    /// What the weight that the query at position `query` gives the token at position `key` is made of; `None` where
    /// the head does not see it (`key` is too near, or beyond the reach), there is no such head, or the numbers are
    /// forgotten.
    pub fn score(&self, layer: usize, head: usize, query: usize, key: usize) -> Option<ScoreParts> {
        let distance = query.checked_sub(key)?;
        if query >= self.ids().len() {
            return None;
        }
        let cx = self.head_context(layer, head, query..query + 1)?;
        let column = distance.checked_sub(cx.head.nearest)?;
        let is_seen = column < cx.head.reach && (key >= cx.head.dropped || query < cx.head.dropped);
        if !is_seen && key >= cx.head.first {
            return None;
        }
        let at = query % BLOCK_TOKENS;
        let q = cx.cache.queries(query / BLOCK_TOKENS, at..at + 1);
        let k: Vec<f32> = cx.keys.key(key)?.copied().collect();
        let content = dot(q, k.iter().copied()) * cx.scale();
        let rope = self.network().layers.get(layer)?.rope;
        let rope = rope.and_then(|rope| self.network().ropes.get(rope));
        let unrotated = rope.map(|rope| {
            let mut k = k.clone();
            Turns::by(rope, distance, self.length.max(self.ids().len())).apply(0, &mut k);
            dot(q, k.into_iter()) * cx.scale()
        });
        let position = match cx.positions.outputs() {
            0 => -cx.head.slope * distance as f32,
            far => dot(q, cx.positions.row(far.checked_sub(distance)?)) * cx.scale(),
        };
        let weights = self.head_weights(layer, head, query, query + 1)?;
        Some(ScoreParts {
            content: match cx.head.cap {
                Some(cap) => cap * libm::tanhf(content / cap),
                None => content,
            },
            uncapped: content,
            unrotated,
            position,
            mask: cx.head.mask(distance, key),
            weight: *weights.row(0).get(column)?,
        })
    }
}

fn dot(a: &[f32], b: impl Iterator<Item = f32>) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::model::{Cancel, Network, NoObserver};
    use std::path::Path;
    use std::sync::Arc;

    fn run(name: &str) -> Run {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            .join(format!("tests/data/{name}.pt"));
        let file = Checkpoint::open(&path).unwrap();
        let mut run = Run::new(Arc::new(Network::load(&file, Some(16.into())).unwrap()));
        let ids: Vec<u32> = (0..200).map(|i| (i * i * 7 + i / 3) % 60).collect();
        run.set(&ids, &Cancel::default(), &NoObserver).unwrap();
        run
    }

    #[test]
    fn all_keys_of_a_query_share_its_divisor() {
        for name in ["tiny_adaptive", "tiny_fixed", "tiny_all_attention"] {
            let run = run(name);
            for span in run.network().spans() {
                for query in [1, 40, 64, 199] {
                    let near = query - span.reach.within(query);
                    let keys = (near..query).rev();
                    let parts: Vec<_> = keys
                        .map(|key| run.score(span.layer, span.head, query, key).unwrap())
                        .collect();
                    let row = run.head_weights(span.layer, span.head, query, query + 1);
                    let row = row.unwrap();
                    let divisor = parts[0].log_divisor();
                    for (parts, weight) in parts.iter().zip(row.row(0)) {
                        assert_eq!(parts.weight, *weight);
                        assert!((parts.log_divisor() - divisor).abs() < 1e-4, "{parts:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_query_does_not_see_has_no_score() {
        let mut run = run("tiny_adaptive");
        let spans = run.network().spans();
        let span = spans.iter().min_by_key(|span| span.reach).unwrap();
        let (layer, head, reach) = (span.layer, span.head, span.reach.keys());
        let score = |run: &Run, query, key| run.score(layer, head, query, key);
        assert!(score(&run, 150, 150 - reach).is_some());
        assert!(score(&run, 150, 150 - reach - 1).is_none());
        assert!(score(&run, 150, 150).is_none() && score(&run, 150, 151).is_none());
        assert!(score(&run, 200, 199).is_none() && run.score(99, 0, 150, 149).is_none());
        assert!(run.score(layer, 99, 150, 149).is_none());
        run.forget();
        assert!(score(&run, 150, 149).is_none() && score(&run, 199, 198).is_some());
    }
}
