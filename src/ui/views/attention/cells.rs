//! The map's coordinates: which query and key a place on it stands for.

use crate::analysis::BandLayout;
use std::ops::Range;

/// The heatmap's coordinates: query i covers i … i + 1 downwards, column c covers c … c + 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axes {
    pub layout: BandLayout,
    pub tokens: usize,
    /// The nearest distance that a query sees.
    pub nearest: usize,
    pub reach: usize,
    /// Distances to later tokens, which are negative and stand before the others; 0 where queries see none.
    pub later: usize,
}

impl Axes {
    /// Columns in all.
    pub fn width(&self) -> usize {
        match self.layout {
            BandLayout::Key => self.tokens,
            _ => self.later + self.reach,
        }
    }

    /// The distance of column 0, where columns are distances.
    pub fn first_distance(&self) -> i64 {
        self.nearest as i64 - self.later as i64
    }

    /// The query at a point, and the key if one may be read from there.
    pub fn cell(&self, x: f64, y: f64) -> Option<(usize, Option<usize>)> {
        if x < 0.0 || y < 0.0 || x >= self.width() as f64 || y >= self.tokens as f64 {
            return None;
        }
        let (column, query) = (x as usize, y as usize);
        let key = match self.layout {
            BandLayout::Key => {
                Some(column).filter(|key| self.later > 0 || key + self.nearest <= query)
            }
            _ => (query + self.later)
                .checked_sub(column + self.nearest)
                .filter(|key| *key < self.tokens),
        };
        Some((query, key))
    }

    /// The column of a key for a query.
    pub fn column(&self, query: usize, key: usize) -> Option<usize> {
        match self.layout {
            BandLayout::Key => Some(key),
            _ => (query + self.later)
                .checked_sub(key + self.nearest)
                .filter(|c| *c < self.width()),
        }
    }

    /// The x at which the distance `distance` ends for a query: the side of its cell that is away from the query.
    pub fn x(&self, query: f64, distance: f64) -> f64 {
        match self.layout {
            BandLayout::Key => query - distance,
            _ => distance - self.first_distance() as f64 + 1.0,
        }
    }

    /// The columns of what a query sees.
    pub fn seen(&self, query: usize) -> Range<usize> {
        let end = (query + 1).saturating_sub(self.nearest);
        match self.layout {
            BandLayout::Key if self.later > 0 => 0..self.tokens,
            BandLayout::Key => end.saturating_sub(self.reach)..end,
            _ if self.later > 0 => {
                let ahead = self.tokens.saturating_sub(query + 1);
                self.later.saturating_sub(ahead)..self.later + end.min(self.reach)
            }
            _ => 0..self.reach,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_query_and_a_key_before_it() {
        let keys = Axes {
            layout: BandLayout::Key,
            tokens: 10,
            nearest: 1,
            reach: 4,
            later: 0,
        };
        assert_eq!(keys.cell(2.5, 6.1), Some((6, Some(2))));
        assert_eq!(keys.cell(6.5, 6.1), Some((6, None)));
        assert_eq!(keys.cell(-0.1, 3.0), None);
        assert_eq!(keys.cell(3.0, 10.0), None);
        assert_eq!(keys.column(6, 2), Some(2));
        let distances = Axes {
            layout: BandLayout::Distance,
            ..keys
        };
        assert_eq!(distances.cell(0.0, 6.9), Some((6, Some(5))));
        assert_eq!(distances.cell(3.0, 2.0), Some((2, None)));
        assert_eq!(distances.cell(4.0, 2.0), None);
        assert_eq!(distances.column(6, 5), Some(0));
        assert_eq!(
            (distances.column(6, 1), distances.column(6, 6)),
            (None, None)
        );
        assert_eq!((keys.seen(6), distances.seen(6)), (2..6, 0..4));
        // Where a token sees itself, it stands on the diagonal and in the first column.
        let own = Axes { nearest: 0, ..keys };
        assert_eq!(own.cell(6.5, 6.1), Some((6, Some(6))));
        assert_eq!((own.cell(7.5, 6.1), own.seen(6)), (Some((6, None)), 3..7));
        let own = Axes {
            nearest: 0,
            ..distances
        };
        assert_eq!(own.cell(0.0, 6.9), Some((6, Some(6))));
        assert_eq!((own.column(6, 6), own.column(6, 2)), (Some(0), None));
        assert_eq!((own.x(6.0, 3.0), distances.x(6.0, 4.0)), (4.0, 4.0));
    }

    #[test]
    fn later_tokens_stand_at_negative_distances() {
        let distances = Axes {
            layout: BandLayout::Distance,
            tokens: 10,
            nearest: 0,
            reach: 10,
            later: 9,
        };
        assert_eq!((distances.width(), distances.first_distance()), (19, -9));
        // Query 6: itself in column 9, key 9 in column 6, key 0 in column 15.
        for (key, column) in [(6, 9), (9, 6), (0, 15)] {
            assert_eq!(distances.column(6, key), Some(column));
            assert_eq!(distances.cell(column as f64, 6.5), Some((6, Some(key))));
        }
        assert_eq!(distances.cell(5.5, 6.5), Some((6, None)));
        assert_eq!(distances.cell(16.5, 6.5), Some((6, None)));
        assert_eq!(distances.seen(6), 6..16);
        assert_eq!((distances.x(6.0, -1.0), distances.x(6.0, 0.0)), (9.0, 10.0));
        let keys = Axes {
            layout: BandLayout::Key,
            ..distances
        };
        assert_eq!(keys.cell(9.5, 6.5), Some((6, Some(9))));
        assert_eq!(keys.seen(6), 0..10);
    }
}
