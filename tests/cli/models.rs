//! The numbers that commands print: `info`, `spans`, `eval`, `generate`.

use super::*;

#[test]
fn info_tells_the_architecture() {
    let info = json(&["info", WIKITEXT, "--json"]);
    for (field, value) in [
        ("vocab_size", 134),
        ("hidden_size", 128),
        ("nb_heads", 4),
        ("nb_layers", 4),
        ("attn_span", 512),
        ("inner_hidden_size", 0),
        ("pers_mem_size", 256),
        ("adapt_span_ramp", 32),
    ] {
        assert_eq!(info[field], value, "{field}");
    }
    assert_eq!(info["adapt_span"], true);
    assert!(info["adapt_io"].is_null());
    assert_eq!(info["format"], "safetensors");
    assert_eq!(info["assumed"], serde_json::json!([]));
    assert!(info["parameters"].as_u64().unwrap() > 500_000);

    let info = json(&["info", &data("tiny_adaptive_io_tied_pers.pt"), "--json"]);
    assert_eq!(
        info["adapt_io"],
        serde_json::json!({"cutoffs": [100, 300, 500], "tied": true})
    );
    let assumed = info["assumed"].to_string();
    assert!(
        assumed.contains("ramp R = 32") && assumed.contains("no vocabulary"),
        "{assumed}"
    );
    let info = json(&[
        "info",
        &data("tiny_adaptive_legacy.pt"),
        "--json",
        "--ramp",
        "7",
    ]);
    assert_eq!(
        (&info["format"], &info["adapt_span_ramp"]),
        (&"pt-legacy".into(), &7.into())
    );
    assert!(!info["assumed"].to_string().contains("ramp"));
}

#[test]
fn info_for_people_says_what_was_read_inferred_and_assumed() {
    let text = stdout(&["info", SHAKESPEARE]);
    for part in [
        "824,145",
        "Read from the file",
        "Inferred",
        "Assumed\n  nothing",
        "65 bytes",
        "layer 3, head 1",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = stdout(&["info", &data("tiny_all_attention.pt"), "--ramp", "16"]);
    for part in ["16 (--ramp)", "no vocabulary", "20 persistent vectors"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn spans_are_a_list_for_scripts_and_bars_for_people() {
    let spans = json(&["spans", SHAKESPEARE, "--json"]);
    let spans = spans.as_array().unwrap();
    assert_eq!(spans.len(), 16);
    let longest = &spans[13];
    assert_eq!(
        (&longest["layer"], &longest["head"]),
        (&3.into(), &1.into())
    );
    assert!((longest["span"].as_f64().unwrap() - 73.5).abs() < 0.1);
    assert_eq!(longest["reach"], 106);
    assert_eq!(longest.as_object().unwrap().len(), 4);
    assert_eq!(stdout(&["spans", SHAKESPEARE]).matches('▕').count(), 16);
    let sorted = stdout(&["spans", SHAKESPEARE, "--sort"]);
    let first: Vec<&str> = sorted.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(first, ["0", "0", "2.2", "35"]);
    let last: Vec<&str> = sorted.lines().nth(16).unwrap().split_whitespace().collect();
    assert_eq!(last, ["3", "1", "73.5", "106"]);
    // A fixed span is the limit.
    let fixed = json(&["spans", &data("tiny_fixed.pt"), "--json"]);
    assert_eq!(
        fixed[0],
        serde_json::json!({"layer": 0, "head": 0, "span": 48.0, "reach": 48})
    );
}

#[test]
fn the_sample_models_predict_as_well_as_when_they_were_trained() {
    for (model, text, bits) in [
        (SHAKESPEARE, "shakespeare_test_20000.txt", 1.993386),
        (WIKITEXT, "wikitext_test_20000.txt", 2.157274),
    ] {
        let report = json(&["eval", model, "--text", &data(text), "--json"]);
        let got = report["bits_per_token"].as_f64().unwrap();
        assert!((got - bits).abs() < 1e-3, "{model}: {got}");
        let nats = report["nats_per_token"].as_f64().unwrap();
        assert!((nats - got * std::f64::consts::LN_2).abs() < 1e-9);
        // One token is one byte, and the first is not predicted.
        assert!((report["bits_per_byte"].as_f64().unwrap() - got).abs() < 1e-9);
        assert_eq!(
            (report["tokens"].as_u64(), report["unknown"].as_u64()),
            (Some(20_000), Some(0))
        );
        for field in ["tokens_per_second", "seconds"] {
            assert!(report[field].as_f64().unwrap() > 0.0, "{field}");
        }
        assert!(
            cfg!(not(target_os = "linux")) || report["peak_rss_bytes"].as_u64().unwrap() > 1 << 20
        );
    }
}

#[test]
fn eval_on_ids_agrees_with_the_published_code() {
    for (name, ramp) in [("tiny_adaptive", "16"), ("tiny_all_attention", "16")] {
        let golden = Golden::open(name);
        let (model, out) = (data(&format!("{name}.pt")), golden.out("out.safetensors"));
        let report = json(&[
            "eval",
            &model,
            "--ids",
            &golden.ids(),
            "--ramp",
            ramp,
            "--json",
            "--log-probs",
            &out,
        ]);
        assert!(report["bits_per_byte"].is_null());
        let (shape, expected) = tensor(&golden.bytes, "log_probs").unwrap();
        let (found, got) = tensor(&golden.read("out.safetensors"), "log_probs").unwrap();
        assert_eq!(found, shape);
        let worst = expected.iter().zip(&got).map(|(a, b)| (a - b).abs());
        assert!(worst.fold(0.0, f32::max) < 2e-4);
    }
    let golden = Golden::open("tiny_adaptive_io");
    let out = golden.out("out.safetensors");
    let text = stdout(&[
        "eval",
        &data("tiny_adaptive_io.pt"),
        "--ids",
        &golden.ids(),
        "--log-probs",
        &out,
    ]);
    assert!(text.contains("149 predictions"), "{text}");
    let (shape, got) = tensor(&golden.read("out.safetensors"), "nll").unwrap();
    let (_, expected) = tensor(&golden.bytes, "nll").unwrap();
    assert_eq!(shape, [150]);
    assert!(got[149].is_nan());
    assert!(
        got[..149]
            .iter()
            .zip(&expected)
            .all(|(a, b)| (a - b).abs() < 2e-4)
    );
}

#[test]
fn a_text_with_unknown_pieces_is_run_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.txt");
    std::fs::write(&text, "Now é then").unwrap();
    let text = text.to_str().unwrap();
    let report = json(&["eval", SHAKESPEARE, "--text", text, "--json"]);
    assert_eq!(
        (&report["tokens"], &report["unknown"]),
        (&9.into(), &2.into())
    );
    program(&["eval", SHAKESPEARE, "--text", text])
        .assert()
        .success()
        .stderr("text.txt: 2 of 11 bytes (18.2 %) are not in the vocabulary: \"⟨xA9⟩\" once, \"⟨xC3⟩\" once; left out\n");
    program(&["eval", SHAKESPEARE, "--text", text, "--quiet"])
        .assert()
        .success()
        .stderr("");
}

#[test]
fn generated_text_follows_the_prompt_and_the_seed() {
    let run = |seed: &str| {
        stdout(&[
            "generate",
            SHAKESPEARE,
            "--prompt",
            "ROMEO:",
            "-n",
            "60",
            "--seed",
            seed,
        ])
    };
    let text = run("1");
    assert!(
        text.starts_with("ROMEO:") && text.len() == 6 + 60 + 1,
        "{text}"
    );
    assert_eq!(text, run("1"));
    assert_ne!(text, run("2"));
    program(&["generate", SHAKESPEARE, "--prompt", "ROMEOé:", "-n", "1"])
        .assert()
        .success()
        .stderr("the prompt: 2 of 8 bytes (25.0 %) are not in the vocabulary: \"⟨xA9⟩\" once, \"⟨xC3⟩\" once; left out\n");
}

#[test]
fn generated_text_ends_where_it_is_told_to() {
    let run = |more: &[&str]| {
        let mut args = vec!["generate", SHAKESPEARE, "--prompt", "ROMEO:", "-n", "300"];
        args.extend(more);
        stdout(&args)
    };
    let whole = run(&[]);
    // Three characters, a token each, that come in the middle of what is generated.
    let stop = &whole[100..103];
    let end = 6 + whole[6..].find(stop).unwrap() + 3;
    assert_eq!(run(&["--stop", stop]), format!("{}\n", &whole[..end]));
    assert_eq!(run(&["--stop", "no such words"]), whole);
    // The prompt does not count.
    assert!(run(&["--stop", "O:"]).len() > 7);
    let said = complaint(&["generate", SHAKESPEARE, "--prompt", "a", "--stop", ""], 2);
    assert!(said.contains("--stop"), "{said}");
}

#[test]
fn without_a_vocabulary_ids_are_shown_as_numbers() {
    let golden = Golden::open("tiny_all_attention_fixed");
    let model = golden.out("model.safetensors");
    program(&["convert", &data("tiny_all_attention_fixed.pt"), &model])
        .assert()
        .success();
    let assumed = json(&["info", &model, "--json"])["assumed"].to_string();
    assert!(assumed.contains("ids"), "{assumed}");
    let table = stdout(&[
        "attention",
        &model,
        "--ids",
        &golden.ids(),
        "--layer",
        "1",
        "--head",
        "0",
    ]);
    let ids: Vec<u32> = serde_json::from_slice(&golden.read("ids.json")).unwrap();
    // Positions, and the ids that stand there.
    let header: Vec<String> = ids
        .iter()
        .enumerate()
        .map(|(at, id)| format!("{at} {id}"))
        .collect();
    assert!(
        table.starts_with(&format!("query,{},", header.join(","))),
        "{table}"
    );
    let drawn = json(&["generate", &model, "--ids", &golden.ids(), "-n", "5"]);
    let drawn = drawn.as_array().unwrap();
    assert!(drawn.len() == 5 && drawn.iter().all(|id| id.as_u64().unwrap() < 60));
    let said = complaint(
        &["generate", &model, "--ids", &golden.ids(), "--stop", "a"],
        1,
    );
    assert!(said.contains("--vocab"), "{said}");
    let said = complaint(
        &["eval", &model, "--text", &data("wikitext_test_20000.txt")],
        1,
    );
    assert!(said.contains("--vocab") && said.contains("--ids"), "{said}");
}
