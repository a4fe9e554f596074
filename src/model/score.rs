//! What a single weight is made of.

use super::Run;
use super::cache::BLOCK_TOKENS;
use super::kernel::PANEL;
use super::mask::soft_mask;

/// What the weight that a query gives a key is made of (arXiv 1905.07799, equations 1 to 5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreParts {
    /// q · k / √d.
    pub content: f32,
    /// q · p_δ / √d. The softmax sees the sum of both.
    pub position: f32,
    /// m(δ), from 0 to 1; 1 for a fixed span.
    pub mask: f32,
    /// The weight in the end, as [`Run::head_weights`] has it: m(δ) · exp(content + position), divided by
    /// exp([`log_divisor`](Self::log_divisor)).
    pub weight: f32,
}

impl ScoreParts {
    /// The natural logarithm of what m(δ) · exp(content + position) is divided by, which is the same for all keys of a
    /// query: the sum over all that it sees, after the mask, and 1e-8 of the sum before it. Infinite where the weight is
    /// zero.
    pub fn log_divisor(&self) -> f32 {
        self.content + self.position + self.mask.ln() - self.weight.ln()
    }
}

impl Run {
    /// What the weight that the query at position `query` gives the token at position `key` is made of; `None` where
    /// the head does not see it (`key` is not before `query`, or beyond the reach), there is no such head, or the
    /// numbers are forgotten.
    pub fn score(&self, layer: usize, head: usize, query: usize, key: usize) -> Option<ScoreParts> {
        let distance = query.checked_sub(key).filter(|distance| *distance > 0)?;
        if query >= self.ids().len() {
            return None;
        }
        let cx = self.head_context(layer, head, query..query + 1)?;
        if distance > cx.head.reach {
            return None;
        }
        let at = query % BLOCK_TOKENS;
        let q = cx.cache.queries(query / BLOCK_TOKENS, at..at + 1);
        let keys = cx.cache.keys(key / PANEL)?;
        let k = keys.data.get(key % PANEL..)?.iter().step_by(PANEL).copied();
        let p = cx
            .positions
            .row(cx.positions.outputs().checked_sub(distance)?);
        let weights = self.head_weights(layer, head, query, query + 1)?;
        Some(ScoreParts {
            content: dot(q, k) * cx.scale(),
            position: dot(q, p) * cx.scale(),
            mask: if cx.head.adaptive {
                let ramp = self.network().config().adapt_span_ramp;
                soft_mask(cx.head.span, ramp, distance)
            } else {
                1.0
            },
            weight: *weights.row(0).get(distance - 1)?,
        })
    }
}

fn dot(a: &[f32], b: impl Iterator<Item = f32>) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
