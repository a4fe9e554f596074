//! `persistent`: where the weight of every head goes on some texts, and which persistent vectors it uses.

use super::measure_args::PersistentArgs;
use super::texts::{Measured, Output, obtain, wrote};
use crate::analysis::sums;
use crate::chart::Format;
use crate::engine::figures::persistent_chart;
use crate::engine::sums_file::SumsFile;
use crate::shown::shown_path;
use anyhow::Result;
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// One head's weight, as means over all queries of all texts.
#[derive(Debug, Serialize)]
struct Row {
    layer: usize,
    head: usize,
    /// On tokens of the texts.
    context: f64,
    /// On persistent vectors.
    persistent: f64,
    /// On distances before the texts' starts.
    empty: f64,
    /// The weight that the mask took away and that is not given back, where weights are not divided by their sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    masked: Option<f64>,
    /// exp(entropy) of the weight among the vectors.
    effective_vectors: Option<f32>,
    /// Vectors with less than 1 % of an even share.
    never_used: Option<usize>,
    /// Mean weight per vector.
    usage: Vec<f32>,
}

pub(super) fn run(args: &PersistentArgs, out: &mut impl Write) -> Result<()> {
    args.style.check(&args.output, true)?;
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
    let rows = rows(&file);
    if let (Some(path), Some(format)) = (&args.output, format) {
        write(path, format, args, &file)?;
        wrote(path, args.common.quiet);
    }
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?;
    } else if args.output.is_none() {
        table(&rows, out)?;
    }
    Ok(())
}

fn rows(file: &SumsFile) -> Vec<Row> {
    let spans = sums::rows(&file.sums).into_iter();
    let rows = spans.zip(sums::usage(&file.sums)).map(|(head, usage)| Row {
        layer: head.layer,
        head: head.head,
        context: head.context,
        persistent: head.persistent,
        empty: head.empty,
        masked: head.masked,
        effective_vectors: usage.as_ref().map(|u| u.effective),
        never_used: usage.as_ref().map(|u| u.never),
        usage: usage.map(|u| u.mean).unwrap_or_default(),
    });
    rows.collect()
}

fn table(rows: &[Row], out: &mut impl Write) -> Result<()> {
    let vectors = rows.iter().any(|row| !row.usage.is_empty());
    write!(out, "layer  head   on text  empty context")?;
    if rows.iter().any(|row| row.masked.is_some()) {
        write!(out, "  masked, not renormalised")?;
    }
    match vectors {
        true => writeln!(out, "  persistent  vectors in use  never used")?,
        false => writeln!(out)?,
    }
    for row in rows {
        let (layer, head) = (row.layer, row.head);
        let (context, empty) = (100.0 * row.context, 100.0 * row.empty);
        write!(
            out,
            "{layer:>5}  {head:>4}  {context:>6.1} %  {empty:>11.1} %"
        )?;
        if let Some(masked) = row.masked {
            write!(out, "  {:>22.1} %", 100.0 * masked)?;
        }
        if let (Some(effective), Some(never)) = (row.effective_vectors, row.never_used) {
            let share = 100.0 * row.persistent;
            write!(out, "  {share:>8.1} %  {effective:>14.1}  {never:>10}")?;
        }
        writeln!(out)?;
    }
    if vectors {
        writeln!(
            out,
            "Vectors in use: as many as if that many were used evenly, of {}.",
            rows.first().map_or(0, |row| row.usage.len())
        )?;
    } else {
        writeln!(out, "This model has no persistent vectors.")?;
    }
    Ok(())
}

fn write(path: &Path, format: &str, args: &PersistentArgs, file: &SumsFile) -> Result<()> {
    let mut chart = persistent_chart(file);
    if chart.cols == 0 && !matches!(format, "csv" | "json") {
        anyhow::bail!(
            "{}: the model has no persistent vectors to draw; write the shares with -o FILE.csv or .json",
            shown_path(&args.model)
        );
    }
    if let Some(title) = &args.style.title {
        chart.title.clone_from(title);
    }
    args.style.write(&chart, path)
}
