//! The numbers that are shown of what is measured on single rows.

use super::{MEANS, Mean, span_of_bin};

/// A mean over queries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Its standard error, with texts as units, or with pieces of one text; `None` of too few of them.
    pub error: Option<f64>,
}

/// The fewest pieces of a text that have a standard error: of fewer it says little.
const LEAST_PIECES: usize = 4;

/// Σ S / Σ n over pieces of a text, of which each has n queries whose values add up to S, with the standard error of such a
/// ratio (Cochran, Sampling Techniques, 6.3). Queries of one text hang together, pieces of many of them hardly do. `None` without
/// queries.
pub fn ratio(pieces: impl Iterator<Item = (f64, f64)> + Clone) -> Option<Estimate> {
    let with = pieces.filter(|(n, _)| *n > 0.0);
    let (count, n, sum) = with.clone().fold((0_usize, 0.0, 0.0), |all, (n, sum)| {
        (all.0 + 1, all.1 + n, all.2 + sum)
    });
    if n <= 0.0 {
        return None;
    }
    let mean = sum / n;
    let error = (count >= LEAST_PIECES).then(|| {
        let spread: f64 = with.map(|(n, sum)| (sum - mean * n).powi(2)).sum();
        let m = count as f64;
        (m / (m - 1.0) * spread).sqrt() / n
    });
    Some(Estimate { mean, error })
}

/// The shares of queries whose spans are told: the span that so many do not exceed.
pub const QUANTILES: [f64; 4] = [0.1, 0.5, 0.9, 0.99];

/// What is measured on single rows of a head, over all texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowNumbers {
    /// The first tokens that sink-free spans leave out.
    pub sink_free: u64,
    /// The smallest distances that hold 50, 90 and 99 % of the weight on all other tokens, in tokens.
    pub effective: [Option<usize>; 3],
    /// The spans of queries, the smallest distance that holds 90 % of a query's weight on tokens, that 10, 50, 90 and 99 % of the
    /// queries do not exceed, in tokens.
    pub quantiles: Option<[usize; 4]>,
    /// The smallest distance that holds 90 % of the weight when weights count by what they write, in tokens.
    pub norm_effective: Option<usize>,
    /// The means, by [`Mean::index`]; that of [`Mean::OutputNorm`] in terms of the mean of the layer's heads.
    pub means: [Option<Estimate>; MEANS],
}

/// A number of a head under its name in tables and files.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its unit, where it has one.
    pub unit: Option<&'static str>,
    /// The number; `None` where it was not measured, or there is none.
    pub value: Option<f64>,
    /// True if it is whole.
    pub is_whole: bool,
}

/// What is measured on single rows of a head, by name: the same in tables and in JSON, whether it was measured or not.
/// Standard errors follow the means that they are of.
pub fn named(rows: Option<&RowNumbers>, nearest: usize) -> Vec<Named> {
    let whole = |name: &str, value: Option<usize>| Named {
        name: name.into(),
        unit: Some("tokens"),
        value: value.map(|value| value as f64),
        is_whole: true,
    };
    let effective = |i: usize| rows.and_then(|rows| rows.effective[i]);
    let mut all = vec![
        whole("effective_50_sink_free", effective(0)),
        whole("effective_90_sink_free", effective(1)),
        whole("effective_99_sink_free", effective(2)),
        whole(
            "norm_effective_90",
            rows.and_then(|rows| rows.norm_effective),
        ),
    ];
    for mean in Mean::ALL {
        // No token sees itself there.
        let is_there = mean != Mean::SelfWeight || nearest == 0;
        let estimate = rows.filter(|_| is_there).and_then(|rows| rows.mean(mean));
        let unit = match mean {
            Mean::EffectiveKeys | Mean::MinimumBudget => Some("keys"),
            _ => None,
        };
        let named = |name: String, value| Named {
            name,
            unit,
            value,
            is_whole: false,
        };
        // The mean itself stands in the tables already.
        if mean != Mean::Previous {
            all.push(named(mean.column().into(), estimate.map(|of| of.mean)));
        }
        let error = estimate.and_then(|of| of.error);
        all.push(named(format!("{}_se", mean.column()), error));
    }
    all
}

impl RowNumbers {
    /// A mean with its standard error.
    pub fn mean(&self, mean: Mean) -> Option<Estimate> {
        self.means[mean.index()]
    }
}

/// The spans that shares of the queries do not exceed; `None` without queries.
pub fn quantiles(spans: &[u64]) -> Option<[usize; 4]> {
    let all: u64 = spans.iter().fold(0, |sum, n| sum.saturating_add(*n));
    (all > 0).then(|| {
        QUANTILES.map(|share| {
            let mut held = 0_u64;
            let within = spans.iter().position(|count| {
                held = held.saturating_add(*count);
                held as f64 >= share * all as f64
            });
            span_of_bin(within.unwrap_or(0))
        })
    })
}

/// Norms of what a layer's heads write, in terms of their mean.
pub fn relate(layer: &mut [Option<RowNumbers>]) {
    let norm = |of: &Option<RowNumbers>| of.as_ref()?.mean(Mean::OutputNorm);
    let norms: Option<Vec<Estimate>> = layer.iter().map(norm).collect();
    let mean = norms.map(|norms| norms.iter().map(|of| of.mean).sum::<f64>() / norms.len() as f64);
    for of in layer.iter_mut().flatten() {
        let place = &mut of.means[Mean::OutputNorm.index()];
        *place = match mean.filter(|mean| *mean > 0.0) {
            Some(mean) => place.map(|norm| Estimate {
                mean: norm.mean / mean,
                error: norm.error.map(|error| error / mean),
            }),
            None => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_over_pieces_has_the_error_of_one_over_texts() {
        let pieces = [
            (64.0, 16.0),
            (64.0, 48.0),
            (64.0, 32.0),
            (0.0, 0.0),
            (20.0, 5.0),
        ];
        let found = ratio(pieces.into_iter()).unwrap();
        let mean = 101.0 / 212.0;
        assert!((found.mean - mean).abs() < 1e-12);
        let spread: f64 = pieces.iter().map(|(n, s)| (s - mean * n).powi(2)).sum();
        let error = (4.0 / 3.0 * spread).sqrt() / 212.0;
        assert!((found.error.unwrap() - error).abs() < 1e-12);
        // Of three pieces it says little, of none there is nothing.
        assert_eq!(ratio(pieces.into_iter().take(3)).unwrap().error, None);
        assert_eq!(ratio([(0.0, 0.0)].into_iter()), None);
    }
}
