//! The metadata of a GGUF file in the words of Hugging Face.

use super::File;
use crate::model::families::settings::Refusal;
use serde_json::{Map, Value, json};

impl File<'_> {
    pub(super) fn size(&self, key: &str) -> Result<Option<usize>, Refusal> {
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
    pub(super) fn config(&self, name: &str, family: &str) -> Result<Map<String, Value>, Refusal> {
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

    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f32>, Refusal> {
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
}
