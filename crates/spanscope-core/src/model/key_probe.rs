//! Whether a head's output at a query depends on a token, found by changing that token's key and value and computing again.

use super::Run;
use super::attention;
use super::band::{Context, Queries};
use super::cache::{BLOCK_TOKENS, HeadCache};
use super::forward::with_scratch;
use crate::head_id::HeadId;

/// One query of a head, to be computed with changed tokens.
pub struct KeyProbe<'a> {
    cx: Context<'a>,
    query: Queries,
    output: Vec<u32>,
}

impl Run {
    /// One query of a head, to be computed with changed tokens; `None` where there is no such head or query, or what it saw is
    /// forgotten, or the run has no values.
    pub fn key_probe(&self, head: HeadId, query: usize) -> Option<KeyProbe<'_>> {
        if self.network().is_recorded() || query >= self.ids().len() {
            return None;
        }
        let cx = self.head_context(head.layer, head.head, query..query + 1)?;
        let query = Queries {
            first: query,
            count: 1,
        };
        Some(KeyProbe {
            output: output(&cx, query),
            cx,
            query,
        })
    }
}

/// What the head reads and its weights, bit for bit: an ablated head reads nothing. All that the public codes put into the softmax
/// counts, whether it shows or not.
fn output(cx: &Context<'_>, query: Queries) -> Vec<u32> {
    let mut weights = attention::room(cx, query.first, 1);
    let mut read = Vec::new();
    for part in weights.parts([1]) {
        with_scratch(|scratch| {
            attention::weights_and_removed(cx, query, scratch, part, &mut [0.0]);
            read = attention::read(cx, query, scratch);
        });
    }
    let parts: [&[f32]; 5] = [
        &read,
        &weights.weights,
        &weights.persistent,
        &weights.empty,
        &weights.sink,
    ];
    let numbers = parts.into_iter().flatten();
    numbers.map(|x| x.to_bits()).collect()
}

impl KeyProbe<'_> {
    /// True if another key and value of the token at position `key` alter a bit of what the head gives.
    ///
    /// The token is changed in two ways, so that a key that happens to lie at right angles to the query is seen as well.
    pub fn alters(&self, key: usize) -> bool {
        [1.0_f32, -1.0].into_iter().any(|sign| {
            let Some(changed) = self.changed(key, sign) else {
                return false;
            };
            let cx = Context {
                keys: &changed,
                ..self.cx
            };
            output(&cx, self.query) != self.output
        })
    }

    /// The keys and values with those of one token changed: the key in the direction of the query, by a length that a score shows,
    /// and the value by one in every feature.
    fn changed(&self, key: usize, sign: f32) -> Option<HeadCache> {
        let dim = self.cx.dim;
        let mut cache = self.cx.keys.clone();
        let mut k = vec![0.0; dim];
        if !cache.copy_keys(key, &mut k, dim) {
            return None;
        }
        let at = key % BLOCK_TOKENS;
        let v = cache.values(key / BLOCK_TOKENS, at..at + 1).data;
        let mut v = v.get(..dim)?.to_vec();
        let query = self.query.rows(&self.cx);
        let norm = query.iter().map(|q| q * q).sum::<f32>().sqrt();
        // Of a query of zeros no key matters, but values do.
        let step = sign / (self.cx.scale().abs().max(1e-6) * norm.max(1e-6));
        for (k, q) in k.iter_mut().zip(query) {
            *k += step * q / norm.max(1e-6);
        }
        v.iter_mut().for_each(|v| *v += 1.0 + v.abs());
        cache.replace(key, &k, &v);
        Some(cache)
    }
}
