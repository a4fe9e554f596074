//! The attention of some tokens of a text together: what they read, and who reads them.

use super::{TextWeights, TokenSet};

/// Weights summed over some selected tokens: as queries, what they read; as keys, who reads them.
///
/// Sums of weights over several queries exceed 1: divide by [`queries`](Self::queries) for their mean.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TokenAttention {
    /// The selected tokens.
    pub tokens: TokenSet,
    /// The number of them whose weights are at hand.
    pub queries: usize,
    /// Per key from [`first_key`](Self::first_key) on: Σ over the selected queries of the weight given to it.
    pub read: Vec<f32>,
    /// Position of the first key of `read`.
    pub first_key: usize,
    /// Per query from [`first_query`](Self::first_query) on: Σ over the selected keys of the weight that it gives them.
    pub readers: Vec<f32>,
    /// Position of the first query of `readers`.
    pub first_query: usize,
    /// Σ over the selected queries of the weight on distances before the text's start.
    pub empty: f32,
    /// Σ over the selected queries of the weight on persistent vectors; `None` where there are none.
    pub persistent: Option<f32>,
    /// Σ over the selected queries of the weight on the head's learned sink; `None` where it has none.
    pub sink: Option<f32>,
    /// Σ over the selected queries of what their weights [lack](TextWeights::masked) to add up to 1.
    pub masked: f32,
    /// The largest of `read`, and of `readers`.
    pub largest: (f32, f32),
}

impl TokenAttention {
    /// Sums up `weights` over `tokens`.
    pub fn new(weights: &TextWeights, tokens: &TokenSet) -> Self {
        let mut gathered = Self {
            tokens: tokens.clone(),
            persistent: (weights.vectors > 0).then_some(0.0),
            ..Self::default()
        };
        gathered.gather_read(weights);
        gathered.gather_readers(weights);
        let most = |values: &[f32]| values.iter().fold(0.0_f32, |most, value| most.max(*value));
        gathered.largest = (most(&gathered.read), most(&gathered.readers));
        gathered
    }

    fn gather_read(&mut self, weights: &TextWeights) {
        let at_hand = weights.first..weights.end;
        let ranges = self.tokens.ranges().iter();
        let queries = || {
            ranges
                .clone()
                .flat_map(|range| range.start.max(at_hand.start)..range.end.min(at_hand.end))
        };
        let (Some(first), Some(last)) = (queries().next(), queries().last()) else {
            return;
        };
        self.first_key = weights.keys(first).start;
        self.read = vec![0.0; weights.all_keys(last).end - self.first_key];
        let mut persistent = 0.0;
        for query in queries() {
            self.queries += 1;
            // Distances before the text's start are not on it.
            for (key, weight) in weights.pairs(query) {
                self.read[key - self.first_key] += weight;
            }
            if let Some(weight) = weights.sink(query) {
                *self.sink.get_or_insert(0.0) += weight;
            }
            self.empty += weights.empty(query).unwrap_or(0.0);
            persistent += weights.persistent(query).unwrap_or(0.0);
            self.masked += weights.masked(query).unwrap_or(0.0);
        }
        self.persistent = self.persistent.map(|_| persistent);
    }

    fn gather_readers(&mut self, weights: &TextWeights) {
        let (Some(first), Some(last)) = (self.tokens.first(), self.tokens.last()) else {
            return;
        };
        let start = weights.readers(first).start.max(weights.first);
        let end = weights.readers(last).end.min(weights.end);
        self.first_query = start;
        let of = |query: usize| {
            let seen = weights.keys(query);
            let keys = self
                .tokens
                .ranges()
                .iter()
                .map(|range| range.start.max(seen.start)..range.end.min(seen.end));
            let earlier = keys
                .filter(|keys| !keys.is_empty())
                .flat_map(|keys| weights.on(query, keys))
                .sum::<f32>();
            let row = weights.on_later(query);
            let later = self.tokens.ranges().iter().filter_map(|range| {
                let ahead = |key: usize| key.saturating_sub(query + 1).min(row.len());
                row.get(ahead(range.start)..ahead(range.end))
            });
            earlier + later.flatten().sum::<f32>()
        };
        self.readers = (start..end).map(of).collect();
    }

    /// Σ over the selected queries of the weight given to the token at position `key`.
    pub fn read_of(&self, key: usize) -> Option<f32> {
        self.read.get(key.checked_sub(self.first_key)?).copied()
    }

    /// Σ over the selected keys of the weight that the query at position `query` gives them.
    pub fn reader(&self, query: usize) -> Option<f32> {
        self.readers
            .get(query.checked_sub(self.first_query)?)
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HeadWeights;

    /// Five queries with reach 2; query t gives distance δ the weight t + δ/10.
    fn band() -> TextWeights {
        TextWeights::from(HeadWeights {
            nearest: 1,
            sink: Vec::new(),
            first: 0,
            queries: 5,
            reach: 2,
            vectors: 1,
            weights: (0..5)
                .flat_map(|t| [t as f32 + 0.1, t as f32 + 0.2])
                .collect::<Vec<_>>()
                .into(),
            persistent: vec![0.5; 5],
            empty: vec![0.25; 5],
            ..HeadWeights::default()
        })
    }

    #[test]
    fn one_token_reads_its_row_and_is_read_by_its_column() {
        let one = TokenAttention::new(&band(), &TokenSet::one(2));
        assert_eq!((one.first_key, one.read.as_slice()), (0, &[2.2, 2.1][..]));
        assert_eq!(
            (one.first_query, one.readers.as_slice()),
            (3, &[3.1, 4.2][..])
        );
        assert_eq!(
            (one.queries, one.empty, one.persistent),
            (1, 0.25, Some(0.5))
        );
        assert_eq!((one.read_of(1), one.reader(4)), (Some(2.1), Some(4.2)));
        assert_eq!((one.read_of(9), one.reader(0)), (None, None));
        assert_eq!(one.largest, (2.2, 4.2));
    }

    #[test]
    fn several_tokens_add_up() {
        let mut tokens = TokenSet::from(1..3);
        tokens.toggle(4);
        let sum = TokenAttention::new(&band(), &tokens);
        assert_eq!(sum.queries, 3);
        // Key 0: from 1 and 2; key 1: from 2; keys 2 and 3: from 4.
        let close = |a: f32, b: f32| assert!((a - b).abs() < 1e-5, "{a} {b}");
        for (found, expected) in sum.read.iter().zip([1.1 + 2.2, 2.1, 4.2, 4.1]) {
            close(*found, expected);
        }
        assert_eq!(sum.read.len(), 4);
        // Query 2 reads 1; query 3 reads 1 and 2; query 4 reads 2.
        assert_eq!(sum.first_query, 2);
        for (found, expected) in sum.readers.iter().zip([2.1, 3.1 + 3.2, 4.2]) {
            close(*found, expected);
        }
        assert_eq!(sum.readers.len(), 3);
    }

    #[test]
    fn a_token_that_sees_itself_is_among_its_readers() {
        let own = TextWeights::from(HeadWeights {
            nearest: 0,
            queries: 3,
            reach: 2,
            weights: vec![0.0, 0.1, 1.0, 1.1, 2.0, 2.1].into(),
            empty: vec![0.0; 3],
            sink: vec![0.5; 3],
            ..HeadWeights::default()
        });
        let one = TokenAttention::new(&own, &TokenSet::one(1));
        assert_eq!((one.first_key, one.read.as_slice()), (0, &[1.1, 1.0][..]));
        assert_eq!(
            (one.first_query, one.readers.as_slice()),
            (1, &[1.0, 2.1][..])
        );
        assert_eq!(one.sink, Some(0.5));
    }

    #[test]
    fn nothing_selected_or_nothing_at_hand_gives_nothing() {
        let none = TokenAttention::new(&band(), &TokenSet::default());
        assert!(none.read.is_empty() && none.readers.is_empty());
        let far = TokenAttention::new(&band(), &TokenSet::one(90));
        assert!(far.read.is_empty() && far.readers.is_empty() && far.queries == 0);
    }
}
