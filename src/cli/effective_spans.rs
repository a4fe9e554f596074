//! `effective-spans`: how far every head looks on some texts, against how far it can.

use super::figure_args::only_in_drawings;
use super::measure_args::EffectiveSpansArgs;
use super::texts::{Measured, Output, obtain, wrote};
use crate::analysis::SpanFlag;
use crate::analysis::row_measures::{Named, QUANTILES, named};
use crate::analysis::sums::{EffectiveRow, rows};
use crate::chart::{Format, reach_words, thousands};
use crate::engine::figures::{effective_chart, effective_table};
use crate::engine::sums_file::SumsFile;
use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

pub(super) fn run(args: &EffectiveSpansArgs, out: &mut impl Write) -> Result<()> {
    let of_drawings = [("--linear", args.linear), ("--sort", args.sort)];
    for (option, _) in of_drawings.iter().filter(|(_, given)| *given) {
        only_in_drawings(option, &args.output)?;
    }
    args.style.check(&args.output, false)?;
    let output = Output {
        path: args.output.as_deref(),
        endings: Format::EXTENSIONS,
        force: args.force,
        examples: None,
    };
    let Measured { file, format } = obtain(
        &args.model,
        (&args.common, &args.what_if),
        &args.texts,
        &output,
    )?;
    let rows = rows(&file.sums);
    if let (Some(path), Some(format)) = (&args.output, format) {
        write(path, format, args, &file, &rows)?;
        wrote(path, args.common.quiet);
    }
    if args.json {
        let report = serde_json::to_string_pretty(&Report::new(&file, &rows))?;
        writeln!(out, "{report}")?;
    } else if args.output.is_none() {
        table(&file, &rows, out)?;
    }
    Ok(())
}

fn write(
    path: &Path,
    format: &str,
    args: &EffectiveSpansArgs,
    file: &SumsFile,
    rows: &[EffectiveRow],
) -> Result<()> {
    let table = || effective_table(rows);
    let title = args.style.title.as_deref().unwrap_or(TITLE);
    let text = match format {
        "json" => table().json("effective-spans", title, &file.provenance())?,
        "csv" => table().csv()?,
        _ => {
            let mut chart = effective_chart(file);
            chart.linear = args.linear;
            chart.sort = args.sort;
            if let Some(title) = &args.style.title {
                chart.title.clone_from(title);
            }
            return args.style.write(&chart, path);
        }
    };
    Ok(crate::chart::write_file(path, text.as_bytes())?)
}

/// The title of the numbers.
const TITLE: &str = "Effective spans: how far every head looks";

/// The same as JSON.
#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    model_sha256: &'a str,
    texts: u64,
    tokens: u64,
    bits_per_token: Option<f64>,
    bits_per_byte: Option<f64>,
    /// The first tokens that sink-free spans leave out; `None` where they were not measured.
    sink_free: Option<u64>,
    left_out: Vec<&'a str>,
    /// Per corpus that is not complete, the shards that are missing, from 1.
    missing_shards: Vec<Vec<usize>>,
    heads: Vec<Head>,
}

#[derive(Serialize)]
struct Head {
    layer: usize,
    head: usize,
    span: Option<f32>,
    reach: Option<usize>,
    effective_50: Option<usize>,
    effective_90: Option<usize>,
    effective_99: Option<usize>,
    mean_distance: Option<f64>,
    context: f64,
    persistent: f64,
    empty: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    masked: Option<f64>,
    previous: f64,
    in_ramp: f64,
    removed: Option<f64>,
    entropy: Option<f64>,
    flag: Option<&'static str>,
    distance_variance: Option<f64>,
    /// By per cent of the queries.
    span_quantiles: Option<BTreeMap<String, usize>>,
    /// What is measured on single rows, by name.
    #[serde(flatten)]
    measured: Map<String, Value>,
}

/// Numbers by name: whole ones without a point.
fn measured(row: &EffectiveRow) -> Map<String, Value> {
    let named = named(row.rows.as_ref(), row.nearest).into_iter();
    let value = |of: &Named| match of.value {
        Some(value) if of.is_whole => Value::from(value as u64),
        value => Value::from(value),
    };
    named.map(|of| (of.name.clone(), value(&of))).collect()
}

fn span_quantiles(row: &EffectiveRow) -> Option<BTreeMap<String, usize>> {
    let shares = QUANTILES.map(|share| format!("{}", (100.0 * share).round()));
    let quantiles = row.rows.as_ref()?.quantiles?;
    Some(shares.into_iter().zip(quantiles).collect())
}

impl From<&EffectiveRow> for Head {
    fn from(row: &EffectiveRow) -> Self {
        let [half, most, nearly_all] = row.effective;
        Self {
            layer: row.layer,
            head: row.head,
            span: row.designed(),
            reach: row.reach.end(),
            effective_50: half,
            effective_90: most,
            effective_99: nearly_all,
            mean_distance: row.mean_distance,
            context: row.context,
            persistent: row.persistent,
            empty: row.empty,
            masked: row.masked,
            previous: row.previous,
            in_ramp: row.in_ramp,
            removed: row.removed,
            entropy: row.entropy,
            flag: row.flag.map(SpanFlag::name),
            distance_variance: row.variance,
            span_quantiles: span_quantiles(row),
            measured: measured(row),
        }
    }
}

impl<'a> Report<'a> {
    fn new(file: &'a SumsFile, rows: &[EffectiveRow]) -> Self {
        let (header, totals) = (&file.header, &file.sums.totals);
        Self {
            model: &header.model.name,
            model_sha256: &header.model.sha256,
            texts: totals.texts,
            tokens: totals.tokens,
            bits_per_token: totals.bits_per_token(),
            bits_per_byte: totals.bits_per_byte(),
            sink_free: file.sums.measured.map(|measured| measured.sink_free),
            left_out: header.left_out.iter().map(|t| t.name.as_str()).collect(),
            missing_shards: header
                .corpora
                .iter()
                .filter_map(|corpus| Some(corpus.shards.as_ref()?.missing().collect()))
                .collect(),
            heads: rows.iter().map(Head::from).collect(),
        }
    }
}

fn table(file: &SumsFile, rows: &[EffectiveRow], out: &mut impl Write) -> Result<()> {
    // Where no head has a soft mask there is no z: its window is its reach.
    let has_z = file.sums.heads.iter().any(|head| head.span.is_learned());
    let z = |text: String| match has_z {
        true => format!("{text:>10}"),
        false => String::new(),
    };
    writeln!(
        out,
        "layer  head{}     reach     50 %     90 %     99 %  mean distance  on text",
        z("span z".into())
    )?;
    let cell = |value: Option<String>| value.unwrap_or_else(|| "–".into());
    for row in rows {
        let [half, most, nearly_all] = row.effective.map(|n| cell(n.map(thousands)));
        let distance = cell(row.mean_distance.map(|d| format!("{d:.1}")));
        let flag = row.flag.map_or("", SpanFlag::name);
        let line = format!(
            "{:>5}  {:>4}{}  {:>8}  {half:>7}  {most:>7}  {nearly_all:>7}  {distance:>13}  {:>5.1} %  {flag}",
            row.layer,
            row.head,
            z(cell(row.designed().map(|span| format!("{span:.1}")))),
            reach_words(row.reach.end()),
            100.0 * row.context,
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(
        out,
        "Distances in tokens that hold 50, 90 and 99 % of a head's weight on the {}.",
        match file.sums.totals.texts {
            1 => "text",
            _ => "texts",
        }
    )?;
    if let Some(measured) = file.sums.measured
        && measured.sink_free > 0
    {
        writeln!(
            out,
            "First tokens count here; --json and -o FILE.csv have spans without the first {} as well (--sink-free).",
            thousands(measured.sink_free as usize)
        )?;
    }
    writeln!(out, "{}", summary(file, rows))?;
    if let Some((seen, trained)) = beyond_context(file) {
        let (seen, trained) = (thousands(seen), thousands(trained));
        writeln!(
            out,
            "Texts here are longer than the {trained} tokens that the model was trained for: its heads put weight on distances up to {seen}."
        )?;
    }
    if file.sums.architecture.loses_weight() {
        let masked = rows.iter().filter_map(|row| row.masked).sum::<f64>();
        writeln!(
            out,
            "Mean of all heads: {:.1} % of the softmax masked, not renormalised.",
            100.0 * masked / rows.len().max(1) as f64
        )?;
    }
    for (flag, words) in [
        (
            SpanFlag::Unused,
            "reaches much further than these texts make use of (99 % of the weight within a quarter of the reach)",
        ),
        (
            SpanFlag::Pressed,
            "the soft mask takes away what it would look at (a third of the softmax, or a quarter of the weight on the ramp, or more; and 1.25 times what it is with even attention)",
        ),
        (
            SpanFlag::Edge,
            "is window-limited (20 % of the weight, or more, in the farthest tenth of its window)",
        ),
        (
            SpanFlag::Local,
            "sees the whole text and could have a window (99 % of the weight without sinks within a quarter of the text)",
        ),
        (
            SpanFlag::Sink,
            "does nothing but sink (90 % of the weight, or more, on the first token or a learned sink)",
        ),
    ] {
        let count = rows.iter().filter(|row| row.flag == Some(flag)).count();
        if count > 0 {
            writeln!(out, "{}: {words} ({count})", flag.name())?;
        }
    }
    Ok(())
}

/// The farthest distance that has weight and the number of tokens that the model was trained for, where the texts are longer than that:
/// what is written as a head's reach is then less than what it saw.
fn beyond_context(file: &SumsFile) -> Option<(usize, usize)> {
    let open = file.sums.heads.iter().filter(|head| head.span.open);
    open.filter_map(|head| {
        let trained = head.span.reach.end()?;
        let last = head.distances.iter().rposition(|weight| *weight > 0)?;
        let seen = head.span.nearest + last;
        (seen >= trained).then_some((seen, trained))
    })
    .max()
}

/// Means over the heads, and what they were measured on.
fn summary(file: &SumsFile, rows: &[EffectiveRow]) -> String {
    let n = rows.len().max(1) as f64;
    let reach = rows.iter().map(|row| Some(row.reach.end()? as f64));
    let reach = reach.sum::<Option<f64>>().map_or_else(
        || "no limit on the reach".into(),
        |sum| format!("mean reach {}", thousands(format!("{:.1}", sum / n))),
    );
    let used: Vec<f64> = rows
        .iter()
        .filter_map(|row| row.effective[1].map(|distance| distance as f64))
        .collect();
    let used = used.iter().sum::<f64>() / used.len().max(1) as f64;
    let totals = &file.sums.totals;
    let texts = match totals.texts {
        1 => "1 text".into(),
        n => format!("{} texts", thousands(n as usize)),
    };
    let bits = totals.bits_per_token();
    let bits = bits.map_or(String::new(), |bits| format!(", {bits:.4} bits per token"));
    format!(
        "{reach}, mean 90 % span {} tokens; {texts}, {} tokens{bits}",
        thousands(format!("{used:.1}")),
        thousands(totals.tokens as usize)
    )
}
