//! `reach`: how far heads see, found by running them, beside what they were designed for.

use super::Usage;
use super::args::{Common, Input, MODEL};
use super::common::{read, say};
use super::what_if::{WhatIfArgs, open_changed};
use crate::analysis::{VerifiedReach, verified_reach};
use crate::chart::thousands;
use crate::model::{Cancel, HeadId, Heads, ModelError, NoObserver, Run};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// `reach`.
#[derive(Debug, Args)]
pub(super) struct ReachArgs {
    /// The model.
    #[arg(help = MODEL)]
    pub model: PathBuf,
    #[command(flatten)]
    pub input: Input,
    /// Heads: 3.1, 3 for a layer, or all; several times for several [default: all]
    #[arg(long, value_name = "HEADS")]
    pub head: Vec<Heads>,
    /// The query, by its position from 0 [default: the last token]
    #[arg(long, value_name = "T")]
    pub token: Option<usize>,
    /// Print JSON: {query, heads: [{layer, head, designed, verified, agrees, beside, silent}]}
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

pub(super) fn run(args: &ReachArgs, out: &mut impl Write) -> Result<()> {
    let model = open_changed(&args.model, &args.common, &args.what_if)?;
    if model.recorded.is_some() {
        return Err(anyhow::Error::new(ModelError::Recorded).context(model.file_name()));
    }
    let tokens = read(&model, &args.input, &args.common)?;
    let last = tokens.ids.len().saturating_sub(1);
    let query = args.token.unwrap_or(last);
    if query > last {
        let said = format!("--token {query}: the text has the tokens 0 to {last}");
        return Err(Usage(said).into());
    }
    let wanted = match args.head.as_slice() {
        [] => &[Heads::All][..],
        heads => heads,
    };
    let mut heads: Vec<HeadId> = Vec::new();
    for of in wanted {
        heads.extend(of.of(model.network.architecture())?);
    }
    heads.sort_unstable();
    heads.dedup();
    let mut run = Run::new(Arc::clone(&model.network));
    let cancel = Cancel::default();
    // What comes after the query is nothing to it, but for networks whose positions depend on the text's length.
    run.for_length(tokens.ids.len());
    run.extend(
        &tokens.ids[..=query],
        crate::model::BLOCK,
        &cancel,
        &NoObserver,
    )?;
    let found = heads
        .iter()
        .map(|head| verified_reach(&run, *head, query, &cancel));
    let found: Vec<VerifiedReach> = found.collect::<Result<_, _>>()?;
    match args.json {
        true => {
            let heads: Vec<_> = found.iter().map(of_head).collect();
            writeln!(out, "{:#}", json!({ "query": query, "heads": heads }))?;
        }
        false => table(&found, query, out)?,
    }
    let off = found.iter().filter(|of| !of.agrees()).count();
    if off > 0 && !args.common.quiet {
        say(format_args!(
            "{} of {} heads see otherwise than designed at this token",
            thousands(off),
            thousands(found.len())
        ));
    }
    Ok(())
}

fn of_head(found: &VerifiedReach) -> serde_json::Value {
    json!({
        "layer": found.head.layer,
        "head": found.head.head,
        "designed": found.designed,
        "verified": found.farthest,
        "agrees": found.agrees(),
        "beside": found.beside,
        "silent": found.silent,
    })
}

fn table(found: &[VerifiedReach], query: usize, out: &mut impl Write) -> Result<()> {
    writeln!(out, "layer  head  designed  verified")?;
    let cell = |distance: Option<usize>| distance.map_or_else(|| "–".to_owned(), thousands);
    for of in found {
        let words = match (of.agrees(), of.silent) {
            (false, _) => "  differs".to_owned(),
            (true, 0) => String::new(),
            (true, silent) => format!(
                "  {} of the distances between alter nothing",
                thousands(silent)
            ),
        };
        let line = format!(
            "{:>5}  {:>4}  {:>8}  {:>8}{words}",
            of.head.layer,
            of.head.head,
            cell(of.designed),
            cell(of.farthest),
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(
        out,
        "Farthest distances, in tokens, at token {}: as designed, and the farthest whose key and value alter a bit of what the head \
         gives.",
        thousands(query)
    )?;
    Ok(())
}
