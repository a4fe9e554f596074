//! How long a figure takes from numbers to a file on the disk.
//!
//! `cargo bench --bench figures` prints one table. Nothing here can fail: times belong in no test.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use spanscope::chart::{Figure, Format, HeadSpan, Heatmap, Scale, SpanChart, Style};
use std::time::Instant;

fn main() {
    println!(
        "{:<52} {:>9} {:>9} {:>9} {:>9}",
        "milliseconds, and KB", "first", "median", "most", "KB"
    );
    let folder = tempfile::tempdir().unwrap();
    let spans = |layers| spans(layers, 8);
    let row = |name: &str, figure: &dyn Figure, format: Format, times: usize| {
        let path = folder.path().join(format!("figure.{}", format.extension()));
        let mut all: Vec<f64> = Vec::new();
        for _ in 0..times {
            let start = Instant::now();
            figure.write(&path, &Style::default()).unwrap();
            all.push(start.elapsed().as_secs_f64() * 1e3);
        }
        // The first one also reads the fonts.
        let first = all.remove(0);
        all.sort_by(f64::total_cmp);
        let (median, most) = (all[all.len() / 2], all[all.len() - 1]);
        let kb = std::fs::metadata(&path).unwrap().len() as f64 / 1e3;
        let name = format!("{name}, {}", format.extension());
        println!("{name:<52} {first:>9.1} {median:>9.1} {most:>9.1} {kb:>9.1}");
    };
    for format in Format::ALL {
        row("span chart, 12 layers × 8 heads", &spans(12), format, 20);
    }
    row(
        "span chart, 36 layers × 8 heads",
        &spans(36),
        Format::Png,
        20,
    );
    for (tokens, times) in [(60, 10), (512, 10), (2048, 6)] {
        let map = heatmap(tokens);
        for format in [Format::Svg, Format::Pdf, Format::Png] {
            row(&format!("heatmap of {tokens} tokens"), &map, format, times);
        }
    }
    row("heatmap of 2048 tokens", &heatmap(2048), Format::Csv, 3);
}

/// As the paper's: most short, a few long.
fn spans(layers: usize, heads: usize) -> SpanChart {
    let long = [60, 69, 83, 93, 95];
    let of = |i: usize| match long.iter().position(|at| *at == i) {
        Some(at) => 1200.0 + 600.0 * at as f64,
        None if i / heads < 5 => 0.0,
        None => 10.0 + (i * 37 % 260) as f64,
    };
    SpanChart {
        heads: (0..layers * heads)
            .map(|i| HeadSpan {
                layer: i / heads,
                head: i % heads,
                span: Some(of(i)),
                reach: Some(of(i) as usize + 32),
            })
            .collect(),
        title: "enwik8".into(),
        limit: Some(8192),
        sort: true,
        ..SpanChart::default()
    }
}

/// Causal weights, as a head of the lower layers has them.
fn heatmap(tokens: usize) -> Heatmap {
    let mut values = vec![f32::NAN; tokens * tokens];
    for row in 0..tokens {
        for column in 0..row {
            let distance = (row - column) as f32;
            let noise = (row * 7919 + column * 104_729) % 997;
            values[row * tokens + column] =
                (0.002 + noise as f32 * 1e-6) * (1.0 + 40.0 * (-distance / 9.0).exp());
        }
    }
    Heatmap {
        title: "layer 3, head 2".into(),
        rows: tokens,
        cols: tokens,
        values,
        scale: Scale::Sqrt,
        row_axis: "query".into(),
        col_axis: "key".into(),
        ..Heatmap::default()
    }
}
