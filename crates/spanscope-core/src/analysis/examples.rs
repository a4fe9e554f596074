//! Places in texts that show what a head does: those where it does most of it, and some of every strength.
//!
//! What is kept does not depend on which texts were measured together: the largest values are, and of each bin of values those whose
//! hash is smallest, which is a random choice that comes out the same however texts are shared out.

mod recorder;

pub use recorder::ExampleRecorder;

use super::row_measures::{Mean, Row, RowMeasures};
use crate::mixer;
use crate::model::Network;
use std::collections::BTreeSet;

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

    fn value(self, row: &Row<'_>, measures: &RowMeasures) -> Option<f32> {
        let value = match self {
            Self::Row(mean) => measures.means[mean.index()],
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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeadExamples {
    /// Those with the largest values, the largest first.
    pub top: Vec<ExamplePlace>,
    /// Of each bin of values: queries that it has, and some of them.
    pub bins: Vec<ExampleBin>,
}

/// A bin of values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExampleBin {
    /// Queries.
    pub count: u64,
    /// Those with the smallest hashes, the smallest first.
    pub places: Vec<ExamplePlace>,
}

/// The order of the largest values; places of the same text and content by their text.
fn by_value(a: &ExamplePlace, b: &ExamplePlace) -> std::cmp::Ordering {
    b.value
        .total_cmp(&a.value)
        .then((a.hash, a.text, a.query).cmp(&(b.hash, b.text, b.query)))
}

fn by_hash(a: &ExamplePlace, b: &ExamplePlace) -> std::cmp::Ordering {
    (a.hash, a.text, a.query).cmp(&(b.hash, b.text, b.query))
}

/// Puts `place` into a sorted list of at most `most`.
fn put(
    list: &mut Vec<ExamplePlace>,
    place: &ExamplePlace,
    most: usize,
    order: fn(&ExamplePlace, &ExamplePlace) -> std::cmp::Ordering,
) {
    let at = list.partition_point(|other| order(other, place).is_lt());
    if at < most {
        list.insert(at, place.clone());
        list.truncate(most);
    }
}

impl HeadExamples {
    fn new() -> Self {
        Self {
            top: Vec::new(),
            bins: vec![ExampleBin::default(); EXAMPLE_BINS],
        }
    }

    /// True if a place of this value and hash would be kept.
    fn keeps(&self, bin: usize, top: usize, value: f32, hash: u64) -> bool {
        let is_top = match self.top.get(top.saturating_sub(1)) {
            Some(last) => value > last.value || value == last.value && hash <= last.hash,
            None => true,
        };
        let places = self.bins.get(bin).map_or(&[][..], |bin| &bin.places);
        let last = places.get(EXAMPLES_PER_BIN - 1);
        is_top || last.is_none_or(|last| hash <= last.hash)
    }

    fn put(&mut self, bin: usize, top: usize, place: &ExamplePlace) {
        put(&mut self.top, place, top, by_value);
        if let Some(bin) = self.bins.get_mut(bin) {
            put(&mut bin.places, place, EXAMPLES_PER_BIN, by_hash);
        }
    }

    /// Places from every tenth of the queries, by rising value: of each at most `each`, and the values that it begins and ends with.
    pub fn deciles(&self, measure: ExampleMeasure, each: usize) -> Vec<Decile<'_>> {
        let all: u64 = self.bins.iter().map(|bin| bin.count).sum();
        let mut deciles = Vec::new();
        for i in 0..10_u64 {
            let (first, last) = (all * i / 10, (all * (i + 1) / 10).saturating_sub(1));
            let mut before = 0;
            let mut found: Vec<&ExamplePlace> = Vec::new();
            let mut bins = (usize::MAX, 0);
            for (number, bin) in self.bins.iter().enumerate() {
                let (begin, end) = (before, before + bin.count);
                before = end;
                if all > 0 && bin.count > 0 && begin <= last && end > first {
                    bins = (bins.0.min(number), number);
                    found.extend(&bin.places);
                }
            }
            found.sort_by(|a, b| by_hash(a, b));
            found.truncate(each);
            if bins.0 <= bins.1 {
                deciles.push(Decile {
                    values: (measure.from(bins.0), measure.from(bins.1 + 1)),
                    places: found,
                });
            }
        }
        deciles
    }
}

/// Places from a tenth of the queries.
#[derive(Debug, Clone, PartialEq)]
pub struct Decile<'a> {
    /// The values between which the bins lie that it has queries of.
    pub values: (f32, f32),
    /// A random choice of their places.
    pub places: Vec<&'a ExamplePlace>,
}

/// The places of all heads.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    /// The number that they were chosen by.
    pub measure: ExampleMeasure,
    /// The most places of the largest values of a head.
    pub top: usize,
    /// Layer by layer.
    pub heads: Vec<HeadExamples>,
}

impl Examples {
    /// Of no text.
    pub fn new(network: &Network, measure: ExampleMeasure, top: usize) -> Self {
        Self {
            measure,
            top,
            heads: vec![HeadExamples::new(); network.spans().len()],
        }
    }

    /// The ids of all tokens that are kept.
    pub fn ids(&self) -> BTreeSet<u32> {
        let places = self.heads.iter().flat_map(|head| {
            let bins = head.bins.iter().flat_map(|bin| &bin.places);
            head.top.iter().chain(bins)
        });
        let ids = places.flat_map(|place| place.ids.iter().copied());
        ids.filter(|id| *id != NO_TOKEN).collect()
    }

    /// Gives texts other numbers: the new one of each old one.
    pub fn renumber(&mut self, texts: &[u32]) {
        let new = |place: &mut ExamplePlace| {
            if let Some(number) = texts.get(place.text as usize) {
                place.text = *number;
            }
        };
        for head in &mut self.heads {
            let bins = head.bins.iter_mut().flat_map(|bin| &mut bin.places);
            head.top.iter_mut().chain(bins).for_each(new);
            // Only places of the same content change their order.
            head.top.sort_by(by_value);
            head.bins
                .iter_mut()
                .for_each(|bin| bin.places.sort_by(by_hash));
        }
    }

    /// Adds what was found in other texts; false, and nothing is added, where it was chosen otherwise.
    pub fn add(&mut self, other: &Self) -> bool {
        let alike = |of: &Self| (of.measure, of.top, of.heads.len());
        if alike(self) != alike(other) {
            return false;
        }
        let top = self.top;
        for (mine, others) in self.heads.iter_mut().zip(&other.heads) {
            for place in &others.top {
                put(&mut mine.top, place, top, by_value);
            }
            for (mine, others) in mine.bins.iter_mut().zip(&others.bins) {
                mine.count = mine.count.saturating_add(others.count);
                for place in &others.places {
                    put(&mut mine.places, place, EXAMPLES_PER_BIN, by_hash);
                }
            }
        }
        true
    }
}
