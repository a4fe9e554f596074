//! `persistent`: where the weight of every head goes on some texts, and which persistent vectors it uses.

use super::measure_args::PersistentArgs;
use super::texts::{Measured, Output, obtain, wrote};
use crate::analysis::sums;
use crate::chart::{ColorMap, Format, Heatmap, Scale, SideColumn};
use crate::engine::sums_file::SumsFile;
use anyhow::{Context, Result};
use serde::Serialize;
use std::fmt::Write as _;
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
    /// exp(entropy) of the weight among the vectors.
    effective_vectors: Option<f32>,
    /// Vectors with less than 1 % of an even share.
    never_used: Option<usize>,
    /// Mean weight per vector.
    usage: Vec<f32>,
    /// The vectors by falling mean weight.
    #[serde(skip)]
    order: Vec<u32>,
}

pub(super) fn run(args: &PersistentArgs, out: &mut impl Write) -> Result<()> {
    let output = Output {
        path: args.output.as_deref(),
        endings: Format::EXTENSIONS,
        force: args.force,
    };
    let Measured { file, format } = obtain(&args.model, &args.common, &args.texts, &output)?;
    let rows = rows(&file);
    if let (Some(path), Some(format)) = (&args.output, format) {
        write(path, format, args, &file, &rows)?;
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
        effective_vectors: usage.as_ref().map(|u| u.effective),
        never_used: usage.as_ref().map(|u| u.never),
        order: usage.as_ref().map(|u| u.order.clone()).unwrap_or_default(),
        usage: usage.map(|u| u.mean).unwrap_or_default(),
    });
    rows.collect()
}

fn table(rows: &[Row], out: &mut impl Write) -> Result<()> {
    let vectors = rows.iter().any(|row| !row.usage.is_empty());
    write!(out, "layer  head   on text  empty context")?;
    match vectors {
        true => writeln!(out, "  persistent  vectors in use  never used")?,
        false => writeln!(out)?,
    }
    for row in rows {
        let (layer, head) = (row.layer + 1, row.head + 1);
        let (context, empty) = (100.0 * row.context, 100.0 * row.empty);
        write!(
            out,
            "{layer:>5}  {head:>4}  {context:>6.1} %  {empty:>11.1} %"
        )?;
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
    writeln!(
        out,
        "Numbered from 1 here; options, JSON and CSV count layers and heads from 0."
    )?;
    Ok(())
}

fn write(
    path: &Path,
    format: &str,
    args: &PersistentArgs,
    file: &SumsFile,
    rows: &[Row],
) -> Result<()> {
    match format {
        "svg" | "pdf" | "png" => {
            let mut chart = chart(&args.model, file, rows)?;
            if let Some(title) = &args.style.title {
                chart.title.clone_from(title);
            }
            return args.style.write(&chart, path);
        }
        "json" => {
            let text = serde_json::to_string_pretty(rows)? + "\n";
            crate::chart::write_file(path, text.as_bytes())?;
        }
        _ => crate::chart::write_file(path, csv(rows)?.as_bytes())?,
    }
    Ok(())
}

/// One line per head, with a column for every vector.
fn csv(rows: &[Row]) -> Result<String> {
    let mut text = String::from("layer,head,context,persistent,empty,effective_vectors,never_used");
    for vector in 0..rows.first().map_or(0, |row| row.usage.len()) {
        write!(text, ",vector_{vector}")?;
    }
    text.push('\n');
    let cell = |value: Option<String>| value.unwrap_or_default();
    for row in rows {
        write!(
            text,
            "{},{},{},{},{},{},{}",
            row.layer,
            row.head,
            row.context,
            row.persistent,
            row.empty,
            cell(row.effective_vectors.map(|v| v.to_string())),
            cell(row.never_used.map(|v| v.to_string())),
        )?;
        for weight in &row.usage {
            write!(text, ",{weight}")?;
        }
        text.push('\n');
    }
    Ok(text)
}

/// Heads × vectors, each head's vectors by falling weight, with the shares beside.
fn chart(model: &Path, file: &SumsFile, rows: &[Row]) -> Result<Heatmap> {
    let cols = rows.first().map_or(0, |row| row.usage.len());
    if cols == 0 {
        anyhow::bail!(
            "{}: the model has no persistent vectors to draw; write the shares with -o FILE.csv or .json",
            model.display()
        );
    }
    let mut values = Vec::with_capacity(rows.len() * cols);
    for row in rows {
        for &vector in &row.order {
            let weight = row.usage.get(vector as usize);
            values.push(*weight.context("a vector without usage")?);
        }
    }
    let side = |label: &str, of: fn(&Row) -> f64| SideColumn {
        label: label.into(),
        values: rows.iter().map(|row| of(row) as f32).collect(),
    };
    Ok(Heatmap {
        title: "Mean weight on persistent vectors".into(),
        rows: rows.len(),
        cols,
        values,
        row_labels: rows
            .iter()
            .map(|row| format!("{}.{}", row.layer + 1, row.head + 1))
            .collect(),
        row_axis: "layer.head".into(),
        col_axis: "vectors of the head, most used first".into(),
        map: ColorMap::Viridis,
        scale: Scale::Log,
        side: vec![
            side("text", |row| row.context),
            side("persistent", |row| row.persistent),
            side("empty context", |row| row.empty),
        ],
        provenance: file.provenance(),
        ..Heatmap::default()
    })
}
