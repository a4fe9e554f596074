//! Verified reach: the farthest token whose change alters what a head gives its layer at a query, found by running it.
//!
//! Only the head's own key and value of the token are changed, not what lies below: the head's reach is asked for, not that of the
//! network. So one run answers for all tokens, and a token is visible if and only if its change alters a bit.

use crate::model::{Cancel, HeadId, ModelError, Run};
use rayon::prelude::*;
use std::ops::Range;

/// The reach of a head at a query, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedReach {
    /// The head.
    pub head: HeadId,
    /// The query's position.
    pub query: usize,
    /// The farthest distance whose change alters a bit; `None` where none does.
    pub farthest: Option<usize>,
    /// The farthest distance that the head sees by design from there; `None` where there is none.
    pub designed: Option<usize>,
    /// Distances that alter a bit though by design they are not seen, and first tokens among them that are.
    pub beside: Vec<usize>,
    /// Distances within the design whose change alters nothing: a weight of 0, or one too small for 32 bits.
    pub silent: usize,
}

impl VerifiedReach {
    /// True if what was found is what the design says: the farthest visible token is the farthest by design.
    pub fn agrees(&self) -> bool {
        self.farthest == self.designed && self.beside.is_empty()
    }
}

/// The reach of a head at the query at position `query` of `run`.
///
/// # Errors
/// When there is no such head, the run has no such query or has forgotten what it saw, or has no values; and on cancellation.
pub fn verified_reach(
    run: &Run,
    head: HeadId,
    query: usize,
    cancel: &Cancel,
) -> Result<VerifiedReach, ModelError> {
    let spans = run.network().spans();
    let span = spans.iter().find(|span| span.id() == head);
    let missing = || {
        ModelError::CannotEdit {
        what: format!("{head} at token {query}"),
        why: "what this query saw is not at hand: the run must hold the whole text, and the model its weights".into(),
    }
    };
    let span = span.ok_or_else(missing)?;
    let keys: Range<usize> = 0..(query + 1).saturating_sub(span.nearest);
    let probe = run.key_probe(head, query).ok_or_else(missing)?;
    let first = span.first;
    let by_design = |key: usize| {
        let within = span.open || query - key < span.nearest + span.reach;
        within || key < first
    };
    let alters = |key: &usize| !cancel.is_cancelled() && probe.alters(*key);
    let visible: Vec<usize> = keys.clone().into_par_iter().filter(alters).collect();
    if cancel.is_cancelled() {
        return Err(ModelError::Cancelled);
    }
    let designed = keys.clone().find(|key| by_design(*key));
    let count = keys.filter(|key| by_design(*key)).count();
    let beside = visible.iter().filter(|key| !by_design(**key));
    Ok(VerifiedReach {
        head,
        query,
        farthest: visible.first().map(|key| query - key),
        designed: designed.map(|key| query - key),
        beside: beside.map(|key| query - key).collect(),
        silent: count - visible.iter().filter(|key| by_design(**key)).count(),
    })
}
