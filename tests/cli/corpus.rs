//! Many texts: folders, shards, merging, and what is refused of them.

use super::*;

/// A folder of pieces of a text, one of them in a folder of its own, and a hidden file.
pub(super) fn corpus() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read(data("shakespeare_test_20000.txt")).unwrap();
    let texts = folder.path().join("texts");
    std::fs::create_dir_all(texts.join("more")).unwrap();
    for (name, range) in [
        ("b.txt", 0..400),
        ("a.txt", 400..1700),
        ("more/c.txt", 1700..1760),
        ("d.txt", 1760..2500),
        (".hidden", 0..10),
    ] {
        std::fs::write(texts.join(name), &text[range]).unwrap();
    }
    folder
}

pub(super) fn at(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

#[test]
fn shards_join_to_what_one_run_gives() {
    let folder = corpus();
    let at = |name: &str| at(&folder, name);
    let texts = at("texts");
    let run = |command: &str, extra: &[&str]| {
        let args = [command, SHAKESPEARE, "--text", &texts, "--ramp", "32"];
        program(&[&args[..], extra].concat()).assert().success();
    };
    run("effective-spans", &["-o", &at("one.safetensors")]);
    let shards: Vec<String> = (1..=3).map(|i| at(&format!("{i}.safetensors"))).collect();
    for (i, path) in shards.iter().enumerate() {
        // Any command that measures gives the same sums.
        let command = ["persistent", "effective-spans"][i % 2];
        let shard = format!("{}/3", i + 1);
        let jobs = ["1", "2", "4"][i];
        run(command, &["--shard", &shard, "--jobs", jobs, "-o", path]);
    }
    let said = complaint(
        &["merge", &shards[2], &shards[0], "-o", &at("x.safetensors")],
        1,
    );
    assert!(
        said.contains("shards 2 of 3") && said.contains("--partial"),
        "{said}"
    );
    assert!(!Path::new(&at("x.safetensors")).exists());
    let pair = at("pair.safetensors");
    let said = told(&["merge", &shards[2], &shards[0], "-o", &pair, "--partial"]);
    assert!(said.contains("not measured: shards 2 of 3"), "{said}");
    let all = at("all.safetensors");
    program(&["merge", &pair, &shards[1], "-o", &all, "--quiet"])
        .assert()
        .success()
        .stderr("");
    let bytes = |path: &str| std::fs::read(path).unwrap();
    assert!(bytes(&all) == bytes(&at("one.safetensors")));
    let said = complaint(&["merge", &pair, &shards[1], "-o", &all], 1);
    assert!(said.contains("--force"), "{said}");
    program(&["merge", &pair, &shards[1], "-o", &all, "--force"])
        .assert()
        .success();

    // What is shown of it needs neither model nor texts, and is what the run shows.
    std::fs::remove_dir_all(&texts).unwrap();
    let report = json(&["effective-spans", &all, "--json"]);
    assert_eq!(
        (&report["texts"], &report["tokens"]),
        (&4.into(), &2500.into())
    );
    assert_eq!(report["heads"].as_array().unwrap().len(), 16);
    let table = stdout(&["effective-spans", &all]);
    assert!(
        table.starts_with("layer  head    span z     reach  "),
        "{table}"
    );
    assert!(table.contains("4 texts, 2,500 tokens, "), "{table}");
    let shares = json(&["persistent", &all, "--json"]);
    for (head, shares) in report["heads"]
        .as_array()
        .unwrap()
        .iter()
        .zip(shares.as_array().unwrap())
    {
        assert_eq!(head["context"], shares["context"]);
        let [half, most, nearly] = ["effective_50", "effective_90", "effective_99"]
            .map(|field| head[field].as_u64().unwrap());
        assert!(1 <= half && half <= most && most <= nearly);
        assert!(nearly <= head["reach"].as_u64().unwrap());
        assert_eq!(head["removed"], Value::Null);
    }
    let partial = json(&["effective-spans", &pair, "--json", "-q"]);
    assert_eq!(partial["missing_shards"], serde_json::json!([[2]]));

    // Tables.
    let (csv, per_text) = (at("spans.csv"), at("texts.csv"));
    program(&["effective-spans", &all, "-o", &csv, "--per-text", &per_text])
        .assert()
        .success()
        .stdout("");
    let rows = String::from_utf8(bytes(&csv)).unwrap();
    assert!(rows.starts_with(
        "layer,head,span_tokens,reach_tokens,effective_50_tokens,effective_90_tokens,effective_99_tokens,mean_distance_tokens,context,"
    ));
    assert_eq!(rows.lines().count(), 17);
    let rows = String::from_utf8(bytes(&per_text)).unwrap();
    let names: Vec<&str> = rows
        .lines()
        .skip(1)
        .map(|row| row.split(',').next().unwrap())
        .collect();
    assert_eq!(names, ["a.txt", "b.txt", "d.txt", "more/c.txt"]);

    let svg = at("spans.svg");
    program(&["effective-spans", &all, "-o", &svg, "--sort", "-q"])
        .assert()
        .success();
    let svg = String::from_utf8(bytes(&svg)).unwrap();
    assert!(
        svg.contains("on 4 texts")
            && svg.contains("texts 4")
            && svg.contains("50, 90, 99 % of its weight within")
    );

    // What cannot be joined.
    for (files, part) in [
        ([&pair, &shards[0]], "both hold shard 1 of 3"),
        ([&all, &shards[1]], "it would count twice"),
        (
            [&all, &root(SHAKESPEARE).to_str().unwrap().to_owned()],
            "holds no sums",
        ),
        ([&all, &data("tiny_adaptive.pt")], "holds no sums"),
        ([&all, &at("absent")], "absent"),
    ] {
        let said = complaint(
            &["merge", files[0], files[1], "-o", &at("y.safetensors")],
            1,
        );
        assert!(said.contains(part), "{said}");
    }
    for (args, part) in [
        (
            vec!["effective-spans", &all, "--text", "x"],
            "--text means nothing",
        ),
        (
            vec!["persistent", &all, "--ramp", "8"],
            "--ramp means nothing",
        ),
        (vec!["merge", &all, "-o", "x.csv"], ".safetensors"),
        (vec!["merge", "-o", "x.safetensors"], "SUMS"),
        (
            vec!["effective-spans", &all, "-o", "x.txt"],
            ".svg or .pdf or .png or .csv or .json or .safetensors",
        ),
    ] {
        let said = complaint(&args, 2);
        assert!(said.contains(part), "{args:?}: {said}");
    }
    for command in ["info", "spans", "eval"] {
        let args = [command, &all, "--ids", &all];
        let args = if command == "eval" {
            &args[..]
        } else {
            &args[..2]
        };
        let said = complaint(args, 1);
        assert!(said.contains("effective-spans"), "{said}");
    }
}

/// What a successful run says on stderr.
fn told(args: &[&str]) -> String {
    let done = program(args).assert().success();
    String::from_utf8(done.get_output().stderr.clone()).unwrap()
}

#[test]
fn models_that_differ_are_not_joined() {
    let folder = corpus();
    let at = |name: &str| at(&folder, name);
    let measure = |text: &str, out: &str, extra: &[&str]| {
        let (text, out) = (at(text), at(out));
        let args = ["effective-spans", SHAKESPEARE, "--text", &text, "-o", &out];
        program(&[&args[..], extra].concat()).assert().success();
    };
    measure("texts/a.txt", "a.safetensors", &[]);
    measure("texts/b.txt", "b.safetensors", &["--ramp", "16"]);
    measure("texts/b.txt", "c.safetensors", &["--removed"]);
    measure("texts/a.txt", "d.safetensors", &[]);
    let text = at("texts/b.txt");
    let out = at("e.safetensors");
    program(&["persistent", WIKITEXT, "--text", &text, "-o", &out])
        .assert()
        .success();
    for (other, part) in [
        ("b.safetensors", "ramps differ (32 and 16)"),
        ("c.safetensors", "--removed"),
        ("d.safetensors", "the text a.txt"),
        ("e.safetensors", "different models"),
    ] {
        let out = at("x.safetensors");
        let said = complaint(&["merge", &at("a.safetensors"), &at(other), "-o", &out], 1);
        assert!(said.contains(part) && said.contains(other), "{said}");
    }
    let removed = json(&["effective-spans", &at("c.safetensors"), "--json"]);
    assert!(removed["heads"][0]["removed"].as_f64().unwrap() > 0.0);
    assert!(removed["heads"][0]["entropy"].as_f64().unwrap() > 0.0);
}

#[test]
fn texts_that_cannot_be_measured_are_named() {
    let folder = corpus();
    let at = |name: &str| at(&folder, name);
    std::fs::write(at("texts/empty.txt"), "").unwrap();
    std::fs::write(at("texts/strange.txt"), "é中").unwrap();
    let texts = at("texts");
    let args = ["effective-spans", SHAKESPEARE, "--text", &texts];
    let said = complaint(&args, 1);
    assert!(
        said.contains("empty.txt: nothing to run on") && said.contains("1 more text"),
        "{said}"
    );
    let skipped = [&args[..], &["--skip-bad", "--json", "--jobs", "3"]].concat();
    let done = program(&skipped).assert().success();
    let said = String::from_utf8(done.get_output().stderr.clone()).unwrap();
    assert!(
        said.contains("left out empty.txt") && said.contains("left out strange.txt"),
        "{said}"
    );
    let report: Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
    assert_eq!(
        report["left_out"],
        serde_json::json!(["empty.txt", "strange.txt"])
    );
    assert_eq!(report["texts"], 4);
    let (empty, strange) = (at("texts/empty.txt"), at("texts/strange.txt"));
    let none = [
        "effective-spans",
        SHAKESPEARE,
        "--skip-bad",
        "--text",
        &empty,
        "--text",
        &strange,
    ];
    assert!(complaint(&none, 1).contains("no text left"));
    std::fs::create_dir(at("nothing")).unwrap();
    for (args, code, part) in [
        (vec!["persistent", SHAKESPEARE], 2, "pass --text"),
        (
            vec![
                "persistent",
                SHAKESPEARE,
                "--text",
                &texts,
                "--shard",
                "1/2",
            ],
            2,
            "-o FILE.safetensors",
        ),
        (
            vec![
                "persistent",
                SHAKESPEARE,
                "--text",
                &texts,
                "--shard",
                "3/2",
            ],
            2,
            "3/16",
        ),
        (
            vec!["persistent", SHAKESPEARE, "--text", &texts, "--jobs", "0"],
            2,
            "--jobs",
        ),
        (
            vec!["persistent", SHAKESPEARE, "--text", &at("nothing")],
            1,
            "holds no texts",
        ),
        (
            vec!["persistent", SHAKESPEARE, "--ids", &texts],
            1,
            "end in .json",
        ),
        (
            vec![
                "persistent",
                SHAKESPEARE,
                "--text",
                &empty,
                "--text",
                &empty,
            ],
            1,
            "named twice",
        ),
        (
            vec!["persistent", SHAKESPEARE, "--text", &at("absent")],
            1,
            "absent",
        ),
    ] {
        let said = complaint(&args, code);
        assert!(said.contains(part), "{args:?}: {said}");
    }
    // A machine too many has nothing to do, and that is no failure.
    let out = at("9.safetensors");
    let args = [
        "effective-spans",
        SHAKESPEARE,
        "--text",
        &at("texts/a.txt"),
        "--shard",
        "2/2",
        "-o",
        &out,
    ];
    assert!(told(&args).contains("has none"));
    assert!(stdout(&["effective-spans", &out, "-q"]).contains("0 texts, 0 tokens"));
}

#[test]
fn ids_come_from_folders_too() {
    let golden = Golden::open("tiny_all_attention");
    let folder = golden.out("ids");
    std::fs::create_dir(&folder).unwrap();
    for name in ["x.json", "y.json"] {
        std::fs::copy(golden.ids(), Path::new(&folder).join(name)).unwrap();
    }
    std::fs::write(Path::new(&folder).join("README"), "no ids").unwrap();
    let model = data("tiny_all_attention.pt");
    let one = golden.ids();
    let args = |ids: &str| json(&["persistent", &model, "--ids", ids, "--ramp", "16", "--json"]);
    // Twice the same text has the same means.
    let (once, twice) = (args(&one), args(&folder));
    assert_eq!(once, twice);
    let chart = golden.out("usage.svg");
    program(&[
        "persistent",
        &model,
        "--ids",
        &folder,
        "-o",
        &chart,
        "--title",
        "Both",
    ])
    .assert()
    .success();
    let svg = String::from_utf8(golden.read("usage.svg")).unwrap();
    assert!(svg.contains("Both") && svg.contains("texts 2"), "{svg}");
}
