//! The forms in which `figure heads` draws numbers of all heads.

use super::Usage;
use super::figure::statistic;
use super::figure_args::named;
use crate::analysis::Statistic;
use crate::engine::figures::{HeadColor, HeadsForm};
use clap::{Args, ValueEnum};

/// The form of `figure heads`: a matrix, unless something else is asked for.
#[derive(Debug, Clone, Args)]
pub(super) struct HeadsFormArgs {
    /// `heads`: a point for each head instead, by two numbers: along and up. Names are those of --statistic
    #[arg(long, value_name = "X,Y", value_parser = axes, conflicts_with_all = ["statistic", "bars"])]
    pub scatter: Option<[Statistic; 2]>,
    /// `heads`: a bar for each head instead, layer by layer or the largest first
    #[arg(long, value_name = "ORDER", value_enum)]
    pub bars: Option<BarsArg>,
    /// `heads`: the mean over each layer's heads instead, with its standard error, or the spans of queries, a strip for each head
    #[arg(long, value_name = "WHAT", value_enum, conflicts_with_all = ["scatter", "bars"])]
    pub along: Option<AlongArg>,
    /// `heads` with --scatter: what colours say, the layer of a head or its role [default: layer]
    #[arg(long, value_name = "BY", value_parser = named(&HeadColor::ALL, HeadColor::id, |_| ""))]
    pub color: Option<HeadColor>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum BarsArg {
    Layer,
    Sorted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AlongArg {
    /// The mean of the --statistic by layer
    Layers,
    /// The distance that holds 90 % of a query's weight, by quantiles of the queries
    Spans,
}

impl HeadsFormArgs {
    pub fn form(&self) -> HeadsForm {
        match (self.scatter, self.bars) {
            (Some(axes), _) => HeadsForm::Scatter {
                axes,
                color: self.color.unwrap_or_default(),
            },
            (None, Some(order)) => HeadsForm::Bars {
                sorted: order == BarsArg::Sorted,
            },
            (None, None) => match self.along {
                Some(AlongArg::Layers) => HeadsForm::Layers,
                Some(AlongArg::Spans) => HeadsForm::Strips,
                None => HeadsForm::Matrix,
            },
        }
    }

    /// Refuses options that another leaves without effect.
    pub fn check(&self, has_map: bool, has_statistic: bool) -> Result<(), Usage> {
        if self.along == Some(AlongArg::Spans) && has_statistic {
            return Err(Usage(
                "figure heads: --statistic has no effect with --along spans; leave it out".into(),
            ));
        }
        if self.color.is_some() && self.scatter.is_none() {
            return Err(Usage(
                "figure heads: --color has no effect without --scatter; add that, or leave it out"
                    .into(),
            ));
        }
        let form = match (self.scatter, self.bars) {
            (Some(_), _) => "--scatter",
            (None, Some(_)) => "--bars",
            (None, None) if self.along.is_some() => "--along",
            (None, None) => return Ok(()),
        };
        match has_map {
            true => Err(Usage(format!(
                "figure heads: --map has no effect with {form}, which has no colour map; leave it out"
            ))),
            false => Ok(()),
        }
    }
}

/// Two numbers of heads.
fn axes(text: &str) -> Result<[Statistic; 2], String> {
    let Some((x, y)) = text.split_once(',') else {
        return Err("expected two numbers of heads, as in entropy,induction".into());
    };
    Ok([statistic(x.trim())?, statistic(y.trim())?])
}
