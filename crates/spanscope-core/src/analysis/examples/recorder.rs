//! Places are looked for while a network runs over a text.

use super::memory_recorder::MemoryRecorder;
use super::{
    ExampleMeasure, ExamplePlace, ExampleSearch, Examples, HeadExamples, NO_TOKEN, place_hash,
    positions,
};
use crate::analysis::row_measures::{Occurrences, Row};
use crate::model::{HeadWeights, Network, NeuronRows, Observer};
use std::sync::{Mutex, PoisonError};

/// Looks for places while a network runs over one text. What is found does not depend on the order in which tiles come.
#[derive(Debug)]
pub struct ExampleRecorder {
    measure: ExampleMeasure,
    top: usize,
    ids: Vec<u32>,
    text: Occurrences,
    /// The text's number, and the hash of its content.
    of: (u32, u64),
    per_layer: usize,
    heads: Vec<Mutex<HeadExamples>>,
    memories: MemoryRecorder,
}

impl ExampleRecorder {
    /// For the text `ids`, whose number and content's hash are `of`.
    pub fn new(network: &Network, ids: &[u32], of: (u32, u64), search: &ExampleSearch) -> Self {
        let spans = network.spans();
        let heads = spans.iter().map(|_| Mutex::new(HeadExamples::new()));
        Self {
            measure: search.measure,
            top: search.top,
            ids: ids.to_vec(),
            text: Occurrences::of(ids),
            of,
            per_layer: spans.iter().filter(|span| span.layer == 0).count(),
            heads: heads.collect(),
            memories: MemoryRecorder::new(network, of, search),
        }
    }

    /// What was found; the places of neurons and vectors without the tokens around them, which [`Examples::add_text`] adds.
    pub fn finish(self) -> Examples {
        let heads = self.heads.into_iter();
        let heads = heads.map(|head| head.into_inner().unwrap_or_else(PoisonError::into_inner));
        Examples {
            measure: self.measure,
            top: self.top,
            heads: heads.collect(),
            memories: self.memories.finish(),
        }
    }

    fn place(&self, weights: &HeadWeights, query: usize, value: f32, hash: u64) -> ExamplePlace {
        let row = weights.on_text(query);
        let mut largest = (0, 0.0_f32);
        for (column, weight) in row.iter().enumerate() {
            if *weight > largest.1 {
                largest = (column, *weight);
            }
        }
        let key = query.saturating_sub(largest.0 + weights.nearest);
        let id = |position: Option<usize>| position.and_then(|at| self.ids.get(at)).copied();
        let on = |position: Option<usize>| position.and_then(|at| weights.at(query, at));
        ExamplePlace {
            value,
            hash,
            text: self.of.0,
            query: query as u32,
            key: key as u32,
            weight: largest.1,
            ids: positions(query, key)
                .map(|at| id(at).unwrap_or(NO_TOKEN))
                .collect(),
            weights: positions(query, key)
                .map(|at| on(at).unwrap_or(0.0))
                .collect(),
        }
    }
}

impl Observer for ExampleRecorder {
    fn head(&self, layer: usize, head: usize, weights: &HeadWeights) {
        self.memories.vectors(layer, head, weights);
        let Some(place) = self.heads.get(layer * self.per_layer + head) else {
            return;
        };
        let mut found = Vec::with_capacity(weights.queries);
        for query in weights.positions() {
            let row = Row {
                weights: weights.on_text(query),
                later: weights.on_later(query),
                query,
                nearest: weights.nearest,
                learned_sink: weights.off_text(query).sink,
            };
            if let Some(value) = self.measure.value(&row, &self.text) {
                found.push((query, value));
            }
        }
        let mut all = place.lock().unwrap_or_else(PoisonError::into_inner);
        for (query, value) in found {
            let bin = self.measure.bin(value);
            all.count_in(bin);
            let hash = place_hash(self.of.1, query as u32);
            if all.keeps(bin, self.top, value, hash) {
                let place = self.place(weights, query, value, hash);
                all.put(bin, self.top, &place);
            }
        }
    }

    fn wants(&self, _: usize, _: usize) -> bool {
        true
    }

    fn wants_neurons(&self, layer: usize) -> bool {
        self.memories.wants_neurons(layer)
    }

    fn neurons(&self, layer: usize, first: usize, rows: &NeuronRows) {
        self.memories.neurons(layer, first, rows);
    }
}
