//! The weights as the file has them, and what follows from them: spans, masks, positions.

use super::Norm;
use spanscope::checkpoint::Checkpoint;
use spanscope_bench::double::Matrix;

#[derive(Clone)]
pub struct Head {
    /// z, in tokens; `None` for a fixed span.
    pub span: Option<f32>,
    /// The number of distances with a mask above zero: min(S, ⌈z⌉ + R). The window's length for a fixed span.
    pub reach: usize,
    /// Whether it contributes nothing.
    pub ablated: bool,
    /// The reach without a window that was put on by hand.
    pub whole: usize,
    /// Keys of a window with a hard edge, beyond which there is nothing.
    pub cut: Option<usize>,
    /// R of a soft mask that the head was not trained with: equation 4 of the paper, over what it sees.
    pub foreign: Option<usize>,
    /// Persistent keys and values, by vector.
    pub pers_key: Vec<Vec<f64>>,
    pub pers_val: Vec<Vec<f64>>,
}

#[derive(Clone)]
pub struct FeedForward {
    pub fc1: Matrix,
    pub b1: Vec<f64>,
    pub fc2: Matrix,
    pub b2: Vec<f64>,
    pub norm2: Norm,
}

#[derive(Clone)]
pub struct Layer {
    pub query: Matrix,
    pub key: Matrix,
    pub val: Matrix,
    pub out: Matrix,
    pub heads: Vec<Head>,
    /// The number of distances in the softmax.
    pub kept: usize,
    pub norm1: Norm,
    pub feed_forward: Option<FeedForward>,
    pub mlp_ablated: bool,
}

/// A part of the vocabulary; all of it, unless input and output are adaptive.
#[derive(Clone)]
pub struct Cluster {
    /// tokens × width.
    pub table: Matrix,
    pub bias: Option<Vec<f64>>,
    /// D × width.
    pub proj: Option<Matrix>,
}

#[derive(Clone)]
pub struct PlainNetwork {
    pub hidden_size: usize,
    pub nb_heads: usize,
    pub head_dim: usize,
    /// R.
    pub ramp: usize,
    /// Whether it is of fairseq's port, which does not divide the masked weights by their sum.
    pub masked: bool,
    /// Whether norms stand before the sublayers: the last one is there then.
    pub pre_norm: bool,
    pub out_norm: Option<Norm>,
    pub adapt_io: bool,
    pub layers: Vec<Layer>,
    pub input: Vec<Cluster>,
    pub output: Vec<Cluster>,
    pub cluster_proj: Option<(Matrix, Option<Vec<f64>>)>,
    /// p_δ, by δ − 1.
    positions: Vec<Vec<f64>>,
}

impl PlainNetwork {
    pub fn load(file: &Checkpoint, ramp: usize) -> Self {
        let [_, head_dim, attn_span] = shape(file, "key_pe")[..] else {
            panic!("key_pe is 1 × d × S");
        };
        let key_pe = read(file, "key_pe").unwrap();
        // p_δ = key_pe[0, :, S − δ].
        let positions = (1..=attn_span)
            .map(|distance| {
                let place = |i| key_pe[i * attn_span + attn_span - distance];
                (0..head_dim).map(place).collect()
            })
            .collect();
        let query = shape(file, "layers.0.attn.proj_query.weight");
        let hidden_size = query[1];
        let nb_heads = query[0] / head_dim;
        let layers = (0..)
            .take_while(|i| has(file, &format!("layers.{i}.attn.proj_query.weight")))
            .map(|i| layer(file, i, nb_heads, attn_span, ramp))
            .collect();
        let adapt_io = !has(file, "in_emb.weight");
        let (input, output) = if adapt_io {
            (clusters(file, "in_emb.emb"), clusters(file, "out_emb.out"))
        } else {
            let table = |side: &str| Cluster {
                table: matrix(file, &format!("{side}.weight")),
                bias: read(file, &format!("{side}.bias")),
                proj: None,
            };
            (vec![table("in_emb")], vec![table("out_emb")])
        };
        let cluster_proj = has(file, "out_emb.cluster_proj.weight").then(|| {
            let weight = matrix(file, "out_emb.cluster_proj.weight");
            (weight, read(file, "out_emb.cluster_proj.bias"))
        });
        Self {
            hidden_size,
            nb_heads,
            head_dim,
            ramp,
            masked: file
                .file_name("key_pe")
                .is_some_and(|name| name.contains("decoder.model.")),
            pre_norm: has(file, "out_norm.weight"),
            out_norm: has(file, "out_norm.weight").then(|| norm(file, "out_norm")),
            adapt_io,
            layers,
            input,
            output,
            cluster_proj,
            positions,
        }
    }

    pub fn position(&self, distance: usize) -> &[f64] {
        &self.positions[distance - 1]
    }

    /// Has a head look as far as if its span were `z` tokens; one of fixed span gets a window of as many whole tokens.
    pub fn set_span(&mut self, layer: usize, head: usize, z: f32) {
        let attn_span = self.positions.len();
        let layer = &mut self.layers[layer];
        let head = &mut layer.heads[head];
        let tokens = z.ceil() as usize;
        if head.span.is_some() {
            head.span = Some(z.clamp(0.0, attn_span as f32));
            head.reach = attn_span.min(tokens + self.ramp);
        } else {
            head.reach = tokens.clamp(1, attn_span);
        }
        head.whole = head.reach;
        layer.kept = kept(&layer.heads, attn_span);
    }
}

impl PlainNetwork {
    /// Has a head see no more than so many keys.
    pub fn cut(&mut self, layer: usize, head: usize, keys: usize) {
        let head = &mut self.layers[layer].heads[head];
        head.cut = Some(keys);
        head.reach = head.reach.min(keys);
    }

    /// Puts a soft mask on a head that was trained without.
    pub fn fade(&mut self, layer: usize, head: usize, z: f32, ramp: usize) {
        let attn_span = self.positions.len();
        let head = &mut self.layers[layer].heads[head];
        head.span = Some(z.clamp(0.0, attn_span as f32));
        head.foreign = Some(ramp);
        head.reach = attn_span.min(z.ceil() as usize + ramp);
    }
}

/// m(δ) = clamp((z + R + 1 − δ) / R, 0, 1); 1 for a fixed span. In 32 bits: where the mask is all but zero, and nothing
/// else of the softmax within the reach, its rounding decides what is seen of it.
pub fn mask(span: Option<f32>, ramp: usize, distance: usize) -> f64 {
    let ramp = ramp as f32;
    span.map_or(1.0, |z| {
        f64::from(((z + ramp + 1.0 - distance as f32) / ramp).clamp(0.0, 1.0))
    })
}

fn has(file: &Checkpoint, name: &str) -> bool {
    file.info(name).is_some()
}

fn shape(file: &Checkpoint, name: &str) -> Vec<usize> {
    file.info(name).unwrap().shape.clone()
}

fn read(file: &Checkpoint, name: &str) -> Option<Vec<f64>> {
    let values = has(file, name).then(|| file.read(name).unwrap())?;
    Some(values.into_iter().map(f64::from).collect())
}

fn matrix(file: &Checkpoint, name: &str) -> Matrix {
    Matrix {
        cols: shape(file, name)[1],
        values: read(file, name).unwrap(),
    }
}

fn norm(file: &Checkpoint, name: &str) -> Norm {
    Norm {
        weight: read(file, &format!("{name}.weight")).unwrap(),
        bias: read(file, &format!("{name}.bias")).unwrap(),
    }
}

fn layer(file: &Checkpoint, i: usize, nb_heads: usize, attn_span: usize, ramp: usize) -> Layer {
    let proj = |part: &str| matrix(file, &format!("layers.{i}.attn.proj_{part}.weight"));
    let ff = |part: &str| format!("layers.{i}.ff.{part}");
    let feed_forward = has(file, &ff("fc1.weight")).then(|| FeedForward {
        fc1: matrix(file, &ff("fc1.weight")),
        b1: read(file, &ff("fc1.bias")).unwrap(),
        fc2: matrix(file, &ff("fc2.weight")),
        b2: read(file, &ff("fc2.bias")).unwrap(),
        norm2: norm(file, &format!("layers.{i}.norm2")),
    });
    let heads = heads(file, i, nb_heads, attn_span, ramp);
    Layer {
        mlp_ablated: false,
        query: proj("query"),
        key: proj("key"),
        val: proj("val"),
        out: proj("out"),
        kept: kept(&heads, attn_span),
        heads,
        norm1: norm(file, &format!("layers.{i}.norm1")),
        feed_forward,
    }
}

/// The published code lets go of the farthest of S, in blocks of 64, as far as no head of the layer reaches.
fn kept(heads: &[Head], attn_span: usize) -> usize {
    let longest = heads.iter().map(|head| head.whole).max().unwrap();
    attn_span - (attn_span - longest) / 64 * 64
}

fn heads(file: &Checkpoint, i: usize, nb_heads: usize, attn_span: usize, ramp: usize) -> Vec<Head> {
    let attn = format!("layers.{i}.attn.attn");
    let spans = ["adaptive_span", "persistent_memory.adaptive_span"]
        .iter()
        .map(|part| format!("{attn}.{part}._mask.current_val"))
        .find(|name| has(file, name))
        .map(|name| file.read(&name).unwrap());
    let key = read(file, &format!("{attn}.persistent_memory.key"));
    let val = read(file, &format!("{attn}.persistent_memory.val"));
    let (d, vectors) = match &key {
        Some(_) => {
            let shape = shape(file, &format!("{attn}.persistent_memory.key"));
            (shape[1], shape[2])
        }
        None => (0, 0),
    };
    // z as the published code has it, in 32 bits: the reach hangs on where it lies between two integers.
    let span = |head: usize| {
        spans.as_ref().map(|spans| {
            let value = spans[if spans.len() == 1 { 0 } else { head }];
            value.clamp(0.0, 1.0) * attn_span as f32
        })
    };
    (0..nb_heads)
        .map(|head| Head {
            span: span(head),
            reach: match span(head) {
                Some(z) => attn_span.min(z.ceil() as usize + ramp),
                None => attn_span,
            },
            ablated: false,
            whole: match span(head) {
                Some(z) => attn_span.min(z.ceil() as usize + ramp),
                None => attn_span,
            },
            cut: None,
            foreign: None,
            // key[h, :, n] and val[h, n, :].
            pers_key: (0..vectors)
                .map(|n| {
                    let key = key.as_ref().unwrap();
                    (0..d).map(|i| key[(head * d + i) * vectors + n]).collect()
                })
                .collect(),
            pers_val: (0..vectors)
                .map(|n| {
                    let val = val.as_ref().unwrap();
                    (0..d).map(|i| val[(head * vectors + n) * d + i]).collect()
                })
                .collect(),
        })
        .collect()
}

fn clusters(file: &Checkpoint, part: &str) -> Vec<Cluster> {
    let layer = |c: usize| format!("{part}_layers.{c}.weight");
    (0..)
        .take_while(|&c| has(file, &layer(c)))
        .map(|c| {
            let proj = format!("{part}_projs.{c}");
            Cluster {
                table: matrix(file, &layer(c)),
                bias: read(file, &format!("{part}_layers.{c}.bias")),
                proj: has(file, &proj).then(|| matrix(file, &proj)),
            }
        })
        .collect()
}
