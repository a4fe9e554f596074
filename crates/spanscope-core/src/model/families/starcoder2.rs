//! StarCoder 2: Llama's skeleton with LayerNorm, plain neurons, biases and windows.

use super::base::{
    Base, activation, feed_forward, layer, layer_norm, pre_norm, sliding_window, window,
};
use super::family::Family;
use super::rotary::{Defaults, rotary};
use super::settings::{Refusal, Settings};
use super::sources::{LayerSources, Source, layer_sources};
use crate::model::architecture::{Activation, Architecture};

pub(super) struct StarCoder2;

impl Family for StarCoder2 {
    fn names(&self) -> &'static [&'static str] {
        &["starcoder2"]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let base = Base::read(config)?;
        let norm = layer_norm(config.positive(&["norm_epsilon"], 1e-5)?);
        let bias = config.flag("use_bias", true)?;
        let mut attention =
            base.attention(rotary(config, base.head_dim, None, &Defaults::default())?);
        (attention.bias, attention.output_bias) = (bias, bias);
        attention.window = window(sliding_window(config, None)?);
        let inner = config
            .size(&["intermediate_size"])?
            .unwrap_or(4 * base.width);
        let act = activation(config, &["hidden_act"], Activation::GeluTanh)?;
        let one = layer(
            attention,
            feed_forward(inner, act, false, bias),
            pre_norm(norm),
        );
        base.network(
            config,
            "starcoder2",
            vec![one; base.layers],
            Some(norm),
            true,
        )
    }

    fn layer(&self, _: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        let p = format!("layers.{i}.");
        let part = |name: &str| Source::of(format!("{p}self_attn.{name}_proj"));
        LayerSources {
            around_attention: [Some(format!("{p}input_layernorm")), None],
            around_ff: [Some(format!("{p}post_attention_layernorm")), None],
            ..layer_sources(
                [part("q"), part("k"), part("v"), part("o")],
                None,
                Source::of(format!("{p}mlp.c_fc")),
                Source::of(format!("{p}mlp.c_proj")),
            )
        }
    }
}
