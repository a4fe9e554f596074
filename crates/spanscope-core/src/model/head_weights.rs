//! One head's attention weights, as they are handed out.

use super::heads::Head;
use super::kernel::{Numbers, add_rows};
use std::ops::Range;

/// The weights of one head for consecutive queries.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeadWeights {
    /// Position of the first query in the text.
    pub first: usize,
    /// Number of queries.
    pub queries: usize,
    /// The nearest distance: 0 where a token sees itself, else 1.
    pub nearest: usize,
    /// Number of distances kept: the head's reach, or as many as the text has.
    pub reach: usize,
    /// Number of persistent vectors.
    pub vectors: usize,
    /// queries × reach, [`nearest`](Self::nearest) first. Distances before the text's start hold the weight that
    /// falls on empty context there.
    pub weights: Numbers,
    /// queries × vectors.
    pub persistent: Vec<f32>,
    /// Per query, the weight on distances before the text's start.
    pub empty: Vec<f32>,
    /// Per query, the weight on the head's learned sink; nothing where it has none.
    pub sink: Vec<f32>,
    /// Tokens of the text, where queries see later ones as well; 0 where they do not.
    pub tokens: usize,
    /// queries × [`later_reach`](Self::later_reach): the weights on later tokens, the nearest, at distance 1, first.
    pub later: Numbers,
}

/// The weight that a query gives to no token of the text.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct OffText<'a> {
    /// On distances before the text's start.
    pub empty: f32,
    /// On each persistent vector.
    pub persistent: &'a [f32],
    /// On the head's learned sink.
    pub sink: f32,
}

impl HeadWeights {
    /// The positions of the keys that the query at position `query` gives weight, the farthest first.
    pub fn keys(&self, query: usize) -> Range<usize> {
        let end = (query + 1).saturating_sub(self.nearest);
        end.saturating_sub(self.reach)..end
    }

    /// The row of the query at position `query`; `None` where it is not among these.
    fn index(&self, query: usize) -> Option<usize> {
        query.checked_sub(self.first).filter(|i| *i < self.queries)
    }

    /// The distances to later tokens that a row has room for: those that its first query sees.
    pub fn later_reach(&self) -> usize {
        self.tokens.saturating_sub(self.first + 1)
    }

    /// The weights of the query at position `query` on later tokens, the nearest first. Empty where it sees none, or is not among these.
    pub fn on_later(&self, query: usize) -> &[f32] {
        let Some(i) = self.index(query) else {
            return &[];
        };
        let start = i * self.later_reach();
        let seen = self.tokens.saturating_sub(query + 1);
        self.later.get(start..start + seen).unwrap_or_default()
    }

    /// The weight that the query at position `query` gives the token at position `key`; `None` where it does not see it, or is not
    /// among these.
    pub fn at(&self, query: usize, key: usize) -> Option<f32> {
        if let Some(ahead) = key.checked_sub(query + 1) {
            return self.on_later(query).get(ahead).copied();
        }
        let column = query.checked_sub(key)?.checked_sub(self.nearest)?;
        self.row(self.index(query)?).get(column).copied()
    }

    /// The weights of the query at position `query` on tokens of the text, the nearest first: those of [`keys`](Self::keys), from the
    /// last to the first. Empty where it is not among these.
    pub fn on_text(&self, query: usize) -> &[f32] {
        let seen = self.keys(query).len();
        let row = self.index(query).map(|i| self.row(i));
        row.and_then(|row| row.get(..seen)).unwrap_or_default()
    }

    /// The distance of column `column` of a row.
    pub fn distance(&self, column: usize) -> usize {
        column + self.nearest
    }

    /// The column of a row with `distance`, which may lie beyond the reach; `None` where it is nearer than a query sees.
    pub fn column(&self, distance: usize) -> Option<usize> {
        distance.checked_sub(self.nearest)
    }

    /// The positions of its queries.
    pub fn positions(&self) -> Range<usize> {
        self.first..self.first + self.queries
    }

    /// The weight that the query at position `query` gives to no token of the text; nothing where it is not among these.
    pub fn off_text(&self, query: usize) -> OffText<'_> {
        let Some(i) = self.index(query) else {
            return OffText::default();
        };
        OffText {
            empty: self.empty.get(i).copied().unwrap_or(0.0),
            persistent: self.persistent_row(i),
            sink: self.sink.get(i).copied().unwrap_or(0.0),
        }
    }

    /// Room for weights, to be filled in by [`parts`](Self::parts).
    pub(super) fn room(first: usize, queries: usize, head: &Head, reach: usize) -> Self {
        let vectors = head.vectors();
        Self {
            first,
            queries,
            nearest: head.nearest,
            reach,
            vectors,
            weights: Numbers::anything(queries * reach),
            persistent: vec![0.0; queries * vectors],
            empty: vec![0.0; queries],
            sink: match head.sink {
                Some(_) => vec![0.0; queries],
                None => Vec::new(),
            },
            ..Self::default()
        }
    }

    /// With room for weights on later tokens of a text of `tokens` tokens: zeros.
    #[must_use]
    pub fn with_later(mut self, tokens: usize) -> Self {
        self.tokens = tokens;
        self.later = Numbers::zeros(self.queries * self.later_reach());
        self
    }

    /// The places of the weights of the query at position `query` on later tokens, the nearest first.
    pub fn on_later_mut(&mut self, query: usize) -> &mut [f32] {
        let Some(i) = self.index(query) else {
            return &mut [];
        };
        let start = i * self.later_reach();
        let seen = self.tokens.saturating_sub(query + 1);
        self.later.get_mut(start..start + seen).unwrap_or_default()
    }

    /// The weight on each distance to later tokens, from 1 on, summed up over the queries.
    pub fn by_later_distance(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.later_reach()];
        for query in self.positions() {
            let row = self.on_later(query);
            add_rows(&mut sums[..row.len()], row);
        }
        sums
    }

    /// Pieces of it, one for each count of queries, to be filled in.
    pub(super) fn parts(&mut self, counts: impl IntoIterator<Item = usize>) -> Vec<Part<'_>> {
        let (reach, vectors) = (self.reach, self.vectors);
        let mut rest = Part {
            weights: &mut self.weights,
            persistent: &mut self.persistent,
            empty: &mut self.empty,
            sink: &mut self.sink,
            reach,
        };
        let mut parts = Vec::new();
        for n in counts {
            let (weights, later) = rest.weights.split_at_mut(n * reach);
            rest.weights = later;
            let (persistent, later) = rest.persistent.split_at_mut(n * vectors);
            rest.persistent = later;
            let (empty, later) = rest.empty.split_at_mut(n);
            rest.empty = later;
            let (sink, later) = rest.sink.split_at_mut(n.min(rest.sink.len()));
            rest.sink = later;
            parts.push(Part {
                weights,
                persistent,
                empty,
                sink,
                reach,
            });
        }
        parts
    }

    /// The weights of query `i` of this tile by distance, the nearest first.
    pub fn row(&self, i: usize) -> &[f32] {
        self.weights
            .get(i * self.reach..(i + 1) * self.reach)
            .unwrap_or_default()
    }

    /// The weight on each distance, the nearest first, summed up over some queries of this tile as far as it is on tokens
    /// of the text: empty context counts as none.
    pub fn by_distance(&self, queries: Range<usize>) -> Vec<f64> {
        let mut sums = vec![0.0; self.reach];
        let end = queries.end.min(self.queries);
        // The queries at the text's start see less than the reach.
        let few = (self.reach + self.nearest).saturating_sub(self.first + 1);
        let few = few.clamp(queries.start.min(end), end);
        for i in queries.start..few {
            let row = self.on_text(self.first + i);
            add_rows(&mut sums[..row.len()], row);
        }
        let whole = self.weights.get(few * self.reach..end * self.reach);
        add_rows(&mut sums, whole.unwrap_or_default());
        sums
    }

    /// The weight on each persistent vector, summed up over some queries of this tile.
    pub fn by_vector(&self, queries: Range<usize>) -> Vec<f64> {
        let mut sums = vec![0.0; self.vectors];
        let rows = queries.start * self.vectors..queries.end * self.vectors;
        add_rows(&mut sums, self.persistent.get(rows).unwrap_or_default());
        sums
    }

    /// The weights of query `i` on the persistent vectors.
    pub fn persistent_row(&self, i: usize) -> &[f32] {
        self.persistent
            .get(i * self.vectors..(i + 1) * self.vectors)
            .unwrap_or_default()
    }
}

/// Some queries of a [`HeadWeights`].
pub(super) struct Part<'a> {
    pub weights: &'a mut [f32],
    pub persistent: &'a mut [f32],
    pub empty: &'a mut [f32],
    /// Empty where the head has no sink.
    pub sink: &'a mut [f32],
    /// Columns of a row of weights.
    pub reach: usize,
}

/// The sums of the weight of consecutive queries of one head, by what it falls on: one number per query in each list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeadSums {
    /// Position of the first query in the text.
    pub first: usize,
    /// On tokens of the text.
    pub context: Vec<f32>,
    /// On persistent vectors.
    pub persistent: Vec<f32>,
    /// On distances before the text's start.
    pub empty: Vec<f32>,
    /// On the head's learned sink; nothing where it has none.
    pub sink: Vec<f32>,
}
