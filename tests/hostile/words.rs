//! Strings of files in the program's words: whatever they are, a message is short, in one line, and without anything that a
//! terminal would obey; and so is what `info` prints.

use super::build::{
    checkpoint, dict, legacy, memo, pickle, recall, safetensors, storage, tensor_on, text, vector,
    zip,
};
use super::measured::alone;
use super::stored::{Kind, Parts, base, places, used};
use serde_json::Value;
use spanscope::checkpoint::Checkpoint;
use spanscope::engine::LoadedModel;
use spanscope::text::{Vocabulary, read_ids, vocabulary_json};
use std::path::Path;

/// The longest message beside the path of the file, in characters.
const LONGEST: usize = 340;

/// What a terminal would obey: it moves the cursor, sets a title, ends the line, turns what follows.
const EVIL: &str =
    "\u{1b}[2J\u{1b}]0;title\u{7}\r\nerror: all is well\u{9b}31m\u{202e}tp.ledom\u{2066}\0";

/// A string as long as a file.
fn long() -> String {
    format!("{EVIL}{}", "A\u{1b}".repeat(400_000))
}

/// Asserts that words are fit for people.
fn fit(said: &str, path: &Path, what: &str) {
    let length = said
        .chars()
        .count()
        .saturating_sub(path.to_string_lossy().chars().count());
    assert!(length <= LONGEST, "{what}: {length} characters: {said}");
    let obeyed = |c: char| {
        c.is_control()
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    assert!(!said.contains(obeyed), "{what}: {said:?}");
}

/// What the program says of a file, on the command line.
fn printed(args: &[&str]) -> (String, String) {
    let mut program = assert_cmd::Command::cargo_bin("spanscope").unwrap();
    let output = program.args(args).output().unwrap();
    let words = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert!(matches!(output.status.code(), Some(0..=2)), "{args:?}");
    (words(output.stdout), words(output.stderr))
}

/// Asserts that what a command prints has no control characters but line breaks, and errors of one line.
fn prints_fit(args: &[&str], what: &str) {
    let (out, err) = printed(args);
    for line in out.lines() {
        fit(line, Path::new(args[1]), what);
    }
    assert!(out.len() < 20_000, "{what}: {} bytes", out.len());
    for line in err.lines() {
        fit(line, Path::new(args[1]), what);
    }
    assert!(err.lines().count() <= 4, "{what}: {err}");
}

/// Every string of the headers, one at a time.
#[test]
fn strings_of_headers_are_fit_for_people_wherever_they_end_up() {
    let _alone = alone();
    let base = base();
    let path = base.path("words.safetensors");
    for kind in Kind::ALL {
        let parts = base.of(kind);
        let header = parts.header(kind);
        for place in places(&header, Value::is_string) {
            for evil in [EVIL.to_owned(), long()] {
                let mut changed = header.clone();
                *changed.pointer_mut(&place).unwrap() = evil.into();
                parts.with(kind, &changed).write(&path);
                if let Err(said) = used(kind, &path) {
                    fit(&said, &path, &format!("{kind:?} {place}"));
                }
            }
        }
        // A string where a number is expected is repeated by whoever reads it.
        for place in places(&header, |value| !value.is_string()) {
            let mut changed = header.clone();
            *changed.pointer_mut(&place).unwrap() = long().into();
            parts.with(kind, &changed).write(&path);
            let what = format!("{kind:?} {place} a string");
            match used(kind, &path) {
                Err(said) => fit(&said, &path, &what),
                Ok(()) => assert!(kind != Kind::Training || !place.contains("place"), "{what}"),
            }
        }
    }
}

/// What the commands print of files whose strings are all evil at once.
#[test]
fn what_commands_print_of_strings_is_fit_for_a_terminal() {
    let _alone = alone();
    let base = base();
    let path = base.path("printed.safetensors");
    let name = path.to_str().unwrap();
    for kind in [Kind::Run, Kind::Sums] {
        let parts = base.of(kind);
        // Those that may be anything: others are held against what they say.
        let mut free = places(&parts.header(kind), Value::is_string);
        free.retain(|place| {
            let mut header = parts.header(kind);
            *header.pointer_mut(place).unwrap() = EVIL.into();
            parts.with(kind, &header).write(&path);
            used(kind, &path).is_ok()
        });
        assert!(free.len() >= 3, "{kind:?}: {free:?}");
        for all in [EVIL.to_owned(), long()] {
            let mut header = parts.header(kind);
            for place in &free {
                *header.pointer_mut(place).unwrap() = all.clone().into();
            }
            parts.with(kind, &header).write(&path);
            let commands: &[&[&str]] = match kind {
                Kind::Run => &[
                    &["info", name],
                    &["eval", name],
                    &["effective-spans", name],
                    &["spans", name],
                ],
                _ => &[
                    &["effective-spans", name],
                    &["persistent", name],
                    &["info", name],
                ],
            };
            for command in commands {
                prints_fit(command, &format!("{kind:?} {command:?}"));
            }
        }
    }
    let train = base.of(Kind::Training);
    let mut state = train.header(Kind::Training);
    state["data"] = EVIL.replace('\0', "").into();
    train.with(Kind::Training, &state).write(&path);
    prints_fit(
        &["train", "--resume", name],
        "training data that is not there",
    );
    prints_fit(&["info", name], "info of a run");
    // Curves by any name, and a vocabulary with any note.
    let mut evil = train.clone();
    let vocabulary: Value = serde_json::from_str(&evil.metadata["vocabulary"]).unwrap();
    let mut noted = vocabulary.clone();
    noted["note"] = long().into();
    evil.metadata.insert("vocabulary".into(), noted.to_string());
    evil.write(&path);
    prints_fit(&["info", name], "a note");
}

/// A header of safetensors with a string in each place.
#[test]
fn names_and_entries_of_safetensors_are_fit() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.safetensors");
    let entry = |dtype: &str, shape: Value, offsets: Value| serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": offsets});
    let right = entry("F32", serde_json::json!([1]), serde_json::json!([0, 4]));
    for evil in [EVIL.to_owned(), long()] {
        let (string, short) = (Value::from(evil.clone()), &evil[..60.min(evil.len())]);
        let headers = [
            serde_json::json!({"key_pe": string}),
            serde_json::json!({"key_pe": right, "b": [string]}),
            serde_json::json!({(evil.clone()): right}),
            serde_json::json!({(short): right}),
            serde_json::json!({(short): entry("F32", serde_json::json!([2]), serde_json::json!([0, 4]))}),
            serde_json::json!({"key_pe": entry(&evil, serde_json::json!([1]), serde_json::json!([0, 4]))}),
            serde_json::json!({"key_pe": entry("F32", string.clone(), serde_json::json!([0, 4]))}),
            serde_json::json!({"key_pe": entry("F32", serde_json::json!([1]), string.clone())}),
            serde_json::json!({"key_pe": right, "__metadata__": {(evil.clone()): "a"}}),
            serde_json::json!({"key_pe": right, "__metadata__": {"config": string, "vocabulary": string}}),
            serde_json::json!({"key_pe": right, "__metadata__": {"spanscope.run": string}}),
            serde_json::json!({"key_pe": right, "__metadata__": {"spanscope.sums": string}}),
            serde_json::json!({"key_pe": right, "__metadata__": [string]}),
            serde_json::json!([string]),
            string.clone(),
        ];
        for (i, header) in headers.iter().enumerate() {
            std::fs::write(&path, safetensors(&header.to_string(), &[0; 4])).unwrap();
            let said = LoadedModel::open(&path, None, None)
                .map(|_| ())
                .unwrap_err()
                .to_string();
            fit(&said, &path, &format!("header {i}"));
            let sums = spanscope::engine::sums_file::SumsFile::read(&path).unwrap_err();
            fit(&sums.to_string(), &path, &format!("header {i} as sums"));
        }
        prints_fit(&["info", path.to_str().unwrap()], "info");
    }
}

#[test]
fn names_keys_and_classes_of_pickles_are_fit() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.pt");
    let line = |text: &str| text.replace(['\n', '\r', '\0'], " ");
    for evil in [EVIL.to_owned(), "A\u{1b}".repeat(30_000)] {
        let name = text(&evil);
        let class =
            |module: &str, name: &str| format!("c{}\n{}\n", line(module), line(name)).into_bytes();
        let float = |key: &str| storage(key, "FloatStorage", 1);
        let one = |storage| tensor_on(storage, 0, &[1], &[1]);
        let typed = |name: &str| {
            let kind = class("torch", name);
            let id = [
                text("storage"),
                kind,
                text("0"),
                text("cpu"),
                super::build::int(1),
            ];
            [super::build::tuple(&id), b"Q".to_vec()].concat()
        };
        let files = [
            zip(
                checkpoint(&[(name.clone(), vector("0", 1))]),
                &[("0", vec![0; 4])],
            ),
            zip(
                checkpoint(&[(name.clone(), vector("0", 9))]),
                &[("0", vec![0; 4])],
            ),
            zip(
                checkpoint(&[(text("a"), one(float(&evil)))]),
                &[("0", vec![0; 4])],
            ),
            zip(
                checkpoint(&[(text("a"), one(typed(&evil)))]),
                &[("0", vec![0; 4])],
            ),
            zip(
                pickle(dict(&[
                    (name.clone(), text("a")),
                    (text("b"), name.clone()),
                ])),
                &[],
            ),
            zip(
                pickle(dict(&[(
                    text("model"),
                    [class(&evil, &evil), b")R".to_vec()].concat(),
                )])),
                &[],
            ),
            zip(pickle([class(&evil, &evil), b")R".to_vec()].concat()), &[]),
            zip(
                pickle([b"F".to_vec(), line(&evil).into_bytes(), b"\n".to_vec()].concat()),
                &[],
            ),
            zip(
                pickle([b"I".to_vec(), line(&evil).into_bytes(), b"\n".to_vec()].concat()),
                &[],
            ),
            zip(
                pickle([b"g".to_vec(), line(&evil).into_bytes(), b"\n".to_vec()].concat()),
                &[],
            ),
            zip(pickle(dict(&[(memo(1, name.clone()), recall(7))])), &[]),
            legacy(
                checkpoint(&[(name.clone(), vector("0", 1))]),
                &["0"],
                &[(1, vec![0; 4])],
            ),
            legacy(
                checkpoint(&[(text("a"), vector("0", 1))]),
                &[&evil],
                &[(1, vec![0; 4])],
            ),
            legacy(
                checkpoint(&[(text("a"), one(float(&evil)))]),
                &[&evil],
                &[(1, vec![0; 2])],
            ),
            legacy(
                checkpoint(&[(text("a"), one(float(&evil)))]),
                &[&evil, &evil],
                &[(1, vec![0; 4]), (1, vec![0; 4])],
            ),
            legacy(
                checkpoint(&[(text("a"), one(float(&evil)))]),
                &["0"],
                &[(1, vec![0; 4])],
            ),
            legacy(
                checkpoint(&[(text("a"), one(float(&evil)))]),
                &[&evil],
                &[(7, vec![0; 4])],
            ),
        ];
        for (i, bytes) in files.iter().enumerate() {
            std::fs::write(&path, bytes).unwrap();
            let said = LoadedModel::open(&path, None, None)
                .map(|_| ())
                .unwrap_err()
                .to_string();
            fit(&said, &path, &format!("pickle {i}"));
            if let Ok(opened) = Checkpoint::open(&path) {
                for name in opened.names() {
                    let _ = opened
                        .read(name)
                        .map_err(|e| fit(&e.to_string(), &path, "reading"));
                }
            }
        }
        for i in [0, 4, 11] {
            std::fs::write(&path, &files[i]).unwrap();
            prints_fit(&["info", path.to_str().unwrap()], "info");
        }
    }
}

#[test]
fn tokens_and_ids_are_fit() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.json");
    for evil in [EVIL.to_owned(), long()] {
        let lists = [
            serde_json::json!([evil, "b", evil]),
            serde_json::json!([evil, 1]),
            serde_json::json!({(evil.clone()): evil}),
            serde_json::json!({(evil.clone()): 7}),
            serde_json::json!({(evil.clone()): 0, "b": 0}),
            serde_json::json!({"tokens": [evil], "unit": "byte"}),
            serde_json::json!({"tokens": ["a"], "unit": evil}),
            serde_json::json!(evil),
        ];
        for (i, list) in lists.iter().enumerate() {
            std::fs::write(&path, list.to_string()).unwrap();
            if let Err(said) = Vocabulary::from_file(&path, 12, false) {
                fit(&said.to_string(), &path, &format!("vocabulary {i}"));
            }
            let read = vocabulary_json(list.to_string().as_bytes(), 12);
            let read =
                read.and_then(|json| Vocabulary::from_json(&json).map_err(|e| e.to_string()));
            fit(
                &read.err().unwrap_or_default(),
                &path,
                &format!("vocabulary {i}"),
            );
            let ids = read_ids(&path).unwrap_err();
            fit(&ids.to_string(), &path, &format!("ids {i}"));
        }
    }
}

/// A path of any characters is told as what it is.
#[test]
fn paths_are_fit() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let evil = EVIL.replace(['/', '\0'], "");
    let deep = folder.path().join("d".repeat(200)).join("e".repeat(200));
    std::fs::create_dir_all(&deep).unwrap();
    for path in [folder.path().join(&evil), deep.join("model.pt")] {
        std::fs::write(&path, "no model").unwrap();
        for command in ["info", "spans"] {
            let (out, err) = printed(&[command, path.to_str().unwrap()]);
            assert!(out.is_empty() && err.lines().count() == 1, "{out}{err}");
            assert!(
                err.chars().count() < 520 && !err.trim_end().contains(char::is_control),
                "{err:?}"
            );
            assert!(err.contains("model.pt") || err.contains("\\u{1b}"), "{err}");
        }
    }
}

/// A file of parts may have other metadata: see [`Parts`].
#[test]
fn a_long_string_is_not_kept_twice() {
    let _alone = alone();
    let base = base();
    let parts: &Parts = base.of(Kind::Run);
    let mut header = parts.header(Kind::Run);
    header["written_by"] = "A".repeat(4 << 20).into();
    header["requires"] = serde_json::json!(["B".repeat(4 << 20)]);
    let path = base.path("long.safetensors");
    parts.with(Kind::Run, &header).write(&path);
    let to_open = path.clone();
    let (said, peak) = super::measured::measured(move || {
        LoadedModel::open(&to_open, None, None)
            .map(|_| ())
            .unwrap_err()
            .to_string()
    });
    fit(&said, &path, "a long string");
    assert!(peak < super::measured::ALLOWED + (8 << 20), "{peak}");
}
