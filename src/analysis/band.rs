//! A head's weights form a band along the diagonal: queries by distance. Here it is cut and shrunk for a picture.

use super::LookedWeights;
use std::ops::Range;

/// What the columns of a picture are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BandLayout {
    /// Column = position of the key in the text.
    #[default]
    Key,
    /// Column = distance − 1.
    Distance,
}

/// The part of a band that a picture shows, and how fine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BandWindow {
    /// What the columns are.
    pub layout: BandLayout,
    /// Queries shown, as positions in the text.
    pub queries: Range<usize>,
    /// Columns shown.
    pub columns: Range<usize>,
    /// Most cells across.
    pub width: usize,
    /// Most cells down.
    pub height: usize,
}

/// A window on a band, shrunk to a given number of cells: each is the largest weight of those it covers, so a
/// single bright weight is never lost.
#[derive(Debug, Clone, PartialEq)]
pub struct BandGrid {
    /// First query covered.
    pub first_query: usize,
    /// First column covered.
    pub first_column: usize,
    /// Queries per cell.
    pub down: usize,
    /// Columns per cell.
    pub across: usize,
    /// Cells across.
    pub width: usize,
    /// Cells down.
    pub height: usize,
    /// Row by row; not-a-number where a head cannot look.
    pub values: Vec<f32>,
}

impl BandGrid {
    /// Shrinks the part of `weights` in `window`.
    pub fn new(weights: &LookedWeights, window: &BandWindow) -> Self {
        let end = weights.end;
        let queries = window.queries.start.clamp(weights.first, end)
            ..window.queries.end.clamp(weights.first, end);
        let limit = match window.layout {
            BandLayout::Key => end,
            BandLayout::Distance => weights.reach,
        };
        let columns = window.columns.start.min(limit)..window.columns.end.min(limit);
        // Cells begin at multiples of their size, so that panning does not make them flicker.
        let (first_query, down, height) = cells(&queries, window.height);
        let (first_column, across, width) = cells(&columns, window.width);
        let mut values = vec![f32::NAN; width * height];
        for query in queries.start.max(first_query)..queries.end {
            let row = (query - first_query) / down * width;
            let Some(out) = values.get_mut(row..row + width) else {
                break;
            };
            for (c, weight) in weights.row(query).iter().enumerate() {
                let column = match window.layout {
                    // Distances before the text's start are no keys.
                    BandLayout::Key => match query.checked_sub(c + 1) {
                        Some(key) => key,
                        None => break,
                    },
                    BandLayout::Distance => c,
                };
                if columns.contains(&column)
                    && let Some(cell) = out.get_mut((column - first_column) / across)
                {
                    // `max` of not-a-number and a number is the number.
                    *cell = cell.max(*weight);
                }
            }
        }
        Self {
            first_query,
            first_column,
            down,
            across,
            width,
            height,
            values,
        }
    }
}

/// First index covered, indices per cell, and number of cells.
fn cells(range: &Range<usize>, most: usize) -> (usize, usize, usize) {
    if range.is_empty() {
        return (range.start, 1, 0);
    }
    let size = range.len().div_ceil(most.max(1));
    let first = range.start / size * size;
    (first, size, (range.end - first).div_ceil(size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HeadWeights;

    /// Four queries with reach 2; query t gives distance δ the weight t + δ/10.
    fn band() -> LookedWeights {
        LookedWeights::from(HeadWeights {
            first: 0,
            queries: 4,
            reach: 2,
            vectors: 0,
            weights: (0..4)
                .flat_map(|t| [t as f32 + 0.1, t as f32 + 0.2])
                .collect::<Vec<_>>()
                .into(),
            persistent: Vec::new(),
            empty: vec![0.0; 4],
        })
    }

    fn window(
        layout: BandLayout,
        queries: Range<usize>,
        columns: Range<usize>,
        most: usize,
    ) -> BandWindow {
        BandWindow {
            layout,
            queries,
            columns,
            width: most,
            height: most,
        }
    }

    #[test]
    fn keys_stand_left_of_their_query() {
        let grid = BandGrid::new(&band(), &window(BandLayout::Key, 0..4, 0..4, 10));
        assert_eq!((grid.width, grid.height), (4, 4));
        assert!(grid.values[0].is_nan() && grid.values[15].is_nan());
        assert_eq!(grid.values[4], 1.1);
        assert_eq!(grid.values[12 + 2], 3.1);
        assert_eq!(grid.values[12 + 1], 3.2);
        assert!(grid.values[12].is_nan());
    }

    #[test]
    fn a_shrunken_grid_keeps_the_largest() {
        let grid = BandGrid::new(&band(), &window(BandLayout::Key, 0..4, 0..4, 2));
        assert_eq!((grid.down, grid.across, grid.width), (2, 2, 2));
        assert_eq!(grid.values[0], 1.1);
        assert_eq!(grid.values[2], 3.2);
        assert_eq!(grid.values[3], 3.1);
    }

    #[test]
    fn distances_stand_in_columns_and_windows_outside_are_empty() {
        let grid = BandGrid::new(&band(), &window(BandLayout::Distance, 1..3, 1..9, 10));
        assert_eq!(
            (grid.first_query, grid.first_column, grid.width, grid.height),
            (1, 1, 1, 2)
        );
        assert_eq!(grid.values, [1.2, 2.2]);
        let none = BandGrid::new(&band(), &window(BandLayout::Key, 9..20, 7..7, 4));
        assert!(none.values.is_empty());
    }
}
