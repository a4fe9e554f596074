//! Checkpoints of fairseq's port of adaptive span, which does not divide the masked weights by their sum.

use super::*;

const TRAINED: &str = "fairseq_trained.pt";

/// What is left of a query's softmax, by head, as the port computed it over the whole text.
const SUMS: [f64; 8] = [
    0.2257, 0.2253, 0.2250, 0.1934, 0.3839, 0.3627, 0.3768, 0.3315,
];

/// The port's nats per token over the whole text.
const NATS: f64 = 1.395_685;

fn close(a: f64, b: f64, within: f64) {
    assert!((a - b).abs() < within, "{a} {b}");
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn info_says_whose_arithmetic_it_is_and_takes_the_ramp_from_the_file() {
    for (name, ramp) in [(TRAINED, 16), ("tiny_fairseq_layout.pt", 16)] {
        let info = json(&["info", &data(name), "--json"]);
        assert_eq!(info["normalisation"], "masked");
        assert_eq!(info["adapt_span_ramp"], ramp);
        let assumed = info["assumed"].to_string();
        assert!(
            !assumed.contains("ramp") && !assumed.contains("weights"),
            "{assumed}"
        );
        let given = json(&["info", &data(name), "--json", "--ramp", "9"]);
        assert_eq!(given["adapt_span_ramp"], 9);
        let text = stdout(&["info", &data(name)]);
        for part in [
            "16 (stored in the file)",
            "not divided by their sum: fairseq's port of adaptive span",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    let info = json(&["info", &data("tiny_adaptive.pt"), "--json"]);
    assert_eq!(info["normalisation"], "renormalised");
    let text = stdout(&["info", &data("tiny_adaptive.pt")]);
    assert!(
        text.contains("divided by their sum: published adaptive-span code"),
        "{text}"
    );
}

#[test]
fn what_a_file_is_goes_along_into_every_file_that_comes_of_it() {
    let golden = Golden::open("fairseq_trained");
    let (model, ids) = (data(TRAINED), golden.ids());
    let (converted, run) = (golden.out("c.safetensors"), golden.out("run.safetensors"));
    program(&["convert", &model, &converted]).assert().success();
    program(&["record", &model, "--ids", &ids, "-o", &run])
        .assert()
        .success();
    let scores = [
        json(&["eval", &model, "--ids", &ids, "--json"]),
        json(&["eval", &converted, "--ids", &ids, "--json"]),
        json(&["eval", &run, "--json"]),
    ];
    for score in &scores {
        close(number(&score["nats_per_token"]), NATS, 1e-5);
    }
    for file in [&converted, &run] {
        let info = json(&["info", file, "--json"]);
        assert_eq!(info["normalisation"], "masked");
        assert_eq!(info["adapt_span_ramp"], 16);
    }
    for (head, sum) in SUMS.iter().enumerate() {
        let (layer, of_layer) = ((head / 4).to_string(), (head % 4).to_string());
        let weights = |model: &str, ids: &[&str], name: &str| {
            let out = golden.out(name);
            let args = ["attention", model, "--layer", &layer, "--head", &of_layer];
            let args = [&args[..], ids, &["-o", &out, "--force"]].concat();
            program(&args).assert().success();
            golden.read(name)
        };
        let live = weights(&model, &["--ids", &ids], "live.safetensors");
        let recorded = weights(&run, &[], "recorded.safetensors");
        let (shape, rows) = tensor(&live, "weights").unwrap();
        let (_, masked) = tensor(&live, "masked").unwrap();
        assert_eq!(shape[0], masked.len());
        for (row, masked) in rows.chunks_exact(shape[1]).zip(&masked) {
            close(f64::from(row.iter().sum::<f32>() + masked), 1.0, 1e-5);
        }
        let mean = masked.iter().map(|m| f64::from(*m)).sum::<f64>() / masked.len() as f64;
        close(1.0 - mean, *sum, 1e-4);
        for name in ["weights", "masked", "empty"] {
            assert!(tensor(&live, name) == tensor(&recorded, name), "{name}");
        }
    }
}

#[test]
fn shares_that_do_not_add_up_to_one_come_with_the_rest() {
    let golden = Golden::open("fairseq_trained");
    let (model, ids) = (data(TRAINED), golden.ids());
    let measured = ["effective-spans", &model, "--ids", &ids, "--json"];
    let report = json(&[&measured[..], &["--removed"]].concat());
    let shares = json(&["persistent", &model, "--ids", &ids, "--json"]);
    let heads = report["heads"].as_array().unwrap().iter();
    for ((head, shares), sum) in heads.zip(shares.as_array().unwrap()).zip(SUMS) {
        let masked = number(&head["masked"]);
        close(masked, 1.0 - sum, 1e-4);
        close(masked, number(&head["removed"]), 1e-5);
        let rest = ["context", "persistent", "empty"].map(|name| number(&head[name]));
        close(masked + rest.iter().sum::<f64>(), 1.0, 1e-9);
        assert_eq!(shares["masked"], head["masked"]);
    }
    let out = golden.out("shares.json");
    program(&["figure", "shares", &model, "--ids", &ids, "-o", &out])
        .assert()
        .success();
    let figure: Value = serde_json::from_slice(&golden.read("shares.json")).unwrap();
    let columns = figure["columns"].as_array().unwrap();
    assert_eq!(columns.last().unwrap()["name"], "masked");
    for row in figure["rows"].as_array().unwrap() {
        let shares = row.as_array().unwrap()[2..].iter().map(number);
        close(shares.sum(), 1.0, 1e-5);
    }
    for (kind, file) in [("shares", "shares.svg"), ("attention", "attention.svg")] {
        let out = golden.out(file);
        let args = ["figure", kind, &model, "--ids", &ids, "-o", &out];
        let part: &[&str] = match kind {
            "attention" => &["--tokens", "100..200"],
            _ => &[],
        };
        program(&[&args[..], part].concat()).assert().success();
        let svg = String::from_utf8(golden.read(file)).unwrap();
        assert!(svg.contains("masked, not renormalised"), "{kind}");
    }
    // Of the published code's networks there is no such share.
    let plain = Golden::open("tiny_adaptive");
    let published = data("tiny_adaptive.pt");
    let report = json(&[
        "effective-spans",
        &published,
        "--ids",
        &plain.ids(),
        "--json",
    ]);
    assert!(report["heads"][0].get("masked").is_none());
}

#[test]
fn spans_a_step_beyond_what_they_may_be_are_clamped_and_told() {
    let (model, ids) = (data("fairseq_unclamped.pt"), data("opening_ids.json"));
    let folder = tempfile::tempdir().unwrap();
    let converted = folder.path().join("c.safetensors");
    let converted = converted.to_str().unwrap();
    let said = program(&["convert", &model, converted]).assert().success();
    let said = String::from_utf8(said.get_output().stderr.clone()).unwrap();
    for part in [
        "3 spans beyond that clamped",
        "-0.00042",
        "cfg names no architecture",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    for file in [model.as_str(), converted] {
        let score = json(&["eval", file, "--ids", &ids, "--json"]);
        close(number(&score["bits_per_token"]), 6.157_421_862_6, 1e-5);
        let spans = json(&["spans", file, "--json"]);
        let mut spans = spans.as_array().unwrap().iter();
        assert!(spans.all(|span| (0.0..=96.0).contains(&number(&span["span"]))));
    }
}

#[test]
fn training_does_not_go_on_from_another_codes_checkpoint() {
    let text = data("shakespeare_test_20000.txt");
    let said = complaint(&["train", "--resume", &data(TRAINED), "--data", &text], 1);
    assert!(said.contains("no state of a run"), "{said}");
}
