//! Run files that are newer, cut short or changed.

use super::{data, file, ids, of_ids, of_text, record, sample, settled};
use spanscope::checkpoint::{Checkpoint, PlannedTensor, TensorFile};
use spanscope::engine::run_file::{KEY, RecordOptions};
use spanscope::engine::{Engine, Heads, LoadedModel, Queries};
use spanscope::model::HeadId;
use std::collections::BTreeMap;
use std::path::Path;

/// The tensors of a file with their bytes, and its metadata.
pub(super) type Parts = (Vec<(PlannedTensor, Vec<u8>)>, BTreeMap<String, String>);

pub(super) fn parts(path: &Path) -> Parts {
    let read = Checkpoint::open(path).unwrap();
    let tensors = read.places().iter().map(|(name, place)| {
        let planned = PlannedTensor::new(name.as_str(), place.element, &place.shape);
        (planned, read.bytes_at(place).to_vec())
    });
    (tensors.collect(), read.metadata().clone())
}

pub(super) fn write(path: &Path, (tensors, metadata): &Parts) {
    let plan: Vec<PlannedTensor> = tensors.iter().map(|(t, _)| t.clone()).collect();
    let mut file = TensorFile::create(path, &plan, metadata).unwrap();
    for (tensor, bytes) in tensors {
        file.write(&tensor.name, 0, bytes).unwrap();
    }
    file.finish().unwrap();
}

pub(super) fn header(parts: &mut Parts, change: impl FnOnce(&mut serde_json::Value)) {
    let mut header = serde_json::from_str(&parts.1[KEY]).unwrap();
    change(&mut header);
    parts.1.insert(KEY.into(), header.to_string());
}

pub(super) fn refusal(path: &Path) -> String {
    let refused = LoadedModel::open(path, None, None).map(|_| ());
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("run.safetensors"), "{refused}");
    // The spans are not read from what does not fit either.
    assert!(LoadedModel::outline(path, None).is_err());
    refused
}

#[test]
fn a_newer_version_or_an_unknown_need_is_refused_in_words() {
    let (_folder, path) = record(
        &sample(0),
        vec![of_text("a.txt", "To be")],
        &RecordOptions::default(),
    );
    let original = parts(&path);
    let mut newer = original.clone();
    header(&mut newer, |header| {
        *header = serde_json::json!({"version": 3, "written_by": "spanscope 9.0.0", "texts": "elsewhere"});
    });
    write(&path, &newer);
    assert!(refusal(&path).ends_with(
        "a run file of version 3, this program knows version 2: open it with a newer spanscope (it was written by \
         spanscope 9.0.0)"
    ));
    let mut needs = original.clone();
    header(&mut needs, |header| {
        header["requires"] = serde_json::json!(["sums"])
    });
    write(&path, &needs);
    assert!(refusal(&path).contains("needs sums"));
    let mut weights = original.clone();
    header(&mut weights, |header| {
        header["attention"] = serde_json::json!("outputs")
    });
    write(&path, &weights);
    assert!(refusal(&path).contains("needs attention as \"outputs\""));
    header(&mut weights, |header| {
        header["attention"] = serde_json::json!("weights")
    });
    write(&path, &weights);
    assert!(refusal(&path).contains("an adaptive-span network has queries and keys"));
    // More than is known of the same version is no harm.
    let mut more = original.clone();
    header(&mut more, |header| {
        header["later"] = serde_json::json!({"a": 1});
        header["texts"][0]["later"] = serde_json::json!(1);
    });
    let extra = PlannedTensor::new("sums.0", spanscope::checkpoint::Element::F64, &[1]);
    more.0.push((extra, vec![0; 8]));
    write(&path, &more);
    let model = LoadedModel::open(&path, None, None).unwrap();
    let read = model.recorded.unwrap();
    assert_eq!(read.header().other["later"]["a"], 1);
    assert_eq!(read.header().texts[0].other["later"], 1);
}

#[test]
fn what_does_not_fit_is_refused_with_its_name() {
    for model in ["tiny_all_attention.pt", "tiny_adaptive.pt", "tiny_fixed.pt"] {
        let model = LoadedModel::open(&data(model), None, None).unwrap();
        let texts = vec![of_ids("ids.json", ids(90))];
        let (_folder, path) = record(&model, texts, &RecordOptions::default());
        let original = parts(&path);
        for i in 0..original.0.len() {
            let name = original.0[i].0.name.clone();
            // Missing, or of another shape.
            let mut less = original.clone();
            less.0.remove(i);
            write(&path, &less);
            assert!(refusal(&path).contains(&name), "{name}");
            let mut other = original.clone();
            let (tensor, bytes) = &mut other.0[i];
            tensor.shape.insert(0, 2);
            let twice = bytes.repeat(2);
            *bytes = twice;
            write(&path, &other);
            assert!(refusal(&path).contains(&name), "{name}");
        }
        for (field, value) in [
            ("hidden_size", 0_u64),
            ("hidden_size", 31),
            ("nb_heads", 0),
            ("nb_layers", 0),
            ("nb_layers", 1 << 40),
            ("vocab_size", 0),
            ("attn_span", 0),
            ("nb_heads", 1 << 40),
            ("adapt_span_ramp", 0),
            ("adapt_span_ramp", 1 << 60),
            ("pers_mem_size", 1 << 50),
        ] {
            let mut other = original.clone();
            header(&mut other, |header| {
                header["model"]["config"][field] = serde_json::json!(value);
            });
            write(&path, &other);
            refusal(&path);
        }
        for (field, value) in [
            ("tokens", serde_json::json!(0)),
            ("tokens", serde_json::json!(u64::MAX)),
            ("queries", serde_json::json!([64, 10])),
            ("queries", serde_json::json!([0, 91])),
            ("first_key", serde_json::json!(64)),
            ("bytes", serde_json::json!(3)),
        ] {
            let mut other = original.clone();
            header(&mut other, |header| header["texts"][0][field] = value);
            write(&path, &other);
            refusal(&path);
        }
    }
}

#[test]
fn a_changed_text_and_ids_beyond_the_vocabulary_are_refused_when_they_are_shown() {
    let (_folder, path) = record(
        &sample(0),
        vec![of_text("a.txt", "To be, or not to be")],
        &RecordOptions::default(),
    );
    let original = parts(&path);
    for (name, first) in [
        ("text.0.bytes", b'X'),
        ("text.0.ids", 0xFF),
        ("text.0.ids", 1),
    ] {
        let mut other = original.clone();
        let tensor = other.0.iter_mut().find(|(tensor, _)| tensor.name == name);
        let (_, bytes) = tensor.unwrap();
        bytes[0] = first;
        write(&path, &other);
        let engine = Engine::start(file(&path), "".into(), || {});
        let snapshot = settled(&engine);
        let failure = snapshot.failure.clone().unwrap().message;
        assert!(failure.contains("damaged run file"), "{failure}");
        assert_eq!(snapshot.done, 0);
    }
}

#[test]
fn no_cut_and_no_changed_byte_is_the_end_of_the_program() {
    let model = LoadedModel::open(&data("tiny_all_attention.pt"), None, None).unwrap();
    let texts = vec![of_ids("ids.json", ids(70))];
    let (_folder, path) = record(&model, texts, &RecordOptions::default());
    let whole = std::fs::read(&path).unwrap();
    for cut in (0..whole.len()).step_by(whole.len() / 37) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert!(LoadedModel::open(&path, None, None).is_err());
    }
    let mut state = 7_u64;
    let mut opened = 0;
    for round in 0..160 {
        let mut changed = whole.clone();
        // Half of the changes in the header, half anywhere.
        let end = if round % 2 == 0 { 9000 } else { whole.len() };
        for _ in 0..1 + round % 5 {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let at = (state >> 33) as usize % end.min(whole.len());
            changed[at] = (state >> 24) as u8;
        }
        std::fs::write(&path, &changed).unwrap();
        if LoadedModel::open(&path, None, None).is_ok() {
            opened += 1;
            let engine = Engine::start(file(&path), "".into(), || {});
            engine.look(Queries {
                heads: Heads::one(HeadId::new(0, 1)),
                prediction: Some(30),
                vector: Some(2),
                score: Some((60, 40)),
                survey: true,
                ..Queries::default()
            });
            let failure = settled(&engine).failure.clone();
            assert!(failure.is_none_or(|f| !f.message.contains("defect")));
        }
    }
    assert!(opened > 10, "{opened}");
}

#[test]
fn a_file_shortened_while_it_is_open_is_an_error_in_words() {
    let long = spanscope::engine::SAMPLES[0].text.repeat(4);
    let (_folder, path) = record(
        &sample(0),
        vec![of_text("long.txt", &long)],
        &RecordOptions::default(),
    );
    let engine = Engine::start(file(&path), "".into(), || {});
    settled(&engine);
    let shortened = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    shortened.set_len(1000).unwrap();
    engine.look(Queries {
        prediction: Some(3),
        ..Queries::default()
    });
    let failure = settled(&engine).failure.clone().unwrap();
    assert!(
        failure.message.contains("cannot be read any more"),
        "{failure:?}"
    );
}
