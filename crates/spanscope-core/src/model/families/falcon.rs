//! Falcon, in three forms: one key-value head (7B), groups of them with two norms (40B, 180B, Falcon 2), or one per head; with rotary
//! positions or slopes.

use super::base::{Base, activation, feed_forward, layer, layer_norm, pre_norm};
use super::family::Family;
use super::rotary::{Defaults, rotary, slopes};
use super::settings::{Refusal, Settings};
use super::sources::{EndSources, LayerSources, Source, head_by_head, layer_sources};
use crate::model::architecture::{Activation, Architecture, Order, Position};

pub(super) struct Falcon;

/// The layout of queries, keys and values in one matrix.
enum Form {
    /// [g queries, key, value] of every group.
    Groups,
    /// All queries, the key, the value.
    OneKey,
    /// [query, key, value] of every head.
    Heads,
}

fn form(config: &Settings<'_>) -> Result<Form, Refusal> {
    Ok(
        match (
            config.flag("new_decoder_architecture", false)?,
            config.flag("multi_query", true)?,
        ) {
            (true, _) => Form::Groups,
            (false, true) => Form::OneKey,
            (false, false) => Form::Heads,
        },
    )
}

impl Family for Falcon {
    fn names(&self) -> &'static [&'static str] {
        &["falcon", "RefinedWeb", "RefinedWebModel"]
    }

    fn prefixes(&self) -> &'static [&'static str] {
        &["transformer."]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let base = Base::read(config)?;
        // What the published files, which do not say it, were trained for.
        let base = Base {
            context: base.context.or(Some(2048)),
            ..base
        };
        let base = match form(config)? {
            Form::Groups => base,
            Form::OneKey => base.with_kv_heads(1)?,
            Form::Heads => base.with_kv_heads(base.heads)?,
        };
        let norm = layer_norm(config.positive(&["layer_norm_epsilon"], 1e-5)?);
        let scale = 1.0 / (base.head_dim as f32).sqrt();
        let position = match config.flag("alibi", false)? {
            // Taken off before the scale: rounded to 16 bits as the published code does.
            true => Position::Alibi {
                slopes: slopes(base.heads)
                    .into_iter()
                    .map(|slope| half::bf16::from_f32(slope).to_f32() * scale)
                    .collect(),
            },
            false => rotary(config, base.head_dim, None, &Defaults::default())?,
        };
        let bias = config.flag("bias", false)?;
        let mut attention = base.attention(position);
        (attention.bias, attention.output_bias) = (bias, bias);
        let inner = config.size(&["ffn_hidden_size"])?.unwrap_or(4 * base.width);
        let act = activation(config, &["activation"], Activation::Gelu)?;
        let groups = matches!(form(config)?, Form::Groups);
        let two_norms = config.size(&["num_ln_in_parallel_attn"])?.unwrap_or(2) == 2;
        let order = match groups || config.flag("parallel_attn", true)? {
            true => Order::Parallel {
                attention: norm,
                feed_forward: (groups && two_norms).then_some(norm),
            },
            false => pre_norm(norm),
        };
        let one = layer(attention, feed_forward(inner, act, false, bias), order);
        base.network(config, "falcon", vec![one; base.layers], Some(norm), true)
    }

    fn layer(&self, of: &Architecture, config: &Settings<'_>, i: usize) -> LayerSources {
        let p = format!("h.{i}.");
        let spec = &of.layers[i];
        let (h, hk, d) = (
            spec.attention.heads,
            spec.attention.kv_heads,
            spec.attention.head_dim,
        );
        let name = format!("{p}self_attention.query_key_value");
        let rows = |rows| Source::of(&name).rows(rows, (h + 2 * hk) * d);
        let [q, k, v] = match form(config) {
            Ok(Form::Heads) | Err(_) => head_by_head(&name, h, d),
            Ok(Form::OneKey | Form::Groups) => {
                let g = h / hk;
                let part = |from: usize, count: usize| {
                    let group = move |k: usize| {
                        let start = (k * (g + 2) + from) * d;
                        start..start + count * d
                    };
                    rows((0..hk).map(group).collect())
                };
                [part(0, g), part(g, 1), part(g + 1, 1)]
            }
        };
        let norms = match &spec.order {
            Order::Parallel {
                feed_forward: Some(_),
                ..
            } => ["ln_attn", "ln_mlp"],
            _ => ["input_layernorm", "post_attention_layernorm"],
        };
        LayerSources {
            around_attention: [Some(format!("{p}{}", norms[0])), None],
            around_ff: [Some(format!("{p}{}", norms[1])), None],
            ..layer_sources(
                [q, k, v, Source::of(format!("{p}self_attention.dense"))],
                None,
                Source::of(format!("{p}mlp.dense_h_to_4h")),
                Source::of(format!("{p}mlp.dense_4h_to_h")),
            )
        }
    }

    fn ends(&self, _: &Architecture, _: &Settings<'_>) -> EndSources {
        EndSources::of("word_embeddings", "ln_f")
    }
}
