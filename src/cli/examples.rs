//! `examples`: the places in texts that show what every head does, and neurons and persistent vectors.

mod memories;

use super::Usage;
use super::args::{Common, at_least_one};
use super::measure_args::TextsArgs;
use super::texts::{Measured, Output, Wanted, obtain};
use super::what_if::WhatIfArgs;
use crate::analysis::examples::{
    ExampleMeasure, ExamplePlace, HeadExamples, MemoryChoice, NO_TOKEN,
};
use crate::engine::sums_file::SumsFile;
use crate::model::HeadId;
use crate::shown::{shown, shown_path};
use crate::text::visible;
use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

/// `examples`.
#[derive(Debug, Args)]
pub(super) struct ExamplesArgs {
    /// Model, as every command takes it; or a file that this command wrote, which needs no text
    pub model: PathBuf,
    /// Write all places of all heads, with the sums of `effective-spans` (.safetensors)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
    /// The number of a query that places are chosen by.
    #[arg(long, value_name = "NAME", value_parser = measure, help = measure_help())]
    pub by: Option<ExampleMeasure>,
    /// Places with the largest values of each head, at most 1000 [default: 10]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub top: Option<usize>,
    /// Heads to show, as LAYER.HEAD or L3H1; several times for several [default: all]
    #[arg(long, value_name = "L.H")]
    pub head: Vec<HeadId>,
    /// Look for places of neurons as well, by their activation: one (LAYER.NEURON or L3N120), those of a layer (L3), or all; several times
    /// for several. Of a file that this command wrote, show these
    #[arg(long, value_name = "WHICH", value_parser = MemoryChoice::neurons)]
    pub neuron: Vec<MemoryChoice>,
    /// Look for places of persistent vectors as well, by the weight on them: one (LAYER.HEAD.VECTOR or L3H1V17), those of a head (L3H1), or
    /// all; several times for several. Of a file that this command wrote, show these
    #[arg(long, value_name = "WHICH", value_parser = MemoryChoice::vectors)]
    pub vector: Vec<MemoryChoice>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub texts: TextsArgs,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

/// Places of a head that are printed, and of each tenth of the queries.
const PRINTED: (usize, usize) = (5, 1);

/// Most places of the largest values.
const MOST_TOP: usize = 1000;

pub(super) fn run(args: &ExamplesArgs, out: &mut impl Write) -> Result<()> {
    let top = args.top.unwrap_or(10);
    if top > MOST_TOP {
        return Err(Usage(format!("--top {top}: at most {MOST_TOP} expected")).into());
    }
    let is_file = SumsFile::is_at(&args.model);
    if is_file && (args.by.is_some() || args.top.is_some()) {
        return Err(Usage(format!(
            "{}: a file of examples, for which --by and --top mean nothing: they were chosen before",
            shown_path(&args.model)
        ))
        .into());
    }
    let chosen: Vec<MemoryChoice> = args.neuron.iter().chain(&args.vector).copied().collect();
    let by = args.by.unwrap_or(ExampleMeasure::Distance);
    let output = Output {
        path: args.output.as_deref(),
        endings: &[],
        force: args.force,
        examples: Some(Wanted {
            by,
            top,
            memories: match is_file {
                true => Vec::new(),
                false => chosen.clone(),
            },
        }),
    };
    let common = (&args.common, &args.what_if);
    let Measured { file, .. } = obtain(&args.model, common, &args.texts, &output)?;
    let Some(examples) = &file.examples else {
        bail!(
            "{}: it holds no examples: pass a model with --text, or a file that `spanscope examples … -o FILE.safetensors` wrote",
            shown_path(&args.model)
        );
    };
    let architecture = &file.header.model.architecture;
    for head in &args.head {
        architecture
            .head(*head)
            .map_err(|error| Usage(error.to_string()))?;
    }
    let per_layer = architecture.nb_heads().max(1);
    // Whoever names neurons or vectors wants to see these, and heads that are named beside them.
    let wanted = |id: &HeadId| match args.head.is_empty() {
        true => chosen.is_empty(),
        false => args.head.contains(id),
    };
    let memories = memories::chosen(&args.model, examples, &chosen, !args.head.is_empty())?;
    let heads = examples.heads.iter().enumerate();
    let heads = heads.map(|(i, head)| (HeadId::new(i / per_layer, i % per_layer), head));
    let heads: Vec<(HeadId, &HeadExamples)> = heads.filter(|(id, _)| wanted(id)).collect();
    if args.json {
        let heads: Vec<Value> = heads
            .iter()
            .map(|(id, head)| as_json(&file, examples.measure, *id, head))
            .collect();
        let report = json!({
            "model": file.header.model.name,
            "by": examples.measure.name(),
            "texts": file.sums.totals.texts,
            "tokens": file.sums.totals.tokens,
            "heads": heads,
            "neurons": memories::as_json(&file, &memories, false),
            "vectors": memories::as_json(&file, &memories, true),
        });
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else if args.output.is_none() {
        for (id, head) in heads {
            print(&file, examples.measure, (id, head), out)?;
        }
        for (id, places) in memories {
            memories::print(&file, id, places, out)?;
        }
    }
    Ok(())
}

/// The text around a place: the query in ⟦ ⟧, the key with the largest weight in « ».
fn context(file: &SumsFile, place: &ExamplePlace) -> String {
    let mut words = String::new();
    let near = place.near();
    let around_query = place.ids.iter().zip(place.positions()).take(near);
    let is_far = place.positions().take(near).all(|at| at != Some(place.key));
    if is_far {
        let around_key = place.ids.iter().zip(place.positions()).skip(near);
        for (id, at) in around_key {
            words += &token(file, *id, at, place);
        }
        words += " … ";
    }
    for (id, at) in around_query {
        words += &token(file, *id, at, place);
    }
    words
}

fn token(file: &SumsFile, id: u32, at: Option<u32>, place: &ExamplePlace) -> String {
    let Some(at) = at.filter(|_| id != NO_TOKEN) else {
        return String::new();
    };
    let text = visible(file.example_token(id).unwrap_or("\u{fffd}"));
    match (at == place.query, at == place.key) {
        (true, true) => format!("⟦«{text}»⟧"),
        (true, false) => format!("⟦{text}⟧"),
        (false, true) => format!("«{text}»"),
        (false, false) => text,
    }
}

fn number(measure: ExampleMeasure, value: f32) -> String {
    match measure.is_count() {
        true => format!("{value:.1}"),
        false => format!("{value:.3}"),
    }
}

fn print(
    file: &SumsFile,
    measure: ExampleMeasure,
    (id, head): (HeadId, &HeadExamples),
    out: &mut impl Write,
) -> std::io::Result<()> {
    writeln!(out, "{id}  largest {}", measure.name())?;
    let line = |out: &mut dyn Write, place: &ExamplePlace| {
        let value = number(measure, place.value);
        let (name, at) = (shown(file.text_of(place.text)), place.query);
        writeln!(
            out,
            "  {value:>8}  {name} token {at}: {}",
            shown(&context(file, place))
        )
    };
    for place in head.top.iter().take(PRINTED.0) {
        line(out, place)?;
    }
    for (i, decile) in head.deciles(measure, PRINTED.1).iter().enumerate() {
        let (from, to) = (
            number(measure, decile.values.0),
            number(measure, decile.values.1),
        );
        writeln!(
            out,
            "  decile {} of 10 of the queries: {from} to {to}",
            i + 1
        )?;
        for place in &decile.places {
            line(out, place)?;
        }
    }
    Ok(())
}

fn as_json(file: &SumsFile, measure: ExampleMeasure, id: HeadId, head: &HeadExamples) -> Value {
    let place = |place: &ExamplePlace| {
        let positions = place.positions();
        let all = place.ids.iter().zip(&place.weights).zip(positions);
        let tokens = all.filter_map(|((id, weight), at)| {
            let token = file.example_token(*id);
            Some(json!({"position": at?, "id": id, "token": token, "weight": weight}))
        });
        json!({
            "text": file.text_of(place.text),
            "query": place.query,
            "key": place.key,
            "value": place.value,
            "weight": place.weight,
            "tokens": tokens.collect::<Vec<_>>(),
        })
    };
    let deciles = head.deciles(measure, usize::MAX);
    let deciles = deciles.iter().map(|decile| {
        json!({
            "from": decile.values.0,
            "to": decile.values.1,
            "places": decile.places.iter().map(|of| place(of)).collect::<Vec<_>>(),
        })
    });
    json!({
        "layer": id.layer,
        "head": id.head,
        "queries": head.count(),
        "top": head.top.iter().map(place).collect::<Vec<_>>(),
        "deciles": deciles.collect::<Vec<_>>(),
    })
}

/// The help of --by.
fn measure_help() -> String {
    let names: Vec<&str> = ExampleMeasure::all().map(ExampleMeasure::name).collect();
    let names = names.join(", ");
    format!("The number of a query that places are chosen by: {names} [default: distance]")
}

fn measure(text: &str) -> Result<ExampleMeasure, String> {
    ExampleMeasure::named(text).ok_or_else(|| {
        let names: Vec<&str> = ExampleMeasure::all().map(ExampleMeasure::name).collect();
        format!("expected one of {}", names.join(", "))
    })
}
