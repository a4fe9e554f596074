//! Networks with random weights, written to a file as any other checkpoint.

use crate::plain::PlainNetwork;
use spanscope::checkpoint::{Checkpoint, Dtype, NamedTensor, write_safetensors};
use spanscope::model::Network;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What follows the attention in a layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sublayer {
    /// Of this inner size.
    FeedForward(usize),
    /// So many persistent vectors per head.
    Persistent(usize),
}

/// What only the authors' second code has.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Second {
    /// D, where it is not H·d.
    pub hidden_size: Option<usize>,
    /// Norms before the sublayers.
    pub pre_norm: bool,
    /// Its names, not those of the first one.
    pub names: bool,
}

#[derive(Debug, Clone)]
pub enum Vocabulary {
    Plain(usize),
    /// Adaptive input and output: the clusters' sizes, and by how much each is narrower than the one before.
    Adaptive {
        clusters: Vec<usize>,
        div: usize,
        tied: bool,
    },
}

impl Vocabulary {
    pub fn size(&self) -> usize {
        match self {
            Vocabulary::Plain(size) => *size,
            Vocabulary::Adaptive { clusters, .. } => clusters.iter().sum(),
        }
    }
}

/// How far a query's scores lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scores {
    /// The softmax is nearly uniform.
    Flat,
    /// As in a trained network: standard deviation around 1.
    Usual,
    /// Most of the weight lies on one or two places.
    Peaked,
    /// By position, so far apart that nearly all of the softmax often lies beyond a head's reach: the 1e-8 in the
    /// divisor shows.
    Beyond,
}

impl Scores {
    /// Standard deviation of queries and keys, and of position embeddings.
    fn deviations(self) -> (f64, f64) {
        match self {
            Scores::Flat => (0.3, 0.3),
            Scores::Usual => (1.0, 1.0),
            Scores::Peaked => (2.5, 3.0),
            Scores::Beyond => (1.0, 15.0),
        }
    }
}

/// A random network, up to its weights, which follow from `seed`.
#[derive(Clone)]
pub struct Architecture {
    pub nb_layers: usize,
    pub nb_heads: usize,
    pub head_dim: usize,
    /// S.
    pub attn_span: usize,
    /// R.
    pub ramp: usize,
    /// z in tokens, by layer: of every head, or one value for all of them; `None` for fixed spans.
    pub spans: Option<Vec<Vec<f32>>>,
    pub sublayer: Sublayer,
    pub vocabulary: Vocabulary,
    pub scores: Scores,
    /// Whether it is a network of fairseq's port.
    pub masked: bool,
    /// What only the authors' second code has.
    pub second: Second,
    pub seed: u64,
}

/// On one line, so that a failure can be read.
impl fmt::Debug for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} layers of {} heads of {} features, S = {}, R = {}, spans {:?}, {:?}, {:?}, scores {:?}, masked: {}, {:?}, seed {}",
            self.nb_layers,
            self.nb_heads,
            self.head_dim,
            self.attn_span,
            self.ramp,
            self.spans,
            self.sublayer,
            self.vocabulary,
            self.scores,
            self.masked,
            self.second,
            self.seed
        )
    }
}

/// Random numbers that follow from a seed, the same everywhere (SplitMix64).
pub struct Noise(pub u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In (0, 1).
    fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Of standard deviation 1.
    fn normal(&mut self) -> f64 {
        let (a, b) = (self.uniform(), self.uniform());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }

    pub fn text(&mut self, len: usize, vocab_size: usize) -> Vec<u32> {
        (0..len)
            .map(|_| (self.next() % vocab_size as u64) as u32)
            .collect()
    }
}

impl Architecture {
    fn hidden_size(&self) -> usize {
        let hidden_size = self.second.hidden_size;
        hidden_size.unwrap_or(self.nb_heads * self.head_dim)
    }

    /// The same network for the fast path and for the plain one.
    pub fn networks(&self) -> (Arc<Network>, Arc<PlainNetwork>) {
        self.changed(|_| ())
    }

    /// The same, of a file in which `change` has changed the weights.
    pub fn changed(
        &self,
        change: impl FnOnce(&mut [NamedTensor]),
    ) -> (Arc<Network>, Arc<PlainNetwork>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("random.safetensors");
        let mut file = Writer {
            noise: Noise(self.seed),
            tensors: Vec::new(),
            tied: BTreeMap::new(),
        };
        file.network(self);
        change(&mut file.tensors);
        if self.masked {
            // So a file says whose it is.
            for tensor in &mut file.tensors {
                tensor.name.insert_str(0, "decoder.model.");
            }
        }
        if self.second.names {
            file.of_second_code(self.nb_layers);
        }
        let none = BTreeMap::new();
        write_safetensors(&path, &file.tensors, &file.tied, Dtype::F32, &none).unwrap();
        let file = Checkpoint::open(&path).unwrap();
        let fast = Network::load(&file, Some(self.ramp.into())).unwrap();
        (
            Arc::new(fast),
            Arc::new(PlainNetwork::load(&file, self.ramp)),
        )
    }
}

struct Writer {
    noise: Noise,
    tensors: Vec<NamedTensor>,
    tied: BTreeMap<String, String>,
}

impl Writer {
    /// Random numbers of this mean and standard deviation.
    fn around(&mut self, mean: f64, name: &str, shape: &[usize], deviation: f64) {
        let n = shape.iter().product();
        let values = (0..n)
            .map(|_| (mean + deviation * self.noise.normal()) as f32)
            .collect();
        self.tensors.push(NamedTensor {
            name: name.into(),
            shape: shape.to_vec(),
            values,
        });
    }

    fn random(&mut self, name: &str, shape: &[usize], deviation: f64) {
        self.around(0.0, name, shape, deviation);
    }

    fn norm(&mut self, name: &str, width: usize) {
        self.around(1.0, &format!("{name}.weight"), &[width], 0.2);
        self.random(&format!("{name}.bias"), &[width], 0.2);
    }

    fn network(&mut self, a: &Architecture) {
        let (_, positions) = a.scores.deviations();
        self.random("key_pe", &[1, a.head_dim, a.attn_span], positions);
        for i in 0..a.nb_layers {
            self.layer(a, i);
        }
        let dim = a.hidden_size();
        if a.second.pre_norm {
            self.norm("out_norm", dim);
        }
        match &a.vocabulary {
            Vocabulary::Plain(size) => {
                self.random("in_emb.weight", &[*size, dim], 1.0);
                self.random("out_emb.weight", &[*size, dim], near(dim));
                self.random("out_emb.bias", &[*size], 0.5);
            }
            Vocabulary::Adaptive {
                clusters,
                div,
                tied,
            } => self.adaptive(clusters, *div, *tied, dim),
        }
    }

    fn layer(&mut self, a: &Architecture, i: usize) {
        let (dim, d, read) = (a.hidden_size(), a.head_dim, a.nb_heads * a.head_dim);
        let (content, positions) = a.scores.deviations();
        let attn = format!("layers.{i}.attn");
        for (part, deviation) in [
            ("query", content),
            ("key", content),
            ("val", 1.0),
            ("out", 1.0),
        ] {
            let name = format!("{attn}.proj_{part}.weight");
            let shape = match part {
                "out" => [dim, read],
                _ => [read, dim],
            };
            self.random(&name, &shape, deviation * near(shape[1]));
        }
        self.norm(&format!("layers.{i}.norm1"), dim);
        let mut spans_under = vec!["adaptive_span"];
        match a.sublayer {
            Sublayer::FeedForward(inner) => {
                let ff = format!("layers.{i}.ff");
                self.random(&format!("{ff}.fc1.weight"), &[inner, dim], near(dim));
                self.random(&format!("{ff}.fc1.bias"), &[inner], 0.1);
                self.random(&format!("{ff}.fc2.weight"), &[dim, inner], near(inner));
                self.random(&format!("{ff}.fc2.bias"), &[dim], 0.1);
                self.norm(&format!("layers.{i}.norm2"), dim);
            }
            Sublayer::Persistent(n) => {
                let memory = format!("{attn}.attn.persistent_memory");
                // Scores like those of positions, which are divided by √d where these are not.
                let key = positions * near(d);
                self.random(&format!("{memory}.key"), &[a.nb_heads, d, n], key);
                self.random(&format!("{memory}.val"), &[a.nb_heads, n, d], near(n));
                spans_under.push("persistent_memory.adaptive_span");
            }
        }
        let Some(spans) = &a.spans else { return };
        let values: Vec<f32> = spans[i].iter().map(|z| z / a.attn_span as f32).collect();
        for part in spans_under {
            self.tensors.push(NamedTensor {
                name: format!("{attn}.attn.{part}._mask.current_val"),
                shape: vec![values.len(), 1, 1],
                values: values.clone(),
            });
        }
    }

    /// Gives all tensors the names of the second code: position embeddings under every layer's.
    fn of_second_code(&mut self, layers: usize) {
        for tensor in &mut self.tensors {
            let name = tensor.name.replace("_mask.current_val", "mask.size_ratio");
            tensor.name = match name.strip_prefix("out_emb.") {
                Some(rest) => format!("module.out.out_emb.{rest}"),
                None => format!("module.{name}"),
            };
        }
        let positions = self.tensors.iter_mut().find(|t| t.name == "module.key_pe");
        let positions = positions.unwrap();
        let name = |i| format!("module.layers.{i}.attn.attn.key_pe");
        positions.name = name(0);
        let copy = positions.clone();
        // Half of them share the first one's numbers, half have their own.
        for i in 1..layers {
            if i % 2 == 1 {
                self.tied.insert(name(i), name(0));
            } else {
                let mut copy = copy.clone();
                copy.name = name(i);
                self.tensors.push(copy);
            }
        }
    }

    fn adaptive(&mut self, clusters: &[usize], div: usize, tied: bool, dim: usize) {
        for (c, &size) in clusters.iter().enumerate() {
            let width = (dim / div.pow(c as u32)).max(1);
            for (side, part) in [("in_emb", "emb"), ("out_emb", "out")] {
                let layer = format!("{side}.{part}_layers.{c}.weight");
                let proj = format!("{side}.{part}_projs.{c}");
                if tied && side == "out_emb" {
                    self.tied
                        .insert(layer, format!("in_emb.emb_layers.{c}.weight"));
                    self.tied.insert(proj, format!("in_emb.emb_projs.{c}"));
                } else {
                    // The input is scaled by √D; the projection adds up `width` features.
                    self.random(&layer, &[size, width], near(dim));
                    self.random(&proj, &[dim, width], near(width));
                }
            }
            self.random(&format!("out_emb.out_layers.{c}.bias"), &[size], 0.5);
        }
        let further = clusters.len() - 1;
        if further > 0 {
            self.random("out_emb.cluster_proj.weight", &[further, dim], near(dim));
            self.random("out_emb.cluster_proj.bias", &[further], 0.5);
        }
    }
}

/// The deviation of weights that add up `n` features of deviation 1 to one of deviation 1.
fn near(n: usize) -> f64 {
    1.0 / (n as f64).sqrt()
}
