//! Places of neurons and persistent vectors are looked for while a network runs.

use super::memories::{MemoryExamples, MemoryPlace, memory_bin};
use super::memory_id::{Memories, MemoryId};
use super::places::Places;
use super::{ExampleSearch, place_hash};
use crate::model::{HeadWeights, Network, NeuronRows};
use rayon::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// Neurons or vectors that are looked at together: what is known of them stays in the nearest cache.
const TOGETHER: usize = 16;

/// One that is looked for: its place in its layer or head, and what was found.
#[derive(Debug)]
struct One {
    at: usize,
    id: MemoryId,
    places: Places<MemoryPlace>,
}

impl One {
    fn take(&mut self, (value, token): (f32, usize), text: (u32, u64), top: usize) {
        if !value.is_finite() {
            return;
        }
        let bin = memory_bin(self.id, value);
        let hash = place_hash(text.1, token as u32);
        self.places.count_in(bin);
        if self.places.keeps(bin, top, value.abs(), hash) {
            let place = MemoryPlace {
                value,
                hash,
                text: text.0,
                token: token as u32,
                ids: Box::default(),
            };
            self.places.put(bin, top, &place);
        }
    }
}

/// Looks for the places of neurons and vectors in one text. What is found does not depend on how the text is cut.
#[derive(Debug)]
pub(super) struct MemoryRecorder {
    top: usize,
    memories: Arc<Memories>,
    /// The text's number, and the hash of its content.
    of: (u32, u64),
    per_layer: usize,
    /// By layer, in rising order.
    neurons: Vec<Mutex<Vec<One>>>,
    /// By head, in rising order.
    vectors: Vec<Mutex<Vec<One>>>,
}

impl MemoryRecorder {
    pub fn new(network: &Network, of: (u32, u64), search: &ExampleSearch) -> Self {
        let architecture = network.architecture();
        let (layers, per_layer) = (architecture.nb_layers(), architecture.nb_heads());
        let none = |count: usize| -> Vec<Vec<One>> {
            let lists = (0..count).map(|_| Vec::new());
            match search.memories.ids.is_empty() {
                true => Vec::new(),
                false => lists.collect(),
            }
        };
        let (mut neurons, mut vectors) = (none(layers), none(layers * per_layer));
        for id in &search.memories.ids {
            let (list, at) = match id {
                MemoryId::Neuron(id) => {
                    let spec = architecture.feed_forward_of(id.layer);
                    let at = spec.and_then(|spec| spec.place(*id));
                    (neurons.get_mut(id.layer), at)
                }
                MemoryId::Vector(head, vector) => {
                    let head = head.layer * per_layer + head.head;
                    (vectors.get_mut(head), Some(*vector))
                }
            };
            if let (Some(list), Some(at)) = (list, at) {
                list.push(One {
                    at,
                    id: *id,
                    places: Places::new(),
                });
            }
        }
        let locked = |lists: Vec<Vec<One>>| lists.into_iter().map(Mutex::new).collect();
        Self {
            top: search.top,
            memories: Arc::clone(&search.memories),
            of,
            per_layer,
            neurons: locked(neurons),
            vectors: locked(vectors),
        }
    }

    /// What was found, without the tokens around the places.
    pub fn finish(self) -> MemoryExamples {
        let lists = self.neurons.into_iter().chain(self.vectors);
        let lists = lists.map(|list| list.into_inner().unwrap_or_else(PoisonError::into_inner));
        let mut all: Vec<One> = lists.flatten().collect();
        all.sort_by_key(|one| one.id);
        MemoryExamples {
            memories: self.memories,
            places: all.into_iter().map(|one| one.places).collect(),
        }
    }

    pub fn wants_neurons(&self, layer: usize) -> bool {
        let list = self.neurons.get(layer);
        list.is_some_and(|list| {
            let list = list.lock().unwrap_or_else(PoisonError::into_inner);
            !list.is_empty()
        })
    }

    /// Takes note of what a layer's neurons are for the tokens from `first` on.
    pub fn neurons(&self, layer: usize, first: usize, rows: &NeuronRows) {
        let Some(list) = self.neurons.get(layer) else {
            return;
        };
        let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
        let (width, used) = (rows.width.max(1), rows.used.max(1));
        list.par_chunks_mut(TOGETHER).for_each(|some| {
            for (i, row) in rows.activations.chunks_exact(width).enumerate() {
                let (begin, share) = match rows.chosen.get(i) {
                    Some((expert, share)) => (*expert as usize * width, *share),
                    None => (0, 1.0),
                };
                for one in &mut *some {
                    let at = one.at.checked_sub(begin);
                    if let Some(activation) = at.and_then(|at| row.get(at)) {
                        let value = (share * activation, first + i / used);
                        one.take(value, self.of, self.top);
                    }
                }
            }
        });
    }

    /// Takes note of the weights on a head's persistent vectors.
    pub fn vectors(&self, layer: usize, head: usize, weights: &HeadWeights) {
        let Some(list) = self.vectors.get(layer * self.per_layer + head) else {
            return;
        };
        let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
        for some in list.chunks_mut(TOGETHER) {
            for i in 0..weights.queries {
                let row = weights.persistent_row(i);
                for one in &mut *some {
                    if let Some(weight) = row.get(one.at) {
                        let value = (*weight, weights.first + i);
                        one.take(value, self.of, self.top);
                    }
                }
            }
        }
    }
}
