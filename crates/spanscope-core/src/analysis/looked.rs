//! One head's weights on a text, as far as somebody has looked at them: in parts that an edit does not move.

use crate::model::HeadWeights;
use std::ops::Range;
use std::sync::Arc;

/// The weights of one head for consecutive queries of a text, by position. Clones share the weights.
#[derive(Debug, Clone, Default)]
pub struct LookedWeights {
    /// Position of the first query.
    pub first: usize,
    /// Position after the last query.
    pub end: usize,
    /// Distances per query: the head's reach.
    pub reach: usize,
    /// Persistent vectors.
    pub vectors: usize,
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

/// What is measured on the queries of a part, once.
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
            let row = weights.row(i);
            // The query at position t sees t tokens before it.
            let seen = &row[..row.len().min(weights.first + i)];
            largest = seen.iter().fold(largest, |m, w| m.max(*w));
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

impl From<HeadWeights> for LookedWeights {
    fn from(weights: HeadWeights) -> Self {
        Self {
            first: weights.first,
            end: weights.first + weights.queries,
            reach: weights.reach,
            vectors: weights.vectors,
            parts: vec![Part::new(weights)],
        }
    }
}

impl LookedWeights {
    /// Nothing yet of a head with this reach and number of persistent vectors, from the query at `first` on.
    pub fn new(first: usize, reach: usize, vectors: usize) -> Self {
        Self {
            first,
            end: first,
            reach,
            vectors,
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

    /// The weights of the query at position `query` by distance, from 1; nothing for a query that is not here.
    pub fn row(&self, query: usize) -> &[f32] {
        self.find(query)
            .map_or(&[], |(part, i)| part.weights.row(i))
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

    /// The whole weight of the query at position `query` on persistent vectors; `None` where there are none.
    pub fn persistent(&self, query: usize) -> Option<f32> {
        let (part, i) = self.find(query)?;
        part.persistent.get(i).copied()
    }

    /// What the weights of the query at position `query` lack to add up to 1: in fairseq's port the share that the soft
    /// mask took away. Of several heads' largest weights it says nothing.
    pub fn masked(&self, query: usize) -> Option<f32> {
        let (part, i) = self.find(query)?;
        let persistent = part.persistent.get(i).copied().unwrap_or(0.0);
        let row = part.weights.row(i).iter().map(|weight| f64::from(*weight));
        Some((1.0 - row.sum::<f64>() - f64::from(persistent)).clamp(0.0, 1.0) as f32)
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

    /// Where to go on so that parts do not become many and small: at the end or, where the last part is smaller than
    /// `least` queries, at its beginning.
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
        }
    }

    #[test]
    fn parts_are_found_by_position_and_cut_on_both_sides() {
        let mut looked = LookedWeights::new(3, 2, 0);
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
    fn what_was_replaced_is_not_measured_again() {
        let mut looked = LookedWeights::from(part(0, 10));
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
        let mut looked = LookedWeights::from(part(0, 10));
        assert_eq!(looked.next(8), 10);
        looked.put(part(10, 3));
        assert_eq!(looked.next(8), 10);
        looked.put(part(10, 5));
        assert_eq!((looked.end, looked.parts.len()), (15, 2));
        looked.truncate(4);
        assert_eq!(looked.next(8), 0);
    }
}
