//! A long text with every head at hand: memory, and the time until a head's weights are there.

use super::forward::run;
use super::random::ids;
use super::series::{Series, timed};
use super::table::group;
use super::{Bar, BenchError, ModelFile, Pick, Row, Settings};
use spanscope_chart::thousands;
use spanscope_core::model::Span;
use spanscope_engine::peak_rss;
use std::path::Path;

/// The most that a run over 8,192 tokens of the 38M model may take, in bytes.
const MEMORY: f64 = 1.0e9;

/// The longest that the selected head's weights may take, in milliseconds.
const LOOK: f64 = 50.0;

pub(super) fn long(settings: &Settings, folder: &Path) -> Result<Vec<Row>, BenchError> {
    let network = ModelFile::Published.open(folder)?.network;
    let ids = ids(network.architecture().vocab_size, settings.long());
    let (seconds, run) = run(&network, &ids)?;
    let peak = peak_rss();
    let heads = sample(network.spans(), settings.count(20, 3));
    let mut looks = Series::default();
    for head in &heads {
        let mut of_head = Series::default();
        for _ in 0..settings.count(3, 1) {
            let (took, weights) = timed(|| run.head_weights(head.layer, head.head, 0, ids.len()));
            std::hint::black_box(&weights);
            of_head.push(took * 1e3);
        }
        looks.push(of_head.median());
    }
    let with_looks = peak_rss();
    let absolute = settings.absolute_bars();
    let longest = heads.first().map_or(0, |head| head.reach.keys());
    let speed = ids.len() as f64 / seconds;
    let mut rows = vec![Row::single(
        "tokens_per_second",
        "speed, run once",
        "tokens/s",
        speed,
    )];
    if let (Some(peak), Some(with_looks)) = (peak, with_looks) {
        let row = |id: &str, what: &str, peak: u64| {
            Row::single(id, what, "bytes", peak as f64).bar(Bar::AtMost(MEMORY), absolute)
        };
        rows.push(row("peak_bytes", "peak memory", peak));
        rows.push(row(
            "look_peak_bytes",
            "with a head's weights beside it",
            with_looks,
        ));
    }
    let look = |id: &str, what: &str, pick: Pick| {
        let row = Row::new(id, what, "ms", &looks).pick(pick);
        row.bar(Bar::AtMost(LOOK), absolute)
    };
    let what = format!("switching to a head, {} of them", heads.len());
    rows.push(look("look_ms", &what, Pick::Median));
    let what = format!("the slowest (the longest reaches {})", thousands(longest));
    rows.push(look("look_worst_ms", &what, Pick::Most));
    let title = format!("{} tokens, every head at hand", thousands(ids.len()));
    Ok(group(&title, "long_", rows))
}

/// The longest head, and others spread evenly over the heads by reach.
fn sample(mut spans: Vec<Span>, count: usize) -> Vec<Span> {
    // By layer and head where the reach is the same: the sort is stable.
    spans.sort_by_key(|span| std::cmp::Reverse(span.reach));
    let count = count.min(spans.len());
    let chosen = (0..count).filter_map(|i| spans.get(i * spans.len() / count));
    chosen.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanscope_core::model::Reach;

    #[test]
    fn the_sample_begins_with_the_longest_and_covers_all() {
        let span = |head: usize| Span {
            designed: spanscope_core::model::architecture::Window::Full,
            first: 0,
            columns: head + 32,
            layer: 0,
            head,
            span: 0.0,
            reach: Reach::of(head + 32),
            kept: head + 32,
            window: spanscope_core::model::architecture::Window::Full,
            nearest: 1,
            open: false,
        };
        let found = sample((0..96).map(span).collect(), 20);
        assert_eq!(found.len(), 20);
        assert_eq!(found[0].reach, 95 + 32);
        assert!(found.is_sorted_by(|a, b| a.reach > b.reach));
        assert!(found[19].reach < 40);
        assert_eq!(sample((0..2).map(span).collect(), 20).len(), 2);
    }
}
