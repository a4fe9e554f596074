//! How long a person waits: opening, the first picture, a keystroke, letting go of a stale run.
//!
//! `cargo bench --bench engine` prints one table. Nothing here can fail: times belong in no test.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use spanscope::bench::Size;
use spanscope::bench::random::{self, Entry};
use spanscope::checkpoint::{Dtype, NamedTensor, write_safetensors};
use spanscope::engine::{Engine, Heads, LoadedModel, Queries, SAMPLES, Snapshot, Source};
use spanscope::model::{BLOCK, Cancel, HeadId, NoObserver, Run};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

fn main() {
    println!(
        "{:<58} {:>9} {:>9} {:>9}",
        "milliseconds", "median", "least", "most"
    );
    for sample in &SAMPLES {
        row(&format!("open {}", sample.name), 15, || {
            let start = Instant::now();
            LoadedModel::open_sample(sample).unwrap();
            start.elapsed()
        });
    }
    row("from start to everything known, sample text", 15, || {
        let start = Instant::now();
        let text: Arc<str> = SAMPLES[0].text.into();
        let (engine, news) = engine(Source::Sample(&SAMPLES[0]), Arc::clone(&text));
        wait(&engine, &news, |s| settled(s, text.len()));
        start.elapsed()
    });
    for length in [1_000, 8_000] {
        append(length);
    }
    undo(8_000);
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.safetensors");
    random_model(&large);
    row(
        "open a random model of enwik8's size (38M, 16 bit)",
        5,
        || {
            let start = Instant::now();
            LoadedModel::open(&large, None, None).unwrap();
            start.elapsed()
        },
    );
    let model = LoadedModel::open(&large, None, None).unwrap();
    let mut delay = 0;
    row(
        "from cancelling to letting go, that model, 4,096 tokens",
        15,
        || {
            delay += 1;
            cancel(&model, Duration::from_millis(150 + 37 * delay))
        },
    );
}

fn row(name: &str, times: usize, mut once: impl FnMut() -> Duration) {
    let mut all: Vec<f64> = (0..times).map(|_| once().as_secs_f64() * 1e3).collect();
    all.sort_by(f64::total_cmp);
    let (median, least, most) = (all[times / 2], all[0], all[times - 1]);
    println!("{name:<58} {median:>9.1} {least:>9.1} {most:>9.1}");
}

fn engine(model: Source, text: Arc<str>) -> (Engine, Receiver<()>) {
    let (sender, receiver) = channel();
    let notify = move || {
        // The bench may have seen enough.
        let _ = sender.send(());
    };
    (Engine::start(model, text, notify), receiver)
}

fn wait(engine: &Engine, news: &Receiver<()>, done: impl Fn(&Snapshot) -> bool) {
    while !done(&engine.snapshot()) {
        news.recv().unwrap();
    }
}

/// Every view's numbers are there: the run, the shares, and the selected head's weights.
fn settled(snapshot: &Snapshot, tokens: usize) -> bool {
    let looked = snapshot.detail.as_ref().map(|d| d.end());
    !snapshot.busy && snapshot.done == tokens && looked == Some(tokens)
}

/// One more character at the end of a text of `length`.
fn append(length: usize) {
    let mut text: String = SAMPLES[0].text.chars().cycle().take(length).collect();
    let (engine, news) = engine(Source::Sample(&SAMPLES[0]), text.as_str().into());
    engine.look(Queries {
        heads: Heads::one(HeadId::new(3, 1)),
        // As every window asks: the list of heads is always there.
        survey: true,
        ..Queries::default()
    });
    wait(&engine, &news, |s| settled(s, length));
    row(
        &format!("one more character after {length}, sample model"),
        25,
        || {
            let start = Instant::now();
            text.push('a');
            engine.set_text(text.as_str().into());
            wait(&engine, &news, |s| settled(s, text.len()));
            start.elapsed()
        },
    );
}

/// Back to a text of `length` from before an edit in its middle.
fn undo(length: usize) {
    let text: String = SAMPLES[0].text.chars().cycle().take(length).collect();
    let mut edited = text.clone();
    edited.replace_range(length / 2..length / 2, "another passage");
    let (engine, news) = engine(Source::Sample(&SAMPLES[0]), text.as_str().into());
    engine.look(Queries {
        heads: Heads::one(HeadId::new(3, 1)),
        // As every window asks: the list of heads is always there.
        survey: true,
        ..Queries::default()
    });
    wait(&engine, &news, |s| settled(s, length));
    row(
        &format!("undo of an edit in the middle of {length}, sample model"),
        25,
        || {
            engine.set_text(edited.as_str().into());
            wait(&engine, &news, |s| settled(s, edited.len()));
            let start = Instant::now();
            engine.set_text(text.as_str().into());
            wait(&engine, &news, |s| settled(s, length));
            start.elapsed()
        },
    );
}

/// Cancels a run after `delay`; the time until it has stopped.
fn cancel(model: &LoadedModel, delay: Duration) -> Duration {
    let cancel = Cancel::default();
    let network = Arc::clone(&model.network);
    let of_run = cancel.clone();
    let thread = std::thread::spawn(move || {
        let ids: Vec<u32> = (0..4096).map(|i| i % 200).collect();
        let result = Run::new(network).extend(&ids, BLOCK, &of_run, &NoObserver);
        (result.is_err(), Instant::now())
    });
    std::thread::sleep(delay);
    let start = Instant::now();
    cancel.cancel();
    let (cancelled, end) = thread.join().unwrap();
    if cancelled {
        end - start
    } else {
        Duration::ZERO
    }
}

/// A random model of enwik8's size, in 16 bit.
fn random_model(path: &Path) {
    let size = Size::Enwik8;
    let entries = random::entries(&size.config(), &size.spans());
    let tensors: Vec<NamedTensor> = entries.iter().map(Entry::tensor).collect();
    let none = BTreeMap::new();
    write_safetensors(path, &tensors, &none, Dtype::F16, &BTreeMap::new()).unwrap();
}
