//! Places in texts that show what a neuron or a persistent vector does.

use super::memory_id::{Memories, MemoryId};
use super::places::{Decile, Placed, Places};
use super::{EXAMPLE_BINS, EXAMPLES_PER_BIN, NEAR, NO_TOKEN};
use std::sync::Arc;

/// Tokens that are kept of a place: those around it.
pub const MEMORY_TOKENS: usize = NEAR.0 + 1 + NEAR.1;

/// A token of a text that uses a neuron or a vector.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryPlace {
    /// The neuron's activation, in a mixture of experts times the expert's weight; or the weight on the vector.
    pub value: f32,
    /// The hash that ties are broken by: of the text's content and the place in it.
    pub hash: u64,
    /// The text, by its place among those that were measured.
    pub text: u32,
    /// Position of the token.
    pub token: u32,
    /// Token ids around it; [`NO_TOKEN`] where there is none.
    pub ids: Box<[u32]>,
}

impl MemoryPlace {
    /// The positions of the tokens that are kept, in their order; `None` where there is none.
    pub fn positions(&self) -> impl Iterator<Item = Option<u32>> + '_ {
        let first = i64::from(self.token) - NEAR.0 as i64;
        let positions = (first..).map(|at| u32::try_from(at).ok());
        let all = positions.zip(&self.ids);
        all.map(|(position, id)| position.filter(|_| *id != NO_TOKEN))
    }
}

impl Placed for MemoryPlace {
    fn size(&self) -> f32 {
        self.value.abs()
    }

    fn order(&self) -> (u64, u32, u32) {
        (self.hash, self.text, self.token)
    }

    fn set_text(&mut self, text: u32) {
        self.text = text;
    }
}

/// The exponent of the value at which the second bin begins: 2⁻¹⁰ of activations, 2⁻¹⁶ of weights.
fn first_exponent(id: MemoryId) -> u32 {
    match id {
        MemoryId::Neuron(_) => 127 - 10,
        MemoryId::Vector(..) => 127 - 16,
    }
}

/// The bin of a value by its size: what is smaller than the least that is told apart, and then two to an octave, from 1 and from 1.5 times
/// a power of 2 on.
pub fn memory_bin(id: MemoryId, value: f32) -> usize {
    // The exponent and the first digit after the point.
    let half_octave = value.abs().to_bits() >> 22;
    let bin = (half_octave + 1).saturating_sub(2 * first_exponent(id));
    (bin as usize).min(EXAMPLE_BINS - 1)
}

/// The smallest size of a bin's values.
pub fn memory_bin_from(id: MemoryId, bin: usize) -> f32 {
    match bin {
        0 => 0.0,
        bin => f32::from_bits((2 * first_exponent(id) + bin as u32 - 1) << 22),
    }
}

/// Places of neurons and persistent vectors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MemoryExamples {
    /// The neurons and vectors.
    pub memories: Arc<Memories>,
    /// The places of each, in their order.
    pub places: Vec<Places<MemoryPlace>>,
}

impl MemoryExamples {
    /// Of no text.
    pub fn new(memories: &Arc<Memories>) -> Self {
        Self {
            places: vec![Places::new(); memories.ids.len()],
            memories: Arc::clone(memories),
        }
    }

    /// All of them with their places.
    pub fn iter(&self) -> impl Iterator<Item = (MemoryId, &Places<MemoryPlace>)> {
        self.memories.ids.iter().copied().zip(&self.places)
    }

    /// The memory that so many take while `jobs` texts are measured at a time, at most, in bytes.
    pub fn bytes(count: usize, top: usize, jobs: usize) -> usize {
        let places = top.saturating_add(EXAMPLE_BINS * EXAMPLES_PER_BIN);
        // Without the tokens around them, as long as they are a text's.
        let bare = places
            .saturating_mul(size_of::<MemoryPlace>())
            .saturating_add(EXAMPLE_BINS * 32 + size_of::<Places<MemoryPlace>>());
        let around = places.saturating_mul(MEMORY_TOKENS * size_of::<u32>());
        let all = bare
            .saturating_mul(jobs.saturating_add(1))
            .saturating_add(around);
        count.saturating_mul(all)
    }

    /// The places of a neuron or a vector; `None` where they were not looked for.
    pub fn of(&self, id: MemoryId) -> Option<&Places<MemoryPlace>> {
        let at = self.memories.ids.binary_search(&id).ok()?;
        self.places.get(at)
    }

    pub(super) fn add(&mut self, other: &Self, top: usize) {
        for (mine, others) in self.places.iter_mut().zip(&other.places) {
            mine.add(others, top);
        }
    }

    pub(super) fn renumber(&mut self, new: impl Fn(u32) -> u32 + Copy) {
        self.places.iter_mut().for_each(|of| of.renumber(new));
    }

    /// Gives places that have none yet the tokens around them: those of the text that was added last.
    pub(super) fn take_context(&mut self, ids: &[u32]) {
        let bare = self.places.iter_mut().flat_map(Places::all_mut);
        for place in bare.filter(|place| place.ids.is_empty()) {
            let first = (place.token as usize).checked_sub(NEAR.0);
            let before = NEAR.0.saturating_sub(place.token as usize);
            let there = ids.get(first.unwrap_or(0)..).unwrap_or_default();
            let none = std::iter::repeat_n(NO_TOKEN, before);
            let all = none.chain(there.iter().copied());
            let all = all.chain(std::iter::repeat(NO_TOKEN));
            place.ids = all.take(MEMORY_TOKENS).collect();
        }
    }
}

impl Places<MemoryPlace> {
    /// Places from every tenth of the tokens, by the rising size of their value: of each at most `each`, and the sizes that it begins and ends
    /// with.
    pub fn tenths(&self, id: MemoryId, each: usize) -> Vec<Decile<'_, MemoryPlace>> {
        let largest = self.top.first().map_or(0.0, Placed::size);
        // The last bin has no end.
        let from = |bin: usize| match bin {
            EXAMPLE_BINS.. => largest,
            bin => memory_bin_from(id, bin).min(largest),
        };
        self.by_tenth(from, each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HeadId, NeuronId};

    #[test]
    fn bins_are_half_octaves() {
        let neuron = MemoryId::Neuron(NeuronId::new(0, 0));
        let vector = MemoryId::Vector(HeadId::new(0, 0), 0);
        assert_eq!(memory_bin_from(neuron, 1), 2.0_f32.powi(-10));
        assert_eq!(memory_bin_from(vector, 1), 2.0_f32.powi(-16));
        for id in [neuron, vector] {
            for bin in 0..EXAMPLE_BINS {
                let from = memory_bin_from(id, bin);
                assert_eq!(memory_bin(id, from), bin);
                assert_eq!(memory_bin(id, -from), bin);
                if bin > 0 {
                    let below = f32::from_bits(from.to_bits() - 1);
                    assert_eq!(memory_bin(id, below), bin - 1);
                }
            }
            assert_eq!(memory_bin(id, f32::MAX), EXAMPLE_BINS - 1);
            assert_eq!(memory_bin(id, f32::MIN_POSITIVE), 0);
        }
        assert_eq!(memory_bin_from(neuron, 3), 1.0 / 512.0);
        assert_eq!(memory_bin_from(neuron, 4), 1.5 / 512.0);
    }

    #[test]
    fn the_tokens_around_a_place_are_those_of_its_text() {
        let place = |token: u32| MemoryPlace {
            value: 1.0,
            hash: u64::from(token),
            text: 0,
            token,
            ids: Box::default(),
        };
        let id = MemoryId::Neuron(NeuronId::new(0, 0));
        let memories = Memories {
            chosen: Vec::new(),
            ids: vec![id],
        };
        let mut found = MemoryExamples::new(&Arc::new(memories));
        let ids: Vec<u32> = (100..150).collect();
        for token in [0, 3, 31, 40, 49] {
            found.places[0].put(5, 9, &place(token));
        }
        found.take_context(&ids);
        for place in found.places[0].all() {
            assert_eq!(place.ids.len(), MEMORY_TOKENS);
            assert_eq!(place.ids[NEAR.0], 100 + place.token);
            for (id, at) in place.ids.iter().zip(place.positions()) {
                assert_eq!(at.map_or(NO_TOKEN, |at| 100 + at), *id);
            }
            let there = place.ids.iter().filter(|id| **id != NO_TOKEN).count();
            let token = place.token as usize;
            assert_eq!(there, 1 + token.min(31) + (49 - token).min(6));
        }
        assert_eq!(found.of(id).unwrap().top.len(), 5);
        assert!(MemoryExamples::bytes(1, 10, 1) > 74 * MEMORY_TOKENS * 4);
    }
}
