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

/// A mean over `window` entries around each one, half of them before it; at the ends over those that there are. What is not a number is
/// left out, and has no mean.
pub fn running_mean(points: &[[f64; 2]], window: usize) -> Vec<[f64; 2]> {
    let mut sums = Vec::with_capacity(points.len() + 1);
    let mut all = (0.0, 0_usize);
    sums.push(all);
    for [_, y] in points {
        if y.is_finite() {
            all = (all.0 + y, all.1 + 1);
        }
        sums.push(all);
    }
    let there = (0..points.len()).filter(|i| points[*i][1].is_finite());
    there
        .map(|i| {
            let from = sums[i.saturating_sub(window / 2)];
            let to = sums[(i + window.div_ceil(2)).clamp(i + 1, points.len())];
            [points[i][0], (to.0 - from.0) / (to.1 - from.1) as f64]
        })
        .collect()
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

    #[test]
    fn a_running_mean_is_over_as_many_as_it_says_and_over_those_that_there_are_at_the_ends() {
        let ys = [4.0, 0.0, 2.0, 6.0, f64::NAN, 1.0];
        let of = |window| running_mean(&points(&ys), window);
        assert_eq!(
            of(1),
            [[0.0, 4.0], [1.0, 0.0], [2.0, 2.0], [3.0, 6.0], [5.0, 1.0]]
        );
        // Two before and two from itself on.
        assert_eq!(
            of(4),
            [
                [0.0, 2.0],
                [1.0, 2.0],
                [2.0, 3.0],
                [3.0, 8.0 / 3.0],
                [5.0, 3.5]
            ]
        );
        assert_eq!(
            of(100),
            [[0.0, 2.6], [1.0, 2.6], [2.0, 2.6], [3.0, 2.6], [5.0, 2.6]]
        );
        assert!(running_mean(&[], 3).is_empty());
    }
}
