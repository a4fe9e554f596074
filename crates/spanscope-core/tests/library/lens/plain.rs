//! Three families once more in `f64`, straight from their equations, with every part of the residual stream carried along as a vector
//! of its own: a norm on the way maps each of them, held at the mean and the scale of their sum. What the fast path finds by going
//! back from the logit is held against what these parts give at its end.

use super::{data, golden};
use safetensors::SafeTensors;
use spanscope_core::analysis::{LensTarget, lens};
use spanscope_core::checkpoint::Checkpoint;
use spanscope_core::model::{Cancel, Network, NoObserver, Run};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The parts of a stream by their names.
type Parts = BTreeMap<String, Vec<f64>>;

#[derive(Clone, Copy, PartialEq)]
enum Norm {
    Layer,
    Rms,
    /// With weights that are stored less one.
    RmsLessOne,
}

struct Family {
    weights: BTreeMap<String, Vec<f64>>,
    width: usize,
    heads: usize,
    kv_heads: usize,
    d: usize,
    layers: usize,
    norm: Norm,
    eps: f64,
    scale: f64,
    /// The window of a layer.
    window: fn(usize) -> usize,
    /// Caps of scores and of logits.
    caps: Option<(f64, f64)>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn gelu_tanh(x: f64) -> f64 {
    let root = (2.0 / std::f64::consts::PI).sqrt();
    0.5 * x * (1.0 + (root * (x + 0.044_715 * x.powi(3))).tanh())
}

fn add(parts: &mut Parts, name: &str, more: &[f64]) {
    let part = parts
        .entry(name.to_owned())
        .or_insert_with(|| vec![0.0; more.len()]);
    part.iter_mut().zip(more).for_each(|(a, b)| *a += b);
}

fn sum(parts: &Parts) -> Vec<f64> {
    let width = parts.values().next().unwrap().len();
    (0..width)
        .map(|i| parts.values().map(|part| part[i]).sum())
        .collect()
}

/// The rotary positions of one head's features.
fn turned(features: &[f64], position: usize) -> Vec<f64> {
    let half = features.len() / 2;
    let mut out = features.to_vec();
    for i in 0..half {
        let angle = position as f64 * 10_000_f64.powf(-2.0 * i as f64 / features.len() as f64);
        let (u, v) = (features[i], features[i + half]);
        out[i] = u * angle.cos() - v * angle.sin();
        out[i + half] = v * angle.cos() + u * angle.sin();
    }
    out
}

impl Family {
    fn weight(&self, name: &str) -> &[f64] {
        self.weights.get(name).unwrap_or_else(|| panic!("{name}"))
    }

    /// W · x, of rows that are outputs.
    fn times(&self, name: &str, x: &[f64]) -> Vec<f64> {
        self.weight(name)
            .chunks_exact(x.len())
            .map(|row| dot(row, x))
            .collect()
    }

    /// Wᵀ · x + b, of rows that are inputs, as GPT-2 stores them.
    fn conv(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let mut out = self.weight(&format!("{name}.bias")).to_vec();
        let rows = self
            .weight(&format!("{name}.weight"))
            .chunks_exact(out.len());
        for (x, row) in x.iter().zip(rows) {
            out.iter_mut().zip(row).for_each(|(o, w)| *o += x * w);
        }
        out
    }

    /// The mean that is taken off and the scale, at a row.
    fn held(&self, row: &[f64]) -> f64 {
        let n = row.len() as f64;
        let mean = match self.norm {
            Norm::Layer => row.iter().sum::<f64>() / n,
            _ => 0.0,
        };
        let square = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        1.0 / (square + self.eps).sqrt()
    }

    /// A norm of `row`, held at `at`, without its shift.
    fn linear(&self, name: &str, at: &[f64], row: &[f64]) -> Vec<f64> {
        let scale = self.held(at);
        let mean = match self.norm {
            Norm::Layer => row.iter().sum::<f64>() / row.len() as f64,
            _ => 0.0,
        };
        let more = f64::from(u8::from(self.norm == Norm::RmsLessOne));
        let weights = self.weight(&format!("{name}.weight")).iter();
        let of = |(x, w): (&f64, &f64)| (x - mean) * scale * (w + more);
        row.iter().zip(weights).map(of).collect()
    }

    fn shift(&self, name: &str) -> Option<&Vec<f64>> {
        self.weights.get(&format!("{name}.bias"))
    }

    fn normed(&self, name: &str, row: &[f64]) -> Vec<f64> {
        let mut out = self.linear(name, row, row);
        if let Some(shift) = self.shift(name) {
            out.iter_mut().zip(shift).for_each(|(a, b)| *a += b);
        }
        out
    }

    /// Every part through a norm that is held at their sum.
    fn norm_parts(&self, name: &str, parts: &Parts) -> Parts {
        let at = sum(parts);
        let each = parts.iter();
        let mut out: Parts = each
            .map(|(part, row)| (part.clone(), self.linear(name, &at, row)))
            .collect();
        if let Some(shift) = self.shift(name) {
            add(&mut out, "norm shifts", shift);
        }
        out
    }

    /// What every head reads at position `t`, from the queries, keys and values of all tokens.
    fn read(&self, layer: usize, t: usize, qkv: &[[Vec<f64>; 3]]) -> Vec<Vec<f64>> {
        let d = self.d;
        let heads = (0..self.heads).map(|head| {
            let shared = head / (self.heads / self.kv_heads);
            let q = &qkv[t][0][head * d..(head + 1) * d];
            let first = (t + 1).saturating_sub((self.window)(layer));
            let scores = (first..=t).map(|key| {
                let score = self.scale * dot(q, &qkv[key][1][shared * d..(shared + 1) * d]);
                self.caps
                    .map_or(score, |(cap, _)| cap * (score / cap).tanh())
                    .exp()
            });
            let scores: Vec<f64> = scores.collect();
            let total: f64 = scores.iter().sum();
            let mut out = vec![0.0; d];
            for (weight, key) in scores.iter().zip(first..=t) {
                let value = &qkv[key][2][shared * d..(shared + 1) * d];
                out.iter_mut()
                    .zip(value)
                    .for_each(|(o, v)| *o += weight / total * v);
            }
            out
        });
        heads.collect()
    }

    /// What one head's reading becomes by its columns of the output projection.
    fn written(&self, name: &str, head: usize, read: &[f64]) -> Vec<f64> {
        let mut all = vec![0.0; self.heads * self.d];
        all[head * self.d..(head + 1) * self.d].copy_from_slice(read);
        self.times(name, &all)
    }
}

fn weights(name: &str) -> BTreeMap<String, Vec<f64>> {
    let bytes =
        std::fs::read(data().join("families").join(name).join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let read = |(name, tensor): (String, safetensors::tensor::TensorView<'_>)| {
        let (numbers, _) = tensor.data().as_chunks::<4>();
        let numbers = numbers.iter().map(|b| f64::from(f32::from_le_bytes(*b)));
        (name, numbers.collect())
    };
    file.tensors().into_iter().map(read).collect()
}

/// Holds the fast path against the parts after the token at `at`: `streams` are those after the embedding and every layer, `last` the
/// parts after the last norm, and `logits` of a stream through that norm.
fn holds(name: &str, at: usize, streams: &[Parts], last: &Parts, of: &Family, output: &str) {
    let folder = data().join("families").join(name);
    let network = Network::load(&Checkpoint::open(&folder).unwrap(), None).unwrap();
    let network = Arc::new(network);
    let (ids, _) = golden(&folder.join(format!("{name}.golden.safetensors")));
    let mut run = Run::new(Arc::clone(&network));
    let cancel = Cancel::default();
    run.set(&ids, &cancel, &NoObserver).unwrap();
    let trace = run.trace(at, &cancel).unwrap().unwrap();
    for (token, against) in [(7_u32, None), (200, Some(31))] {
        let target = LensTarget {
            of: Some(token),
            against,
        };
        let found = lens(&network, &trace, None, target, &cancel)
            .unwrap()
            .unwrap();
        let row = |id: u32| &of.weight(output)[id as usize * of.width..][..of.width];
        let mut want: BTreeMap<String, f64> = last
            .iter()
            .map(|(part, vector)| {
                let less = against.map_or(0.0, |other| dot(row(other), vector));
                (part.clone(), dot(row(token), vector) - less)
            })
            .collect();
        let whole: f64 = want.values().sum();
        let size = want.values().fold(1.0_f64, |most, x| most.max(x.abs()));
        assert!(
            (found.attribution.logit - whole).abs() < 1e-4 * size,
            "{name}"
        );
        for (part, value) in &found.attribution.parts {
            let wanted = want
                .remove(&part.to_string())
                .unwrap_or_else(|| panic!("{part}"));
            assert!(
                (value - wanted).abs() < 2e-5 * size,
                "{name}, {part}: {value} for {wanted}"
            );
        }
        assert!(want.is_empty(), "{name}: {want:?}");
        for (layer, stream) in found.layers.iter().zip(streams) {
            let normed = of.normed(final_norm(name), &sum(stream));
            let logits: Vec<f64> = of
                .weight(output)
                .chunks_exact(of.width)
                .map(|row| dot(row, &normed))
                .collect();
            let capped = |x: f64| of.caps.map_or(x, |(_, cap)| cap * (x / cap).tanh());
            let total: f64 = logits.iter().map(|x| capped(*x).exp()).sum();
            let log_p = |id: usize| capped(logits[id]) - total.ln();
            for watched in layer.watched.iter().chain(&layer.top) {
                let id = watched.guess.id as usize;
                assert!(
                    (f64::from(watched.guess.log_p) - log_p(id)).abs() < 1e-4,
                    "{name}"
                );
                assert!(
                    (f64::from(watched.logit) - logits[id]).abs() < 1e-4 * size,
                    "{name}"
                );
                let before = (0..logits.len()).filter(|other| log_p(*other) > log_p(id) + 1e-5);
                assert!(before.count() < watched.guess.rank, "{name}");
            }
        }
    }
}

fn final_norm(name: &str) -> &'static str {
    match name {
        "gpt2" => "transformer.ln_f",
        _ => "model.norm",
    }
}

#[test]
fn parts_of_gpt2() {
    let of = Family {
        weights: weights("gpt2"),
        width: 40,
        heads: 4,
        kv_heads: 4,
        d: 10,
        layers: 2,
        norm: Norm::Layer,
        eps: 1e-5,
        scale: 1.0 / 10_f64.sqrt(),
        window: |_| usize::MAX,
        caps: None,
    };
    let (ids, _) = golden(&data().join("families/gpt2/gpt2.golden.safetensors"));
    let row = |name: &str, i: usize| of.weight(name)[i * of.width..][..of.width].to_vec();
    let mut streams: Vec<Parts> = (0..ids.len())
        .map(|t| {
            let mut parts = Parts::new();
            add(
                &mut parts,
                "embedding",
                &row("transformer.wte.weight", ids[t] as usize),
            );
            add(&mut parts, "positions", &row("transformer.wpe.weight", t));
            parts
        })
        .collect();
    let at = ids.len() - 2;
    let mut seen = vec![streams[at].clone()];
    for layer in 0..of.layers {
        let name = format!("transformer.h.{layer}");
        let qkv: Vec<[Vec<f64>; 3]> = streams
            .iter()
            .map(|stream| {
                let y = of.normed(&format!("{name}.ln_1"), &sum(stream));
                let all = of.conv(&format!("{name}.attn.c_attn"), &y);
                [0, 40, 80].map(|from| all[from..from + 40].to_vec())
            })
            .collect();
        for (t, stream) in streams.iter_mut().enumerate() {
            let projection = of.weight(&format!("{name}.attn.c_proj.weight"));
            for (head, read) in of.read(layer, t, &qkv).iter().enumerate() {
                let mut written = vec![0.0; 40];
                for (i, x) in read.iter().enumerate() {
                    let row = &projection[(head * 10 + i) * 40..][..40];
                    written.iter_mut().zip(row).for_each(|(o, w)| *o += x * w);
                }
                add(stream, &format!("L{layer}H{head}"), &written);
            }
            let bias = of.weight(&format!("{name}.attn.c_proj.bias"));
            add(stream, "attention biases", bias);
            let y = of.normed(&format!("{name}.ln_2"), &sum(stream));
            let inner = of.conv(&format!("{name}.mlp.c_fc"), &y);
            let inner: Vec<f64> = inner.into_iter().map(gelu_tanh).collect();
            let more = of.conv(&format!("{name}.mlp.c_proj"), &inner);
            add(stream, &format!("L{layer} feed-forward"), &more);
        }
        seen.push(streams[at].clone());
    }
    let last = of.norm_parts("transformer.ln_f", &streams[at]);
    holds("gpt2", at, &seen, &last, &of, "transformer.wte.weight");
}

/// Llama's skeleton; with norms after the sublayers as well, Gemma 2's.
fn llama_like(name: &str, of: &Family, embedding_scale: f64, act: fn(f64) -> f64, output: &str) {
    let sandwich = name == "gemma2";
    let (ids, _) = golden(&data().join(format!("families/{name}/{name}.golden.safetensors")));
    let mut streams: Vec<Parts> = ids
        .iter()
        .map(|id| {
            let row =
                &of.weight("model.embed_tokens.weight")[*id as usize * of.width..][..of.width];
            let row: Vec<f64> = row.iter().map(|x| embedding_scale * x).collect();
            Parts::from([("embedding".to_owned(), row)])
        })
        .collect();
    let at = ids.len() - 2;
    let mut seen = vec![streams[at].clone()];
    for layer in 0..of.layers {
        let of_layer = |part: &str| format!("model.layers.{layer}.{part}");
        let weight = |part: &str| of_layer(&format!("{part}.weight"));
        let qkv: Vec<[Vec<f64>; 3]> = streams
            .iter()
            .enumerate()
            .map(|(t, stream)| {
                let y = of.normed(&of_layer("input_layernorm"), &sum(stream));
                let turn = |all: Vec<f64>| -> Vec<f64> {
                    all.chunks_exact(of.d)
                        .flat_map(|head| turned(head, t))
                        .collect()
                };
                [
                    turn(of.times(&weight("self_attn.q_proj"), &y)),
                    turn(of.times(&weight("self_attn.k_proj"), &y)),
                    of.times(&weight("self_attn.v_proj"), &y),
                ]
            })
            .collect();
        for (t, stream) in streams.iter_mut().enumerate() {
            let mut heads = Parts::new();
            for (head, read) in of.read(layer, t, &qkv).iter().enumerate() {
                let written = of.written(&weight("self_attn.o_proj"), head, read);
                add(&mut heads, &format!("L{layer}H{head}"), &written);
            }
            if sandwich {
                heads = of.norm_parts(&of_layer("post_attention_layernorm"), &heads);
            }
            for (head, written) in &heads {
                add(stream, head, written);
            }
            let before = match sandwich {
                true => "pre_feedforward_layernorm",
                false => "post_attention_layernorm",
            };
            let y = of.normed(&of_layer(before), &sum(stream));
            let gates = of.times(&weight("mlp.gate_proj"), &y);
            let ups = of.times(&weight("mlp.up_proj"), &y);
            let inner: Vec<f64> = gates.iter().zip(&ups).map(|(g, u)| act(*g) * u).collect();
            let mut more = of.times(&weight("mlp.down_proj"), &inner);
            if sandwich {
                more = of.normed(&of_layer("post_feedforward_layernorm"), &more);
            }
            add(stream, &format!("L{layer} feed-forward"), &more);
        }
        seen.push(streams[at].clone());
    }
    let last = of.norm_parts("model.norm", &streams[at]);
    holds(name, at, &seen, &last, of, output);
}

#[test]
fn parts_of_llama() {
    let of = Family {
        weights: weights("llama"),
        width: 64,
        heads: 4,
        kv_heads: 2,
        d: 16,
        layers: 2,
        norm: Norm::Rms,
        eps: 1e-5,
        scale: 0.25,
        window: |_| usize::MAX,
        caps: None,
    };
    let silu = |x: f64| x / (1.0 + (-x).exp());
    llama_like("llama", &of, 1.0, silu, "lm_head.weight");
}

#[test]
fn parts_of_gemma2() {
    let of = Family {
        weights: weights("gemma2"),
        width: 48,
        heads: 4,
        kv_heads: 2,
        d: 16,
        layers: 3,
        norm: Norm::RmsLessOne,
        eps: 1e-6,
        scale: 1.0 / 24_f64.sqrt(),
        window: |layer| if layer % 2 == 0 { 8 } else { usize::MAX },
        caps: Some((5.0, 6.0)),
    };
    let scale = 48_f64.sqrt();
    llama_like("gemma2", &of, scale, gelu_tanh, "model.embed_tokens.weight");
}
