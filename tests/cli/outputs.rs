//! What commands write, and where: the same bytes for the same input, through links and into pipes, never over what they read,
//! and nothing left behind when a signal ends them.

#[cfg(unix)]
use super::heeding_signals;
use super::{Golden, SHAKESPEARE, complaint, data, json, program, root};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn start(args: &[&str]) -> Child {
    start_as(Command::new(env!("CARGO_BIN_EXE_spanscope")), args)
}

fn start_as(mut program: Command, args: &[&str]) -> Child {
    program
        .current_dir(root(""))
        .args(args)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn listed(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Waits until `is_so`, some seconds at most.
fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-s", name, &id]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let golden = Golden::open("tiny_all_attention");
    let (model, ids) = (data("tiny_all_attention.pt"), golden.ids());
    let commands: [&[&str]; 6] = [
        &["convert", &model],
        &[
            "attention",
            &model,
            "--ids",
            &ids,
            "--layer",
            "1",
            "--head",
            "0",
            "-o",
        ],
        &["eval", &model, "--ids", &ids, "--log-probs"],
        &["record", &model, "--ids", &ids, "-o"],
        &["effective-spans", &model, "--ids", &ids, "-o"],
        &["persistent", &model, "--ids", &ids, "-o"],
    ];
    for command in commands {
        let mut written = Vec::new();
        for i in 0..3 {
            let out = golden.out(&format!("{}{i}.safetensors", command[0]));
            let args = [command, &[out.as_str()]].concat();
            program(&args).assert().success();
            written.push(fs::read(&out).unwrap());
        }
        assert!(
            written[0] == written[1] && written[1] == written[2],
            "{command:?}"
        );
    }
}

#[test]
fn sums_of_two_conversions_of_one_model_merge_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (model, golden) = (data("tiny_adaptive.pt"), Golden::open("tiny_adaptive"));
    for name in ["a.json", "b.json"] {
        fs::copy(golden.ids(), at(name)).unwrap();
    }
    fs::write(at("b.json"), "[1, 2, 3, 4, 5, 6, 7]").unwrap();
    let converted = at("converted.safetensors");
    program(&["convert", &model, &converted, "--ramp", "16"])
        .assert()
        .success();
    let (one, two) = (at("one.safetensors"), at("two.safetensors"));
    let measure = |model: &str, ids: &str, out: &str| {
        let args = [
            "effective-spans",
            model,
            "--ids",
            ids,
            "--ramp",
            "16",
            "-o",
            out,
        ];
        program(&args).assert().success();
    };
    measure(&model, &at("a.json"), &one);
    measure(&converted, &at("b.json"), &two);
    let (ab, ba) = (at("ab.safetensors"), at("ba.safetensors"));
    program(&["merge", &one, &two, "-o", &ab])
        .assert()
        .success();
    program(&["merge", &two, &one, "-o", &ba])
        .assert()
        .success();
    assert!(fs::read(&ab).unwrap() == fs::read(&ba).unwrap());
    // Another model, of the same shape.
    let (other, three) = (data("tiny_adaptive_f16.pt"), at("three.safetensors"));
    measure(&other, &at("b.json"), &three);
    let said = complaint(&["merge", &one, &three, "-o", &at("no.safetensors")], 1);
    assert!(said.contains("different models"), "{said}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_pipes_written_into() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let path = |name: &str| at(name).to_str().unwrap().to_owned();
    let spans = |out: &str, more: &[&str]| {
        let args = [&["spans", SHAKESPEARE, "-o", out], more].concat();
        program(&args)
    };
    spans(&path("plain.svg"), &[]).assert().success();
    let plain = fs::read(at("plain.svg")).unwrap();
    symlink("plain.svg", at("link.svg")).unwrap();
    symlink("nowhere.svg", at("dangling.svg")).unwrap();
    fs::write(at("plain.svg"), "before").unwrap();
    // What a link leads to counts as there.
    spans(&path("link.svg"), &[]).assert().code(1);
    spans(&path("link.svg"), &["--force"]).assert().success();
    spans(&path("dangling.svg"), &[]).assert().success();
    assert!(fs::read(at("plain.svg")).unwrap() == plain);
    assert!(fs::read(at("nowhere.svg")).unwrap() == plain);
    for link in ["link.svg", "dangling.svg"] {
        assert!(
            fs::symlink_metadata(at(link))
                .unwrap()
                .file_type()
                .is_symlink()
        );
    }
    let made = Command::new("mkfifo").arg(at("pipe.svg")).status();
    assert!(made.unwrap().success());
    let pipe = at("pipe.svg");
    let reader = std::thread::spawn(move || fs::read(pipe).unwrap());
    spans(&path("pipe.svg"), &[]).assert().success();
    assert!(reader.join().unwrap() == plain);
    assert_eq!(
        listed(folder.path()),
        [
            "dangling.svg",
            "link.svg",
            "nowhere.svg",
            "pipe.svg",
            "plain.svg"
        ]
    );
}

#[test]
fn nothing_is_written_over_what_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (model, ids) = (at("model.safetensors"), at("ids.json"));
    fs::copy(root(SHAKESPEARE), &model).unwrap();
    fs::write(&ids, "[1, 2, 3]").unwrap();
    let hard = at("hard.safetensors");
    fs::hard_link(&model, &hard).unwrap();
    let before = fs::read(&model).unwrap();
    let cases: [&[&str]; 7] = [
        &["eval", &model, "--ids", &ids, "--log-probs", &model],
        &["eval", &model, "--ids", &ids, "--log-probs", &hard],
        &["effective-spans", &model, "--ids", &ids, "-o", &model],
        &["persistent", &model, "--ids", &ids, "-o", &hard],
        &[
            "attention",
            &model,
            "--ids",
            &ids,
            "--layer",
            "0",
            "--head",
            "0",
            "-o",
            &ids,
        ],
        &["convert", &model, &hard],
        &["record", &model, "--ids", &ids, "-o", &model],
    ];
    for case in cases {
        let said = complaint(&[case, &["--force"]].concat(), 2);
        assert!(said.contains("reads that file"), "{case:?}: {said}");
    }
    // One of the texts in a folder that is read.
    let inside = at("x.csv");
    fs::write(&inside, "a text").unwrap();
    let texts = folder.path().to_str().unwrap();
    let case = [
        "effective-spans",
        SHAKESPEARE,
        "--text",
        texts,
        "-o",
        &inside,
        "--force",
    ];
    assert!(complaint(&case, 2).contains("reads that file"));
    assert!(fs::read(&model).unwrap() == before);
    assert_eq!(fs::read(&ids).unwrap(), b"[1, 2, 3]");
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_no_unfinished_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let ids = at("ids.json");
    let many: Vec<u32> = (0..60_000).map(|i| i * i % 61).collect();
    fs::write(&ids, serde_json::to_string(&many).unwrap()).unwrap();
    let out = at("run.safetensors");
    let unfinished = || {
        listed(folder.path())
            .iter()
            .any(|name| name.ends_with(".part"))
    };
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let Some(program) = heeding_signals() else {
            return;
        };
        let mut child = start_as(program, &["record", SHAKESPEARE, "--ids", &ids, "-o", &out]);
        wait("it begins to write", &unfinished);
        signal(&child, name);
        let status = child.wait().unwrap();
        use std::os::unix::process::ExitStatusExt;
        let as_shell = status.code().or(status.signal().map(|n| 128 + n));
        assert_eq!(as_shell, Some(code), "{name}");
        assert_eq!(listed(folder.path()), ["ids.json"], "{name}");
    }
    // What cannot be caught leaves one, which the next removes.
    let mut child = start(&["record", SHAKESPEARE, "--ids", &ids, "-o", &out]);
    wait("it begins to write", &unfinished);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(unfinished());
    let few = at("few.json");
    fs::write(&few, "[1, 2, 3]").unwrap();
    program(&["record", SHAKESPEARE, "--ids", &few, "-o", &out])
        .assert()
        .success();
    assert_eq!(
        listed(folder.path()),
        ["few.json", "ids.json", "run.safetensors"]
    );
}

#[cfg(unix)]
#[test]
fn an_ignored_signal_stays_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let ids = at("ids.json");
    let many: Vec<u32> = (0..20_000).map(|i| i * i % 61).collect();
    fs::write(&ids, serde_json::to_string(&many).unwrap()).unwrap();
    let out = at("run.safetensors");
    let mut child = Command::new("nohup")
        .arg(env!("CARGO_BIN_EXE_spanscope"))
        .current_dir(root(""))
        .args(["record", SHAKESPEARE, "--ids", &ids, "-o", &out])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait("it begins to write", || {
        listed(folder.path())
            .iter()
            .any(|name| name.ends_with(".part"))
    });
    signal(&child, "HUP");
    assert!(child.wait().unwrap().success());
    assert_eq!(listed(folder.path()), ["ids.json", "run.safetensors"]);
}

#[cfg(unix)]
#[test]
fn the_hash_is_that_of_the_model_that_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (model, text) = (at("model.safetensors"), at("text.json"));
    fs::copy(root(SHAKESPEARE), &model).unwrap();
    let hash = json(&["info", &model, "--json"]);
    let _ = hash;
    let short = at("short.json");
    fs::write(&short, "[1, 2, 3]").unwrap();
    let expected = json(&["effective-spans", &model, "--ids", &short, "--json"]);
    // The ids come through a pipe: the model is open by then, and is replaced before it runs.
    let made = Command::new("mkfifo").arg(&text).status();
    assert!(made.unwrap().success());
    let mut child = start(&["effective-spans", &model, "--ids", &text, "--json"]);
    let mut pipe = fs::File::options().write(true).open(&text).unwrap();
    fs::copy(root(super::WIKITEXT), at("other")).unwrap();
    fs::rename(at("other"), &model).unwrap();
    pipe.write_all(b"[1, 2, 3]").unwrap();
    drop(pipe);
    let mut printed = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut printed)
        .unwrap();
    if child.wait().unwrap().success() {
        let report: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(report["model_sha256"], expected["model_sha256"]);
    } else {
        // Where pipes are refused as texts there is nothing to replace it during.
        assert!(printed.is_empty());
    }
}

#[test]
fn numbers_of_shards_are_bounded_where_they_are_given() {
    for shard in ["1/1048577", "1/18446744073709551615", "0/3", "4/3"] {
        let said = complaint(
            &[
                "effective-spans",
                SHAKESPEARE,
                "--ids",
                "x.json",
                "--shard",
                shard,
            ],
            2,
        );
        assert!(said.contains("1048576"), "{shard}: {said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_by_the_exit_code() {
    let commands: [&[&str]; 5] = [
        &["--help"],
        &["--version"],
        &["info", "--help"],
        &["completions", "bash"],
        &["info", SHAKESPEARE],
    ];
    for args in commands {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let done = Command::new(env!("CARGO_BIN_EXE_spanscope"))
            .current_dir(root(""))
            .args(args)
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(1), "{args:?}");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(
            said.contains("stdout") && said.contains("space"),
            "{args:?}: {said}"
        );
    }
}
