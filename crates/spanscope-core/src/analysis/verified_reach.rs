//! Verified reach: the farthest token whose change alters what a head gives its layer at a query, found by running it.
//!
//! Only the head's own key and value of the token are changed, not what lies below: the head's reach is asked for, not that of the
//! network. So one run answers for all tokens, and a token is visible if and only if its change alters a bit.

use crate::model::{Cancel, FirstTokens, HeadId, ModelError, Run, Span};
use rayon::prelude::*;
use std::ops::Range;

/// Tokens that are changed, one after the other, in a step of a search.
const PIECE: usize = 64;

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

/// A search for the reach of a head at a query, some tokens at a time, the farthest first.
#[derive(Debug)]
pub struct ReachSearch {
    span: Span,
    query: usize,
    dropped: usize,
    /// All tokens that may be seen.
    keys: Range<usize>,
    /// The token that is changed next.
    next: usize,
    visible: Vec<usize>,
}

impl ReachSearch {
    /// A search at the query at position `query` of `run`.
    ///
    /// # Errors
    /// When there is no such head, the run has no such query or has forgotten what was before it, or has no values.
    pub fn new(run: &Run, head: HeadId, query: usize) -> Result<Self, ModelError> {
        let spans = run.network().spans();
        let span = spans.into_iter().find(|span| span.id() == head);
        let span = span.ok_or_else(|| missing(head, query))?;
        let is_whole = run.first_kept() == 0 && run.key_probe(head, query).is_some();
        if !is_whole {
            return Err(missing(head, query));
        }
        let dropped = match run.network().edits().first() {
            Some(FirstTokens::Drop(count)) if count <= query => count,
            _ => 0,
        };
        Ok(Self {
            span,
            query,
            dropped,
            keys: 0..(query + 1).saturating_sub(span.nearest),
            next: 0,
            visible: Vec::new(),
        })
    }

    /// The head.
    pub fn head(&self) -> HeadId {
        self.span.id()
    }

    /// The query's position.
    pub fn query(&self) -> usize {
        self.query
    }

    /// Tokens that were changed so far, and those that will be.
    pub fn progress(&self) -> (usize, usize) {
        (self.next, self.keys.len())
    }

    /// True if there is no token left to change.
    pub fn is_done(&self) -> bool {
        self.next >= self.keys.end
    }

    /// Changes some more tokens of `run`, which must be the one that it began with.
    ///
    /// # Errors
    /// When the run has forgotten what the query saw; and on cancellation, which leaves the search where it was.
    pub fn go_on(&mut self, run: &Run, cancel: &Cancel) -> Result<(), ModelError> {
        let (head, query) = (self.head(), self.query);
        let probe = run.key_probe(head, query);
        let probe = probe.ok_or_else(|| missing(head, query))?;
        let end = (self.next + PIECE).min(self.keys.end);
        let alters = |key: &usize| !cancel.is_cancelled() && probe.alters(*key);
        let visible = (self.next..end).into_par_iter().filter(alters);
        let visible: Vec<usize> = visible.collect();
        cancel.check()?;
        self.visible.extend(visible);
        self.next = end;
        Ok(())
    }

    fn is_by_design(&self, key: usize) -> bool {
        let span = &self.span;
        let within = span.open || self.query - key < span.nearest + span.reach.keys();
        key >= self.dropped && (within || key < span.first)
    }

    /// What was found of the tokens that were changed so far.
    pub fn result(&self) -> VerifiedReach {
        let distance = |key: usize| self.query - key;
        let keys = self.keys.start..self.next;
        let by_design = |key: &usize| self.is_by_design(*key);
        let visible = self.visible.iter().copied();
        let designed = keys.clone().filter(by_design).count();
        let seen = visible.clone().filter(by_design).count();
        VerifiedReach {
            head: self.head(),
            query: self.query,
            farthest: self.visible.first().copied().map(distance),
            designed: self.keys.clone().find(by_design).map(distance),
            beside: visible
                .filter(|key| !self.is_by_design(*key))
                .map(distance)
                .collect(),
            silent: designed - seen,
        }
    }
}

fn missing(head: HeadId, query: usize) -> ModelError {
    ModelError::CannotEdit {
        what: format!("{head} at token {query}"),
        why: "what this query saw is not at hand: the run must hold the whole text, and the model its weights".into(),
    }
}

/// The reach of a head at the query at position `query` of `run`.
///
/// # Errors
/// When there is no such head, the run has no such query or has forgotten what was before it, or has no values; and on cancellation.
pub fn verified_reach(
    run: &Run,
    head: HeadId,
    query: usize,
    cancel: &Cancel,
) -> Result<VerifiedReach, ModelError> {
    let mut search = ReachSearch::new(run, head, query)?;
    while !search.is_done() {
        search.go_on(run, cancel)?;
    }
    Ok(search.result())
}
