//! Logit lens and direct attribution of every family: the traced token goes the way of the forward pass bit for bit, the parts add
//! up to the logit, and the logit is that of the `transformers` library.

mod plain;

use safetensors::SafeTensors;
use spanscope_core::analysis::{LensTarget, lens};
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::model::{Cancel, Network, NoObserver, Observer, Run};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data")
}

/// Ids and logits that `transformers` computed.
fn golden(path: &Path) -> (Vec<u32>, Vec<f32>) {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let ids = file.tensor("input_ids").unwrap();
    let size = ids.data().len() / ids.shape().iter().product::<usize>();
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap());
    let ids = ids.data().chunks_exact(size).map(number).collect();
    let (logits, _) = file.tensor("logits").unwrap().data().as_chunks::<4>();
    (ids, logits.iter().map(|b| f32::from_le_bytes(*b)).collect())
}

/// The stream after every layer.
#[derive(Default)]
struct Streams(Mutex<BTreeMap<usize, Vec<f32>>>);

impl Observer for Streams {
    fn wants(&self, _: usize, _: usize) -> bool {
        false
    }

    fn hidden(&self, layer: usize, _: usize, rows: &[f32]) {
        let mut all = self.0.lock().unwrap();
        all.entry(layer).or_default().extend(rows);
    }
}

/// Holds the lens on some tokens against the run, and the logits against a golden file's.
fn holds(model: &Path, golden: (Vec<u32>, Option<Vec<f32>>)) {
    let name = model.display();
    let network = Network::load(&Checkpoint::open(model).unwrap(), None).unwrap();
    let mut edits = network.edits().clone();
    edits.set_ablated(0, 0, true);
    if network.architecture().feed_forward() > 0 {
        edits.set_mlp_ablated(0, true);
    }
    let edited = Arc::new(network.edited(&edits).unwrap());
    holds_of(&name.to_string(), &edited, (golden.0.clone(), None));
    holds_of(&name.to_string(), &Arc::new(network), golden);
}

/// The same of a network.
fn holds_of(name: &str, network: &Arc<Network>, golden: (Vec<u32>, Option<Vec<f32>>)) {
    let (ids, logits) = golden;
    let of = Arc::clone(network.architecture());
    let (seen, mut run) = (Streams::default(), Run::new(Arc::clone(network)));
    let cancel = Cancel::default();
    run.set(&ids, &cancel, &seen).unwrap();
    let streams = seen.0.lock().unwrap();
    for at in [0, 1, ids.len() / 2, ids.len() - 1] {
        let trace = run.trace(at, &cancel).unwrap().unwrap();
        let own = at * of.width..(at + 1) * of.width;
        for (layer, rows) in streams.iter() {
            assert!(
                trace.streams()[layer + 1] == rows[own.clone()],
                "{name}: L{layer}"
            );
        }
        let next = ids.get(at + 1).copied();
        let log_probs = run.log_probs(at, at + 1);
        for target in [
            LensTarget::default(),
            LensTarget {
                of: Some(1),
                against: None,
            },
            LensTarget {
                of: Some(of.vocab_size as u32 - 1),
                against: Some(0),
            },
        ] {
            let found = lens(network, &trace, next, target, &cancel)
                .unwrap()
                .unwrap();
            assert_eq!(found.layers.len(), of.nb_layers() + 1);
            let attribution = &found.attribution;
            let off = (attribution.sum() - attribution.logit).abs();
            assert!(
                off < 2e-4 * attribution.logit.abs().max(1.0),
                "{name}, {at}: {off}"
            );
            let last = &found.layers.last().unwrap();
            for (id, watched) in found.watched.iter().zip(&last.watched) {
                assert_eq!(watched.guess.log_p, log_probs[*id as usize], "{name}");
                if let Some(logits) = &logits {
                    let want = f64::from(logits[at * of.vocab_size + *id as usize]);
                    let cap = of.output.cap.map(f64::from);
                    let got = f64::from(watched.logit);
                    let got = cap.map_or(got, |c| c * (got / c).tanh());
                    assert!(
                        (got - want).abs() < 2e-4 * want.abs().max(1.0),
                        "{name}: {got} {want}"
                    );
                }
            }
            let logit = |id: u32| {
                let i = found.watched.iter().position(|other| *other == id);
                f64::from(last.watched[i.unwrap()].logit)
            };
            let want = logit(found.of) - target.against.map_or(0.0, logit);
            assert!(
                (attribution.logit - want).abs() < 1e-4 * want.abs().max(1.0),
                "{name}"
            );
        }
    }
    drop(streams);
    assert_eq!(run.trace(ids.len(), &cancel).unwrap().map(|t| t.at), None);
}

fn family(name: &str) {
    let golden_of = match name {
        "gpt2_hub" => "gpt2",
        "llama_rope_linear_sharded" => "llama_rope_linear",
        name => name,
    };
    let folder = data().join("families");
    let (ids, logits) = golden(&folder.join(format!("{golden_of}/{golden_of}.golden.safetensors")));
    holds(&folder.join(name), (ids, Some(logits)));
}

macro_rules! families {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            family(stringify!($name));
        })*
    };
}

families! {
    bloom falcon falcon_new gemma2 gemma3 gpt2 gpt2_hub gpt_neo gpt_neox gpt_oss granite llama llama_rope_dynamic llama_rope_linear
    llama_rope_linear_sharded llama_rope_llama3 llama_rope_yarn mistral mpt olmo2 olmo3 opt phi phi3 qwen2 qwen3 smollm3 starcoder2
}

#[test]
fn adaptive_spans_persistent_vectors_and_clusters() {
    for name in [
        "tiny_adaptive.pt",
        "tiny_fixed.pt",
        "tiny_all_attention.pt",
        "tiny_adaptive_io.pt",
        "tiny_adaptive_io_tied_pers.pt",
        "tiny_fairseq_layout.pt",
        "seq_pre.pt",
        "seq_post.pt",
    ] {
        let path = data().join(name);
        let network = Network::load(&Checkpoint::open(&path).unwrap(), None).unwrap();
        let vocabulary = network.architecture().vocab_size as u32;
        let ids = (0..150_u32).map(|i| i * i % 31 % vocabulary).collect();
        holds(&path, (ids, None));
    }
}

#[test]
fn quantised_weights_and_a_mixture() {
    let folder = data().join("families");
    for (name, of) in [
        ("gguf/llama-k.gguf", "gguf/llama-k.golden.safetensors"),
        (
            "gguf/gpt_oss-mxfp4.gguf",
            "gguf/gpt_oss-mxfp4.golden.safetensors",
        ),
        (
            "gguf/gemma2-bf16.gguf",
            "gguf/gemma2-bf16.golden.safetensors",
        ),
    ] {
        let (ids, logits) = golden(&folder.join(of));
        holds(&folder.join(name), (ids, Some(logits)));
    }
}

#[test]
fn an_ablated_head_adds_nothing_and_what_is_forgotten_cannot_be_traced() {
    let path = data().join("tiny_all_attention.pt");
    let network = Network::load(&Checkpoint::open(&path).unwrap(), None).unwrap();
    let mut edits = network.edits().clone();
    edits.set_ablated(0, 1, true);
    let network = Arc::new(network.edited(&edits).unwrap());
    let mut run = Run::new(Arc::clone(&network));
    let cancel = Cancel::default();
    let ids: Vec<u32> = (0..400_u32).map(|i| i * i % 11).collect();
    run.extend(&ids, 64, &cancel, &NoObserver).unwrap();
    let trace = run.trace(399, &cancel).unwrap().unwrap();
    let found = lens(&network, &trace, None, LensTarget::default(), &cancel);
    let parts = found.unwrap().unwrap().attribution.parts;
    let of = |name: &str| {
        let is = |part: &&(_, f64)| format!("{:?}", part.0) == name;
        parts.iter().find(is).unwrap().1
    };
    assert_eq!(of("Head(HeadId { layer: 0, head: 1 })"), 0.0);
    assert_eq!(of("Persistent(HeadId { layer: 0, head: 1 })"), 0.0);
    assert!(of("Persistent(HeadId { layer: 0, head: 0 })") != 0.0);
    let beyond = LensTarget {
        of: Some(u32::MAX),
        against: None,
    };
    assert_eq!(lens(&network, &trace, None, beyond, &cancel).unwrap(), None);
    run.forget();
    assert!(run.trace(100, &cancel).unwrap().is_none());
    cancel.cancel();
    assert!(run.trace(399, &cancel).is_err());
}
