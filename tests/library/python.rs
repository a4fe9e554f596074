//! What people do with the files in Python: the lines of docs/formats.md and the example that writes a model, run by the real
//! packages.
//!
//! They are taken from the system's Python, or fetched from PyPI into the build folder once. Where there is neither, the
//! tests say so and are skipped.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// An interpreter that has NumPy and safetensors.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = PYTHON.get_or_init(|| {
        let works = |python: &Path| {
            let mut command = Command::new(python);
            command.args(["-c", "import numpy, safetensors.numpy"]);
            command.output().is_ok_and(|output| output.status.success())
        };
        let system = PathBuf::from("python3");
        if works(&system) {
            return Some(system);
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
        let own = folder.join(if cfg!(windows) {
            "Scripts/python.exe"
        } else {
            "bin/python"
        });
        if works(&own) {
            return Some(own);
        }
        let made = Command::new(&system)
            .args(["-m", "venv"])
            .arg(&folder)
            .output();
        let fetch = "-m pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 numpy safetensors";
        let fetched = Command::new(&own).args(fetch.split(' ')).output();
        let ended = |output: std::io::Result<std::process::Output>| {
            output.is_ok_and(|output| output.status.success())
        };
        (ended(made) && ended(fetched) && works(&own)).then_some(own)
    });
    if found.is_none() {
        eprintln!("skipped: no Python with numpy and safetensors, and none could be fetched");
    }
    found.as_deref()
}

/// Runs lines of Python in `folder`, and returns what they print.
fn run(python: &Path, folder: &Path, lines: &str) -> String {
    let output = Command::new(python)
        .args(["-c", lines])
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{lines}\n{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The blocks of Python in docs/formats.md that use the file `name`.
fn documented(name: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = page
        .split("```python\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let blocks: Vec<String> = blocks
        .filter(|block| block.contains(name))
        .map(str::to_owned)
        .collect();
    assert!(
        !blocks.is_empty(),
        "docs/formats.md shows nothing with {name}"
    );
    blocks
}

/// Runs the program in `folder`, and returns what it prints.
fn spanscope(folder: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_spanscope"))
        .args(args)
        .arg("--quiet")
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn project(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    path.to_str().unwrap().to_owned()
}

/// A short text in a folder of its own.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("text.txt"),
        "Now is the winter of our discontent\nMade glorious summer by this sun of York;\n",
    )
    .unwrap();
    folder
}

#[test]
fn attention_weights_load_in_one_line() {
    let Some(python) = python() else { return };
    let folder = folder();
    let model = project("sample_models/wikitext_all_attention.safetensors");
    spanscope(
        folder.path(),
        &[
            "attention",
            &model,
            "--text",
            "text.txt",
            "--layer",
            "1",
            "--head",
            "0",
            "-o",
            "head.safetensors",
        ],
    );
    for block in documented("head.safetensors") {
        let said = run(python, folder.path(), &block);
        let worst: f64 = said.trim().lines().next_back().unwrap().parse().unwrap();
        assert!((worst - 1.0).abs() < 1e-4, "{said}");
    }
}

#[test]
fn tables_load_with_their_units() {
    let Some(python) = python() else { return };
    let folder = folder();
    let model = project("sample_models/shakespeare_adaptive.safetensors");
    for name in ["spans.csv", "spans.json"] {
        spanscope(folder.path(), &["spans", &model, "-o", name]);
        for block in documented(name) {
            let said = run(python, folder.path(), &block);
            let mean: f64 = said.trim().parse().unwrap();
            assert!((20.0..400.0).contains(&mean), "{said}");
        }
    }
}

#[test]
fn the_text_can_be_had_again_from_its_tokens() {
    let Some(python) = python() else { return };
    let folder = folder();
    let model = project("sample_models/shakespeare_adaptive.safetensors");
    let args = ["figure", "surprisal", &model, "--text", "text.txt"];
    spanscope(
        folder.path(),
        &[&args[..], &["-o", "surprisal.csv"]].concat(),
    );
    for block in documented("surprisal.csv") {
        let said = run(python, folder.path(), &block);
        // The first token has no surprisal.
        assert!(
            said.starts_with("b'ow is the winter of our discontent\\nMade"),
            "{said}"
        );
    }
}

#[test]
fn effective_spans_follow_from_sums() {
    let Some(python) = python() else { return };
    let folder = folder();
    let model = project("sample_models/shakespeare_adaptive.safetensors");
    let out = ["-o", "sums.safetensors"];
    let args = ["effective-spans", &model, "--text", "text.txt"];
    spanscope(folder.path(), &[&args[..], &out].concat());
    spanscope(
        folder.path(),
        &["effective-spans", "sums.safetensors", "-o", "effective.csv"],
    );
    let table = std::fs::read_to_string(folder.path().join("effective.csv")).unwrap();
    let row = table.lines().find(|row| row.starts_with("3,1,")).unwrap();
    let expected = row.split(',').nth(5).unwrap();
    for block in documented("sums.safetensors") {
        let said = run(python, folder.path(), &block);
        assert!(
            said.trim().ends_with(&format!(" {expected}")),
            "{said} {row}"
        );
    }
}

#[test]
fn the_history_of_spans_loads_from_a_run() {
    let Some(python) = python() else { return };
    let folder = folder();
    let text = std::fs::read(project("assets/texts/shakespeare.txt")).unwrap();
    std::fs::write(folder.path().join("text.txt"), text.repeat(4)).unwrap();
    let args = "train --data text.txt -o run --adapt-span --attn-span 64 --adapt-span-init 0.5 --nlayers 1 --hid-sz 8 \
                --inner-hid-sz 8 --block-sz 16 --batch-sz 2 --nbatches 2 --niter 3";
    spanscope(folder.path(), &args.split_whitespace().collect::<Vec<_>>());
    for block in documented("checkpoint.safetensors") {
        let said = run(python, &folder.path().join("run"), &block);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 3, "{said}");
        assert!(
            lines[2].starts_with("6 mean span ") && lines[2].contains("longest"),
            "{said}"
        );
    }
}

#[test]
fn the_example_writes_a_model_that_says_everything_about_itself() {
    let Some(python) = python() else { return };
    let folder = folder();
    let written = Command::new(python)
        .arg(project("examples/write_model.py"))
        .arg("model.safetensors")
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&written.stderr);
    assert!(written.status.success(), "{said}");
    let json = |args: &[&str]| -> serde_json::Value {
        serde_json::from_str(&spanscope(folder.path(), args)).unwrap()
    };
    let info = json(&["info", "model.safetensors", "--json"]);
    for (field, value) in [
        ("vocab_size", 96),
        ("hidden_size", 32),
        ("nb_heads", 4),
        ("nb_layers", 2),
        ("attn_span", 256),
        ("inner_hidden_size", 64),
        ("adapt_span_ramp", 32),
    ] {
        assert_eq!(info[field], value, "{field}");
    }
    assert_eq!(info["assumed"], serde_json::json!([]), "{info}");
    let spans = json(&["spans", "model.safetensors", "--json"]);
    let spans = spans.as_array().unwrap();
    assert_eq!(spans.len(), 8);
    for span in spans {
        let reach = span["reach"].as_u64().unwrap();
        assert!((33..=160).contains(&reach), "{span}");
    }
    let eval = ["eval", "model.safetensors", "--text", "text.txt", "--json"];
    let eval = json(&eval);
    assert_eq!(eval["unknown"], 0);
    assert_eq!(eval["tokens"], 78);
    // Random weights know nothing: no better than a guess among 96.
    let bits = eval["bits_per_token"].as_f64().unwrap();
    assert!((4.0..12.0).contains(&bits), "{bits}");
}
