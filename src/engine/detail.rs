//! The selected head on the current text, and pictures of it.

use crate::analysis::{BandGrid, BandWindow, VectorUsage, distance_profile, largest_weight};
use crate::chart::{ColorMap, Scale, colormap};
use crate::model::{Cancel, HeadWeights, Run};

/// Most context and persistent weights kept for one head: 256 MB.
const MOST_WEIGHTS: usize = 64 << 20;

/// Queries computed between two looks at whether the result is still wanted.
const STEP: usize = 256;

/// One head's weights on the text, and what is measured on them.
#[derive(Debug, Clone)]
pub struct Detail {
    /// Layer, from 0.
    pub layer: usize,
    /// Head, from 0.
    pub head: usize,
    /// The weights; on a text too long to keep them all, of the last queries.
    pub weights: HeadWeights,
    /// The largest weight on a token of the text.
    pub largest: f32,
    /// Mean weight at every distance, from 1.
    pub profile: Vec<f32>,
    /// Use of the persistent vectors, if there are any.
    pub usage: Option<VectorUsage>,
}

impl Detail {
    /// Computes a head's weights from the run; `None` when there is no such head, or on cancellation.
    pub(super) fn new(run: &Run, (layer, head): (usize, usize), cancel: &Cancel) -> Option<Self> {
        let end = run.ids().len();
        let mut weights = run.head_weights(layer, head, 0, 0)?;
        let first = end.saturating_sub(MOST_WEIGHTS / (weights.reach + weights.vectors).max(1));
        weights.first = first;
        for from in (first..end).step_by(STEP) {
            if cancel.is_cancelled() {
                return None;
            }
            let part = run.head_weights(layer, head, from, (from + STEP).min(end))?;
            weights.queries += part.queries;
            weights.weights.extend(part.weights);
            weights.persistent.extend(part.persistent);
            weights.empty.extend(part.empty);
        }
        Some(Self {
            layer,
            head,
            largest: largest_weight(&weights),
            profile: distance_profile(&weights),
            usage: VectorUsage::of(&weights),
            weights,
        })
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
        (i < self.weights.queries).then(|| self.weights.persistent_row(i).iter().sum())
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
    let low = if scale == Scale::Log { high * 1e-4 } else { 0.0 };
    colormap::color(map, scale.share(f64::from(weight), low, high) as f32)
}
