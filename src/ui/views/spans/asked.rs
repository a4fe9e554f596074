//! The search for a head's reach that was asked for.

use crate::engine::{ReachQuery, Tokens};
use crate::model::Network;
use crate::ui::views::context::ViewContext;
use std::sync::{Arc, Weak};

/// A search that was asked for: of these and of no other model, text, head and query.
#[derive(Debug)]
pub(super) struct Asked {
    pub of: ReachQuery,
    network: Weak<Network>,
    tokens: Weak<Tokens>,
}

impl Asked {
    /// That of the leading head at the query.
    pub fn new(cx: &ViewContext<'_>) -> Option<Self> {
        let model = cx.snapshot.model.as_ref()?;
        Some(Self {
            of: question(cx)?,
            network: Arc::downgrade(&model.network),
            tokens: Arc::downgrade(&cx.snapshot.tokens),
        })
    }

    /// True while all of it is as it was.
    pub fn holds(&self, cx: &ViewContext<'_>) -> bool {
        // A weak pointer keeps the address from being given to another.
        let model = cx.snapshot.model.as_ref();
        let same = model
            .is_some_and(|model| std::ptr::eq(self.network.as_ptr(), Arc::as_ptr(&model.network)));
        same && std::ptr::eq(self.tokens.as_ptr(), Arc::as_ptr(&cx.snapshot.tokens))
            && question(cx) == Some(self.of)
    }
}

/// The leading head at the query; nothing without a text.
pub(super) fn question(cx: &ViewContext<'_>) -> Option<ReachQuery> {
    let head = cx.selection.heads.leading();
    Some(ReachQuery {
        head,
        query: cx.query()?,
    })
}
