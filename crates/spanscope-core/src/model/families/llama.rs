//! Llama and its near kin: RMSNorm before the sublayers, rotary positions, grouped queries, SwiGLU. Mistral has windows, Qwen 2 biases on
//! queries, keys and values, Qwen 3 norms on queries and keys, SmolLM 3 layers without positions, Granite four factors.

use super::base::{
    Base, activation, feed_forward, layer, pre_norm, rms_norm, sliding_layers, sliding_window,
    window,
};
use super::family::Family;
use super::rotary::{Defaults, rotary};
use super::settings::{Refusal, Settings};
use super::sources::{EndSources, LayerSources, Source, layer_sources};
use crate::model::architecture::{
    Activation, Architecture, AttentionSpec, InputSpec, Position, QueryKeyNorm,
};

/// The tensors of a layer, by the names that most families have taken over.
pub(super) fn sources(i: usize) -> LayerSources {
    let p = format!("layers.{i}.");
    let part = |name: &str| Source::of(format!("{p}self_attn.{name}_proj"));
    LayerSources {
        around_attention: [Some(format!("{p}input_layernorm")), None],
        around_ff: [Some(format!("{p}post_attention_layernorm")), None],
        query_norm: Some(format!("{p}self_attn.q_norm")),
        key_norm: Some(format!("{p}self_attn.k_norm")),
        ..layer_sources(
            [part("q"), part("k"), part("v"), part("o")],
            Some(Source::of(format!("{p}mlp.gate_proj"))),
            Source::of(format!("{p}mlp.up_proj")),
            Source::of(format!("{p}mlp.down_proj")),
        )
    }
}

/// The sources of what stands before and after the layers.
pub(super) fn ends() -> EndSources {
    EndSources::of("embed_tokens", "norm")
}

/// The traits that distinguish one of the kin.
pub(super) struct Kin {
    pub name: &'static str,
    pub eps: f64,
    pub base: f64,
    pub tied: bool,
    /// The further settings of the heads of a layer.
    pub heads: fn(&Settings<'_>, &Base, usize, &mut AttentionSpec) -> Result<(), Refusal>,
}

impl Kin {
    pub fn architecture(&self, config: &Settings<'_>, base: Base) -> Result<Architecture, Refusal> {
        let norm = rms_norm(config.positive(&["rms_norm_eps"], self.eps)?);
        let defaults = Defaults {
            base: self.base,
            ..Defaults::default()
        };
        let position = rotary(config, base.head_dim, None, &defaults)?;
        let inner = config.need(&["intermediate_size"])?;
        let act = activation(config, &["hidden_act"], Activation::Silu)?;
        let bias = config.flag("mlp_bias", false)?;
        let mut layers = Vec::with_capacity(base.layers);
        for i in 0..base.layers {
            let mut attention = base.attention(position.clone());
            (self.heads)(config, &base, i, &mut attention)?;
            layers.push(layer(
                attention,
                feed_forward(inner, act, true, bias),
                pre_norm(norm),
            ));
        }
        base.network(config, self.name, layers, Some(norm), self.tied)
    }
}

fn plain(config: &Settings<'_>, _: &Base, _: usize, of: &mut AttentionSpec) -> Result<(), Refusal> {
    let bias = config.flag("attention_bias", false)?;
    (of.bias, of.output_bias) = (bias, bias);
    Ok(())
}

pub(super) struct Llama;

impl Family for Llama {
    fn names(&self) -> &'static [&'static str] {
        &["llama"]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let kin = Kin {
            name: "llama",
            eps: 1e-6,
            base: 10_000.0,
            tied: false,
            heads: plain,
        };
        kin.architecture(config, Base::read(config)?)
    }
}

pub(super) struct Mistral;

impl Family for Mistral {
    fn names(&self) -> &'static [&'static str] {
        &["mistral"]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let mut base = Base::read(config)?;
        if config.get("num_key_value_heads").is_none() {
            base = base.with_kv_heads(8)?;
        }
        let heads = |config: &Settings<'_>, _: &Base, _: usize, of: &mut AttentionSpec| {
            of.window = window(sliding_window(config, Some(4096))?);
            Ok(())
        };
        let kin = Kin {
            name: "mistral",
            eps: 1e-6,
            base: 10_000.0,
            tied: false,
            heads,
        };
        kin.architecture(config, base)
    }
}

/// The window of Qwen's layers: from `max_window_layers` on, where windows are in use.
fn qwen_window(
    config: &Settings<'_>,
    base: &Base,
    i: usize,
    of: &mut AttentionSpec,
) -> Result<(), Refusal> {
    if config.flag("use_sliding_window", false)? {
        let from = config.size(&["max_window_layers"])?.unwrap_or(28);
        if sliding_layers(config, base.layers, |i| i >= from)?[i] {
            of.window = window(sliding_window(config, Some(4096))?);
        }
    }
    Ok(())
}

pub(super) struct Qwen2;

impl Family for Qwen2 {
    fn names(&self) -> &'static [&'static str] {
        &["qwen2"]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let heads = |config: &Settings<'_>, base: &Base, i: usize, of: &mut AttentionSpec| {
            of.bias = true;
            qwen_window(config, base, i, of)
        };
        let kin = Kin {
            name: "qwen2",
            eps: 1e-6,
            base: 10_000.0,
            tied: false,
            heads,
        };
        kin.architecture(config, Base::read(config)?)
    }
}

pub(super) struct Qwen3;

impl Family for Qwen3 {
    fn names(&self) -> &'static [&'static str] {
        &["qwen3"]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let mut base = Base::read(config)?;
        base.head_dim = config.size_or(&["head_dim"], 128)?;
        let heads = |config: &Settings<'_>, base: &Base, i: usize, of: &mut AttentionSpec| {
            let bias = config.flag("attention_bias", false)?;
            (of.bias, of.output_bias) = (bias, bias);
            let norm = rms_norm(config.positive(&["rms_norm_eps"], 1e-6)?);
            of.query_key_norm = Some(QueryKeyNorm {
                norm,
                over_all: false,
            });
            qwen_window(config, base, i, of)
        };
        let kin = Kin {
            name: "qwen3",
            eps: 1e-6,
            base: 10_000.0,
            tied: false,
            heads,
        };
        kin.architecture(config, base)
    }
}

pub(super) struct SmolLm3;

impl Family for SmolLm3 {
    fn names(&self) -> &'static [&'static str] {
        &["smollm3"]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let heads = |config: &Settings<'_>, base: &Base, i: usize, of: &mut AttentionSpec| {
            plain(config, base, i, of)?;
            // The list says 0 where there are no positions: its name is the wrong way round.
            let has_positions = match config.numbers("no_rope_layers")? {
                Some(list) if list.len() != base.layers => {
                    return Err(format!(
                        "no_rope_layers names {} layers of {}",
                        list.len(),
                        base.layers
                    ));
                }
                Some(list) => list[i] != 0.0,
                None => {
                    let every = config.size_or(&["no_rope_layer_interval"], 4)?;
                    !(i + 1).is_multiple_of(every)
                }
            };
            if !has_positions {
                of.position = Position::None;
            }
            let slides = config.flag("use_sliding_window", false)? && !has_positions;
            if sliding_layers(config, base.layers, |_| slides)?[i] {
                of.window = window(sliding_window(config, None)?);
            }
            Ok(())
        };
        let kin = Kin {
            name: "smollm3",
            eps: 1e-6,
            base: 2_000_000.0,
            tied: true,
            heads,
        };
        kin.architecture(config, Base::read(config)?)
    }
}

pub(super) struct Granite;

impl Family for Granite {
    fn names(&self) -> &'static [&'static str] {
        &["granite"]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let heads = |config: &Settings<'_>, base: &Base, i: usize, of: &mut AttentionSpec| {
            plain(config, base, i, of)?;
            of.scale = config.positive(&["attention_multiplier"], 1.0)? as f32;
            Ok(())
        };
        let kin = Kin {
            name: "granite",
            eps: 1e-6,
            base: 10_000.0,
            tied: false,
            heads,
        };
        let mut of = kin.architecture(config, Base::read(config)?)?;
        let residual = config.positive(&["residual_multiplier"], 1.0)? as f32;
        of.layers
            .iter_mut()
            .for_each(|layer| layer.residual = residual);
        of.output.scale = 1.0 / config.positive(&["logits_scaling"], 1.0)? as f32;
        of.input = InputSpec {
            scale: config.positive(&["embedding_multiplier"], 1.0)? as f32,
            ..of.input
        };
        Ok(of)
    }
}
