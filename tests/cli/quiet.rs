//! No command talks to a network, and none writes anywhere but where it was told to.
#![cfg(target_os = "linux")]

use super::traced::{Seen, traced};
use super::{SHAKESPEARE, WIKITEXT, data, root};
use std::path::Path;

fn run(args: &[&str], folder: &Path) -> Option<Seen> {
    let log = folder.join("log");
    let mut command = traced(env!("CARGO_BIN_EXE_spanscope"), &log)?;
    let done = command
        .args(args)
        .current_dir(folder)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env("HOME", folder.join("home"))
        .env("XDG_CONFIG_HOME", folder.join("home/config"))
        .env("XDG_DATA_HOME", folder.join("home/data"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{args:?}: {said}");
    Some(Seen::of(&log, &[folder], false))
}

#[test]
fn no_command_opens_a_socket_or_writes_where_it_was_not_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let shakespeare = root(SHAKESPEARE).display().to_string();
    let wikitext = root(WIKITEXT).display().to_string();
    let text = folder.join("text.txt");
    std::fs::write(
        &text,
        "ROMEO: what light through yonder window breaks?\n".repeat(8),
    )
    .unwrap();
    let fixed = data("tiny_fixed.pt");
    let commands: [&[&str]; 14] = [
        &["info", &fixed],
        &["spans", &shakespeare, "-o", "spans.pdf"],
        &[
            "eval",
            &shakespeare,
            "--text",
            "text.txt",
            "--log-probs",
            "log.safetensors",
        ],
        &[
            "attention",
            &shakespeare,
            "--text",
            "text.txt",
            "--layer",
            "0",
            "--head",
            "0",
            "-o",
            "a.svg",
        ],
        &[
            "figure",
            "heads",
            &shakespeare,
            "--text",
            "text.txt",
            "-o",
            "heads.png",
        ],
        &["effective-spans", &shakespeare, "--text", "text.txt"],
        &["persistent", &wikitext, "--text", "text.txt"],
        &[
            "record",
            &shakespeare,
            "--text",
            "text.txt",
            "-o",
            "run.safetensors",
        ],
        &["figure", "grid", "run.safetensors", "-o", "grid.svg"],
        &["generate", &shakespeare, "--prompt", "ROMEO:", "-n", "5"],
        &["convert", &fixed, "out.safetensors"],
        &[
            "train",
            "--data",
            "text.txt",
            "-o",
            "trained",
            "--nlayers",
            "1",
            "--hid-sz",
            "8",
            "--nheads",
            "1",
            "--block-sz",
            "8",
            "--batch-sz",
            "1",
            "--nbatches",
            "2",
            "--niter",
            "1",
        ],
        &["shot", "window.png"],
        // Without a display: what is written is said.
        &[],
    ];
    for args in commands {
        let Some(seen) = run(args, &folder) else {
            return;
        };
        assert!(seen.calls > 5, "{args:?}: strace saw it");
        assert!(seen.sockets.is_empty(), "{args:?}: {:#?}", seen.sockets);
        assert!(seen.written.is_empty(), "{args:?}: {:#?}", seen.written);
    }
    // Nothing is kept for later either: no window was open.
    assert!(!folder.join("home").exists());
}
