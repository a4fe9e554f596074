//! A newer version of the model at hand: it reads the text beside the old one, and takes its place once it has read as much.

use super::{Open, Steps, Unedited, reading};
use crate::open::LoadedModel;
use crate::worker::{Reloaded, Shared, Wanted};
use spanscope_core::model::{Edits, ModelError};
use std::sync::Arc;

impl Open {
    /// A model with its edits, which has read nothing yet.
    pub(super) fn new(
        original: Arc<LoadedModel>,
        edits: Arc<Edits>,
        memory: usize,
    ) -> Result<Self, ModelError> {
        let model = match edits.is_empty() {
            true => Arc::clone(&original),
            false => {
                let network = original.network.edited(&edits)?;
                Arc::new(original.with_network(Arc::new(network)))
            }
        };
        Ok(Self {
            reading: reading(&model, memory),
            original,
            model,
            edits,
        })
    }
}

impl Steps {
    /// True if there is a newer version of the model at hand, or one on its way.
    pub fn renews(&self, wanted: &Wanted) -> bool {
        self.next.is_some() || self.newer(wanted).is_some()
    }

    fn newer<'a>(&self, wanted: &'a Wanted) -> Option<&'a Reloaded> {
        let fits = |newer: &&Reloaded| {
            newer.serial != self.renewed && newer.of == self.opened_number && self.open.is_some()
        };
        wanted.renewed.as_ref().filter(fits)
    }

    /// The text that the newer version has read counts no more.
    pub(super) fn renew_again(&mut self) {
        if self.next.take().is_some() {
            self.renewed = 0;
        }
    }

    /// Goes on with the newer version. Snapshots say nothing of it before it is as far as the one at hand.
    pub(super) fn renew(&mut self, wanted: &Wanted, shared: &Shared) {
        if wanted.renewed.is_none() {
            // It is followed no more.
            self.next = None;
            return;
        }
        let Some(done) = self.open.as_ref().map(|open| open.reading.done()) else {
            self.next = None;
            return;
        };
        let result = match &mut self.next {
            None => {
                let Some(newer) = self.newer(wanted) else {
                    return;
                };
                self.renewed = newer.serial;
                let edits = wanted.edits_of(self.opened_number);
                let next = Open::new(Arc::clone(&newer.model), edits, self.memory);
                next.map(|next| self.next = Some(next))
            }
            Some(next) if !next.reading.has_read(done) => {
                let ids = self.tokens.ids.get(..done).unwrap_or_default();
                let read = next.reading.read(ids, self.block, &wanted.run);
                match read {
                    Err(ModelError::Cancelled) => return,
                    read => read.map(|_| ()),
                }
            }
            Some(_) => {
                self.open = self.next.take();
                self.run_number += 1;
                self.unedited = Unedited::default();
                self.answers.renew_run();
                return self.publish(wanted, shared);
            }
        };
        if let Err(error) = result {
            self.next = None;
            self.fail(error.to_string(), None);
            self.publish(wanted, shared);
        }
    }
}
