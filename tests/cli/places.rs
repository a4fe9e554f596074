//! `examples`: places in texts that show what heads do.

use super::corpus::{at, corpus};
use super::*;
use serde_json::json;

#[test]
fn places_of_shards_join_to_those_of_one_run() {
    let folder = corpus();
    let at = |name: &str| at(&folder, name);
    let texts = at("texts");
    let run = |extra: &[&str]| {
        let args = [
            "examples",
            SHAKESPEARE,
            "--texts",
            &texts,
            "--by",
            "duplicate",
        ];
        program(&[&args[..], extra].concat()).assert().success();
    };
    run(&["-o", &at("one.safetensors")]);
    let shards: Vec<String> = (1..=3).map(|i| at(&format!("{i}.safetensors"))).collect();
    for (i, path) in shards.iter().enumerate() {
        run(&[
            "--shard",
            &format!("{}/3", i + 1),
            "--jobs",
            "2",
            "-o",
            path,
        ]);
    }
    let all = at("all.safetensors");
    program(&["merge", &shards[2], &shards[0], &shards[1], "-o", &all])
        .assert()
        .success();
    let bytes = |path: &str| std::fs::read(path).unwrap();
    assert!(bytes(&all) == bytes(&at("one.safetensors")));
    // The sums are in it as well.
    assert_eq!(
        json(&["effective-spans", &all, "--json"])["texts"].as_u64(),
        Some(4)
    );

    let found = json(&["examples", &all, "--head", "L3H1", "--json"]);
    assert_eq!(
        (found["by"].as_str(), found["tokens"].as_u64()),
        (Some("duplicate"), Some(2500))
    );
    let head = &found["heads"][0];
    assert_eq!(head["queries"].as_u64(), Some(2500));
    let top = head["top"].as_array().unwrap();
    assert_eq!(top.len(), 10);
    let value = |place: &Value| place["value"].as_f64().unwrap();
    assert!(
        top.windows(2)
            .all(|pair| value(&pair[0]) >= value(&pair[1]))
    );
    // What stands there is what the text has there.
    for place in top {
        let text = std::fs::read_to_string(Path::new(&texts).join(place["text"].as_str().unwrap()))
            .unwrap();
        let characters: Vec<char> = text.chars().collect();
        let tokens = place["tokens"].as_array().unwrap();
        for token in tokens {
            let position = token["position"].as_u64().unwrap() as usize;
            assert_eq!(
                token["token"].as_str().unwrap(),
                characters[position].to_string()
            );
        }
        let query = place["query"].as_u64().unwrap() as usize;
        let same = tokens.iter().filter(|token| {
            let position = token["position"].as_u64().unwrap() as usize;
            position < query && characters[position] == characters[query]
        });
        let weight: f64 = same.map(|token| token["weight"].as_f64().unwrap()).sum();
        assert!(
            weight > 0.0 && weight <= 2.0 * value(place) + 1e-6,
            "{place}"
        );
    }
    let words = stdout(&["examples", &all, "--head", "3.1"]);
    assert!(
        words.contains("L3H1  largest duplicate")
            && words.contains("decile 10 of 10 of the queries"),
        "{words}"
    );
    assert!(words.contains('⟦'), "{words}");
}

#[test]
fn what_is_no_file_of_examples_says_so() {
    let folder = corpus();
    let at = |name: &str| at(&folder, name);
    let (texts, sums, found) = (at("texts"), at("sums.safetensors"), at("found.safetensors"));
    let text = format!("{texts}/b.txt");
    program(&["effective-spans", SHAKESPEARE, "--text", &text, "-o", &sums])
        .assert()
        .success();
    let said = complaint(&["examples", &sums], 1);
    assert!(said.contains("holds no examples"), "{said}");
    program(&[
        "examples",
        SHAKESPEARE,
        "--text",
        &format!("{texts}/a.txt"),
        "-o",
        &found,
    ])
    .assert()
    .success();
    let said = complaint(&["merge", &sums, &found, "-o", &at("x.safetensors")], 1);
    assert!(said.contains("examples were chosen otherwise"), "{said}");
    for (args, words) in [
        (&["examples", &found, "--by", "sink"][..], "chosen before"),
        (
            &["examples", SHAKESPEARE, "--text", &text, "--by", "x"][..],
            "induction",
        ),
        (
            &["examples", SHAKESPEARE, "--text", &text, "--top", "2000"][..],
            "1000",
        ),
        (
            &["examples", SHAKESPEARE, "--text", &text, "--head", "9.9"][..],
            "9",
        ),
    ] {
        let said = complaint(args, 2);
        assert!(said.contains(words), "{args:?}: {said}");
    }
}

/// A folder with a list of documents and a text.
fn lists() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(data("shakespeare_test_20000.txt")).unwrap();
    let document = |from: usize, to: usize| json!({"id": from, "text": text[from..to]}).to_string();
    let lines = [
        document(0, 300),
        String::new(),
        document(300, 900),
        document(900, 1300),
    ];
    std::fs::create_dir(folder.path().join("texts")).unwrap();
    let write = |name: &str, content: &str| {
        std::fs::write(folder.path().join("texts").join(name), content).unwrap();
    };
    write("list.jsonl", &lines.join("\n"));
    write("z.txt", &text[1300..1800]);
    folder
}

#[test]
fn every_document_of_a_list_is_a_text() {
    let folder = lists();
    let at = |name: &str| at(&folder, name);
    let (texts, list) = (at("texts"), at("texts/list.jsonl"));
    let per_text = at("per.csv");
    let found = json(&[
        "effective-spans",
        SHAKESPEARE,
        "--text",
        &texts,
        "--per-text",
        &per_text,
        "--json",
    ]);
    assert_eq!(
        (found["texts"].as_u64(), found["tokens"].as_u64()),
        (Some(4), Some(1800))
    );
    let table = std::fs::read_to_string(&per_text).unwrap();
    for name in ["list.jsonl:1,", "list.jsonl:3,", "list.jsonl:4,", "z.txt,"] {
        assert!(table.contains(name), "{table}");
    }
    // The same as of files with what is in the lines.
    std::fs::create_dir(folder.path().join("files")).unwrap();
    let text = std::fs::read(data("shakespeare_test_20000.txt")).unwrap();
    for (name, range) in [("a", 0..300), ("b", 300..900), ("c", 900..1300)] {
        std::fs::write(folder.path().join("files").join(name), &text[range]).unwrap();
    }
    let of = |texts: &str| json(&["effective-spans", SHAKESPEARE, "--text", texts, "--json"]);
    let (lines, files) = (of(&list), of(&at("files")));
    assert_eq!(lines["tokens"], 1300);
    assert_eq!(lines["heads"], files["heads"]);
    // A line that is none is named, and can be left out.
    let bad = at("bad.jsonl");
    std::fs::write(&bad, "{\"text\": \"To be\"}\n{\"txt\": \"or not\"}\n").unwrap();
    let said = complaint(&["effective-spans", SHAKESPEARE, "--text", &bad], 1);
    assert!(
        said.contains("bad.jsonl: line 2") && said.contains("\"text\""),
        "{said}"
    );
    let left = json(&[
        "effective-spans",
        SHAKESPEARE,
        "--text",
        &bad,
        "--skip-bad",
        "--json",
    ]);
    assert_eq!(
        (left["texts"].as_u64(), left["tokens"].as_u64()),
        (Some(1), Some(5))
    );
    assert_eq!(left["left_out"][0], "bad.jsonl:2");
    // `record` takes them, too.
    let run = at("run.safetensors");
    program(&["record", SHAKESPEARE, "--text", &list, "-o", &run])
        .assert()
        .success();
    assert_eq!(json(&["effective-spans", &run, "--json"])["texts"], 3);
}

#[test]
fn neurons_and_vectors_have_places() {
    let folder = lists();
    let at = |name: &str| at(&folder, name);
    let texts = at("texts");
    let run = |model: &str, extra: &[&str]| {
        let args = ["examples", model, "--text", &texts, "--top", "6"];
        program(&[&args[..], extra].concat()).assert().success();
    };
    let neurons = ["--neuron", "L2", "--neuron", "1.5"];
    run(
        SHAKESPEARE,
        &[&neurons[..], &["-o", &at("one.safetensors")]].concat(),
    );
    let shards: Vec<String> = (1..=2).map(|i| at(&format!("{i}.safetensors"))).collect();
    for (i, path) in shards.iter().enumerate() {
        let shard = format!("{}/2", i + 1);
        run(
            SHAKESPEARE,
            &[
                &neurons[..],
                &["--jobs", "2", "--shard", &shard, "-o", path],
            ]
            .concat(),
        );
    }
    let all = at("all.safetensors");
    program(&["merge", &shards[1], &shards[0], "-o", &all])
        .assert()
        .success();
    let bytes = |path: &str| std::fs::read(path).unwrap();
    assert!(bytes(&all) == bytes(&at("one.safetensors")));

    // Of one text they are the tokens that `neurons` names.
    let text = at("texts/z.txt");
    let found = json(&[
        "examples",
        SHAKESPEARE,
        "--text",
        &text,
        "--neuron",
        "1.5",
        "--json",
    ]);
    assert!(found["heads"].as_array().unwrap().is_empty());
    let neuron = &found["neurons"][0];
    assert_eq!(
        (&neuron["layer"], &neuron["neuron"], &neuron["tokens"]),
        (&json!(1), &json!(5), &json!(500))
    );
    let beside = json(&[
        "neurons",
        SHAKESPEARE,
        "--neuron",
        "1.5",
        "--text",
        &text,
        "--json",
    ]);
    let users = beside["neuron"]["used_most_by"].as_array().unwrap();
    assert_eq!(users.len(), 8);
    for (place, user) in neuron["top"].as_array().unwrap().iter().zip(users) {
        assert_eq!(place["token"], user["position"], "{place} {user}");
        let value = |of: &Value| of.as_f64().unwrap();
        assert!((value(&place["value"]) - value(&user["activation"])).abs() < 1e-6);
    }
    let characters: Vec<char> = std::fs::read_to_string(&text).unwrap().chars().collect();
    for token in neuron["top"][0]["tokens"].as_array().unwrap() {
        let position = token["position"].as_u64().unwrap() as usize;
        assert_eq!(token["token"], characters[position].to_string());
    }

    // Of the file, what is asked for.
    let words = stdout(&["examples", &all, "--neuron", "L1N5"]);
    assert!(
        words.starts_with("L1N5  largest activation") && words.contains('⟦'),
        "{words}"
    );
    assert!(
        words.contains("list.jsonl:") && !words.contains("L2N0"),
        "{words}"
    );
    let said = complaint(&["examples", &all, "--neuron", "L1N6"], 1);
    assert!(
        said.contains("L1N6") && said.contains("neurons of L2"),
        "{said}"
    );
    let said = complaint(
        &[
            "merge",
            &shards[0],
            &at("one.safetensors"),
            "-o",
            &at("x.safetensors"),
        ],
        1,
    );
    assert!(said.contains("both hold"), "{said}");
    run(
        SHAKESPEARE,
        &["--shard", "2/2", "-o", &at("bare.safetensors")],
    );
    let said = complaint(
        &[
            "merge",
            &shards[0],
            &at("bare.safetensors"),
            "-o",
            &at("x.safetensors"),
        ],
        1,
    );
    assert!(
        said.contains("chosen otherwise") && said.contains("neurons of L2"),
        "{said}"
    );

    // Vectors: the weights that `attention` writes.
    let found = json(&[
        "examples", WIKITEXT, "--text", &text, "--vector", "L1H0V7", "--json",
    ]);
    let vector = &found["vectors"][0];
    let head = at("head.safetensors");
    program(&[
        "attention",
        WIKITEXT,
        "--text",
        &text,
        "--layer",
        "1",
        "--head",
        "0",
        "-o",
        &head,
    ])
    .assert()
    .success();
    let (shape, persistent) = tensor(&std::fs::read(&head).unwrap(), "persistent").unwrap();
    let of = |token: usize| persistent[token * shape[1] + 7];
    let mut weights: Vec<f32> = (0..shape[0]).map(of).collect();
    for place in vector["top"].as_array().unwrap() {
        let token = place["token"].as_u64().unwrap() as usize;
        assert_eq!(place["value"].as_f64().unwrap() as f32, of(token));
    }
    weights.sort_by(|a, b| b.total_cmp(a));
    let top = vector["top"].as_array().unwrap().iter();
    let top: Vec<f32> = top.map(|of| of["value"].as_f64().unwrap() as f32).collect();
    assert_eq!(top, weights[..top.len()]);
    for (args, words) in [
        (["--neuron", "9.1"], "layers, counted from 0"),
        (["--neuron", "L9"], "layers go from 0"),
        (["--neuron", "1.99999"], "L1N99999"),
        (["--neuron", "x"], "L3N120"),
        (["--vector", "all"], "no persistent vectors"),
        (["--vector", "L9H0V1"], "L9H0"),
    ] {
        let args = [&["examples", SHAKESPEARE, "--text", &text][..], &args].concat();
        let said = complaint(&args, 2);
        assert!(said.contains(words), "{args:?}: {said}");
    }
}
