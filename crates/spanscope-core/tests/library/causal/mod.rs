//! Ordinary causal Transformers once more, in `f64` and straight from their equations: token by token, head by head, key by key.
//! The files are read here by themselves; the fast path is held against it.
#![allow(dead_code)]

mod file;
mod neurons;

use file::{File, Matrix};
use neurons::Neurons;
use spanscope_core::model::{Edits, FirstTokens, HeadId, Ramp, SpanEdit};
use std::path::Path;

/// The four families that between them have what there is of positions, norms, groups, windows and sinks.
pub const FAMILIES: [&str; 4] = ["gpt2", "llama", "gpt_oss", "bloom"];

/// How far a head looks.
#[derive(Debug, Clone, Copy)]
pub enum Sight {
    /// So many keys, itself among them.
    Keys(usize),
    /// The soft mask: z and R.
    Soft(f64, f64),
}

pub struct Layer {
    norm1: Norm,
    norm2: Norm,
    /// By head: d × D and d.
    pub query: Vec<(Matrix, Vec<f64>)>,
    /// By key-value head.
    pub key: Vec<(Matrix, Vec<f64>)>,
    pub value: Vec<(Matrix, Vec<f64>)>,
    /// By head: D × d.
    pub out: Vec<Matrix>,
    out_bias: Vec<f64>,
    pub neurons: Neurons,
    /// By their places among those of all experts.
    pub neurons_ablated: Vec<usize>,
    pub sights: Vec<Sight>,
    pub sinks: Option<Vec<f64>>,
    pub ablated: Vec<bool>,
    pub mlp_ablated: bool,
}

pub struct Norm {
    weight: Vec<f64>,
    /// None: the root of the mean square.
    bias: Option<Vec<f64>>,
}

pub struct Plain {
    embedding: Matrix,
    /// D × V, or the embedding.
    output: Matrix,
    positions: Option<Matrix>,
    input_norm: Option<Norm>,
    last_norm: Norm,
    pub layers: Vec<Layer>,
    /// Angles per token of each pair (i, i + d/2), and the factor of their cosines and sines.
    rope: Option<(Vec<f64>, f64)>,
    slopes: Vec<f64>,
    head_dim: usize,
    first: Option<FirstTokens>,
}

/// What one head does with a text.
pub struct HeadRun {
    /// query × key.
    pub weights: Vec<Vec<f64>>,
    /// By query.
    pub sink: Vec<f64>,
    /// What each key would write into the stream: W_O v, by key.
    pub writes: Vec<Vec<f64>>,
    /// What the head writes, by query.
    pub output: Vec<Vec<f64>>,
}

pub struct TextRun {
    /// By layer and head.
    pub heads: Vec<Vec<HeadRun>>,
    pub log_probs: Vec<Vec<f64>>,
    /// By layer and token: what multiplies the values of all neurons, and the weights of the experts.
    pub neurons: Vec<Vec<(Vec<f64>, Vec<f64>)>>,
}

impl Norm {
    fn read(file: &File, name: &str) -> Self {
        Self {
            weight: file.vector(&format!("{name}.weight")).unwrap(),
            bias: file.vector(&format!("{name}.bias")),
        }
    }

    fn apply(&self, row: &[f64]) -> Vec<f64> {
        let n = row.len() as f64;
        let mean = match self.bias {
            Some(_) => row.iter().sum::<f64>() / n,
            None => 0.0,
        };
        let square = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let normed = row.iter().zip(&self.weight);
        let normed = normed.map(|(x, w)| (x - mean) / (square + 1e-5).sqrt() * w);
        match &self.bias {
            Some(bias) => normed.zip(bias).map(|(x, b)| x + b).collect(),
            None => normed.collect(),
        }
    }
}

impl Plain {
    pub fn open(folder: &Path) -> Self {
        let file = File::open(folder);
        let config = &file.config;
        let number = |name: &str| config[name].as_u64().map(|n| n as usize);
        let heads = number("n_head").or(number("num_attention_heads")).unwrap();
        let count = number("n_layer").or(number("num_hidden_layers")).unwrap();
        let family = config["model_type"].as_str().unwrap();
        let start = match family {
            "gpt2" | "bloom" => "transformer",
            _ => "model",
        };
        let embedding = ["wte", "word_embeddings", "embed_tokens"];
        let mut embedding = embedding.iter();
        let embedding = embedding
            .find_map(|name| file.matrix(&format!("{start}.{name}.weight")))
            .unwrap();
        let head_dim = number("head_dim").unwrap_or(embedding.cols / heads);
        let layers = (0..count).map(|i| layer(&file, family, i, heads, head_dim));
        let rotary = || {
            let base = config["rope_theta"].as_f64().unwrap();
            let pairs = 0..head_dim / 2;
            let angle = |i: usize| base.powf(-2.0 * i as f64 / head_dim as f64);
            pairs.map(angle).collect::<Vec<f64>>()
        };
        Self {
            output: file.matrix("lm_head.weight").unwrap_or(embedding.clone()),
            positions: file.matrix("transformer.wpe.weight"),
            input_norm: (family == "bloom")
                .then(|| Norm::read(&file, "transformer.word_embeddings_layernorm")),
            last_norm: Norm::read(
                &file,
                &match start {
                    "transformer" => "transformer.ln_f".to_owned(),
                    _ => "model.norm".to_owned(),
                },
            ),
            rope: match family {
                "llama" => Some((rotary(), 1.0)),
                "gpt_oss" => Some(yarn(rotary(), &config["rope_scaling"], head_dim)),
                _ => None,
            },
            slopes: match family {
                "bloom" => slopes(heads),
                _ => vec![0.0; heads],
            },
            layers: layers.collect(),
            embedding,
            head_dim,
            first: None,
        }
    }

    /// Changes it as the edits say.
    pub fn edit(&mut self, edits: &Edits) {
        self.first = edits.first();
        for (i, layer) in self.layers.iter_mut().enumerate() {
            layer.mlp_ablated = edits.is_mlp_ablated(i);
            let of_layer = edits.ablated_neurons().filter(|id| id.layer == i);
            let width = layer.neurons.width();
            let places = of_layer.map(|id| id.expert.unwrap_or(0) * width + id.neuron);
            layer.neurons_ablated = places.collect();
            for (h, sight) in layer.sights.iter_mut().enumerate() {
                layer.ablated[h] = edits.is_ablated(i, h);
                let own = match *sight {
                    Sight::Keys(keys) => keys,
                    Sight::Soft(..) => unreachable!(),
                };
                match edits.of(HeadId::new(i, h)) {
                    None => {}
                    Some(SpanEdit::Window(keys)) => *sight = Sight::Keys(keys.min(own)),
                    Some(SpanEdit::Own(z)) => {
                        *sight = Sight::Keys((z.ceil() as usize).clamp(1, own))
                    }
                    Some(SpanEdit::Soft { z, ramp }) => {
                        *sight = Sight::Soft(f64::from(z), f64::from(Ramp::tokens(ramp)));
                    }
                }
            }
        }
    }

    pub fn run(&self, ids: &[u32]) -> TextRun {
        let mut hidden: Vec<Vec<f64>> = Vec::new();
        for (t, id) in ids.iter().enumerate() {
            let mut row = self.embedding.row(*id as usize).to_vec();
            if let Some(positions) = &self.positions {
                add(&mut row, positions.row(t));
            }
            if let Some(norm) = &self.input_norm {
                row = norm.apply(&row);
            }
            hidden.push(row);
        }
        let (mut heads, mut neurons) = (Vec::new(), Vec::new());
        for layer in &self.layers {
            let mut told = Vec::new();
            let normed: Vec<Vec<f64>> = hidden.iter().map(|x| layer.norm1.apply(x)).collect();
            let of_layer: Vec<HeadRun> = (0..layer.query.len())
                .map(|h| self.head(layer, h, &normed))
                .collect();
            for (t, row) in hidden.iter_mut().enumerate() {
                for (head, ablated) in of_layer.iter().zip(&layer.ablated) {
                    if !ablated {
                        add(row, &head.output[t]);
                    }
                }
                add(row, &layer.out_bias);
                if !layer.mlp_ablated {
                    let x = layer.norm2.apply(row);
                    let more = layer.neurons.apply(&x);
                    add(row, &more);
                    let (mut activations, shares) = layer.neurons.activations(&x);
                    for place in &layer.neurons_ablated {
                        let c = std::mem::take(&mut activations[*place]);
                        let value = layer.neurons.value(*place);
                        let less: Vec<f64> = value.iter().map(|v| -c * v).collect();
                        add(row, &less);
                    }
                    told.push((activations, shares));
                }
            }
            heads.push(of_layer);
            neurons.push(told);
        }
        let log_probs = hidden.iter().map(|row| {
            let logits = self.output.times(&self.last_norm.apply(row));
            let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = logits.iter().map(|x| (x - max).exp()).sum();
            logits.iter().map(|x| x - max - sum.ln()).collect()
        });
        TextRun {
            log_probs: log_probs.collect(),
            heads,
            neurons,
        }
    }

    /// The score of a head of layer 0 between two tokens if both stood at one place, before a sink and without biases of distance.
    pub fn unrotated(&self, h: usize, ids: &[u32], t: usize, j: usize) -> f64 {
        let layer = &self.layers[0];
        let group = layer.query.len() / layer.key.len();
        let features = |(matrix, bias): &(Matrix, Vec<f64>), at: usize| {
            let row = self.embedding.row(ids[at] as usize);
            let mut row = matrix.times(&layer.norm1.apply(row));
            add(&mut row, bias);
            row
        };
        let (q, k) = (
            features(&layer.query[h], t),
            features(&layer.key[h / group], j),
        );
        let magnitude = self.rope.as_ref().map_or(1.0, |rope| rope.1);
        dot(&q, &k) * magnitude * magnitude / (self.head_dim as f64).sqrt()
    }

    /// E · v less the mean over the vocabulary: what a direction of the stream changes in every logit, norms left out.
    pub fn promoted(&self, direction: &[f64]) -> Vec<f64> {
        let mut changes = self.output.times(direction);
        let mean = changes.iter().sum::<f64>() / changes.len() as f64;
        changes.iter_mut().for_each(|change| *change -= mean);
        changes
    }

    fn head(&self, layer: &Layer, h: usize, rows: &[Vec<f64>]) -> HeadRun {
        let group = layer.query.len() / layer.key.len();
        let projected = |(matrix, bias): &(Matrix, Vec<f64>), turns: bool| -> Vec<Vec<f64>> {
            let each = rows.iter().enumerate().map(|(t, row)| {
                let mut row = matrix.times(row);
                add(&mut row, bias);
                match (&self.rope, turns) {
                    (Some((angles, magnitude)), true) => turned(&row, t, angles, *magnitude),
                    _ => row,
                }
            });
            each.collect()
        };
        let q = projected(&layer.query[h], true);
        let k = projected(&layer.key[h / group], true);
        let v = projected(&layer.value[h / group], false);
        let writes: Vec<Vec<f64>> = v.iter().map(|v| layer.out[h].times(v)).collect();
        let mut run = HeadRun {
            weights: Vec::new(),
            sink: Vec::new(),
            output: Vec::new(),
            writes,
        };
        for (t, q) in q.iter().enumerate() {
            let scores: Vec<f64> = (0..=t)
                .map(|j| {
                    dot(q, &k[j]) / (self.head_dim as f64).sqrt() - self.slopes[h] * (t - j) as f64
                })
                .collect();
            let sink = layer
                .sinks
                .as_ref()
                .map_or(f64::NEG_INFINITY, |sinks| sinks[h]);
            let max = scores.iter().copied().fold(sink, f64::max);
            let masked = scores.iter().enumerate();
            let masked =
                masked.map(|(j, score)| self.mask(layer.sights[h], t, j) * (score - max).exp());
            let mut row: Vec<f64> = masked.collect();
            let sum = row.iter().sum::<f64>() + (sink - max).exp();
            row.iter_mut().for_each(|weight| *weight /= sum);
            let mut output = vec![0.0; run.writes[0].len()];
            for (weight, write) in row.iter().zip(&run.writes) {
                output
                    .iter_mut()
                    .zip(write)
                    .for_each(|(x, u)| *x += weight * u);
            }
            run.sink.push((sink - max).exp() / sum);
            run.weights.push(row);
            run.output.push(output);
        }
        run
    }

    /// What is left of the weight on key j.
    fn mask(&self, sight: Sight, t: usize, j: usize) -> f64 {
        match self.first {
            Some(FirstTokens::Keep(count)) if j < count => return 1.0,
            Some(FirstTokens::Drop(count)) if j < count && t >= count => return 0.0,
            _ => {}
        }
        let keys = (t - j + 1) as f64;
        match sight {
            Sight::Keys(most) => f64::from(u8::from(keys <= most as f64)),
            Sight::Soft(z, ramp) => ((z + ramp + 1.0 - keys) / ramp).clamp(0.0, 1.0),
        }
    }
}

fn layer(file: &File, family: &str, i: usize, heads: usize, d: usize) -> Layer {
    let start = match family {
        "gpt2" | "bloom" => format!("transformer.h.{i}"),
        _ => format!("model.layers.{i}"),
    };
    let name = |part: &str| format!("{start}.{part}");
    let norms = match family {
        "gpt2" => ["ln_1", "ln_2"],
        _ => ["input_layernorm", "post_attention_layernorm"],
    };
    let no_bias = |matrix: &Matrix| vec![0.0; matrix.rows()];
    // Of each head of a part: its rows, and those of the bias.
    let parts = |matrix: &Matrix, bias: &[f64], count: usize| -> Vec<(Matrix, Vec<f64>)> {
        let each = (0..count).map(|h| {
            (
                matrix.some(h * d..(h + 1) * d),
                bias[h * d..(h + 1) * d].to_vec(),
            )
        });
        each.collect()
    };
    let (query, key, value, out, out_bias);
    match family {
        "gpt2" => {
            let all = file
                .matrix(&name("attn.c_attn.weight"))
                .unwrap()
                .transposed();
            let bias = file.vector(&name("attn.c_attn.bias")).unwrap();
            let three = parts(&all, &bias, 3 * heads);
            query = three[..heads].to_vec();
            key = three[heads..2 * heads].to_vec();
            value = three[2 * heads..].to_vec();
            out = file
                .matrix(&name("attn.c_proj.weight"))
                .unwrap()
                .transposed();
            out_bias = file.vector(&name("attn.c_proj.bias")).unwrap();
        }
        "bloom" => {
            let all = file
                .matrix(&name("self_attention.query_key_value.weight"))
                .unwrap();
            let bias = file
                .vector(&name("self_attention.query_key_value.bias"))
                .unwrap();
            // Head by head: queries, keys, values.
            let three = parts(&all, &bias, 3 * heads);
            let of = |part: usize| three.iter().skip(part).step_by(3).cloned().collect();
            (query, key, value) = (of(0), of(1), of(2));
            out = file.matrix(&name("self_attention.dense.weight")).unwrap();
            out_bias = file.vector(&name("self_attention.dense.bias")).unwrap();
        }
        _ => {
            let of = |part: &str| {
                let matrix = file
                    .matrix(&name(&format!("self_attn.{part}_proj.weight")))
                    .unwrap();
                let bias = file.vector(&name(&format!("self_attn.{part}_proj.bias")));
                let bias = bias.unwrap_or_else(|| no_bias(&matrix));
                let count = matrix.rows() / d;
                parts(&matrix, &bias, count)
            };
            (query, key, value) = (of("q"), of("k"), of("v"));
            out = file.matrix(&name("self_attn.o_proj.weight")).unwrap();
            let bias = file.vector(&name("self_attn.o_proj.bias"));
            out_bias = bias.unwrap_or_else(|| no_bias(&out));
        }
    }
    let window = match file.config["layer_types"][i].as_str() {
        Some("sliding_attention") => file.config["sliding_window"].as_u64().unwrap() as usize,
        _ => usize::MAX,
    };
    Layer {
        norm1: Norm::read(file, &name(norms[0])),
        norm2: Norm::read(file, &name(norms[1])),
        out: (0..heads)
            .map(|h| out.columns(h * d..(h + 1) * d))
            .collect(),
        query,
        key,
        value,
        out_bias,
        neurons: Neurons::read(file, family, &start),
        sights: vec![Sight::Keys(window); heads],
        sinks: file.vector(&name("self_attn.sinks")),
        ablated: vec![false; heads],
        mlp_ablated: false,
        neurons_ablated: Vec::new(),
    }
}

/// arXiv 2108.12409: of heads that are a power of two 2^(−8/H), its square and so on; of others, every second one of twice as many
/// fills up.
fn slopes(heads: usize) -> Vec<f64> {
    let power = 1_usize << heads.ilog2();
    let of = |count: usize, i: usize| 2_f64.powf(-8.0 * (i + 1) as f64 / count as f64);
    let own = (0..power).map(|i| of(power, i));
    let more = (0..heads - power).map(|i| of(2 * power, 2 * i));
    own.chain(more).collect()
}

/// arXiv 2309.00071, as `transformers` has it without truncation.
fn yarn(angles: Vec<f64>, of: &serde_json::Value, d: usize) -> (Vec<f64>, f64) {
    let number = |name: &str| of[name].as_f64().unwrap();
    let (factor, context) = (number("factor"), number("original_max_position_embeddings"));
    let base = angles[1].powf(-(d as f64) / 2.0);
    let place = |turns: f64| {
        d as f64 * (context / (turns * 2.0 * std::f64::consts::PI)).ln() / (2.0 * base.ln())
    };
    let low = place(number("beta_fast")).max(0.0);
    let high = place(number("beta_slow")).min(d as f64 - 1.0);
    let mixed = angles.iter().enumerate().map(|(i, angle)| {
        let ramp = ((i as f64 - low) / (high - low)).clamp(0.0, 1.0);
        angle / factor * ramp + angle * (1.0 - ramp)
    });
    (mixed.collect(), 0.1 * factor.ln() + 1.0)
}

fn turned(row: &[f64], t: usize, angles: &[f64], magnitude: f64) -> Vec<f64> {
    let half = angles.len();
    let mut out = row.to_vec();
    for (i, angle) in angles.iter().enumerate() {
        let (sin, cos) = (t as f64 * angle).sin_cos();
        out[i] = magnitude * (row[i] * cos - row[i + half] * sin);
        out[i + half] = magnitude * (row[i + half] * cos + row[i] * sin);
    }
    out
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub fn add(a: &mut [f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
}
