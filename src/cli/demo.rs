//! The contents of the window, without one: the sample model on the sample text.

use super::common::columns;
use super::eval::{Score, score};
use super::{info, spans};
use crate::chart::thousands;
use crate::chart::{Figure, Format, HeadSpan, Style, bars_terminal, reach_words};
use crate::engine::figures::{HeatmapStyle, heatmap, span_chart};
use crate::engine::{Heads, LoadedModel, SAMPLES};
use crate::model::{Cancel, HeadWeights, NoObserver, Run};
use crate::ui::language::Language;
use crate::ui::{Choices, Shot, Start};
use anyhow::{Context, Result};
use std::f64::consts::LN_2;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// The folder of the charts.
const FOLDER: &str = "spanscope-demo";

/// Tokens in the heat map: few enough to see each.
const SHOWN: usize = 200;

pub(super) fn run(quiet: bool, out: &mut impl Write) -> Result<()> {
    let [sample, ..] = &SAMPLES;
    let model = LoadedModel::open_sample(sample)?;
    let ids = model.prepare(sample.text.as_bytes())?.ids;
    let score = score(&model, &ids, quiet, |_, _| Ok(()))?;
    writeln!(out, "{}", sample.name)?;
    writeln!(
        out,
        "{}, {} parameters",
        info::kind(&model),
        thousands(model.network.parameters())
    )?;
    writeln!(
        out,
        "Sample text: {} tokens, {:.3} bits per character\n",
        thousands(ids.len()),
        score.nats() / LN_2
    )?;
    let chart = span_chart(&model);
    write!(
        out,
        "{}",
        bars_terminal(&chart.heads, chart.limit, columns())
    )?;
    writeln!(out, "{}\n", spans::summary(&chart))?;
    let widest = widest(&chart.heads);
    describe(&model, &score, &widest, out)?;

    let folder = Path::new(FOLDER);
    std::fs::create_dir_all(folder).with_context(|| {
        format!("{FOLDER}: the folder for the charts cannot be made here; change to one that can be written to")
    })?;
    writeln!(out, "\nWritten to {FOLDER}/")?;
    for ending in Format::EXTENSIONS {
        chart.write(&folder.join(format!("spans.{ending}")), &Style::default())?;
    }
    writeln!(
        out,
        "  spans.svg .pdf .png .csv .json  how far every head looks"
    )?;
    if let Some(head) = widest.first() {
        attention(&model, &ids, head, folder)?;
        writeln!(
            out,
            "  attention.svg .png              {} on the first {SHOWN} tokens",
            head.id().in_words(),
        )?;
    }
    let window = Shot {
        start: Start::default(),
        size: (1280, 800),
        scale: 1.0,
        dark: true,
        language: Language::English,
        view: None,
        alone: false,
        choices: Choices::default(),
    };
    super::shot::write(&window, &folder.join("window.png"))?;
    writeln!(out, "  window.png                  what the window shows")?;
    writeln!(
        out,
        "
Next, with a checkpoint of your own:
  spanscope info model.pt
  spanscope spans model.pt -o spans.svg
  spanscope eval model.pt --vocab train.txt --text test.txt.raw
or, where there is a display, spanscope model.pt. `spanscope --help` lists all commands."
    )?;
    out.flush()?;
    Ok(())
}

/// Heads by falling span.
fn widest(heads: &[HeadSpan]) -> Vec<HeadSpan> {
    let mut heads = heads.to_vec();
    let span = |head: &HeadSpan| head.span.unwrap_or(f64::INFINITY);
    heads.sort_by(|a, b| span(b).total_cmp(&span(a)));
    heads
}

/// The shares of a head's weight, on average over the queries.
struct Shares {
    text: f64,
    empty: f64,
    persistent: f64,
    /// Mean distance of the weight on the text.
    distance: f64,
}

fn shares(weights: &HeadWeights) -> Shares {
    let n = weights.queries.max(1) as f64;
    let sum = |values: &[f32]| values.iter().map(|&w| f64::from(w)).sum::<f64>();
    let (mut text, mut distance) = (0.0, 0.0);
    for query in weights.positions() {
        for (column, &weight) in weights.on_text(query).iter().enumerate() {
            text += f64::from(weight);
            distance += f64::from(weight) * weights.distance(column) as f64;
        }
    }
    Shares {
        text: text / n,
        empty: sum(&weights.empty) / n,
        persistent: sum(&weights.persistent) / n,
        distance: if text > 0.0 { distance / text } else { 0.0 },
    }
}

/// The widest heads, and what share of the weight is not on the text.
fn describe(
    model: &LoadedModel,
    score: &Score,
    heads: &[HeadSpan],
    out: &mut impl Write,
) -> Result<()> {
    let n = score.run.ids().len();
    let all: Vec<(&HeadSpan, Shares)> = heads
        .iter()
        .filter_map(|h| Some((h, shares(&score.run.head_weights(h.layer, h.head, 0, n)?))))
        .collect();
    writeln!(
        out,
        "Widest heads                      mean distance of the weight"
    )?;
    for (h, shares) in all.iter().take(3) {
        let span = h
            .span
            .map_or_else(|| reach_words(None), |span| format!("{span:.1}"));
        let name = format!("{}: span {span}", h.id().in_words());
        writeln!(out, "  {name:<32}{:.1} tokens", shares.distance)?;
    }
    let count = all.len().max(1) as f64;
    let mean = |part: fn(&Shares) -> f64| all.iter().map(|(_, s)| part(s)).sum::<f64>() / count;
    let (text, empty, persistent) = (mean(|s| s.text), mean(|s| s.empty), mean(|s| s.persistent));
    writeln!(
        out,
        "Weight, mean over heads: {:.1} % on the text, {:.1} % on empty context before its start",
        100.0 * text,
        100.0 * empty
    )?;
    match model.network.architecture().persistent() {
        0 => writeln!(out, "(this model has no persistent vectors)")?,
        _ => writeln!(out, "and {:.1} % on persistent vectors", 100.0 * persistent)?,
    }
    if let Some((h, shares)) = all.iter().max_by(|a, b| a.1.empty.total_cmp(&b.1.empty)) {
        writeln!(
            out,
            "Most on empty context: {} with {:.1} %",
            h.id().in_words(),
            100.0 * shares.empty
        )?;
    }
    Ok(())
}

fn attention(model: &LoadedModel, ids: &[u32], head: &HeadSpan, folder: &Path) -> Result<()> {
    let ids = &ids[..ids.len().min(SHOWN)];
    let mut run = Run::new(Arc::clone(&model.network));
    run.set(ids, &Cancel::default(), &NoObserver)?;
    if let Some(weights) = run.head_weights(head.layer, head.head, 0, ids.len()) {
        let heads = Heads::one(head.id());
        let map = heatmap(
            model,
            ids,
            &weights.into(),
            &heads,
            0..ids.len(),
            HeatmapStyle::default(),
        );
        map.write(&folder.join("attention.svg"), &Style::default())?;
        map.write(&folder.join("attention.png"), &Style::default())?;
    }
    Ok(())
}
