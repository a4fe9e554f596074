//! What is taken for a text or a vocabulary, what is refused as one, and what tables say of tokens.

use super::{SHAKESPEARE, complaint, data, json, program};
use serde_json::Value;
use std::path::Path;

fn put(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn name_of(path: &str) -> &str {
    Path::new(path).file_name().unwrap().to_str().unwrap()
}

#[test]
fn what_is_no_text_stops_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let out = |name: &str| at.join(name).to_str().unwrap().to_owned();
    let model = std::fs::read(data("tiny_adaptive.pt")).unwrap();
    for (text, part) in [
        (put(at, "a.txt", &model), "a PyTorch file"),
        (put(at, "b.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF"), "JPEG"),
        (put(at, "c.txt", b"to be\0"), "byte 5 is zero"),
        (put(at, "d.xz", b"\xfd7zXZ\0\0"), "packed as .xz"),
        (
            put(at, "e.txt", "Все счастливые семьи похожи"),
            "not in the vocabulary",
        ),
    ] {
        let run = out("run.safetensors");
        let picture = out("a.svg");
        for command in [
            vec!["eval"],
            vec!["effective-spans"],
            vec!["persistent"],
            vec!["attention", "--layer", "0", "--head", "0"],
            vec!["record", "-o", &run],
        ] {
            let args = [
                &command[..1],
                &[SHAKESPEARE, "--text", &text],
                &command[1..],
            ]
            .concat();
            let said = complaint(&args, 1);
            assert!(
                said.contains(part) && said.contains(name_of(&text)),
                "{args:?}: {said}"
            );
        }
        let args = [
            "figure",
            "surprisal",
            SHAKESPEARE,
            "--text",
            &text,
            "-o",
            &picture,
        ];
        assert!(complaint(&args, 1).contains(part), "{text}");
        assert!(!Path::new(&run).exists() && !Path::new(&picture).exists());
    }
    let mixed = put(at, "mixed.txt", "Now Все then Все");
    let report = json(&[
        "eval",
        SHAKESPEARE,
        "--text",
        &mixed,
        "--any-text",
        "--json",
    ]);
    assert_eq!(
        (&report["tokens"], &report["unknown"]),
        (&10.into(), &12.into())
    );
    assert!((report["known_share"].as_f64().unwrap() - 10.0 / 22.0).abs() < 1e-9);
}

#[test]
fn a_vocabulary_that_lacks_much_of_the_text_trains_nothing_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let text = put(at, "text.txt", "Hello World 123 abc\n".repeat(200));
    let vocabulary = put(at, "letters.txt", "abcdefghijklmnopqrstuvwxyz\n");
    let run = at.join("run").to_str().unwrap().to_owned();
    let small = "--nlayers 1 --hid-sz 8 --nheads 1 --inner-hid-sz 8 --attn-span 8 --block-sz 8 --batch-sz 2 --nbatches 1 --niter 1";
    let mut args = vec!["train", "--data", &text, "--vocab", &vocabulary, "-o", &run];
    args.extend(small.split(' '));
    let said = complaint(&args, 1);
    for part in ["(40.0 %)", "\"␣\" 570 times", "--any-text"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!Path::new(&run).exists());
    args.push("--any-text");
    let done = program(&args).assert().success();
    let said = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert!(
        said.contains("(40.0 %)") && said.contains("left out"),
        "{said}"
    );
    // What was begun so goes on so.
    program(&["train", "--resume", &run, "--niter", "2"])
        .assert()
        .success();
}

#[test]
fn tables_tell_tokens_apart_that_look_alike() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut tokens: Vec<String> = (0..56).map(|i| format!("word{i}")).collect();
    let odd = [
        "internationalization_first",
        "internationalization_second",
        "a b",
        "a␣b",
    ];
    tokens.extend(odd.map(str::to_owned));
    let vocabulary = put(at, "tokens.json", serde_json::json!(tokens).to_string());
    let ids = put(at, "ids.json", "[1, 56, 57, 58, 59]");
    let out = |name: &str| at.join(name).to_str().unwrap().to_owned();
    let model = data("tiny_adaptive.pt");
    for kind in ["surprisal", "attention"] {
        let (csv, file) = (out(&format!("{kind}.csv")), out(&format!("{kind}.json")));
        program(&[
            "figure",
            kind,
            &model,
            "--vocab",
            &vocabulary,
            "--ids",
            &ids,
            "-o",
            &csv,
            "-o",
            &file,
        ])
        .assert()
        .success();
        let table: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let place = |name: &str| {
            let columns = table["columns"].as_array().unwrap();
            columns
                .iter()
                .position(|column| column["name"] == name)
                .unwrap()
        };
        let rows = table["rows"].as_array().unwrap();
        for (row, (id, token)) in rows[rows.len() - 4..].iter().zip((56..).zip(odd)) {
            assert_eq!(
                (&row[place("id")], &row[place("token")]),
                (&id.into(), &token.into())
            );
        }
        let mut csv = csv::Reader::from_path(&csv).unwrap();
        let at = csv
            .headers()
            .unwrap()
            .iter()
            .position(|name| name == "token");
        let named: Vec<String> = csv
            .records()
            .map(|row| row.unwrap()[at.unwrap()].to_owned())
            .collect();
        assert_eq!(named[named.len() - 4..], odd);
    }
    let header = std::fs::read_to_string(out("attention.csv")).unwrap();
    assert!(header.contains("1 56 internationalization_first,2 57 internationalization_second,"));
    let table: Value =
        serde_json::from_slice(&std::fs::read(out("attention.json")).unwrap()).unwrap();
    let column = &table["columns"][3];
    assert_eq!((&column["name"], &column["id"]), (&"2".into(), &57.into()));
    assert_eq!(column["token"], "internationalization_second");
}

#[test]
fn tokens_that_are_not_there_are_refused_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let text = put(folder.path(), "text.txt", "to be, or not to be: ");
    let out = folder
        .path()
        .join("a.safetensors")
        .to_str()
        .unwrap()
        .to_owned();
    let svg = folder.path().join("a.svg").to_str().unwrap().to_owned();
    for (range, part) in [
        ("5..900", "5..21 or 5.. are those from 5 on"),
        ("21..", "21 tokens"),
        ("900..901", "21 tokens"),
    ] {
        for (command, output, code) in [
            (vec!["figure", "attention"], &svg, 2),
            (vec!["figure", "text"], &svg, 2),
            (vec!["record"], &out, 1),
        ] {
            let rest = [
                SHAKESPEARE,
                "--text",
                &text,
                "--tokens",
                range,
                "-o",
                output,
            ];
            let said = complaint(&[&command[..], &rest].concat(), code);
            assert!(
                said.contains(part) && !said.contains("18446744073709551615"),
                "{said}"
            );
        }
    }
    let ids = put(folder.path(), "ids.json", "[1, 2, 99]");
    let args = [
        "figure",
        "surprisal",
        SHAKESPEARE,
        "--ids",
        &ids,
        "-o",
        &svg,
    ];
    assert!(complaint(&args, 1).contains("id 99 at position 2"));
}
