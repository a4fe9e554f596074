//! `persistent`: where the weight of every head goes on a text, and which persistent vectors it uses.

use super::args::PersistentArgs;
use super::common::{ending, may_write, open_to_run, progress, read, say};
use super::figure_args::StyleArgs;
use super::recorded::{self, Recorded};
use crate::analysis::{Shares, VectorUsage};
use crate::chart::{ColorMap, Heatmap, Scale, SideColumn};
use crate::engine::figures::provenance;
use crate::engine::{Model, PersistentUse, write_persistent};
use crate::model::{BLOCK, Cancel, HeadWeights, Observer, Run};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// One head's weight on a text, as means over its queries.
#[derive(Debug, Serialize)]
struct Row {
    layer: usize,
    head: usize,
    /// On tokens of the text.
    context: f64,
    /// On persistent vectors.
    persistent: f64,
    /// On distances before the text's start.
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

/// Endings of the files that can be written.
const ENDINGS: &[&str] = &["svg", "pdf", "png", "csv", "json", "safetensors"];

pub(super) fn run(args: &PersistentArgs, out: &mut impl Write) -> Result<()> {
    let format = match &args.output {
        Some(path) => Some(ending(path, ENDINGS)?),
        None => None,
    };
    if let Some(path) = &args.output {
        may_write(path, args.force)?;
    }
    let model = open_to_run(&args.model, &args.common)?;
    let quiet = args.common.quiet;
    let recorded = recorded::text_of(&model, &args.input, args.index)?;
    let (rows, text) = match &recorded {
        Some(recorded) => {
            let text = recorded.tokens(&model)?.source;
            (measure_recorded(&model, recorded, quiet)?, text)
        }
        None => {
            let tokens = read(&model, &args.input, quiet)?;
            (measure(&model, &tokens.ids, quiet)?, tokens.source)
        }
    };
    if let (Some(path), Some(format)) = (&args.output, format) {
        match format {
            "safetensors" if rows.iter().all(|row| row.usage.is_empty()) => bail!(
                "{}: the model has no persistent vectors; write the shares with -o FILE.csv or .json",
                model.path.display()
            ),
            "safetensors" => write_persistent(path, &model, &used(&rows), None, &text)?,
            _ => write(path, format, &args.style, &model, &rows)?,
        }
        if !args.common.quiet {
            say(format_args!("wrote {}", path.display()));
        }
    }
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?;
    } else if args.output.is_none() {
        table(&rows, out)?;
    }
    Ok(())
}

/// The same numbers, for tensors.
fn used(rows: &[Row]) -> PersistentUse {
    let shares = |row: &Row| Shares {
        context: row.context as f32,
        persistent: row.persistent as f32,
        empty: row.empty as f32,
    };
    PersistentUse {
        shares: rows.iter().map(shares).collect(),
        usage: rows.iter().map(|row| row.usage.clone()).collect(),
    }
}

/// Sums over the queries seen so far: a text of any length takes the same memory.
#[derive(Debug, Clone)]
struct Sums {
    context: f64,
    empty: f64,
    vectors: Vec<f64>,
}

struct Recorder {
    nb_heads: usize,
    heads: Vec<Mutex<Sums>>,
}

impl Observer for Recorder {
    fn head(&self, layer: usize, head: usize, weights: &HeadWeights) {
        let Some(sums) = self.heads.get(layer * self.nb_heads + head) else {
            return;
        };
        // Sums are whole even where another thread gave up.
        let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
        for i in 0..weights.queries {
            let seen = weights.row(i).iter().take(weights.first + i);
            sums.context += seen.map(|&w| f64::from(w)).sum::<f64>();
            sums.empty += weights.empty.get(i).map_or(0.0, |&w| f64::from(w));
            for (sum, &w) in sums.vectors.iter_mut().zip(weights.persistent_row(i)) {
                *sum += f64::from(w);
            }
        }
    }
}

fn measure(model: &Model, ids: &[u32], quiet: bool) -> Result<Vec<Row>> {
    let recorder = Recorder::new(model);
    let bar = progress(ids.len(), quiet);
    let mut run = Run::new(Arc::clone(&model.network));
    for block in ids.chunks(BLOCK) {
        run.extend(block, BLOCK, &Cancel::default(), &recorder)?;
        run.forget();
        bar.inc(block.len() as u64);
    }
    bar.finish_and_clear();
    Ok(recorder.rows(ids.len()))
}

/// The same of a recorded run.
fn measure_recorded(model: &Model, recorded: &Recorded, quiet: bool) -> Result<Vec<Row>> {
    let recorder = Recorder::new(model);
    recorded.replay(model, &recorder, quiet)?;
    let kept = recorded.kept()?;
    if kept.len() < recorded.text.ids.len() && !quiet {
        say(format_args!(
            "means over the tokens {} to {}, whose weights were recorded",
            kept.start,
            kept.end - 1
        ));
    }
    Ok(recorder.rows(kept.len()))
}

impl Recorder {
    fn new(model: &Model) -> Self {
        let config = model.network.config();
        let none = Sums {
            context: 0.0,
            empty: 0.0,
            vectors: vec![0.0; config.pers_mem_size],
        };
        let count = config.nb_layers * config.nb_heads;
        Self {
            nb_heads: config.nb_heads,
            heads: (0..count).map(|_| Mutex::new(none.clone())).collect(),
        }
    }

    /// Means over so many queries.
    fn rows(self, queries: usize) -> Vec<Row> {
        let (n, nb_heads) = (queries as f64, self.nb_heads);
        let sums = self.heads.into_iter();
        let sums = sums.map(|sums| sums.into_inner().unwrap_or_else(PoisonError::into_inner));
        let rows = sums.enumerate().map(|(i, sums)| {
            let usage =
                (!sums.vectors.is_empty()).then(|| VectorUsage::from_sums(&sums.vectors, queries));
            Row {
                layer: i / nb_heads,
                head: i % nb_heads,
                context: sums.context / n,
                persistent: sums.vectors.iter().sum::<f64>() / n,
                empty: sums.empty / n,
                effective_vectors: usage.as_ref().map(|u| u.effective),
                never_used: usage.as_ref().map(|u| u.never),
                order: usage.as_ref().map(|u| u.order.clone()).unwrap_or_default(),
                usage: usage.map(|u| u.mean).unwrap_or_default(),
            }
        });
        rows.collect()
    }
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

fn write(path: &Path, format: &str, style: &StyleArgs, model: &Model, rows: &[Row]) -> Result<()> {
    match format {
        "svg" | "pdf" | "png" => return style.write(&chart(model, rows)?, path),
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
fn chart(model: &Model, rows: &[Row]) -> Result<Heatmap> {
    let cols = rows.first().map_or(0, |row| row.usage.len());
    if cols == 0 {
        bail!(
            "{}: the model has no persistent vectors to draw; write the shares with -o FILE.csv or .json",
            model.path.display()
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
        provenance: provenance(model),
        ..Heatmap::default()
    })
}
