//! GPT-Neo: GPT-2's skeleton with plain linears, scores that are not scaled, and a window in every other layer.

use super::base::{Base, activation, feed_forward, layer, layer_norm, pre_norm};
use super::family::Family;
use super::settings::{Refusal, Settings};
use super::sources::{EndSources, LayerSources, Source, layer_sources};
use crate::model::architecture::{
    Activation, Architecture, InputSpec, LearnedPositions, Position, Window,
};
use crate::shown::shown;
use serde_json::Value;

pub(super) struct GptNeo;

/// The flag of each layer, true if it has a window: `attention_types` is a list of [kinds, how often these are repeated].
fn local_layers(config: &Settings<'_>, layers: usize) -> Result<Vec<bool>, Refusal> {
    let kinds = match (
        config.list("attention_layers")?,
        config.list("attention_types")?,
    ) {
        (Some(kinds), _) => kinds.iter().map(Value::as_str).collect::<Vec<_>>(),
        (None, Some(types)) => {
            let mut kinds = Vec::new();
            for of in types {
                let pair = of.as_array().filter(|pair| pair.len() == 2);
                let part = pair.and_then(|pair| Some((pair[0].as_array()?, pair[1].as_u64()?)));
                let (part, times) = part.ok_or("attention_types is no list of [kinds, times]")?;
                for _ in 0..times.min(layers as u64 + 1) {
                    kinds.extend(part.iter().map(Value::as_str));
                }
            }
            kinds
        }
        (None, None) => (0..layers)
            .map(|i| Some(["global", "local"][i % 2]))
            .collect(),
    };
    if kinds.len() != layers {
        return Err(format!(
            "attention_types names {} layers of {layers}",
            kinds.len()
        ));
    }
    let local = kinds.into_iter().map(|kind| match kind {
        Some("global") => Ok(false),
        Some("local") => Ok(true),
        other => Err(format!(
            "attention_types has {}; global and local run here",
            shown(other.unwrap_or("what is no word"))
        )),
    });
    local.collect()
}

impl Family for GptNeo {
    fn names(&self) -> &'static [&'static str] {
        &["gpt_neo"]
    }

    fn prefixes(&self) -> &'static [&'static str] {
        &["transformer."]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let base = Base::read(config)?;
        let norm = layer_norm(config.positive(&["layer_norm_epsilon"], 1e-5)?);
        let positions = config.size_or(&["max_position_embeddings"], 2048)?;
        let inner = config
            .size(&["intermediate_size"])?
            .unwrap_or(4 * base.width);
        let act = activation(config, &["activation_function"], Activation::GeluTanh)?;
        let width = config.size_or(&["window_size"], 256)?;
        let layers = local_layers(config, base.layers)?
            .into_iter()
            .map(|is_local| {
                let mut attention = base.attention(Position::None);
                attention.scale = 1.0;
                attention.output_bias = true;
                if is_local {
                    attention.window = Window::Fixed(width);
                }
                layer(
                    attention,
                    feed_forward(inner, act, false, true),
                    pre_norm(norm),
                )
            });
        let network = base.network(config, "gpt_neo", layers.collect(), Some(norm), true)?;
        Ok(Architecture {
            context: Some(positions),
            input: InputSpec {
                positions: Some(LearnedPositions {
                    count: positions,
                    first: 0,
                }),
                ..InputSpec::default()
            },
            ..network
        })
    }

    fn layer(&self, _: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        let part = |name: &str| Source::of(format!("h.{i}.attn.attention.{name}_proj"));
        LayerSources {
            around_attention: [Some(format!("h.{i}.ln_1")), None],
            around_ff: [Some(format!("h.{i}.ln_2")), None],
            ..layer_sources(
                [part("q"), part("k"), part("v"), part("out")],
                None,
                Source::of(format!("h.{i}.mlp.c_fc")),
                Source::of(format!("h.{i}.mlp.c_proj")),
            )
        }
    }

    fn ends(&self, _: &Architecture, _: &Settings<'_>) -> EndSources {
        EndSources {
            positions: Some("wpe".into()),
            ..EndSources::of("wte", "ln_f")
        }
    }
}
