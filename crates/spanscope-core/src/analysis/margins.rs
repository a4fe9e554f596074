//! The margins of a picture of a band: shares beside its rows, means above its columns.

use super::{BandGrid, BandLayout, BandWindow, Pool, TextWeights};
use std::ops::Range;

/// One number for each row of cells of a [`BandGrid`], and one for each column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BandMargins {
    /// Per row of cells: the share on distances before the text's start, pooled as the cells are.
    pub empty: Vec<f32>,
    /// Per row of cells: the share on persistent vectors; nothing where there are none.
    pub persistent: Vec<f32>,
    /// Per row of cells: the share on the head's learned sink; nothing where it has none.
    pub sink: Vec<f32>,
    /// Per row of cells: what the weights [lack](TextWeights::masked) to add up to 1; nothing unless
    /// [asked for](Self::and_masked).
    pub masked: Vec<f32>,
    /// By distance only, per column of cells: the mean weight that the queries looked at give it, those that have no
    /// token at that distance left out; not-a-number where there is no such query.
    pub mean: Vec<f32>,
}

impl BandMargins {
    /// Measures `weights` along the sides of `grid`, which shows `window` of them; means are over the queries in `seen`.
    pub fn new(
        weights: &TextWeights,
        grid: &BandGrid,
        window: &BandWindow,
        seen: &Range<usize>,
    ) -> Self {
        Self {
            empty: rows(grid, window, |query| weights.empty(query)),
            persistent: if weights.vectors > 0 {
                rows(grid, window, |query| weights.persistent(query))
            } else {
                Vec::new()
            },
            sink: match weights.sink(weights.first) {
                Some(_) => rows(grid, window, |query| weights.sink(query)),
                None => Vec::new(),
            },
            masked: Vec::new(),
            mean: match window.layout {
                BandLayout::Distance => means(weights, grid, seen),
                BandLayout::Key | BandLayout::Vector => Vec::new(),
            },
        }
    }
}

impl BandMargins {
    /// With what the weights lack to add up to 1, where `wanted`.
    #[must_use]
    pub fn and_masked(
        self,
        weights: &TextWeights,
        grid: &BandGrid,
        window: &BandWindow,
        wanted: bool,
    ) -> Self {
        let masked = match wanted {
            true => rows(grid, window, |query| weights.masked(query)),
            false => Vec::new(),
        };
        Self { masked, ..self }
    }
}

/// A share of each query, pooled as the rows of cells are.
fn rows(grid: &BandGrid, window: &BandWindow, share: impl Fn(usize) -> Option<f32>) -> Vec<f32> {
    let of = |row: usize| {
        let start = grid.first_query + row * grid.down;
        let shares = (start..start + grid.down).filter_map(&share);
        match window.pool {
            Pool::Max => shares.fold(f32::NAN, f32::max),
            Pool::Mean => {
                let (sum, count) = shares.fold((0.0, 0.0), |(s, n), v| (s + v, n + 1.0));
                sum / count
            }
        }
    };
    (0..grid.height).map(of).collect()
}

/// The mean weight that the queries in `seen` give each column of `grid`, a column being some distances.
fn means(weights: &TextWeights, grid: &BandGrid, seen: &Range<usize>) -> Vec<f32> {
    let columns = grid.width * grid.across;
    let mut sums = vec![0.0_f64; columns];
    let mut counts = vec![0_usize; columns];
    // Columns of later tokens stand before those of earlier ones.
    let zero = weights.later_columns();
    let near = zero.saturating_sub(grid.first_column).min(columns);
    let skipped = grid.first_column.saturating_sub(zero);
    // How many queries see no farther than each distance.
    let mut farthest = vec![0_usize; columns - near + 1];
    for query in seen.start.max(weights.first)..seen.end.min(weights.end) {
        let row = weights.on_text(query);
        let row = row.get(skipped..).unwrap_or_default();
        let row = &row[..row.len().min(columns - near)];
        for (sum, weight) in sums[near..].iter_mut().zip(row) {
            *sum += f64::from(*weight);
        }
        farthest[row.len()] += 1;
        for (column, weight) in (0..zero).rev().zip(weights.on_later(query)) {
            let at = column.checked_sub(grid.first_column);
            if let Some(at) = at.filter(|at| *at < near) {
                sums[at] += f64::from(*weight);
                counts[at] += 1;
            }
        }
    }
    // From the right: a query that sees a distance sees all nearer ones.
    let mut queries = farthest[columns - near];
    for (count, farthest) in counts[near..].iter_mut().zip(&farthest).rev() {
        *count = queries;
        queries += farthest;
    }
    let across = grid.across.max(1);
    let cells = sums.chunks(across).zip(counts.chunks(across));
    cells
        .map(|(sums, counts)| {
            let count: usize = counts.iter().sum();
            (sums.iter().sum::<f64>() / count as f64) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HeadWeights;

    /// Five queries with reach 3; query t gives distance δ the weight t + δ/10.
    fn band() -> TextWeights {
        TextWeights::from(HeadWeights {
            nearest: 1,
            sink: Vec::new(),
            first: 0,
            queries: 5,
            reach: 3,
            vectors: 1,
            weights: (0..5)
                .flat_map(|t| [0.1, 0.2, 0.3].map(|d| t as f32 + d))
                .collect::<Vec<_>>()
                .into(),
            persistent: vec![0.5, 0.1, 0.2, 0.3, 0.4],
            empty: vec![1.0, 0.8, 0.6, 0.0, 0.0],
            ..HeadWeights::default()
        })
    }

    fn margins(pool: Pool, most: usize, seen: Range<usize>) -> BandMargins {
        let window = BandWindow {
            layout: BandLayout::Distance,
            pool,
            queries: 0..5,
            columns: 0..3,
            width: most,
            height: most,
            ..BandWindow::default()
        };
        BandMargins::new(&band(), &BandGrid::new(&band(), &window), &window, &seen)
    }

    fn close(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn shares_stand_beside_the_rows() {
        let fine = margins(Pool::Max, 9, 0..5);
        close(&fine.empty, &[1.0, 0.8, 0.6, 0.0, 0.0]);
        close(&fine.persistent, &[0.5, 0.1, 0.2, 0.3, 0.4]);
        close(&margins(Pool::Max, 2, 0..5).empty, &[1.0, 0.0]);
        close(&margins(Pool::Mean, 2, 0..5).empty, &[0.8, 0.0]);
    }

    #[test]
    fn means_are_over_the_queries_that_have_a_token_there() {
        // Distance 1 from queries 1 to 4, distance 2 from 2 to 4, distance 3 from 3 and 4.
        close(&margins(Pool::Max, 9, 0..5).mean, &[2.6, 3.2, 3.8]);
        close(&margins(Pool::Max, 9, 2..3).mean[..2], &[2.1, 2.2]);
        assert!(margins(Pool::Max, 9, 2..3).mean[2].is_nan());
        let shrunk = margins(Pool::Mean, 2, 0..5).mean;
        close(&shrunk, &[(2.6 * 4.0 + 3.2 * 3.0) / 7.0, 3.8]);
        assert!(margins(Pool::Max, 9, 9..12).mean.iter().all(|m| m.is_nan()));
    }
}
