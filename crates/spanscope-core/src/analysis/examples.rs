//! Places in texts that show what a head, a neuron or a persistent vector does: those where it does most of it, and some of every
//! strength.
//!
//! What is kept does not depend on which texts were measured together: the largest values are, and of each bin of values those whose
//! hash is smallest, which is a random choice that comes out the same however texts are shared out.

mod memories;
mod memory_id;
mod memory_recorder;
mod places;
mod recorder;

pub use memories::{MEMORY_TOKENS, MemoryExamples, MemoryPlace, memory_bin, memory_bin_from};
pub use memory_id::{MOST_MEMORIES, Memories, MemoryChoice, MemoryId, NoMemory};
pub use places::{Decile, ExampleBin, Placed, Places};
pub use recorder::ExampleRecorder;

use super::row_measures::{Mean, Occurrences, Row};
use crate::mixer;
use crate::model::Network;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A number of a single query that places are chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExampleMeasure {
    /// The mean distance of the query's weight on tokens of the text.
    Distance,
    /// A measure whose mean heads are told apart by.
    Row(Mean),
}

/// Bins of values that places are kept of.
pub const EXAMPLE_BINS: usize = 32;

/// Places that are kept of each bin.
pub const EXAMPLES_PER_BIN: usize = 2;

/// Tokens that are kept before the query, the query itself, and after it.
const NEAR: (usize, usize) = (31, 6);

/// Tokens that are kept around the key with the largest weight.
const FAR: (usize, usize) = (4, 5);

/// All tokens that are kept of a place: those around the query, and those around the key.
pub const EXAMPLE_TOKENS: usize = NEAR.0 + 1 + NEAR.1 + FAR.0 + 1 + FAR.1;

/// Where there is no token.
pub const NO_TOKEN: u32 = u32::MAX;

impl ExampleMeasure {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let rows = Mean::ALL
            .into_iter()
            .filter(|mean| *mean != Mean::OutputNorm);
        std::iter::once(Self::Distance).chain(rows.map(Self::Row))
    }

    /// Its name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Distance => "distance",
            Self::Row(mean) => mean.column(),
        }
    }

    /// The one that is called so.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|measure| measure.name() == name)
    }

    /// True if it is a number of tokens or keys; else it is a share.
    pub fn is_count(self) -> bool {
        matches!(
            self,
            Self::Distance | Self::Row(Mean::EffectiveKeys | Mean::MinimumBudget)
        )
    }

    /// The bin of a value: shares in equal parts, counts two to an octave.
    pub fn bin(self, value: f32) -> usize {
        let at = match self.is_count() {
            true => 2.0 * (1.0 + value.max(0.0)).log2(),
            false => value * EXAMPLE_BINS as f32,
        };
        (at.max(0.0) as usize).min(EXAMPLE_BINS - 1)
    }

    /// The smallest value of a bin.
    pub fn from(self, bin: usize) -> f32 {
        match self.is_count() {
            true => (bin as f32 / 2.0).exp2() - 1.0,
            false => bin as f32 / EXAMPLE_BINS as f32,
        }
    }

    fn value(self, row: &Row<'_>, text: &Occurrences) -> Option<f32> {
        let value = match self {
            Self::Row(mean) => row.one(mean, text),
            Self::Distance => {
                let (mut sum, mut all) = (0.0_f64, 0.0_f64);
                for (distance, weight) in (row.nearest..).zip(row.weights) {
                    sum += distance as f64 * f64::from(*weight);
                    all += f64::from(*weight);
                }
                if all > 0.0 { sum / all } else { f64::NAN }
            }
        };
        value.is_finite().then_some(value as f32)
    }
}

/// A query of a text, with what the head attends to there.
#[derive(Debug, Clone, PartialEq)]
pub struct ExamplePlace {
    /// The value by which it was chosen.
    pub value: f32,
    /// The hash that ties are broken by: of the text's content and the place in it.
    pub hash: u64,
    /// The text, by its place among those that were measured.
    pub text: u32,
    /// Position of the query.
    pub query: u32,
    /// Position of the key with the largest weight.
    pub key: u32,
    /// The weight on it.
    pub weight: f32,
    /// Token ids around the query, and then around the key; [`NO_TOKEN`] where there is none.
    pub ids: Vec<u32>,
    /// The weights on them.
    pub weights: Vec<f32>,
}

impl ExamplePlace {
    /// The positions of the tokens that are kept, in their order; `None` where there is none.
    pub fn positions(&self) -> impl Iterator<Item = Option<u32>> + '_ {
        positions(self.query as usize, self.key as usize)
            .zip(&self.ids)
            .map(|(position, id)| position.filter(|_| *id != NO_TOKEN).map(|p| p as u32))
    }

    /// How many of the tokens are around the query.
    pub fn near(&self) -> usize {
        NEAR.0 + 1 + NEAR.1
    }
}

fn positions(query: usize, key: usize) -> impl Iterator<Item = Option<usize>> {
    let around = |at: usize, (before, after): (usize, usize)| {
        (0..before + 1 + after).map(move |i| (at + i).checked_sub(before))
    };
    around(query, NEAR).chain(around(key, FAR))
}

/// The hash of a place: `text` is that of the text's content.
pub fn place_hash(text: u64, query: u32) -> u64 {
    mixer::mix(text ^ u64::from(query).wrapping_mul(mixer::STEP))
}

/// The places of one head.
pub type HeadExamples = Places<ExamplePlace>;

impl Placed for ExamplePlace {
    fn size(&self) -> f32 {
        self.value
    }

    fn order(&self) -> (u64, u32, u32) {
        (self.hash, self.text, self.query)
    }

    fn set_text(&mut self, text: u32) {
        self.text = text;
    }
}

impl HeadExamples {
    /// Places from every tenth of the queries, by rising value: of each at most `each`, and the values that it begins and ends with.
    pub fn deciles(&self, measure: ExampleMeasure, each: usize) -> Vec<Decile<'_, ExamplePlace>> {
        self.by_tenth(|bin| measure.from(bin), each)
    }
}

/// What is looked for in texts.
#[derive(Debug, Clone, PartialEq)]
pub struct ExampleSearch {
    /// The number that places of heads are chosen by.
    pub measure: ExampleMeasure,
    /// The most places of the largest values of a head, a neuron or a vector.
    pub top: usize,
    /// Neurons and persistent vectors that places are looked for of as well.
    pub memories: Arc<Memories>,
}

impl ExampleSearch {
    /// Places of heads alone.
    pub fn of_heads(measure: ExampleMeasure, top: usize) -> Self {
        Self {
            measure,
            top,
            memories: Arc::default(),
        }
    }
}

/// The places of all heads, and of neurons and persistent vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    /// The number that those of heads were chosen by.
    pub measure: ExampleMeasure,
    /// The most places of the largest values of a head, a neuron or a vector.
    pub top: usize,
    /// Layer by layer.
    pub heads: Vec<HeadExamples>,
    /// Those of neurons and persistent vectors that were asked for.
    pub memories: MemoryExamples,
}

impl Examples {
    /// Of no text.
    pub fn new(network: &Network, search: &ExampleSearch) -> Self {
        Self {
            measure: search.measure,
            top: search.top,
            heads: vec![HeadExamples::new(); network.spans().len()],
            memories: MemoryExamples::new(&search.memories),
        }
    }

    /// The ids of all tokens that are kept.
    pub fn ids(&self) -> BTreeSet<u32> {
        let heads = self.heads.iter().flat_map(Places::all);
        let of_heads = heads.flat_map(|place| place.ids.iter().copied());
        let memories = self.memories.places.iter().flat_map(Places::all);
        let of_memories = memories.flat_map(|place| place.ids.iter().copied());
        let ids = of_heads.chain(of_memories);
        ids.filter(|id| *id != NO_TOKEN).collect()
    }

    /// Gives texts other numbers: the new one of each old one.
    pub fn renumber(&mut self, texts: &[u32]) {
        let new = |text: u32| texts.get(text as usize).copied().unwrap_or(text);
        self.heads.iter_mut().for_each(|head| head.renumber(new));
        self.memories.renumber(new);
    }

    /// Adds what was found in other texts; false, and nothing is added, where it was chosen otherwise.
    pub fn add(&mut self, other: &Self) -> bool {
        let alike = |of: &Self| (of.measure, of.top, of.heads.len());
        if alike(self) != alike(other) || self.memories.memories != other.memories.memories {
            return false;
        }
        for (mine, others) in self.heads.iter_mut().zip(&other.heads) {
            mine.add(others, self.top);
        }
        self.memories.add(&other.memories, self.top);
        true
    }

    /// As [`add`](Self::add), of what a recorder found in the text `ids`.
    pub fn add_text(&mut self, other: &Self, ids: &[u32]) -> bool {
        let is_added = self.add(other);
        if is_added {
            self.memories.take_context(ids);
        }
        is_added
    }
}
