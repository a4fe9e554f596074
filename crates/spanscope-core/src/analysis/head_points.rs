//! Heads as points of a plane: two numbers of each.

use super::{HeadRow, Statistic};

/// A head as a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadPoint {
    /// Its place among the rows.
    pub row: usize,
    /// Its two numbers.
    pub at: [f64; 2],
}

/// The heads of which both numbers are known, in their order.
pub fn head_points(rows: &[HeadRow], axes: [Statistic; 2]) -> Vec<HeadPoint> {
    let point = |(i, row): (usize, &HeadRow)| {
        let [x, y] = axes.map(|axis| axis.of(row).filter(|value| value.is_finite()));
        Some(HeadPoint {
            row: i,
            at: [x?, y?],
        })
    };
    rows.iter().enumerate().filter_map(point).collect()
}

/// A value as it stands along an axis.
fn placed(value: f64, is_log: bool) -> f64 {
    match is_log {
        true => value.ln(),
        false => value,
    }
}

/// The points from the one that stands farthest from the middle of all to the nearest, each axis in units of what its numbers cover;
/// as indices of `points`. These are the ones whose names say most.
pub fn outstanding(points: &[HeadPoint], is_log: [bool; 2]) -> Vec<usize> {
    let mut squares = vec![0.0_f64; points.len()];
    for (axis, is_log) in is_log.into_iter().enumerate() {
        let values: Vec<f64> = points.iter().map(|p| placed(p.at[axis], is_log)).collect();
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
            return Vec::new();
        };
        let (middle, width) = (sorted[sorted.len() / 2], last - first);
        if width > 0.0 {
            for (square, value) in squares.iter_mut().zip(values) {
                *square += ((value - middle) / width).powi(2);
            }
        }
    }
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| squares[*b].total_cmp(&squares[*a]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_farthest_from_the_middle_comes_first() {
        let at = |row, x, y| HeadPoint { row, at: [x, y] };
        let points = [
            at(0, 1.0, 1.0),
            at(1, 2.0, 1.0),
            at(2, 1000.0, 1.1),
            at(3, 3.0, 5.0),
            at(4, 2.0, 1.0),
        ];
        assert_eq!(outstanding(&points, [false, false])[..2], [3, 2]);
        // As logarithms as well; what stands in the middle comes last.
        let logs = outstanding(&points, [true, false]);
        assert_eq!((logs[0], logs[4]), (3, 4));
        assert!(outstanding(&[], [true, true]).is_empty());
    }
}
