//! `eval`: bits per token, speed and memory on a text.

use super::{Common, Input};
use crate::checkpoint::{Dtype, NamedTensor, write_safetensors};
use crate::engine::{EngineError, Model};
use crate::model::{BLOCK, Blind, Cancel, Run};
use anyhow::Result;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

pub(super) fn run(
    model: &Model,
    input: &Input,
    json: bool,
    log_probs: Option<&Path>,
    common: &Common,
    out: &mut impl Write,
) -> Result<()> {
    let prepared = model.prepare_file(input.text.as_deref(), input.ids.as_deref())?;
    let ids = prepared.ids;
    if prepared.unknown > 0 && !common.quiet {
        eprintln!(
            "{} pieces of the text are not in the vocabulary and were left out",
            prepared.unknown
        );
    }
    if ids.len() < 2 {
        return Err(EngineError::NoTokens.into());
    }
    let bar = if common.quiet {
        indicatif::ProgressBar::hidden()
    } else {
        indicatif::ProgressBar::new(ids.len() as u64)
    };
    let cancel = Cancel::default();
    let start = Instant::now();
    let mut run = Run::new(Arc::clone(&model.network));
    for block in ids.chunks(BLOCK) {
        run.extend(block, BLOCK, &cancel, &Blind)?;
        bar.inc(block.len() as u64);
    }
    let mut nll = run.nll(0, &ids[1..], &cancel)?;
    let seconds = start.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let nats = nll.iter().map(|&n| f64::from(n)).sum::<f64>() / nll.len() as f64;
    if let Some(path) = log_probs {
        let config = model.network.config();
        let tensor = if config.adapt_io.is_some() {
            // The last token's successor is not known.
            nll.push(f32::NAN);
            NamedTensor {
                name: "nll".into(),
                shape: vec![ids.len()],
                values: nll,
            }
        } else {
            let shape = vec![ids.len(), config.vocab_size];
            NamedTensor {
                name: "log_probs".into(),
                shape,
                values: run.log_probs(0, ids.len())?,
            }
        };
        write_safetensors(
            path,
            &[tensor],
            &BTreeMap::new(),
            Dtype::F32,
            &BTreeMap::new(),
        )?;
    }
    let report = serde_json::json!({
        "tokens": ids.len(),
        "nats_per_token": nats,
        "bits_per_token": nats / std::f64::consts::LN_2,
        "tokens_per_second": ids.len() as f64 / seconds,
        "seconds": seconds,
        "peak_rss_bytes": peak_rss(),
    });
    if json {
        writeln!(out, "{report:#}")?;
    } else {
        let bits = nats / std::f64::consts::LN_2;
        writeln!(
            out,
            "{bits:.6} bits per token over {} predictions, {:.0} tokens/s",
            ids.len() - 1,
            ids.len() as f64 / seconds
        )?;
    }
    Ok(())
}

/// The largest resident size of this process, where the system tells (Linux).
fn peak_rss() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(
        line.trim()
            .trim_end_matches(" kB")
            .trim()
            .parse::<u64>()
            .ok()?
            * 1024,
    )
}
