//! The selected head on the current text, and pictures of it.

use crate::analysis::{BandGrid, BandWindow, VectorUsage, largest_weight};
use crate::chart::{ColorMap, Scale, colormap};
use crate::model::{Cancel, HeadWeights, Run};
use std::sync::Arc;

/// Most context and persistent weights kept for one head: 128 MB.
const MOST_WEIGHTS: usize = 32 << 20;

/// Queries computed between two looks at whether the result is still wanted.
const STEP: usize = 128;

/// One head's weights on the text, and what is measured on them.
#[derive(Debug, Clone)]
pub struct Detail {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// The weights; on a text too long to keep them all, of the last queries.
    pub weights: Arc<HeadWeights>,
    /// Every query's whole weight on persistent vectors; empty where there are none.
    pub persistent: Vec<f32>,
    /// The largest weight on a token of the text.
    pub largest: f32,
    /// Use of the persistent vectors, if there are any.
    pub usage: Option<VectorUsage>,
}

/// One head's weights as far as they are computed: an edit, or a stop half-way, costs only what follows.
#[derive(Debug)]
pub(super) struct Looking {
    head: (usize, usize),
    weights: Arc<HeadWeights>,
}

impl Looking {
    /// Nothing yet; `None` when there is no such head.
    pub fn new(run: &Run, head: (usize, usize)) -> Option<Self> {
        let weights = run.head_weights(head.0, head.1, 0, 0)?;
        Some(Self {
            head,
            weights: Arc::new(weights),
        })
    }

    /// The head.
    pub fn head(&self) -> (usize, usize) {
        self.head
    }

    /// Forgets the queries from position `len` of the text on.
    pub fn truncate(&mut self, len: usize) {
        let weights = &self.weights;
        if weights.first + weights.queries <= len {
            return;
        }
        let rows = len.saturating_sub(weights.first);
        let weights = Arc::make_mut(&mut self.weights);
        weights.first = weights.first.min(len);
        weights.queries = rows;
        weights.weights.truncate(rows * weights.reach);
        weights.persistent.truncate(rows * weights.vectors);
        weights.empty.truncate(rows);
    }

    /// Computes what is missing; false when told to stop, with what was done until then kept.
    pub fn go_on(&mut self, run: &Run, cancel: &Cancel) -> bool {
        let end = run.ids().len();
        let width = (self.weights.reach + self.weights.vectors).max(1);
        let first = end.saturating_sub(MOST_WEIGHTS / width);
        if self.weights.first > first {
            // Queries before those at hand are wanted again: begin anew.
            self.truncate(0);
        }
        if self.weights.first < first {
            // A text longer than can be kept: the window of queries has moved.
            let weights = Arc::make_mut(&mut self.weights);
            let gone = (first - weights.first).min(weights.queries);
            weights.weights.drain(..gone * weights.reach);
            weights.persistent.drain(..gone * weights.vectors);
            weights.empty.drain(..gone);
            weights.queries -= gone;
            weights.first = first;
        }
        let done = self.weights.first + self.weights.queries;
        for from in (done..end).step_by(STEP) {
            if cancel.is_cancelled() {
                return false;
            }
            let to = (from + STEP).min(end);
            let Some(part) = run.head_weights(self.head.0, self.head.1, from, to) else {
                return true;
            };
            let weights = Arc::make_mut(&mut self.weights);
            weights.queries += part.queries;
            weights.weights.extend(part.weights);
            weights.persistent.extend(part.persistent);
            weights.empty.extend(part.empty);
        }
        true
    }

    /// What is measured on the weights.
    pub fn detail(&self) -> Detail {
        let weights = &self.weights;
        let persistent = if weights.vectors > 0 {
            (0..weights.queries)
                .map(|i| weights.persistent_row(i).iter().sum())
                .collect()
        } else {
            Vec::new()
        };
        Detail {
            layer: self.head.0,
            head: self.head.1,
            persistent,
            largest: largest_weight(weights),
            usage: VectorUsage::of(weights),
            weights: Arc::clone(weights),
        }
    }
}

impl Detail {
    /// The first query after those whose weights are here, as a position in the text.
    pub fn end(&self) -> usize {
        self.weights.first + self.weights.queries
    }

    /// The weights of the query at position `query` of the text by distance, from 1.
    pub fn row(&self, query: usize) -> &[f32] {
        let row = query.checked_sub(self.weights.first);
        row.map_or(&[], |i| self.weights.row(i))
    }

    /// The share of the weight of the query at position `query` on empty context.
    pub fn empty(&self, query: usize) -> Option<f32> {
        let i = query.checked_sub(self.weights.first)?;
        self.weights.empty.get(i).copied()
    }

    /// The share of the weight of the query at position `query` on persistent vectors.
    pub fn persistent(&self, query: usize) -> Option<f32> {
        let i = query.checked_sub(self.weights.first)?;
        self.persistent.get(i).copied()
    }

    /// The weight that the query at position `query` gives the token at position `key`.
    pub fn weight(&self, query: usize, key: usize) -> Option<f32> {
        let distance = query.checked_sub(key)?;
        self.row(query).get(distance.checked_sub(1)?).copied()
    }
}

/// A picture that a view asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureRequest {
    /// The part of the band, and how many cells it may have.
    pub window: BandWindow,
    /// The colours.
    pub map: ColorMap,
    /// How weights are spread over the colours.
    pub scale: Scale,
}

/// A picture of the selected head's weights.
#[derive(Debug, Clone)]
pub struct Picture {
    /// What was asked for.
    pub request: PictureRequest,
    /// Layer and head.
    pub head: (usize, usize),
    /// Where its cells lie.
    pub grid: BandGrid,
    /// One RGBA pixel per cell; transparent where the head cannot look.
    pub rgba: Vec<u8>,
}

impl Picture {
    pub(super) fn new(detail: &Detail, request: PictureRequest) -> Self {
        let grid = BandGrid::new(&detail.weights, &request.window);
        let rgba = grid
            .values
            .iter()
            .flat_map(|value| {
                if value.is_nan() {
                    [0; 4]
                } else {
                    let [r, g, b] = color(*value, detail.largest, request.scale, request.map);
                    [r, g, b, 255]
                }
            })
            .collect();
        Self {
            head: (detail.layer, detail.head),
            request,
            grid,
            rgba,
        }
    }
}

/// The colour of a weight where `largest` gets the last colour. The logarithm spans four decades.
pub fn color(weight: f32, largest: f32, scale: Scale, map: ColorMap) -> [u8; 3] {
    let high = f64::from(largest.max(f32::MIN_POSITIVE));
    let low = if scale == Scale::Log {
        high * 1e-4
    } else {
        0.0
    };
    colormap::color(map, scale.share(f64::from(weight), low, high) as f32)
}
