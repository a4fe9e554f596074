//! GPT-2: learned positions, LayerNorm before the sublayers, one matrix for queries, keys and values stored in × out.

use super::base::{Base, activation, feed_forward, layer, layer_norm, pre_norm};
use super::family::Family;
use super::settings::{Refusal, Settings};
use super::sources::{EndSources, LayerSources, Source, layer_sources};
use crate::model::architecture::{Activation, Architecture, InputSpec, LearnedPositions, Position};

pub(super) struct Gpt2;

impl Family for Gpt2 {
    fn names(&self) -> &'static [&'static str] {
        &["gpt2"]
    }

    fn prefixes(&self) -> &'static [&'static str] {
        &["transformer."]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let base = Base::read(config)?;
        let norm = layer_norm(config.positive(&["layer_norm_epsilon"], 1e-5)?);
        let positions = config.size_or(&["n_positions", "n_ctx"], 1024)?;
        let inner = config.size(&["n_inner"])?.unwrap_or(4 * base.width);
        let act = activation(config, &["activation_function"], Activation::GeluTanh)?;
        let is_scaled = config.flag("scale_attn_weights", true)?;
        let by_layer = config.flag("scale_attn_by_inverse_layer_idx", false)?;
        let layers = (0..base.layers).map(|i| {
            let mut attention = base.attention(Position::None);
            (attention.bias, attention.output_bias) = (true, true);
            if !is_scaled {
                attention.scale = 1.0;
            }
            if by_layer {
                attention.scale /= (i + 1) as f32;
            }
            layer(
                attention,
                feed_forward(inner, act, false, true),
                pre_norm(norm),
            )
        });
        let network = base.network(config, "gpt2", layers.collect(), Some(norm), true)?;
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

    fn layer(&self, of: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        let d = of.width;
        // D × 3D: queries, keys and values side by side.
        let third = |k: usize| {
            Source::of(format!("h.{i}.attn.c_attn"))
                .transposed()
                .range(k * d..(k + 1) * d, 3 * d)
        };
        LayerSources {
            around_attention: [Some(format!("h.{i}.ln_1")), None],
            around_ff: [Some(format!("h.{i}.ln_2")), None],
            ..layer_sources(
                [
                    third(0),
                    third(1),
                    third(2),
                    Source::of(format!("h.{i}.attn.c_proj")).transposed(),
                ],
                None,
                Source::of(format!("h.{i}.mlp.c_fc")).transposed(),
                Source::of(format!("h.{i}.mlp.c_proj")).transposed(),
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
