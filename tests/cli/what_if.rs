//! Models changed by hand on the command line, the measures of single rows, and how far heads see.

use super::*;

/// A folder of a family, and a file with as many ids.
fn family(name: &str, count: usize) -> (String, tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<usize> = (0..count).map(|i| (i * i * 7 + i / 3) % 190).collect();
    let path = folder.path().join("ids.json");
    std::fs::write(&path, serde_json::to_string(&ids).unwrap()).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (data(&format!("families/{name}")), folder, path)
}

#[test]
fn changes_count_wherever_a_model_runs() {
    let (model, folder, ids) = family("llama", 90);
    let bits = |more: &[&str]| {
        let args = [&["eval", &model, "--ids", &ids, "--json"], more].concat();
        let out = json(&args);
        (
            out["bits_per_token"].as_f64().unwrap(),
            out["mean_reach"].as_f64().unwrap(),
        )
    };
    let (whole, reach) = bits(&[]);
    let cut = bits(&["--window", "all=8"]);
    assert!(cut.0 != whole && cut.1 == 8.0 && reach > 8.0);
    let kept = bits(&["--window", "all=8", "--keep-first", "4"]);
    assert!(kept.0 != cut.0 && kept.0 != whole);
    assert!(bits(&["--window", "0=8"]).0 != cut.0);
    assert!(bits(&["--span", "L1H2=3", "--ramp", "6"]).0 != whole);
    assert!(bits(&["--drop-first", "2"]).0 != whole);
    assert!(bits(&["--ablate", "1"]).0 != bits(&["--ablate", "1.0"]).0);
    assert!(bits(&["--ablate-mlp", "0"]).0 != whole);
    // As many keys as the text has tokens change nothing.
    assert_eq!(bits(&["--window", "all=90"]).0, whole);

    let out = folder.path().join("head.safetensors");
    let out = out.to_str().unwrap();
    stdout(&[
        "attention",
        &model,
        "--ids",
        &ids,
        "--layer",
        "0",
        "--head",
        "1",
        "--window",
        "0.1=5",
        "-o",
        out,
    ]);
    let (shape, _) = tensor(&std::fs::read(out).unwrap(), "weights").unwrap();
    assert_eq!(shape, [90, 5]);
    let spans = json(&["spans", &model, "--window", "1=7", "--json"]);
    let reaches: Vec<u64> = spans
        .as_array()
        .unwrap()
        .iter()
        .map(|head| head["reach"].as_u64().unwrap())
        .collect();
    assert_eq!(reaches[4..], [7; 4]);
    assert!(reaches[..4].iter().all(|reach| *reach > 7));
}

#[test]
fn heads_are_ranked_and_logits_attributed_with_what_is_changed() {
    let (model, _folder, ids) = family("llama", 60);
    let of = |command: &str, more: &[&str]| {
        json(&[&[command, &model, "--ids", &ids, "--json"], more].concat())
    };
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let change = ["--window", "all=8", "--ablate", "0"];
    let ranked = of("ablate", &change);
    let bits = number(&of("eval", &change)["bits_per_token"]);
    assert!((number(&ranked["bits_per_token"]) - bits).abs() < 1e-6);
    // Those that are ablated already are not ablated once more.
    let heads = ranked["heads"].as_array().unwrap();
    assert!(!heads.is_empty() && heads.iter().all(|head| head["layer"] != 0));
    let plain = number(&of("lens", &[])["attribution"]["logit"]);
    let changed = number(&of("lens", &change)["attribution"]["logit"]);
    assert!((plain - changed).abs() > 1e-6);
}

#[test]
fn what_cannot_be_changed_is_refused_by_name() {
    let (model, _folder, ids) = family("llama", 20);
    let said = |model: &str, more: &[&str], code| {
        complaint(&[&["eval", model, "--ids", &ids], more].concat(), code)
    };
    for (more, code, words) in [
        (&["--window", "9.0=4"][..], 1, "L9H0: there is no head"),
        (&["--window", "all=0"], 2, "3.1=64"),
        (&["--keep-first", "4"], 1, "all heads see the whole text"),
        (
            &["--window", "all=4", "--span", "1.0=2"],
            1,
            "a window or a soft mask",
        ),
        (
            &["--keep-first", "1", "--drop-first", "1"],
            2,
            "cannot be used with",
        ),
        (&["--ablate-mlp", "7"], 1, "layer 7: there is no such layer"),
    ] {
        let found = said(&model, more, code);
        assert!(found.contains(words), "{more:?}: {found}");
    }
    let found = said(SHAKESPEARE, &["--window", "all=9", "--keep-first", "2"], 1);
    assert!(
        found.contains("keep-first 2: heads of this network"),
        "{found}"
    );
    let found = said(WIKITEXT, &["--ablate-mlp", "1"], 1);
    assert!(found.contains("no feed-forward sublayer"), "{found}");
}

#[test]
fn every_measure_has_its_name() {
    let (model, folder, ids) = family("gpt_oss", 120);
    let other = folder.path().join("other.json");
    std::fs::write(&other, "[5, 9, 5, 9, 5, 9, 1, 2, 3, 1, 2, 3]").unwrap();
    let other = other.to_str().unwrap();
    let args = [
        "effective-spans",
        &model,
        "--ids",
        &ids,
        "--ids",
        other,
        "--json",
    ];
    let out = json(&args);
    assert_eq!(out["sink_free"], 1);
    let head = &out["heads"][5];
    for name in [
        "effective_50_sink_free",
        "effective_90_sink_free",
        "effective_99_sink_free",
        "distance_variance",
        "norm_effective_90",
    ] {
        assert!(head[name].is_number(), "{name}: {head}");
    }
    for name in [
        "distant_mass",
        "sink",
        "sink_4",
        "learned_sink",
        "effective_keys",
        "minimum_budget_90",
        "confidence",
        "self",
        "duplicate",
        "induction",
        "output_norm",
    ] {
        assert!(head[name].is_number(), "{name}: {head}");
        assert!(head[format!("{name}_se")].is_number(), "{name}: {head}");
    }
    for share in ["10", "50", "90", "99"] {
        assert!(head["span_quantiles"][share].is_u64());
    }
    // Sums keep all of it, and two halves are the whole.
    let sums = |name: &str, more: &[&str]| {
        let to = folder.path().join(name).to_str().unwrap().to_owned();
        let args = [&["effective-spans", &model, "-o", &to], more].concat();
        stdout(&args);
        to
    };
    let whole = sums("whole.safetensors", &["--ids", &ids, "--ids", other]);
    let shards = ["1/2", "2/2"].map(|shard| {
        let name = format!("{}.safetensors", &shard[..1]);
        sums(&name, &["--ids", &ids, "--ids", other, "--shard", shard])
    });
    let all = folder.path().join("all.safetensors");
    stdout(&["merge", &shards[0], &shards[1], "-o", all.to_str().unwrap()]);
    assert_eq!(std::fs::read(&all).unwrap(), std::fs::read(&whole).unwrap());
    assert_eq!(
        json(&["effective-spans", &whole, "--json"])["heads"],
        out["heads"]
    );
    // Without sinks left out, both are the same.
    let args = [&args[..], &["--sink-free", "0"]].concat();
    let with = json(&args);
    assert_eq!(
        with["heads"][5]["effective_90_sink_free"],
        with["heads"][5]["effective_90"]
    );
    // A figure knows them by the same name.
    let figure = folder.path().join("heads.json");
    let figure = figure.to_str().unwrap();
    stdout(&[
        "figure",
        "heads",
        &model,
        "--ids",
        &ids,
        "--statistic",
        "induction",
        "-o",
        figure,
    ]);
    assert!(
        std::fs::read_to_string(figure)
            .unwrap()
            .contains("minimum_budget_90")
    );
}

#[test]
fn heads_see_as_far_as_they_were_designed_to() {
    let (model, _folder, ids) = family("gpt_oss", 60);
    let out = json(&["reach", &model, "--ids", &ids, "--token", "50", "--json"]);
    assert_eq!(out["query"], 50);
    for head in out["heads"].as_array().unwrap() {
        // A window of 8 holds the query itself; layer 1 sees all.
        let designed = if head["layer"] == 1 { 50 } else { 7 };
        assert_eq!(head["designed"], designed, "{head}");
        assert_eq!(head["verified"], designed, "{head}");
        assert_eq!(head["agrees"], true);
        assert_eq!(head["beside"].as_array().unwrap().len(), 0);
    }
    let cut = [
        "reach", &model, "--ids", &ids, "--head", "1.2", "--window", "1=9",
    ];
    let out = json(&[&cut[..], &["--json"]].concat());
    assert_eq!(out["heads"][0]["verified"], 8);
    let out = json(&[&cut[..], &["--keep-first", "3", "--json"]].concat());
    assert_eq!(
        (&out["heads"][0]["verified"], &out["heads"][0]["silent"]),
        (&59.into(), &0.into())
    );
    let said = complaint(&["reach", &model, "--ids", &ids, "--token", "60"], 2);
    assert!(said.contains("the tokens 0 to 59"), "{said}");
}

#[test]
fn weights_count_by_what_they_write_where_that_is_asked_for() {
    let (model, folder, ids) = family("gpt_oss", 40);
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let made = |kind: &str, weights: &str| -> Value {
        let path = out(&format!("{kind}_{weights}.json"));
        let args = [
            "figure",
            kind,
            &model,
            "--ids",
            &ids,
            "--weights",
            weights,
            "--force",
            "-o",
            &path,
        ];
        stdout(&args);
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()
    };
    for kind in ["attention", "grid", "text", "heads", "mask"] {
        let (plain, norm) = (made(kind, "attention"), made(kind, "norm"));
        let says = |figure: &Value| figure.to_string().contains("norm-weighted");
        assert!(!says(&plain), "{kind}");
        // The reach of heads is what it is.
        assert!(says(&norm) || kind == "heads", "{kind}");
        assert_ne!(plain["rows"], norm["rows"], "{kind}");
    }
    let path = out("effective.json");
    let args = [
        "figure",
        "heads",
        &model,
        "--ids",
        &ids,
        "--weights",
        "norm",
        "-o",
        &path,
    ];
    stdout(&[&args[..], &["--statistic", "effective_90"]].concat());
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .contains("norm-weighted")
    );
    // A learned sink writes nothing: what a query writes is all of tokens.
    let norm = made("attention", "norm");
    let columns: Vec<&str> = norm["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    let sink = columns.iter().position(|name| *name == "sink");
    let is_token = |i: usize| columns[i].bytes().all(|b| b.is_ascii_digit());
    for row in norm["rows"].as_array().unwrap() {
        let row = row.as_array().unwrap();
        let tokens = (0..row.len()).filter(|i| is_token(*i));
        let sum: f64 = tokens.filter_map(|i| row[i].as_f64()).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        assert!(sink.is_none_or(|i| row[i].as_f64() == Some(0.0)));
    }
}
