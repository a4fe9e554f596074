//! The names, units, colours and ranges of the quantities which views and figures both show: the one place where they stand.

use crate::Weighting;
use spanscope_chart::Axis;

/// A quantity along an axis, or of a colour bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// −log2 p of a token.
    Surprisal,
    /// The mean of surprisal over the tokens around each one.
    RunningMean,
    /// The place of a token in the text.
    Token,
    /// The token that attends.
    Query,
    /// The token attended to.
    Key,
    /// From a query back to a key.
    Distance,
    /// A weight of a query on a key.
    Weight,
    /// A weight times the norm of what the head writes of the key, as a share.
    NormWeight,
    /// A part of a query's weight.
    Share,
    /// The mean weight over all queries.
    MeanWeight,
    /// The mean norm-weighted weight over all queries.
    MeanNormWeight,
    /// The soft mask.
    Mask,
    /// The probability of a token.
    Probability,
    /// The number of tokens that a head can see.
    Reach,
    /// The span parameter of a head.
    Span,
    /// The span parameters of all heads, along a training.
    Spans,
    /// The largest span that heads may have.
    SpanLimit,
    /// A layer of the network.
    Layer,
    /// What one more token costs, with the unit's prefix at `{0}`.
    Flops,
    /// What keys and values take in 32 bits, with the unit's prefix at `{0}`.
    KeysAndValues,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Surprisal,
        Self::RunningMean,
        Self::Token,
        Self::Query,
        Self::Key,
        Self::Distance,
        Self::Weight,
        Self::NormWeight,
        Self::Share,
        Self::MeanWeight,
        Self::MeanNormWeight,
        Self::Mask,
        Self::Probability,
        Self::Reach,
        Self::Span,
        Self::Spans,
        Self::SpanLimit,
        Self::Layer,
        Self::Flops,
        Self::KeysAndValues,
    ];

    /// The quantity of a weight where so weighted ones are shown.
    pub fn weight(weighting: Weighting) -> Self {
        match weighting {
            Weighting::Attention => Self::Weight,
            Weighting::Norm => Self::NormWeight,
        }
    }

    /// The quantity of the mean of several weights where so weighted ones are shown.
    pub fn mean_weight(weighting: Weighting) -> Self {
        match weighting {
            Weighting::Attention => Self::MeanWeight,
            Weighting::Norm => Self::MeanNormWeight,
        }
    }

    /// The title of its axis, with its unit: in figures, and in the English of the window.
    pub fn axis(self) -> &'static str {
        match self {
            Self::Surprisal | Self::RunningMean => "Surprisal (bits)",
            Self::Token => "Token",
            Self::Query => "Query: the token that attends",
            Self::Key => "Key: the token attended to",
            Self::Distance => "Distance δ from query to key (tokens)",
            Self::Weight => "Weight",
            Self::NormWeight => "Norm-weighted weight",
            Self::Share => "Share of the weight",
            Self::MeanWeight => "Mean weight",
            Self::MeanNormWeight => "Mean norm-weighted weight",
            Self::Mask => "Soft mask m(δ)",
            Self::Probability => "Probability",
            Self::Reach => "Reach (tokens)",
            Self::Span => "Span z (tokens)",
            Self::Spans => "z of heads (tokens)",
            Self::SpanLimit => "Limit on the span (tokens)",
            Self::Layer => "Layer",
            Self::Flops => "{0}FLOPs per token",
            Self::KeysAndValues => "K/V memory ({0}B)",
        }
    }

    /// The title where there is little room.
    pub fn short(self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Key => "Key",
            Self::Distance => "Distance (tokens)",
            Self::Share => "Share",
            Self::NormWeight => "Norm-weighted",
            Self::Flops => "{0}FLOPs",
            Self::KeysAndValues => "K/V ({0}B)",
            _ => self.axis(),
        }
    }

    /// The title with a unit's prefix, such as "M".
    pub fn with_prefix(self, prefix: &str) -> String {
        self.axis().replace("{0}", prefix)
    }

    /// An axis of it, with a unit's prefix.
    pub(super) fn along(self, axis: impl Fn(String) -> Axis, prefix: &str) -> Axis {
        axis(self.with_prefix(prefix)).or(self.short().replace("{0}", prefix))
    }

    /// Which of the four colours of layers it has, in the window and in figures.
    pub fn color(self) -> usize {
        match self {
            Self::Surprisal | Self::Mask => 1,
            _ => 0,
        }
    }

    /// The ends of its axis or its colours, where it cannot lie beyond them, in the window and in figures.
    pub fn range(self) -> Option<(f64, f64)> {
        match self {
            Self::Mask | Self::Probability | Self::Share => Some((0.0, 1.0)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FigureChoice, FigureKind, cost, figure, span_mask};
    use super::Quantity;
    use crate::{Heads, LoadedModel, SAMPLES, Snapshot};
    use spanscope_chart::Style;
    use std::sync::Arc;

    fn model() -> Arc<LoadedModel> {
        Arc::new(LoadedModel::open_sample(&SAMPLES[0]).unwrap())
    }

    #[test]
    fn figures_have_the_names_and_ranges_of_their_quantities() {
        let snapshot = Snapshot {
            model: Some(model()),
            ..Snapshot::default()
        };
        let all = [
            (FigureKind::Spans, &[Quantity::Reach, Quantity::Layer][..]),
            (FigureKind::Cost, &[Quantity::SpanLimit]),
        ];
        for (kind, quantities) in all {
            let made = figure(kind, &snapshot, &FigureChoice::default()).unwrap();
            let svg = made.svg(&Style::default());
            for quantity in quantities {
                assert!(svg.contains(quantity.axis()), "{kind:?}: {quantity:?}");
            }
        }
        let plot = cost(&model(), 512, None);
        let titles: Vec<&str> = plot.panels.iter().map(|panel| &*panel.y.title).collect();
        assert!(titles[0].ends_with("FLOPs per token"), "{titles:?}");
        let memory = Quantity::KeysAndValues;
        assert!(
            ["", "k", "M"]
                .iter()
                .any(|prefix| titles[1] == memory.with_prefix(prefix))
        );
    }

    #[test]
    fn one_head_has_the_colours_of_what_is_shown_of_it() {
        let plot = span_mask(&model(), &Heads::default(), None, None).unwrap();
        let mask = &plot.panels[0];
        assert_eq!(mask.series[0].color, Quantity::Mask.color());
        assert_eq!(mask.y.title, Quantity::Mask.axis());
        assert_eq!(mask.y.high, Quantity::Mask.range().map(|(_, high)| high));
        assert_ne!(Quantity::Mask.color(), Quantity::MeanWeight.color());
        assert_ne!(Quantity::Surprisal.color(), Quantity::RunningMean.color());
    }

    #[test]
    fn a_short_title_is_the_beginning_of_the_long_one() {
        for quantity in Quantity::ALL {
            let first = |title: &str| title.split([' ', ':']).next().map(str::to_owned);
            assert_eq!(first(quantity.short()), first(quantity.axis()));
        }
    }
}
