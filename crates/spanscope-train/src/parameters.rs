//! The parameters of a network in training, under the published names, and how they begin.

use super::dropout::mix;
use super::options::Options;
use candle_core::{DType, Device, Result, Tensor, Var};
use spanscope_core::model::Config;
use std::collections::BTreeMap;

/// The initialisation of a parameter.
#[derive(Debug, Clone, Copy)]
enum Begin {
    /// Normal, with this standard deviation.
    Normal(f32),
    /// Even, from minus this to this.
    Even(f32),
    /// All the same.
    All(f32),
}

/// All parameters by name. Tied ones stand under the first of their names.
#[derive(Debug)]
pub(super) struct Parameters {
    vars: BTreeMap<String, Var>,
    /// Names that share another's numbers.
    tied: BTreeMap<String, String>,
}

impl Parameters {
    /// As the published code begins: embeddings and positions normal, matrices even within 1 / √inputs, norms 1 and 0. The
    /// numbers follow from the seed and the parameter's name alone.
    pub fn begin(options: &Options, config: &Config, device: &Device) -> Result<Self> {
        let mut vars = BTreeMap::new();
        for (name, shape, begin) in plan(options, config) {
            let numbers = begin_with(begin, options.seed, &name, shape.iter().product());
            vars.insert(
                name,
                Var::from_tensor(&Tensor::from_vec(numbers, shape, device)?)?,
            );
        }
        Ok(Self {
            vars,
            tied: tied(config),
        })
    }

    /// The same numbers in another format.
    #[cfg(test)]
    pub fn to_dtype(&self, dtype: DType) -> Result<Self> {
        let vars = self.vars.iter().map(|(name, var)| {
            let var = Var::from_tensor(&var.as_tensor().to_dtype(dtype)?)?;
            Ok((name.clone(), var))
        });
        Ok(Self {
            vars: vars.collect::<Result<_>>()?,
            tied: self.tied.clone(),
        })
    }

    /// The parameter `name`.
    pub fn get(&self, name: &str) -> Result<&Tensor> {
        let name = self.tied.get(name).map_or(name, String::as_str);
        match self.vars.get(name) {
            Some(var) => Ok(var.as_tensor()),
            None => Err(super::numbers::wrong(format!(
                "there is no parameter {name}"
            ))),
        }
    }

    /// All of them, by name; tied ones once.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.vars.iter().map(|(name, var)| (name.as_str(), var))
    }

    /// Sets all numbers of a parameter to one.
    pub fn fill(&self, name: &str, number: f64) -> Result<()> {
        match self.vars.get(name) {
            Some(var) => var.set(&var.ones_like()?.affine(number, 0.0)?),
            None => Err(super::numbers::wrong(format!(
                "there is no parameter {name}"
            ))),
        }
    }

    /// Names that stand for another parameter's numbers.
    pub fn tied(&self) -> &BTreeMap<String, String> {
        &self.tied
    }

    /// The number of scalars in all parameters.
    pub fn count(&self) -> usize {
        self.vars.values().map(|var| var.elem_count()).sum()
    }

    /// z of every head, by layer, as a share of S; empty for fixed spans.
    pub fn spans(&self, config: &Config) -> Result<Vec<Vec<f32>>> {
        if !config.adapt_span {
            return Ok(Vec::new());
        }
        (0..config.nb_layers)
            .map(|i| {
                self.get(&span_name(i))?
                    .flatten_all()?
                    .to_dtype(DType::F32)?
                    .to_vec1()
            })
            .collect()
    }
}

/// The name of a layer's spans.
pub(super) fn span_name(layer: usize) -> String {
    format!("layers.{layer}.attn.attn.adaptive_span._mask.current_val")
}

fn tied(config: &Config) -> BTreeMap<String, String> {
    let mut tied = BTreeMap::new();
    if let Some(io) = config.adapt_io.as_ref().filter(|io| io.tied) {
        for c in 0..io.cutoffs.len() {
            tied.insert(
                format!("out_emb.out_layers.{c}.weight"),
                format!("in_emb.emb_layers.{c}.weight"),
            );
            tied.insert(
                format!("out_emb.out_projs.{c}"),
                format!("in_emb.emb_projs.{c}"),
            );
        }
    }
    tied
}

fn plan(options: &Options, config: &Config) -> Vec<(String, Vec<usize>, Begin)> {
    let mut plan = Vec::new();
    let mut add = |name: String, shape: &[usize], begin| plan.push((name, shape.to_vec(), begin));
    let (dim, d, heads) = (config.hidden_size, config.head_dim(), config.nb_heads);
    let even = |inputs: usize| Begin::Even(1.0 / (inputs as f32).sqrt());
    let embedding = |width: usize| Begin::Normal(1.0 / (width as f32).sqrt());
    match &config.adapt_io {
        None => {
            add(
                "in_emb.weight".into(),
                &[config.vocab_size, dim],
                Begin::Normal(1.0),
            );
            add(
                "out_emb.weight".into(),
                &[config.vocab_size, dim],
                even(dim),
            );
            add("out_emb.bias".into(), &[config.vocab_size], even(dim));
        }
        Some(io) => {
            let mut start = 0;
            for (c, end) in io.cutoffs.iter().enumerate() {
                let (tokens, width) = (end - start, options.width(c));
                add(
                    format!("in_emb.emb_layers.{c}.weight"),
                    &[tokens, width],
                    embedding(width),
                );
                add(
                    format!("in_emb.emb_projs.{c}"),
                    &[dim, width],
                    embedding(dim),
                );
                add(
                    format!("out_emb.out_layers.{c}.bias"),
                    &[tokens],
                    Begin::All(0.0),
                );
                if !io.tied {
                    add(
                        format!("out_emb.out_layers.{c}.weight"),
                        &[tokens, width],
                        embedding(width),
                    );
                    add(
                        format!("out_emb.out_projs.{c}"),
                        &[dim, width],
                        embedding(dim),
                    );
                }
                start = *end;
            }
            let further = io.cutoffs.len() - 1;
            add(
                "out_emb.cluster_proj.weight".into(),
                &[further, dim],
                even(dim),
            );
            add("out_emb.cluster_proj.bias".into(), &[further], even(dim));
        }
    }
    add(
        "key_pe".into(),
        &[1, d, config.attn_span],
        Begin::Normal(1.0),
    );
    for i in 0..config.nb_layers {
        let layer = |part: &str| format!("layers.{i}.{part}");
        for part in ["query", "key", "val", "out"] {
            add(
                layer(&format!("attn.proj_{part}.weight")),
                &[dim, dim],
                even(dim),
            );
        }
        if config.adapt_span {
            let begin = Begin::All(options.adapt_span_init as f32);
            add(span_name(i), &[heads, 1, 1], begin);
        }
        let mut norms = vec!["norm1"];
        if config.pers_mem_size > 0 {
            let n = config.pers_mem_size;
            let key = layer("attn.attn.persistent_memory.key");
            add(key, &[heads, d, n], embedding(d));
            let val = layer("attn.attn.persistent_memory.val");
            add(val, &[heads, n, d], embedding(n));
        } else {
            let inner = config.inner_hidden_size;
            add(layer("ff.fc1.weight"), &[inner, dim], even(dim));
            add(layer("ff.fc1.bias"), &[inner], even(dim));
            add(layer("ff.fc2.weight"), &[dim, inner], even(inner));
            add(layer("ff.fc2.bias"), &[dim], even(inner));
            norms.push("norm2");
        }
        for norm in norms {
            add(layer(&format!("{norm}.weight")), &[dim], Begin::All(1.0));
            add(layer(&format!("{norm}.bias")), &[dim], Begin::All(0.0));
        }
    }
    plan
}

fn begin_with(begin: Begin, seed: u64, name: &str, count: usize) -> Vec<f32> {
    // FNV-1a: a number for every name.
    let own = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let key = mix(seed) ^ own;
    let uniform = |i: usize| (mix(key.wrapping_add(i as u64)) >> 11) as f64 / (1_u64 << 53) as f64;
    match begin {
        Begin::All(value) => vec![value; count],
        Begin::Even(most) => (0..count)
            .map(|i| ((2.0 * uniform(i) - 1.0) * f64::from(most)) as f32)
            .collect(),
        // Box–Muller.
        Begin::Normal(deviation) => (0..count)
            .map(|i| {
                let radius = (-2.0 * (1.0 - uniform(2 * i)).ln()).sqrt();
                let angle = std::f64::consts::TAU * uniform(2 * i + 1);
                (radius * angle.cos()) as f32 * deviation
            })
            .collect(),
    }
}
