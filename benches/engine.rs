//! How long a person waits: opening, the first picture, a keystroke, letting go of a stale run.
//!
//! `cargo bench --bench engine` prints one table. Nothing here can fail: times belong in no test.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use spanscope::checkpoint::{Dtype, NamedTensor, write_safetensors};
use spanscope::engine::{Engine, Model, SAMPLES, Snapshot, Source};
use spanscope::model::{BLOCK, Blind, Cancel, Run};
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
            Model::open_sample(sample).unwrap();
            start.elapsed()
        });
    }
    row("from start to everything known, sample text", 15, || {
        let start = Instant::now();
        let text: Arc<str> = SAMPLES[0].text.into();
        let (engine, news) = engine(Source::default(), Arc::clone(&text));
        wait(&engine, &news, |s| settled(s, text.len()));
        start.elapsed()
    });
    for length in [1_000, 8_000] {
        append(length);
    }
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.safetensors");
    random_model(&large);
    row(
        "open a random model of enwik8's size (38M, 16 bit)",
        5,
        || {
            let start = Instant::now();
            Model::open(&large, None, None).unwrap();
            start.elapsed()
        },
    );
    let model = Model::open(&large, None, None).unwrap();
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
    let looked = snapshot
        .detail
        .as_ref()
        .map(|d| d.weights.first + d.weights.queries);
    !snapshot.busy && snapshot.done == tokens && looked == Some(tokens)
}

/// One more character at the end of a text of `length`.
fn append(length: usize) {
    let mut text: String = SAMPLES[0].text.chars().cycle().take(length).collect();
    let (engine, news) = engine(Source::default(), text.as_str().into());
    engine.select(3, 1);
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

/// Cancels a run after `delay`; the time until it has stopped.
fn cancel(model: &Model, delay: Duration) -> Duration {
    let cancel = Cancel::default();
    let network = Arc::clone(&model.network);
    let of_run = cancel.clone();
    let thread = std::thread::spawn(move || {
        let ids: Vec<u32> = (0..4096).map(|i| i % 200).collect();
        let result = Run::new(network).extend(&ids, BLOCK, &of_run, &Blind);
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

/// 12 layers, 8 heads, hidden size 512, span 8192, with spans as in the paper's figure: most at the ramp, some of a
/// few hundred, 5 of 96 beyond 1,000.
fn random_model(path: &Path) {
    let (layers, heads, hidden, inner, span, vocab) = (12, 8, 512, 2048, 8192, 205);
    let mut state = 1_u64;
    let mut tensor = |name: String, shape: &[usize], scale: f32| {
        let mut next = || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * 2.0 * scale
        };
        NamedTensor {
            name,
            shape: shape.to_vec(),
            values: (0..shape.iter().product()).map(|_| next()).collect(),
        }
    };
    let near = |fan: usize| (3.0 / fan as f32).sqrt();
    let mut tensors = vec![
        tensor("in_emb.weight".into(), &[vocab, hidden], 1.0),
        tensor("out_emb.weight".into(), &[vocab, hidden], near(hidden)),
        tensor("out_emb.bias".into(), &[vocab], 0.1),
        tensor("key_pe".into(), &[1, hidden / heads, span], 0.1),
    ];
    let far = [
        (7, 0, 1200.0),
        (8, 3, 1500.0),
        (10, 1, 2100.0),
        (11, 2, 2600.0),
        (11, 5, 3650.0),
    ];
    for layer in 0..layers {
        let name = |part: &str| format!("layers.{layer}.{part}");
        for part in ["query", "key", "val", "out"] {
            let name = name(&format!("attn.proj_{part}.weight"));
            tensors.push(tensor(name, &[hidden, hidden], near(hidden)));
        }
        tensors.push(tensor(
            name("ff.fc1.weight"),
            &[inner, hidden],
            near(hidden),
        ));
        tensors.push(tensor(name("ff.fc1.bias"), &[inner], 0.1));
        tensors.push(tensor(name("ff.fc2.weight"), &[hidden, inner], near(inner)));
        tensors.push(tensor(name("ff.fc2.bias"), &[hidden], 0.1));
        for norm in ["norm1", "norm2"] {
            for (part, value) in [("weight", 1.0), ("bias", 0.0)] {
                let mut tensor = tensor(name(&format!("{norm}.{part}")), &[hidden], 0.0);
                tensor.values.fill(value);
                tensors.push(tensor);
            }
        }
        let mut spans = tensor(
            name("attn.attn.adaptive_span._mask.current_val"),
            &[heads, 1, 1],
            0.0,
        );
        for (head, value) in spans.values.iter_mut().enumerate() {
            let known = far.iter().find(|(l, h, _)| (*l, *h) == (layer, head));
            let few_hundred = if layer >= 5 && head % 3 == 2 {
                180.0
            } else {
                0.0
            };
            *value = known.map_or(few_hundred, |(_, _, z)| *z) / span as f32;
        }
        tensors.push(spans);
    }
    write_safetensors(
        path,
        &tensors,
        &BTreeMap::new(),
        Dtype::F16,
        &BTreeMap::new(),
    )
    .unwrap();
}
