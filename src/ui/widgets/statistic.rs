//! Numbers of a head in words and colours.

use super::names::percent;
pub use crate::analysis::{HeadFilter as Filter, HeadRow as Row, Statistic};
use crate::analysis::{Mean, StatisticKind as Kind};
use crate::chart::{ColorMap, Scale, colormap, thousands};
use crate::engine::Snapshot;
use crate::engine::figures;
use crate::ui::language::{tr, trf};
use eframe::egui::Color32;

/// Every head of the open model, layer by layer.
pub fn rows(snapshot: &Snapshot) -> Vec<Row> {
    figures::head_rows(snapshot)
}

/// A number of a head as the window shows it.
pub trait DisplayName {
    /// The name, for menus.
    fn name(self) -> &'static str;

    /// The name along an axis, with its unit; shares have theirs in the numbers.
    fn axis(self) -> String;

    /// The name over a column.
    fn short(self) -> &'static str;

    /// What it says, in a sentence.
    fn explained(self) -> &'static str;

    /// The number in words, without its unit's name.
    fn words(self, row: &Row) -> String;

    /// The colour of `value` where the numbers of all heads lie in `smallest..=largest`.
    fn color(self, value: f64, range: (f64, f64), dark: bool) -> Color32;
}

impl DisplayName for Statistic {
    fn name(self) -> &'static str {
        tr(self.title())
    }

    fn axis(self) -> String {
        let unit = match self.kind() {
            Kind::Bits => tr("bits"),
            Kind::Tokens if self == Self::Variance => "tokens²",
            Kind::Tokens => tr("tokens"),
            Kind::Share | Kind::Number => return self.name().to_owned(),
        };
        trf("{0} ({1})", &[&self.name(), &unit])
    }

    fn short(self) -> &'static str {
        match self {
            Self::Span => "z",
            Self::Half => "50 %",
            Self::Most => "90 %",
            Self::Nearly => "99 %",
            Self::Distance => tr("Mean"),
            Self::Entropy => tr("Bits"),
            Self::Previous | Self::Row(Mean::Previous) => tr("Prev. %"),
            Self::Context => tr("Text %"),
            Self::Persistent => tr("Pers. %"),
            Self::Empty => tr("Before %"),
            Self::Removed => tr("Rem. %"),
            Self::HalfSinkFree => tr("50 % s-f"),
            Self::MostSinkFree => tr("90 % s-f"),
            Self::NearlySinkFree => tr("99 % s-f"),
            Self::Variance => tr("Var."),
            Self::SpanMedian => tr("q 50 %"),
            Self::SpanMost => tr("q 90 %"),
            Self::NormMost => tr("90 % ‖·‖"),
            Self::Later => tr("Later %"),
            Self::HalfLater => tr("50 % later"),
            Self::MostLater => tr("90 % later"),
            Self::NearlyLater => tr("99 % later"),
            Self::DistanceLater => tr("Mean later"),
            Self::Row(Mean::Sink) => tr("Sink %"),
            Self::Row(Mean::SinkFour) => tr("Sink 4 %"),
            Self::Row(Mean::LearnedSink) => tr("Learned %"),
            Self::Row(Mean::DistantMass) => tr("Dist. %"),
            Self::Row(Mean::EffectiveKeys) => tr("Keys"),
            Self::Row(Mean::MinimumBudget) => tr("Budget"),
            Self::Row(Mean::Confidence) => tr("Max. %"),
            Self::Row(Mean::SelfWeight) => tr("Self %"),
            Self::Row(Mean::Duplicate) => tr("Dup. %"),
            Self::Row(Mean::Induction) => tr("Ind. %"),
            Self::Row(Mean::OutputNorm) => tr("Norm"),
            Self::Head | Self::Reach => tr(self.title()),
        }
    }

    fn explained(self) -> &'static str {
        match self {
            Self::Head => tr("Layer and head"),
            Self::Reach => tr("How many tokens back the head can look"),
            Self::Span => tr("The learned span parameter, in tokens"),
            Self::Half => {
                tr("The nearest distances that hold half of its weight on this text, in tokens")
            }
            Self::Most => {
                tr("The nearest distances that hold 90 % of its weight on this text, in tokens")
            }
            Self::Nearly => {
                tr("The nearest distances that hold 99 % of its weight on this text, in tokens")
            }
            Self::Distance => tr("Mean distance of its weight on this text, in tokens"),
            Self::Entropy => {
                tr("Entropy of a query's weight, in bits: 0 where all is on one place")
            }
            Self::Previous | Self::Row(Mean::Previous) => {
                tr("Mean weight on the token just before the query")
            }
            Self::Context => tr("Share of its weight on the text"),
            Self::Persistent => tr("Share of its weight on persistent vectors"),
            Self::Empty => tr("Share of its weight on distances before the text's start"),
            Self::Removed => tr("Share of the softmax that the soft mask takes away"),
            Self::HalfSinkFree | Self::MostSinkFree | Self::NearlySinkFree => {
                tr("As the effective span, without the first tokens")
            }
            Self::Variance => tr("Variance of the distance of its weight on this text, in tokens²"),
            Self::SpanMedian => tr(
                "The distance that holds 90 % of a query's weight: half of the queries do not exceed this",
            ),
            Self::SpanMost => tr(
                "The distance that holds 90 % of a query's weight: 90 % of the queries do not exceed this",
            ),
            Self::NormMost => tr(
                "As the effective span, 90 %, with each weight multiplied by the norm of what it writes",
            ),
            Self::Later => tr("Share of its weight on tokens after the query"),
            Self::HalfLater | Self::MostLater | Self::NearlyLater => tr(
                "The nearest later tokens that hold this share of its weight on later ones, in tokens",
            ),
            Self::DistanceLater => tr("Mean distance of its weight on later tokens, in tokens"),
            Self::Row(Mean::Sink) => tr("Mean weight on the first token, of the queries after it"),
            Self::Row(Mean::SinkFour) => {
                tr("Mean weight on the first four tokens, of the queries after them")
            }
            Self::Row(Mean::LearnedSink) => tr("Mean weight on the head's learned sink"),
            Self::Row(Mean::DistantMass) => {
                tr("Mean weight on tokens 64 or more away that are not among the first four")
            }
            Self::Row(Mean::EffectiveKeys) => {
                tr("Effective number of keys of a query: one over the sum of its squared weights")
            }
            Self::Row(Mean::MinimumBudget) => {
                tr("The fewest keys that hold 90 % of a query's weight, in the mean")
            }
            Self::Row(Mean::Confidence) => tr("Mean of the largest weight of each query"),
            Self::Row(Mean::SelfWeight) => tr("Mean weight on the query itself"),
            Self::Row(Mean::Duplicate) => {
                tr("Mean weight on earlier tokens that are the same as the query")
            }
            Self::Row(Mean::Induction) => {
                tr("Mean weight on tokens that follow earlier ones that are the same as the query")
            }
            Self::Row(Mean::OutputNorm) => {
                tr("Mean norm of what the head writes, as a multiple of its layer's mean")
            }
        }
    }

    fn words(self, row: &Row) -> String {
        let Some(value) = self.of(row) else {
            return "–".into();
        };
        match (self, self.kind()) {
            (_, Kind::Share) => percent(value as f32),
            (_, Kind::Bits | Kind::Number) => format!("{value:.2}"),
            (
                Self::Span
                | Self::Distance
                | Self::Row(Mean::EffectiveKeys)
                | Self::Row(Mean::MinimumBudget),
                _,
            ) => {
                format!("{value:.1}")
            }
            _ => thousands(value as usize),
        }
    }

    fn color(self, value: f64, (smallest, largest): (f64, f64), dark: bool) -> Color32 {
        // Spans differ by orders of magnitude, shares do not.
        let share = match self.kind() {
            Kind::Tokens => Scale::Log.share(
                value + 1.0,
                smallest + 1.0,
                largest.max(smallest + 1e-6) + 1.0,
            ),
            Kind::Share | Kind::Bits | Kind::Number => {
                Scale::Linear.share(value, 0.0, largest.max(1e-6))
            }
        };
        // The end of the map that fades into the ground is left out.
        let t = if dark {
            0.12 + 0.88 * share
        } else {
            0.92 * share
        };
        let [r, g, b] = colormap::color(ColorMap::Viridis, t as f32);
        Color32::from_rgb(r, g, b)
    }
}
