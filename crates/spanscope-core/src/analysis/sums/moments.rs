//! Means over texts with their standard errors, as whole numbers that add up to the same in any order.

use crate::analysis::row_measures::Estimate;

/// What a mean over queries and its standard error over texts follow from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moments {
    /// Texts with queries that it is over.
    pub texts: u64,
    /// N: those queries.
    pub queries: u64,
    /// Σ S: the sum over them, in units of the measure.
    pub sum: u64,
    /// Σ S² over the texts, of sums in 256 units.
    pub squares: u128,
    /// Σ S n over the texts, of sums in 256 units.
    pub cross: u128,
    /// Σ n² over the texts.
    pub queries_squared: u128,
}

/// Units that are one in the squares: their sums never overflow so.
const COARSE: f64 = 256.0;

impl Moments {
    /// Of one text with so many queries, whose values add up to `sum` units.
    pub fn of_text(queries: u64, sum: u64) -> Self {
        let coarse = u128::from((sum >> 8) + (sum >> 7 & 1));
        let n = u128::from(queries);
        Self {
            texts: u64::from(queries > 0),
            queries,
            sum,
            squares: coarse * coarse,
            cross: coarse * n,
            queries_squared: n * n,
        }
    }

    /// Both together; `None` where a number would overflow.
    pub fn and(self, other: Self) -> Option<Self> {
        Some(Self {
            texts: self.texts.checked_add(other.texts)?,
            queries: self.queries.checked_add(other.queries)?,
            sum: self.sum.checked_add(other.sum)?,
            squares: self.squares.checked_add(other.squares)?,
            cross: self.cross.checked_add(other.cross)?,
            queries_squared: self.queries_squared.checked_add(other.queries_squared)?,
        })
    }

    /// The mean Σ S / N, and its standard error √(m / (m − 1) · Σ (S − mean · n)²) / N over m texts: that of a ratio of two sums
    /// over texts (Cochran, Sampling Techniques, 6.3). `None` without queries. `scale` units make 1.
    pub fn estimate(&self, scale: f64) -> Option<Estimate> {
        if self.queries == 0 {
            return None;
        }
        let n = self.queries as f64;
        let mean = self.sum as f64 / n;
        // In coarse units.
        let ratio = mean / COARSE;
        let spread = self.squares as f64 - 2.0 * ratio * self.cross as f64
            + ratio * ratio * self.queries_squared as f64;
        let texts = self.texts as f64;
        let error = (self.texts > 1).then(|| {
            let square = texts / (texts - 1.0) * spread.max(0.0);
            square.sqrt() * COARSE / n / scale
        });
        Some(Estimate {
            mean: mean / scale,
            error,
        })
    }

    /// The numbers as files keep them: halves of the wide ones, the low one first.
    pub fn words(&self) -> [u64; MOMENT_WORDS] {
        let halves = |wide: u128| [wide as u64, (wide >> 64) as u64];
        let ([a, b], [c, d], [e, f]) = (
            halves(self.squares),
            halves(self.cross),
            halves(self.queries_squared),
        );
        [self.texts, self.queries, self.sum, a, b, c, d, e, f]
    }

    /// From numbers as files keep them.
    pub fn from_words(words: [u64; MOMENT_WORDS]) -> Self {
        let [texts, queries, sum, a, b, c, d, e, f] = words;
        let whole = |low: u64, high: u64| u128::from(low) | u128::from(high) << 64;
        Self {
            texts,
            queries,
            sum,
            squares: whole(a, b),
            cross: whole(c, d),
            queries_squared: whole(e, f),
        }
    }
}

/// Numbers of [`Moments`] in a file.
pub const MOMENT_WORDS: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standard_error_is_that_of_the_texts() {
        // Four texts: queries and the mean value of each.
        let texts = [(100_u64, 0.25), (300, 0.5), (50, 0.75), (200, 0.125)];
        let scale = 4_294_967_296.0;
        let moments = texts.iter().map(|(n, mean)| {
            let sum = (*n as f64 * mean * scale) as u64;
            Moments::of_text(*n, sum)
        });
        let all = moments.clone().reduce(|a, b| a.and(b).unwrap()).unwrap();
        let estimate = all.estimate(scale).unwrap();
        let n: f64 = texts.iter().map(|(n, _)| *n as f64).sum();
        let mean = texts.iter().map(|(n, mean)| *n as f64 * mean).sum::<f64>() / n;
        assert!((estimate.mean - mean).abs() < 1e-9);
        let spread: f64 = texts
            .iter()
            .map(|(n, of)| (*n as f64 * (of - mean)).powi(2))
            .sum();
        let error = (4.0 / 3.0 * spread).sqrt() / n;
        assert!(
            (estimate.error.unwrap() - error).abs() < 1e-8,
            "{estimate:?} {error}"
        );
        let back: Vec<Moments> = moments.collect();
        let (a, b) = (back[0].and(back[3]).unwrap(), back[1].and(back[2]).unwrap());
        assert_eq!(b.and(a).unwrap(), all);
        assert_eq!(Moments::from_words(all.words()), all);
        assert_eq!(back[0].estimate(scale).unwrap().error, None);
        assert_eq!(Moments::default().estimate(scale), None);
    }
}
