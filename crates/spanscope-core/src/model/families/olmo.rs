//! OLMo 2 and 3: norms only after the sublayers, and over all of the queries and keys at once. OLMo 3 has windows in three of four
//! layers, and stretched positions in the fourth.

use super::base::{
    Base, activation, feed_forward, layer, rms_norm, sliding_layers, sliding_window, window,
};
use super::family::Family;
use super::llama;
use super::rotary::{Defaults, plain, rotary};
use super::settings::{Refusal, Settings};
use super::sources::LayerSources;
use crate::model::architecture::{
    Activation, Architecture, AttentionSpec, LayerSpec, Order, Position, QueryKeyNorm,
};

fn layer_of(config: &Settings<'_>, base: &Base, position: Position) -> Result<LayerSpec, Refusal> {
    let norm = rms_norm(config.positive(&["rms_norm_eps"], 1e-5)?);
    let bias = config.flag("attention_bias", false)?;
    let attention = AttentionSpec {
        query_key_norm: Some(QueryKeyNorm {
            norm,
            over_all: true,
        }),
        bias,
        output_bias: bias,
        ..base.attention(position)
    };
    let act = activation(config, &["hidden_act"], Activation::Silu)?;
    let inner = feed_forward(config.need(&["intermediate_size"])?, act, true, false);
    let order = Order::Sequence {
        attention: [None, Some(norm)],
        feed_forward: [None, Some(norm)],
        residual_of_norm: false,
    };
    Ok(layer(attention, inner, order))
}

fn network(
    name: &str,
    config: &Settings<'_>,
    base: &Base,
    layers: Vec<LayerSpec>,
) -> Result<Architecture, Refusal> {
    let norm = rms_norm(config.positive(&["rms_norm_eps"], 1e-5)?);
    base.network(config, name, layers, Some(norm), false)
}

fn sources(i: usize) -> LayerSources {
    let name = |part: &str| Some(format!("layers.{i}.post_{part}_layernorm"));
    LayerSources {
        around_attention: [None, name("attention")],
        around_ff: [None, name("feedforward")],
        ..llama::sources(i)
    }
}

pub(super) struct Olmo2;

impl Family for Olmo2 {
    fn names(&self) -> &'static [&'static str] {
        &["olmo2"]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let base = Base::read(config)?;
        let position = rotary(config, base.head_dim, None, &Defaults::default())?;
        let layers = vec![layer_of(config, &base, position)?; base.layers];
        network("olmo2", config, &base, layers)
    }

    fn layer(&self, _: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        sources(i)
    }
}

pub(super) struct Olmo3;

/// θ where the configuration says none, and of the sliding layers of configurations of old, whatever they say.
const BASE: f64 = 500_000.0;

impl Family for Olmo3 {
    fn names(&self) -> &'static [&'static str] {
        &["olmo3"]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let base = Base::read(config)?;
        let defaults = Defaults {
            base: BASE,
            ..Defaults::default()
        };
        let full = layer_of(
            config,
            &base,
            rotary(config, base.head_dim, Some("full_attention"), &defaults)?,
        )?;
        let position = match config.inner("rope_parameters")? {
            Some(of) if of.get("sliding_attention").is_some() => {
                rotary(config, base.head_dim, Some("sliding_attention"), &defaults)?
            }
            Some(of) => plain(of.positive(&["rope_theta"], BASE)?, base.head_dim),
            None => plain(BASE, base.head_dim),
        };
        let mut sliding = layer_of(config, &base, position)?;
        sliding.attention.window = window(sliding_window(config, Some(4096))?);
        let slides = sliding_layers(config, base.layers, |i| !(i + 1).is_multiple_of(4))?;
        let layers = slides.into_iter().map(|slides| {
            if slides {
                sliding.clone()
            } else {
                full.clone()
            }
        });
        network("olmo3", config, &base, layers.collect())
    }

    fn layer(&self, _: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        sources(i)
    }
}
