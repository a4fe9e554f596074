//! Models whose tensors do not fit together, and numbers that no training should give.

use super::build::{self, safetensors};
use super::measured::{ALLOWED, alone, measured, refused};
use spanscope::chart::Style;
use spanscope::checkpoint::Checkpoint;
use spanscope::engine::figures::{FigureChoice, FigureKind, figure};
use spanscope::engine::{Engine, Heads, LoadedModel, Source};
use spanscope::model::HeadId;
use std::collections::BTreeMap;
use std::path::Path;

/// A sound small model: its tensors with shapes and numbers.
#[derive(Clone)]
struct Small(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

const SPANS: &str = "layers.0.attn.attn.adaptive_span._mask.current_val";

impl Small {
    fn new() -> Self {
        Self::of(&[])
    }

    /// Changed by a program.
    fn of(program: &[u8]) -> Self {
        let bytes = spanscope::fuzzing::small_model(program);
        let read = Checkpoint::from_bytes(Path::new("small"), bytes).unwrap();
        let tensors = read.names().map(|name| {
            let shape = read.info(name).unwrap().shape.clone();
            (name.to_owned(), (shape, read.read(name).unwrap()))
        });
        Self(tensors.collect())
    }

    /// With another shape, its numbers repeated or cut off.
    fn shaped(mut self, name: &str, shape: &[usize]) -> Self {
        let (old, values) = self.0.get_mut(name).unwrap();
        *old = shape.to_vec();
        let count = shape.iter().product();
        *values = values.iter().copied().cycle().take(count).collect();
        self
    }

    fn with(mut self, name: &str, at: usize, value: f32) -> Self {
        self.0.get_mut(name).unwrap().1[at] = value;
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.remove(name).unwrap();
        self
    }

    fn bytes(&self, metadata: serde_json::Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut header = serde_json::Map::new();
        for (name, (shape, values)) in &self.0 {
            let start = bytes.len();
            bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
            let offsets = [start, bytes.len()];
            header.insert(
                name.clone(),
                serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": offsets}),
            );
        }
        header.insert("__metadata__".into(), metadata);
        safetensors(&serde_json::Value::from(header).to_string(), &bytes)
    }

    fn refused(&self, parts: &[&str]) {
        refused(
            "small.safetensors",
            &self.bytes(serde_json::json!({})),
            parts,
        );
    }
}

#[test]
fn tensors_that_are_missing_or_of_a_wrong_shape_are_named() {
    let _alone = alone();
    let small = Small::new();
    for name in small.0.keys() {
        let may_lack = [SPANS, "layers.0.attn.attn.persistent_memory.key"].contains(&name.as_str());
        if !may_lack && !name.contains("persistent") && !name.contains("fc1.weight") {
            small.clone().without(name).refused(&[name, "is missing"]);
        }
        let (shape, _) = &small.0[name];
        let taller: Vec<usize> = shape.iter().map(|n| n + 1).collect();
        let deeper = [shape.as_slice(), &[1]].concat();
        for wrong in [taller, deeper] {
            // Of the spans the number counts, not the shape.
            if name != SPANS || wrong.iter().product::<usize>() != 2 {
                small.clone().shaped(name, &wrong).refused(&["the shape"]);
            }
        }
    }
}

#[test]
fn nothing_may_be_of_no_size() {
    let _alone = alone();
    let small = Small::new();
    for (name, shape) in [
        ("key_pe", &[1, 0, 16][..]),
        ("key_pe", &[1, 4, 0]),
        ("key_pe", &[0, 4, 16]),
        ("in_emb.weight", &[0, 8]),
        ("layers.0.attn.proj_query.weight", &[0, 0]),
        ("layers.0.ff.fc1.weight", &[0, 8]),
        ("layers.0.attn.attn.persistent_memory.key", &[2, 4, 0]),
    ] {
        small
            .clone()
            .shaped(name, shape)
            .refused(&[name, "none of them 0"]);
    }
    small
        .clone()
        .shaped(SPANS, &[0])
        .refused(&[SPANS, "one value or 2"]);
    // No head at all: a head as wide as nothing, or wider than the layer.
    small
        .shaped("key_pe", &[1, 9, 16])
        .refused(&["proj_query", "a multiple of d = 9"]);
}

#[test]
fn clusters_of_no_width_are_refused() {
    let _alone = alone();
    // With adaptive input and output: the step sets a number that is not there.
    let small = Small::of(&[0x81, 0, 250, 0]);
    let name = "out_emb.out_layers.1.weight";
    small
        .clone()
        .shaped(name, &[2, 0])
        .refused(&[name, "[2, 0]", "one number or more"]);
    let name = "in_emb.emb_layers.1.weight";
    small
        .shaped(name, &[2, 0])
        .refused(&[name, "none of them 0"]);
}

#[test]
fn spans_beyond_zero_to_one_are_refused() {
    let _alone = alone();
    for value in [-0.2, 1.2, 1e30, f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
        let expected = format!("holds the span {value}; expected numbers from 0 to 1");
        Small::new()
            .with(SPANS, 1, value)
            .refused(&[SPANS, &expected, "earlier checkpoint"]);
    }
    // A step of training may have taken it a little beyond: it counts as in a run, and is told.
    for (value, counts) in [
        (0.0, 0.0),
        (1.0, 16.0),
        (-0.0, 0.0),
        (-0.000_42, 0.0),
        (1.05, 16.0),
    ] {
        let bytes = Small::new()
            .with(SPANS, 0, value)
            .bytes(serde_json::json!({}));
        let opened = Checkpoint::from_bytes(Path::new("small"), bytes).unwrap();
        let network = spanscope::model::Network::load(&opened, None).unwrap();
        assert_eq!(network.spans()[0].span, counts);
        let notes = network.assumed().join("\n");
        let is_told = notes.contains("1 span beyond that clamped") && notes.contains(SPANS);
        assert_eq!(is_told, !(0.0..=1.0).contains(&value), "{value}: {notes}");
    }
}

#[test]
fn a_ramp_or_heads_without_bound_take_no_memory() {
    let _alone = alone();
    let config = |ramp: u64| {
        let config = serde_json::json!({
            "vocab_size": 6, "hidden_size": 8, "nb_heads": 2, "nb_layers": 1, "attn_span": 16, "inner_hidden_size": 12,
            "pers_mem_size": 3, "adapt_span": true, "adapt_span_ramp": ramp, "adapt_io": null,
        });
        serde_json::json!({"config": config.to_string()})
    };
    // Longer than the span limit is as long as that.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ramp.safetensors");
    std::fs::write(&path, Small::new().bytes(config(u64::MAX))).unwrap();
    let (opened, peak) = measured(move || LoadedModel::open(&path, None, None).is_ok());
    assert!(opened && peak < ALLOWED);
    // Heads of one number each, on a long span, with a ramp as long: 256 masks of 300,000 numbers.
    let heads = 256;
    let small = Small::new()
        .shaped("key_pe", &[1, 1, 300_000])
        .shaped("in_emb.weight", &[6, heads])
        .shaped("out_emb.weight", &[6, heads])
        .shaped("layers.0.ff.fc1.weight", &[12, heads])
        .shaped("layers.0.ff.fc2.weight", &[heads, 12])
        .shaped("layers.0.ff.fc2.bias", &[heads])
        .shaped("layers.0.attn.attn.persistent_memory.key", &[heads, 1, 3])
        .shaped("layers.0.attn.attn.persistent_memory.val", &[heads, 3, 1])
        .shaped(SPANS, &[heads, 1, 1]);
    let parts =
        ["query", "key", "val", "out"].map(|part| format!("layers.0.attn.proj_{part}.weight"));
    let norms = ["norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"];
    let norms = norms.map(|norm| format!("layers.0.{norm}"));
    let small = parts
        .iter()
        .fold(small, |small, name| small.shaped(name, &[heads, heads]));
    let small = norms
        .iter()
        .fold(small, |small, name| small.shaped(name, &[heads]));
    let mut long = config(1 << 40)["config"].as_str().unwrap().to_owned();
    for (field, was, is) in [
        ("hidden_size", 8, heads),
        ("nb_heads", 2, heads),
        ("attn_span", 16, 300_000),
    ] {
        long = long.replace(&format!("\"{field}\":{was}"), &format!("\"{field}\":{is}"));
    }
    let bytes = small.bytes(serde_json::json!({"config": long}));
    refused(
        "small.safetensors",
        &bytes,
        &["a ramp of 1099511627776 tokens for 256 heads", "--ramp"],
    );
}

#[test]
fn vocabularies_of_a_wrong_size_are_told() {
    let _alone = alone();
    let with = |vocabulary: serde_json::Value| {
        Small::new().bytes(serde_json::json!({"vocabulary": vocabulary.to_string()}))
    };
    let name = "small.safetensors";
    let few = with(serde_json::json!({"unit": "char", "tokens": ["a", "b"]}));
    refused(
        name,
        &few,
        &[
            "the vocabulary in the file has 2 tokens, the model 6",
            "--vocab",
        ],
    );
    let twice = with(serde_json::json!(["a", "b", "c", "d", "a", "f"]));
    refused(name, &twice, &["tokens 0 and 4 are both \"a\""]);
    let many = with(serde_json::json!(vec!["a"; 400_000]));
    refused(name, &many, &["MB in memory"]);
    let deep = with(serde_json::Value::from(1));
    refused(name, &deep, &["neither a list nor an object"]);
}

#[test]
fn weights_that_are_no_numbers_open_with_a_warning_and_are_drawn() {
    let _alone = alone();
    for (tensor, value) in [
        ("in_emb.weight", f32::NAN),
        ("layers.0.attn.proj_query.weight", f32::INFINITY),
        ("key_pe", f32::NEG_INFINITY),
        ("layers.0.norm1.weight", f32::NAN),
        ("layers.0.attn.attn.persistent_memory.val", f32::NAN),
        ("out_emb.bias", f32::NAN),
        ("layers.0.ff.fc1.weight", 1e38),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nan.safetensors");
        let vocabulary = serde_json::json!(["a", "b", "c", "d", " ", "f"]).to_string();
        let small = Small::new().with(tensor, 0, value);
        std::fs::write(
            &path,
            small.bytes(serde_json::json!({"vocabulary": vocabulary})),
        )
        .unwrap();
        let model = LoadedModel::open(&path, None, None).unwrap();
        let warns = model
            .assumed
            .iter()
            .any(|note| note.contains(tensor) && note.contains("no number"));
        assert_eq!(warns, !value.is_finite(), "{tensor}: {:?}", model.assumed);
        drawn(&path, tensor);
    }
}

/// Draws every figure of a model over a text.
fn drawn(path: &Path, what: &str) {
    let source = Source::File {
        path: path.to_owned(),
        vocab: None,
        ramp: None,
    };
    let engine = Engine::start(source, "abcd fabcd".into(), || {});
    let choice = FigureChoice {
        heads: Heads::one(HeadId::new(0, 1)),
        effective: [true; 3],
        ..FigureChoice::default()
    };
    for kind in FigureKind::ALL {
        engine.look(choice.looks(kind));
        let snapshot = engine.wait();
        assert!(snapshot.failure.is_none(), "{what}: {:?}", snapshot.failure);
        // Training curves there are none of.
        if let Ok(made) = figure(kind, &snapshot, &choice) {
            assert!(
                made.svg(&Style::default()).contains("<svg"),
                "{what}: {kind:?}"
            );
            let _ = made.csv();
        }
    }
}

/// The window with a model of no numbers, in each of its views.
#[test]
fn the_window_draws_what_is_no_number() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nan.safetensors");
    let small = Small::new().with("in_emb.weight", 0, f32::NAN);
    let vocabulary = serde_json::json!(["a", "b", "c", "d", " ", "f"]).to_string();
    std::fs::write(
        &path,
        small.bytes(serde_json::json!({"vocabulary": vocabulary})),
    )
    .unwrap();
    let text = folder.path().join("text.txt");
    std::fs::write(&text, "abcd fabcd").unwrap();
    for view in spanscope::ui::Pane::ALL.map(|pane| pane.title()) {
        let picture = folder.path().join("window.png");
        let mut shot = assert_cmd::Command::cargo_bin("spanscope").unwrap();
        shot.arg("shot")
            .arg(&picture)
            .arg("--model")
            .arg(&path)
            .arg("--text")
            .arg(&text);
        shot.args(["--view", view, "--size", "900x700"])
            .assert()
            .success();
        assert!(std::fs::metadata(&picture).unwrap().len() > 1000, "{view}");
        std::fs::remove_file(&picture).unwrap();
    }
}

/// A small network of this many layers, all of them on the numbers of the first.
fn repeated(layers: usize) -> Vec<u8> {
    let small = Small::new();
    let mut header = serde_json::Map::new();
    let mut metadata = serde_json::Map::new();
    let mut bytes = Vec::new();
    for (name, (shape, values)) in &small.0 {
        let start = bytes.len();
        bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        let entry = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [start, bytes.len()]});
        header.insert(name.clone(), entry);
        for i in 1..layers {
            if let Some(rest) = name.strip_prefix("layers.0.") {
                metadata.insert(format!("layers.{i}.{rest}"), name.clone().into());
            }
        }
    }
    header.insert("__metadata__".into(), metadata.into());
    safetensors(&serde_json::Value::from(header).to_string(), &bytes)
}

#[test]
fn shared_layers_are_loaded_once() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let taken = |layers: usize| {
        let path = folder.path().join(format!("{layers}.safetensors"));
        std::fs::write(&path, repeated(layers)).unwrap();
        measured(move || {
            let model = LoadedModel::open(&path, None, None).unwrap();
            (
                model.network.architecture().nb_layers(),
                model.network.parameters(),
            )
        })
    };
    let ((_, parameters), _) = taken(1);
    let ((layers, shared), peak) = taken(400);
    assert_eq!((layers, shared), (400, parameters));
    assert!(peak < ALLOWED, "{peak} bytes");
}

#[test]
fn vectors_that_layers_share_are_bounded_too() {
    let _alone = alone();
    // Feed-forward sublayers of a million units whose numbers are all one: a bias of 4 MB in each of 300 layers.
    let inner = 1 << 20;
    let small = Small::new();
    let mut header = Vec::new();
    let mut entries = Vec::new();
    let names: Vec<String> = small.0.keys().cloned().collect();
    for (key, name) in names.iter().enumerate() {
        let (shape, values) = &small.0[name];
        let key = key.to_string();
        header.push((
            key.clone(),
            values
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect::<Vec<u8>>(),
        ));
        let on = || build::storage(&key, "FloatStorage", values.len() as i64);
        let dims: Vec<i64> = shape
            .iter()
            .map(|n| if *n == 12 { inner } else { *n as i64 })
            .collect();
        let strides: Vec<i64> = match name.contains(".ff.fc") && shape.contains(&12) {
            true => vec![0; dims.len()],
            false => (0..dims.len())
                .map(|i| dims[i + 1..].iter().product())
                .collect(),
        };
        let tensor = build::tensor_on(on(), 0, &dims, &strides);
        match name.strip_prefix("layers.0.") {
            Some(rest) => entries.extend(
                (0..300).map(|i| (build::text(&format!("layers.{i}.{rest}")), tensor.clone())),
            ),
            None => entries.push((build::text(name), tensor)),
        }
    }
    let storages: Vec<(&str, Vec<u8>)> = header
        .iter()
        .map(|(k, b)| (k.as_str(), b.clone()))
        .collect();
    let bytes = build::zip(build::checkpoint(&entries), &storages);
    refused("vectors.pt", &bytes, &["used over and over"]);
}
