//! The data that a figure is made of.

use crate::engine::Snapshot;
use crate::engine::figures::{FigureChoice, FigureKind};
use std::sync::Arc;

/// All that a figure depends on besides its style: made of the same twice, it is the same.
#[derive(Debug, Clone)]
pub struct Basis {
    pub kind: FigureKind,
    pub choice: FigureChoice,
    pub snapshot: Arc<Snapshot>,
    pub title: Option<String>,
}

impl PartialEq for Basis {
    /// Snapshots share what has not changed between them; only what figures show is looked at.
    fn eq(&self, other: &Self) -> bool {
        fn same<T>(a: &Option<Arc<T>>, b: &Option<Arc<T>>) -> bool {
            match (a, b) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (a, b) => a.is_none() && b.is_none(),
            }
        }
        let (a, b) = (&*self.snapshot, &*other.snapshot);
        self.kind == other.kind
            && self.title == other.title
            && self.choice == other.choice
            && a.done == b.done
            && same(&a.model, &b.model)
            && same(&a.preview, &b.preview)
            && same(&a.detail, &b.detail)
            && same(&a.gathered, &b.gathered)
            && same(&a.surveyed, &b.surveyed)
            && same(&a.prediction, &b.prediction)
            && Arc::ptr_eq(&a.tokens, &b.tokens)
            && Arc::ptr_eq(&a.surprisal, &b.surprisal)
            && Arc::ptr_eq(&a.shares, &b.shares)
    }
}
