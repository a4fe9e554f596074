//! The files that commands write: charts, tables, weights, converted models.

use super::*;
use spanscope::checkpoint::{Checkpoint, Dtype, NamedTensor, write_safetensors};
use std::collections::BTreeMap;

#[test]
fn span_charts_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for name in ["a.svg", "a.pdf", "a.png", "a.csv", "a.json"] {
        let path = out(name);
        let mut args = vec!["spans", SHAKESPEARE, "-o", &path];
        // A table has neither title nor width.
        if !name.ends_with(".csv") {
            args.extend(["--title", "How far"]);
        }
        if !name.ends_with(".csv") && !name.ends_with(".json") {
            args.extend(["--width", "90"]);
        }
        program(&args).assert().success().stdout("");
    }
    let svg = std::fs::read_to_string(out("a.svg")).unwrap();
    assert!(svg.contains("<svg") && svg.contains("How far") && svg.contains("width=\"90mm\""));
    assert_eq!(svg.matches("<circle").count(), 16);
    assert!(svg.contains("ramp 32"), "where the numbers come from");
    let png = image::open(out("a.png")).unwrap();
    assert_eq!(png.width(), 1080);
    let rows = std::fs::read_to_string(out("a.csv")).unwrap();
    assert!(
        rows.starts_with("layer,head,span_tokens,reach_tokens\n0,0,") && rows.lines().count() == 17
    );
    let file: Value = serde_json::from_slice(&std::fs::read(out("a.json")).unwrap()).unwrap();
    let list = json(&["spans", SHAKESPEARE, "--json"]);
    for (row, head) in file["rows"]
        .as_array()
        .unwrap()
        .iter()
        .zip(list.as_array().unwrap())
    {
        let fields = ["layer", "head", "span", "reach"].map(|field| head[field].clone());
        assert_eq!(*row.as_array().unwrap(), fields);
    }
    assert_eq!(
        file["columns"][3],
        serde_json::json!({"name": "reach", "unit": "tokens"})
    );
    let pdf = std::fs::read(out("a.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF") && pdf.windows(7).any(|words| words == b"How far"));
    let looks: [&[&str]; 9] = [
        &["--dark"],
        &["--linear"],
        &["--sort"],
        &["--z"],
        &["--gray"],
        &["--transparent"],
        &["--no-title"],
        &["--font-size", "10"],
        &["--height", "70"],
    ];
    for extra in looks {
        let path = out("b.svg");
        program(&[&["spans", SHAKESPEARE, "-o", &path, "--force"], extra].concat())
            .assert()
            .success();
        assert_ne!(
            std::fs::read_to_string(out("b.svg")).unwrap(),
            svg,
            "{extra:?}"
        );
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        6,
        "nothing is left behind"
    );
}

#[test]
fn a_file_that_is_there_is_replaced_only_if_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let golden = Golden::open("tiny_all_attention");
    let model = data("tiny_all_attention.pt");
    let ids = golden.ids();
    let ids = ["--ids", ids.as_str()];
    let head = ["--layer", "0", "--head", "0"];
    let commands: [(&str, Vec<&str>); 6] = [
        ("x.svg", vec!["spans", &model, "-o"]),
        (
            "x.csv",
            [&["attention", &model][..], &ids, &head, &["-o"]].concat(),
        ),
        (
            "x.json",
            [&["persistent", &model][..], &ids, &["-o"]].concat(),
        ),
        (
            "x.safetensors",
            [&["eval", &model][..], &ids, &["--log-probs"]].concat(),
        ),
        ("y.safetensors", vec!["convert", &model]),
        (
            "x.png",
            vec![
                "shot", "--model", &model, "--text", &model, "--size", "400x300",
            ],
        ),
    ];
    for (name, args) in commands {
        let path = folder.path().join(name);
        std::fs::write(&path, "before").unwrap();
        let path = path.to_str().unwrap();
        let args = [&args[..], &[path]].concat();
        let said = complaint(&args, 1);
        assert!(said.contains(name) && said.contains("--force"), "{said}");
        assert_eq!(std::fs::read_to_string(path).unwrap(), "before");
        // What cannot be done at all is found out later, so only what can be is tried.
        if args[0] != "shot" {
            program(&[&args[..], &["--force"]].concat())
                .assert()
                .success();
            assert_ne!(std::fs::read(path).unwrap(), b"before");
        }
    }
}

#[test]
fn attention_weights_sum_to_one() {
    let golden = Golden::open("tiny_all_attention");
    let model = data("tiny_all_attention.pt");
    let out = golden.out("head.safetensors");
    program(&[
        "attention",
        &model,
        "--ids",
        &golden.ids(),
        "--layer",
        "2",
        "--head",
        "1",
        "--ramp",
        "16",
        "-o",
        &out,
    ])
    .assert()
    .success();
    let file = golden.read("head.safetensors");
    let (shape, weights) = tensor(&file, "weights").unwrap();
    let (_, persistent) = tensor(&file, "persistent").unwrap();
    let (empty_shape, empty) = tensor(&file, "empty").unwrap();
    let reach = shape[1];
    assert_eq!((shape[0], empty_shape), (150, vec![150]));
    assert_eq!(persistent.len(), 150 * 20);
    for t in 0..150 {
        let row = &weights[t * reach..][..reach];
        let sum = row.iter().sum::<f32>() + persistent[t * 20..][..20].iter().sum::<f32>();
        assert!((sum - 1.0).abs() < 1e-4, "row {t}: {sum}");
        let before: f32 = row.iter().skip(t).sum();
        assert!((before - empty[t]).abs() < 1e-5, "row {t}");
    }
    let (_, metadata) = SafeTensors::read_metadata(&file).unwrap();
    let metadata = metadata.metadata().clone().unwrap();
    assert_eq!(
        (metadata["layer"].as_str(), metadata["head"].as_str()),
        ("2", "1")
    );
    assert!(metadata["provenance"].contains("tiny_all_attention.pt; ramp 16"));
    // The published code's weights, all heads of the layer.
    let (shape, expected) = tensor(&golden.bytes, "attn.2").unwrap();
    for t in 0..150 {
        let expected = &expected[(150 + t) * shape[2]..][..shape[2]];
        for (a, b) in weights[t * reach..][..reach].iter().zip(expected) {
            assert!((a - b).abs() < 2e-5);
        }
    }
}

#[test]
fn attention_as_pictures_and_tables() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let text = out("text.txt");
    std::fs::write(&text, "the cat, and the hat\n").unwrap();
    for name in ["a.svg", "a.png", "a.csv"] {
        program(&[
            "attention",
            WIKITEXT,
            "--text",
            &text,
            "--layer",
            "1",
            "--head",
            "2",
            "-o",
            &out(name),
        ])
        .assert()
        .success();
    }
    let svg = std::fs::read_to_string(out("a.svg")).unwrap();
    assert!(svg.contains("<svg") && svg.contains("layer 1, head 2") && svg.contains("persistent"));
    assert!(image::open(out("a.png")).unwrap().width() > 1000);
    let rows: Vec<csv::StringRecord> = csv::Reader::from_path(out("a.csv"))
        .unwrap()
        .records()
        .collect::<Result<_, _>>()
        .unwrap();
    // A position, 21 keys, empty context, persistent weight, where the span ends; and which token it is.
    assert_eq!((rows.len(), rows[0].len()), (21, 28));
    assert_eq!(rows[9].iter().skip(26).collect::<Vec<_>>(), ["a", "a"]);
    assert_eq!(rows[20].iter().skip(26).collect::<Vec<_>>(), ["\\n", "⏎"]);
    for row in &rows {
        let sum: f32 = row
            .iter()
            .skip(1)
            .take(23)
            .filter_map(|cell| cell.parse::<f32>().ok())
            .sum();
        assert!((sum - 1.0).abs() < 1e-4, "{row:?}");
    }
}

#[test]
fn a_long_text_is_too_much_for_a_picture_but_not_for_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder
        .path()
        .join("head.safetensors")
        .to_str()
        .unwrap()
        .to_owned();
    let text = data("shakespeare_test_20000.txt");
    let args = [
        "attention",
        SHAKESPEARE,
        "--text",
        &text,
        "--layer",
        "0",
        "--head",
        "0",
    ];
    let said = complaint(&args, 1);
    assert!(
        said.contains("20,000 tokens") && said.contains("4,096") && said.contains(".safetensors"),
        "{said}"
    );
    program(&args).args(["-o", &out]).assert().success();
    let (shape, _) = tensor(&std::fs::read(&out).unwrap(), "weights").unwrap();
    assert_eq!(shape, [20_000, 35]);
}

#[test]
fn a_converted_model_is_the_same_model() {
    let golden = Golden::open("tiny_adaptive_io_tied_pers");
    let original = data("tiny_adaptive_io_tied_pers.pt");
    let (first, second) = (
        golden.out("first.safetensors"),
        golden.out("second.safetensors"),
    );
    program(&["convert", &original, &first, "--ramp", "24"])
        .assert()
        .success()
        .stdout("");
    program(&["convert", &first, &second, "--quiet"])
        .assert()
        .success()
        .stderr("");
    assert_eq!(
        golden.read("first.safetensors").len(),
        golden.read("second.safetensors").len()
    );
    let score = |model: &str| {
        let report = json(&[
            "eval",
            model,
            "--ids",
            &golden.ids(),
            "--ramp",
            "24",
            "--json",
        ]);
        report["nats_per_token"].as_f64().unwrap()
    };
    assert!((score(&original) - score(&second)).abs() < 1e-9);
    let (a, b) = (
        json(&["info", &original, "--json", "--ramp", "24"]),
        json(&["info", &second, "--json"]),
    );
    for field in ["parameters", "adapt_io", "adapt_span_ramp", "pers_mem_size"] {
        assert_eq!(a[field], b[field], "{field}");
    }
    let half = golden.out("half.safetensors");
    program(&["convert", &original, &half, "--dtype", "f16"])
        .assert()
        .success();
    assert!(
        golden.read("half.safetensors").len() < golden.read("first.safetensors").len() * 6 / 10
    );
}

#[test]
fn a_converted_model_keeps_its_vocabulary() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let tokens: Vec<String> = (0..60).map(|i| format!("w{i}")).collect();
    std::fs::write(out("vocab.json"), serde_json::to_string(&tokens).unwrap()).unwrap();
    program(&[
        "convert",
        &data("tiny_adaptive.pt"),
        &out("m.safetensors"),
        "--vocab",
        &out("vocab.json"),
    ])
    .assert()
    .success();
    std::fs::write(out("text.txt"), "w1 w2 w3 w59 w60").unwrap();
    let report = json(&[
        "eval",
        &out("m.safetensors"),
        "--text",
        &out("text.txt"),
        "--json",
    ]);
    assert_eq!(
        (&report["tokens"], &report["unknown"]),
        (&4.into(), &1.into())
    );
    let text = stdout(&[
        "generate",
        &out("m.safetensors"),
        "--prompt",
        "w1 w2",
        "-n",
        "3",
    ]);
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(words.len() == 5 && words[..2] == ["w1", "w2"], "{text}");
}

#[test]
fn persistent_shares_agree_with_the_published_code() {
    let golden = Golden::open("tiny_all_attention");
    let (model, ids) = (data("tiny_all_attention.pt"), golden.ids());
    let args = ["persistent", &model, "--ids", &ids, "--ramp", "16"];
    let rows = json(&[&args[..], &["--json"]].concat());
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 12);
    for row in rows {
        let number = |field: &str| row[field].as_f64().unwrap();
        let sum = number("context") + number("persistent") + number("empty");
        assert!((sum - 1.0).abs() < 1e-4, "{row}");
        let (layer, head) = (number("layer") as usize, number("head") as usize);
        let (shape, weights) = tensor(&golden.bytes, &format!("pers.{layer}")).unwrap();
        let (queries, vectors) = (shape[1], shape[2]);
        let mut mean = vec![0.0; vectors];
        for query in 0..queries {
            for (mean, w) in mean
                .iter_mut()
                .zip(&weights[(head * queries + query) * vectors..])
            {
                *mean += f64::from(*w) / queries as f64;
            }
        }
        let usage = row["usage"].as_array().unwrap();
        assert_eq!(usage.len(), vectors);
        for (got, expected) in usage.iter().zip(&mean) {
            assert!((got.as_f64().unwrap() - expected).abs() < 1e-5);
        }
        assert!((1.0..=20.0).contains(&number("effective_vectors")));
        assert!(number("never_used") <= 20.0);
    }
    assert!(stdout(&args).contains("of 20."));
    for name in ["a.svg", "a.pdf", "a.png", "a.csv", "a.json"] {
        let out = golden.out(name);
        program(&args)
            .args(["-o", &out])
            .assert()
            .success()
            .stdout("");
    }
    let svg = String::from_utf8(golden.read("a.svg")).unwrap();
    assert!(svg.contains("<svg") && svg.contains("persistent vectors"));
    assert!(image::open(golden.out("a.png")).unwrap().width() > 1000);
    let table = String::from_utf8(golden.read("a.csv")).unwrap();
    assert_eq!(table.lines().count(), 13);
    assert!(table.lines().all(|line| line.split(',').count() == 27));
    let file: Value = serde_json::from_slice(&golden.read("a.json")).unwrap();
    let heads = file["rows"].as_array().unwrap();
    assert_eq!(heads.len(), 12);
    // The table has the vectors in their own order, as the list has.
    let list = json(&[&args[..], &["--json"]].concat());
    assert_eq!(heads[5][7], list[5]["usage"][0]);
    assert_eq!(heads[5][26], list[5]["usage"][19]);
}

#[test]
fn a_model_without_persistent_vectors_still_has_shares() {
    let text = root("assets/texts/shakespeare.txt");
    let args = ["persistent", SHAKESPEARE, "--text", text.to_str().unwrap()];
    assert!(stdout(&args).contains("no persistent vectors"));
    let rows = json(&[&args[..], &["--json"]].concat());
    assert_eq!(rows[13]["usage"], serde_json::json!([]));
    assert!(rows[13]["effective_vectors"].is_null());
    let said = complaint(&[&args[..], &["-o", "usage.svg"]].concat(), 1);
    assert!(said.contains("-o FILE.csv"), "{said}");
}

#[test]
fn a_weight_too_large_for_f16_is_not_made_infinite() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let file = Checkpoint::open(Path::new(&data("tiny_fixed.pt"))).unwrap();
    let tensors: Vec<NamedTensor> = file
        .names()
        .map(|name| {
            let mut values = file.read(name).unwrap();
            if name == "out_emb.bias" {
                values[3] = 70_000.0;
            }
            NamedTensor {
                name: name.to_owned(),
                shape: file.info(name).unwrap().shape.clone(),
                values,
            }
        })
        .collect();
    let none = BTreeMap::new();
    let (large, half) = (out("large.safetensors"), out("half.safetensors"));
    write_safetensors(Path::new(&large), &tensors, &none, Dtype::F32, &none).unwrap();
    let said = complaint(&["convert", &large, &half, "--dtype", "f16"], 1);
    for part in ["out_emb.bias", "70000", "bf16"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!Path::new(&half).exists());
    program(&["convert", &large, &half, "--dtype", "bf16"])
        .assert()
        .success();
}
