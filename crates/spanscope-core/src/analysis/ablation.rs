//! Every head ablated in turn: what a text costs without it.

use super::bits;
use crate::model::{BLOCK, Cancel, Edits, HeadId, ModelError, Network, NoObserver, Run, Span};
use std::borrow::Borrow;
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
    let mut all = AblationSteps::new(network, ids)?;
    told(0, all.runs());
    let mut done = 0;
    loop {
        if let Some(ablation) = all.step(BLOCK, cancel)? {
            if ablation.is_some() {
                told(all.runs(), all.runs());
            }
            return Ok(ablation);
        }
        if all.done() > done {
            done = all.done();
            told(done, all.runs());
        }
    }
}

/// The same in pieces: for a page, which has no thread to spare.
pub struct AblationSteps<N, I> {
    network: N,
    ids: I,
    edits: Edits,
    left: Vec<HeadId>,
    pass: Pass,
    whole: Option<f64>,
    heads: Vec<Ablated>,
}

impl<N: Borrow<Network>, I: Borrow<[u32]>> AblationSteps<N, I> {
    /// Begins with the run that ablates no head.
    ///
    /// # Errors
    /// As [`Network::edited`].
    pub fn new(network: N, ids: I) -> Result<Self, ModelError> {
        let of = network.borrow();
        let edits = of.edits().clone();
        let left = of.spans().iter().map(Span::id).collect::<Vec<_>>();
        let left = left
            .into_iter()
            .filter(|id| !edits.is_ablated(id.layer, id.head));
        Ok(Self {
            left: left.collect(),
            pass: Pass::new(of.edited(&edits)?, ids.borrow().len()),
            network,
            ids,
            edits,
            whole: None,
            heads: Vec::new(),
        })
    }

    /// The runs that it takes.
    pub fn runs(&self) -> usize {
        self.left.len() + 1
    }

    /// The runs that are done.
    pub fn done(&self) -> usize {
        self.heads.len() + usize::from(self.whole.is_some())
    }

    /// Takes the run at hand through the next `block` tokens; the result, once all are done. However large blocks are, it is
    /// the same bit for bit.
    ///
    /// # Errors
    /// As [`Run::extend`].
    pub fn step(
        &mut self,
        block: usize,
        cancel: &Cancel,
    ) -> Result<Option<Option<Ablation>>, ModelError> {
        let ids = self.ids.borrow();
        if !self.pass.step(ids, block, cancel)? {
            return Ok(None);
        }
        let bits = self.pass.mean();
        let whole = match (self.whole, bits) {
            (Some(whole), _) => {
                let bits = bits.unwrap_or(f64::NAN);
                self.heads.push(Ablated {
                    id: self.left[self.heads.len()],
                    bits,
                    change: bits - whole,
                });
                whole
            }
            (None, Some(whole)) => {
                self.whole = Some(whole);
                whole
            }
            (None, None) => return Ok(Some(None)),
        };
        if let Some(next) = self.left.get(self.heads.len()) {
            let mut without = self.edits.clone();
            without.set_ablated(next.layer, next.head, true);
            self.pass = Pass::new(self.network.borrow().edited(&without)?, ids.len());
            return Ok(None);
        }
        let mut heads = std::mem::take(&mut self.heads);
        heads.sort_by(|a, b| b.change.total_cmp(&a.change));
        Ok(Some(Some(Ablation {
            tokens: ids.len(),
            bits: whole,
            heads,
        })))
    }
}

/// A run over a text that adds up what its tokens cost.
struct Pass {
    run: Run,
    read: usize,
    sum: f64,
    count: usize,
}

impl Pass {
    fn new(network: Network, tokens: usize) -> Self {
        let mut run = Run::new(Arc::new(network));
        run.for_length(tokens);
        Self {
            run,
            read: 0,
            sum: 0.0,
            count: 0,
        }
    }

    /// Reads on; true at the end.
    fn step(&mut self, ids: &[u32], block: usize, cancel: &Cancel) -> Result<bool, ModelError> {
        let (from, to) = (self.read, ids.len().min(self.read + block.max(1)));
        if from < to {
            self.run
                .extend(&ids[from..to], BLOCK, cancel, &NoObserver)?;
            let targets = ids.get(from + 1..ids.len().min(to + 1));
            for nats in self.run.nll(from, targets.unwrap_or_default(), cancel)? {
                self.sum += f64::from(bits(nats));
                self.count += 1;
            }
            self.run.forget();
            self.read = to;
        }
        Ok(to == ids.len())
    }

    /// Mean surprisal, in bits per token; `None` where nothing is predicted.
    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}
