//! Curves made ready to be drawn: no more points than pixels.

/// The points from `low` to `high` and one beyond each end, at most two per column of a plot `columns` wide: the lowest
/// and the highest, so that no peak is lost.
pub fn decimated(points: &[[f64; 2]], low: f64, high: f64, columns: usize) -> Vec<[f64; 2]> {
    let inside = |point: &[f64; 2]| (low..=high).contains(&point[0]);
    let Some(first) = points.iter().position(inside) else {
        // Between two points, the line between them is what there is to see.
        let after = points.iter().position(|point| point[0] > high).unwrap_or(0);
        let pair = after.checked_sub(1).map(|before| &points[before..=after]);
        return pair.unwrap_or_default().to_vec();
    };
    let last = points.iter().rposition(inside).unwrap_or(first);
    let shown = &points[first.saturating_sub(1)..(last + 2).min(points.len())];
    if shown.len() <= 2 * columns || high <= low {
        return shown.to_vec();
    }
    let column = |x: f64| ((x - low) / (high - low) * columns as f64).floor() as i64;
    let mut out = Vec::with_capacity(2 * columns + 4);
    for group in shown.chunk_by(|a, b| column(a[0]) == column(b[0])) {
        let by = |a: &&[f64; 2], b: &&[f64; 2]| a[1].total_cmp(&b[1]);
        let (Some(least), Some(most)) = (group.iter().min_by(by), group.iter().max_by(by)) else {
            continue;
        };
        let (a, b) = if least[0] <= most[0] {
            (least, most)
        } else {
            (most, least)
        };
        out.push(*a);
        if a != b {
            out.push(*b);
        }
    }
    out
}

/// The lowest point.
pub fn lowest(points: &[[f64; 2]]) -> Option<[f64; 2]> {
    let by = |a: &&[f64; 2], b: &&[f64; 2]| a[1].total_cmp(&b[1]);
    points.iter().min_by(by).copied()
}

/// The point whose x is nearest.
pub fn nearest(points: &[[f64; 2]], x: f64) -> Option<[f64; 2]> {
    let by = |a: &&[f64; 2], b: &&[f64; 2]| (a[0] - x).abs().total_cmp(&(b[0] - x).abs());
    points.iter().min_by(by).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(ys: &[f64]) -> Vec<[f64; 2]> {
        ys.iter().enumerate().map(|(i, y)| [i as f64, *y]).collect()
    }

    #[test]
    fn peaks_survive_decimation() {
        let mut ys = vec![1.0; 10_000];
        ys[1234] = 9.0;
        ys[7000] = -3.0;
        let all = points(&ys);
        let few = decimated(&all, 0.0, 9999.0, 100);
        assert!(few.len() <= 202, "{}", few.len());
        assert!(few.contains(&[1234.0, 9.0]) && few.contains(&[7000.0, -3.0]));
        assert!(few.windows(2).all(|pair| pair[0][0] < pair[1][0]));
        // What is in view, and the ends of the lines that lead out of it.
        let part = decimated(&all, 50.0, 60.0, 100);
        assert_eq!((part[0][0], part.len()), (49.0, 13));
        assert_eq!(decimated(&all, 50.2, 50.4, 100), [[50.0, 1.0], [51.0, 1.0]]);
        assert!(decimated(&all, -5.0, -1.0, 100).is_empty());
    }

    #[test]
    fn the_best_and_the_nearest_are_found() {
        let all = points(&[3.0, 1.0, 2.0]);
        assert_eq!(lowest(&all), Some([1.0, 1.0]));
        assert_eq!(nearest(&all, 1.6), Some([2.0, 2.0]));
        assert_eq!((lowest(&[]), nearest(&[], 0.0)), (None, None));
    }
}
