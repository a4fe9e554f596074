//! What the measures of all heads cost beside a run without them: all sums together, and each measure alone.
//!
//! `cargo bench --bench measures [-- MODEL] [--tokens 2000] [--repeat 7] [--threads 2]`; without a model the bundled one that was trained on
//! Shakespeare. Every turn runs over the same ids as `eval` does, forgetting what no token can see any more, once without any measure and once
//! with each; the quotients are medians over the turns. Nothing here can fail: times belong in no test.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use spanscope::analysis::row_measures::{Mean, Occurrences, Row, add_norm_weighted};
use spanscope::analysis::sums::{SumRecorder, Totals};
use spanscope::bench::random;
use spanscope::engine::{LoadedModel, SAMPLES};
use spanscope::model::{BLOCK, Cancel, HeadWeights, Network, NoObserver, Observer, Run};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Instant;

/// The bars: of all sums together, and of one alone.
const BARS: (f64, f64) = (0.25, 0.05);

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (mut model, mut tokens, mut repeat, mut threads) = (None, 2_000, 7, 2);
    while let Some(arg) = args.next() {
        let mut value = || {
            args.next()
                .expect("a value after the option")
                .parse()
                .unwrap()
        };
        match arg.as_str() {
            "--tokens" => tokens = value(),
            "--repeat" => repeat = value(),
            "--threads" => threads = value(),
            _ => model = Some(arg),
        }
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .unwrap();
    let model = match model {
        Some(path) => LoadedModel::open(path.as_ref(), None, None).unwrap(),
        None => LoadedModel::open_sample(&SAMPLES[0]).unwrap(),
    };
    let network = &model.network;
    let ids = random::ids(network.architecture().vocab_size, tokens);
    println!("{}: {tokens} tokens, {repeat} turns", model.name());
    println!(
        "{:<44} {:>9} {:>9} {:>9} {:>9}",
        "", "median", "least", "most", "overhead"
    );
    let kinds = kinds();
    let mut times = vec![Vec::new(); kinds.len()];
    // The first turn wakes threads and caches.
    for turn in 0..=repeat {
        for (kind, times) in kinds.iter().zip(&mut times) {
            let took = once(network, &ids, *kind);
            if turn > 0 {
                times.push(took);
            }
        }
    }
    let base = times[0].clone();
    for (kind, times) in kinds.iter().zip(&mut times) {
        let mut over: Vec<f64> = times.iter().zip(&base).map(|(a, b)| a / b - 1.0).collect();
        over.sort_by(f64::total_cmp);
        times.sort_by(f64::total_cmp);
        let over = over[over.len() / 2];
        let bar = match kind {
            Kind::Nothing => None,
            Kind::All => Some(BARS.0),
            _ => Some(BARS.1),
        };
        let verdict = bar.map_or(String::new(), |bar| match over <= bar {
            true => format!("bar {:.0} %", 100.0 * bar),
            false => format!("bar {:.0} %: missed", 100.0 * bar),
        });
        println!(
            "{:<44} {:>6.1} ms {:>6.1} ms {:>6.1} ms {:>7.1} %  {verdict}",
            kind.name(),
            times[times.len() / 2],
            times[0],
            times[times.len() - 1],
            100.0 * over
        );
    }
}

/// What is measured in a run.
#[derive(Clone, Copy)]
enum Kind {
    /// As `eval` runs.
    Nothing,
    /// The weight by distance: effective spans, mean and variance of distance.
    Distances,
    /// The mean of one measure of single rows.
    One(Mean),
    /// The span of every query.
    Spans,
    /// What heads write: output norm, and the norm-weighted span.
    Norms,
    /// All of them, as `effective-spans` measures.
    All,
}

fn kinds() -> Vec<Kind> {
    let rows = Mean::ALL
        .into_iter()
        .filter(|mean| *mean != Mean::OutputNorm);
    let mut all = vec![Kind::Nothing, Kind::All, Kind::Distances];
    all.extend(rows.map(Kind::One));
    all.extend([Kind::Spans, Kind::Norms]);
    all
}

impl Kind {
    fn name(self) -> String {
        match self {
            Self::Nothing => "eval".into(),
            Self::Distances => "  weight by distance".into(),
            Self::One(mean) => format!("  {}", mean.column()),
            Self::Spans => "  span of every query".into(),
            Self::Norms => "  output norm and norm-weighted span".into(),
            Self::All => "all sums of effective-spans".into(),
        }
    }
}

/// Milliseconds of a run.
fn once(network: &Arc<Network>, ids: &[u32], kind: Kind) -> f64 {
    let start = Instant::now();
    match kind {
        Kind::Nothing => over(network, ids, &NoObserver),
        Kind::Distances => {
            let recorder = SumRecorder::new(network, false);
            over(network, ids, &recorder);
            recorder.finish(Totals::default()).unwrap();
        }
        Kind::All => {
            let recorder = SumRecorder::new(network, false).measuring(network, ids, 1);
            over(network, ids, &recorder);
            recorder.finish(Totals::default()).unwrap();
        }
        kind => {
            let alone = Alone::new(network, ids, kind);
            over(network, ids, &alone);
            std::hint::black_box(alone.heads.len());
        }
    }
    start.elapsed().as_secs_f64() * 1e3
}

/// A run as `eval` does it.
fn over(network: &Arc<Network>, ids: &[u32], observer: &dyn Observer) {
    let cancel = Cancel::default();
    let mut run = Run::new(Arc::clone(network));
    run.for_length(ids.len());
    for (i, block) in ids.chunks(BLOCK).enumerate() {
        run.extend(block, BLOCK, &cancel, observer).unwrap();
        let from = i * BLOCK;
        let next = from + 1..ids.len().min(from + block.len() + 1);
        run.nll(from, ids.get(next).unwrap_or_default(), &cancel)
            .unwrap();
        run.forget();
    }
}

/// One measure of every head, added up.
struct Alone {
    kind: Kind,
    text: Occurrences,
    per_layer: usize,
    heads: Vec<OneHead>,
}

#[derive(Default)]
struct OneHead {
    sum: Mutex<(u64, f64)>,
    norms: RwLock<(usize, Vec<f32>)>,
    by_distance: Mutex<Vec<f32>>,
}

impl Alone {
    fn new(network: &Network, ids: &[u32], kind: Kind) -> Self {
        let spans = network.spans();
        Self {
            kind,
            text: Occurrences::of(ids),
            per_layer: network.architecture().nb_heads(),
            heads: spans.iter().map(|_| OneHead::default()).collect(),
        }
    }
}

impl Observer for Alone {
    fn head(&self, layer: usize, head: usize, weights: &HeadWeights) {
        let of = &self.heads[layer * self.per_layer + head];
        let (mut count, mut sum) = (0, 0.0);
        let mut written = vec![0.0; weights.reach];
        // The last first, as they are added.
        let last = weights.positions().last().unwrap_or(weights.first);
        let seen = weights.keys(weights.first).start..weights.keys(last).end;
        let norms: Vec<f32> = match self.kind {
            Kind::Norms => {
                let norms = of.norms.read().unwrap();
                let at = seen.start - norms.0..seen.end - norms.0;
                norms.1[at].iter().rev().copied().collect()
            }
            _ => Vec::new(),
        };
        for query in weights.positions() {
            let row = Row {
                weights: weights.on_text(query),
                later: weights.on_later(query),
                query,
                nearest: weights.nearest,
                learned_sink: weights.off_text(query).sink,
            };
            let value = match self.kind {
                Kind::One(mean) => row.one(mean, &self.text),
                Kind::Spans => row.span().map_or(f64::NAN, |span| span as f64),
                Kind::Norms => {
                    let keys = weights.keys(query);
                    let seen = &norms[seen.end - keys.end..seen.end - keys.start];
                    add_norm_weighted(&mut written, row.weights, seen);
                    continue;
                }
                _ => continue,
            };
            if !value.is_nan() {
                (count, sum) = (count + 1, sum + value);
            }
        }
        if matches!(self.kind, Kind::Norms) {
            let mut all = of.by_distance.lock().unwrap();
            let longest = all.len().max(written.len());
            all.resize(longest, 0.0);
            all.iter_mut()
                .zip(&written)
                .for_each(|(sum, more)| *sum += more);
        } else {
            let mut all = of.sum.lock().unwrap();
            *all = (all.0 + count, all.1 + sum);
        }
    }

    fn wants_norms(&self) -> bool {
        matches!(self.kind, Kind::Norms)
    }

    fn value_norms(&self, layer: usize, head: usize, first: usize, norms: &[f32]) {
        let of = &self.heads[layer * self.per_layer + head];
        let mut all = of.norms.write().unwrap();
        let kept = first - all.0;
        all.1.truncate(kept);
        all.1.extend_from_slice(norms);
    }

    fn output_norms(&self, layer: usize, head: usize, _: usize, norms: &[f32]) {
        let of = &self.heads[layer * self.per_layer + head];
        let mut sum = of.sum.lock().unwrap();
        let more: f64 = norms.iter().copied().map(f64::from).sum();
        *sum = (sum.0 + norms.len() as u64, sum.1 + more);
    }
}
