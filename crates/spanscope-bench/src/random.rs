//! Random weights for an architecture: the same ones every time, and of such a size that a run over them behaves as
//! one over trained ones does, attention scores with a variance of order one.

use spanscope_core::checkpoint::NamedTensor;
use spanscope_core::mixer;
use spanscope_core::model::Config;

/// The rule by which a tensor is filled.
#[derive(Debug, Clone, PartialEq)]
enum Fill {
    /// Evenly distributed between −scale and scale.
    Uniform(f32),
    Constant(f32),
    /// As `Uniform`, but drawn distance by distance from the nearest on: a network with a smaller S has the same
    /// vectors for the distances that it knows.
    Positions(f32),
    Given(Vec<f32>),
}

/// A tensor of a generated model: name and shape now, numbers when they are asked for.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Name in the state dict.
    pub name: String,
    /// Extent of every dimension, outermost first.
    pub shape: Vec<usize>,
    fill: Fill,
}

impl Entry {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// The numbers, row-major. They depend on the name and the place in the tensor alone.
    pub fn values(&self) -> Vec<f32> {
        let seed = seed(&self.name);
        let n = self.elements();
        match &self.fill {
            Fill::Uniform(scale) => (0..n).map(|i| scale * uniform(seed, i)).collect(),
            Fill::Constant(value) => vec![*value; n],
            Fill::Positions(scale) => {
                let span = self.shape.last().copied().unwrap_or(1);
                let features = n / span.max(1);
                // Column c is distance S − c.
                let value = |feature: usize, column: usize| {
                    let distance = span - column;
                    scale * uniform(seed, (distance - 1) * features + feature)
                };
                (0..n).map(|i| value(i / span, i % span)).collect()
            }
            Fill::Given(values) => values.clone(),
        }
    }

    /// With its numbers, to be written.
    pub fn tensor(&self) -> NamedTensor {
        NamedTensor {
            name: self.name.clone(),
            shape: self.shape.clone(),
            values: self.values(),
        }
    }
}

/// The tensors of a network with plain input and output, as the published code names them. `spans` holds z of every
/// head in tokens, layer by layer.
pub fn entries(config: &Config, spans: &[usize]) -> Vec<Entry> {
    let (dim, d, heads) = (config.hidden_size, config.head_dim(), config.nb_heads);
    let mut all = Vec::new();
    let mut add = |name: String, shape: &[usize], fill: Fill| {
        let shape = shape.to_vec();
        all.push(Entry { name, shape, fill });
    };
    // Variance 1/fan: a sum over `fan` inputs of variance one has variance one.
    let near = |fan: usize| Fill::Uniform((3.0 / fan as f32).sqrt());
    add(
        "in_emb.weight".into(),
        &[config.vocab_size, dim],
        Fill::Uniform(1.0),
    );
    add(
        "out_emb.weight".into(),
        &[config.vocab_size, dim],
        near(dim),
    );
    add(
        "out_emb.bias".into(),
        &[config.vocab_size],
        Fill::Uniform(0.1),
    );
    add(
        "key_pe".into(),
        &[1, d, config.attn_span],
        Fill::Positions(0.1),
    );
    for layer in 0..config.nb_layers {
        let name = |part: &str| format!("layers.{layer}.{part}");
        let mut norm = |which: &str| {
            add(
                name(&format!("{which}.weight")),
                &[dim],
                Fill::Constant(1.0),
            );
            add(name(&format!("{which}.bias")), &[dim], Fill::Constant(0.0));
        };
        norm("norm1");
        if config.inner_hidden_size > 0 {
            norm("norm2");
        }
        for part in ["query", "key", "val", "out"] {
            add(
                name(&format!("attn.proj_{part}.weight")),
                &[dim, dim],
                near(dim),
            );
        }
        if config.inner_hidden_size > 0 {
            let inner = config.inner_hidden_size;
            add(name("ff.fc1.weight"), &[inner, dim], near(dim));
            add(name("ff.fc1.bias"), &[inner], Fill::Uniform(0.1));
            add(name("ff.fc2.weight"), &[dim, inner], near(inner));
            add(name("ff.fc2.bias"), &[dim], Fill::Uniform(0.1));
        }
        if config.pers_mem_size > 0 {
            let n = config.pers_mem_size;
            let memory = |part: &str| name(&format!("attn.attn.persistent_memory.{part}"));
            // Multiplied by √d and √N where they are used, which makes their variance one.
            add(memory("key"), &[heads, d, n], near(d));
            add(memory("val"), &[heads, n, d], near(n));
        }
        if config.adapt_span {
            let share = |head: usize| {
                let z = spans.get(layer * heads + head).copied().unwrap_or(0);
                z as f32 / config.attn_span as f32
            };
            let values = (0..heads).map(share).collect();
            let name = name("attn.attn.adaptive_span._mask.current_val");
            add(name, &[heads, 1, 1], Fill::Given(values));
        }
    }
    all
}

/// Trained parameters of such a network.
pub fn parameters(config: &Config) -> usize {
    entries(config, &[]).iter().map(Entry::elements).sum()
}

/// Parameters of the layers alone: what every token is multiplied with.
pub fn layer_parameters(config: &Config) -> usize {
    let all = entries(config, &[]);
    let layers = all.iter().filter(|entry| entry.name.starts_with("layers."));
    layers.map(Entry::elements).sum()
}

/// `count` token ids that look like no pattern.
pub fn ids(vocab_size: usize, count: usize) -> Vec<u32> {
    let seed = seed("ids");
    let id = |i: usize| (mix(seed, i) % vocab_size.max(1) as u64) as u32;
    (0..count).map(id).collect()
}

/// FNV-1a.
fn seed(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    name.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// The number at any place of a sequence.
fn mix(seed: u64, at: usize) -> u64 {
    mixer::mix(seed.wrapping_add((at as u64 + 1).wrapping_mul(mixer::STEP)))
}

/// From −1 to 1, in steps that `f32` holds exactly.
fn uniform(seed: u64, at: usize) -> f32 {
    (mix(seed, at) >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Size;

    #[test]
    fn numbers_are_the_same_every_time_and_spread_evenly() {
        let config = Size::Small.config();
        let all = entries(&config, &Size::Small.spans());
        let query = all
            .iter()
            .find(|e| e.name.ends_with("proj_query.weight"))
            .unwrap();
        let values = query.values();
        assert_eq!(values, query.values());
        let n = values.len() as f32;
        let mean = values.iter().sum::<f32>() / n;
        let variance = values.iter().map(|v| v * v).sum::<f32>() / n;
        assert!(mean.abs() < 1e-3, "{mean}");
        assert!((variance * 256.0 - 1.0).abs() < 0.02, "{variance}");
        let ids = ids(205, 2000);
        assert!(ids.iter().all(|&id| id < 205));
        assert!((0..205).filter(|id| ids.contains(id)).count() > 200);
    }

    #[test]
    fn a_smaller_limit_changes_no_position_within_it() {
        let mut config = Size::Small.config();
        let positions = |config: &Config| {
            let all = entries(config, &[]);
            all.iter().find(|e| e.name == "key_pe").unwrap().values()
        };
        let wide = positions(&config);
        config.attn_span = 256;
        let narrow = positions(&config);
        for (wide, narrow) in wide.chunks(1024).zip(narrow.chunks(256)) {
            assert_eq!(wide[1024 - 256..], *narrow);
        }
    }
}
