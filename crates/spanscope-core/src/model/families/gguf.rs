//! GGUF: the same families in llama.cpp's words. Its metadata become the configuration that a family reads, its names of tensors are
//! one list for all.
//!
//! Linears are out × in there as in PyTorch. What the converter changed is undone: rows of queries and keys in the order of
//! neighbouring pairs, Gemma's norms with the one added, the scalings of rotary positions that are tensors.

mod config;

use super::FAMILIES;
use super::family::Family;
use super::plan::Plan;
use super::settings::{Refusal, Settings};
use super::sources::{EndSources, ExpertForm, ExpertSources, LayerSources, Source, layer_sources};
use crate::checkpoint::Checkpoint;
use crate::checkpoint::gguf::GgufMetadata;
use crate::model::architecture::{Architecture, AttentionSpec, Order, Position, Window};
use crate::model::{Assumption, ModelError};
use crate::shown::shown;
use std::ops::Range;

/// The names of architectures there, with those of families here.
const NAMES: [(&str, &str); 16] = [
    ("bloom", "bloom"),
    ("falcon", "falcon"),
    ("gemma2", "gemma2"),
    ("gemma3", "gemma3_text"),
    ("gpt-oss", "gpt_oss"),
    ("gpt2", "gpt2"),
    ("gptneox", "gpt_neox"),
    ("granite", "granite"),
    ("llama", "llama"),
    ("mpt", "mpt"),
    ("olmo2", "olmo2"),
    ("phi2", "phi"),
    ("phi3", "phi3"),
    ("qwen2", "qwen2"),
    ("qwen3", "qwen3"),
    ("smollm3", "smollm3"),
];

/// Also StarCoder 2, under the same name in both.
const SAME: &str = "starcoder2";

/// Tensors that are no weights.
const BUFFERS: [&str; 3] = [
    "rope_freqs.weight",
    "rope_factors_long.weight",
    "rope_factors_short.weight",
];

/// Architectures whose queries and keys turn in neighbouring pairs there.
const PERMUTED: [&str; 3] = ["llama", "granite", "smollm3"];

impl Plan<'static> {
    /// Of a GGUF file.
    pub fn of_gguf(checkpoint: &Checkpoint, metadata: &GgufMetadata) -> Result<Self, ModelError> {
        let refused = |what: String| ModelError::Config {
            path: checkpoint.path().to_owned(),
            what,
        };
        let file = File {
            checkpoint,
            metadata,
        };
        file.plan().map_err(refused)
    }
}

struct File<'a> {
    checkpoint: &'a Checkpoint,
    metadata: &'a GgufMetadata,
}

impl File<'_> {
    fn plan(&self) -> Result<Plan<'static>, Refusal> {
        let name = self
            .metadata
            .architecture()
            .ok_or("general.architecture is missing")?;
        let family = match NAMES.iter().find(|(there, _)| *there == name) {
            Some((_, here)) => *here,
            None if name == SAME => SAME,
            None => {
                let known = NAMES.iter().map(|(there, _)| *there).chain([SAME]);
                return Err(format!(
                    "its general.architecture is {}; those that run here are: {}",
                    shown(name),
                    known.collect::<Vec<_>>().join(", ")
                ));
            }
        };
        let slides = self
            .metadata
            .get(&format!("{name}.attention.sliding_window"))
            .is_some();
        let family = match (family, slides) {
            ("olmo2", true) => "olmo3",
            _ => family,
        };
        let config = self.config(name, family)?;
        let of = FAMILIES.iter().find(|of| of.names().contains(&family));
        let of: &'static dyn Family = *of.ok_or("no such family")?;
        let mut architecture = of.architecture(&Settings(&config))?;
        self.correct(name, &mut architecture)?;
        let layers = (0..architecture.layers.len()).map(|i| self.layer(name, &architecture, i));
        Ok(Plan {
            layers: layers.collect(),
            ends: EndSources {
                embedding: "token_embd".into(),
                positions: Some("position_embd".into()),
                input_norm: Some("token_embd_norm".into()),
                narrow: None,
                norm: Some("output_norm".into()),
                head: vec!["output".into()],
            },
            prefixes: &[],
            buffers: &BUFFERS,
            assumed: self.assumed(name),
            architecture,
        })
    }

    /// The assumptions on what the format has no word for.
    fn assumed(&self, name: &str) -> Vec<Assumption> {
        let called = self
            .metadata
            .get_str("general.name")
            .unwrap_or_default()
            .to_lowercase();
        let mut assumed = Vec::new();
        if name == "llama" && called.contains("mistral") {
            assumed.push(
                "full attention (GGUF does not store the window that Mistral 7B v0.1 has)".into(),
            );
        }
        assumed
    }

    fn has(&self, name: &str) -> bool {
        self.checkpoint.info(name).is_some()
    }

    /// The rows of a tensor out × in, or of a table.
    fn rows(&self, name: &str) -> Option<usize> {
        let shape = &self.checkpoint.info(name)?.shape;
        (shape.len() >= 2).then(|| shape[shape.len() - 2])
    }

    /// Corrects the architecture where the tensors say otherwise than the configuration.
    fn correct(&self, name: &str, of: &mut Architecture) -> Result<(), Refusal> {
        let divisors = match self.has("rope_freqs.weight") {
            true => Some(self.numbers("rope_freqs.weight")?),
            false => None,
        };
        for (i, layer) in of.layers.iter_mut().enumerate() {
            let bias = |part: &str| self.has(&format!("blk.{i}.{part}.bias"));
            let attention = &mut layer.attention;
            attention.bias = bias("attn_q") || bias("attn_qkv");
            attention.output_bias = bias("attn_output");
            if let Some(ff) = &mut layer.feed_forward {
                ff.bias = bias("ffn_up") || ff.experts.is_some();
            }
            if let (Position::Rotary(rope), Some(divisors)) = (&mut attention.position, &divisors) {
                if divisors.len() != rope.frequencies.len() {
                    return Err(format!(
                        "tensor rope_freqs.weight has {} numbers; {} expected",
                        divisors.len(),
                        rope.frequencies.len()
                    ));
                }
                for (w, divisor) in rope.frequencies.iter_mut().zip(divisors) {
                    *w /= f64::from(*divisor);
                }
            }
            // The one is added already.
            if let Order::Sequence {
                attention: around,
                feed_forward,
                ..
            } = &mut layer.order
            {
                let norms = around.iter_mut().chain(feed_forward);
                norms.flatten().for_each(|norm| norm.one_more = false);
            }
            if let Some(norm) = &mut attention.query_key_norm {
                norm.norm.one_more = false;
            }
            if name != "gpt-oss" && attention.sink {
                attention.sink = false;
            }
        }
        if let Some(norm) = &mut of.output.norm {
            norm.one_more = false;
        }
        of.output.bias = self.has("output.bias");
        if of
            .layers
            .iter()
            .all(|layer| layer.attention.window == Window::Full)
            && name == "gpt-oss"
        {
            return Err("gpt-oss.attention.sliding_window is missing".into());
        }
        Ok(())
    }

    fn layer(&self, name: &str, of: &Architecture, i: usize) -> LayerSources {
        let p = |part: &str| format!("blk.{i}.{part}");
        let norm = |part: &str| {
            let name = p(part);
            self.has(&format!("{name}.weight")).then_some(name)
        };
        let attention = &of.layers[i].attention;
        let inner = of.feed_forward();
        let both = |k: usize| Source::of(p("ffn_up")).range(k * inner..(k + 1) * inner, 2 * inner);
        let (gate, up) = match name {
            "phi3" => (Some(both(0)), both(1)),
            _ => (Some(Source::of(p("ffn_gate"))), Source::of(p("ffn_up"))),
        };
        let (around_attention, around_ff) = match name {
            // Falcon's names are the wrong way round where it has two.
            "falcon" if norm("attn_norm_2").is_some() => {
                ([norm("attn_norm_2"), None], [norm("attn_norm"), None])
            }
            "gpt-oss" => (
                [norm("attn_norm"), None],
                [norm("post_attention_norm").or(norm("ffn_norm")), None],
            ),
            _ => (
                [norm("attn_norm"), norm("post_attention_norm")],
                [norm("ffn_norm"), norm("post_ffw_norm")],
            ),
        };
        LayerSources {
            around_attention,
            around_ff,
            query_norm: norm("attn_q_norm"),
            key_norm: norm("attn_k_norm"),
            sinks: Some(p("attn_sinks.weight")),
            experts: Some(ExpertSources {
                router: Source::of(p("ffn_gate_inp")),
                form: ExpertForm::Apart,
                gate_up: [p("ffn_gate_exps"), p("ffn_up_exps")],
                down: [p("ffn_down_exps"), String::new()],
            }),
            ..layer_sources(
                self.attention(name, attention, i),
                gate,
                up,
                Source::of(p("ffn_down")),
            )
        }
    }

    /// Queries, keys, values and output.
    fn attention(&self, name: &str, of: &AttentionSpec, i: usize) -> [Source; 4] {
        let p = |part: &str| format!("blk.{i}.{part}");
        let d = of.head_dim;
        let (queries, keys) = (of.heads * d, of.kv_heads * d);
        let output = Source::of(p("attn_output"));
        if self.has(&p("attn_qkv.weight")) {
            let rows = |from: usize, count: usize| {
                Source::of(p("attn_qkv")).range(from..from + count, queries + 2 * keys)
            };
            return [
                rows(0, queries),
                rows(queries, keys),
                rows(queries + keys, keys),
                output,
            ];
        }
        let permuted = |part: &str, heads: usize| {
            let source = Source::of(p(part));
            match PERMUTED.contains(&name) {
                true => source.rows(neighbours(heads, d), heads * d),
                false => source,
            }
        };
        [
            permuted("attn_q", of.heads),
            permuted("attn_k", of.kv_heads),
            Source::of(p("attn_v")),
            output,
        ]
    }
}

/// The rows of every head in the order of halves, of a tensor that has them in that of neighbours: row r of the first half is row
/// 2r there, row r of the second 2r + 1.
fn neighbours(heads: usize, d: usize) -> Vec<Range<usize>> {
    let row = move |head: usize, r: usize| match r < d / 2 {
        true => head * d + 2 * r,
        false => head * d + 2 * (r - d / 2) + 1,
    };
    let rows = (0..heads).flat_map(move |head| (0..d).map(move |r| row(head, r)));
    rows.map(|row| row..row + 1).collect()
}
