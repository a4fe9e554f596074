//! One head's weights, taken down while a network runs: for texts whose run is not kept.

use crate::model::{HeadWeights, Numbers, Observer, Span};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Takes down the weights of one head. Tiles may come in any order.
#[derive(Debug)]
pub struct HeadRecorder {
    layer: usize,
    head: usize,
    weights: Mutex<HeadWeights>,
}

impl HeadRecorder {
    /// A recorder for the head of `span`, which has `vectors` persistent vectors, over `tokens` tokens.
    pub fn new(span: &Span, vectors: usize, tokens: usize) -> Self {
        Self::over(span, vectors, 0..tokens)
    }

    /// As [`HeadRecorder::new`], over the queries at these positions only.
    pub fn over(span: &Span, vectors: usize, queries: Range<usize>) -> Self {
        let tokens = queries.len();
        let reach = span.seen(queries.end);
        Self {
            layer: span.layer,
            head: span.head,
            weights: Mutex::new(HeadWeights {
                nearest: span.nearest,
                sink: Vec::new(),
                first: queries.start,
                queries: tokens,
                reach,
                vectors,
                weights: vec![0.0; tokens * reach].into(),
                persistent: vec![0.0; tokens * vectors],
                empty: vec![0.0; tokens],
                ..HeadWeights::default()
            }),
        }
    }

    /// The weights taken down.
    pub fn finish(self) -> HeadWeights {
        self.weights
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for HeadRecorder {
    fn wants(&self, layer: usize, head: usize) -> bool {
        (layer, head) == (self.layer, self.head)
    }

    fn head(&self, layer: usize, head: usize, tile: &HeadWeights) {
        if (layer, head) != (self.layer, self.head) {
            return;
        }
        let mut weights = self.weights.lock().unwrap_or_else(PoisonError::into_inner);
        let HeadWeights {
            sink,
            weights,
            persistent,
            empty,
            first,
            queries,
            reach,
            tokens,
            later,
            ..
        } = &mut *weights;
        let Some(at) = tile.first.checked_sub(*first) else {
            return;
        };
        if tile.reach == *reach {
            put(weights, &tile.weights, at * tile.reach);
        } else {
            // Of queries near the text's start there is less to see.
            for i in 0..tile.queries {
                let row = tile.row(i);
                let seen = row.len().min(*reach);
                put(weights, &row[..seen], (at + i) * *reach);
            }
        }
        put(persistent, &tile.persistent, at * tile.vectors);
        put(empty, &tile.empty, at);
        if tile.tokens > 0 {
            let width = tile.tokens.saturating_sub(*first + 1);
            if *tokens == 0 {
                *tokens = tile.tokens;
                *later = Numbers::zeros(*queries * width);
            }
            for (i, query) in tile.positions().enumerate() {
                put(later, tile.on_later(query), (at + i) * width);
            }
        }
        if !tile.sink.is_empty() {
            sink.resize(*queries, 0.0);
            put(sink, &tile.sink, at);
        }
    }
}

fn put(into: &mut [f32], values: &[f32], start: usize) {
    if let Some(place) = into.get_mut(start..start + values.len()) {
        place.copy_from_slice(values);
    }
}
