//! Every head ablated in turn: what a text costs without it.

use super::bits;
use crate::model::{BLOCK, Cancel, HeadId, ModelError, Network, NoObserver, Run, Span};
use std::sync::Arc;

/// The cost of a text without one head.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ablated {
    /// The head.
    pub id: HeadId,
    /// Mean surprisal of the text with the head ablated, in bits per token.
    pub bits: f64,
    /// The same less that with the head: positive where the head helps.
    pub change: f64,
}

/// The cost of a text without each of the heads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ablation {
    /// Tokens of the text.
    pub tokens: usize,
    /// Mean surprisal with all heads, in bits per token.
    pub bits: f64,
    /// The heads, the one that the text needs most first; those that are ablated already are not among them.
    pub heads: Vec<Ablated>,
}

/// Ablates every head of `network` in turn, on top of the edits that it has, and runs it over `ids`. `told` hears of every
/// run: how many are done, and of how many. `None` where the text has no token that is predicted.
///
/// # Errors
/// As [`Run::extend`].
pub fn ablate_each(
    network: &Network,
    ids: &[u32],
    cancel: &Cancel,
    told: &dyn Fn(usize, usize),
) -> Result<Option<Ablation>, ModelError> {
    let edits = network.edits().clone();
    let spans = network.spans();
    let left: Vec<HeadId> = spans
        .iter()
        .map(Span::id)
        .filter(|id| !edits.is_ablated(id.layer, id.head))
        .collect();
    let all = left.len() + 1;
    told(0, all);
    let Some(whole) = mean_bits(network.edited(&edits)?, ids, cancel)? else {
        return Ok(None);
    };
    told(1, all);
    let mut heads = Vec::with_capacity(left.len());
    for (done, id) in left.into_iter().enumerate() {
        let mut without = edits.clone();
        without.set_ablated(id.layer, id.head, true);
        let bits = mean_bits(network.edited(&without)?, ids, cancel)?;
        let bits = bits.unwrap_or(f64::NAN);
        heads.push(Ablated {
            id,
            bits,
            change: bits - whole,
        });
        told(done + 2, all);
    }
    heads.sort_by(|a, b| b.change.total_cmp(&a.change));
    Ok(Some(Ablation {
        tokens: ids.len(),
        bits: whole,
        heads,
    }))
}

/// Mean surprisal of a text, in bits per token; `None` where nothing is predicted.
fn mean_bits(network: Network, ids: &[u32], cancel: &Cancel) -> Result<Option<f64>, ModelError> {
    let mut run = Run::new(Arc::new(network));
    run.for_length(ids.len());
    let (mut sum, mut count) = (0.0, 0_usize);
    for (i, block) in ids.chunks(BLOCK).enumerate() {
        run.extend(block, BLOCK, cancel, &NoObserver)?;
        let (from, to) = (i * BLOCK, i * BLOCK + block.len());
        let targets = ids.get(from + 1..ids.len().min(to + 1));
        for nats in run.nll(from, targets.unwrap_or_default(), cancel)? {
            sum += f64::from(bits(nats));
            count += 1;
        }
        run.forget();
    }
    Ok((count > 0).then(|| sum / count as f64))
}
