//! `lens` and `ablate`: their numbers against each other, against `eval` and against the figures.

use super::*;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// A short text in a folder.
fn text(folder: &Path) -> String {
    let path = folder.join("text.txt");
    let all = std::fs::read(data("shakespeare_test_20000.txt")).unwrap();
    std::fs::write(&path, &all[..300]).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn parts_add_up_to_the_logit_and_the_last_layer_predicts() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let found = json(&[
        "lens",
        SHAKESPEARE,
        "--text",
        &text,
        "--token",
        "120",
        "--json",
    ]);
    assert_eq!(found["after"]["position"], 120);
    assert_eq!(
        (&found["of"], &found["against"]),
        (&found["next"], &Value::Null)
    );
    let of = &found["attribution"];
    let parts = of["parts"].as_array().unwrap();
    let sum: f64 = parts.iter().map(|part| number(&part["logit"])).sum();
    assert!((sum - number(&of["logit"])).abs() < 2e-4, "{sum}");
    assert!((sum - number(&of["sum"])).abs() < 1e-9);
    let sizes: Vec<f64> = parts
        .iter()
        .map(|part| number(&part["logit"]).abs())
        .collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b));
    let heads = parts.iter().filter(|part| part["kind"] == "head");
    assert!(
        heads
            .clone()
            .all(|part| part["layer"].is_u64() && part["head"].is_u64())
    );
    let layers = found["layers"].as_array().unwrap();
    assert!(layers[0]["layer"].is_null() && layers[1]["layer"] == 0);
    assert_eq!(heads.count() % (layers.len() - 1), 0);
    // The last row is what the model predicts: the figure has the same.
    let out = folder.path().join("predictions.json");
    let out = out.to_str().unwrap();
    let figure = [
        "figure",
        "predictions",
        SHAKESPEARE,
        "--text",
        &text,
        "--tokens",
        "120",
        "-o",
        out,
    ];
    program(&figure).assert().success();
    let predicted: Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
    let (last, first) = (layers.last().unwrap(), &predicted["rows"][0]);
    assert_eq!(last["top"][0]["id"], first[1]);
    assert!((number(&last["top"][0]["probability"]) - number(&first[3])).abs() < 1e-6);
    let logit = number(&last["watched"][0]["logit"]);
    assert!((logit - number(&of["logit"])).abs() < 1e-4);
    // For people.
    let said = stdout(&["lens", SHAKESPEARE, "--text", &text, "--token", "120"]);
    for part in ["embedding ", "L0 ", "the sum of ", "norm shifts"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_token_is_named_by_its_text_or_its_id_and_figures_agree() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let lens = |of: &[&str]| {
        let args = [
            "lens",
            SHAKESPEARE,
            "--text",
            &text,
            "--token",
            "60",
            "--json",
        ];
        json(&[&args[..], of].concat())
    };
    let word = lens(&["--of", "e", "--against", "t"]);
    let id = |of: &str| word[of]["id"].to_string();
    assert_eq!(
        (&word["of"]["token"], &word["against"]["token"]),
        (&"e".into(), &"t".into())
    );
    assert_eq!(
        word,
        lens(&["--of", &id("of"), "--against", &id("against")])
    );
    let difference = number(&word["attribution"]["logit"]);
    let one = |token: &str| number(&lens(&["--of", token])["attribution"]["logit"]);
    assert!((difference - (one("e") - one("t"))).abs() < 1e-9);

    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let made = |kind: &str, options: &[&str]| -> Value {
        let path = out(&format!("{kind}.json"));
        let args = [
            "figure",
            kind,
            SHAKESPEARE,
            "--text",
            &text,
            "--tokens",
            "60",
            "-o",
            &path,
        ];
        program(&[&args[..], options].concat()).assert().success();
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let figure = made("attribution", &["--of", "e", "--against", "t"]);
    let parts = word["attribution"]["parts"].as_array().unwrap();
    let rows = figure["rows"].as_array().unwrap();
    assert_eq!(rows.len(), parts.len());
    for (row, part) in rows.iter().zip(parts) {
        assert_eq!(
            (&row[0], &row[2], &row[3]),
            (&part["part"], &part["layer"], &part["head"])
        );
        assert!((number(&row[4]) - number(&part["logit"])).abs() < 1e-9);
    }
    let figure = made("lens", &["--of", "e"]);
    let layers = word["layers"].as_array().unwrap();
    let row = figure["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row[3] == word["of"]["id"]);
    assert_eq!(row.unwrap()[2], layers[0]["watched"][0]["rank"]);
}

#[test]
fn what_is_no_token_is_refused_and_so_is_a_recorded_run() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let lens = |options: &[&str], code| {
        complaint(
            &[&["lens", SHAKESPEARE, "--text", &text], options].concat(),
            code,
        )
    };
    assert!(lens(&["--of", "the"], 2).contains("--of \"the\" is no token of this vocabulary"));
    assert!(lens(&["--against", "9999"], 2).contains("ids go from 0 to "));
    assert!(lens(&["--token", "5000"], 2).contains("--token 5000: the text has 300 tokens"));
    let run = folder.path().join("run.safetensors");
    let run = run.to_str().unwrap();
    program(&["record", SHAKESPEARE, "--text", &text, "-o", run])
        .assert()
        .success();
    for command in ["lens", "ablate"] {
        assert!(complaint(&[command, run], 1).contains("not the model's weights"));
    }
    let out = folder.path().join("lens.svg");
    let said = complaint(&["figure", "lens", run, "-o", out.to_str().unwrap()], 1);
    assert!(said.contains("holds no values"), "{said}");
}

#[test]
fn heads_are_ranked_by_what_the_text_costs_without_each() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let found = json(&["ablate", SHAKESPEARE, "--text", &text, "--json"]);
    let all = json(&["eval", SHAKESPEARE, "--text", &text, "--json"]);
    let whole = number(&found["bits_per_token"]);
    assert!((whole - number(&all["bits_per_token"])).abs() < 1e-5);
    let heads = found["heads"].as_array().unwrap();
    let spans = json(&["spans", SHAKESPEARE, "--json"]);
    assert_eq!(heads.len(), spans.as_array().unwrap().len());
    let changes: Vec<f64> = heads
        .iter()
        .map(|head| number(&head["change_bits"]))
        .collect();
    assert!(changes.is_sorted_by(|a, b| a >= b) && changes[0] > 0.0);
    for head in heads {
        let change = number(&head["bits_per_token"]) - whole;
        assert!((change - number(&head["change_bits"])).abs() < 1e-9);
    }
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for ending in ["csv", "svg"] {
        let path = out(&format!("ranking.{ending}"));
        program(&["ablate", SHAKESPEARE, "--text", &text, "-o", &path])
            .assert()
            .success();
    }
    let csv = std::fs::read_to_string(out("ranking.csv")).unwrap();
    assert_eq!(
        csv.lines().next(),
        Some("layer,head,bits_per_token,change_bits")
    );
    assert_eq!(csv.lines().count(), heads.len() + 1);
    let first = stdout(&["ablate", SHAKESPEARE, "--text", &text]);
    let name = format!("L{}H{}", heads[0]["layer"], heads[0]["head"]);
    assert!(first.lines().nth(2).unwrap().contains(&name), "{first}");
}

#[test]
fn the_logits_of_a_family_with_a_tokenizer() {
    let folder = data("families/gemma2");
    let ids = tempfile::tempdir().unwrap();
    let path = ids.path().join("ids.json");
    std::fs::write(&path, "[2, 17, 40, 99, 7, 12]").unwrap();
    let path = path.to_str().unwrap();
    let found = json(&["lens", &folder, "--ids", path, "--token", "4", "--json"]);
    assert_eq!(found["next"]["id"], 12);
    let of = &found["attribution"];
    assert!((number(&of["sum"]) - number(&of["logit"])).abs() < 2e-4);
    let said = stdout(&["lens", &folder, "--ids", path]);
    assert!(said.contains("before the soft cap"), "{said}");
}
