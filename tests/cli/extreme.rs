//! Weights that are infinite, no numbers, or at the ends of what floats hold: no command fails otherwise than in words.

use super::{Golden, complaint, data, json, program};
use safetensors::SafeTensors;
use std::fs;

/// NaN, both infinities, both ends of the range, and the smallest number above zero.
const VALUES: [f32; 6] = [
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::MAX,
    f32::MIN,
    f32::from_bits(1),
];

/// A model as a file in which numbers can be changed.
struct Model {
    golden: Golden,
    bytes: Vec<u8>,
    /// The file's tensors: name, and where its numbers are.
    tensors: Vec<(String, std::ops::Range<usize>)>,
}

impl Model {
    fn of(name: &str) -> Self {
        let golden = Golden::open(name);
        let path = golden.out("model.safetensors");
        let whole = data(&format!("{name}.pt"));
        program(&["convert", &whole, &path, "--ramp", "16", "--quiet"])
            .assert()
            .success();
        let bytes = fs::read(&path).unwrap();
        let start = bytes.as_ptr().addr();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let place = |data: &[u8]| data.as_ptr().addr() - start;
        let tensors = tensors
            .iter()
            .map(|(name, view)| {
                let at = place(view.data());
                (name.to_owned(), at..at + view.data().len())
            })
            .collect();
        fs::write(golden.ids(), "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]").unwrap();
        Self {
            golden,
            bytes,
            tensors,
        }
    }

    /// The file with `value` as the first number of a tensor, or as all of them.
    fn with(&self, name: &str, value: f32, all: bool) -> String {
        let (_, place) = self.tensors.iter().find(|(n, _)| n == name).unwrap();
        let mut bytes = self.bytes.clone();
        let (numbers, _) = bytes[place.clone()].as_chunks_mut::<4>();
        let count = if all { numbers.len() } else { 1 };
        numbers[..count].fill(value.to_le_bytes());
        let path = self.golden.out("changed.safetensors");
        fs::write(&path, bytes).unwrap();
        path
    }
}

#[test]
fn extreme_numbers_in_any_tensor_fail_in_words_or_not_at_all() {
    for (name, figures) in [
        ("tiny_adaptive", ["spans", "attention", "surprisal"]),
        ("tiny_all_attention", ["grid", "vectors", "predictions"]),
    ] {
        let model = Model::of(name);
        let (ids, out) = (model.golden.ids(), model.golden.out("figure"));
        let outs = ["svg", "pdf", "csv"].map(|ending| format!("{out}.{ending}"));
        let first = |name: &str| !name.starts_with("layers.") || name.starts_with("layers.0.");
        let names = model.tensors.iter().map(|(name, _)| name);
        let cases = names.filter(|name| first(name)).flat_map(|name| {
            let values = VALUES.into_iter().enumerate();
            values.map(move |(i, value)| (name, value, i % 2 == 0))
        });
        for (case, (tensor, value, all)) in cases.enumerate() {
            let path = model.with(tensor, value, all);
            let figure = figures[case % figures.len()];
            let mut drawn = vec!["figure", figure, &path, "--force"];
            if figure != "spans" {
                drawn.extend(["--ids", &ids]);
            }
            for out in &outs {
                drawn.extend(["-o", out]);
            }
            for args in [
                vec!["info", &path],
                vec!["eval", &path, "--ids", &ids, "--json"],
                drawn,
            ] {
                let done = program(&args).output().unwrap();
                let said = String::from_utf8_lossy(&done.stderr);
                let what = format!("{tensor} {value} {all} {args:?}: {said}");
                match done.status.code() {
                    Some(0) => {}
                    Some(1) => assert!(said.contains("changed.safetensors"), "{what}"),
                    _ => panic!("{what}"),
                }
                if args[0] == "eval" && done.status.success() {
                    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
                    assert!(report["nats_per_token"].is_f64(), "{what}");
                }
            }
        }
    }
}

#[test]
fn a_surprisal_that_is_no_number_has_no_mean() {
    let model = Model::of("tiny_adaptive");
    let ids = model.golden.ids();
    let whole = json(&[
        "eval",
        &model.golden.out("model.safetensors"),
        "--ids",
        &ids,
        "--json",
    ]);
    assert!(whole["bits_per_token"].is_f64());
    let bias = model
        .tensors
        .iter()
        .find(|(name, _)| name.ends_with("out_emb.bias"));
    let bias = &bias.unwrap().0;
    let probabilities = model.golden.out("log_probs.safetensors");
    for value in [f32::NAN, f32::INFINITY] {
        let path = model.with(bias, value, false);
        let args = ["eval", &path, "--ids", &ids, "--json"];
        let said = complaint(&args, 1);
        for part in [
            "changed.safetensors",
            "token 1",
            "infinite or no number",
            "earlier checkpoint",
        ] {
            assert!(said.contains(part), "{said}");
        }
        complaint(&[&args[..], &["--log-probs", &probabilities]].concat(), 1);
        assert!(!std::path::Path::new(&probabilities).exists());
        // The same of what was recorded of it.
        let run = model.golden.out("run.safetensors");
        let record = ["record", &path, "--ids", &ids, "-o", &run, "--force"];
        if program(&record).output().unwrap().status.success() {
            let said = complaint(&["eval", &run], 1);
            assert!(said.contains("run.safetensors"), "{said}");
        }
    }
}
