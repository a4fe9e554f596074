//! Numbers of a head: what heads are coloured, sorted and filtered by, and drawn as a matrix.

use super::{HeadMeasure, Mean, Shares, SpanFlag};
use crate::model::{Architecture, HeadId, Span};
use serde::{Deserialize, Serialize};

/// A number of a head.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Statistic {
    /// Layer and head.
    Head,
    /// Distances with a mask above zero.
    #[default]
    Reach,
    /// z.
    Span,
    /// The distances that hold 50 % of the weight on the text.
    Half,
    /// The distances that hold 90 % of it.
    Most,
    /// The distances that hold 99 % of it.
    Nearly,
    /// Mean distance of the weight on the text.
    Distance,
    /// Entropy of a query's weight.
    Entropy,
    /// Weight on the previous token.
    Previous,
    /// Share of weight on the text.
    Context,
    /// Share of weight on persistent vectors.
    Persistent,
    /// Share of weight on empty context.
    Empty,
    /// Share of the softmax that the mask takes away.
    Removed,
    /// As [`Half`](Self::Half), without the first tokens.
    HalfSinkFree,
    /// As [`Most`](Self::Most), without the first tokens.
    MostSinkFree,
    /// As [`Nearly`](Self::Nearly), without the first tokens.
    NearlySinkFree,
    /// Variance of the distance of the weight on the text.
    Variance,
    /// The span that half of the queries do not exceed.
    SpanMedian,
    /// The span that 90 % of the queries do not exceed.
    SpanMost,
    /// The distances that hold 90 % of what is written.
    NormMost,
    /// Weight on later tokens.
    Later,
    /// The distances to later tokens that hold 50 % of the weight on them.
    HalfLater,
    /// The distances to later tokens that hold 90 % of it.
    MostLater,
    /// The distances to later tokens that hold 99 % of it.
    NearlyLater,
    /// Mean distance of the weight on later tokens.
    DistanceLater,
    /// A mean over queries.
    Row(Mean),
}

/// The kind of number that a [`Statistic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatisticKind {
    /// Distances, in tokens: they differ by orders of magnitude.
    Tokens,
    /// A share from 0 to 1.
    Share,
    /// Bits.
    Bits,
    /// A number without a unit.
    Number,
}

/// The least ratio of the largest number to the smallest that makes an axis logarithmic.
const LOG_FROM: f64 = 20.0;

/// A head with everything that is known of it.
#[derive(Debug, Clone, Copy)]
pub struct HeadRow {
    /// z and reach.
    pub span: Span,
    /// Nothing before the first token.
    pub shares: Option<Shares>,
    /// Nothing before the survey.
    pub measure: Option<HeadMeasure>,
    /// The notable property of its span, if there is one.
    pub flag: Option<SpanFlag>,
    /// True if it is made to contribute nothing.
    pub ablated: bool,
}

impl HeadRow {
    /// The head.
    pub fn id(&self) -> HeadId {
        self.span.id()
    }
}

impl Statistic {
    /// True if it is of the weight by distance, and so of norm-weighted weights where these are shown.
    pub fn is_by_distance(self) -> bool {
        matches!(
            self,
            Self::Half
                | Self::Most
                | Self::Nearly
                | Self::Distance
                | Self::HalfSinkFree
                | Self::MostSinkFree
                | Self::NearlySinkFree
                | Self::Variance
        )
    }

    /// All that heads can be coloured by.
    pub const COLOURED: [Self; 35] = [
        Self::Reach,
        Self::Span,
        Self::Half,
        Self::Most,
        Self::Nearly,
        Self::Distance,
        Self::Entropy,
        Self::Previous,
        Self::Context,
        Self::Persistent,
        Self::Empty,
        Self::Removed,
        Self::HalfSinkFree,
        Self::MostSinkFree,
        Self::NearlySinkFree,
        Self::Variance,
        Self::SpanMedian,
        Self::SpanMost,
        Self::NormMost,
        Self::Later,
        Self::HalfLater,
        Self::MostLater,
        Self::NearlyLater,
        Self::DistanceLater,
        Self::Row(Mean::Sink),
        Self::Row(Mean::SinkFour),
        Self::Row(Mean::LearnedSink),
        Self::Row(Mean::DistantMass),
        Self::Row(Mean::EffectiveKeys),
        Self::Row(Mean::MinimumBudget),
        Self::Row(Mean::Confidence),
        Self::Row(Mean::SelfWeight),
        Self::Row(Mean::Duplicate),
        Self::Row(Mean::Induction),
        Self::Row(Mean::OutputNorm),
    ];

    /// True if heads of such a network can have another number than 0: where there are persistent vectors, empty context, sinks, soft
    /// masks, as designed or put on one of the heads by hand.
    pub fn is_of(self, architecture: &Architecture, rows: &[HeadRow]) -> bool {
        match self {
            Self::Span | Self::Removed => {
                architecture.learns_spans() || rows.iter().any(|row| row.span.is_learned())
            }
            Self::Persistent => architecture.persistent() > 0,
            Self::Empty => architecture.has_empty_context(),
            Self::Row(Mean::LearnedSink) => architecture.has_sinks(),
            of if of.is_of_later() => architecture.is_bidirectional(),
            _ => true,
        }
    }

    /// True if it is of the weight on later tokens, which only an encoder's queries see.
    pub fn is_of_later(self) -> bool {
        matches!(
            self,
            Self::Later
                | Self::HalfLater
                | Self::MostLater
                | Self::NearlyLater
                | Self::DistanceLater
        )
    }

    /// The columns of a table of the heads of such a network: all, but those of later tokens where queries see none.
    pub fn columns_of(architecture: &Architecture) -> Vec<Self> {
        let both = architecture.is_bidirectional();
        let all = Self::COLOURED.into_iter();
        all.filter(|of| both || !of.is_of_later()).collect()
    }

    /// Its name in a filter, and on the command line.
    pub fn key(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Reach => "reach",
            Self::Span => "z",
            Self::Half => "e50",
            Self::Most => "e90",
            Self::Nearly => "e99",
            Self::Distance => "mean",
            Self::Entropy => "bits",
            Self::Previous => "prev",
            Self::Context => "text",
            Self::Persistent => "pers",
            Self::Empty => "empty",
            Self::Removed => "removed",
            other => other.column(),
        }
    }

    /// Its name in tables, without the unit.
    pub fn column(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Reach => "reach",
            Self::Span => "span",
            Self::Half => "effective_50",
            Self::Most => "effective_90",
            Self::Nearly => "effective_99",
            Self::Distance => "mean_distance",
            Self::Entropy => "entropy",
            Self::Previous => "previous_token",
            Self::Context => "text",
            Self::Persistent => "persistent",
            Self::Empty => "empty",
            Self::Removed => "removed",
            Self::HalfSinkFree => "effective_50_sink_free",
            Self::MostSinkFree => "effective_90_sink_free",
            Self::NearlySinkFree => "effective_99_sink_free",
            Self::Variance => "distance_variance",
            Self::SpanMedian => "span_quantile_50",
            Self::SpanMost => "span_quantile_90",
            Self::NormMost => "norm_effective_90",
            Self::Later => "later",
            Self::HalfLater => "later_effective_50",
            Self::MostLater => "later_effective_90",
            Self::NearlyLater => "later_effective_99",
            Self::DistanceLater => "later_mean_distance",
            Self::Row(mean) => mean.column(),
        }
    }

    /// The one that is called so: by its [key](Self::key), or by its [column](Self::column) of a table.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::COLOURED.into_iter();
        let found = all.find(|statistic| statistic.key() == name || statistic.column() == name);
        // The mean has two names: in the tables of one text and in those of many.
        found.or((name == Mean::Previous.column()).then_some(Self::Previous))
    }

    /// The statistic's name without its unit, as menus have it.
    pub fn title(self) -> &'static str {
        let label = self.label();
        label.split_once(" (").map_or(label, |(name, _)| name)
    }

    /// The same within a sentence.
    pub fn in_words(self) -> String {
        let mut letters = self.label().chars();
        let first = letters.next().map(char::to_lowercase);
        first.into_iter().flatten().chain(letters).collect()
    }

    /// The statistic's name with its unit, in figures and, in other languages, in the window.
    pub fn label(self) -> &'static str {
        match self {
            Self::Head => "Head",
            Self::Reach => "Reach (tokens)",
            Self::Span => "Span z (tokens)",
            Self::Half => "Effective span, 50 % (tokens)",
            Self::Most => "Effective span, 90 % (tokens)",
            Self::Nearly => "Effective span, 99 % (tokens)",
            Self::Distance => "Mean distance (tokens)",
            Self::Entropy => "Entropy (bits)",
            Self::Previous => "Weight on the previous token",
            Self::Context => "Weight on the text",
            Self::Persistent => "Weight on persistent vectors",
            Self::Empty => "Weight on empty context",
            Self::Removed => "Removed by the mask (share)",
            Self::HalfSinkFree => "Sink-free span, 50 % (tokens)",
            Self::MostSinkFree => "Sink-free span, 90 % (tokens)",
            Self::NearlySinkFree => "Sink-free span, 99 % (tokens)",
            Self::Variance => "Variance of distance (tokens²)",
            Self::SpanMedian => "Span of a query, median (tokens)",
            Self::SpanMost => "Span of a query, 90 % (tokens)",
            Self::NormMost => "Norm-weighted span, 90 % (tokens)",
            Self::Later => "Weight on later tokens",
            Self::HalfLater => "Effective span to later tokens, 50 % (tokens)",
            Self::MostLater => "Effective span to later tokens, 90 % (tokens)",
            Self::NearlyLater => "Effective span to later tokens, 99 % (tokens)",
            Self::DistanceLater => "Mean distance to later tokens (tokens)",
            Self::Row(mean) => mean.label(),
        }
    }

    /// The kind of number that it is.
    pub fn kind(self) -> StatisticKind {
        match self {
            Self::Entropy => StatisticKind::Bits,
            Self::Previous
            | Self::Context
            | Self::Persistent
            | Self::Empty
            | Self::Removed
            | Self::Later => StatisticKind::Share,
            Self::Row(mean) => mean.kind(),
            _ => StatisticKind::Tokens,
        }
    }

    /// True if the head can have another number than 0, and its reach does not say the same.
    pub fn is_of_head(self, row: &HeadRow) -> bool {
        !matches!(self, Self::Span | Self::Removed) || row.span.is_learned()
    }

    /// The number: tokens, bits, or a share from 0 to 1; `None` where it is not known.
    pub fn of(self, row: &HeadRow) -> Option<f64> {
        let measured = |of: fn(&HeadMeasure) -> f32| row.measure.as_ref().map(of).map(f64::from);
        // By reference: a view asks for thousands of them in a frame, and they are large.
        let measure = row.measure.as_ref();
        let effective = |i: usize| measure?.effective[i].map(|tokens| tokens as f64);
        let rows = measure.and_then(|measure| measure.rows.as_ref());
        let later = measure.and_then(|measure| measure.later.as_ref());
        let tokens = |tokens: Option<usize>| tokens.map(|tokens| tokens as f64);
        let share = |of: fn(&Shares) -> f32| row.shares.as_ref().map(of).map(f64::from);
        match self {
            Self::Head => None,
            Self::Reach => tokens(row.span.reach.end()),
            Self::Span => row.span.designed().map(f64::from),
            Self::Half => effective(0),
            Self::Most => effective(1),
            Self::Nearly => effective(2),
            Self::Distance => measure?.mean_distance.map(f64::from),
            Self::Entropy => measured(|m| m.entropy),
            Self::Previous => measured(|m| m.previous),
            Self::Context => share(|s| s.context),
            Self::Persistent => share(|s| s.persistent),
            Self::Empty => share(|s| s.empty),
            Self::Removed => measured(|m| m.removed),
            Self::HalfSinkFree => tokens(rows?.effective[0]),
            Self::MostSinkFree => tokens(rows?.effective[1]),
            Self::NearlySinkFree => tokens(rows?.effective[2]),
            Self::Variance => measure?.variance.map(f64::from),
            Self::SpanMedian => tokens(rows?.quantiles.map(|of| of[1])),
            Self::SpanMost => tokens(rows?.quantiles.map(|of| of[2])),
            Self::NormMost => tokens(rows?.norm_effective),
            Self::Later => later.map(|of| f64::from(of.weight)),
            Self::HalfLater => tokens(later?.effective[0]),
            Self::MostLater => tokens(later?.effective[1]),
            Self::NearlyLater => tokens(later?.effective[2]),
            Self::DistanceLater => later?.mean_distance.map(f64::from),
            // No token sees itself there.
            Self::Row(Mean::SelfWeight) if row.span.nearest > 0 => None,
            Self::Row(mean) => Some(rows?.mean(mean)?.mean),
        }
    }

    /// The standard error of the number, where it is a mean that has one.
    pub fn error(self, row: &HeadRow) -> Option<f64> {
        let mean = match self {
            Self::Previous => Mean::Previous,
            Self::Row(mean) => mean,
            _ => return None,
        };
        self.of(row)?;
        row.measure?.rows?.mean(mean)?.error
    }

    /// True if an axis for these heads is logarithmic: of numbers in tokens, where they differ so much that most would lie in a
    /// corner, and none is zero.
    pub fn is_log(self, rows: &[HeadRow]) -> bool {
        let (smallest, largest) = self.range(rows);
        self.kind() == StatisticKind::Tokens && smallest > 0.0 && largest >= LOG_FROM * smallest
    }

    /// The smallest and the largest number.
    pub fn range(self, rows: &[HeadRow]) -> (f64, f64) {
        let values = || rows.iter().filter_map(|row| self.of(row));
        (
            values().fold(f64::INFINITY, f64::min),
            values().fold(0.0, f64::max),
        )
    }

    /// Sorts heads by it; what is not known comes last.
    pub fn sort(self, rows: &[HeadRow], falling: bool) -> Vec<&HeadRow> {
        let mut order: Vec<&HeadRow> = rows.iter().collect();
        if self != Self::Head {
            order.sort_by(|a, b| match (self.of(a), self.of(b)) {
                (Some(a), Some(b)) if falling => b.total_cmp(&a),
                (Some(a), Some(b)) => a.total_cmp(&b),
                (a, b) => b.is_some().cmp(&a.is_some()),
            });
        } else if falling {
            order.reverse();
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_of_one_statistic() {
        for statistic in Statistic::COLOURED {
            assert_eq!(Statistic::named(statistic.key()), Some(statistic));
            assert_eq!(Statistic::named(statistic.column()), Some(statistic));
        }
        assert_eq!(Statistic::named("previous"), Some(Statistic::Previous));
        assert_eq!(Statistic::named("head"), None);
        assert_eq!(Statistic::named("entropy"), Some(Statistic::Entropy));
    }
}
