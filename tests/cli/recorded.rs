//! Recorded runs: written by one process, looked at by others.

use super::*;

const TEXT: &str = "assets/texts/encyclopedia.txt";
const OTHER: &str = "assets/texts/shakespeare.txt";

/// A folder with a run in it, and the run's path.
fn recorded(args: &[&str]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run.safetensors");
    let run = run.to_str().unwrap().to_owned();
    let all = [&["record"], args, &["-o", &run]].concat();
    program(&all).assert().success().stdout("");
    (folder, run)
}

fn out(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_recorded_run_gives_the_files_of_the_live_one() {
    let (folder, run) = recorded(&[WIKITEXT, "--text", TEXT]);
    let head = ["--layer", "1", "--head", "2", "-o"];
    for ending in ["safetensors", "csv"] {
        let (a, b) = (out(&folder, "a"), out(&folder, "b"));
        let (a, b) = (format!("{a}.{ending}"), format!("{b}.{ending}"));
        let live = ["attention", WIKITEXT, "--text", TEXT];
        program(&[&live[..], &head, &[&a]].concat())
            .assert()
            .success();
        program(&[&["attention", &run][..], &head, &[&b]].concat())
            .assert()
            .success();
        let (a, b) = (std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
        if ending == "csv" {
            assert!(a == b && a.len() > 10_000);
            continue;
        }
        for name in ["weights", "persistent", "empty"] {
            assert!(tensor(&a, name).is_some() && tensor(&a, name) == tensor(&b, name));
        }
    }
    let live = json(&["eval", WIKITEXT, "--text", TEXT, "--json"]);
    let again = json(&["eval", &run, "--json"]);
    for field in [
        "tokens",
        "unknown",
        "nats_per_token",
        "bits_per_token",
        "bits_per_byte",
    ] {
        assert_eq!(live[field], again[field], "{field}");
    }
    assert!(again["tokens_per_second"].is_null() && again["seconds"].is_null());
    let live = json(&["persistent", WIKITEXT, "--text", TEXT, "--json"]);
    let again = json(&["persistent", &run, "--json"]);
    for (live, again) in live
        .as_array()
        .unwrap()
        .iter()
        .zip(again.as_array().unwrap())
    {
        for field in ["context", "persistent", "empty"] {
            let (a, b) = (
                live[field].as_f64().unwrap(),
                again[field].as_f64().unwrap(),
            );
            assert!((a - b).abs() < 1e-12, "{field}: {a} {b}");
        }
        assert_eq!(live["never_used"], again["never_used"]);
        assert_eq!(live["usage"].as_array().unwrap().len(), 256);
    }
    let spans = |model: &str| json(&["spans", model, "--json"]);
    assert_eq!(spans(WIKITEXT), spans(&run));
}

#[test]
fn info_says_what_was_recorded() {
    let (_folder, run) = recorded(&[
        WIKITEXT,
        "--text",
        TEXT,
        "--text",
        OTHER,
        "--tokens",
        "100..300",
        "--vectors",
        "5",
        "--dtype",
        "f16",
    ]);
    let info = json(&["info", &run, "--json"]);
    let live = json(&["info", WIKITEXT, "--json"]);
    for field in [
        "vocab_size",
        "parameters",
        "format",
        "assumed",
        "vocabulary",
        "adapt_span_ramp",
    ] {
        assert_eq!(info[field], live[field], "{field}");
    }
    let recorded = &info["recorded"];
    assert_eq!(recorded["file"], "wikitext_all_attention.safetensors");
    assert_eq!(recorded["dtype"], "f16");
    assert_eq!(recorded["vectors"], 4 * 4 * 5);
    assert_eq!(recorded["texts"][1]["name"], "shakespeare.txt");
    assert_eq!(
        recorded["texts"][0]["queries"],
        serde_json::json!([64, 300])
    );
    let bytes = std::fs::read(root(WIKITEXT)).unwrap();
    assert_eq!(recorded["sha256"], spanscope::files::sha256_hex(&bytes));
    let said = stdout(&["info", &run]);
    assert!(
        said.contains("Recorded run") && said.contains("weights of tokens 64 to 299"),
        "{said}"
    );
}

#[test]
fn a_part_of_a_text_is_exported_as_in_the_whole() {
    let (folder, part) = recorded(&[WIKITEXT, "--text", TEXT, "--tokens", "128..200"]);
    let (a, b) = (out(&folder, "a.safetensors"), out(&folder, "b.safetensors"));
    let head = ["--layer", "3", "--head", "0", "-o"];
    let live = ["attention", WIKITEXT, "--text", TEXT];
    program(&[&live[..], &head, &[&a]].concat())
        .assert()
        .success();
    program(&[&["attention", &part][..], &head, &[&b]].concat())
        .assert()
        .success();
    let (a, b) = (std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
    let (shape, whole) = tensor(&a, "weights").unwrap();
    let (of_part, weights) = tensor(&b, "weights").unwrap();
    assert_eq!(of_part, [72, shape[1]]);
    assert!(whole[128 * shape[1]..200 * shape[1]] == weights);
    let table = stdout(&["attention", &part, "--layer", "3", "--head", "0"]);
    assert_eq!(table.lines().count(), 73);
    let notes = program(&["persistent", &part]).assert().success();
    let notes = String::from_utf8(notes.get_output().stderr.clone()).unwrap();
    assert!(notes.contains("tokens 128 to 199"), "{notes}");
}

#[test]
fn several_texts_are_picked_by_their_number() {
    let (folder, run) = recorded(&[SHAKESPEARE, "--text", OTHER, "--text", TEXT]);
    let bits = |args: &[&str]| json(args)["bits_per_token"].as_f64().unwrap();
    for (index, text) in [("0", OTHER), ("1", TEXT)] {
        let live = bits(&["eval", SHAKESPEARE, "--text", text, "--json", "-q"]);
        assert_eq!(bits(&["eval", &run, "--index", index, "--json"]), live);
    }
    assert!(complaint(&["eval", &run, "--index", "2"], 1).contains("no text 2 in the run file"));
    let picture = out(&folder, "a.png");
    program(&[
        "shot", &picture, "--model", &run, "--index", "1", "--size", "640x480",
    ])
    .assert()
    .success();
    assert!(std::fs::metadata(&picture).unwrap().len() > 10_000);
    let said = complaint(
        &["shot", &picture, "--force", "--model", &run, "--index", "9"],
        1,
    );
    assert!(said.contains("no text 9"), "{said}");
}

#[test]
fn ids_are_recorded_without_a_vocabulary() {
    let golden = Golden::open("tiny_all_attention");
    let run = golden.out("run.safetensors");
    let model = data("tiny_all_attention.pt");
    program(&["record", &model, "--ids", &golden.ids(), "-o", &run])
        .assert()
        .success();
    let live = json(&["eval", &model, "--ids", &golden.ids(), "--json", "-q"]);
    let again = json(&["eval", &run, "--json"]);
    assert_eq!(live["nats_per_token"], again["nats_per_token"]);
    assert!(again["bits_per_byte"].is_null());
}

#[test]
fn what_needs_the_model_is_refused_in_words() {
    let (folder, run) = recorded(&[SHAKESPEARE, "--text", OTHER]);
    let to = out(&folder, "b.safetensors");
    let needs = "open the model that it was recorded from";
    assert!(complaint(&["generate", &run, "--prompt", "To be"], 1).contains(needs));
    assert!(complaint(&["convert", &run, &to], 1).contains(needs));
    let own = "a recorded run has its own text";
    assert!(complaint(&["eval", &run, "--text", OTHER], 2).contains(own));
    let attention = [
        "attention",
        &run,
        "--text",
        OTHER,
        "--layer",
        "0",
        "--head",
        "0",
    ];
    assert!(complaint(&attention, 2).contains(own));
    assert!(complaint(&["shot", "a.png", "--model", &run, "--text", OTHER], 2).contains(own));
    assert!(complaint(&["eval", &run, "--log-probs", &to], 2).contains("--log-probs"));
    assert!(complaint(&["info", &run, "--ramp", "16"], 1).contains("leave --vocab and --ramp out"));
    let again = ["record", &run, "--text", OTHER, "-o", &to];
    assert!(complaint(&again, 2).contains("recorded run already"));
    let ablated = ["shot", "a.png", "--model", &run, "--ablate", "0.0"];
    assert!(complaint(&ablated, 1).contains("holds no weights"));
    // Without a text a model has nothing to run on.
    assert!(complaint(&["eval", SHAKESPEARE], 2).contains("--text FILE"));
    let index = ["eval", SHAKESPEARE, "--text", OTHER, "--index", "1"];
    assert!(complaint(&index, 2).contains("--index"));
    assert!(!Path::new(&to).exists() && !root("a.png").exists());
}

#[test]
fn a_file_that_is_there_is_replaced_only_if_asked() {
    let (folder, run) = recorded(&[SHAKESPEARE, "--text", OTHER]);
    let before = std::fs::read(&run).unwrap();
    let args = ["record", SHAKESPEARE, "--text", TEXT, "-o", &run];
    assert!(complaint(&args, 1).contains("--force"));
    assert!(std::fs::read(&run).unwrap() == before);
    program(&[&args[..], &["--force"]].concat())
        .assert()
        .success();
    assert!(std::fs::read(&run).unwrap() != before);
    let missing = out(&folder, "no/run.safetensors");
    let args = ["record", SHAKESPEARE, "--text", TEXT, "-o", &missing];
    assert!(complaint(&args, 1).contains("no such folder"));
    for wrong in ["5..5", "a..b", "7..=9"] {
        let args = [
            "record",
            SHAKESPEARE,
            "--text",
            TEXT,
            "-o",
            &run,
            "--tokens",
            wrong,
        ];
        complaint(&args, 2);
    }
    let args = [
        "record",
        SHAKESPEARE,
        "--text",
        TEXT,
        "-o",
        &run,
        "--force",
        "--tokens",
        "90000..90001",
    ];
    assert!(complaint(&args, 1).contains("--tokens 90000..90001"));
    let model = out(&folder, "model.safetensors");
    std::fs::copy(root(SHAKESPEARE), &model).unwrap();
    let args = ["record", &model, "--text", TEXT, "-o", &model, "--force"];
    assert!(complaint(&args, 2).contains("reads that file"));
    // Nothing half-written is left.
    let names = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(names.count(), 2);
}

#[test]
fn shards_of_a_corpus_are_recorded_apart_and_their_sums_are_those_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let texts = folder.path().join("texts");
    std::fs::create_dir(&texts).unwrap();
    let all = std::fs::read(data("shakespeare_test_20000.txt")).unwrap();
    for i in 0..5 {
        let path = texts.join(format!("{i}.txt"));
        std::fs::write(path, &all[i * 300..i * 300 + 250]).unwrap();
    }
    let (texts, out) = (texts.to_str().unwrap(), |name: &str| {
        folder.path().join(name).to_str().unwrap().to_owned()
    });
    let parts = [out("1.safetensors"), out("2.safetensors")];
    for (path, shard) in parts.iter().zip(["1/2", "2/2"]) {
        let args = [
            "record",
            SHAKESPEARE,
            "--text",
            texts,
            "--shard",
            shard,
            "-o",
            path,
        ];
        program(&args).assert().success();
    }
    let (merged, one) = (out("merged.safetensors"), out("one.safetensors"));
    program(&["merge", &parts[1], &parts[0], "-o", &merged])
        .assert()
        .success();
    program(&["effective-spans", SHAKESPEARE, "--text", texts, "-o", &one])
        .assert()
        .success();
    assert!(
        sums_of_weights(&merged) == sums_of_weights(&one),
        "bit for bit"
    );
    let args = [
        "record",
        SHAKESPEARE,
        "--text",
        texts,
        "--shard",
        "6/6",
        "-o",
        &out("x.safetensors"),
    ];
    assert!(complaint(&args, 1).contains("fewer shards"));
}
