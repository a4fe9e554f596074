//! An answer that is kept until its question changes, or what it was asked about.

use std::sync::Arc;

/// The answer to one question about a run or a detail, kept until either changes.
#[derive(Debug)]
pub(super) struct Answer<Q, T> {
    /// The question last answered, and the number of what it was asked about.
    question: Option<(Q, u64)>,
    pub answer: Option<Arc<T>>,
}

impl<Q, T> Default for Answer<Q, T> {
    fn default() -> Self {
        Self {
            question: None,
            answer: None,
        }
    }
}

impl<Q: PartialEq, T> Answer<Q, T> {
    /// True if the question last answered is this one, of this.
    pub fn is(&self, question: &Q, number: u64) -> bool {
        self.question
            .as_ref()
            .is_some_and(|(q, n)| q == question && *n == number)
    }

    /// Forgets an answer that holds no more.
    pub fn forget_if(&mut self, gone: impl FnOnce(&T) -> bool) {
        if self.answer.as_deref().is_some_and(gone) {
            *self = Self::default();
        }
    }

    /// Keeps an answer; `None` where there is none.
    pub fn set(&mut self, question: Q, number: u64, answer: Option<T>) {
        self.question = Some((question, number));
        self.answer = answer.map(Arc::new);
    }
}
