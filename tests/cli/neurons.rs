//! `neurons`: use, promoted tokens and searches against each other and against the figure.

use super::*;

/// A model of a family, and a file with ids.
fn family(name: &str) -> (String, tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<usize> = (0..60).map(|i| (i * i * 7 + i / 3) % 190).collect();
    let path = folder.path().join("ids.json");
    std::fs::write(&path, serde_json::to_string(&ids).unwrap()).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (data(&format!("families/{name}")), folder, path)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

#[test]
fn layers_neurons_and_tables_say_the_same() {
    for name in ["llama", "gpt_oss", "gpt2"] {
        let (model, folder, ids) = family(name);
        let all = json(&["neurons", &model, "--ids", &ids, "--json"]);
        assert_eq!(all["tokens"], 60);
        assert!(all["promotes"].is_null() && all["neuron"].is_null());
        let layers = list(&all["layers"]);
        assert_eq!(list(&layers[0]["experts"]).is_empty(), name != "gpt_oss");
        let csv = folder.path().join("all.csv");
        let csv = csv.to_str().unwrap();
        program(&["neurons", &model, "--ids", &ids, "-o", csv])
            .assert()
            .success();
        let mut reader = csv::Reader::from_path(csv).unwrap();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        for (layer, of) in layers.iter().enumerate() {
            let own = rows.iter().filter(|row| row[0] == layer.to_string());
            let own: Vec<_> = own.collect();
            assert_eq!(own.len() as u64, of["neurons"].as_u64().unwrap());
            let shares = own.iter().map(|row| row[4].parse::<f64>().unwrap());
            let sum: f64 = shares.clone().sum();
            assert!((sum - 1.0).abs() < 1e-4, "{sum}");
            let shares: Vec<f64> = shares.collect();
            assert!(shares.is_sorted_by(|a, b| a >= b));
            let entropy: f64 = shares
                .iter()
                .filter(|p| **p > 0.0)
                .map(|p| -p * p.ln())
                .sum();
            assert!((number(&of["effective"]) / entropy.exp() - 1.0).abs() < 1e-3);
            for (row, listed) in own.iter().zip(list(&of["most_used"])) {
                assert_eq!(row[2], listed["neuron"].to_string());
                let use_of: f64 = row[5].parse().unwrap();
                let product = row[6].parse::<f64>().unwrap() * row[7].parse::<f64>().unwrap();
                assert!((use_of - product).abs() < 1e-5 * use_of.max(1.0));
            }
        }
        // One layer, with what its neurons promote; and one of these by itself.
        let one = json(&[
            "neurons", &model, "--ids", &ids, "--layer", "1", "--top", "3", "--json",
        ]);
        let most = &list(&one["layers"])[0]["most_used"];
        assert_eq!(list(most).len(), 3);
        assert_eq!(most[0]["share"], layers[1]["most_used"][0]["share"]);
        let called = most[0]["name"].as_str().unwrap();
        let alone = json(&[
            "neurons", &model, "--neuron", called, "--ids", &ids, "--json",
        ]);
        let alone = &alone["neuron"];
        assert_eq!(alone["name"], called);
        assert_eq!(alone["used_most_by"], most[0]["used_most_by"]);
        assert_eq!(alone["raises"][0], most[0]["raises"][0]);
        // Whoever promotes a token is found by it.
        let raised = &alone["raises"][0];
        let id = raised["id"].to_string();
        let found = json(&[
            "neurons",
            &model,
            "--promotes",
            &id,
            "--top",
            "2000",
            "--json",
        ]);
        let found = list(&found["promotes"]["raised_by"]);
        let own = found.iter().find(|of| of["name"] == called).unwrap();
        assert!((number(&own["change"]) - number(&raised["change"])).abs() < 1e-4);
        assert!(own["share"].is_null());
    }
}

#[test]
fn people_see_tables_and_a_drawing_is_of_one_layer() {
    let (model, folder, ids) = family("gpt_oss");
    let said = stdout(&["neurons", &model, "--ids", &ids]);
    assert!(
        said.starts_with("layer  neurons  effective") && said.contains("L0E"),
        "{said}"
    );
    let said = stdout(&[
        "neurons",
        &model,
        "--ids",
        &ids,
        "--layer",
        "1",
        "--promotes",
        "7",
    ]);
    for part in [
        "Neurons whose values raise",
        "Layer 1: as if",
        "tokens that use it",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let svg = out("layer.svg");
    let layer = ["neurons", &model, "--ids", &ids, "--layer", "2", "-o", &svg];
    program(&layer).assert().success();
    assert!(std::fs::read_to_string(&svg).unwrap().contains("layer 2"));
    let found = out("found.csv");
    let search = [
        "neurons",
        &model,
        "--promotes",
        "7",
        "--top",
        "5",
        "-o",
        &found,
    ];
    program(&search).assert().success();
    let mut reader = csv::Reader::from_path(&found).unwrap();
    assert_eq!(reader.records().count(), 10);
    // The figure has the numbers of the command.
    let (figure, table) = (out("figure.json"), out("table.json"));
    let args = [
        "figure", "neurons", &model, "--ids", &ids, "--layer", "2", "-o", &figure,
    ];
    program(&args).assert().success();
    let args = [
        "neurons", &model, "--ids", &ids, "--layer", "2", "-o", &table,
    ];
    program(&args).assert().success();
    let rows = |path: &str| -> Value {
        let whole: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        whole["rows"].clone()
    };
    assert_eq!(rows(&figure), rows(&table));
}

#[test]
fn an_ablated_neuron_is_not_used_and_costs_bits() {
    let (model, _folder, ids) = family("gpt_oss");
    let most = |more: &[&str]| {
        let args = ["neurons", &model, "--ids", &ids, "--layer", "0", "--json"];
        let all = json(&[&args[..], more].concat());
        let name = all["layers"][0]["most_used"][0]["name"].as_str().unwrap();
        name.to_owned()
    };
    let first = most(&[]);
    assert_ne!(most(&["--ablate-neuron", &first]), first);
    let bits = |more: &[&str]| {
        let args = ["eval", &model, "--ids", &ids, "--json"];
        number(&json(&[&args[..], more].concat())["bits_per_token"])
    };
    assert_ne!(bits(&["--ablate-neuron", &first]), bits(&[]));
    let said = complaint(
        &["eval", &model, "--ids", &ids, "--ablate-neuron", "0.3"],
        1,
    );
    assert!(said.contains("LAYER.EXPERT.NEURON"), "{said}");
}

#[test]
fn what_comes_to_nothing_is_refused() {
    let (model, folder, ids) = family("llama");
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let svg = out("all.svg");
    for (args, part) in [
        (vec!["neurons", &model], "pass --text FILE or --ids"),
        (
            vec!["neurons", &model, "--layer", "0", "--promotes", "3"],
            "--layer lists",
        ),
        (
            vec!["neurons", &model, "--ids", &ids, "-o", &svg],
            "a drawing is of one layer",
        ),
        (
            vec!["neurons", &model, "--ids", &ids, "--layer", "9"],
            "layers go from 0 to",
        ),
        (
            vec!["neurons", &model, "--promotes", "99999"],
            "--promotes 99999",
        ),
        (vec!["neurons", &model, "--neuron", "0.1.2"], "LAYER.NEURON"),
        (
            vec!["neurons", &model, "--neuron", "x"],
            "expected a neuron",
        ),
    ] {
        let said = complaint(&args, 2);
        assert!(said.contains(part), "{part}: {said}");
    }
    // A model without feed-forward sublayers has vectors in their place.
    let said = complaint(&["neurons", WIKITEXT, "--promotes", "3"], 1);
    assert!(said.contains("spanscope persistent"), "{said}");
    let text = stdout(&["persistent", &model, "--ids", &ids]);
    assert!(text.contains("spanscope neurons"), "{text}");
}
