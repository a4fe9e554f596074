//! `heads`: roles with their evidence, heads found by conditions, and heads alike; the figures of it.

use super::*;

/// The bundled model's text.
fn text(folder: &Path) -> String {
    let whole = std::fs::read(root("sample_models/training/tinyshakespeare.txt")).unwrap();
    let path = folder.join("text.txt");
    std::fs::write(&path, &whole[..1500]).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn every_head_is_described_with_evidence_and_thresholds() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let out = json(&["heads", SHAKESPEARE, "--text", &text, "--json"]);
    assert_eq!(
        (out["tokens"].as_u64(), out["like"].as_str()),
        (Some(1500), None)
    );
    let heads = out["heads"].as_array().unwrap();
    assert_eq!(heads.len(), 16);
    let sums = json(&["effective-spans", SHAKESPEARE, "--text", &text, "--json"]);
    for (head, row) in heads.iter().zip(sums["heads"].as_array().unwrap()) {
        let evidence = head["evidence"].as_array().unwrap();
        let of = |role: &str| evidence.iter().find(|of| of["role"] == role).unwrap();
        // The same measures, along another way.
        let previous = of("previous")["value"].as_f64().unwrap();
        assert!((previous - row["previous"].as_f64().unwrap()).abs() < 1e-5);
        assert!(of("previous")["se"].as_f64().unwrap() > 0.0);
        let first = evidence.iter().find(|of| of["holds"] == true);
        assert_eq!(
            head["role"],
            first.map_or(Value::Null, |of| of["role"].clone())
        );
        for of in evidence {
            let (value, threshold) = (
                of["value"].as_f64().unwrap(),
                of["threshold"].as_f64().unwrap(),
            );
            let passes = match of["at_most"] == true {
                true => value <= threshold,
                false => value >= threshold,
            };
            let even = of["even_attention"].as_f64().unwrap_or(0.0);
            assert_eq!(of["holds"] == true, passes && value >= 3.0 * even, "{of}");
        }
    }
    let words = stdout(&["heads", SHAKESPEARE, "--text", &text]);
    assert!(
        words.contains("99 % of the weight within")
            && words.contains("16 heads, measured on 1,500 tokens"),
        "{words}"
    );
}

#[test]
fn heads_are_found_by_conditions_and_by_likeness() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let of = |more: &[&str]| {
        let args = [&["heads", SHAKESPEARE, "--text", &text, "--json"], more].concat();
        json(&args)["heads"].as_array().unwrap().clone()
    };
    assert_eq!(of(&["--find", "3 reach>100"]).len(), 1);
    assert_eq!(of(&["--find", "L2H1"]).len(), 1);
    let local = of(&["--find", "local"]);
    let has = |head: &Value| {
        let all = head["evidence"].as_array().unwrap();
        all.iter()
            .any(|of| of["role"] == "local" && of["holds"] == true)
    };
    assert_eq!(local.len(), of(&[]).iter().filter(|head| has(head)).count());
    for by in ["scores", "attention"] {
        let alike = of(&["--like", "L3H1", "--by", by]);
        assert_eq!(alike.len(), 15, "{by}");
        let distances: Vec<f64> = alike
            .iter()
            .map(|h| h["distance"].as_f64().unwrap())
            .collect();
        assert!(
            distances.windows(2).all(|p| p[0] <= p[1]),
            "{by} {distances:?}"
        );
        assert!(distances[0] > 0.0);
    }
    let file = folder.path().join("roles.csv");
    let path = file.to_str().unwrap();
    stdout(&[
        "heads",
        SHAKESPEARE,
        "--text",
        &text,
        "--like",
        "3.1",
        "-o",
        path,
    ]);
    let table = std::fs::read_to_string(&file).unwrap();
    assert_eq!(table.lines().count(), 16);
    assert!(
        table.starts_with("layer,head,role,distance_sd,sink,sink_se,"),
        "{table}"
    );
}

#[test]
fn slips_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    for (more, words) in [
        (&["--find", "reach>x"][..], "reach>x"),
        (&["--by", "scores"][..], "--like"),
        (&["--like", "9.1"][..], "9"),
    ] {
        let args = [&["heads", SHAKESPEARE, "--text", &text], more].concat();
        let output = program(&args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
    let output = program(&["heads", SHAKESPEARE]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn two_numbers_are_a_scatter_and_one_is_bars() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let figure = |more: &[&str], name: &str| {
        let (svg, table) = (out(&format!("{name}.svg")), out(&format!("{name}.json")));
        let args = [
            &[
                "figure",
                "heads",
                SHAKESPEARE,
                "--text",
                &text,
                "-o",
                &svg,
                "-o",
                &table,
            ],
            more,
        ]
        .concat();
        program(&args).assert().success();
        let table: Value = serde_json::from_slice(&std::fs::read(table).unwrap()).unwrap();
        (std::fs::read_to_string(svg).unwrap(), table)
    };
    let names = |table: &Value| -> Vec<String> {
        let columns = table["columns"].as_array().unwrap().iter();
        columns
            .map(|c| c["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let (svg, table) = figure(&["--scatter", "entropy,previous_token"], "scatter");
    assert_eq!(table["rows"].as_array().unwrap().len(), 16);
    assert_eq!(
        names(&table),
        [
            "layer",
            "head",
            "entropy",
            "entropy_se",
            "previous_token",
            "previous_token_se",
            "role"
        ]
    );
    assert_eq!(svg.matches("<circle").count(), 16 + 4, "{svg}");
    assert!(svg.lines().any(|line| line.trim() == "L3H1") && svg.contains("layer 3"));
    let (svg, _) = figure(
        &["--scatter", "entropy,previous", "--color", "role"],
        "roles",
    );
    assert!(svg.contains("by role"));
    for order in ["layer", "sorted"] {
        let (svg, table) = figure(&["--statistic", "previous_token", "--bars", order], order);
        assert_eq!(names(&table)[2..4], ["previous_token", "previous_token_se"]);
        // Each has the stroke of its standard error.
        assert_eq!(svg.matches("stroke-opacity=\"0.7\"").count(), 16, "{order}");
    }
    let (svg, table) = figure(&["--statistic", "entropy", "--along", "layers"], "layers");
    assert_eq!(
        names(&table),
        [
            "layer",
            "heads",
            "entropy",
            "entropy_se",
            "smallest",
            "largest"
        ]
    );
    // The band around the mean of four layers, as the heads' own numbers give it.
    let rows = |table: &Value| table["rows"].as_array().unwrap().clone();
    let all = figure(&["--statistic", "entropy"], "all").1;
    let at = names(&all)
        .iter()
        .position(|name| name == "entropy")
        .unwrap();
    for (i, row) in rows(&table).iter().enumerate() {
        let values: Vec<f64> = rows(&all)[4 * i..4 * i + 4]
            .iter()
            .map(|r| r[at].as_f64().unwrap())
            .collect();
        let mean = values.iter().sum::<f64>() / 4.0;
        let error = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 12.0).sqrt();
        assert!((row[2].as_f64().unwrap() - mean).abs() < 1e-9, "{row}");
        assert!((row[3].as_f64().unwrap() - error).abs() < 1e-9, "{row}");
    }
    assert!(svg.contains("fill-opacity"));
    let (svg, table) = figure(&["--along", "spans"], "strips");
    assert_eq!(
        names(&table)[2..],
        [
            "span_quantile_10",
            "span_quantile_50",
            "span_quantile_90",
            "span_quantile_99"
        ]
    );
    assert_eq!(svg.matches("stroke-opacity=\"0.7\"").count(), 16);
    let file = out("profile.json");
    stdout(&[
        "figure",
        "profile",
        SHAKESPEARE,
        "--text",
        &text,
        "--head",
        "3.1,2.0",
        "-o",
        &file,
    ]);
    let table: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    // Of all queries that have a token there; the weight of all distances is what the head has on the text.
    let shares = json(&["effective-spans", SHAKESPEARE, "--text", &text, "--json"]);
    for (layer, head) in [(2, 0), (3, 1)] {
        let of = rows(&table);
        let of = of.iter().filter(|row| row[0] == layer && row[1] == head);
        let sum: f64 = of
            .map(|row| row[3].as_f64().unwrap() * row[4].as_f64().unwrap())
            .sum();
        let on_text = shares["heads"][4 * layer + head]["context"]
            .as_f64()
            .unwrap();
        assert!((sum / 1500.0 - on_text).abs() < 1e-4, "{sum} {on_text}");
    }
    let refused = |more: &[&str]| {
        let file = out("no.svg");
        let args = [&["figure", "heads", SHAKESPEARE, "-o", &file], more].concat();
        let output = program(&args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{more:?}");
    };
    refused(&["--color", "role"]);
    refused(&["--scatter", "entropy"]);
    refused(&["--scatter", "entropy,nothing"]);
    refused(&["--scatter", "entropy,reach", "--statistic", "reach"]);
    refused(&["--bars", "layer", "--map", "magma"]);
    refused(&["--along", "spans", "--statistic", "reach"]);
    refused(&["--along", "spans", "--bars", "layer"]);
}

/// The flags of all heads, as `effective-spans` writes them.
fn flags(args: &[&str]) -> Vec<(Value, u64)> {
    let out = json(args);
    let heads = out["heads"].as_array().unwrap().iter();
    heads
        .map(|head| {
            let within = head["effective_99_sink_free"].as_u64();
            (head["flag"].clone(), within.unwrap_or(0))
        })
        .collect()
}

#[test]
fn heads_that_look_nowhere_in_particular_have_no_flag() {
    let folder = tempfile::tempdir().unwrap();
    let text = text(folder.path());
    for init in ["0", "0.2"] {
        let run = folder.path().join(format!("random_{init}"));
        let run = run.to_str().unwrap();
        let data = root("sample_models/training/tinyshakespeare.txt");
        // A step of a tenth of nothing: the weights are random.
        let sizes = "--nlayers 12 --nheads 8 --hid-sz 64 --inner-hid-sz 64 --adapt-span --attn-span 256 --block-sz 64 --batch-sz 2";
        let steps = "--niter 1 --nbatches 1 --threads 1 --lr 1e-6 -q";
        let mut args = vec!["train", "--data", data.to_str().unwrap(), "-o", run];
        args.extend(["--adapt-span-init", init]);
        args.extend(sizes.split(' ').chain(steps.split(' ')));
        program(&args).assert().success();
        let args = [
            "effective-spans",
            run,
            "--text",
            &text,
            "--removed",
            "--json",
        ];
        let flags = flags(&args);
        let flagged = flags.iter().filter(|(flag, _)| !flag.is_null()).count();
        assert!(flags.len() == 96 && flagged < 5, "{init}: {flagged}");
    }
}

#[test]
fn a_text_that_is_shorter_than_the_reach_flags_only_heads_that_look_near() {
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<usize> = (0..260).map(|i| (7 * i + i * i) % 90 + 5).collect();
    let path = folder.path().join("ids.json");
    std::fs::write(&path, serde_json::to_string(&ids).unwrap()).unwrap();
    let bloom = data("families/bloom");
    let args = [
        "effective-spans",
        &bloom,
        "--ids",
        path.to_str().unwrap(),
        "--json",
    ];
    let flags = flags(&args);
    for (flag, within) in &flags {
        assert_eq!(*flag == "local", 4 * within <= 260, "{flag} {within}");
    }
    let local = flags.iter().filter(|(flag, _)| *flag == "local").count();
    assert!(local > 0 && local <= flags.len() / 2, "{local}");
}

#[test]
fn a_text_too_short_for_roles_is_called_that() {
    let folder = tempfile::tempdir().unwrap();
    let short = folder.path().join("short.txt");
    std::fs::write(&short, "To be or not to be").unwrap();
    let out = stdout(&["heads", SHAKESPEARE, "--text", short.to_str().unwrap()]);
    assert!(out.contains("It takes 64 queries"), "{out}");
    let out = stdout(&["heads", SHAKESPEARE, "--text", &text(folder.path())]);
    assert!(!out.contains("It takes 64 queries"), "{out}");
}
