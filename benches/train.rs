//! What a step of training takes, in turns with the same step written plainly in PyTorch, where Python has that.
//!
//! `cargo bench --bench train` prints one table (for one thread set `RAYON_NUM_THREADS=1`: the tensor library looks there); `SPANSCOPE_PYTHON` names a Python with PyTorch, `-- --threads N` sets threads.
//! The network is that of the bars: 4 layers of width 128, 4 heads, blocks of 128, batches of 16. Nothing here can fail: times
//! belong in no test.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use spanscope::model::Device;
use spanscope::train::{Data, Options, Preset, Trainer};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// Steps before the first that counts, and those that count.
const WARM: usize = 4;
const STEPS: usize = 24;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let threads = args.iter().position(|arg| arg == "--threads");
    let threads = threads
        .and_then(|at| args.get(at + 1)?.parse().ok())
        .unwrap_or(1);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .unwrap();
    let text =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_models/training/tinyshakespeare.txt");
    let data = Data::read(&text, None, false).unwrap();
    println!(
        "milliseconds of a step of 2,048 tokens, {threads} thread(s), medians of {STEPS} in turns\n"
    );
    println!(
        "{:<44} {:>9} {:>9} {:>8} {:>9}",
        "", "spanscope", "PyTorch", "ratio", "bar"
    );
    let base = Options {
        attn_span: 512,
        adapt_span_init: 0.0,
        ..Preset::Sample.options()
    };
    let all_attention = Options {
        inner_hidden_size: 0,
        pers_mem_size: 256,
        ..base.clone()
    };
    for (name, options) in [
        ("adaptive span, feed-forward, S 512", &base),
        ("all-attention, N 256, S 512", &all_attention),
    ] {
        let mut ours = Trainer::new(options.clone(), data.clone(), Device::Cpu).unwrap();
        let mut theirs = Torch::start(options, threads);
        let mut times = (Vec::new(), Vec::new());
        for i in 0..WARM + STEPS {
            let (ours, theirs) = (step(&mut ours), theirs.as_mut().map(Torch::step));
            if i >= WARM {
                times.0.push(ours);
                times.1.extend(theirs);
            }
        }
        let (ours, theirs) = (median(times.0), median(times.1));
        println!(
            "{name:<44} {ours:>9.0} {theirs:>9.0} {:>7.2}× {:>9}",
            ours / theirs,
            "≤ 1.0×"
        );
    }
    // The same learned spans, z = 40 everywhere, under two limits; in turns too.
    let limited = |limit: usize| Options {
        attn_span: limit,
        adapt_span_init: 40.0 / limit as f64,
        ..base.clone()
    };
    let mut near = Trainer::new(limited(512), data.clone(), Device::Cpu).unwrap();
    let mut far = Trainer::new(limited(4096), data.clone(), Device::Cpu).unwrap();
    let mut times = (Vec::new(), Vec::new());
    for i in 0..WARM + STEPS {
        let (near, far) = (step(&mut near), step(&mut far));
        if i >= WARM {
            times.0.push(near);
            times.1.push(far);
        }
    }
    let (near, far) = (median(times.0), median(times.1));
    println!(
        "\n{:<44} {:>9} {:>9} {:>8} {:>9}",
        "", "S 4,096", "S 512", "ratio", "bar"
    );
    println!(
        "{:<44} {far:>9.0} {near:>9.0} {:>7.2}× {:>9}",
        "the same learned spans, z = 40",
        far / near,
        "≤ 1.1×"
    );
}

fn step(trainer: &mut Trainer) -> f64 {
    let start = Instant::now();
    trainer.step().unwrap();
    start.elapsed().as_secs_f64() * 1e3
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A Python that does a step for every line that it is sent.
struct Torch {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Torch {
    /// `None` where Python, or its PyTorch, is missing.
    fn start(options: &Options, threads: usize) -> Option<Self> {
        let python =
            std::env::var_os("SPANSCOPE_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/train_torch.py");
        let mut child = Command::new(python)
            .arg(script)
            .args([options.attn_span, options.pers_mem_size, threads].map(|n| n.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let (ask, answers) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        let mut torch = Self {
            child,
            ask,
            answers,
        };
        (torch.line().trim() == "ready").then_some(torch)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line
    }

    fn step(&mut self) -> f64 {
        writeln!(self.ask).unwrap();
        self.line().trim().parse().unwrap()
    }
}

impl Drop for Torch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
