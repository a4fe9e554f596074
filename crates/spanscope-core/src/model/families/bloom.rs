//! BLOOM and MPT: no positions but a slope per head that is taken off scores with the distance (ALiBi).

use super::base::{Base, feed_forward, layer, layer_norm, pre_norm};
use super::family::Family;
use super::rotary::slopes;
use super::settings::{Refusal, Settings};
use super::sources::{EndSources, LayerSources, Source, head_by_head, layer_sources};
use crate::model::architecture::{Activation, Architecture, InputSpec, NormSpec, Order, Position};

pub(super) struct Bloom;

impl Family for Bloom {
    fn names(&self) -> &'static [&'static str] {
        &["bloom"]
    }

    fn prefixes(&self) -> &'static [&'static str] {
        &["transformer."]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let base = Base::read(config)?;
        let norm = layer_norm(config.positive(&["layer_norm_epsilon"], 1e-5)?);
        let mut attention = base.attention(Position::Alibi {
            slopes: slopes(base.heads),
        });
        (attention.bias, attention.output_bias) = (true, true);
        let order = Order::Sequence {
            attention: [Some(norm), None],
            feed_forward: [Some(norm), None],
            residual_of_norm: config.flag("apply_residual_connection_post_layernorm", false)?,
        };
        let inner = feed_forward(4 * base.width, Activation::GeluTanh, false, true);
        let one = layer(attention, inner, order);
        let context = config.size(&["seq_length"])?.or(base.context);
        let network = base.network(config, "bloom", vec![one; base.layers], Some(norm), true)?;
        Ok(Architecture {
            context,
            input: InputSpec {
                norm: Some(norm),
                ..InputSpec::default()
            },
            ..network
        })
    }

    fn layer(&self, of: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        let p = format!("h.{i}.");
        let [q, k, v] = head_by_head(
            &format!("{p}self_attention.query_key_value"),
            of.nb_heads(),
            of.head_dim(),
        );
        LayerSources {
            around_attention: [Some(format!("{p}input_layernorm")), None],
            around_ff: [Some(format!("{p}post_attention_layernorm")), None],
            ..layer_sources(
                [q, k, v, Source::of(format!("{p}self_attention.dense"))],
                None,
                Source::of(format!("{p}mlp.dense_h_to_4h")),
                Source::of(format!("{p}mlp.dense_4h_to_h")),
            )
        }
    }

    fn ends(&self, _: &Architecture, _: &Settings<'_>) -> EndSources {
        EndSources {
            input_norm: Some("word_embeddings_layernorm".into()),
            ..EndSources::of("word_embeddings", "ln_f")
        }
    }
}

pub(super) struct Mpt;

impl Family for Mpt {
    fn names(&self) -> &'static [&'static str] {
        &["mpt"]
    }

    fn prefixes(&self) -> &'static [&'static str] {
        &["transformer."]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let base = Base::read(config)?;
        let empty = serde_json::Map::new();
        let of = config.inner("attn_config")?.unwrap_or(Settings(&empty));
        for (name, only) in [("alibi", true), ("qk_ln", false), ("prefix_lm", false)] {
            if of.flag(name, only)? != only {
                return Err(format!(
                    "attn_config.{name} is {}; only {only} runs here",
                    !only
                ));
            }
        }
        if of.positive(&["alibi_bias_max"], 8.0)? != 8.0 {
            return Err("attn_config.alibi_bias_max is not 8, which alone runs here".into());
        }
        if config.size_or(&["expansion_ratio"], 4)? != 4 {
            return Err("expansion_ratio is not 4, which alone runs here".into());
        }
        let norm = NormSpec {
            bias: false,
            ..layer_norm(config.positive(&["layer_norm_epsilon"], 1e-5)?)
        };
        let mut attention = base.attention(Position::Alibi {
            slopes: slopes(base.heads),
        });
        attention.clamp = of.number(&["clip_qkv"])?.map(|clip| clip as f32);
        if attention
            .clamp
            .is_some_and(|clip| clip.is_nan() || clip <= 0.0)
        {
            return Err("attn_config.clip_qkv is not above 0".into());
        }
        if let Some(scale) = of.number(&["softmax_scale"])? {
            attention.scale = scale as f32;
        }
        let inner = feed_forward(4 * base.width, Activation::Gelu, false, false);
        let one = layer(attention, inner, pre_norm(norm));
        base.network(config, "mpt", vec![one; base.layers], Some(norm), true)
    }

    fn layer(&self, of: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        let p = format!("blocks.{i}.");
        let d = of.width;
        let third = |k: usize| Source::of(format!("{p}attn.Wqkv")).range(k * d..(k + 1) * d, 3 * d);
        LayerSources {
            around_attention: [Some(format!("{p}norm_1")), None],
            around_ff: [Some(format!("{p}norm_2")), None],
            ..layer_sources(
                [
                    third(0),
                    third(1),
                    third(2),
                    Source::of(format!("{p}attn.out_proj")),
                ],
                None,
                Source::of(format!("{p}ffn.up_proj")),
                Source::of(format!("{p}ffn.down_proj")),
            )
        }
    }

    fn ends(&self, _: &Architecture, _: &Settings<'_>) -> EndSources {
        EndSources::of("wte", "norm_f")
    }
}
