//! The program as scripts and people see it: run as a process, judged by its exit code, output and files.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod bench;
mod controls;
mod corpus;
mod errors;
mod examples;
mod extreme;
mod families;
mod figures;
mod files;
mod heads;
mod lens;
mod measures;
mod models;
mod neurons;
mod outputs;
mod pages;
mod places;
mod port;
mod quiet;
mod recorded;
mod refused;
mod refused_figures;
mod run_sums;
mod texts;
#[path = "../common/traced.rs"]
mod traced;
mod train;
mod what_if;
mod window;

use safetensors::SafeTensors;
use serde_json::Value;
use std::path::{Path, PathBuf};

const SHAKESPEARE: &str = "sample_models/shakespeare_adaptive.safetensors";
const WIKITEXT: &str = "sample_models/wikitext_all_attention.safetensors";

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn data(name: &str) -> String {
    root("tests/data")
        .join(name)
        .into_os_string()
        .into_string()
        .unwrap()
}

/// The program, without a display, in the folder of the package.
fn program(args: &[&str]) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_spanscope"));
    command.current_dir(root("")).args(args);
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command
}

/// The program as a child that can be sent signals, also where they are ignored here, as after `nohup` and in the background of a
/// script: a child would ignore them too. `None`, with a word, where that cannot be undone.
#[cfg(unix)]
fn heeding_signals() -> Option<std::process::Command> {
    let program = env!("CARGO_BIN_EXE_spanscope");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // HUP, INT and TERM are signals 1, 2 and 15, from bit 0 on.
    if ignored.unwrap_or(0) & 0b100_0000_0000_0011 == 0 {
        return Some(std::process::Command::new(program));
    }
    let env = || {
        let mut env = std::process::Command::new("env");
        env.arg("--default-signal=HUP,INT,TERM");
        env
    };
    if env().arg("true").status().is_ok_and(|done| done.success()) {
        let mut command = env();
        command.arg(program);
        return Some(command);
    }
    println!("left out: signals are ignored where this test runs, and `env` cannot change that");
    None
}

/// What a successful run prints.
fn stdout(args: &[&str]) -> String {
    let done = program(args).assert().success();
    String::from_utf8(done.get_output().stdout.clone()).unwrap()
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&stdout(args)).unwrap()
}

/// What a run that ends with `code` says on stderr.
fn complaint(args: &[&str], code: i32) -> String {
    let done = program(args).assert().code(code);
    assert!(done.get_output().stdout.is_empty(), "{args:?}");
    String::from_utf8(done.get_output().stderr.clone()).unwrap()
}

/// The numbers of a tensor in a `.safetensors` file, and its shape.
fn tensor(file: &[u8], name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
    let file = SafeTensors::deserialize(file).unwrap();
    let view = file.tensor(name).ok()?;
    let (quads, rest) = view.data().as_chunks::<4>();
    assert!(rest.is_empty());
    let values = quads.iter().map(|b| f32::from_le_bytes(*b)).collect();
    Some((view.shape().to_vec(), values))
}

/// The tensors of a file of sums but those of what heads write, of which a recorded run holds nothing.
fn sums_of_weights(path: &str) -> Vec<(String, Vec<u8>)> {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let all = file
        .iter()
        .map(|(name, view)| (name.to_owned(), view.data().to_vec()));
    let mut all: Vec<(String, Vec<u8>)> = all
        .filter(|(name, _)| !name.starts_with("sums.norm."))
        .collect();
    for (name, numbers) in &mut all {
        // Of each head twelve means of nine numbers, the last that of the output norm.
        if name == "sums.moments" {
            let heads = numbers.chunks_exact_mut(12 * 9 * 8);
            heads.for_each(|of_head| of_head[11 * 9 * 8..].fill(0));
        }
    }
    all.sort();
    all
}

/// The expected values of a tiny model, and its ids as a file that `--ids` takes.
struct Golden {
    bytes: Vec<u8>,
    folder: tempfile::TempDir,
}

impl Golden {
    fn open(name: &str) -> Self {
        let bytes = std::fs::read(data(&format!("{name}.golden.safetensors"))).unwrap();
        let golden = Self {
            bytes,
            folder: tempfile::tempdir().unwrap(),
        };
        let file = SafeTensors::deserialize(&golden.bytes).unwrap();
        let view = file.tensor("input_ids").unwrap();
        // Of 32 bits, or of 64.
        let ids = view.data().chunks_exact(view.dtype().bitsize() / 8);
        let ids: Vec<i32> = ids
            .map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        let text = serde_json::to_string(&ids).unwrap();
        std::fs::write(golden.folder.path().join("ids.json"), text).unwrap();
        golden
    }

    fn ids(&self) -> String {
        self.out("ids.json")
    }

    /// A file in the golden's temporary folder.
    fn out(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.out(name)).unwrap()
    }
}
