//! `train` as a process: what it writes, what it refuses, and what survives when it is ended.

#[cfg(unix)]
use super::heeding_signals;
use super::{complaint, json, program, stdout};
use safetensors::SafeTensors;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A folder with a text of 12 KB.
fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..2000_u32)
        .map(|i| ["span ", "head ", "ramp\n", "layer ", "mask "][(i * i % 17 % 5) as usize])
        .collect();
    let path = folder.path().join("text.txt");
    fs::write(&path, text).unwrap();
    let path = path.into_os_string().into_string().unwrap();
    (folder, path)
}

const SMALL: [&str; 24] = [
    "--nlayers",
    "1",
    "--hid-sz",
    "16",
    "--nheads",
    "2",
    "--inner-hid-sz",
    "16",
    "--attn-span",
    "48",
    "--adapt-span-ramp",
    "8",
    "--adapt-span-loss",
    "1e-4",
    "--block-sz",
    "16",
    "--batch-sz",
    "2",
    "--optim",
    "adagrad",
    "--nbatches",
    "20",
    "--niter",
    "3",
];

fn train<'a>(data: &'a str, run: &'a str) -> Vec<&'a str> {
    let mut args = vec!["train", "--data", data, "-o", run, "--adapt-span"];
    args.extend(SMALL);
    args
}

fn path(folder: &tempfile::TempDir, name: &str) -> String {
    folder
        .path()
        .join(name)
        .into_os_string()
        .into_string()
        .unwrap()
}

#[test]
fn a_run_is_a_model_for_every_command_and_is_passed_on_without_its_state() {
    let (folder, data) = folder();
    let run = path(&folder, "run");
    let mut args = train(&data, &run);
    args.push("--json");
    let lines = stdout(&args);
    let entries: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[2]["step"], 60);
    assert_eq!(entries[2]["spans"].as_array().unwrap().len(), 2);
    let (first, last) = (&entries[0]["valid_nats"], &entries[2]["valid_nats"]);
    assert!(last.as_f64() < first.as_f64(), "{first} {last}");
    let info = json(&["info", &run, "--json"]);
    assert_eq!(
        (&info["nb_layers"], &info["attn_span"]),
        (&1.into(), &48.into())
    );
    assert_eq!(info["adapt_span_ramp"], 8);
    assert!(info["assumed"].as_array().unwrap().is_empty(), "{info}");
    let evaluated = json(&["eval", &run, "--text", &data, "--json"]);
    assert!(
        evaluated["bits_per_token"].as_f64() < Some(3.0),
        "{evaluated}"
    );
    let model = path(&folder, "model.safetensors");
    stdout(&["convert", &run, &model, "--dtype", "f16"]);
    let file = fs::read(&model).unwrap();
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let state: Vec<String> = tensors
        .names()
        .iter()
        .filter(|n| n.starts_with("training."))
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        state,
        ["training.spans"],
        "only the history of the spans is kept"
    );
    let whole = fs::metadata(Path::new(&run).join("checkpoint.safetensors"))
        .unwrap()
        .len();
    assert!(
        file.len() as u64 * 4 < whole + 8192,
        "{} {whole}",
        file.len()
    );
    let curves = path(&folder, "curves.csv");
    stdout(&["figure", "training", &model, "-o", &curves]);
    let curves = fs::read_to_string(curves).unwrap();
    assert!(
        curves.contains("val_bpc,60,") && curves.contains("span_max,20,"),
        "{curves}"
    );
    assert!(complaint(&["train", "--resume", &model], 1).contains("leaves the state out"));
}

#[test]
fn one_program_at_a_time_trains_a_run() {
    let (folder, data) = folder();
    let run = path(&folder, "run");
    let mut args = train(&data, &run);
    args.extend(["--niter", "100000", "--save-every", "1"]);
    args.retain(|arg| *arg != "3");
    let at = args.iter().position(|arg| *arg == "--niter").unwrap();
    args.remove(at);
    let mut first = Command::new(env!("CARGO_BIN_EXE_spanscope"))
        .args(&args)
        .arg("-q")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let checkpoint = Path::new(&run).join("checkpoint.safetensors");
    let begin = std::time::Instant::now();
    while !checkpoint.exists() {
        assert!(begin.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    let said = complaint(&["train", "--resume", &run], 1);
    assert!(
        said.contains("another spanscope is training this run"),
        "{said}"
    );
    first.kill().unwrap();
    first.wait().unwrap();
    // Killed, it holds nothing any more.
    let resumed = ["train", "--resume", &run, "--niter", "1", "-q"];
    program(&resumed).assert().success();
}

#[test]
fn a_reader_who_stops_early_leaves_the_run_undone() {
    let (folder, data) = folder();
    let run = path(&folder, "run");
    let mut args = train(&data, &run);
    args.extend(["--json", "-q"]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_spanscope"))
        .args(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(
        said.contains("nobody reads") && said.contains("--resume"),
        "{said}"
    );
    // What was learned is there.
    stdout(&["train", "--resume", &run, "-q"]);
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_written() {
    let (folder, data) = folder();
    let run = path(&folder, "run");
    let with = |more: &[&str]| {
        let mut args = train(&data, &run);
        args.extend(more);
        let said = complaint(&args, 2);
        assert!(!Path::new(&run).exists());
        said
    };
    assert!(with(&["--batch-split", "5"]).contains("--batch-sz 2"));
    assert!(with(&["--lr=-1"]).contains("--lr"));
    assert!(with(&["--preset", "enwik9"]).contains("enwik8_pers_small"));
    assert!(with(&["--dropout", "1"]).contains("--dropout"));
    let missing = complaint(&["train", "--data", "no such file", "-o", &run], 1);
    assert!(missing.contains("no such file"), "{missing}");
    assert!(complaint(&["train", "-o", &run], 2).contains("--data"));
    assert!(complaint(&["train", "--resume", &path(&folder, "nothing")], 1).contains("nothing"));
    program(&train(&data, &run)).assert().success();
    assert!(complaint(&train(&data, &run), 1).contains("--resume"));
    let other = complaint(&["train", "--resume", &run, "--nlayers", "2"], 2);
    assert!(other.contains("--niter"), "{other}");
}

#[test]
fn options_that_a_finished_run_may_change_let_it_go_on() {
    let (folder, data) = folder();
    let run = path(&folder, "run");
    program(&train(&data, &run)).assert().success();
    let done = program(&["train", "--resume", &run]).assert().success();
    let said = String::from_utf8(done.get_output().stderr.clone()).unwrap();
    assert!(said.contains("all 60 steps are done"), "{said}");
    // From another folder, where a relative path would lead nowhere.
    let mut command = program(&[
        "train", "--resume", &run, "--niter", "4", "--lr", "0.003", "--json",
    ]);
    let done = command.current_dir(folder.path()).assert().success();
    let line = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    let entry: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&entry["step"], &entry["lr"]), (&80.into(), &0.003.into()));
    // Spans set anew, which a rate of nothing leaves there.
    let anew = [
        "train",
        "--resume",
        &run,
        "--niter",
        "5",
        "--lr",
        "0",
        "--adapt-span-init",
        "0.5",
        "--json",
    ];
    let entry: serde_json::Value = serde_json::from_str(&stdout(&anew)).unwrap();
    let spans = entry["spans"].as_array().unwrap();
    assert!(
        !spans.is_empty() && spans.iter().all(|z| *z == 24.0),
        "{entry}"
    );
    let beyond = complaint(&["train", "--resume", &run, "--adapt-span-init", "1.5"], 2);
    assert!(beyond.contains("--adapt-span-init"), "{beyond}");
}

#[test]
fn a_vocabulary_that_was_given_goes_on_with_the_run() {
    let (folder, data) = folder();
    let run = path(&folder, "run");
    let other = path(&folder, "other.txt");
    fs::write(&other, "zyx\nwvutsrqponmlkjihgfedcba ").unwrap();
    let mut args = train(&data, &run);
    args.extend(["--vocab", &other]);
    program(&args).assert().success();
    assert_eq!(json(&["info", &run, "--json"])["vocab_size"], 28);
    program(&["train", "--resume", &run, "--niter", "4"])
        .assert()
        .success();
    // Its own may be given again, another not.
    let again = ["train", "--resume", &run, "--niter", "5", "--vocab"];
    program(&[&again[..], &[&other]].concat())
        .assert()
        .success();
    let third = path(&folder, "third.txt");
    fs::write(&third, "abcdefghijklmnopqrstuvwxyz\n.").unwrap();
    let said = complaint(&[&again[..], &[&third]].concat(), 2);
    assert!(
        said.contains("third.txt") && said.contains("another vocabulary"),
        "{said}"
    );
}

fn spawn(args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanscope"));
    command
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// All tensors of a run's checkpoint.
fn tensors(run: &str) -> Vec<(String, Vec<u8>)> {
    let file = fs::read(PathBuf::from(run).join("checkpoint.safetensors")).unwrap();
    let all = SafeTensors::deserialize(&file).unwrap();
    let mut all: Vec<(String, Vec<u8>)> = all
        .tensors()
        .into_iter()
        .map(|(name, view)| (name, view.data().to_vec()))
        .collect();
    all.sort();
    all
}

#[test]
fn killed_at_any_moment_a_run_goes_on_to_the_same_result() {
    let (folder, data) = folder();
    let (whole, killed) = (path(&folder, "whole"), path(&folder, "killed"));
    let with = |run| {
        let mut args = train(&data, run);
        // In the place of the last option, which is the number of entries.
        args.pop();
        args.extend(["40", "--save-every", "0", "--threads", "1"]);
        args
    };
    program(&with(&whole)).assert().success();
    let mut child = spawn(&with(&killed));
    let mut kills = 0;
    for wait in [30, 90, 150, 210, 70, 110, 250, 310] {
        std::thread::sleep(Duration::from_millis(wait));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        // SIGKILL, on Unix: nothing can be tidied up.
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        let begun = Path::new(&killed).join("checkpoint.safetensors").exists();
        child = match begun {
            true => spawn(&[
                "train",
                "--resume",
                &killed,
                "--save-every",
                "0",
                "--threads",
                "1",
            ]),
            false => spawn(&with(&killed)),
        };
    }
    assert!(child.wait().unwrap().success());
    assert!(kills > 0);
    assert!(tensors(&whole) == tensors(&killed), "after {kills} kills");
}

#[cfg(unix)]
#[test]
fn interrupted_it_saves_and_says_how_to_go_on() {
    let Some(mut command) = heeding_signals() else {
        return;
    };
    let (folder, data) = folder();
    let run = path(&folder, "run");
    let mut args = train(&data, &run);
    // For ever, as far as this test goes.
    args.pop();
    args.push("100000");
    let child = command
        .args(&args)
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let checkpoint = Path::new(&run).join("checkpoint.safetensors");
    while !checkpoint.exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(130), "{said}");
    assert!(
        said.contains("train --resume") && said.contains("stopped after step"),
        "{said}"
    );
    // It was asked to: nothing went wrong, and nothing is lost.
    assert!(
        !said.contains("error") && said.contains("is saved"),
        "{said}"
    );
    let step: String = said
        .split("stopped after step ")
        .nth(1)
        .unwrap()
        .chars()
        .take_while(|c| *c != ' ')
        .collect();
    let niter = step.replace(',', "").parse::<u64>().unwrap() / 20 + 1;
    program(&["train", "--resume", &run, "--niter", &niter.to_string()])
        .assert()
        .success();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_the_run_with_the_last_checkpoint_whole() {
    let (folder, data) = folder();
    let run = path(&folder, "run");
    program(&train(&data, &run)).assert().success();
    let before = tensors(&run);
    // No file may become larger than 8 blocks of 512 bytes: writing fails as on a full disk, with another word for it.
    let script = format!(
        "trap '' XFSZ; ulimit -f 8; exec '{}' train --resume '{run}' --niter 6",
        env!("CARGO_BIN_EXE_spanscope")
    );
    let done = Command::new("sh").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains("checkpoint.safetensors"), "{said}");
    assert!(before == tensors(&run));
    let left: Vec<_> = fs::read_dir(&run).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside it: {left:?}");
}
