//! Controls in the place of texts: random tokens twice, and texts in random order.

use super::*;

#[test]
fn random_tokens_come_twice_wherever_a_text_is_taken() {
    let repeated = |seed: &str| format!("repeated:60:{seed}");
    let eval = |seed: &str| {
        let control = repeated(seed);
        json(&["eval", SHAKESPEARE, "--control", &control, "--json"])
    };
    let one = eval("1");
    assert_eq!(one["tokens"].as_u64(), Some(120));
    assert_eq!(one["bits_per_token"], eval("1")["bits_per_token"]);
    assert_ne!(one["bits_per_token"], eval("2")["bits_per_token"]);
    // Characters at random surprise more than any text.
    assert!(one["bits_per_token"].as_f64().unwrap() > 4.0);
    let heads = json(&["heads", SHAKESPEARE, "--control", "repeated:60:1", "--json"]);
    assert_eq!(
        (heads["tokens"].as_u64(), heads["text"].as_str()),
        (Some(120), Some("repeated:60:1"))
    );
    let sums = json(&[
        "effective-spans",
        SHAKESPEARE,
        "--control",
        "repeated:60:1",
        "--control",
        "repeated:60:2",
        "--json",
    ]);
    assert_eq!(
        (sums["texts"].as_u64(), sums["tokens"].as_u64()),
        (Some(2), Some(240))
    );
    let head = &sums["heads"][0];
    assert!(head["induction_se"].as_f64().is_some());
    // The same measures along both ways.
    let one = json(&[
        "effective-spans",
        SHAKESPEARE,
        "--control",
        "repeated:60:1",
        "--json",
    ]);
    for (head, row) in heads["heads"]
        .as_array()
        .unwrap()
        .iter()
        .zip(one["heads"].as_array().unwrap())
    {
        let evidence = head["evidence"].as_array().unwrap();
        let previous = evidence.iter().find(|of| of["role"] == "previous").unwrap();
        let (a, b) = (
            previous["value"].as_f64().unwrap(),
            row["previous"].as_f64().unwrap(),
        );
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
}

#[test]
fn a_model_without_a_vocabulary_gets_ids() {
    let model = data("tiny_adaptive.pt");
    let of = |control: &str| json(&["eval", &model, "--control", control, "--json"]);
    assert_eq!(of("repeated:40:3")["tokens"].as_u64(), Some(80));
    let folder = tempfile::tempdir().unwrap();
    let ids = folder.path().join("ids.json");
    std::fs::write(&ids, "[5, 4, 3, 2, 1, 9, 8, 7]").unwrap();
    let ids = ids.to_str().unwrap();
    let shuffled = json(&[
        "eval",
        &model,
        "--ids",
        ids,
        "--control",
        "shuffled:3",
        "--json",
    ]);
    let plain = json(&["eval", &model, "--ids", ids, "--json"]);
    assert_eq!(shuffled["tokens"], plain["tokens"]);
    assert_ne!(shuffled["bits_per_token"], plain["bits_per_token"]);
}

#[test]
fn a_text_is_shuffled_and_what_is_impossible_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("few.txt");
    std::fs::write(&file, "To be, or not to be: that is the question.").unwrap();
    let text = file.to_str().unwrap();
    let of = |more: &[&str]| {
        let args = [&["eval", SHAKESPEARE, "--text", text, "--json"], more].concat();
        json(&args)
    };
    let (plain, shuffled) = (of(&[]), of(&["--control", "shuffled:1"]));
    assert_eq!(plain["tokens"], shuffled["tokens"]);
    assert!(shuffled["bits_per_token"].as_f64() > plain["bits_per_token"].as_f64());
    let per_text = folder.path().join("texts.csv");
    stdout(&[
        "effective-spans",
        SHAKESPEARE,
        "--text",
        text,
        "--control",
        "shuffled:1",
        "--per-text",
        per_text.to_str().unwrap(),
        "--json",
    ]);
    let table = std::fs::read_to_string(per_text).unwrap();
    assert!(table.contains("few.txt shuffled:1"), "{table}");
    for (args, words) in [
        (
            &["eval", SHAKESPEARE, "--control", "shuffled"][..],
            "needs a text",
        ),
        (
            &[
                "eval",
                SHAKESPEARE,
                "--text",
                text,
                "--control",
                "repeated:9",
            ][..],
            "text by itself",
        ),
        (
            &["eval", SHAKESPEARE, "--control", "repeated"][..],
            "repeated:LENGTH",
        ),
        (
            &["effective-spans", SHAKESPEARE, "--control", "shuffled"][..],
            "takes a text",
        ),
        (
            &[
                "effective-spans",
                SHAKESPEARE,
                "--text",
                text,
                "--control",
                "repeated:9",
            ][..],
            "shuffled:SEED",
        ),
        (&["eval", SHAKESPEARE][..], "--control"),
    ] {
        let said = complaint(args, 2);
        assert!(said.contains(words), "{args:?}: {said}");
    }
}
