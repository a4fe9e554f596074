//! Models of other families: opened by every command that takes one.

use super::*;

/// A model of the test data in the layout of Hugging Face, or a GGUF file.
fn family(name: &str) -> String {
    data(&format!("families/{name}"))
}

#[test]
fn info_tells_what_heads_are_layer_by_layer() {
    let info = json(&["info", &family("gemma2"), "--json"]);
    assert_eq!(info["family"], "gemma2");
    assert_eq!(info["format"], "hugging-face");
    for field in ["attn_span", "adapt_span", "pers_mem_size", "adapt_io"] {
        assert!(info[field].is_null(), "{field}");
    }
    let layers = info["layers"].as_array().unwrap();
    assert_eq!(layers.len(), info["nb_layers"].as_u64().unwrap() as usize);
    assert_eq!(layers[0]["window"], 8);
    assert!(layers[1]["window"].is_null());
    assert_eq!(layers[0]["nearest"], 0);
    assert_eq!(layers[0]["position"], "rotary");
    assert_eq!(layers[0]["sink"], false);

    let info = json(&["info", &family("gguf/gpt_oss-mxfp4.gguf"), "--json"]);
    assert_eq!(info["format"], "gguf");
    assert_eq!(info["layers"][0]["sink"], true);
    let text = stdout(&["info", &family("gpt_oss")]);
    for line in [
        "Read from its configuration",
        "8 tokens (2 of 3 layers), full context (1 of 3 layers)",
        "learned sinks one per head",
        "experts E 4, of which a token uses 2",
    ] {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(line), "{line}: {text}");
    }
    let own = json(&["info", SHAKESPEARE, "--json"]);
    assert_eq!(own["family"], "adaptive-span");
    assert_eq!(own["layers"][0]["position"], "relative");
    assert_eq!(own["layers"][0]["nearest"], 1);
}

#[test]
fn probabilities_and_weights_of_ids_are_those_of_the_library() {
    let folder = tempfile::tempdir().unwrap();
    for (model, golden) in [
        ("gpt2", "gpt2/gpt2.golden.safetensors"),
        ("gpt_oss", "gpt_oss/gpt_oss.golden.safetensors"),
        ("gguf/llama-q8_0.gguf", "gguf/llama-q8_0.golden.safetensors"),
    ] {
        let golden = std::fs::read(family(golden)).unwrap();
        let golden = SafeTensors::deserialize(&golden).unwrap();
        let ids = golden.tensor("input_ids").unwrap();
        let size = ids.data().len() / ids.shape()[0];
        let ids: Vec<u32> = ids
            .data()
            .chunks_exact(size)
            .map(|bytes| u32::from_le_bytes(bytes[..4].try_into().unwrap()))
            .collect();
        let file = folder.path().join("ids.json");
        std::fs::write(&file, serde_json::to_string(&ids).unwrap()).unwrap();
        let file = file.to_str().unwrap();

        let out = folder.path().join("out.safetensors");
        let to = out.to_str().unwrap();
        let model = family(model);
        stdout(&[
            "eval",
            &model,
            "--ids",
            file,
            "--log-probs",
            to,
            "--force",
            "-q",
        ]);
        let bytes = std::fs::read(&out).unwrap();
        let found = SafeTensors::deserialize(&bytes).unwrap();
        let logits = golden.tensor("logits").unwrap();
        let name = found.names()[0].to_owned();
        assert_eq!(found.tensor(&name).unwrap().shape(), logits.shape());

        stdout(&[
            "attention",
            &model,
            "--ids",
            file,
            "--layer",
            "0",
            "--head",
            "1",
            "-o",
            to,
            "--force",
            "-q",
        ]);
        let bytes = std::fs::read(&out).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = header.metadata().as_ref().unwrap();
        assert_eq!(metadata["first_distance"], "0");
        let found = SafeTensors::deserialize(&bytes).unwrap();
        let weights = found.tensor("weights").unwrap();
        let t = ids.len();
        assert_eq!(weights.shape()[0], t);
        assert_eq!(found.tensor("sink").is_ok(), model.contains("gpt_oss"));
        let numbers = |data: &[u8]| -> Vec<f32> {
            let (numbers, _) = data.as_chunks::<4>();
            numbers
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect()
        };
        let (width, got) = (weights.shape()[1], numbers(weights.data()));
        let want = golden.tensor("attn.0").unwrap();
        let want = &numbers(want.data())[t * t..2 * t * t];
        for query in 0..t {
            for distance in 0..=query.min(width - 1) {
                let (got, want) = (
                    got[query * width + distance],
                    want[query * t + query - distance],
                );
                assert!(
                    (got - want).abs() < 2e-5,
                    "{model}: {query}, {distance}: {got} {want}"
                );
            }
        }
    }
}

#[test]
fn texts_are_cut_by_the_tokenizer_beside_the_weights() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.txt");
    std::fs::write(&text, "The quick brown fox jumps over the lazy dog.").unwrap();
    let eval = json(&[
        "eval",
        &family("gpt2"),
        "--text",
        text.to_str().unwrap(),
        "--json",
    ]);
    assert!(eval["tokens"].as_u64().unwrap() > 5, "{eval}");
    for name in ["gpt2", "llama", "gguf/gpt2-f32.gguf", "gguf/llama-f32.gguf"] {
        let info = json(&["info", &family(name), "--json"]);
        assert!(
            info["vocabulary"].to_string().contains("pieces"),
            "{name}: {info}"
        );
    }
}

#[test]
fn any_family_is_converted_and_quantised_weights_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("out.safetensors");
    let to = to.to_str().unwrap();
    stdout(&["convert", &family("gpt2"), to, "-q"]);
    let (before, after) = (
        json(&["info", &family("gpt2"), "--json"]),
        json(&["info", to, "--json"]),
    );
    assert_eq!(after["format"], "safetensors");
    for field in ["family", "layers", "parameters", "vocab_size", "context"] {
        assert_eq!(before[field], after[field], "{field}");
    }
    assert!(
        after["vocabulary"].to_string().contains("pieces"),
        "{after}"
    );
    let quantised = family("gguf/llama-q8_0.gguf");
    let refused = complaint(&["convert", &quantised, to, "--force"], 1);
    assert!(
        refused.contains("Q8_0") && refused.contains("--dequantise"),
        "{refused}"
    );
    stdout(&["convert", &quantised, to, "--dequantise", "--force", "-q"]);
    let ids = folder.path().join("ids.json");
    std::fs::write(&ids, "[1, 2, 3, 4, 5, 6, 7, 8, 9]").unwrap();
    let eval = |model: &str| {
        let eval = json(&[
            "eval",
            model,
            "--ids",
            ids.to_str().unwrap(),
            "--json",
            "-q",
        ]);
        eval["nats_per_token"].clone()
    };
    assert_eq!(eval(&quantised), eval(to));
}

/// Models of the authors' second code are opened as any adaptive-span model.
#[test]
fn checkpoints_of_the_second_code_give_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = |data: &[u8]| -> Vec<f32> {
        let (numbers, _) = data.as_chunks::<4>();
        numbers.iter().map(|b| f32::from_le_bytes(*b)).collect()
    };
    for name in ["seq_post", "seq_pre", "seq_pre_fixed"] {
        let model = data(&format!("{name}.pt"));
        let golden = std::fs::read(data(&format!("{name}.golden.safetensors"))).unwrap();
        let golden = SafeTensors::deserialize(&golden).unwrap();
        let ids = golden.tensor("input_ids").unwrap();
        let ids: Vec<u64> = (ids.data().as_chunks::<8>().0.iter())
            .map(|b| u64::from_le_bytes(*b))
            .collect();
        let file = folder.path().join("ids.json");
        std::fs::write(&file, serde_json::to_string(&ids).unwrap()).unwrap();
        let file = file.to_str().unwrap();
        let out = folder.path().join("out.safetensors");
        let to = out.to_str().unwrap();

        let info = json(&["info", &model, "--json"]);
        assert_eq!(info["family"], "adaptive-span");
        assert_eq!(info["head_dim"], 12);
        let is_fixed = name == "seq_pre_fixed";
        let assumed = info["assumed"].to_string().contains("ramp R = 32");
        assert_eq!(assumed, !is_fixed, "{info}");

        let ramp = ["--ramp", "16", "--force", "-q"];
        stdout(
            &[
                &["eval", &model, "--ids", file, "--log-probs", to][..],
                &ramp,
            ]
            .concat(),
        );
        let bytes = std::fs::read(&out).unwrap();
        let found = SafeTensors::deserialize(&bytes).unwrap();
        let got = numbers(found.tensor(found.names()[0]).unwrap().data());
        let want = numbers(golden.tensor("log_probs").unwrap().data());
        assert_eq!(got.len(), want.len());
        assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 2e-4));

        let place = ["--layer", "1", "--head", "2", "-o", to];
        stdout(&[&["attention", &model, "--ids", file][..], &place, &ramp].concat());
        let bytes = std::fs::read(&out).unwrap();
        let found = SafeTensors::deserialize(&bytes).unwrap();
        let weights = found.tensor("weights").unwrap();
        let (width, got) = (weights.shape()[1], numbers(weights.data()));
        let want = golden.tensor("attn.1").unwrap();
        let (t, kept) = (want.shape()[1], want.shape()[2]);
        let want = numbers(want.data());
        for query in 0..t {
            for column in 0..kept.min(width) {
                let (got, want) = (
                    got[query * width + column],
                    want[(2 * t + query) * kept + column],
                );
                assert!((got - want).abs() < 2e-5, "{name}: {query}, {column}");
            }
        }

        // A fraction is a ramp as well.
        let info = json(&["info", &model, "--json", "--ramp", "12.5"]);
        assert_eq!(info["adapt_span_ramp"], 12.5);
        let converted = folder.path().join("converted.safetensors");
        let converted = converted.to_str().unwrap();
        stdout(&[
            "convert", &model, converted, "--ramp", "12.5", "--force", "-q",
        ]);
        let again = json(&["info", converted, "--json"]);
        assert_eq!(again["adapt_span_ramp"], 12.5);
        assert_eq!(again["pre_norm"], info["pre_norm"]);
    }
    let run = folder.path().join("run.safetensors");
    let ids = folder.path().join("ids.json");
    let record = |model: &str| {
        let args = ["record", model, "--ids", ids.to_str().unwrap(), "-q"];
        [&args[..], &["-o", run.to_str().unwrap(), "--force"]]
            .concat()
            .iter()
            .map(|arg| (*arg).to_owned())
            .collect::<Vec<String>>()
    };
    for model in ["seq_pre.pt", "seq_post.pt"] {
        let args = record(&data(model));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        stdout(&args);
        let eval =
            |args: &[&str]| json(&[args, &["--json", "-q"]].concat())["nats_per_token"].clone();
        let live = eval(&["eval", &data(model), "--ids", ids.to_str().unwrap()]);
        assert_eq!(live, eval(&["eval", run.to_str().unwrap()]), "{model}");
    }
}

#[test]
fn what_neither_window_nor_context_ends_has_no_number_for_its_reach() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let model = path("bloom");
    std::fs::create_dir(&model).unwrap();
    let config = std::fs::read(family("bloom/config.json")).unwrap();
    let mut config: Value = serde_json::from_slice(&config).unwrap();
    config.as_object_mut().unwrap().remove("seq_length");
    std::fs::write(path("bloom/config.json"), config.to_string()).unwrap();
    let weights = "bloom/model.safetensors";
    std::fs::copy(family(weights), path(weights)).unwrap();
    let ids = path("ids.json");
    let list: Vec<usize> = (0..60).map(|i| i * 7 % 61).collect();
    std::fs::write(&ids, serde_json::to_string(&list).unwrap()).unwrap();
    let none = |said: &str| {
        let digits = said.replace([',', '.'], "");
        assert!(!digits.contains("4194304"), "{said}");
    };
    let spans = json(&["spans", &model, "--json"]);
    assert!(spans[0]["reach"].is_null() && spans[0]["span"].is_null());
    let measured = json(&["effective-spans", &model, "--ids", &ids, "--json"]);
    let first = &measured["heads"][0];
    assert!(first["reach"].is_null() && first["span"].is_null());
    assert!(first["effective_90"].is_u64());
    let read = json(&["eval", &model, "--ids", &ids, "--json"]);
    assert!(read["mean_reach"].is_null());
    for command in ["spans", "info", "eval", "effective-spans"] {
        let said = match command {
            "spans" | "info" => stdout(&[command, &model]),
            _ => stdout(&[command, &model, "--ids", &ids]),
        };
        none(&said);
        assert!(said.contains("no limit"), "{said}");
        // Without a soft mask no head has a z.
        assert!(!said.contains("span z"), "{said}");
    }
    for kind in [
        "spans",
        "cost",
        "mask",
        "attention",
        "heads",
        "grid",
        "profile",
    ] {
        for ending in ["svg", "csv"] {
            let out = path(&format!("{kind}.{ending}"));
            let text = match kind {
                "spans" => None,
                _ => Some(["--ids", ids.as_str()]),
            };
            let head = ["mask", "attention", "profile"].contains(&kind);
            let mut args = vec!["figure", kind, &model, "-o", &out, "-q"];
            args.extend(text.into_iter().flatten());
            args.extend(head.then_some(["--head", "1.5"]).into_iter().flatten());
            if kind == "heads" {
                args.extend(["--statistic", "effective_90"]);
            }
            stdout(&args);
            none(&std::fs::read_to_string(&out).unwrap());
        }
    }
    // Without a text a token has no place at which its cost could be told.
    let refused = complaint(&["figure", "cost", &model, "-o", &path("none.svg")], 1);
    assert!(refused.contains("give a text"), "{refused}");
    // No head has a soft mask, and without a text no mean weight.
    let refused = complaint(&["figure", "mask", &model, "-o", &path("none.svg")], 1);
    assert!(
        refused.contains("no selected head has a soft mask"),
        "{refused}"
    );
    // A tokenizer that begins every text with a token of its own makes no text of none.
    let sample = root("sample_models/local_global.safetensors");
    let sample = sample.to_str().unwrap();
    let refused = complaint(&["figure", "mask", sample, "-o", &path("none.svg")], 1);
    assert!(refused.contains("give a text"), "{refused}");
    let drawn = std::fs::read_to_string(path("mask.svg")).unwrap();
    assert!(
        drawn.contains("Mean weight") && !drawn.contains("oft mask"),
        "{drawn}"
    );
}
