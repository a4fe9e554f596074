//! Checkpoints of the authors' second code, `transformer-sequential`: what is read of them, and what is refused by which name.

use spanscope_core::checkpoint::{Checkpoint, Dtype, NamedTensor, write_safetensors};
use spanscope_core::model::{Cancel, Network, NoObserver, Ramp, Run};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn open(name: &str) -> Checkpoint {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data");
    Checkpoint::open(&data.join(format!("{name}.pt"))).unwrap()
}

/// The tensors of a checkpoint under their names in the file.
fn tensors(of: &Checkpoint) -> Vec<NamedTensor> {
    let tensor = |name: &str| NamedTensor {
        name: of.file_name(name).unwrap().to_owned(),
        shape: of.info(name).unwrap().shape.clone(),
        values: of.read(name).unwrap(),
    };
    of.names().map(tensor).collect()
}

/// Writes tensors to a file and opens it.
fn written(
    tensors: &[NamedTensor],
    metadata: &BTreeMap<String, String>,
) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    write_safetensors(&path, tensors, &BTreeMap::new(), Dtype::F32, metadata).unwrap();
    (folder, path)
}

fn refusal(tensors: &[NamedTensor]) -> String {
    let (_folder, path) = written(tensors, &BTreeMap::new());
    let opened = Checkpoint::open(&path).map_err(|e| e.to_string());
    let read = opened.and_then(|file| Network::outline(&file, None).map_err(|e| e.to_string()));
    read.unwrap_err()
}

fn log_probs(network: Network) -> Vec<f32> {
    let ids: Vec<u32> = (0..120).map(|i| (i * i * 5 + i) % 37).collect();
    let mut run = Run::new(Arc::new(network));
    run.set(&ids, &Cancel::default(), &NoObserver).unwrap();
    run.log_probs(0, ids.len())
}

#[test]
fn networks_of_other_kinds_are_refused_by_name() {
    let plain = tensors(&open("seq_pre"));
    let with = |name: &str, shape: &[usize]| {
        let mut all = plain.clone();
        all.push(NamedTensor {
            name: name.into(),
            shape: shape.to_vec(),
            values: vec![0.0; shape.iter().product()],
        });
        refusal(&all)
    };
    let said = with(
        "module.layers.0.attn.attn.expire_span.span_predictor.weight",
        &[1, 48],
    );
    assert!(said.contains("Expire-Span"), "{said}");
    let said = with("module.single_memory_attn_params", &[1, 4]);
    assert!(said.contains("Feedback"), "{said}");

    let mut staircase = plain.clone();
    for tensor in &mut staircase {
        tensor.name = tensor.name.replace(".layers.", ".transformer.layers.");
    }
    let said = refusal(&staircase);
    assert!(said.contains("Staircase"), "{said}");

    let mut compressive = tensors(&open("seq_pre_fixed"));
    let positions = compressive.iter_mut().find(|t| t.name.ends_with("key_pe"));
    let positions = positions.unwrap();
    let rows = positions.values.chunks_exact(40);
    positions.values = rows.flat_map(|row| &row[3..]).copied().collect();
    positions.shape = vec![1, 12, 37];
    let said = refusal(&compressive);
    assert!(
        said.contains("Compressive") && said.contains("37"),
        "{said}"
    );
    // What the message says to do.
    let positions = compressive.iter_mut().find(|t| t.name.ends_with("key_pe"));
    positions.unwrap().name = "module.key_pe".into();
    let (_folder, path) = written(&compressive, &BTreeMap::new());
    Network::load(&Checkpoint::open(&path).unwrap(), None).unwrap();
}

#[test]
fn position_embeddings_that_layers_do_not_share_must_be_the_same() {
    let mut all = tensors(&open("seq_pre"));
    let expected = log_probs(Network::load(&open("seq_pre"), None).unwrap());
    let first = all.iter().find(|t| t.name.ends_with("0.attn.attn.key_pe"));
    let mut second = first.unwrap().clone();
    second.name = second.name.replace("layers.0", "layers.1");
    all.push(second);
    let (_folder, path) = written(&all, &BTreeMap::new());
    let network = Network::load(&Checkpoint::open(&path).unwrap(), None).unwrap();
    assert!(
        network.unused().unknown.is_empty(),
        "{:?}",
        network.unused()
    );
    assert!(log_probs(network) == expected);

    all.last_mut().unwrap().values[5] += 0.25;
    let said = refusal(&all);
    assert!(
        said.contains("layers.1") && said.contains("of their own"),
        "{said}"
    );
}

#[test]
fn what_is_written_under_the_first_codes_names_is_the_same_network() {
    for name in ["seq_post", "seq_pre", "seq_pre_fixed"] {
        let file = open(name);
        let ramp = Some(Ramp::of(16.0));
        let network = Network::load(&file, ramp).unwrap();
        let architecture = Arc::clone(network.architecture());
        let mut all = tensors(&file);
        for (tensor, name) in all.iter_mut().zip(file.names()) {
            tensor.name = name.to_owned();
        }
        let config = serde_json::to_string(&*architecture).unwrap();
        let metadata = BTreeMap::from([("config".to_owned(), config.clone())]);
        let (_folder, path) = written(&all, &metadata);
        let again = Network::load(&Checkpoint::open(&path).unwrap(), None).unwrap();
        assert_eq!(again.architecture(), &architecture);
        assert!(log_probs(again) == log_probs(network), "{name}");

        let other = config.replace("\"pre_norm\":true", "\"pre_norm\":false");
        if other != config {
            let metadata = BTreeMap::from([("config".to_owned(), other)]);
            let (_folder, path) = written(&all, &metadata);
            let file = Checkpoint::open(&path).unwrap();
            let said = Network::outline(&file, None).unwrap_err().to_string();
            assert!(said.contains("pre_norm"), "{said}");
        }
    }
}

#[test]
fn training_curves_and_names_are_read() {
    let file = open("seq_pre");
    let names: Vec<&str> = file.curves().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["epoch", "loss/train"]);
    assert_eq!(file.prefix(), "module.");
    let network = Network::outline(&file, Some(Ramp::of(12.5))).unwrap();
    let config = network.architecture().adaptive_span().unwrap();
    assert!(config.pre_norm && config.own_head_dim.is_none());
    assert_eq!(network.architecture().ramp(), Some(Ramp::of(12.5)));
    for span in network.spans() {
        let end = (f64::from(span.span) + 12.5).ceil() as usize;
        assert_eq!(span.reach, end.min(80));
        assert!(span.mask(end.min(80)) > 0.0 && span.mask(end.min(80) + 1) == 0.0);
    }
}

#[cfg(feature = "device")]
#[test]
fn what_runs_on_the_processor_only_is_refused_elsewhere_by_name() {
    use spanscope_core::model::Device;
    let device = Device::Cpu.open().unwrap();
    let load = |name: &str| Network::load(&open(name), None).unwrap();
    load("seq_post").place_on(&device).unwrap();
    let said = load("seq_pre").place_on(&device).unwrap_err().to_string();
    assert!(said.contains("norms before the sublayers"), "{said}");
}
