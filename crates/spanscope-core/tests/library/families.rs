//! Every family against values that the `transformers` library computed: log p within 2e-4, weights and sinks within 2e-5.

use safetensors::SafeTensors;
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::model::{
    Cancel, HeadSums, HeadWeights, Network, NeuronRows, NoObserver, Observer, Run,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/families")
}

/// The values of a golden file.
struct Golden(Vec<u8>);

impl Golden {
    fn open(path: &Path) -> Self {
        Self(std::fs::read(path).unwrap())
    }

    fn ids(&self) -> Vec<u32> {
        self.ids_of("input_ids")
    }

    fn ids_of(&self, name: &str) -> Vec<u32> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let ids = file.tensor(name).unwrap();
        let size = ids.data().len() / ids.shape().iter().product::<usize>();
        let number = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap());
        ids.data().chunks_exact(size).map(number).collect()
    }

    fn values(&self, name: &str) -> Option<Vec<f32>> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let (numbers, _) = file.tensor(name).ok()?.data().as_chunks::<4>();
        Some(
            numbers
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect(),
        )
    }
}

/// What a run reports: the stream after every layer, the weights of every head, and all neurons.
#[derive(Default)]
struct Seen {
    hidden: Mutex<BTreeMap<usize, Vec<f32>>>,
    heads: Mutex<Vec<(usize, usize, HeadWeights)>>,
    sums: Mutex<Vec<HeadSums>>,
    /// By layer: activations, and the experts chosen.
    neurons: Mutex<BTreeMap<usize, (Vec<f32>, Chosen)>>,
}

/// Experts, and the router's weights of them.
type Chosen = Vec<(u32, f32)>;

impl Observer for Seen {
    fn wants(&self, _: usize, _: usize) -> bool {
        true
    }

    fn head(&self, layer: usize, head: usize, weights: &HeadWeights) {
        self.heads
            .lock()
            .unwrap()
            .push((layer, head, weights.clone()));
    }

    fn sums(&self, _: usize, _: usize, sums: &HeadSums) {
        self.sums.lock().unwrap().push(sums.clone());
    }

    fn wants_neurons(&self, _: usize) -> bool {
        true
    }

    fn neurons(&self, layer: usize, first: usize, rows: &NeuronRows) {
        let mut all = self.neurons.lock().unwrap();
        let (activations, chosen) = all.entry(layer).or_default();
        assert_eq!(
            activations.len(),
            first * rows.width * rows.used,
            "in order"
        );
        activations.extend(&rows.activations);
        chosen.extend(&rows.chosen);
    }

    fn hidden(&self, layer: usize, _: usize, rows: &[f32]) {
        self.hidden
            .lock()
            .unwrap()
            .entry(layer)
            .or_default()
            .extend(rows);
    }
}

fn largest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

/// log p of rows of logits.
fn log_p(logits: &[f32], width: usize) -> Vec<f32> {
    let rows = logits.chunks_exact(width);
    rows.flat_map(|row| {
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|x| f64::from(x - max).exp()).sum();
        let log = max + sum.ln() as f32;
        row.iter().map(move |x| x - log)
    })
    .collect()
}

/// Tells of neurons as if the text began later.
struct Skip<'a>(usize, &'a Seen);

impl Observer for Skip<'_> {
    fn wants(&self, _: usize, _: usize) -> bool {
        false
    }

    fn wants_neurons(&self, _: usize) -> bool {
        true
    }

    fn neurons(&self, layer: usize, first: usize, rows: &NeuronRows) {
        self.1.neurons(layer, first - self.0, rows);
    }
}

/// Holds what multiplies the columns of the down projection, and the choice of experts, against a golden file.
fn neurons_hold(seen: &Seen, golden: &Golden, model: &Path) {
    let name = model.display();
    for (layer, (activations, chosen)) in seen.neurons.lock().unwrap().iter() {
        if let Some(want) = golden.values(&format!("ffn.{layer}")) {
            assert_eq!(activations.len(), want.len(), "{name}");
            // As the stream's, in terms of the largest: sums in another order differ by as much.
            let scale = want.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
            let off = largest(activations, &want);
            assert!(
                off < 2e-5 * scale,
                "{name}: neurons of layer {layer}: {off}, {scale}"
            );
        }
        let weights = golden.values(&format!("router_weights.{layer}"));
        if let Some(want) = weights {
            let experts = golden.ids_of(&format!("router_experts.{layer}"));
            assert_eq!(chosen.len(), want.len(), "{name}");
            for (i, (expert, weight)) in chosen.iter().enumerate() {
                // The library lists them by falling weight, too.
                assert_eq!(*expert, experts[i], "{name}: L{layer}, choice {i}");
                assert!((weight - want[i]).abs() < 2e-5, "{name}: {weight}");
            }
        }
    }
}

/// Holds a run against a golden file, and against itself cut into other blocks.
fn holds(model: &Path, golden: &Path) {
    let name = model.display();
    let network = Arc::new(Network::load(&Checkpoint::open(model).unwrap(), None).unwrap());
    let golden = Golden::open(golden);
    let ids = golden.ids();
    let of = Arc::clone(network.architecture());
    let (seen, mut run) = (Seen::default(), Run::new(Arc::clone(&network)));
    run.set(&ids, &Cancel::default(), &seen).unwrap();

    for (layer, hidden) in seen.hidden.lock().unwrap().iter() {
        let want = golden.values(&format!("hidden.{layer}"));
        if let Some(want) = want {
            let scale = want.iter().fold(1.0_f32, |most, x| most.max(x.abs()));
            let off = largest(hidden, &want);
            assert!(off < 1e-4 * scale, "{name}: hidden of layer {layer}: {off}");
        }
    }
    neurons_hold(&seen, &golden, model);
    let got = run.log_probs(0, ids.len());
    let want = log_p(&golden.values("logits").unwrap(), of.vocab_size);
    let off = largest(&got, &want);
    assert!(off < 2e-4, "{name}: log p: {off}");

    let t = ids.len();
    for span in network.spans() {
        let (layer, head) = (span.layer, span.head);
        let weights = run.head_weights(layer, head, 0, t).unwrap();
        let want = golden.values(&format!("attn.{layer}")).unwrap();
        let sinks = golden.values(&format!("sink.{layer}"));
        for query in 0..t {
            let mut sum = weights.off_text(query).sink;
            for key in 0..t {
                let got = weights.at(query, key).unwrap_or(0.0);
                let want = want[(head * t + query) * t + key];
                let off = (got - want).abs();
                assert!(
                    off < 2e-5,
                    "{name}: L{layer}H{head}, {query} to {key}: {got} for {want}"
                );
                sum += got;
            }
            assert!((sum - 1.0).abs() < 1e-4, "{name}: {sum}");
            if let Some(sinks) = &sinks {
                let off = (weights.off_text(query).sink - sinks[head * t + query]).abs();
                assert!(off < 2e-5, "{name}: sink of L{layer}H{head}: {off}");
            }
        }
    }

    // What is told on the way is what is computed again, bit for bit, and so is a run in other blocks.
    for (layer, head, tile) in seen.heads.lock().unwrap().iter() {
        let again = run
            .head_weights(*layer, *head, tile.first, tile.first + tile.queries)
            .unwrap();
        assert!(
            again == *tile,
            "{name}: L{layer}H{head} from {}",
            tile.first
        );
    }
    let other = Seen::default();
    assert!(run.again(0, t, &Cancel::default(), &other).unwrap());
    assert!(
        *other.neurons.lock().unwrap() == *seen.neurons.lock().unwrap(),
        "{name}: neurons told once more"
    );
    let middle = Seen::default();
    let part = Skip(t / 3, &middle);
    assert!(
        run.again(t / 3, t / 3 + 5, &Cancel::default(), &part)
            .unwrap()
    );
    for (layer, (some, _)) in middle.neurons.lock().unwrap().iter() {
        let all = seen.neurons.lock().unwrap();
        let row = all[layer].0.len() / t;
        assert!(
            *some == all[layer].0[t / 3 * row..(t / 3 + 5) * row],
            "{name}: neurons of some tokens"
        );
    }
    let mut other = Run::new(network);
    other.for_length(t);
    for block in ids.chunks(7) {
        other
            .extend(block, 3, &Cancel::default(), &NoObserver)
            .unwrap();
    }
    assert!(other.log_probs(0, t) == got, "{name}: cut into blocks of 3");
    other.truncate(t / 2);
    other
        .extend(&ids[t / 2..], 64, &Cancel::default(), &NoObserver)
        .unwrap();
    assert!(other.log_probs(0, t) == got, "{name}: gone back and on");
}

fn family(name: &str) {
    let golden = match name {
        "gpt2_hub" => "gpt2",
        "llama_rope_linear_sharded" => "llama_rope_linear",
        name => name,
    };
    holds(
        &folder().join(name),
        &folder().join(format!("{golden}/{golden}.golden.safetensors")),
    );
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
fn short_texts_of_phi3_have_factors_of_their_own() {
    holds(
        &folder().join("phi3"),
        &folder().join("phi3/phi3_short.golden.safetensors"),
    );
}

fn gguf(name: &str, golden: &str) {
    holds(
        &folder().join(format!("gguf/{name}.gguf")),
        &folder().join(golden),
    );
}

macro_rules! gguf_files {
    ($($name:ident: $file:literal $golden:literal)*) => {
        $(#[test]
        fn $name() {
            gguf($file, $golden);
        })*
    };
}

gguf_files! {
    gguf_gpt2_f32: "gpt2-f32" "gpt2/gpt2.golden.safetensors"
    gguf_llama_f32: "llama-f32" "llama/llama.golden.safetensors"
    gguf_llama_q8_0: "llama-q8_0" "gguf/llama-q8_0.golden.safetensors"
    gguf_llama_iq4_nl: "llama-iq4_nl" "gguf/llama-iq4_nl.golden.safetensors"
    gguf_llama_k: "llama-k" "gguf/llama-k.golden.safetensors"
    gguf_llama_mixed: "llama-mixed" "gguf/llama-mixed.golden.safetensors"
    gguf_llama3_q4_0: "llama3-q4_0" "gguf/llama3-q4_0.golden.safetensors"
    gguf_qwen2_f16: "qwen2-f16" "gguf/qwen2-f16.golden.safetensors"
    gguf_gemma2_bf16: "gemma2-bf16" "gguf/gemma2-bf16.golden.safetensors"
    gguf_gpt_oss_mxfp4: "gpt_oss-mxfp4" "gguf/gpt_oss-mxfp4.golden.safetensors"
}
