//! OPT: learned positions from row 2 on, LayerNorm before the sublayers, or after them in the model of 350M, whose embeddings are
//! narrower than its layers.

use super::base::{Base, activation, feed_forward, layer, layer_norm, pre_norm};
use super::family::Family;
use super::settings::{Refusal, Settings};
use super::sources::{EndSources, LayerSources, Source, layer_sources};
use crate::model::architecture::{
    Activation, Architecture, InputSpec, LearnedPositions, Order, Position,
};

pub(super) struct Opt;

impl Family for Opt {
    fn names(&self) -> &'static [&'static str] {
        &["opt"]
    }

    fn prefixes(&self) -> &'static [&'static str] {
        &["model.decoder.", "decoder."]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let base = Base::read(config)?;
        let norm = layer_norm(1e-5);
        let positions = config.size_or(&["max_position_embeddings"], 2048)?;
        let bias = config.flag("enable_bias", true)?;
        let mut attention = base.attention(Position::None);
        (attention.bias, attention.output_bias) = (bias, bias);
        let act = activation(config, &["activation_function"], Activation::Relu)?;
        let inner = config.size(&["ffn_dim"])?.unwrap_or(4 * base.width);
        let before = config.flag("do_layer_norm_before", true)?;
        let order = if before {
            pre_norm(norm)
        } else {
            Order::AfterNorm(norm)
        };
        let one = layer(attention, feed_forward(inner, act, false, bias), order);
        let has_last = before && !config.flag("_remove_final_layer_norm", false)?;
        let network = base.network(
            config,
            "opt",
            vec![one; base.layers],
            has_last.then_some(norm),
            true,
        )?;
        let narrow = config
            .size(&["word_embed_proj_dim"])?
            .filter(|width| *width != base.width);
        Ok(Architecture {
            context: Some(positions),
            input: InputSpec {
                positions: Some(LearnedPositions {
                    count: positions,
                    first: 2,
                }),
                narrow,
                ..InputSpec::default()
            },
            ..network
        })
    }

    fn layer(&self, of: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        let p = format!("layers.{i}.");
        let part = |name: &str| Source::of(format!("{p}self_attn.{name}_proj"));
        let norms = [
            format!("{p}self_attn_layer_norm"),
            format!("{p}final_layer_norm"),
        ];
        let [first, second] = norms.clone();
        let follows = matches!(of.layers[i].order, Order::AfterNorm(_));
        LayerSources {
            around_attention: [Some(first), None],
            around_ff: [Some(second), None],
            after_sums: follows.then_some(norms),
            ..layer_sources(
                [part("q"), part("k"), part("v"), part("out")],
                None,
                Source::of(format!("{p}fc1")),
                Source::of(format!("{p}fc2")),
            )
        }
    }

    fn ends(&self, _: &Architecture, _: &Settings<'_>) -> EndSources {
        EndSources {
            positions: Some("embed_positions".into()),
            narrow: Some(["project_in".into(), "project_out".into()]),
            ..EndSources::of("embed_tokens", "final_layer_norm")
        }
    }
}
