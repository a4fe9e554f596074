//! Small pictures of all heads, with one axis of distances for all of them.

use super::piece::HeadPiece;

/// A small picture of a head: queries downwards, the distances of their keys across, on a logarithmic axis that is the
/// same for all heads. A cell is the largest weight on a token of the text that it covers, so a single bright weight
/// is never lost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Thumbnail {
    /// Cells down: as many as were asked for, or fewer if the text has no more than eight queries for each.
    pub rows: usize,
    /// Cells across: as many as were asked for, or one for each bin if there are fewer. Column c covers the bins from c ·
    /// n / columns to (c + 1) · n / columns, of n.
    pub columns: usize,
    /// Row by row; not-a-number beyond the head's reach.
    pub values: Vec<f32>,
}

impl Thumbnail {
    /// A head whose reach ends within the last of its `own` bins, of `bins` that are shown.
    pub(super) fn new<'a>(
        pieces: impl Iterator<Item = &'a HeadPiece> + Clone,
        own: usize,
        bins: usize,
        rows: usize,
        columns: usize,
    ) -> Self {
        let groups = pieces.flat_map(|piece| piece.brightest.chunks_exact(own.max(1)));
        let count = groups.clone().count();
        let (rows, columns) = (rows.min(count), columns.min(bins));
        let mut values = vec![f32::NAN; rows * columns];
        if values.is_empty() {
            return Self::default();
        }
        for (g, group) in groups.enumerate() {
            let row = cell(g, count, rows) * columns;
            for (b, most) in group.iter().take(bins).enumerate() {
                let value = &mut values[row + cell(b, bins, columns)];
                // `max` of not-a-number and a number is the number.
                *value = value.max(most.to_f32());
            }
        }
        Self {
            rows,
            columns,
            values,
        }
    }
}

/// Which of `cells`, no more than `count`, covers number `i` of `count`: cell c those from c · count / cells on.
fn cell(i: usize, count: usize, cells: usize) -> usize {
    (((i + 1) * cells).div_ceil(count)).saturating_sub(1)
}

/// The first distance of every bin, 1, 2, 3, 4, 6, 8, 12 and so on, after 0 where that is the `nearest`; and at the end `end`, the
/// first that no head sees.
pub(super) fn edges(nearest: usize, end: usize) -> Vec<usize> {
    let doubling = (0..usize::BITS - 1).map(|k| 1_usize << k);
    let steps = doubling.flat_map(|power| [power, power + power / 2]);
    let zero = (nearest == 0).then_some(0);
    let all = zero.into_iter().chain(steps);
    let mut edges: Vec<usize> = all.take_while(|edge| *edge < end).collect();
    edges.dedup();
    edges.push(end);
    edges
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;

    #[test]
    fn bins_double_every_two_and_end_with_the_longest_reach() {
        assert_eq!(edges(1, 15), [1, 2, 3, 4, 6, 8, 12, 15]);
        assert_eq!(edges(1, 13), [1, 2, 3, 4, 6, 8, 12, 13]);
        assert_eq!(edges(1, 2), [1, 2]);
        assert_eq!(edges(1, 1), [1]);
        assert_eq!(edges(1, 8193).len(), 26 + 1);
        assert_eq!(edges(0, 14), [0, 1, 2, 3, 4, 6, 8, 12, 14]);
        assert_eq!(edges(0, 1), [0, 1]);
    }

    #[test]
    fn cells_cover_what_their_bounds_say() {
        for count in 1..40 {
            for cells in 1..=count {
                for i in 0..count {
                    let c = cell(i, count, cells);
                    assert!(c * count / cells <= i && i < (c + 1) * count / cells);
                }
            }
        }
    }

    #[test]
    fn a_single_bright_weight_is_in_every_picture() {
        for place in 0..12 {
            let mut brightest = [f16::ZERO; 12];
            brightest[place] = f16::from_f32(0.75);
            // Three groups of four bins, of seven bins in all, in two pieces.
            let piece = |brightest: &[f16]| HeadPiece {
                brightest: brightest.to_vec(),
                ..HeadPiece::default()
            };
            let pieces = [piece(&brightest[..8]), piece(&brightest[8..])];
            for (rows, columns) in [(1, 1), (2, 3), (3, 7), (50, 50)] {
                let picture = Thumbnail::new(pieces.iter(), 4, 7, rows, columns);
                assert_eq!(
                    (picture.rows, picture.columns),
                    (rows.min(3), columns.min(7))
                );
                let bright = picture.values.iter().filter(|v| **v == 0.75).count();
                assert_eq!(bright, 1);
                let beyond = picture.values.iter().filter(|v| v.is_nan()).count();
                assert_eq!(beyond > 0, columns > 1, "{picture:?}");
                let at = picture.values.iter().position(|v| *v == 0.75).unwrap();
                assert_eq!(at / picture.columns, cell(place / 4, 3, picture.rows));
            }
        }
        assert_eq!(Thumbnail::new([].iter(), 4, 7, 5, 5), Thumbnail::default());
    }
}
