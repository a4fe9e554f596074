//! `attention`: one head's weights on a text.

use super::Usage;
use super::args::AttentionArgs;
use super::common::{Tokens, ending, may_write, progress, read, reads, say};
use super::recorded::{self, Recorded};
use super::what_if::open_changed;
use crate::analysis::HeadRecorder;
use crate::chart::{Figure, thousands};
use crate::engine::figures::{HeatmapStyle, heatmap};
use crate::engine::{Heads, LoadedModel, write_weights};
use crate::model::{BLOCK, Cancel, HeadId, HeadWeights, Run};
use crate::shown::shown_path;
use anyhow::Result;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

/// Longest text whose query × key matrix is drawn or listed: 16.8 million cells.
const MATRIX_TOKENS: usize = 4096;

/// Most numbers in one exported file: 2 GiB of them, which take three times that while they are written.
const LARGEST: usize = 1 << 29;

pub(super) fn run(args: &AttentionArgs, out: &mut impl Write) -> Result<()> {
    args.style.check(&args.output, true)?;
    let format = match &args.output {
        Some(path) => Some(ending(
            path,
            &["svg", "pdf", "png", "csv", "json", "safetensors"],
        )?),
        None => None,
    };
    if let Some(path) = &args.output {
        let reads = reads(&args.model, &args.input, &args.common);
        may_write(path, args.force, &reads)?;
    }
    let model = open_changed(&args.model, &args.common, &args.what_if)?;
    let (layer, head) = (args.layer, args.head);
    let architecture = model.network.architecture();
    let known = architecture.head(HeadId { layer, head });
    known.map_err(|error| Usage(error.to_string()))?;
    let recorded = recorded::text_of(&model, &args.input, args.index)?;
    let (tokens, queries) = match &recorded {
        Some(recorded) => (recorded.tokens(&model)?, recorded.kept()?),
        None => {
            let tokens = read(&model, &args.input, &args.common)?;
            let queries = 0..tokens.ids.len();
            (tokens, queries)
        }
    };
    let place = HeadId { layer, head };
    check_size(&model, &tokens, &queries, place, format)?;
    let weights = measure(
        &model,
        &tokens,
        recorded.as_ref(),
        &queries,
        place,
        args.common.quiet,
    )?;
    let figure = |weights: HeadWeights| {
        // Of a part of a text, the keys that its first query can see are the first.
        let first_key = weights.keys(queries.start).start;
        let style = HeatmapStyle {
            columns: first_key..usize::MAX,
            ..HeatmapStyle::default()
        };
        let mut figure = heatmap(
            &model,
            &tokens.ids,
            &weights.into(),
            &Heads::one(HeadId { layer, head }),
            queries.clone(),
            style,
        );
        if let Some(title) = &args.style.title {
            figure.title.clone_from(title);
        }
        figure
    };
    match (&args.output, format) {
        (Some(path), Some("safetensors")) => {
            let heads = Heads::one(HeadId { layer, head });
            write_weights(path, &model, &weights.into(), &heads, &tokens.source)?;
        }
        (Some(path), _) => args.style.write(&figure(weights), path)?,
        (None, _) => {
            let table = figure(weights).csv()?;
            out.write_all(table.as_bytes())?;
        }
    }
    if let (Some(path), false) = (&args.output, args.common.quiet) {
        say(format_args!("wrote {}", shown_path(path)));
    }
    Ok(())
}

/// Runs over the text, or takes the recorded run of it, keeping of the run no more than its tokens can see, and of the
/// weights this head's.
fn measure(
    model: &LoadedModel,
    tokens: &Tokens,
    recorded: Option<&Recorded>,
    queries: &Range<usize>,
    HeadId { layer, head }: HeadId,
    quiet: bool,
) -> Result<HeadWeights> {
    let architecture = model.network.architecture();
    let spans = model.network.spans();
    let span = spans
        .get(layer * architecture.nb_heads() + head)
        .ok_or_else(|| Usage(format!("there is no {}", HeadId { layer, head }.in_words())))?;
    let recorder = HeadRecorder::over(span, architecture.persistent(), queries.clone());
    if let Some(recorded) = recorded {
        recorded.replay(model, &recorder, quiet)?;
        return Ok(recorder.finish());
    }
    let bar = progress(tokens.ids.len(), quiet);
    let mut run = Run::new(Arc::clone(&model.network));
    run.for_length(tokens.ids.len());
    for block in tokens.ids.chunks(BLOCK) {
        run.extend(block, BLOCK, &Cancel::default(), &recorder)?;
        run.forget();
        bar.inc(block.len() as u64);
    }
    bar.finish_and_clear();
    Ok(recorder.finish())
}

/// Refuses what would fill the memory or draw more cells than a picture has pixels.
fn check_size(
    model: &LoadedModel,
    tokens: &Tokens,
    queries: &Range<usize>,
    HeadId { layer, head }: HeadId,
    format: Option<&str>,
) -> Result<()> {
    let n = queries.len();
    if format == Some("safetensors") {
        let spans = model.network.spans();
        let reach = spans
            .iter()
            .find(|s| s.layer == layer && s.head == head)
            .map_or(0, |s| s.seen(queries.end));
        let row = reach + model.network.architecture().persistent() + 1;
        if n.saturating_mul(row) > LARGEST {
            anyhow::bail!(
                "{}: {} tokens × {} weights make a file of more than 2 GiB; pass at most {} tokens at a time",
                tokens.source,
                thousands(n),
                thousands(row),
                thousands(LARGEST / row)
            );
        }
    } else if n > MATRIX_TOKENS {
        anyhow::bail!(
            "{}: {} tokens are too many for a query × key matrix (at most {}); pass a shorter text, or write query × distance with -o FILE.safetensors",
            tokens.source,
            thousands(n),
            thousands(MATRIX_TOKENS)
        );
    }
    Ok(())
}
