//! The selected head on the current text, and pictures of it.

use crate::analysis::{BandGrid, BandLayout, BandWindow, LookedWeights, Pool, VectorUsage};
use crate::chart::{ColorMap, Scale, colormap};
use crate::model::{Cancel, Run};
use std::ops::Range;

/// Most context and persistent weights kept for one head: 128 MB.
const MOST_WEIGHTS: usize = 32 << 20;

/// Queries computed between two looks at whether the result is still wanted.
const STEP: usize = 512;

/// Queries that a part of the weights should have: fewer are computed again together with what follows.
const LEAST: usize = 64;

/// One head's weights on the text, and what is measured on them.
#[derive(Debug, Clone)]
pub struct Detail {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// The weights; on a text too long to keep them all, of the last queries.
    pub weights: LookedWeights,
    /// The largest weight on a token of the text.
    pub largest: f32,
    /// Use of the persistent vectors, if there are any.
    pub usage: Option<VectorUsage>,
}

/// One head's weights as far as they are computed: an edit, or a stop half-way, costs only what follows.
#[derive(Debug)]
pub(super) struct Looking {
    head: (usize, usize),
    weights: LookedWeights,
}

impl Looking {
    /// Nothing yet; `None` when there is no such head.
    pub fn new(run: &Run, head: (usize, usize)) -> Option<Self> {
        let none = run.head_weights(head.0, head.1, 0, 0)?;
        Some(Self {
            head,
            weights: LookedWeights::new(0, none.reach, none.vectors),
        })
    }

    /// The head.
    pub fn head(&self) -> (usize, usize) {
        self.head
    }

    /// Forgets the queries from position `len` of the text on.
    pub fn truncate(&mut self, len: usize) {
        self.weights.truncate(len);
    }

    /// Computes what is missing of the queries in `range`, the last ones where they are too many; false when told to
    /// stop, with what was done until then kept.
    pub fn go_on(&mut self, run: &Run, range: &Range<usize>, cancel: &Cancel) -> bool {
        let width = (self.weights.reach + self.weights.vectors).max(1);
        let first = range
            .start
            .max(range.end.saturating_sub(MOST_WEIGHTS / width));
        let weights = &mut self.weights;
        if weights.first > first || weights.end < first {
            // Queries before those at hand are wanted again, or none of them: begin anew.
            *weights = LookedWeights::new(first, weights.reach, weights.vectors);
        }
        // A text longer than can be kept: the window of queries has moved.
        weights.drop_before(first);
        while weights.end < range.end {
            if cancel.is_cancelled() {
                return false;
            }
            let from = weights.next(LEAST);
            let to = (from + STEP).min(range.end).max(weights.end + 1);
            let Some(part) = run.head_weights(self.head.0, self.head.1, from, to) else {
                return true;
            };
            weights.put(part);
        }
        true
    }

    /// What is measured on the weights.
    pub fn detail(&self) -> Detail {
        let weights = &self.weights;
        Detail {
            layer: self.head.0,
            head: self.head.1,
            largest: weights.largest(),
            usage: VectorUsage::of(weights),
            weights: weights.clone(),
        }
    }
}

impl Detail {
    /// The first query after those whose weights are here, as a position in the text.
    pub fn end(&self) -> usize {
        self.weights.end
    }

    /// The weights of the query at position `query` of the text by distance, from 1.
    pub fn row(&self, query: usize) -> &[f32] {
        self.weights.row(query)
    }

    /// The share of the weight of the query at position `query` on empty context.
    pub fn empty(&self, query: usize) -> Option<f32> {
        self.weights.empty(query)
    }

    /// The share of the weight of the query at position `query` on persistent vectors.
    pub fn persistent(&self, query: usize) -> Option<f32> {
        self.weights.persistent(query)
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
    /// The weight that gets the last colour. Of largest weights: the largest on the whole text, or on any persistent vector,
    /// so that colours stay as they are when the window moves. Of means: the largest in the picture.
    pub largest: f32,
    /// One RGBA pixel per cell; transparent where the head cannot look.
    pub rgba: Vec<u8>,
}

impl Picture {
    pub(super) fn new(detail: &Detail, request: PictureRequest) -> Self {
        let grid = BandGrid::new(&detail.weights, &request.window);
        let largest = match (request.window.pool, request.window.layout) {
            (Pool::Mean, _) => grid.largest(),
            (Pool::Max, BandLayout::Vector) => detail.weights.largest_vector(),
            (Pool::Max, BandLayout::Key | BandLayout::Distance) => detail.largest,
        };
        let rgba = grid
            .values
            .iter()
            .flat_map(|value| {
                if value.is_nan() {
                    [0; 4]
                } else {
                    let [r, g, b] = color(*value, largest, request.scale, request.map);
                    [r, g, b, 255]
                }
            })
            .collect();
        Self {
            head: (detail.layer, detail.head),
            request,
            grid,
            largest,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Model, SAMPLES};
    use crate::model::{BLOCK, Blind};
    use std::sync::Arc;

    #[test]
    fn a_picture_of_vectors_is_coloured_by_the_largest_weight_on_any() {
        let model = Model::open_sample(&SAMPLES[1]).unwrap();
        let ids = model
            .prepare(&SAMPLES[1].text.as_bytes()[..200])
            .unwrap()
            .ids;
        let mut run = Run::new(Arc::clone(&model.network));
        let cancel = Cancel::default();
        run.extend(&ids, BLOCK, &cancel, &Blind).unwrap();
        let mut looking = Looking::new(&run, (1, 0)).unwrap();
        assert!(looking.go_on(&run, &(0..ids.len()), &cancel));
        let detail = looking.detail();
        let vectors = detail.weights.vectors;
        let order = detail.usage.as_ref().unwrap().order.clone();
        let request = |pool, columns, most| PictureRequest {
            window: BandWindow {
                layout: BandLayout::Vector,
                pool,
                order: order.clone().into(),
                queries: 0..ids.len(),
                columns,
                width: most,
                height: most,
            },
            map: ColorMap::Viridis,
            scale: Scale::Linear,
        };
        let all = Picture::new(&detail, request(Pool::Max, 0..vectors, 4096));
        assert_eq!((all.grid.width, all.grid.height), (vectors, ids.len()));
        assert_eq!(all.rgba.len(), 4 * vectors * ids.len());
        let largest = (0..ids.len()).flat_map(|query| detail.weights.persistent_row(query));
        let largest = largest.copied().fold(0.0, f32::max);
        assert!(largest > 0.0 && all.largest == largest);
        // The most used vector stands first, and another window has the same colours.
        let of_first = all.grid.values.iter().step_by(vectors);
        let mean = of_first.sum::<f32>() / ids.len() as f32;
        let used = detail.usage.as_ref().unwrap().mean[order[0] as usize];
        assert!((mean - used).abs() < 1e-6);
        let part = Picture::new(&detail, request(Pool::Max, vectors / 2..vectors, 4096));
        assert_eq!(part.largest, largest);
        let means = Picture::new(&detail, request(Pool::Mean, 0..vectors, 8));
        assert_eq!(means.largest, means.grid.largest());
        assert!(means.largest < largest);
    }
}
