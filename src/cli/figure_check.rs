//! Options of `figure` that would change nothing, by what others say or what is written: refused before anything is opened.

use super::Usage;
use super::figure::FigureArgs;
use super::figure_args::{DRAWINGS, ends_in, only_in_drawings};
use crate::analysis::BandLayout;
use crate::chart::thousands;
use crate::engine::Snapshot;
use crate::engine::figures::{FigureChoice, FigureKind, Shade};
use std::ops::Range;

/// Refuses them; that a kind of figure knows the options at all is checked before.
pub(super) fn check(args: &FigureArgs) -> Result<(), Usage> {
    reads_text(args)?;
    beside_others(args)?;
    args.heads_form
        .check(args.style.map.is_some(), args.statistic.is_some())?;
    let of_drawings = [
        ("--z", args.z),
        ("--linear", args.linear),
        ("--scale", args.scale.is_some()),
        ("--smooth", args.smooth.is_some()),
        ("--sort", args.sort && args.kind == FigureKind::Spans),
    ];
    for (option, _) in of_drawings.iter().filter(|(_, given)| *given) {
        only_in_drawings(option, &args.output)?;
    }
    args.style.check(&args.output, true)
}

/// Refuses a text for a figure that is of the model alone.
fn reads_text(args: &FigureArgs) -> Result<(), Usage> {
    let why = match args.kind {
        FigureKind::Spans if !args.effective => "without --effective; add that, or leave it out",
        FigureKind::Training | FigureKind::Parameters => OF_MODEL,
        // An entry of a recorded run is no text to be read.
        FigureKind::Cost if args.index.is_some() => OF_MODEL,
        _ => return Ok(()),
    };
    without_text(args, why)
}

/// Why a text changes nothing about a figure of the model.
const OF_MODEL: &str = "on it, since it is of the model alone; leave it out";

fn without_text(args: &FigureArgs, why: &str) -> Result<(), Usage> {
    let given = [
        ("--text", args.input.text.is_some()),
        ("--ids", args.input.ids.is_some()),
        ("--index", args.index.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(Usage(format!(
            "figure {}: {option} has no effect {why}",
            args.kind.id()
        ))),
        None => Ok(()),
    }
}

/// Refuses queries whose weights are not kept: of a recorded run, or of a long text, those of some tokens are.
pub(super) fn weights_are_kept(
    args: &FigureArgs,
    queries: &Range<usize>,
    snapshot: &Snapshot,
) -> Result<(), Usage> {
    use FigureKind::{Attention, Text, Vectors};
    let of_queries = match args.kind {
        Attention | Vectors => true,
        // Who reads a token, other queries say.
        Text => args.shade != Some(Shade::Readers),
        _ => false,
    };
    if args.tokens.is_none() || !of_queries {
        return Ok(());
    }
    let weights = snapshot.detail.as_ref().map(|detail| &detail.weights);
    let kept = weights.map_or(0..0, |weights| weights.first..weights.end);
    if kept.start <= queries.start && queries.end <= kept.end {
        return Ok(());
    }
    let those = match kept.is_empty() {
        true => "other tokens".to_owned(),
        false => format!("the tokens {}..{}", kept.start, kept.end),
    };
    Err(Usage(format!(
        "--tokens {}..{}: weights are kept of {those} only, since the run was recorded so or the text is long; choose among these",
        queries.start, queries.end
    )))
}

/// Most cells of a table of weights: those of 4,096 queries and keys.
const MOST_CELLS: usize = 4096 * 4096;

/// Chooses the keys that the queries can see for the heatmap of `attention`, and a cell for every weight where numbers are
/// written: a drawing may have cells that several weights share, and says so, but a table of them would be taken for weights.
pub(super) fn fit_heatmap(
    args: &FigureArgs,
    choice: &mut FigureChoice,
    snapshot: &Snapshot,
) -> Result<(), Usage> {
    let Some(detail) = snapshot
        .detail
        .as_ref()
        .filter(|_| args.kind == FigureKind::Attention)
    else {
        return Ok(());
    };
    let weights = &detail.weights;
    let queries = choice.queries.start.max(weights.first)..choice.queries.end.min(weights.end);
    let columns = match choice.heatmap.layout {
        BandLayout::Key => {
            let farthest = (weights.nearest + weights.reach).saturating_sub(1);
            let first = queries.start.saturating_sub(farthest);
            choice.heatmap.columns = first..usize::MAX;
            queries.end.saturating_sub(first)
        }
        _ => weights.reach,
    };
    let mut outputs = args.output.iter();
    let is_table = outputs.clone().any(|path| !ends_in(path, DRAWINGS));
    if !outputs.any(|path| ends_in(path, DRAWINGS)) {
        choice.heatmap.most = usize::MAX;
    }
    let most = choice.heatmap.most;
    let rows = queries.len();
    let is_shared = rows.max(columns) > most;
    let is_large = most == usize::MAX && rows.saturating_mul(columns) > MOST_CELLS;
    match is_table && (is_shared || is_large) {
        false => Ok(()),
        true => Err(Usage(format!(
            "figure attention: {} queries × {} columns are too many for a table {}; choose fewer with --tokens A..B, or write all \
             weights with `spanscope attention … -o FILE.safetensors`",
            thousands(rows),
            thousands(columns),
            match is_large {
                true => "(at most 16.8 million cells)",
                false => "beside a drawing, where several share a cell; write it by itself",
            }
        ))),
    }
}

/// Refuses options that other ones leave without effect.
fn beside_others(args: &FigureArgs) -> Result<(), Usage> {
    let of_weights = [
        ("--head", !args.head.is_empty()),
        ("--combine", args.combine.is_some()),
        ("--weights", args.weights.is_some()),
        ("--tokens", args.tokens.is_some()),
        ("--mean", args.mean),
        ("--scale", args.scale.is_some()),
    ];
    let given = of_weights.iter().find(|(_, given)| *given);
    if let (Some(Shade::Surprisal), Some((option, _))) = (args.shade, given) {
        return Err(Usage(format!(
            "figure text: {option} has no effect with --shade surprisal, which is that of every token on a linear scale; \
             leave it out"
        )));
    }
    if args.combine.is_some() && args.head.iter().all(|head| *head == args.head[0]) {
        return Err(Usage(
            "--combine has no effect on one head; name several with --head, or leave it out".into(),
        ));
    }
    if args.weights.is_some() && args.kind == FigureKind::Spans && !args.effective {
        return Err(Usage(
            "figure spans: --weights has no effect without --effective; add that, or leave it out"
                .into(),
        ));
    }
    if args.mean && args.tokens.as_ref().is_none_or(|tokens| tokens.len() < 2) {
        return Err(Usage(
            "--mean has no effect on one token; choose several with --tokens A..B, or leave it out"
                .into(),
        ));
    }
    Ok(())
}
