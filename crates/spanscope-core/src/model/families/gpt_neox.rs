//! GPT-NeoX, Pythia: rotary positions on part of every head, both sublayers from the same stream, rows of queries, keys and values
//! head by head.

use super::base::{Base, activation, feed_forward, layer, layer_norm, pre_norm};
use super::family::Family;
use super::rotary::{Defaults, rotary};
use super::settings::{Refusal, Settings};
use super::sources::{EndSources, LayerSources, Source, head_by_head, layer_sources};
use crate::model::architecture::{Activation, Architecture, Order};

pub(super) struct GptNeoX;

impl Family for GptNeoX {
    fn names(&self) -> &'static [&'static str] {
        &["gpt_neox"]
    }

    fn prefixes(&self) -> &'static [&'static str] {
        &["gpt_neox."]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let base = Base::read(config)?;
        let norm = layer_norm(config.positive(&["layer_norm_eps"], 1e-5)?);
        let defaults = Defaults {
            part: 0.25,
            ..Defaults::default()
        };
        let mut attention = base.attention(rotary(config, base.head_dim, None, &defaults)?);
        let bias = config.flag("attention_bias", true)?;
        (attention.bias, attention.output_bias) = (bias, bias);
        let inner = config
            .size(&["intermediate_size"])?
            .unwrap_or(4 * base.width);
        let act = activation(config, &["hidden_act"], Activation::Gelu)?;
        let order = match config.flag("use_parallel_residual", true)? {
            true => Order::Parallel {
                attention: norm,
                feed_forward: Some(norm),
            },
            false => pre_norm(norm),
        };
        let one = layer(attention, feed_forward(inner, act, false, true), order);
        base.network(
            config,
            "gpt_neox",
            vec![one; base.layers],
            Some(norm),
            false,
        )
    }

    fn layer(&self, of: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        let p = format!("layers.{i}.");
        let [q, k, v] = head_by_head(
            &format!("{p}attention.query_key_value"),
            of.nb_heads(),
            of.head_dim(),
        );
        LayerSources {
            around_attention: [Some(format!("{p}input_layernorm")), None],
            around_ff: [Some(format!("{p}post_attention_layernorm")), None],
            ..layer_sources(
                [q, k, v, Source::of(format!("{p}attention.dense"))],
                None,
                Source::of(format!("{p}mlp.dense_h_to_4h")),
                Source::of(format!("{p}mlp.dense_4h_to_h")),
            )
        }
    }

    fn ends(&self, _: &Architecture, _: &Settings<'_>) -> EndSources {
        EndSources {
            head: vec!["embed_out".into(), "lm_head".into()],
            ..EndSources::of("embed_in", "final_layer_norm")
        }
    }
}
