//! A text at once: tokens per second, the share of the machine's matrix product that is, and what S adds.

use super::machine::Sgemm;
use super::random::ids;
use super::series::{Series, timed};
use super::table::group;
use super::{Bar, BenchError, ModelFile, Row, Settings};
use spanscope_chart::thousands;
use spanscope_core::analysis::cost::{Extent, distances, flops};
use spanscope_core::model::{BLOCK, Cancel, ModelError, Network, NoObserver, Run};
use spanscope_engine::peak_rss;
use std::path::Path;
use std::sync::Arc;

/// Seconds that a run from nothing takes, with the run: everything that a look at a head needs is kept.
pub(super) fn run(network: &Arc<Network>, ids: &[u32]) -> Result<(f64, Run), ModelError> {
    let (seconds, (result, run)) = timed(|| {
        let mut run = Run::new(Arc::clone(network));
        (run.extend(ids, BLOCK, &Cancel::default(), &NoObserver), run)
    });
    result?;
    Ok((seconds, run))
}

pub(super) fn prefill(settings: &Settings, folder: &Path) -> Result<Vec<Row>, BenchError> {
    let title = format!("{} tokens at once", thousands(settings.tokens));
    let mut rows = share(settings, folder, ModelFile::Published)?;
    if let Some(row) = rows.first_mut() {
        *row = row
            .clone()
            .bar(Bar::AtLeast(2000.0), settings.absolute_bars());
    }
    Ok(group(&title, "prefill_", rows))
}

pub(super) fn all_attention(settings: &Settings, folder: &Path) -> Result<Vec<Row>, BenchError> {
    let name = settings.size.all_attention().map_or("", super::Size::name);
    let title = format!("{} tokens at once, {name}", thousands(settings.tokens));
    let rows = share(settings, folder, ModelFile::AllAttention)?;
    Ok(group(&title, "all_attention_", rows))
}

/// Runs and matrix products in turns. Every run is held against the mean of the products before and after it.
fn share(settings: &Settings, folder: &Path, file: ModelFile) -> Result<Vec<Row>, BenchError> {
    let network = file.open(folder)?.network;
    let architecture = network.architecture();
    let ids = ids(architecture.vocab_size, settings.tokens);
    let each = distances(architecture, &network.spans(), Extent::Head);
    let useful = flops(architecture, &each, 0..ids.len()).total() as f64;
    // The first run is not timed; it shows the memory needed before the products below need any.
    run(&network, &ids)?;
    let peak = peak_rss();
    let sgemm = Sgemm::fastest(settings.quick)?;
    let (mut speed, mut rate) = (Series::default(), Series::default());
    let (mut products, mut beside) = (Series::default(), Series::default());
    let mut before = sgemm.rate()?;
    products.push(before);
    for _ in 0..settings.repeat {
        let (seconds, _) = run(&network, &ids)?;
        let after = sgemm.rate()?;
        speed.push(ids.len() as f64 / seconds);
        rate.push(useful / seconds);
        products.push(after);
        beside.push((before + after) / 2.0);
        before = after;
    }
    let giga = |series: &Series| series.map(|rate| rate / 1e9);
    let what = format!("a matrix product by itself, {}", sgemm.shape());
    let per_token = useful / 1e6 / ids.len() as f64;
    let mut rows = vec![
        Row::new("tokens_per_second", "speed", "tokens/s", &speed),
        Row::single(
            "mflop_per_token",
            "operations that a token needs",
            "MFLOP",
            per_token,
        ),
        Row::new("gflops", "operations per second", "GFLOP/s", &giga(&rate)),
        Row::new("sgemm_gflops", what, "GFLOP/s", &giga(&products)),
        Row::new(
            "sgemm_share",
            "share of the product's rate",
            "× sgemm",
            &rate.over(&beside),
        )
        .bar(Bar::AtLeast(0.75), settings.bars()),
    ];
    if let Some(peak) = peak {
        rows.push(Row::single(
            "peak_bytes",
            "peak memory",
            "bytes",
            peak as f64,
        ));
    }
    Ok(rows)
}

/// Networks that differ in S alone, in turns.
pub(super) fn span(settings: &Settings, folder: &Path) -> Result<Vec<Row>, BenchError> {
    let wide = ModelFile::Wide.open(folder)?.network;
    let narrow = ModelFile::Narrow.open(folder)?.network;
    let ids = ids(wide.architecture().vocab_size, settings.tokens);
    let per_token = |seconds: f64| seconds * 1e3 / ids.len() as f64;
    let (mut of_wide, mut of_narrow) = (Series::default(), Series::default());
    for i in 0..=settings.repeat {
        // Each goes first every other time.
        let (wide_took, narrow_took) = if i % 2 == 0 {
            let wide_took = run(&wide, &ids)?.0;
            (wide_took, run(&narrow, &ids)?.0)
        } else {
            let narrow_took = run(&narrow, &ids)?.0;
            (run(&wide, &ids)?.0, narrow_took)
        };
        // The first round is for warming up.
        if i > 0 {
            of_wide.push(per_token(wide_took));
            of_narrow.push(per_token(narrow_took));
        }
    }
    let limit = |network: &Network| thousands(network.architecture().limit().keys());
    let (s, small) = (limit(&wide), limit(&narrow));
    let longest = wide.spans().iter().map(|span| span.reach.keys()).max();
    let title = format!(
        "{} tokens at once, the same spans (the longest reaches {}) under two S",
        thousands(settings.tokens),
        longest.unwrap_or(0)
    );
    let ratio = of_wide.over(&of_narrow);
    let (of, unit) = (
        |s: &str| format!("a token, S = {s}"),
        format!("× S = {small}"),
    );
    let rows = vec![
        Row::new("wide_ms_per_token", of(&s), "ms", &of_wide),
        Row::new("narrow_ms_per_token", of(&small), "ms", &of_narrow),
        Row::new("cost_ratio", "the one against the other", &unit, &ratio)
            .bar(Bar::AtMost(1.05), settings.bars()),
    ];
    Ok(group(&title, "span_", rows))
}
