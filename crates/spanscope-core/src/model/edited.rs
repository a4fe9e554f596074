//! A network with some of its heads edited, which shares the weights with the one that was loaded.

use super::edits::{Edits, FirstTokens};
use super::heads::{self, Setting, settled};
use super::weights::{Layer, Network, Span};
use super::{Device, ModelError};
use crate::head_id::HeadId;
use std::sync::{Arc, OnceLock};

impl Network {
    /// This network as the file has it, but for `edits`: edits of an edited network begin from what was trained, so that
    /// no edits give the original again. All weights are shared, in main memory and on a device; the edited network is
    /// on the same one.
    ///
    /// A head whose span is set looks as far as if it had been trained so, and the others of its layer normalise as they
    /// then would (ARCHITECTURE.md, "The numbers"). A head of fixed span has no soft mask: it becomes one of a shorter
    /// fixed window, of z rounded up to whole tokens and at least one. A head that is cut to a window finds nothing beyond
    /// it: its softmax ends there, and what soft mask it has stays. A soft mask that is put on a head by hand leaves what the
    /// paper says, divided by its sum. An ablated head adds nothing to the layer's output, neither from the text nor from
    /// persistent vectors; its weights are as they were.
    ///
    /// # Errors
    /// When the network is on a device which has not the memory for new masks, or does not compute what is asked for; is
    /// [recorded](Self::is_recorded) and there is something to change; or [cannot](Self::can) have it.
    pub fn edited(&self, edits: &Edits) -> Result<Self, ModelError> {
        if self.recorded && !edits.is_empty() {
            return Err(ModelError::Recorded);
        }
        self.can(edits)?;
        let mut applied = Edits::default();
        applied.set_first(edits.first());
        let mut layers = Vec::with_capacity(self.layers.len());
        for (index, layer) in self.layers.iter().enumerate() {
            let mut settings = Vec::with_capacity(layer.heads.len());
            for (i, head) in layer.heads.iter().enumerate() {
                let edit = edits.of(HeadId::new(index, i));
                let edit = edit.map(|edit| settled(&layer.spec.attention, edit));
                if let Some(edit) = edit {
                    applied.set(HeadId::new(index, i), edit)?;
                }
                let ablated = edits.is_ablated(index, i);
                applied.set_ablated(index, i, ablated);
                settings.push(Setting {
                    trained: head.trained,
                    edit,
                    first: edits.first(),
                    ablated,
                    sink: head.sink,
                    before: head.before.clone(),
                    persistent: Arc::clone(&head.persistent),
                });
            }
            let mlp_ablated = edits.is_mlp_ablated(index);
            applied.set_mlp_ablated(index, mlp_ablated);
            let mut neurons_ablated = Vec::new();
            if let Some(spec) = &layer.spec.feed_forward {
                let wanted = edits.ablated_neurons().filter(|id| id.layer == index);
                for (id, place) in wanted.filter_map(|id| Some((id, spec.place(id)?))) {
                    applied.set_neuron_ablated(id, true);
                    neurons_ablated.push(place);
                }
                neurons_ablated.sort_unstable();
            }
            layers.push(Layer {
                spec: Arc::clone(&layer.spec),
                rope: layer.rope,
                dense: Arc::clone(&layer.dense),
                heads: heads::of_layer(&layer.spec.attention, &self.positions, settings),
                mlp_ablated,
                neurons_ablated,
            });
        }
        let accelerator = match self.accelerator.get() {
            Some(on_device) => OnceLock::from(on_device.edited(&layers)?),
            None => OnceLock::new(),
        };
        Ok(Self {
            architecture: Arc::clone(&self.architecture),
            spans: Span::all(&self.architecture, &layers),
            parts: self.parts.clone(),
            assumed: self.assumed.clone(),
            unused: Arc::clone(&self.unused),
            input: Arc::clone(&self.input),
            output: Arc::clone(&self.output),
            layers,
            positions: Arc::clone(&self.positions),
            ropes: Arc::clone(&self.ropes),
            edits: applied,
            accelerator,
            recorded: self.recorded,
        })
    }

    /// Itself, if it can be edited so.
    ///
    /// # Errors
    /// When first tokens are kept or dropped and its heads find empty context before the text, or a feed-forward sublayer, or
    /// a neuron of one, is ablated that it has not.
    pub fn can(&self, edits: &Edits) -> Result<&Self, ModelError> {
        let refused = |what: String, why: String| Err(ModelError::CannotEdit { what, why });
        if let Some(first) = edits.first()
            && self.architecture.has_empty_context()
        {
            let (what, why) = match first {
                FirstTokens::Keep(count) => (
                    format!("keep-first {count}"),
                    "heads of this network have a learned position for each distance up to the longest span, and none for \
                     farther tokens; other families can keep the first tokens visible",
                ),
                FirstTokens::Drop(count) => (
                    format!("drop-first {count}"),
                    "heads of this network find empty context before the text, which would take the place of the tokens; \
                     other families can drop the first tokens",
                ),
            };
            return refused(what, why.into());
        }
        let without = |layer: &usize| {
            let layer = self.layers.get(*layer);
            layer.is_some_and(|layer| layer.spec.feed_forward.is_none())
        };
        if let Some(layer) = edits.ablated_mlps().find(without) {
            return refused(
                format!("ablate-mlp {layer}"),
                "this layer has no feed-forward sublayer: its persistent vectors are part of its heads".into(),
            );
        }
        if let Some(id) = edits.ablated_neurons().find(|id| without(&id.layer)) {
            return refused(
                format!("ablate-neuron {id}"),
                "this layer has no feed-forward sublayer: its persistent vectors are part of its heads".into(),
            );
        }
        if edits.needs_processor() && self.device() != Device::Cpu {
            return refused(
                "windows, first tokens, neurons and feed-forward sublayers".into(),
                "they can be changed on the CPU only: leave --device out".into(),
            );
        }
        Ok(self)
    }

    /// The edits made to it, as far as it has such heads: spans as they count, in 0 to S.
    pub fn edits(&self) -> &Edits {
        &self.edits
    }

    /// True if a head contributes nothing; false where there is no such head.
    pub fn ablated(&self, layer: usize, head: usize) -> bool {
        self.edits.is_ablated(layer, head)
    }

    /// A head's z as the file has it, in tokens, whatever it is set to; S for a fixed span, `None` where there is no
    /// such head.
    pub fn trained_span(&self, layer: usize, head: usize) -> Option<f32> {
        let head = self.layers.get(layer)?.heads.get(head)?;
        Some(head.trained)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::model::edits::tests::some;
    use std::path::Path;

    fn network(name: &str, load: bool) -> Arc<Network> {
        let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("tests/data");
        let file = Checkpoint::open(&data.join(name)).unwrap();
        match load {
            true => Arc::new(Network::load(&file, None).unwrap()),
            false => Network::outline(&file, None).unwrap(),
        }
    }

    #[test]
    fn an_edited_network_shares_all_weights() {
        for name in ["tiny_all_attention.pt", "tiny_adaptive_io.pt"] {
            let network = network(name, true);
            let edited = network.edited(&some()).unwrap();
            assert!(Arc::ptr_eq(&network.input, &edited.input));
            assert!(Arc::ptr_eq(&network.output, &edited.output));
            assert!(Arc::ptr_eq(&network.positions, &edited.positions));
            for (a, b) in network.layers.iter().zip(&edited.layers) {
                assert!(Arc::ptr_eq(&a.dense, &b.dense));
                for (a, b) in a.heads.iter().zip(&b.heads) {
                    assert!(Arc::ptr_eq(&a.persistent, &b.persistent));
                }
            }
            assert_eq!(edited.parameters(), network.parameters());
        }
    }

    #[test]
    fn a_network_without_weights_knows_its_edited_spans() {
        let name = "tiny_adaptive.pt";
        let edited = network(name, true).edited(&some()).unwrap();
        let outline = network(name, false).edited(&some()).unwrap();
        assert_eq!(outline.spans(), edited.spans());
        assert_ne!(outline.spans(), network(name, false).spans());
    }
}
