//! A head's weights form a band along the diagonal: queries by distance. Here it is cut and shrunk for a picture, as are
//! the weights on persistent vectors.

use super::TextWeights;
use std::ops::Range;
use std::sync::Arc;

/// The meaning of a picture's columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BandLayout {
    /// Column = position of the key in the text.
    #[default]
    Key,
    /// Column = distance, less the nearest one that a token sees. Where queries see later tokens, whose distances are negative, those of
    /// all that the text has stand before: see [`TextWeights::later_columns`].
    Distance,
    /// Column = persistent vector, in the window's order.
    Vector,
}

/// The statistic that a cell shows of the weights that it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// The largest, so that a single bright weight is never lost.
    #[default]
    Max,
    /// The mean over those that there are.
    Mean,
}

/// The part of a band that a picture shows, and how fine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BandWindow {
    /// The meaning of the columns.
    pub layout: BandLayout,
    /// The statistic that a cell shows.
    pub pool: Pool,
    /// With [`BandLayout::Vector`], the persistent vector of each column, such as
    /// [`VectorUsage::order`](super::VectorUsage::order); empty for all of them by index.
    pub order: Arc<[u32]>,
    /// Queries shown, as positions in the text.
    pub queries: Range<usize>,
    /// Columns shown.
    pub columns: Range<usize>,
    /// Most cells across.
    pub width: usize,
    /// Most cells down.
    pub height: usize,
}

/// A window on a band, shrunk to a given number of cells.
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
    pub fn new(weights: &TextWeights, window: &BandWindow) -> Self {
        let end = weights.end;
        let queries = window.queries.start.clamp(weights.first, end)
            ..window.queries.end.clamp(weights.first, end);
        let limit = match window.layout {
            BandLayout::Key => end.max(weights.tokens),
            BandLayout::Distance => weights.later_columns() + weights.reach,
            BandLayout::Vector if window.order.is_empty() => weights.vectors,
            BandLayout::Vector => window.order.len(),
        };
        let columns = window.columns.start.min(limit)..window.columns.end.min(limit);
        // Cells begin at multiples of their size, so that panning does not make them flicker.
        let (first_query, down, height) = cells(&queries, window.height);
        let (first_column, across, width) = cells(&columns, window.width);
        let mut values = Vec::with_capacity(width * height);
        let mut pooled = vec![Pooled::default(); width];
        for row in 0..height {
            let start = first_query + row * down;
            pooled.fill(Pooled::default());
            for query in start.max(queries.start)..(start + down).min(queries.end) {
                each(weights, window, query, &columns, |column, weight| {
                    if let Some(cell) = pooled.get_mut((column - first_column) / across) {
                        cell.add(weight, window.pool);
                    }
                });
            }
            values.extend(pooled.iter().map(|cell| cell.value(window.pool)));
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

    /// The largest value of a cell; 0 where there are none.
    pub fn largest(&self) -> f32 {
        // `max` of not-a-number and a number is the number.
        self.values.iter().fold(0.0, |m, value| m.max(*value))
    }
}

/// Calls `take` with the columns of a query's row that lie in `columns`, and their weights.
fn each(
    weights: &TextWeights,
    window: &BandWindow,
    query: usize,
    columns: &Range<usize>,
    mut take: impl FnMut(usize, f32),
) {
    match window.layout {
        BandLayout::Key => {
            // Distances before the text's start are no keys.
            let seen = weights.keys(query);
            let keys = columns.start.max(seen.start)..columns.end.min(seen.end);
            if !keys.is_empty() {
                let row = weights.on(query, keys.clone()).iter().rev();
                keys.zip(row).for_each(|(key, weight)| take(key, *weight));
            }
            let later = (query + 1..columns.end).zip(weights.on_later(query));
            let later = later.skip(columns.start.saturating_sub(query + 1));
            later.for_each(|(key, weight)| take(key, *weight));
        }
        BandLayout::Distance => {
            let zero = weights.later_columns();
            let later = (0..zero).rev().zip(weights.on_later(query));
            let later = later.filter(|(column, _)| columns.contains(column));
            later.for_each(|(column, weight)| take(column, *weight));
            // As by key: what lies before the text's start is beside the picture.
            let row = weights.on_text(query).iter();
            let row = row.take(columns.end.saturating_sub(zero)).enumerate();
            let row = row.skip(columns.start.saturating_sub(zero));
            row.for_each(|(c, w)| take(zero + c, *w));
        }
        BandLayout::Vector => {
            let row = weights.persistent_row(query);
            if window.order.is_empty() {
                let row = row.iter().take(columns.end).enumerate();
                return row.skip(columns.start).for_each(|(c, w)| take(c, *w));
            }
            let order = window.order.iter().take(columns.end).enumerate();
            for (column, vector) in order.skip(columns.start) {
                if let Some(weight) = row.get(*vector as usize) {
                    take(column, *weight);
                }
            }
        }
    }
}

/// The weights that a cell covers, as far as they have been seen.
#[derive(Debug, Clone, Copy)]
struct Pooled {
    largest: f32,
    sum: f64,
    count: u32,
}

impl Default for Pooled {
    fn default() -> Self {
        Self {
            largest: f32::NAN,
            sum: 0.0,
            count: 0,
        }
    }
}

impl Pooled {
    fn add(&mut self, weight: f32, pool: Pool) {
        match pool {
            // `max` of not-a-number and a number is the number.
            Pool::Max => self.largest = self.largest.max(weight),
            Pool::Mean if weight.is_nan() => {}
            Pool::Mean => {
                self.sum += f64::from(weight);
                self.count = self.count.saturating_add(1);
            }
        }
    }

    fn value(&self, pool: Pool) -> f32 {
        match pool {
            Pool::Max => self.largest,
            // 0 / 0 is not a number: nothing was there.
            Pool::Mean => (self.sum / f64::from(self.count)) as f32,
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
    fn band() -> TextWeights {
        TextWeights::from(HeadWeights {
            nearest: 1,
            sink: Vec::new(),
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
            ..HeadWeights::default()
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
            ..BandWindow::default()
        }
    }

    /// Three queries from position 5 on, with four vectors; query t gives vector n the weight t + n/10.
    fn persistent() -> TextWeights {
        TextWeights::from(HeadWeights {
            nearest: 1,
            sink: Vec::new(),
            first: 5,
            queries: 3,
            reach: 0,
            vectors: 4,
            weights: Vec::new().into(),
            persistent: (5..8)
                .flat_map(|t| [0.0, 0.1, 0.2, 0.3].map(|n| t as f32 + n))
                .collect(),
            empty: vec![0.0; 3],
            ..HeadWeights::default()
        })
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
    fn a_token_that_sees_itself_stands_on_the_diagonal() {
        let own = TextWeights::from(HeadWeights {
            nearest: 0,
            queries: 2,
            reach: 2,
            weights: vec![0.1, 0.2, 1.1, 1.2].into(),
            empty: vec![0.0; 2],
            ..HeadWeights::default()
        });
        let grid = BandGrid::new(&own, &window(BandLayout::Key, 0..2, 0..2, 10));
        assert!(grid.values[0] == 0.1 && grid.values[1].is_nan());
        assert_eq!(grid.values[2..], [1.2, 1.1]);
        let grid = BandGrid::new(&own, &window(BandLayout::Distance, 0..2, 0..2, 10));
        assert!(grid.values[0] == 0.1 && grid.values[1].is_nan());
        assert_eq!(grid.values[2..], [1.1, 1.2]);
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
        // Query 1 has no token at distance 2.
        assert!(grid.values[0].is_nan() && grid.values[1] == 2.2);
        let none = BandGrid::new(&band(), &window(BandLayout::Key, 9..20, 7..7, 4));
        assert!(none.values.is_empty());
    }

    #[test]
    fn vectors_stand_in_columns_in_any_order() {
        let all = window(BandLayout::Vector, 0..9, 0..9, 9);
        let grid = BandGrid::new(&persistent(), &all);
        assert_eq!(
            (grid.first_query, grid.first_column, grid.width, grid.height),
            (5, 0, 4, 3)
        );
        assert_eq!(grid.values[4..8], [6.0, 6.1, 6.2, 6.3]);
        assert_eq!(grid.largest(), 7.3);
        let ordered = BandWindow {
            order: [2, 0, 7].into(),
            ..all.clone()
        };
        let grid = BandGrid::new(&persistent(), &ordered);
        assert_eq!((grid.width, grid.height), (3, 3));
        assert_eq!(grid.values[..2], [5.2, 5.0]);
        // There is no vector 7.
        assert!(grid.values[2].is_nan());
        let part = BandWindow {
            columns: 1..2,
            queries: 6..7,
            ..ordered
        };
        let grid = BandGrid::new(&persistent(), &part);
        assert_eq!((grid.first_query, grid.first_column), (6, 1));
        assert_eq!(grid.values, [6.0]);
        let none = BandGrid::new(&band(), &all);
        assert!(none.values.is_empty() && none.largest() == 0.0);
    }

    #[test]
    fn a_mean_is_over_the_weights_that_there_are() {
        let mean = |layout, most| BandWindow {
            pool: Pool::Mean,
            ..window(layout, 0..8, 0..9, most)
        };
        let grid = BandGrid::new(&band(), &mean(BandLayout::Key, 2));
        assert_eq!((grid.down, grid.across), (2, 2));
        // Query 1 sees key 0; query 2 sees 0 and 1, query 3 sees 1 and 2.
        assert_eq!(grid.values[0], 1.1);
        assert!(grid.values[1].is_nan());
        assert!((grid.values[2] - (2.1 + 2.2 + 3.2) / 3.0).abs() < 1e-6);
        assert_eq!(grid.values[3], 3.1);
        let grid = BandGrid::new(&persistent(), &mean(BandLayout::Vector, 2));
        // Cells begin at multiples of two: query 5 alone, then 6 and 7.
        assert_eq!((grid.first_query, grid.height, grid.width), (4, 2, 2));
        for (found, expected) in grid.values.iter().zip([5.05, 5.25, 6.55, 6.75]) {
            assert!((found - expected).abs() < 1e-6);
        }
        // One cell a weight: as with the largest.
        let fine = BandGrid::new(&band(), &mean(BandLayout::Distance, 9));
        let largest = BandGrid::new(&band(), &window(BandLayout::Distance, 0..8, 0..9, 9));
        let both = fine.values.iter().zip(&largest.values);
        assert!(
            both.clone()
                .all(|(a, b)| a == b || a.is_nan() && b.is_nan())
        );
        assert_eq!(both.filter(|(a, _)| a.is_nan()).count(), 3);
    }
}
