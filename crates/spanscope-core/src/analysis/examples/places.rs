//! Places of one head, neuron or vector: those with the largest values, and some of every bin of values.

use super::{EXAMPLE_BINS, EXAMPLES_PER_BIN};
use std::cmp::Ordering;

/// A place in a text.
pub trait Placed: Clone {
    /// The size of the value by which it was chosen.
    fn size(&self) -> f32;

    /// Its hash, its text and its token: what ties are broken by, and what chooses within a bin.
    fn order(&self) -> (u64, u32, u32);

    /// Gives its text another number.
    fn set_text(&mut self, text: u32);
}

/// Places of one head, neuron or vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Places<P> {
    /// Those with the largest values, the largest first.
    pub top: Vec<P>,
    /// Of each bin of values: tokens that it has, and some of them.
    pub bins: Vec<ExampleBin<P>>,
}

impl<P> Default for Places<P> {
    fn default() -> Self {
        Self {
            top: Vec::new(),
            bins: Vec::new(),
        }
    }
}

/// A bin of values.
#[derive(Debug, Clone, PartialEq)]
pub struct ExampleBin<P> {
    /// Tokens.
    pub count: u64,
    /// Those with the smallest hashes, the smallest first.
    pub places: Vec<P>,
}

/// Places from a tenth of the tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Decile<'a, P> {
    /// The values between which the bins lie that it has tokens of.
    pub values: (f32, f32),
    /// A random choice of their places.
    pub places: Vec<&'a P>,
}

/// The order of the largest values; places of the same text and content by their text.
fn by_value<P: Placed>(a: &P, b: &P) -> Ordering {
    b.size()
        .total_cmp(&a.size())
        .then_with(|| a.order().cmp(&b.order()))
}

fn by_hash<P: Placed>(a: &P, b: &P) -> Ordering {
    a.order().cmp(&b.order())
}

/// Puts `place` into a sorted list of at most `most`.
fn put<P: Placed>(list: &mut Vec<P>, place: &P, most: usize, order: fn(&P, &P) -> Ordering) {
    let at = list.partition_point(|other| order(other, place).is_lt());
    if at < most {
        list.insert(at, place.clone());
        list.truncate(most);
    }
}

impl<P: Placed> Places<P> {
    /// None yet.
    pub(super) fn new() -> Self {
        let none = ExampleBin {
            count: 0,
            places: Vec::new(),
        };
        Self {
            top: Vec::new(),
            bins: vec![none; EXAMPLE_BINS],
        }
    }

    /// Tokens that were measured.
    pub fn count(&self) -> u64 {
        self.bins.iter().map(|bin| bin.count).sum()
    }

    /// All places.
    pub fn all(&self) -> impl Iterator<Item = &P> {
        let bins = self.bins.iter().flat_map(|bin| &bin.places);
        self.top.iter().chain(bins)
    }

    /// All places, to be changed.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut P> {
        let bins = self.bins.iter_mut().flat_map(|bin| &mut bin.places);
        self.top.iter_mut().chain(bins)
    }

    /// Counts a token.
    pub(super) fn count_in(&mut self, bin: usize) {
        if let Some(bin) = self.bins.get_mut(bin) {
            bin.count += 1;
        }
    }

    /// True if a place of this size and hash may be kept.
    pub(super) fn keeps(&self, bin: usize, top: usize, size: f32, hash: u64) -> bool {
        let is_top = match self.top.get(top.saturating_sub(1)) {
            Some(last) => size > last.size() || size == last.size() && hash <= last.order().0,
            None => true,
        };
        let places = self.bins.get(bin).map_or(&[][..], |bin| &bin.places);
        let last = places.get(EXAMPLES_PER_BIN - 1);
        is_top || last.is_none_or(|last| hash <= last.order().0)
    }

    /// Keeps a place, if it is one of the largest or of the smallest hashes of its bin.
    pub(super) fn put(&mut self, bin: usize, top: usize, place: &P) {
        put(&mut self.top, place, top, by_value);
        if let Some(bin) = self.bins.get_mut(bin) {
            put(&mut bin.places, place, EXAMPLES_PER_BIN, by_hash);
        }
    }

    /// Adds those of other texts, of which no more than `top` are kept of the largest.
    pub(super) fn add(&mut self, other: &Self, top: usize) {
        for place in &other.top {
            put(&mut self.top, place, top, by_value);
        }
        for (mine, others) in self.bins.iter_mut().zip(&other.bins) {
            mine.count = mine.count.saturating_add(others.count);
            for place in &others.places {
                put(&mut mine.places, place, EXAMPLES_PER_BIN, by_hash);
            }
        }
    }

    /// Gives texts other numbers: `new` has one for each text of a place.
    pub(super) fn renumber(&mut self, new: impl Fn(u32) -> u32) {
        for place in self.all_mut() {
            let text = place.order().1;
            place.set_text(new(text));
        }
        // Only places of the same content change their order.
        self.top.sort_by(by_value);
        for bin in &mut self.bins {
            bin.places.sort_by(by_hash);
        }
    }

    /// Places from every tenth of the tokens, by rising value: of each at most `each`, and the values that it begins and ends with.
    /// `from` gives the smallest value of a bin, and of the one after the last the largest that there may be.
    pub(super) fn by_tenth(&self, from: impl Fn(usize) -> f32, each: usize) -> Vec<Decile<'_, P>> {
        let all = self.count();
        let mut deciles = Vec::new();
        for i in 0..10_u64 {
            let (first, last) = (all * i / 10, (all * (i + 1) / 10).saturating_sub(1));
            let mut before = 0;
            let mut found: Vec<&P> = Vec::new();
            let mut bins = (usize::MAX, 0);
            for (number, bin) in self.bins.iter().enumerate() {
                let (begin, end) = (before, before + bin.count);
                before = end;
                if all > 0 && bin.count > 0 && begin <= last && end > first {
                    bins = (bins.0.min(number), number);
                    found.extend(&bin.places);
                }
            }
            found.sort_by(|a, b| by_hash(*a, *b));
            found.truncate(each);
            if bins.0 <= bins.1 {
                deciles.push(Decile {
                    values: (from(bins.0), from(bins.1 + 1)),
                    places: found,
                });
            }
        }
        deciles
    }
}
