//! Sums that follow from recorded runs.

use super::corpus::{at, corpus};
use super::*;

#[test]
fn a_recorded_run_gives_the_sums_of_its_model() {
    let folder = corpus();
    let at = |name: &str| at(&folder, name);
    let (texts, run) = (at("texts"), at("run.safetensors"));
    for model in [SHAKESPEARE, WIKITEXT] {
        let record = [
            "record",
            model,
            "--text",
            &texts,
            "-o",
            &run,
            "--force",
            "--vectors",
            "0",
        ];
        program(&record).assert().success();
        let (live, again) = (at("live.safetensors"), at("again.safetensors"));
        let measure = [
            "effective-spans",
            model,
            "--text",
            &texts,
            "-o",
            &live,
            "--force",
        ];
        program(&measure).assert().success();
        let again_args = ["persistent", &run, "-o", &again, "--force"];
        program(&again_args).assert().success();
        assert!(sums_of_weights(&live) == sums_of_weights(&again), "{model}");
        program(&["merge", &run, "-o", &again, "--force"])
            .assert()
            .success();
        assert!(sums_of_weights(&live) == sums_of_weights(&again), "{model}");
    }
    let one = json(&["effective-spans", &run, "--index", "1", "--json"]);
    assert_eq!((&one["texts"], &one["tokens"]), (&1.into(), &400.into()));
    for (args, code, part) in [
        (
            vec!["effective-spans", &run, "--text", &texts],
            2,
            "--text means nothing",
        ),
        (
            vec!["effective-spans", &run, "--index", "9"],
            1,
            "no text 9",
        ),
        (
            vec![
                "effective-spans",
                WIKITEXT,
                "--text",
                &texts,
                "--index",
                "0",
            ],
            2,
            "recorded runs",
        ),
    ] {
        let said = complaint(&args, code);
        assert!(said.contains(part), "{args:?}: {said}");
    }
    // What is not exact, or not all of a text, is shown but does not become sums.
    let text = at("texts/a.txt");
    for (extra, part) in [
        (["--dtype", "f16"], "as f16"),
        (["--tokens", "128..200"], "128 to 199"),
    ] {
        let record = [
            "record",
            SHAKESPEARE,
            "--text",
            &text,
            "-o",
            &run,
            "--force",
        ];
        program(&[&record[..], &extra].concat()).assert().success();
        let report = json(&["effective-spans", &run, "--json", "-q"]);
        assert!(report["heads"][0]["context"].as_f64().unwrap() > 0.5);
        let out = at("none.safetensors");
        let said = complaint(&["effective-spans", &run, "-o", &out], 1);
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_run_without_predictions_has_sums() {
    let folder = corpus();
    let at = |name: &str| at(&folder, name);
    // Weights alone, that another program wrote.
    let run = data("run_without_predictions.safetensors");
    let per_text = at("texts.csv");
    let args = ["effective-spans", &run, "--json", "--per-text", &per_text];
    let found = json(&args);
    assert!(found["bits_per_token"].is_null() && found["bits_per_byte"].is_null());
    let heads = found["heads"].as_array().unwrap();
    assert_eq!(heads.len(), 4);
    for head in heads {
        for field in [
            "effective_90",
            "effective_90_sink_free",
            "effective_keys",
            "sink",
        ] {
            assert!(head[field].as_f64().is_some(), "{field}: {head}");
        }
    }
    let mut table = csv::Reader::from_path(&per_text).unwrap();
    let columns = table.headers().unwrap().clone();
    let place = |name: &str| columns.iter().position(|of| of.starts_with(name)).unwrap();
    for row in table.records().map(Result::unwrap) {
        assert_eq!(
            (&row[place("surprisal")], &row[place("bits_per_token")]),
            ("", "")
        );
        assert!(row[place("tokens")].parse::<u64>().unwrap() > 0);
    }
    let words = stdout(&["effective-spans", &run]);
    assert!(
        words.contains("tokens") && !words.contains("bits per token"),
        "{words}"
    );
}
