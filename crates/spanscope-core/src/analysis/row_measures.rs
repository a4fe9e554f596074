//! The measures of single rows of weights: where a query's weight rests, and on what. Their means and distributions over queries
//! are what is shown of a head; docs/maths.md has the equations and their sources.

mod budget;
mod numbers;
mod occurrences;
mod span_bins;

pub use numbers::{Estimate, Named, QUANTILES, RowNumbers, named, quantiles, ratio, relate};
pub use occurrences::Occurrences;
pub use span_bins::{SPAN_BINS, span_bin, span_of_bin};

use super::StatisticKind;
use crate::model::Network;
use budget::{AddShares, Totals, minimum_budget, row_span};
use pulp::{Arch, Simd, WithSimd};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The share of a query's weight that its span and its minimum budget hold.
pub const ROW_SHARE: f64 = 0.9;

/// The tokens at the text's start that [`Mean::SinkFour`] and [`Mean::DistantMass`] take for sinks.
pub const SINKS: usize = 4;

/// The distance from which on weight is [distant](Mean::DistantMass), in tokens.
pub const DISTANT: usize = 64;

/// The first tokens that sink-free spans of `network` leave out unless somebody says otherwise: the first one, and none of an
/// adaptive-span network, whose heads find empty context before the text.
pub fn usual_sink_free(network: &Network) -> usize {
    let architecture = network.architecture();
    usize::from(!architecture.has_empty_context() && !architecture.learns_spans())
}

/// A measure whose mean over queries is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mean {
    /// The weight on the first token, of the queries after it.
    Sink,
    /// The weight on the first four tokens, of the queries after them.
    SinkFour,
    /// The weight on the head's learned sink.
    LearnedSink,
    /// The weight on tokens of the text that are neither near nor among the first four.
    DistantMass,
    /// The effective number of keys, (Σ a)² / Σ a² over tokens of the text.
    EffectiveKeys,
    /// The fewest keys that hold 90 % of the weight on tokens of the text.
    MinimumBudget,
    /// The largest weight on a token of the text.
    Confidence,
    /// The weight on the query itself.
    SelfWeight,
    /// The weight on the previous token.
    Previous,
    /// The weight on earlier tokens that are the same as the query.
    Duplicate,
    /// The weight on tokens that follow earlier ones that are the same as the query.
    Induction,
    /// The norm of what the head writes.
    OutputNorm,
}

/// How many means there are.
pub const MEANS: usize = 12;

impl Mean {
    /// All of them, in the order in which files keep them.
    pub const ALL: [Self; MEANS] = [
        Self::Sink,
        Self::SinkFour,
        Self::LearnedSink,
        Self::DistantMass,
        Self::EffectiveKeys,
        Self::MinimumBudget,
        Self::Confidence,
        Self::SelfWeight,
        Self::Previous,
        Self::Duplicate,
        Self::Induction,
        Self::OutputNorm,
    ];

    /// Its name in tables, filters and files.
    pub fn column(self) -> &'static str {
        match self {
            Self::Sink => "sink",
            Self::SinkFour => "sink_4",
            Self::LearnedSink => "learned_sink",
            Self::DistantMass => "distant_mass",
            Self::EffectiveKeys => "effective_keys",
            Self::MinimumBudget => "minimum_budget_90",
            Self::Confidence => "confidence",
            Self::SelfWeight => "self",
            Self::Previous => "previous",
            Self::Duplicate => "duplicate",
            Self::Induction => "induction",
            Self::OutputNorm => "output_norm",
        }
    }

    /// Its name with its unit, for figures.
    pub fn label(self) -> &'static str {
        match self {
            Self::Sink => "Weight on the first token",
            Self::SinkFour => "Weight on the first four tokens",
            Self::LearnedSink => "Weight on the learned sink",
            Self::DistantMass => "Distant mass",
            Self::EffectiveKeys => "Effective keys",
            Self::MinimumBudget => "Minimum budget, 90 % (keys)",
            Self::Confidence => "Largest weight",
            Self::SelfWeight => "Weight on the query itself",
            Self::Previous => "Weight on the previous token",
            Self::Duplicate => "Weight on duplicate tokens",
            Self::Induction => "Induction",
            Self::OutputNorm => "Output norm (of the layer's mean)",
        }
    }

    /// The kind of number that it is; keys are counted as tokens are.
    pub fn kind(self) -> StatisticKind {
        match self {
            Self::EffectiveKeys | Self::MinimumBudget => StatisticKind::Tokens,
            Self::OutputNorm => StatisticKind::Number,
            _ => StatisticKind::Share,
        }
    }

    /// Its place in [`ALL`](Self::ALL).
    pub fn index(self) -> usize {
        self as usize
    }

    /// Units of a sum that make 1: sums of keys and norms are larger than those of weights.
    pub fn scale(self) -> f64 {
        match self {
            Self::EffectiveKeys | Self::MinimumBudget => 65_536.0,
            Self::OutputNorm => 1_048_576.0,
            _ => 4_294_967_296.0,
        }
    }
}

/// A query's weights on tokens of the text, the nearest first, and what else its measures need.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Weights.
    pub weights: &'a [f32],
    /// Weights on later tokens, where the query sees them, the nearest first. Counts of keys and the largest weight are over both, what
    /// is measured by distance is of earlier tokens alone.
    pub later: &'a [f32],
    /// The query's position.
    pub query: usize,
    /// The nearest distance: 0 where a token sees itself.
    pub nearest: usize,
    /// The weight on the head's learned sink.
    pub learned_sink: f32,
}

/// What is measured on one row.
#[derive(Debug, Clone, Copy)]
pub struct RowMeasures {
    /// By [`Mean::index`]; not a number where the query is none of those that a mean is over. [`Mean::OutputNorm`] is not of the
    /// row alone.
    pub means: [f64; MEANS],
    /// The smallest distance up to which the row has 90 % of its weight on tokens of the text; `None` where it has none there.
    pub span: Option<usize>,
    /// Keys that [`Mean::Duplicate`] and [`Mean::Induction`] are the weight on, among all that the query sees.
    pub seen: Seen,
}

/// Keys of a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// All tokens of the text that it sees.
    pub keys: usize,
    /// Earlier tokens that are the same as the query.
    pub same: usize,
    /// Tokens that follow earlier ones that are the same as the query.
    pub after: usize,
}

impl Row<'_> {
    /// The weight on the token at `distance`; 0 where it is none that the query sees.
    fn at(&self, distance: usize) -> f64 {
        let column = distance.checked_sub(self.nearest);
        let weight = column.and_then(|column| self.weights.get(column));
        weight.copied().map_or(0.0, f64::from)
    }

    /// The weight on the token at position `key`.
    pub fn on(&self, key: usize) -> f64 {
        self.query
            .checked_sub(key)
            .map_or(0.0, |distance| self.at(distance))
    }

    /// The weights on all keys, in any order.
    fn keys(&self) -> Cow<'_, [f32]> {
        match self.later.is_empty() {
            true => Cow::Borrowed(self.weights),
            false => Cow::Owned([self.weights, self.later].concat()),
        }
    }

    /// The weight on the first `count` tokens; not a number before they are all there.
    fn on_first(&self, count: usize) -> f64 {
        match self.query >= count {
            true => (0..count).map(|key| self.on(key)).sum(),
            false => f64::NAN,
        }
    }

    /// The weight on tokens at least [`DISTANT`] away that are not among the first [`SINKS`].
    #[inline(always)]
    fn distant<S: Simd>(&self, simd: S) -> f64 {
        let end = (self.query + 1).saturating_sub(SINKS + self.nearest);
        let far = self
            .weights
            .get(DISTANT - self.nearest..end.min(self.weights.len()));
        let later = self.later.get(DISTANT - 1..).unwrap_or_default();
        Totals::of(simd, far.unwrap_or_default()).sum + Totals::of(simd, later).sum
    }

    /// The weight on earlier tokens that are the same as the query, and on those that follow them.
    fn repeats(&self, text: &Occurrences) -> (f64, f64, Seen) {
        let (mut duplicate, mut induction) = (0.0, 0.0);
        let mut seen = Seen {
            keys: self.weights.len(),
            ..Seen::default()
        };
        let farthest = (self.nearest + self.weights.len()).saturating_sub(1);
        for earlier in text.earlier(self.query).iter().rev() {
            let distance = self.query - *earlier as usize;
            // The token that follows it may be within reach yet.
            if distance > farthest + 1 {
                break;
            }
            duplicate += self.at(distance);
            seen.same += usize::from(distance <= farthest);
            if distance > 1 {
                induction += self.at(distance - 1);
                seen.after += 1;
            }
        }
        (duplicate, induction, seen)
    }

    /// One measure alone, the same as [`measures`](Self::measures) has. Not a number of
    /// [`Mean::OutputNorm`], which is not of the row alone.
    pub fn one(&self, mean: Mean, text: &Occurrences) -> f64 {
        Arch::new().dispatch(Only {
            row: self,
            mean,
            text,
        })
    }

    #[inline(always)]
    fn only<S: Simd>(&self, simd: S, mean: Mean, text: &Occurrences) -> f64 {
        let keys = || self.keys();
        match mean {
            Mean::Sink => self.on_first(1),
            Mean::SinkFour => self.on_first(SINKS),
            Mean::LearnedSink => f64::from(self.learned_sink),
            Mean::DistantMass => self.distant(simd),
            Mean::EffectiveKeys => effective_keys(&Totals::of(simd, &keys())),
            Mean::MinimumBudget => {
                let keys = keys();
                minimum_budget(simd, &keys, &Totals::of(simd, &keys), ROW_SHARE) as f64
            }
            Mean::Confidence => f64::from(Totals::of(simd, &keys()).largest),
            Mean::SelfWeight => self.at(0),
            Mean::Previous => self.at(1),
            Mean::Duplicate => self.repeats(text).0,
            Mean::Induction => self.repeats(text).1,
            Mean::OutputNorm => f64::NAN,
        }
    }

    /// The smallest distance up to which the row has 90 % of its weight on tokens of the text; `None` where it has none there.
    pub fn span(&self) -> Option<usize> {
        Arch::new().dispatch(SpanOf(self))
    }

    #[inline(always)]
    fn span_of<S: Simd>(&self, simd: S, totals: &Totals) -> Option<usize> {
        row_span(simd, self.weights, totals, ROW_SHARE).map(|column| column + self.nearest)
    }

    /// All measures.
    pub fn measures(&self, text: &Occurrences) -> RowMeasures {
        Arch::new().dispatch(Measured { row: self, text })
    }

    #[inline(always)]
    fn measured<S: Simd>(&self, simd: S, text: &Occurrences) -> RowMeasures {
        let keys = self.keys();
        let totals = Totals::of(simd, &keys);
        let (duplicate, induction, seen) = self.repeats(text);
        let mut means = [f64::NAN; MEANS];
        let mut put = |mean: Mean, value: f64| means[mean.index()] = value;
        put(Mean::Sink, self.on_first(1));
        put(Mean::SinkFour, self.on_first(SINKS));
        put(Mean::LearnedSink, f64::from(self.learned_sink));
        put(Mean::DistantMass, self.distant(simd));
        put(Mean::EffectiveKeys, effective_keys(&totals));
        let budget = minimum_budget(simd, &keys, &totals, ROW_SHARE);
        put(Mean::MinimumBudget, budget as f64);
        put(Mean::Confidence, f64::from(totals.largest));
        put(Mean::SelfWeight, self.at(0));
        put(Mean::Previous, self.at(1));
        put(Mean::Duplicate, duplicate);
        put(Mean::Induction, induction);
        RowMeasures {
            means,
            span: match self.later.is_empty() {
                true => self.span_of(simd, &totals),
                false => self.span(),
            },
            seen,
        }
    }
}

struct Only<'a> {
    row: &'a Row<'a>,
    mean: Mean,
    text: &'a Occurrences,
}

impl WithSimd for Only<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        self.row.only(simd, self.mean, self.text)
    }
}

struct SpanOf<'a>(&'a Row<'a>);

impl WithSimd for SpanOf<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Option<usize> {
        self.0.span_of(simd, &Totals::of(simd, self.0.weights))
    }
}

struct Measured<'a> {
    row: &'a Row<'a>,
    text: &'a Occurrences,
}

impl WithSimd for Measured<'_> {
    type Output = RowMeasures;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> RowMeasures {
        self.row.measured(simd, self.text)
    }
}

/// (Σ a)² / Σ a²; 0 where there is no weight.
fn effective_keys(totals: &Totals) -> f64 {
    match totals.squares > 0.0 {
        true => totals.sum * totals.sum / totals.squares,
        false => 0.0,
    }
}

/// Adds to `sums`, by distance, the shares that tokens have of what a query's row writes: a ‖u‖ of each, divided by their sum.
/// `norms` are the ‖u‖ of the tokens that it sees, the nearest first, as the weights are.
pub fn add_norm_weighted(sums: &mut [f32], weights: &[f32], norms: &[f32]) {
    Arch::new().dispatch(AddShares {
        sums,
        weights,
        norms,
    });
}

#[cfg(test)]
mod tests;
