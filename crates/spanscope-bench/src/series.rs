//! Repeated measurements of one thing.

use std::time::Instant;

/// The measurements, repetition by repetition; never empty where it is asked for its figures.
#[derive(Debug, Clone, Default)]
pub(super) struct Series(Vec<f64>);

impl Series {
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub fn values(&self) -> &[f64] {
        &self.0
    }

    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let half = sorted.len() / 2;
        match (sorted.get(half), sorted.len() % 2) {
            (Some(&upper), 1) => upper,
            (Some(&upper), _) => (upper + sorted[half - 1]) / 2.0,
            (None, _) => f64::NAN,
        }
    }

    pub fn least(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub fn most(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// Every measurement changed by `f`.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        self.0.iter().map(|&value| f(value)).collect()
    }

    /// Quotients of measurements that were taken one after the other: what slows both for a while cancels.
    pub fn over(&self, other: &Self) -> Self {
        self.0.iter().zip(&other.0).map(|(a, b)| a / b).collect()
    }
}

impl FromIterator<f64> for Series {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

/// Seconds that `work` takes, with its result, which is so dropped after the clock has stopped.
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed().as_secs_f64(), result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_series() {
        let odd: Series = [3.0, 1.0, 10.0].into_iter().collect();
        assert_eq!((odd.median(), odd.least(), odd.most()), (3.0, 1.0, 10.0));
        let even: Series = [4.0, 1.0].into_iter().collect();
        assert_eq!(even.median(), 2.5);
        assert_eq!(odd.over(&even).median(), 0.875);
        assert!(Series::default().median().is_nan());
    }
}
