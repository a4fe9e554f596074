//! Pictures of the selected heads' weights.

use super::queries::Heads;
use super::selected_heads::SelectedHeads;
use spanscope_chart::{ColorMap, Scale, colormap};
use spanscope_core::analysis::{BandGrid, BandLayout, BandMargins, BandWindow, Pool};
use std::ops::Range;

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeatmapKind {
    /// The heatmap of the weights on the text.
    Attention,
    /// The heatmap of the weights on persistent vectors.
    Vectors,
}

/// Which weight gets the last colour.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ColorRange {
    /// The largest on the whole text, or on any persistent vector, so that colours stay as they are when the window
    /// moves. Of means: the largest in the picture.
    #[default]
    Head,
    /// The largest cell among these queries and columns, so that faint structure shows.
    Part {
        /// Positions in the text.
        queries: Range<usize>,
        /// As the window counts them.
        columns: Range<usize>,
    },
}

/// A picture that a view asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeatmapRequest {
    /// The part of the band, and how many cells it may have.
    pub window: BandWindow,
    /// The colours.
    pub map: ColorMap,
    /// The mapping of weights to colours.
    pub scale: Scale,
    /// Which weight gets the last colour.
    pub range: ColorRange,
    /// The queries that the means above the columns are of, as positions in the text.
    pub seen: Range<usize>,
}

/// A picture of the selected heads' weights.
#[derive(Debug, Clone)]
pub struct HeatmapImage {
    /// The request that it answers.
    pub request: HeatmapRequest,
    /// The heads.
    pub heads: Heads,
    /// The places of its cells.
    pub grid: BandGrid,
    /// The weight that gets the last colour.
    pub largest: f32,
    /// One RGBA pixel per cell; transparent where the head cannot look.
    pub rgba: Vec<u8>,
    /// The shares beside its rows and the means above its columns.
    pub margins: BandMargins,
}

impl HeatmapImage {
    pub(super) fn new(detail: &SelectedHeads, request: HeatmapRequest) -> Self {
        let grid = BandGrid::new(&detail.weights, &request.window);
        let largest = match (&request.range, request.window.pool, request.window.layout) {
            (ColorRange::Part { queries, columns }, ..) => largest_in(&grid, queries, columns),
            (ColorRange::Head, Pool::Mean, _) => grid.largest(),
            (ColorRange::Head, Pool::Max, BandLayout::Vector) => detail.weights.largest_vector(),
            (ColorRange::Head, Pool::Max, _) => detail.largest,
        };
        let (weights, window) = (&detail.weights, &request.window);
        let margins = BandMargins::new(weights, &grid, window, &request.seen);
        let margins = margins.and_masked(weights, &grid, window, detail.loses_weight);
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
            margins,
        }
    }
}

/// The largest cell of `grid` that has something of these queries and columns; 0 where there is none.
fn largest_in(grid: &BandGrid, queries: &Range<usize>, columns: &Range<usize>) -> f32 {
    let cells = |part: &Range<usize>, first: usize, size: usize, count: usize| {
        let size = size.max(1);
        let start = part.start.saturating_sub(first) / size;
        let end = part.end.saturating_sub(first).div_ceil(size);
        start.min(count)..end.min(count)
    };
    let across = cells(columns, grid.first_column, grid.across, grid.width);
    let down = cells(queries, grid.first_query, grid.down, grid.height);
    let rows = down.filter_map(|row| {
        let row = grid.values.get(row * grid.width..(row + 1) * grid.width);
        row?.get(across.clone())
    });
    // `max` of not-a-number and a number is the number.
    rows.flatten().fold(0.0, |m, value| m.max(*value))
}

/// The colour of a weight where `largest` gets the last colour. The logarithm spans four decades.
pub fn color(weight: f32, largest: f32, scale: Scale, map: ColorMap) -> [u8; 3] {
    colormap::color(map, color_share(weight, largest, scale))
}

/// The colour's place in its map, from 0 to 1.
pub fn color_share(weight: f32, largest: f32, scale: Scale) -> f32 {
    let high = f64::from(largest.max(f32::MIN_POSITIVE));
    let low = if scale == Scale::Log {
        high * 1e-4
    } else {
        0.0
    };
    scale.share(f64::from(weight), low, high) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_in_a_part_is_that_of_the_cells_it_touches() {
        let grid = BandGrid {
            first_query: 4,
            first_column: 10,
            down: 2,
            across: 5,
            width: 2,
            height: 3,
            values: vec![0.1, 0.2, f32::NAN, 0.4, 0.5, 0.3],
        };
        assert_eq!(largest_in(&grid, &(0..99), &(0..99)), 0.5);
        assert_eq!(largest_in(&grid, &(4..6), &(0..99)), 0.2);
        assert_eq!(largest_in(&grid, &(4..7), &(15..16)), 0.4);
        assert_eq!(largest_in(&grid, &(6..8), &(10..15)), 0.0);
        assert_eq!(largest_in(&grid, &(0..2), &(40..60)), 0.0);
        assert_eq!(largest_in(&grid, &(9..9), &(9..9)), 0.0);
    }
}
