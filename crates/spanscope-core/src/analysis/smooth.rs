//! Means along a curve.

/// A mean over `window` entries around each one, itself in the middle (so over one fewer where `window` is even); at the ends
/// over as many as there are on both sides.
pub fn smoothed(points: &[[f64; 2]], window: usize) -> Vec<[f64; 2]> {
    let mut sums = Vec::with_capacity(points.len() + 1);
    sums.push(0.0);
    for point in points {
        sums.push(sums.last().copied().unwrap_or(0.0) + point[1]);
    }
    let around = window.saturating_sub(1) / 2;
    let mean = |i: usize| {
        // As many before as after, so that the ends do not lean to one side.
        let reach = around.min(i).min(points.len() - 1 - i);
        let (from, to) = (i - reach, i + reach + 1);
        (sums[to] - sums[from]) / (to - from) as f64
    };
    (0..points.len()).map(|i| [points[i][0], mean(i)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(ys: &[f64]) -> Vec<[f64; 2]> {
        ys.iter().enumerate().map(|(i, y)| [i as f64, *y]).collect()
    }

    #[test]
    fn smoothing_keeps_lines_straight_and_ends_in_place() {
        let line: Vec<f64> = (0..20).map(f64::from).collect();
        let smooth = smoothed(&points(&line), 5);
        for (a, b) in smooth.iter().zip(points(&line)) {
            assert!((a[1] - b[1]).abs() < 1e-9, "{a:?} {b:?}");
        }
        assert_eq!(smoothed(&points(&[0.0, 3.0, 0.0]), 3)[1][1], 1.0);
        assert_eq!(smoothed(&points(&[4.0, 3.0]), 1), points(&[4.0, 3.0]));
        assert!(smoothed(&[], 5).is_empty());
    }
}
