//! One head's weights on a text, as far as somebody has looked at them: in parts that an edit does not move.

use crate::model::HeadWeights;
use std::ops::Range;
use std::sync::Arc;

/// The weights of one head for consecutive queries of a text, by position. Clones share the weights.
#[derive(Debug, Clone, Default)]
pub struct TextWeights {
    /// Position of the first query.
    pub first: usize,
    /// Position after the last query.
    pub end: usize,
    /// The nearest distance: 0 where a token sees itself, else 1.
    pub nearest: usize,
    /// Distances per query: the head's reach.
    pub reach: usize,
    /// Persistent vectors.
    pub vectors: usize,
    /// Tokens of the text, where queries see later ones as well; 0 where they do not.
    pub tokens: usize,
    /// In order, without gaps; the first may begin before `first`, the last end after `end`.
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
struct Part {
    weights: Arc<HeadWeights>,
    /// The whole weight of each of its queries on persistent vectors.
    persistent: Arc<Vec<f32>>,
    /// Over the queries that count.
    measured: Arc<Measured>,
}

/// The measurements on the queries of a part, made once.
#[derive(Debug)]
struct Measured {
    /// The largest weight on a token of the text.
    largest: f32,
    /// The largest weight on a persistent vector.
    largest_vector: f32,
    /// The weight on each persistent vector, summed up.
    vectors: Vec<f64>,
}

impl Part {
    fn new(weights: HeadWeights) -> Self {
        let persistent = (0..weights.queries).map(|i| weights.persistent_row(i).iter().sum());
        let persistent = match weights.vectors {
            0 => Vec::new(),
            _ => persistent.collect(),
        };
        let measured = Measured::of(&weights, 0..weights.queries);
        Self {
            persistent: Arc::new(persistent),
            measured: Arc::new(measured),
            weights: Arc::new(weights),
        }
    }

    fn end(&self) -> usize {
        self.weights.first + self.weights.queries
    }
}

impl Measured {
    fn of(weights: &HeadWeights, rows: Range<usize>) -> Self {
        let mut largest = 0.0_f32;
        let mut largest_vector = 0.0_f32;
        let mut vectors = vec![0.0; weights.vectors];
        for i in rows {
            let row = weights.on_text(weights.first + i);
            let later = weights.on_later(weights.first + i);
            largest = row.iter().chain(later).fold(largest, |m, w| m.max(*w));
            for (sum, weight) in vectors.iter_mut().zip(weights.persistent_row(i)) {
                *sum += f64::from(*weight);
                largest_vector = largest_vector.max(*weight);
            }
        }
        Self {
            largest,
            largest_vector,
            vectors,
        }
    }
}

impl From<HeadWeights> for TextWeights {
    fn from(weights: HeadWeights) -> Self {
        Self {
            first: weights.first,
            end: weights.first + weights.queries,
            nearest: weights.nearest,
            reach: weights.reach,
            vectors: weights.vectors,
            tokens: weights.tokens,
            parts: vec![Part::new(weights)],
        }
    }
}

impl TextWeights {
    /// Nothing yet of a head with this nearest distance, reach and number of persistent vectors, from the query at `first` on.
    pub fn new(first: usize, nearest: usize, reach: usize, vectors: usize) -> Self {
        Self {
            first,
            end: first,
            nearest,
            reach,
            vectors,
            tokens: 0,
            parts: Vec::new(),
        }
    }

    /// Number of queries.
    pub fn queries(&self) -> usize {
        self.end - self.first
    }

    /// The part with the query at position `query`, and its row there.
    fn find(&self, query: usize) -> Option<(&Part, usize)> {
        if !(self.first..self.end).contains(&query) {
            return None;
        }
        let after = self
            .parts
            .partition_point(|part| part.weights.first <= query);
        let part = self.parts.get(after.checked_sub(1)?)?;
        Some((part, query - part.weights.first))
    }

    /// The weights of the query at position `query` by distance, the nearest first, also on distances before the text's start;
    /// nothing for a query that is not here.
    pub fn row(&self, query: usize) -> &[f32] {
        self.find(query)
            .map_or(&[], |(part, i)| part.weights.row(i))
    }

    /// The positions of the keys that the query at position `query` sees, be it here or not.
    pub fn keys(&self, query: usize) -> Range<usize> {
        let end = (query + 1).saturating_sub(self.nearest);
        end.saturating_sub(self.reach)..end
    }

    /// The positions of the queries that see the token at position `key`, be they here or not.
    pub fn readers(&self, key: usize) -> Range<usize> {
        let start = key.saturating_add(self.nearest);
        let first = if self.tokens > 0 { 0 } else { start };
        first..start.saturating_add(self.reach)
    }

    /// The weights of the query at position `query` on later tokens, the nearest first; nothing where it sees none, or is not here.
    pub fn on_later(&self, query: usize) -> &[f32] {
        self.find(query)
            .map_or(&[], |(part, _)| part.weights.on_later(query))
    }

    /// The positions of all keys that the query at position `query` sees, later ones among them.
    pub fn all_keys(&self, query: usize) -> Range<usize> {
        let keys = self.keys(query);
        keys.start..keys.end.max(self.tokens)
    }

    /// The keys that the query at position `query` sees, with their weights: earlier ones from the nearest on, then later ones.
    pub fn pairs(&self, query: usize) -> impl Iterator<Item = (usize, f32)> + Clone + '_ {
        let earlier = self.keys(query).rev().zip(self.on_text(query));
        let later = (query + 1..).zip(self.on_later(query));
        earlier.chain(later).map(|(key, weight)| (key, *weight))
    }

    /// Distances to later tokens that the columns of a picture by distance begin with: −(T − 1) is the first.
    pub fn later_columns(&self) -> usize {
        self.tokens.saturating_sub(1)
    }

    /// The weights of the query at position `query` on tokens of the text, the nearest first: those of [`keys`](Self::keys), from
    /// the last to the first. Nothing for a query that is not here.
    pub fn on_text(&self, query: usize) -> &[f32] {
        self.find(query)
            .map_or(&[], |(part, _)| part.weights.on_text(query))
    }

    /// The weights of the query at position `query` on the tokens in `keys`, the last first; nothing where it does not see all of
    /// them.
    pub fn on(&self, query: usize, keys: Range<usize>) -> &[f32] {
        let end = (query + 1).saturating_sub(self.nearest);
        let Some(from) = end.checked_sub(keys.end) else {
            return &[];
        };
        let row = self.on_text(query).get(from..);
        row.and_then(|row| row.get(..keys.len())).unwrap_or(&[])
    }

    /// The weight that the query at position `query` gives the token at position `key`; `None` where it does not see it, or is not
    /// here.
    pub fn at(&self, query: usize, key: usize) -> Option<f32> {
        self.find(query)?.0.weights.at(query, key)
    }

    /// The distance of column `column` of a row.
    pub fn distance(&self, column: usize) -> usize {
        column + self.nearest
    }

    /// The column of a row with `distance`, which may lie beyond the reach; `None` where it is nearer than a query sees.
    pub fn column(&self, distance: usize) -> Option<usize> {
        distance.checked_sub(self.nearest)
    }

    /// The weights of the query at position `query` on the persistent vectors.
    pub fn persistent_row(&self, query: usize) -> &[f32] {
        self.find(query)
            .map_or(&[], |(part, i)| part.weights.persistent_row(i))
    }

    /// The weight of the query at position `query` on distances before the text's start.
    pub fn empty(&self, query: usize) -> Option<f32> {
        let (part, i) = self.find(query)?;
        part.weights.empty.get(i).copied()
    }

    /// The weight of the query at position `query` on the head's learned sink; `None` where it has none.
    pub fn sink(&self, query: usize) -> Option<f32> {
        let (part, i) = self.find(query)?;
        part.weights.sink.get(i).copied()
    }

    /// The whole weight of the query at position `query` on persistent vectors; `None` where there are none.
    pub fn persistent(&self, query: usize) -> Option<f32> {
        let (part, i) = self.find(query)?;
        part.persistent.get(i).copied()
    }

    /// The shortfall from 1 of the summed weights of the query at position `query`: in fairseq's port the share that
    /// the soft mask took away. Of several heads' largest weights it says nothing.
    pub fn masked(&self, query: usize) -> Option<f32> {
        let (part, i) = self.find(query)?;
        let persistent = part.persistent.get(i).copied().unwrap_or(0.0);
        let sink = part.weights.sink.get(i).copied().unwrap_or(0.0);
        let row = part.weights.row(i).iter();
        let row = row.chain(part.weights.on_later(query));
        let row = row.map(|weight| f64::from(*weight));
        let there = row.sum::<f64>() + f64::from(persistent) + f64::from(sink);
        Some((1.0 - there).clamp(0.0, 1.0) as f32)
    }

    /// The largest weight on a token of the text.
    pub fn largest(&self) -> f32 {
        let parts = self.parts.iter().map(|part| part.measured.largest);
        parts.fold(0.0, f32::max)
    }

    /// The largest weight on a persistent vector.
    pub fn largest_vector(&self) -> f32 {
        let parts = self.parts.iter().map(|part| part.measured.largest_vector);
        parts.fold(0.0, f32::max)
    }

    /// The weight on each persistent vector, summed up over the queries.
    pub fn vector_sums(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.vectors];
        for part in &self.parts {
            for (sum, more) in sums.iter_mut().zip(&part.measured.vectors) {
                *sum += more;
            }
        }
        sums
    }

    /// Forgets the queries from position `len` on.
    pub fn truncate(&mut self, len: usize) {
        if len < self.end {
            self.end = len.max(self.first);
            self.parts.retain(|part| part.weights.first < len);
            let last = self.parts.len().saturating_sub(1);
            self.measure(last);
        }
    }

    /// Forgets the queries before position `first`.
    pub fn drop_before(&mut self, first: usize) {
        if first > self.first {
            self.first = first.min(self.end);
            // The last part that begins at or before it has its row, whatever stood there before an edit.
            let gone = self
                .parts
                .partition_point(|part| part.weights.first <= first);
            self.parts.drain(..gone.saturating_sub(1));
            self.measure(0);
        }
    }

    /// Measures part `i` again, of which not all queries count any more.
    fn measure(&mut self, i: usize) {
        // Where the next part begins, this one's queries were replaced.
        let next = self.parts.get(i + 1).map(|part| part.weights.first);
        let (first, end) = (self.first, next.unwrap_or(self.end));
        if let Some(part) = self.parts.get_mut(i) {
            let start = part.weights.first;
            let rows = first.saturating_sub(start)..end.min(part.end()).saturating_sub(start);
            part.measured = Arc::new(Measured::of(&part.weights, rows));
        }
    }

    /// The position to go on at so that parts do not become many and small: at the end or, where the last part is
    /// smaller than `least` queries, at its beginning.
    pub fn next(&self, least: usize) -> usize {
        match self.parts.last() {
            Some(part) if self.end - part.weights.first < least => {
                part.weights.first.max(self.first)
            }
            _ => self.end,
        }
    }

    /// Puts `part` where it belongs; it must begin at or before the end. What stood there is replaced.
    pub fn put(&mut self, part: HeadWeights) {
        self.truncate(part.first);
        self.tokens = part.tokens;
        self.end = part.first + part.queries;
        self.parts.push(Part::new(part));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Query t of reach 2 gives distance δ the weight 10 t + δ.
    fn part(first: usize, queries: usize) -> HeadWeights {
        let rows = (first..first + queries).flat_map(|t| [10 * t + 1, 10 * t + 2]);
        HeadWeights {
            nearest: 1,
            sink: Vec::new(),
            first,
            queries,
            reach: 2,
            vectors: 0,
            weights: rows.map(|w| w as f32).collect::<Vec<_>>().into(),
            persistent: Vec::new(),
            empty: vec![0.5; queries],
            ..HeadWeights::default()
        }
    }

    #[test]
    fn parts_are_found_by_position_and_cut_on_both_sides() {
        let mut looked = TextWeights::new(3, 1, 2, 0);
        assert!(looked.row(3).is_empty());
        looked.put(part(3, 4));
        looked.put(part(7, 2));
        assert_eq!(looked.queries(), 6);
        assert_eq!(looked.row(7), [71.0, 72.0]);
        assert_eq!((looked.empty(8), looked.empty(9)), (Some(0.5), None));
        let before = looked.clone();
        assert_eq!(looked.largest(), 82.0);
        looked.truncate(5);
        assert_eq!((looked.end, looked.row(4)), (5, &[41.0, 42.0][..]));
        assert!(looked.row(5).is_empty());
        assert_eq!(before.row(5), [51.0, 52.0]);
        assert_eq!(looked.largest(), 42.0);
        looked.put(part(5, 3));
        looked.drop_before(4);
        assert_eq!(looked.largest(), 72.0);
        assert_eq!((looked.first, looked.end), (4, 8));
        assert!(looked.row(3).is_empty() && looked.row(4) == [41.0, 42.0]);
    }

    #[test]
    fn a_token_may_see_itself() {
        let weights = |nearest| {
            TextWeights::from(HeadWeights {
                nearest,
                ..part(0, 4)
            })
        };
        let (own, other) = (weights(0), weights(1));
        assert_eq!((own.keys(3), other.keys(3)), (2..4, 1..3));
        assert_eq!((own.readers(1), other.readers(1)), (1..3, 2..4));
        assert_eq!((own.on_text(0), other.on_text(0)), (&[1.0][..], &[][..]));
        assert_eq!((own.at(3, 3), other.at(3, 3)), (Some(31.0), None));
        assert_eq!((own.at(3, 2), other.at(3, 2)), (Some(32.0), Some(31.0)));
        assert_eq!((own.at(3, 1), other.at(3, 1)), (None, Some(32.0)));
        assert_eq!(
            (own.on(3, 2..4), own.on(3, 2..3)),
            (&[31.0, 32.0][..], &[32.0][..])
        );
        assert_eq!(
            (other.on(3, 1..3), other.on(3, 2..4)),
            (&[31.0, 32.0][..], &[][..])
        );
        for looked in [own, other] {
            assert_eq!(looked.column(looked.distance(1)), Some(1));
        }
    }

    #[test]
    fn what_was_replaced_is_not_measured_again() {
        let mut looked = TextWeights::from(part(0, 10));
        looked.truncate(4);
        let mut new = part(4, 4);
        new.weights = vec![5.0; 8].into();
        looked.put(new);
        assert_eq!(looked.largest(), 32.0);
        // The rows from 4 on that the first part once had were larger.
        looked.drop_before(2);
        assert_eq!(looked.largest(), 32.0);
        looked.drop_before(4);
        assert_eq!((looked.largest(), looked.parts.len()), (5.0, 1));
    }

    #[test]
    fn small_parts_are_joined_by_computing_them_again() {
        let mut looked = TextWeights::from(part(0, 10));
        assert_eq!(looked.next(8), 10);
        looked.put(part(10, 3));
        assert_eq!(looked.next(8), 10);
        looked.put(part(10, 5));
        assert_eq!((looked.end, looked.parts.len()), (15, 2));
        looked.truncate(4);
        assert_eq!(looked.next(8), 0);
    }
}
