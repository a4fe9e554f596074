//! Targets that need a model: networks of any shape, and files that belong to a model, with any header.

use super::file;
use super::small::small_model;
use crate::checkpoint::{Checkpoint, PlannedTensor, TensorFile};
use crate::engine::LoadedModel;
use crate::engine::corpus::recorded_sums;
use crate::engine::run_file::{self, RecordOptions, Recording, TextContent, TextToRecord};
use crate::engine::sums_file::{self, CorpusRecord, SumsFile};
use crate::model::{BLOCK, Cancel, Network, NoObserver, Run};
use crate::train::{RunProgress, TRAINING, Trainer};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Ids that the small model knows.
const IDS: [u32; 8] = [0, 1, 2, 3, 4, 5, 0, 3];

/// The most layers, heads and positions of which all are looked at.
const FEW: usize = 8;

/// A small model changed by the bytes as by a program: it is refused, or runs over a text.
pub fn model(data: &[u8]) {
    let bytes = small_model(data);
    let Ok(checkpoint) = Checkpoint::from_bytes(Path::new("small"), bytes) else {
        return;
    };
    let outline = Network::outline(&checkpoint, None);
    let Ok(network) = Network::load(&checkpoint, None) else {
        return;
    };
    let outline = outline.map(|outline| (outline.architecture().clone(), outline.spans()));
    let whole = (network.architecture().clone(), network.spans());
    assert_eq!(outline.ok(), Some(whole));
    let vocab_size = network.architecture().vocab_size as u32;
    let ids = IDS.map(|id| id % vocab_size.max(1));
    let mut run = Run::new(Arc::new(network));
    if run
        .extend(&ids, BLOCK, &Cancel::default(), &NoObserver)
        .is_ok()
    {
        let _ = run.log_probs(0, ids.len());
        let _ = run.head_weights(0, 0, 0, ids.len());
    }
}

/// The tensors of a file with their bytes, and its metadata.
type Parts = (Vec<(PlannedTensor, Vec<u8>)>, BTreeMap<String, String>);

/// Files that belong to the small model.
struct Base {
    run: Parts,
    sums: Parts,
    model: Parts,
}

fn base() -> Option<&'static Base> {
    static BASE: OnceLock<Option<Base>> = OnceLock::new();
    BASE.get_or_init(make_base).as_ref()
}

fn make_base() -> Option<Base> {
    let path = file("base", &small_model(&[]))?;
    let opened = LoadedModel::open(path, None, None).ok()?;
    let model = parts(path)?;
    let text = TextToRecord {
        name: "ids.json".into(),
        content: TextContent::Ids(IDS.repeat(10)),
    };
    let recording = Recording::new(&opened, vec![text], &RecordOptions::default()).ok()?;
    let path = file("base-run", &[])?;
    recording
        .write(path, &Cancel::default(), &mut |_| {})
        .ok()?;
    let run = parts(path)?;
    let recorded = LoadedModel::open(path, None, None).ok()?;
    let of = recorded.recorded.as_ref()?;
    let sums = recorded_sums(&recorded, of, None, 1, &Cancel::default(), &|_| {})
        .ok()?
        .sums;
    let corpus = CorpusRecord::of_names(vec!["ids.json"]);
    let path = file("base-sums", &[])?;
    SumsFile::new(&opened, corpus, sums)
        .ok()?
        .write(path)
        .ok()?;
    let sums = parts(path)?;
    Some(Base { run, sums, model })
}

fn parts(path: &Path) -> Option<Parts> {
    let read = Checkpoint::open(path).ok()?;
    let tensors = read.places().iter().map(|(name, place)| {
        let planned = PlannedTensor::new(name.as_str(), place.element, &place.shape);
        (planned, read.bytes_at(place).to_vec())
    });
    Some((tensors.collect(), read.metadata().clone()))
}

/// A file of these parts, but with `data` under `key` in its metadata; or just `data`, if that is no text.
fn with(kind: &str, (tensors, metadata): &Parts, key: &str, data: &[u8]) -> Option<&'static Path> {
    let Ok(text) = std::str::from_utf8(data) else {
        return file(kind, data);
    };
    let path = file(kind, &[])?;
    let mut metadata = metadata.clone();
    metadata.insert(key.to_owned(), text.to_owned());
    let plan: Vec<PlannedTensor> = tensors.iter().map(|(tensor, _)| tensor.clone()).collect();
    let mut to = TensorFile::create(path, &plan, &metadata).ok()?;
    for (tensor, bytes) in tensors {
        to.write(&tensor.name, 0, bytes).ok()?;
    }
    to.finish().ok()?;
    Some(path)
}

/// A run file with the bytes as its header: what it holds can be looked at.
pub fn run_file(data: &[u8]) {
    let path = base().and_then(|base| with("run", &base.run, run_file::KEY, data));
    let Some(path) = path else {
        return;
    };
    assert!(
        LoadedModel::outline(path, None).is_ok() || LoadedModel::open(path, None, None).is_err()
    );
    let Ok(model) = LoadedModel::open(path, None, None) else {
        return;
    };
    let _ = (model.parts(), model.network.parameters(), model.kind());
    let Some(run_file) = &model.recorded else {
        return;
    };
    for index in 0..run_file.header().texts.len().min(FEW) {
        let Ok(text) = run_file.text(index) else {
            continue;
        };
        for at in 0..text.ids.len().min(FEW) {
            let _ = run_file.prediction(&text, at);
        }
        let Ok(mut run) = run_file.begin(&model.network, &text, 0) else {
            continue;
        };
        if run_file.put(&mut run, &text, text.ids.len()).is_ok() {
            let end = run.ids().len();
            let _ = run.head_weights(0, 0, 0, end);
        }
    }
    let _ = run_file.promoted(0, 0, 0);
    let _ = recorded_sums(&model, run_file, None, 1, &Cancel::default(), &|_| {});
}

/// A file of sums with the bytes as its header.
pub fn sums_file(data: &[u8]) {
    let path = base().and_then(|base| with("sums", &base.sums, sums_file::HEADER, data));
    let Some(Ok(file)) = path.map(SumsFile::read) else {
        return;
    };
    let _ = (file.missing(), file.provenance());
    let _ = crate::analysis::sums::rows(&file.sums);
    let _ = crate::analysis::sums::usage(&file.sums);
}

/// A model with the bytes as the state of its training run.
pub fn train_state(data: &[u8]) {
    let path = base().and_then(|base| with("train", &base.model, TRAINING, data));
    let Some(path) = path else {
        return;
    };
    if let Ok(checkpoint) = Checkpoint::open(path) {
        let _ = RunProgress::of(checkpoint.metadata()).map(|progress| progress.is_finished());
    }
    if let Ok(begun) = Trainer::peek(path) {
        let _ = (
            begun.options.steps(),
            begun.options.config(begun.vocabulary.len()),
        );
    }
}
