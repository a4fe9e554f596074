//! What the help shows as examples runs as it stands there.

use super::{WIKITEXT, program, root};
use std::path::Path;

/// The examples in the help of every command, as they are written in the sources.
fn examples() -> Vec<String> {
    let mut all = Vec::new();
    for file in ["src/cli/commands.rs", "src/cli/help.txt"] {
        let text = std::fs::read_to_string(root(file)).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("  "));
        let lines = lines.filter(|line| line.starts_with("spanscope "));
        all.extend(lines.map(|line| {
            // Words that say what it does, and the end of the string in the source.
            let line = line.split("  ").next().unwrap();
            let line = line.split('"').next().unwrap().trim_end();
            line.replace("\\\\", "\\")
        }));
    }
    all
}

/// A folder with everything that the examples name.
fn desk() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // What a file is, its content says.
    let model = root("sample_models/shakespeare_all_attention.safetensors");
    std::fs::copy(&model, path("model.pt")).unwrap();
    std::fs::create_dir(path("run")).unwrap();
    std::fs::copy(&model, path("run/checkpoint.safetensors")).unwrap();
    std::fs::copy(root(WIKITEXT), path("model.safetensors")).unwrap();
    let text = std::fs::read(root("sample_models/training/tinyshakespeare.txt")).unwrap();
    std::fs::write(path("train.txt"), &text).unwrap();
    for (name, bytes) in [
        ("test.txt.raw", 600),
        ("test.txt", 600),
        ("few.txt", 300),
        ("a.txt", 200),
        ("b.txt", 200),
        ("long.txt", 22_500),
    ] {
        std::fs::write(path(name), &text[..bytes]).unwrap();
    }
    std::fs::write(path("ids.json"), "[12, 0, 7, 30, 41, 12, 5]").unwrap();
    // A folder of Hugging Face.
    std::fs::create_dir(path("llama")).unwrap();
    for entry in std::fs::read_dir(root("tests/data/families/llama")).unwrap() {
        let from = entry.unwrap().path();
        std::fs::copy(&from, path("llama").join(from.file_name().unwrap())).unwrap();
    }
    std::fs::create_dir(path("corpus")).unwrap();
    for name in ["one.txt", "two.txt", "three.txt"] {
        std::fs::write(path("corpus").join(name), &text[..400]).unwrap();
    }
    folder
}

/// The words of an example, quotes undone.
fn words(example: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for c in example.replace("$'\\n\\n'", "'\n\n'").chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

/// Runs an example where it is a command that ends; whether it was run.
fn run(example: &str, folder: &Path) -> bool {
    // What takes hours, opens a window, or needs the shell.
    let example = example.split(" | ").next().unwrap();
    let words = words(example);
    let shell = example.contains(['*', '>', '&']);
    let command = words.get(1).map_or("", String::as_str);
    if shell || ["train", "bench", "run", "man"].contains(&command) || command.contains('.') {
        return false;
    }
    for pair in words.windows(2).filter(|pair| pair[0] == "-o") {
        // Another example may have written it.
        let _ = std::fs::remove_file(folder.join(&pair[1]));
    }
    let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    // No command at all opens the window.
    if words.is_empty() {
        return false;
    }
    let mut command = program(&words);
    if words[0] == "convert" {
        command.arg("--force");
    }
    command
        .current_dir(folder)
        .arg("--quiet")
        .assert()
        .success();
    for pair in words.windows(2).filter(|pair| pair[0] == "-o") {
        let written = std::fs::metadata(folder.join(pair[1])).unwrap();
        assert!(written.len() > 100, "{example}");
    }
    true
}

#[test]
fn examples_in_the_help_run() {
    let folder = desk();
    let examples = examples();
    assert!(examples.len() > 40, "{}", examples.len());
    // What later examples open: a run, and the sums of two shards.
    let before = [
        "spanscope record model.pt --text few.txt -o run.safetensors",
        "spanscope effective-spans model.safetensors --text corpus/ --shard 1/2 -o 1.safetensors",
        "spanscope effective-spans model.safetensors --text corpus/ --shard 2/2 -o 2.safetensors",
    ];
    for example in before {
        assert!(run(example, folder.path()));
    }
    let count = examples
        .iter()
        .filter(|example| run(example, folder.path()))
        .count();
    assert!(count > 25, "{count} of {examples:#?}");
}
