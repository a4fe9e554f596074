//! `lens`: what every layer expects after a token, and which parts of the network speak for a token.

use super::Usage;
use super::args::{Common, Input, MODEL};
use super::common::{Tokens, name, progress, read};
use super::what_if::{WhatIfArgs, open_changed};
use crate::analysis::{Lens, LensTarget, Watched, bits, lens};
use crate::chart::thousands;
use crate::engine::LoadedModel;
use crate::engine::figures::{lens_facts, percentage};
use crate::model::{BLOCK, Cancel, ModelError, NoObserver, Run};
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// `lens`.
#[derive(Debug, Args)]
pub(super) struct LensArgs {
    /// The model.
    #[arg(help = MODEL)]
    pub model: PathBuf,
    #[command(flatten)]
    pub input: Input,
    /// Token after which the logits stand, from 0 [default: the last one]
    #[arg(long, value_name = "N")]
    pub token: Option<usize>,
    /// Token whose logit is attributed: its text, or its id [default: the one that comes next in the text; at its end, the likeliest]
    #[arg(long, value_name = "WORD|ID")]
    pub of: Option<String>,
    /// Token whose logit is taken off: what speaks for one token rather than the other
    #[arg(long, value_name = "WORD|ID")]
    pub against: Option<String>,
    /// Print JSON, with every part
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

/// Parts that are printed for people.
const PARTS: usize = 25;

pub(super) fn run(args: &LensArgs, out: &mut impl Write) -> Result<()> {
    let model = open_changed(&args.model, &args.common, &args.what_if)?;
    if model.recorded.is_some() {
        return Err(anyhow::Error::new(ModelError::Recorded).context(name(&args.model)));
    }
    let target = target(&model, args.of.as_deref(), args.against.as_deref())?;
    let tokens = read(&model, &args.input, &args.common)?;
    let count = tokens.ids.len();
    let at = args.token.unwrap_or(count - 1);
    if at >= count {
        return Err(Usage(format!(
            "--token {at}: the text has {} tokens; they are counted from 0",
            thousands(count)
        ))
        .into());
    }
    let found = measure(&model, &tokens, at, target, args.common.quiet)?;
    if args.json {
        let whole = as_json(&model, &tokens, &found);
        writeln!(out, "{}", serde_json::to_string_pretty(&whole)?)?;
    } else {
        table(&model, &tokens, &found, out)?;
    }
    Ok(())
}

/// The logit that the options ask for.
///
/// # Errors
/// When there is no such token.
pub(super) fn target(
    model: &LoadedModel,
    of: Option<&str>,
    against: Option<&str>,
) -> Result<LensTarget, Usage> {
    let named = |option: &str, name: Option<&str>| match name {
        None => Ok(None),
        Some(name) => model
            .token_named(name)
            .map(Some)
            .map_err(|error| Usage(format!("{option} {error}"))),
    };
    Ok(LensTarget {
        of: named("--of", of)?,
        against: named("--against", against)?,
    })
}

/// Runs over the text up to the token, keeping no more than that can see.
fn measure(
    model: &LoadedModel,
    tokens: &Tokens,
    at: usize,
    target: LensTarget,
    quiet: bool,
) -> Result<Lens> {
    let cancel = Cancel::default();
    let bar = progress(at + 1, quiet);
    let mut run = Run::new(Arc::clone(&model.network));
    run.for_length(tokens.ids.len());
    for block in tokens.ids[..=at].chunks(BLOCK) {
        run.extend(block, BLOCK, &cancel, &NoObserver)?;
        run.forget_before(at.min(run.ids().len()));
        bar.inc(block.len() as u64);
    }
    bar.finish_and_clear();
    let next = tokens.ids.get(at + 1).copied();
    let found = match run.trace(at, &cancel)? {
        Some(trace) => lens(&model.network, &trace, next, target, &cancel)?,
        None => None,
    };
    found.ok_or_else(|| anyhow::anyhow!("token {at}: the model has no logits there"))
}

fn watched(model: &LoadedModel, of: &Watched) -> Value {
    let name = model.token_name(of.guess.id);
    json!({
        "id": name.id,
        "token": name.token,
        "probability": f64::from(of.guess.log_p).exp(),
        "surprisal_bits": bits(-of.guess.log_p),
        "rank": of.guess.rank,
        "logit": of.logit,
    })
}

fn as_json(model: &LoadedModel, tokens: &Tokens, lens: &Lens) -> Value {
    let token = |id: u32| {
        let name = model.token_name(id);
        json!({ "id": name.id, "token": name.token })
    };
    let all =
        |list: &[Watched]| -> Vec<Value> { list.iter().map(|of| watched(model, of)).collect() };
    let layers = lens.layers.iter().map(|layer| {
        json!({
            "layer": layer.layer,
            "entropy_bits": layer.entropy_bits,
            "top": all(&layer.top),
            "watched": all(&layer.watched),
        })
    });
    let parts = lens.sorted().into_iter().map(|(part, value)| {
        json!({
            "part": part.to_string(),
            "kind": part.kind(),
            "layer": part.layer(),
            "head": part.head().map(|id| id.head),
            "logit": value,
        })
    });
    json!({
        "after": { "position": lens.at, "token": tokens.ids.get(lens.at).map(|id| token(*id)) },
        "next": lens.next.map(token),
        "of": token(lens.of),
        "against": lens.target.against.map(token),
        "layers": layers.collect::<Vec<_>>(),
        "attribution": {
            "logit": lens.attribution.logit,
            "sum": lens.attribution.sum(),
            "parts": parts.collect::<Vec<_>>(),
        },
    })
}

fn table(
    model: &LoadedModel,
    tokens: &Tokens,
    lens: &Lens,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let label = |id: u32| model.label(id);
    let here = tokens
        .ids
        .get(lens.at)
        .map_or(String::new(), |id| label(*id));
    writeln!(out, "After token {}, {here}", thousands(lens.at))?;
    writeln!(out, "{}", lens_facts(model, lens))?;
    writeln!(out)?;
    writeln!(
        out,
        "after      {:>14}      rank   likeliest",
        format!("p({})", label(lens.of))
    )?;
    for layer in &lens.layers {
        let after = layer
            .layer
            .map_or("embedding".to_owned(), |n| format!("L{n}"));
        let own = layer.watched.first();
        let share = own.map_or(String::new(), |of| percentage(100.0 * of.guess.log_p.exp()));
        let rank = own.map_or(String::new(), |of| thousands(of.guess.rank));
        let top: Vec<String> = layer.top.iter().map(|of| label(of.guess.id)).collect();
        writeln!(
            out,
            "{after:<10} {share:>12} %  {rank:>8}   {}",
            top.join("  ")
        )?;
    }
    writeln!(out)?;
    let parts = lens.sorted();
    let less = lens
        .target
        .against
        .map(|id| format!(" less that of {}", label(id)));
    let cap = match model.network.architecture().output.cap {
        Some(_) => ", before the soft cap",
        None => "",
    };
    writeln!(
        out,
        "Logit of {}{}{cap}: {:.4}, the sum of {} parts",
        label(lens.of),
        less.unwrap_or_default(),
        lens.attribution.logit,
        thousands(parts.len())
    )?;
    for (part, value) in parts.iter().take(PARTS) {
        writeln!(out, "{:<26} {value:>+10.4}", part.to_string())?;
    }
    if parts.len() > PARTS {
        let rest: f64 = parts.iter().skip(PARTS).map(|(_, value)| value).sum();
        let count = format!("{} others", thousands(parts.len() - PARTS));
        writeln!(out, "{count:<26} {rest:>+10.4}")?;
    }
    Ok(())
}
