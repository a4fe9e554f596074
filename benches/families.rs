//! Speed and memory on a model of any family, in turns with other programs that run the same file.
//!
//! `cargo bench --bench families -- MODEL [--tokens 2000] [--repeat 5] [--threads 2] [--beside "NAME=COMMAND"]…`. A command is sent
//! a line for each thing that it shall do, `prefill N` or `token` (one more after those), and answers with the milliseconds that it
//! took, or `none`: `families_torch.py` is one with PyTorch, `families_llama.py` one with llama.cpp. `--make-gpt2 FOLDER` writes a
//! random model of GPT-2's size to start from. Nothing here can fail: times belong in no test.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use safetensors::tensor::{Dtype, TensorView};
use spanscope::bench::random;
use spanscope::engine::{Engine, Heads, LoadedModel, Queries, Snapshot, Source, peak_rss};
use spanscope::model::{BLOCK, Cancel, HeadId, Network, NoObserver, Run};
use spanscope::model::{Heads as EditHeads, WhatIf};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Instant;

struct Options {
    model: PathBuf,
    tokens: usize,
    repeat: usize,
    beside: Vec<(String, String)>,
}

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let mut options = Options {
        model: PathBuf::new(),
        tokens: 2_000,
        repeat: 5,
        beside: Vec::new(),
    };
    let mut threads = 2;
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("a value after the option");
        match arg.as_str() {
            "--tokens" => options.tokens = value().parse().unwrap(),
            "--repeat" => options.repeat = value().parse().unwrap(),
            "--threads" => threads = value().parse().unwrap(),
            "--beside" => {
                let (name, command) = value().split_once('=').map(own).unwrap();
                options.beside.push((name, command));
            }
            "--make-gpt2" => return make_gpt2(Path::new(&value())),
            _ => options.model = arg.into(),
        }
    }
    if options.model.as_os_str().is_empty() {
        println!("no model is named: cargo bench --bench families -- MODEL");
        return;
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .unwrap();
    measure(&options);
}

fn own((a, b): (&str, &str)) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

fn measure(options: &Options) {
    println!(
        "{:<64} {:>9} {:>9} {:>9}",
        "milliseconds", "median", "least", "most"
    );
    open(options);
    let model = LoadedModel::open(&options.model, None, None).unwrap();
    let network = &model.network;
    let vocabulary = network.architecture().vocab_size;
    let ids = random::ids(vocabulary, options.tokens + 1);
    let loaded = peak_rss();
    runs(options, network, &ids);
    window(options, network);
    memory(network, loaded);
    drop(model);
    append(options);
}

/// Until the first chart, the outline of the file; and until it could run.
fn open(options: &Options) {
    let mut until_chart = Vec::new();
    let mut until_weights = Vec::new();
    for _ in 0..options.repeat {
        let start = Instant::now();
        let mut chart = 0.0;
        let outlined = |_| {
            chart = since(start);
            std::ops::ControlFlow::Continue(())
        };
        LoadedModel::open_in_steps(&options.model, None, None, outlined).unwrap();
        until_chart.push(chart);
        until_weights.push(since(start));
    }
    row("opening, until the first chart", &mut until_chart);
    row(
        "opening, until it can run, tokenizer and all",
        &mut until_weights,
    );
}

/// A text at once and one more token, everything kept, in turns with what is beside.
fn runs(options: &Options, network: &Arc<Network>, ids: &[u32]) {
    let (text, next) = ids.split_at(options.tokens);
    let mut beside: Vec<Beside> = options.beside.iter().map(Beside::start).collect();
    let (mut prefill, mut token) = (Vec::new(), Vec::new());
    let mut theirs = vec![(Vec::new(), Vec::new()); beside.len()];
    for turn in 0..=options.repeat {
        let mut run = Run::new(Arc::clone(network));
        let start = Instant::now();
        run.extend(text, BLOCK, &Cancel::default(), &NoObserver)
            .unwrap();
        // The last token's distribution, as whoever continues the text wants it.
        let _next = run.log_probs(text.len() - 1, text.len());
        let first = since(start);
        let start = Instant::now();
        run.extend(next, BLOCK, &Cancel::default(), &NoObserver)
            .unwrap();
        let _next = run.log_probs(text.len(), text.len() + 1);
        let second = since(start);
        // The first turn wakes threads and caches.
        if turn > 0 {
            prefill.push(first);
            token.push(second);
        }
        for (beside, times) in beside.iter_mut().zip(&mut theirs) {
            let first = beside.ask(&format!("prefill {}", text.len()));
            let second = beside.ask("token");
            if turn > 0 {
                times.0.extend(first);
                times.1.extend(second);
            }
        }
    }
    let title = format!("{} tokens at once, every head at hand", text.len());
    let ours = (row(&title, &mut prefill), row("one more token", &mut token));
    for ((name, _), (mut prefill, mut token)) in options.beside.iter().zip(theirs) {
        for (what, times, ours) in [
            ("at once", &mut prefill, ours.0),
            ("one more", &mut token, ours.1),
        ] {
            if !times.is_empty() {
                let median = row(&format!("  {name}, {what}"), times);
                println!("{:<64} {:>8.2}×", "    theirs / ours", median / ours);
            }
        }
    }
}

/// Full context against windows of 512 keys and of 1, in turns; what is beyond the last is attention.
fn window(options: &Options, network: &Arc<Network>) {
    const LONG: usize = 8_000;
    let ids = random::ids(network.architecture().vocab_size, LONG);
    let cut = |keys: usize| {
        let what_if = WhatIf {
            windows: vec![(EditHeads::All, keys)],
            ..WhatIf::default()
        };
        let edits = what_if.edits(network).unwrap();
        Arc::new(network.edited(&edits).unwrap())
    };
    let networks = [Arc::clone(network), cut(512), cut(1)];
    let mut times = vec![Vec::new(); networks.len()];
    for _ in 0..options.repeat.min(3) {
        for (network, times) in networks.iter().zip(&mut times) {
            let mut run = Run::new(Arc::clone(network));
            let start = Instant::now();
            run.extend(&ids, BLOCK, &Cancel::default(), &NoObserver)
                .unwrap();
            times.push(since(start));
        }
    }
    let mut names = [
        "8,000 tokens, as it is",
        "  window of 512 keys",
        "  window of 1 key",
    ]
    .iter();
    let [full, near, none] = times.as_mut_slice() else {
        return;
    };
    let mut of = |times: &mut Vec<f64>| row(names.next().copied().unwrap_or_default(), times);
    let (full, near, none) = (of(full), of(near), of(none));
    let share = (near - none) / (full - none);
    println!(
        "{:<64} {share:>9.3}",
        "    attention alone, 512 keys / as it is"
    );
}

/// Memory of a run beyond the weights.
fn memory(network: &Arc<Network>, loaded: Option<u64>) {
    let ids = random::ids(network.architecture().vocab_size, 8_192);
    let mut run = Run::new(Arc::clone(network));
    run.extend(&ids, BLOCK, &Cancel::default(), &NoObserver)
        .unwrap();
    let peak = peak_rss().zip(loaded).map_or(f64::NAN, |(now, then)| {
        now.saturating_sub(then) as f64 / 1e6
    });
    let kept = run.bytes() as f64 / 1e6;
    println!(
        "{:<64} {peak:>6.0} MB",
        "8,192 tokens, memory at most, beyond that after opening"
    );
    println!(
        "{:<64} {kept:>6.0} MB",
        "  of that kept, every head at hand"
    );
}

/// One more character at the end of a text, until every view has it.
fn append(options: &Options) {
    let source = Source::File {
        path: options.model.clone(),
        vocab: None,
        ramp: None,
    };
    let model = LoadedModel::open(&options.model, None, None).unwrap();
    // Words enough for so many tokens.
    let mut text: String = spanscope::engine::SAMPLES[0]
        .text
        .chars()
        .cycle()
        .take(20 * options.tokens)
        .collect();
    let Ok(prepared) = model.prepare(text.as_bytes()) else {
        println!("no tokenizer: one more character is not measured");
        return;
    };
    let per_token = text.len() as f64 / prepared.ids.len() as f64;
    let mut end = (per_token * options.tokens as f64) as usize;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    let tokens = model.prepare(text.as_bytes()).unwrap().ids.len();
    drop(model);
    let (sender, news) = channel();
    let engine = Engine::start(source, text.as_str().into(), move || {
        let _ = sender.send(());
    });
    engine.look(Queries {
        heads: Heads::one(HeadId::new(0, 0)),
        survey: true,
        ..Queries::default()
    });
    let settled = |snapshot: &Snapshot| {
        !snapshot.busy
            && snapshot.done > 0
            && snapshot.detail.as_ref().map(|d| d.end()) == Some(snapshot.done)
            && engine.is_settled(snapshot)
    };
    while !settled(&engine.snapshot()) {
        news.recv().unwrap();
    }
    let mut times = Vec::new();
    for i in 0..15 {
        text.push(['e', ' ', 't', 'h', 'a'][i % 5]);
        let start = Instant::now();
        engine.set_text(text.as_str().into());
        while !settled(&engine.snapshot()) {
            news.recv().unwrap();
        }
        times.push(since(start));
    }
    row(
        &format!("one more character after {tokens} tokens, every view has it"),
        &mut times,
    );
}

fn row(name: &str, times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (times.first(), times.last()) else {
        return f64::NAN;
    };
    let median = times[times.len() / 2];
    println!("{name:<64} {median:>9.1} {least:>9.1} {most:>9.1}");
    median
}

fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// Another program with the same model.
struct Beside {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Beside {
    fn start((_, command): &(String, String)) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (ask, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self {
            child,
            ask,
            answers: BufReader::new(answers),
        }
    }

    fn ask(&mut self, what: &str) -> Option<f64> {
        writeln!(self.ask, "{what}").ok()?;
        let mut line = String::new();
        self.answers.read_line(&mut line).ok()?;
        line.trim().parse().ok()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with a random network of GPT-2's size: 12 layers × 12 heads, 768 wide, 50,257 tokens, 8,192 positions.
fn make_gpt2(folder: &Path) {
    const WIDTH: usize = 768;
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("wte.weight".into(), vec![50_257, WIDTH]),
        ("wpe.weight".into(), vec![8_192, WIDTH]),
        ("ln_f.weight".into(), vec![WIDTH]),
        ("ln_f.bias".into(), vec![WIDTH]),
    ];
    for layer in 0..12 {
        let mut put = |name: &str, shape: &[usize]| {
            shapes.push((format!("h.{layer}.{name}"), shape.to_vec()))
        };
        for norm in ["ln_1", "ln_2"] {
            put(&format!("{norm}.weight"), &[WIDTH]);
            put(&format!("{norm}.bias"), &[WIDTH]);
        }
        for (name, inner, outer) in [
            ("attn.c_attn", WIDTH, 3 * WIDTH),
            ("attn.c_proj", WIDTH, WIDTH),
            ("mlp.c_fc", WIDTH, 4 * WIDTH),
            ("mlp.c_proj", 4 * WIDTH, WIDTH),
        ] {
            put(&format!("{name}.weight"), &[inner, outer]);
            put(&format!("{name}.bias"), &[outer]);
        }
    }
    let filled = shapes.iter().map(|(name, shape)| {
        let count = shape.iter().product::<usize>();
        let centre = if name.contains("ln_") && name.ends_with("weight") {
            1.0
        } else {
            0.0
        };
        let scale = if shape.len() == 2 { 0.05 } else { 0.02 };
        // Any even spread will do: thirds of a multiplicative sequence.
        let value = |i: usize| {
            centre
                + scale * ((i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f32
                    / 8_388_608.0
                - scale
        };
        let bytes: Vec<u8> = (0..count)
            .flat_map(|i| value(i + name.len() * 7_919).to_le_bytes())
            .collect();
        (name.clone(), shape.clone(), bytes)
    });
    let filled: Vec<_> = filled.collect();
    let views = filled.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (format!("transformer.{name}"), view)
    });
    std::fs::create_dir_all(folder).unwrap();
    let config = r#"{"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_layer": 12, "n_head": 12, "n_embd": 768, "n_positions": 8192, "n_ctx": 8192, "vocab_size": 50257, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-05, "torch_dtype": "float32", "tie_word_embeddings": true}"#;
    std::fs::write(folder.join("config.json"), config).unwrap();
    safetensors::serialize_to_file(views, None, &folder.join("model.safetensors")).unwrap();
}
