//! `spans`: how far every head looks.

use super::Usage;
use super::args::SpansArgs;
use super::common::{columns, ending, may_write, outline, say};
use super::figure_args::only_in_drawings;
use super::what_if::changed;
use crate::chart::{
    Format, HeadSpan, SpanChart, SpanMeasure, bars_terminal, reach_words, thousands,
};
use crate::engine::figures::span_chart;
use crate::model::Span;
use crate::shown::shown_path;
use anyhow::Result;
use std::io::Write;

pub(super) fn run(args: &SpansArgs, out: &mut impl Write) -> Result<()> {
    check(args)?;
    if let Some(path) = &args.output {
        ending(path, Format::EXTENSIONS)?;
        let reads = [Some(args.model.as_path()), args.common.vocab.as_deref()];
        may_write(path, args.force, &reads)?;
    }
    let model = changed(
        outline(&args.model, &args.common)?,
        &args.common,
        &args.what_if,
    )?;
    let mut chart = span_chart(&model);
    chart.linear = args.linear;
    chart.sort = args.sort;
    if args.z {
        chart.measure = SpanMeasure::Span;
    }
    if let Some(title) = &args.style.title {
        chart.title.clone_from(title);
    }
    if let Some(path) = &args.output {
        args.style.write(&chart, path)?;
        if !args.common.quiet {
            say(format_args!("wrote {}", shown_path(path)));
        }
    }
    if args.json {
        write!(out, "{}", chart.list()?)?;
    } else if args.output.is_none() {
        if args.sort {
            let has_z = model.network.spans().iter().any(Span::is_learned);
            table(&chart.ordered(), has_z, out)?;
        } else {
            write!(
                out,
                "{}",
                bars_terminal(&chart.heads, chart.limit, columns())
            )?;
        }
        writeln!(out, "{}", summary(&chart))?;
    }
    Ok(())
}

/// Refuses options that would change nothing.
fn check(args: &SpansArgs) -> Result<(), Usage> {
    if args.common.vocab.is_some() {
        return Err(Usage(
            "spans are known without a vocabulary: leave --vocab out".into(),
        ));
    }
    // Bars and the table of a terminal show both numbers, and the table is sorted.
    let is_for_terminal = args.output.is_none() && !args.json;
    let of_drawings = [
        ("--z", args.z),
        ("--linear", args.linear),
        ("--sort", args.sort && !is_for_terminal),
    ];
    for (option, _) in of_drawings.iter().filter(|(_, given)| *given) {
        only_in_drawings(option, &args.output)?;
    }
    args.style.check(&args.output, false)
}

/// Where no head has a soft mask there is no z.
fn table(heads: &[HeadSpan], has_z: bool, out: &mut impl Write) -> Result<()> {
    let z = |text: String| match has_z {
        true => format!("{text:>17}"),
        false => String::new(),
    };
    let title = z("span z (tokens)".into());
    writeln!(out, "layer  head{title}  reach (tokens)")?;
    for h in heads {
        let span = z(h.span.map_or_else(|| reach_words(None), decimal));
        let (layer, head, reach) = (h.layer, h.head, reach_words(h.reach));
        writeln!(out, "{layer:>5}  {head:>4}{span}  {reach:>14}")?;
    }
    Ok(())
}

/// A number with one decimal, its thousands set apart.
fn decimal(number: f64) -> String {
    let text = format!("{number:.1}");
    let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
    format!("{}.{part}", thousands(whole))
}

/// Mean and widest, in one line.
pub(super) fn summary(chart: &SpanChart) -> String {
    let heads = &chart.heads;
    let endless = heads.iter().filter(|h| h.reach.is_none()).count();
    let ended = heads
        .iter()
        .filter_map(|h| Some((h, h.span?, h.reach?)))
        .collect::<Vec<_>>();
    let mean = ended.iter().map(|of| of.1).sum::<f64>() / ended.len().max(1) as f64;
    // Of equal ones the first.
    let widest = ended.iter().rev().max_by(|a, b| a.1.total_cmp(&b.1));
    match widest {
        Some((h, span, reach)) => format!(
            "mean {} {} tokens; widest: {} with {}{}",
            chart.quantity(),
            decimal(mean),
            h.id().in_words(),
            match chart.is_context {
                true => thousands(*reach),
                false => format!("{} (reach {})", decimal(*span), thousands(*reach)),
            },
            match endless {
                0 => String::new(),
                1 => "; 1 head has no limit".into(),
                some => format!("; {some} heads have no limit"),
            }
        ),
        None if endless > 0 => "no window and no context is designed: no head has a limit".into(),
        None => "no heads".into(),
    }
}
