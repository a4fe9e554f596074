//! What is asked of single neurons: who uses one, what it promotes, and which promote a token.

use super::super::open::LoadedModel;
use super::super::queries::Queries;
use spanscope_core::analysis::logit_lens::{Promoted, promoted_along};
use spanscope_core::analysis::{NeuronRecorder, NeuronSearch, NeuronSearching};
use spanscope_core::model::{Cancel, ModelError, NeuronId};
use std::sync::Arc;

/// Tokens that are listed as raised, and as lowered.
const LISTED: usize = 16;

/// Neurons that a search lists as raising a token, and as lowering it.
const FOUND: usize = 256;

/// The facts on one neuron.
#[derive(Debug, Clone, PartialEq)]
pub struct NeuronFacts {
    /// The neuron.
    pub id: NeuronId,
    /// The norm of its value.
    pub norm: f32,
    /// The tokens that use it most: positions in the text, and activations, by falling size.
    pub users: Vec<(usize, f32)>,
    /// The tokens that its value raises and lowers most.
    pub promoted: Promoted,
}

/// The neurons that promote a token.
#[derive(Debug, Clone, PartialEq)]
pub struct NeuronsPromoting {
    /// The token as it was asked for.
    pub name: Arc<str>,
    /// They, or why there are none.
    pub found: Result<NeuronSearch, String>,
}

/// Answers that hold as long as the network does, but for those who use a neuron.
#[derive(Default)]
pub(super) struct Answers {
    pub facts: Option<Arc<NeuronFacts>>,
    /// The neuron last asked about, whether there is one or not.
    asked: Option<NeuronId>,
    /// True if its users are those of the sums that are shown.
    has_users: bool,
    pub promoting: Option<Arc<NeuronsPromoting>>,
    /// A search on its way.
    searching: Option<(Arc<str>, NeuronSearching)>,
}

impl Answers {
    /// The sums have changed.
    pub fn forget_users(&mut self) {
        self.has_users = false;
    }

    pub fn are_there(&self, looks: &Queries) -> bool {
        let knows = |id| self.asked == Some(id) && self.has_users;
        let searched = |name: &Arc<str>| self.promoting.as_ref().is_some_and(|of| of.name == *name);
        looks.neuron.is_none_or(knows) && looks.promotes.as_ref().is_none_or(searched)
    }

    /// False when it was told to stop.
    pub fn step(
        &mut self,
        model: &LoadedModel,
        recorder: Option<&NeuronRecorder>,
        looks: &Queries,
        cancel: &Cancel,
    ) -> bool {
        let network = &*model.network;
        if let Some(id) = looks.neuron
            && !(self.asked == Some(id) && self.has_users)
        {
            let known = self.facts.as_deref().filter(|facts| facts.id == id);
            let known = known.map(|facts| (facts.norm, facts.promoted.clone()));
            let known = known.or_else(|| {
                let spec = network.architecture().feed_forward_of(id.layer)?;
                let norm = network.value_norms(id.layer).get(spec.place(id)?);
                let value = network.neuron_value(id)?;
                Some((*norm?, promoted_along(network, &value, LISTED)))
            });
            let users = recorder.map(|of| of.users(network.architecture(), id));
            self.facts = known.map(|(norm, promoted)| {
                Arc::new(NeuronFacts {
                    id,
                    norm,
                    users: users.unwrap_or_default(),
                    promoted,
                })
            });
            (self.asked, self.has_users) = (Some(id), true);
        }
        let searched = self.promoting.as_ref().map(|of| &of.name);
        let Some(name) = looks
            .promotes
            .as_ref()
            .filter(|name| searched != Some(*name))
        else {
            return true;
        };
        let under_way = self.searching.take().filter(|(of, _)| of == name);
        let searching = match under_way {
            Some((_, searching)) => Ok(searching),
            None => model
                .token_named(name)
                .map_err(|error| error.to_string())
                .and_then(|token| {
                    let searching = NeuronSearching::new(network, token, FOUND);
                    searching.ok_or_else(|| ModelError::Recorded.to_string())
                }),
        };
        let found = match searching {
            Ok(mut searching) => {
                while searching.step(network) {
                    if cancel.is_cancelled() {
                        self.searching = Some((Arc::clone(name), searching));
                        return false;
                    }
                }
                Ok(searching.finish())
            }
            Err(why) => Err(why),
        };
        let name = Arc::clone(name);
        self.promoting = Some(Arc::new(NeuronsPromoting { name, found }));
        true
    }
}
