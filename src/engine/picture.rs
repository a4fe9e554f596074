//! Pictures of the selected heads' weights.

use super::detail::Detail;
use super::looks::Heads;
use crate::analysis::{BandGrid, BandLayout, BandWindow, Pool};
use crate::chart::{ColorMap, Scale, colormap};

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pictured {
    /// The heatmap of the weights on the text.
    Attention,
    /// The heatmap of the weights on persistent vectors.
    Vectors,
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

/// A picture of the selected heads' weights.
#[derive(Debug, Clone)]
pub struct Picture {
    /// What was asked for.
    pub request: PictureRequest,
    /// The heads.
    pub heads: Heads,
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
            heads: detail.heads.clone(),
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
