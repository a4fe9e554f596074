//! `examples`: places in texts that show what heads do.

use super::corpus::{at, corpus};
use super::*;

#[test]
fn places_of_shards_join_to_those_of_one_run() {
    let folder = corpus();
    let at = |name: &str| at(&folder, name);
    let texts = at("texts");
    let run = |extra: &[&str]| {
        let args = [
            "examples",
            SHAKESPEARE,
            "--texts",
            &texts,
            "--by",
            "duplicate",
        ];
        program(&[&args[..], extra].concat()).assert().success();
    };
    run(&["-o", &at("one.safetensors")]);
    let shards: Vec<String> = (1..=3).map(|i| at(&format!("{i}.safetensors"))).collect();
    for (i, path) in shards.iter().enumerate() {
        run(&[
            "--shard",
            &format!("{}/3", i + 1),
            "--jobs",
            "2",
            "-o",
            path,
        ]);
    }
    let all = at("all.safetensors");
    program(&["merge", &shards[2], &shards[0], &shards[1], "-o", &all])
        .assert()
        .success();
    let bytes = |path: &str| std::fs::read(path).unwrap();
    assert!(bytes(&all) == bytes(&at("one.safetensors")));
    // The sums are in it as well.
    assert_eq!(
        json(&["effective-spans", &all, "--json"])["texts"].as_u64(),
        Some(4)
    );

    let found = json(&["examples", &all, "--head", "L3H1", "--json"]);
    assert_eq!(
        (found["by"].as_str(), found["tokens"].as_u64()),
        (Some("duplicate"), Some(2500))
    );
    let head = &found["heads"][0];
    assert_eq!(head["queries"].as_u64(), Some(2500));
    let top = head["top"].as_array().unwrap();
    assert_eq!(top.len(), 10);
    let value = |place: &Value| place["value"].as_f64().unwrap();
    assert!(
        top.windows(2)
            .all(|pair| value(&pair[0]) >= value(&pair[1]))
    );
    // What stands there is what the text has there.
    for place in top {
        let text = std::fs::read_to_string(Path::new(&texts).join(place["text"].as_str().unwrap()))
            .unwrap();
        let characters: Vec<char> = text.chars().collect();
        let tokens = place["tokens"].as_array().unwrap();
        for token in tokens {
            let position = token["position"].as_u64().unwrap() as usize;
            assert_eq!(
                token["token"].as_str().unwrap(),
                characters[position].to_string()
            );
        }
        let query = place["query"].as_u64().unwrap() as usize;
        let same = tokens.iter().filter(|token| {
            let position = token["position"].as_u64().unwrap() as usize;
            position < query && characters[position] == characters[query]
        });
        let weight: f64 = same.map(|token| token["weight"].as_f64().unwrap()).sum();
        assert!(
            weight > 0.0 && weight <= 2.0 * value(place) + 1e-6,
            "{place}"
        );
    }
    let words = stdout(&["examples", &all, "--head", "3.1"]);
    assert!(
        words.contains("L3H1  largest duplicate") && words.contains("tenth 10 of the queries"),
        "{words}"
    );
    assert!(words.contains('⟦'), "{words}");
}

#[test]
fn what_is_no_file_of_examples_says_so() {
    let folder = corpus();
    let at = |name: &str| at(&folder, name);
    let (texts, sums, found) = (at("texts"), at("sums.safetensors"), at("found.safetensors"));
    let text = format!("{texts}/b.txt");
    program(&["effective-spans", SHAKESPEARE, "--text", &text, "-o", &sums])
        .assert()
        .success();
    let said = complaint(&["examples", &sums], 1);
    assert!(said.contains("holds no examples"), "{said}");
    program(&[
        "examples",
        SHAKESPEARE,
        "--text",
        &format!("{texts}/a.txt"),
        "-o",
        &found,
    ])
    .assert()
    .success();
    let said = complaint(&["merge", &sums, &found, "-o", &at("x.safetensors")], 1);
    assert!(said.contains("examples were chosen otherwise"), "{said}");
    for (args, words) in [
        (&["examples", &found, "--by", "sink"][..], "chosen before"),
        (
            &["examples", SHAKESPEARE, "--text", &text, "--by", "x"][..],
            "induction",
        ),
        (
            &["examples", SHAKESPEARE, "--text", &text, "--top", "2000"][..],
            "1000",
        ),
        (
            &["examples", SHAKESPEARE, "--text", &text, "--head", "9.9"][..],
            "9",
        ),
    ] {
        let said = complaint(args, 2);
        assert!(said.contains(words), "{args:?}: {said}");
    }
}
