//! The words of the field, on screen, in help and in documents: phrases that have given way to them stay away.

use super::{all_sources, root};

/// Phrases, and what the field writes.
const PHRASES: [(&str, &str); 42] = [
    ("What they read", "Attends to"),
    ("Who reads them", "Attended by"),
    ("Silence", "Ablate"),
    ("silenced", "ablated"),
    ("Set back", "Reset"),
    ("features per head", "head dimension"),
    ("Feed-forward size", "FFN dimension"),
    ("feed-forward width", "FFN dimension"),
    ("Emp. %", "Before %"),
    ("presses against", "span-limited"),
    ("Pressed against", "span-limited"),
    ("press against", "span-limited"),
    ("flagged →", "Next flagged"),
    ("As at first", "Reset"),
    ("Dark ground", "Dark background"),
    ("Safe in grey", "Grayscale-safe"),
    ("Usual size", "Actual size"),
    ("Copy numbers", "Copy data (CSV)"),
    ("Same colours", "Shared colour scale"),
    ("× less", "× fewer"),
    (
        "context scores and sums",
        "attention scores and weighted sum",
    ),
    ("Read on", "Resume"),
    ("Stop reading the text", "Stop processing"),
    ("Enter does it", "Enter to run"),
    ("Nothing is called like that", "No matches"),
    ("No head is like that", "No matches"),
    (
        "again lets a token go",
        "click a token again to deselect it",
    ),
    ("Do again what was taken back", "Redo"),
    (
        "Of the whole window, at once",
        "Interface of the whole window",
    ),
    ("What you leave is there again", "Your session is restored"),
    ("Teach a network", "Train a model"),
    ("there is such a file already", "the file already exists"),
    ("entries of the curves", "log intervals"),
    ("Entries of the curves", "log intervals"),
    ("entry of the curves", "log interval"),
    ("entries of the log", "log intervals"),
    ("beside it go first", "override"),
    ("dark ground", "dark background"),
    ("weights are at hand", "weights are available"),
    ("weights at hand", "weights available"),
    ("closes notes", "dismisses notifications"),
    ("files of strangers", "untrusted files"),
];

/// The lines of a source of the command line that its help is made of: comments of documentation, and strings of several lines.
fn help(text: &str) -> Vec<String> {
    let is_plain = |line: &&str| {
        let line = line.trim_start();
        !line.starts_with("//") || line.starts_with("///")
    };
    text.lines().filter(is_plain).map(str::to_owned).collect()
}

/// The string literals of a source, without its comments.
fn strings(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        let pieces: Vec<&str> = line.split('"').collect();
        found.extend(
            pieces
                .iter()
                .skip(1)
                .step_by(2)
                .map(|piece| (*piece).to_owned()),
        );
    }
    found
}

#[test]
fn what_people_read_has_the_words_of_the_field() {
    let mut read = Vec::new();
    for (path, text) in all_sources() {
        let shown = path.strip_prefix(root()).unwrap().display().to_string();
        let words = match shown.replace('\\', "/").starts_with("src/cli/") {
            true => help(&text),
            false => strings(&text),
        };
        read.extend(words.into_iter().map(|words| (shown.clone(), words)));
    }
    assert!(read.len() > 3000, "{}", read.len());
    let mut documents = vec![root().join("README.md"), root().join("src/cli/help.txt")];
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "md") {
            documents.push(path);
        }
    }
    for path in documents {
        let shown = path.strip_prefix(root()).unwrap().display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        read.extend(text.lines().map(|line| (shown.clone(), line.to_owned())));
    }
    for (file, words) in read {
        // Old sessions and scripts say it still.
        if ["silenced", "silence"].contains(&words.as_str()) {
            continue;
        }
        for (phrase, rather) in PHRASES {
            assert!(
                !words.contains(phrase),
                "{file}: “{phrase}” in “{words}”: rather {rather}"
            );
        }
    }
}
