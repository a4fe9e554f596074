//! `eval`: bits per token and per byte, speed and memory on a text.

use super::Usage;
use super::args::EvalArgs;
use super::common::{Tokens, ending, may_write, progress, read, reads, say};
use super::recorded::{self, Recorded};
use super::what_if::open_changed;
use crate::analysis::cost::{self, Extent};
use crate::chart::{reach_words, thousands};
use crate::checkpoint::{
    Dtype, Element, NamedTensor, PlannedTensor, TensorFile, write_safetensors,
};
use crate::engine::figures::provenance;
use crate::engine::{LoadedModel, peak_rss};
use crate::model::{BLOCK, Cancel, NoObserver, Run};
use crate::shown::shown_path;
use anyhow::Result;
use std::collections::BTreeMap;
use std::f64::consts::LN_2;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most numbers in the file of log-probabilities: 2 GiB of them.
const LARGEST: usize = 1 << 29;

/// Rows of them that are at hand at a time: a row is as wide as the vocabulary.
const ROWS: usize = 64;

/// What the tensor of them is called.
const LOG_PROBS: &str = "log_probs";

/// What was measured.
pub(super) struct Score {
    /// −log p of every token but the first, in nats.
    pub nll: Vec<f32>,
    /// The run over the ids, as far as it has not forgotten them.
    pub run: Run,
    /// Not a number where it was recorded elsewhere.
    pub seconds: f64,
}

impl Score {
    /// The mean over all predictions, in nats.
    pub fn nats(&self) -> f64 {
        self.nll.iter().map(|&n| f64::from(n)).sum::<f64>() / self.nll.len().max(1) as f64
    }
}

pub(super) fn run(args: &EvalArgs, out: &mut impl Write) -> Result<()> {
    if let Some(path) = &args.log_probs {
        ending(path, &["safetensors"])?;
        let reads = reads(&args.model, &args.input, &args.common);
        may_write(path, args.force, &reads)?;
    }
    let model = open_changed(&args.model, &args.common, &args.what_if)?;
    if let Some(recorded) = recorded::text_of(&model, &args.input, args.index)? {
        return of_recorded(args, &model, &recorded, out);
    }
    let tokens = read(&model, &args.input, &args.common)?;
    if tokens.ids.len() < 2 {
        anyhow::bail!(
            "{}: one token alone predicts nothing that could be checked; pass a longer text",
            tokens.source
        );
    }
    let width = model.network.architecture().vocab_size;
    let adaptive = model.network.architecture().clusters().is_some();
    if args.log_probs.is_some() && !adaptive && tokens.ids.len().saturating_mul(width) > LARGEST {
        anyhow::bail!(
            "{}: log-probabilities of {} tokens × {} make a file of more than 2 GiB; pass at most {} tokens at a time, or leave --log-probs out",
            tokens.source,
            thousands(tokens.ids.len()),
            thousands(width),
            thousands(LARGEST / width)
        );
    }
    let mut file = match &args.log_probs {
        Some(path) if !adaptive => Some(log_prob_file(&model, &tokens, path)?),
        _ => None,
    };
    let score = score(&model, &tokens.ids, args.common.quiet, |run, range| {
        if let Some(file) = &mut file {
            for from in range.clone().step_by(ROWS) {
                let rows = run.log_probs(from, (from + ROWS).min(range.end));
                let bytes: Vec<u8> = rows.iter().flat_map(|p| p.to_le_bytes()).collect();
                file.write(LOG_PROBS, from * width, &bytes)?;
            }
        }
        run.forget();
        Ok(())
    })?;
    check_finite(&score, &args.model, &tokens)?;
    if let Some(path) = &args.log_probs {
        match file {
            Some(file) => file.finish()?,
            None => write_nll(&model, &score, &tokens, path)?,
        }
        if !args.common.quiet {
            say(format_args!("wrote {}", shown_path(path)));
        }
    }
    report(&score, &tokens, args.json, out)
}

/// Refuses numbers of which there is no mean.
fn check_finite(score: &Score, model: &Path, tokens: &Tokens) -> Result<()> {
    match score.nll.iter().position(|nats| !nats.is_finite()) {
        None => Ok(()),
        Some(at) => anyhow::bail!(
            "{}: the surprisal of token {} of {} is infinite or no number, so there is no mean; the training may have diverged: try \
             an earlier checkpoint",
            shown_path(model),
            at + 1,
            tokens.source
        ),
    }
}

/// What was measured when a run was recorded: all but the speed.
fn of_recorded(
    args: &EvalArgs,
    model: &LoadedModel,
    recorded: &Recorded,
    out: &mut impl Write,
) -> Result<()> {
    if args.log_probs.is_some() {
        let said = "a recorded run has the likeliest tokens only: leave --log-probs out, or pass the model";
        return Err(Usage(said.into()).into());
    }
    let tokens = recorded.tokens(model)?;
    let score = Score {
        nll: recorded.file.nll(recorded.text.index)?,
        run: Run::new(Arc::clone(&model.network)),
        seconds: f64::NAN,
    };
    report(&score, &tokens, args.json, out)
}

/// Runs the model over the ids, block by block; `each` may use the run after every block, and is not timed.
pub(super) fn score(
    model: &LoadedModel,
    ids: &[u32],
    quiet: bool,
    mut each: impl FnMut(&mut Run, Range<usize>) -> Result<()>,
) -> Result<Score> {
    let bar = progress(ids.len(), quiet);
    let cancel = Cancel::default();
    let mut time = Duration::ZERO;
    let mut run = Run::new(Arc::clone(&model.network));
    run.for_length(ids.len());
    let mut nll = Vec::with_capacity(ids.len().saturating_sub(1));
    for (i, block) in ids.chunks(BLOCK).enumerate() {
        let start = Instant::now();
        run.extend(block, BLOCK, &cancel, &NoObserver)?;
        let (from, to) = (i * BLOCK, i * BLOCK + block.len());
        let targets = ids.get(from + 1..ids.len().min(to + 1));
        nll.extend(run.nll(from, targets.unwrap_or_default(), &cancel)?);
        time += start.elapsed();
        each(&mut run, from..to)?;
        bar.inc(block.len() as u64);
    }
    bar.finish_and_clear();
    Ok(Score {
        nll,
        run,
        seconds: time.as_secs_f64(),
    })
}

/// What a file of probabilities says of itself.
fn metadata(model: &LoadedModel, tokens: &Tokens) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("provenance".to_owned(), provenance(model).to_string()),
        ("text".to_owned(), tokens.source.clone()),
    ])
}

/// The file of the log-probabilities of all tokens after each, row by row to be written.
fn log_prob_file(model: &LoadedModel, tokens: &Tokens, path: &Path) -> Result<TensorFile> {
    let shape = [tokens.ids.len(), model.network.architecture().vocab_size];
    let tensor = PlannedTensor::new(LOG_PROBS, Element::F32, &shape);
    Ok(TensorFile::create(
        path,
        &[tensor],
        &metadata(model, tokens),
    )?)
}

/// Where the output is adaptive: only what the tokens of the text have.
fn write_nll(model: &LoadedModel, score: &Score, tokens: &Tokens, path: &Path) -> Result<()> {
    let mut values = score.nll.clone();
    // The last token's successor is not known.
    values.push(f32::NAN);
    let tensor = NamedTensor {
        name: "nll".into(),
        shape: vec![tokens.ids.len()],
        values,
    };
    Ok(write_safetensors(
        path,
        &[tensor],
        &BTreeMap::new(),
        Dtype::F32,
        &metadata(model, tokens),
    )?)
}

/// Bits per byte of the text that the tokens stand for; `None` where no text was given.
pub(super) fn bits_per_byte(score: &Score, tokens: &Tokens) -> Option<f64> {
    // Bytes that the vocabulary lacks were not predicted, so they are none to divide by.
    let bytes = tokens
        .predicted_bytes
        .filter(|&bytes| bytes > 0 && tokens.unknown == 0)?;
    Some(score.nats() * score.nll.len() as f64 / LN_2 / bytes as f64)
}

/// Mean reach of all heads, in tokens (none where one has no end), and operations per token of a text of `tokens`, the output layer included where it is
/// the same for all tokens.
fn cost_of(run: &Run, tokens: usize) -> (Option<f64>, f64) {
    let network = run.network();
    let (architecture, spans) = (network.architecture(), network.spans());
    let distances = cost::distances(architecture, &spans, Extent::Head);
    let sum = spans.iter().map(|span| span.reach.end());
    let sum: Option<usize> = sum.sum();
    let reach = sum.map(|sum| sum as f64 / spans.len().max(1) as f64);
    let layers =
        cost::flops(architecture, &distances, 0..tokens).total() as f64 / tokens.max(1) as f64;
    (
        reach,
        layers + cost::output_flops(architecture).unwrap_or(0) as f64,
    )
}

fn report(score: &Score, tokens: &Tokens, json: bool, out: &mut impl Write) -> Result<()> {
    let (nats, n) = (score.nats(), tokens.ids.len());
    let speed = n as f64 / score.seconds;
    let per_byte = bits_per_byte(score, tokens);
    let memory = peak_rss();
    if !nats.is_finite() {
        say(format_args!(
            "the bits are not a number: {} of {} predictions are not finite. The weights may be damaged, or the training diverged",
            thousands(score.nll.iter().filter(|nll| !nll.is_finite()).count()),
            thousands(score.nll.len())
        ));
    }
    let (reach, flops) = cost_of(&score.run, n);
    if json {
        let report = serde_json::json!({
            "tokens": n,
            "unknown": tokens.unknown,
            "known_share": tokens.known_share,
            "nats_per_token": nats,
            "bits_per_token": nats / LN_2,
            "bits_per_byte": per_byte,
            "tokens_per_second": speed,
            "seconds": score.seconds,
            "peak_rss_bytes": memory,
            "mean_reach": reach,
            "flops_per_token": flops,
        });
        writeln!(out, "{report:#}")?;
        return Ok(());
    }
    writeln!(out, "bits per token  {:.6} ({nats:.6} nats)", nats / LN_2)?;
    match per_byte {
        Some(bits) => writeln!(out, "bits per byte   {bits:.6}")?,
        None if tokens.unknown > 0 => writeln!(
            out,
            "bits per byte   not known: the vocabulary lacks pieces of the text"
        )?,
        None => writeln!(out, "bits per byte   not known: ids were given")?,
    }
    let known = match tokens.unknown {
        0 if tokens.predicted_bytes.is_none() => "0 unknown pieces left out".to_owned(),
        0 => "0 unknown pieces left out (all of the text is in the vocabulary)".to_owned(),
        unknown => format!(
            "{} unknown pieces left out ({:.1} % of the text)",
            thousands(unknown),
            100.0 * (1.0 - tokens.known_share)
        ),
    };
    writeln!(
        out,
        "tokens          {}, {} predictions, {known}",
        thousands(n),
        thousands(score.nll.len()),
    )?;
    let reach = reach.map_or_else(|| reach_words(None), |reach| format!("{reach:.1} tokens"));
    writeln!(out, "mean reach      {reach}")?;
    writeln!(
        out,
        "operations      {:.2} million per token, each head computing its own reach",
        flops / 1e6
    )?;
    if score.seconds.is_nan() {
        writeln!(out, "speed           not known: the run was recorded")?;
        return Ok(());
    }
    writeln!(
        out,
        "speed           {} tokens/s, {:.2} s",
        thousands(speed.round() as usize),
        score.seconds
    )?;
    if let Some(bytes) = memory {
        writeln!(
            out,
            "peak memory     {} MiB",
            thousands((bytes >> 20) as usize)
        )?;
    }
    Ok(())
}
