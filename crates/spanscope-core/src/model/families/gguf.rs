//! GGUF: the same families in llama.cpp's words. Its metadata become the configuration that a family reads, its names of tensors are
//! one list for all.
//!
//! Linears are out × in there as in PyTorch. What the converter changed is undone: rows of queries and keys in the order of
//! neighbouring pairs, Gemma's norms with the one added, the scalings of rotary positions that are tensors.

use super::settings::{Refusal, Settings};
use super::sources::{EndSources, ExpertForm, ExpertSources, LayerSources, Source};
use super::{FAMILIES, Family, layer_sources};
use crate::checkpoint::Checkpoint;
use crate::checkpoint::gguf::GgufMetadata;
use crate::model::ModelError;
use crate::model::architecture::{Architecture, AttentionSpec, Order, Position, Window};
use crate::model::load::causal::Plan;
use crate::shown::shown;
use serde_json::{Map, Value, json};
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

    /// What the format has no word for.
    fn assumed(&self, name: &str) -> Vec<String> {
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

    fn size(&self, key: &str) -> Result<Option<usize>, Refusal> {
        match self.metadata.get(key) {
            None => Ok(None),
            Some(_) => match self
                .metadata
                .get_u64(key)
                .and_then(|n| usize::try_from(n).ok())
            {
                Some(size) => Ok(Some(size)),
                None => Err(format!("{key} is no whole number")),
            },
        }
    }

    /// A number per layer, all of them the same.
    fn uniform(&self, key: &str, layers: usize) -> Result<Option<usize>, Refusal> {
        let Some(values) = self.metadata.per_layer(key, layers)? else {
            return Ok(None);
        };
        match values.split_first() {
            Some((first, rest)) if rest.iter().all(|value| value == first) => {
                usize::try_from(*first)
                    .map(Some)
                    .map_err(|_| format!("{key} is too large"))
            }
            _ => Err(format!(
                "{key} differs from layer to layer, which does not run here"
            )),
        }
    }

    /// The metadata in the words of Hugging Face.
    fn config(&self, name: &str, family: &str) -> Result<Map<String, Value>, Refusal> {
        let key = |part: &str| format!("{name}.{part}");
        let need = |part: &str| -> Result<usize, Refusal> {
            self.size(&key(part))?
                .ok_or_else(|| format!("{} is missing", key(part)))
        };
        let layers = need("block_count")?;
        let width = need("embedding_length")?;
        let heads = self.uniform(&key("attention.head_count"), layers)?;
        let heads = heads
            .filter(|heads| *heads > 0)
            .ok_or_else(|| format!("{} is missing or 0", key("attention.head_count")))?;
        let kv_heads = self
            .uniform(&key("attention.head_count_kv"), layers)?
            .unwrap_or(heads);
        let head_dim = self
            .size(&key("attention.key_length"))?
            .unwrap_or(width / heads);
        if self
            .size(&key("attention.value_length"))?
            .is_some_and(|d| d != head_dim)
        {
            return Err(format!(
                "{} is not that of keys, which does not run here",
                key("attention.value_length")
            ));
        }
        let vocab = self
            .rows("token_embd.weight")
            .ok_or("tensor token_embd.weight is missing")?;
        let mut config = Map::new();
        let mut put = |name: &str, value: Value| {
            config.insert(name.to_owned(), value);
        };
        put("model_type", json!(family));
        put("hidden_size", json!(width));
        put("num_hidden_layers", json!(layers));
        put("num_attention_heads", json!(heads));
        put("num_key_value_heads", json!(kv_heads));
        put("head_dim", json!(head_dim));
        put("vocab_size", json!(vocab));
        put("tie_word_embeddings", json!(!self.has("output.weight")));
        // A table of positions ends the text, whatever the metadata say.
        let context = match self.rows("position_embd.weight") {
            Some(rows) => Some(rows),
            None => self.size(&key("context_length"))?,
        };
        if let Some(context) = context {
            for name in ["max_position_embeddings", "n_positions"] {
                put(name, json!(context));
            }
        }
        // Converters write four times the width for some that have another: the tensors know.
        let inner = match name {
            "gpt-oss" => self.rows("blk.0.ffn_up_exps.weight"),
            "phi3" => self.rows("blk.0.ffn_up.weight").map(|rows| rows / 2),
            _ => self.rows("blk.0.ffn_up.weight"),
        };
        let inner = inner.ok_or("tensor blk.0.ffn_up.weight is missing")?;
        for name in ["intermediate_size", "n_inner", "ffn_hidden_size"] {
            put(name, json!(inner));
        }
        let eps = self
            .metadata
            .get_f64(&key("attention.layer_norm_rms_epsilon"));
        if let Some(eps) = eps.or(self.metadata.get_f64(&key("attention.layer_norm_epsilon"))) {
            for name in [
                "rms_norm_eps",
                "layer_norm_epsilon",
                "layer_norm_eps",
                "norm_epsilon",
            ] {
                put(name, json!(eps));
            }
        }
        let number = |part: &str| self.metadata.get_f64(&key(part));
        put(
            "rope_theta",
            json!(number("rope.freq_base").unwrap_or(match name {
                "gemma3" => 1_000_000.0,
                _ => 10_000.0,
            })),
        );
        put(
            "rope_local_base_freq",
            json!(number("rope.freq_base_swa").unwrap_or(10_000.0)),
        );
        if let Some(turning) = self.size(&key("rope.dimension_count"))? {
            put(
                "partial_rotary_factor",
                json!(turning as f64 / head_dim as f64),
            );
        }
        if let Some(scaling) = self.scaling(name)? {
            put("rope_scaling", scaling);
        }
        // What a window is not said of is full here, whatever the family's default.
        put(
            "sliding_window",
            match self.size(&key("attention.sliding_window"))? {
                Some(0) | None => Value::Null,
                Some(window) => json!(window),
            },
        );
        if let Some(types) = self.layer_types(&key("attention.sliding_window_pattern"), layers)? {
            put("layer_types", types);
        }
        let caps = [
            ("attn_logit_softcapping", "attn_logit_softcapping"),
            ("final_logit_softcapping", "final_logit_softcapping"),
        ];
        for (here, there) in caps {
            put(here, number(there).map_or(Value::Null, |cap| json!(cap)));
        }
        // Gemma's largest take the width of a head as D/H.
        let scalar = match (name, layers) {
            ("gemma2", 46) | ("gemma3", 62) => width / heads,
            _ => head_dim,
        };
        put("query_pre_attn_scalar", json!(scalar));
        for (here, there) in [
            ("embedding_multiplier", "embedding_scale"),
            ("attention_multiplier", "attention.scale"),
            ("residual_multiplier", "residual_scale"),
            ("logits_scaling", "logit_scale"),
        ] {
            if let Some(factor) = number(there) {
                put(here, json!(factor));
            }
        }
        if name == "granite" && number("attention.scale").is_none() {
            put(
                "attention_multiplier",
                json!(1.0 / (head_dim as f64).sqrt()),
            );
        }
        if name == "mpt" {
            put(
                "attn_config",
                json!({
                    "clip_qkv": number("attention.clamp_kqv").filter(|clip| *clip > 0.0),
                    "alibi_bias_max": number("attention.max_alibi_bias").unwrap_or(8.0),
                }),
            );
        }
        if let Some(flag) = self.metadata.get_bool(&key("use_parallel_residual")) {
            put("use_parallel_residual", json!(flag));
        }
        if name == "falcon" {
            put(
                "new_decoder_architecture",
                json!(self.has("blk.0.attn_norm_2.weight")),
            );
            put("multi_query", json!(kv_heads == 1));
        }
        for (here, there) in [
            ("num_local_experts", "expert_count"),
            ("num_experts_per_tok", "expert_used_count"),
        ] {
            if let Some(count) = self.size(&key(there))? {
                put(here, json!(count));
            }
        }
        Ok(config)
    }

    /// The scaling of rotary positions, as far as it is in the metadata.
    fn scaling(&self, name: &str) -> Result<Option<Value>, Refusal> {
        let key = |part: &str| format!("{name}.rope.scaling.{part}");
        let number = |part: &str| self.metadata.get_f64(&key(part));
        if self.has("rope_factors_long.weight") {
            let list = |name: &str| self.numbers(name).map(|list| json!(list));
            return Ok(Some(json!({
                "rope_type": "longrope",
                "long_factor": list("rope_factors_long.weight")?,
                "short_factor": list("rope_factors_short.weight")?,
                "original_max_position_embeddings": number("original_context_length"),
                "attention_factor": number("attn_factor"),
            })));
        }
        let kind = self.metadata.get_str(&key("type")).unwrap_or("none");
        if kind == "none" {
            return Ok(None);
        }
        let mut scaling = json!({
            "rope_type": kind,
            "factor": number("factor"),
            "original_max_position_embeddings": number("original_context_length"),
            "attention_factor": number("yarn_attn_factor").or(number("attn_factor")),
            "beta_fast": number("yarn_beta_fast"),
            "beta_slow": number("yarn_beta_slow"),
        });
        if name == "gpt-oss" {
            scaling["truncate"] = json!(false);
        }
        Ok(Some(scaling))
    }

    fn numbers(&self, name: &str) -> Result<Vec<f32>, Refusal> {
        match self.checkpoint.info(name) {
            Some(info) if info.elements() <= 1 << 14 => self
                .checkpoint
                .read(name)
                .map_err(|error| error.to_string()),
            Some(info) => Err(format!("tensor {name} has {} numbers", info.elements())),
            None => Err(format!("tensor {name} is missing")),
        }
    }

    /// Which layers slide: one flag per layer, or a period of which the last is full.
    fn layer_types(&self, key: &str, layers: usize) -> Result<Option<Value>, Refusal> {
        let Some(value) = self.metadata.get(key) else {
            return Ok(None);
        };
        let slides: Vec<bool> = match value.as_u64() {
            Some(0) => return Err(format!("{key} is 0")),
            Some(period) => (1..=layers as u64).map(|i| i % period != 0).collect(),
            None => self.metadata.get_bools(key)?.unwrap_or_default(),
        };
        let types = slides.into_iter().map(|slides| match slides {
            true => "sliding_attention",
            false => "full_attention",
        });
        Ok(Some(types.collect()))
    }

    /// What the tensors say otherwise than the configuration.
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
        let both =
            |k: usize| Source::of(p("ffn_up")).rows(vec![k * inner..(k + 1) * inner], 2 * inner);
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
                Source::of(p("attn_qkv")).rows(vec![from..from + count], queries + 2 * keys)
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
