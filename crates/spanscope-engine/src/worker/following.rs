//! Following the training run whose checkpoint is open.

use super::{Engine, Reloaded, Shared, Source};
use crate::follow::{Followed, Follower, Reopening};
use crate::open::{EngineError, LoadedModel};
use spanscope_core::platform::HAS_THREADS;
use std::sync::{Arc, PoisonError};

impl Shared {
    /// A newer version of the file of the model with this number.
    fn renew(&self, of: u64, model: LoadedModel) {
        let mut wanted = self.wanted();
        let serial = wanted.renewals + 1;
        wanted.renewals = serial;
        wanted.renewed = Some(Reloaded {
            serial,
            of,
            model: Arc::new(model),
        });
        drop(wanted);
        self.changed.notify_one();
    }
}

impl Engine {
    /// Follows the file of the model with this [number](crate::Snapshot::model_number), or none any more. Whenever
    /// the file is replaced, the model is opened again in the background; the number stays, and so does all that was asked
    /// for. Until the new version has read the text, snapshots show the one before.
    pub fn follow(&self, wish: Option<u64>) {
        if !HAS_THREADS {
            // What a page was given does not change.
            return;
        }
        let mut follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner);
        if follower.as_ref().map(|follower| follower.model) == wish {
            return;
        }
        *follower = None;
        self.shared.wanted().renewed = None;
        let snapshot = self.snapshot();
        let model = snapshot.model.as_ref();
        let model = model.filter(|_| wish == Some(snapshot.model_number));
        let (Some(number), Some(model)) = (wish, model) else {
            return;
        };
        let wanted = self.shared.wanted();
        let (source, device) = (wanted.model.clone(), wanted.device);
        drop(wanted);
        let (vocab, ramp) = match source {
            (of, Source::File { vocab, ramp, .. }) if of == number => (vocab, ramp),
            // Another model is being opened.
            _ => return,
        };
        let path = model.path.clone();
        let at = path.clone();
        let open = move || -> Result<LoadedModel, EngineError> {
            LoadedModel::open(&at, vocab.as_deref(), ramp).and_then(|model| model.on(device))
        };
        let architecture = model.network.architecture().clone();
        let vocabulary = model.vocabulary.clone();
        let is_another = move |other: &LoadedModel| {
            other.run.is_none()
                || *other.network.architecture() != architecture
                || other.vocabulary != vocabulary
        };
        let shared = [(); 2].map(|()| Arc::clone(&self.shared));
        let [to_take, to_notify] = shared;
        let finished = model.run.as_ref().is_some_and(|run| run.is_finished());
        let reopening = Reopening {
            path,
            stamp: model.stamp,
            finished,
            open: Box::new(open),
            is_another: Box::new(is_another),
            take: Box::new(move |model| to_take.renew(number, model)),
            notify: Box::new(move || (to_notify.notify)()),
        };
        *follower = Some(Follower::new(number, reopening));
    }

    /// The state of the file that is followed.
    pub fn followed(&self) -> Followed {
        let follower = self.follower.lock();
        let follower = follower.unwrap_or_else(PoisonError::into_inner);
        follower
            .as_ref()
            .map_or_else(Followed::default, Follower::state)
    }
}
