//! Phi-1, 1.5 and 2: both sublayers from one normed copy, rotary positions on part of every head, biases everywhere, the head's too.
//! Phi-3 and 4 are Llama's kin with fused rows.

use super::base::{
    Base, activation, feed_forward, layer, layer_norm, pre_norm, rms_norm, sliding_window, window,
};
use super::family::Family;
use super::llama;
use super::rotary::{Defaults, rotary};
use super::settings::{Refusal, Settings};
use super::sources::{EndSources, LayerSources, Source, layer_sources};
use crate::model::architecture::{Activation, Architecture, Order, OutputSpec, QueryKeyNorm};

pub(super) struct Phi;

impl Family for Phi {
    fn names(&self) -> &'static [&'static str] {
        &["phi"]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let base = Base::read(config)?;
        let norm = layer_norm(config.positive(&["layer_norm_eps"], 1e-5)?);
        let defaults = Defaults {
            part: 0.5,
            ..Defaults::default()
        };
        let mut attention = base.attention(rotary(config, base.head_dim, None, &defaults)?);
        (attention.bias, attention.output_bias) = (true, true);
        if config.flag("qk_layernorm", false)? {
            attention.query_key_norm = Some(QueryKeyNorm {
                norm,
                over_all: false,
            });
        }
        let inner = config
            .size(&["intermediate_size"])?
            .unwrap_or(4 * base.width);
        let act = activation(config, &["hidden_act"], Activation::GeluTanh)?;
        let order = Order::Parallel {
            attention: norm,
            feed_forward: None,
        };
        let one = layer(attention, feed_forward(inner, act, false, true), order);
        let network = base.network(config, "phi", vec![one; base.layers], Some(norm), false)?;
        Ok(Architecture {
            output: OutputSpec {
                bias: true,
                ..network.output.clone()
            },
            ..network
        })
    }

    fn layer(&self, _: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        let p = format!("layers.{i}.");
        let part = |name: &str| Source::of(format!("{p}self_attn.{name}"));
        LayerSources {
            around_attention: [Some(format!("{p}input_layernorm")), None],
            query_norm: Some(format!("{p}self_attn.q_layernorm")),
            key_norm: Some(format!("{p}self_attn.k_layernorm")),
            ..layer_sources(
                [
                    part("q_proj"),
                    part("k_proj"),
                    part("v_proj"),
                    part("dense"),
                ],
                None,
                Source::of(format!("{p}mlp.fc1")),
                Source::of(format!("{p}mlp.fc2")),
            )
        }
    }

    fn ends(&self, _: &Architecture, _: &Settings<'_>) -> EndSources {
        EndSources {
            norm: Some("final_layernorm".into()),
            ..llama::ends()
        }
    }
}

pub(super) struct Phi3;

impl Family for Phi3 {
    fn names(&self) -> &'static [&'static str] {
        &["phi3"]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let base = Base::read(config)?;
        let norm = rms_norm(config.positive(&["rms_norm_eps"], 1e-5)?);
        let mut attention = base.attention(rotary(
            &renamed(config).as_settings(),
            base.head_dim,
            None,
            &Defaults::default(),
        )?);
        attention.window = window(sliding_window(config, None)?);
        let inner = config.need(&["intermediate_size"])?;
        let act = activation(config, &["hidden_act"], Activation::Silu)?;
        let one = layer(
            attention,
            feed_forward(inner, act, true, false),
            pre_norm(norm),
        );
        base.network(config, "phi3", vec![one; base.layers], Some(norm), false)
    }

    fn layer(&self, of: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        let attention = &of.layers[i].attention;
        let (queries, keys) = (
            attention.heads * attention.head_dim,
            attention.kv_heads * attention.head_dim,
        );
        let all = queries + 2 * keys;
        let inner = of.feed_forward();
        let rows = |from: usize, count: usize| {
            Source::of(format!("layers.{i}.self_attn.qkv_proj")).range(from..from + count, all)
        };
        let half = |k: usize| {
            Source::of(format!("layers.{i}.mlp.gate_up_proj"))
                .range(k * inner..(k + 1) * inner, 2 * inner)
        };
        let llama = llama::sources(i);
        LayerSources {
            query: rows(0, queries),
            key: rows(queries, keys),
            value: rows(queries + keys, keys),
            gate: Some(half(0)),
            up: half(1),
            ..llama
        }
    }
}

/// Phi-3's configuration with the name that others have for its scaling: `su` and `yarn` mean `longrope` here, and the length that it
/// was trained for stands beside it.
struct Renamed(serde_json::Map<String, serde_json::Value>);

impl Renamed {
    fn as_settings(&self) -> Settings<'_> {
        Settings(&self.0)
    }
}

fn renamed(config: &Settings<'_>) -> Renamed {
    let mut own = config.0.clone();
    let old = own.get("original_max_position_embeddings").cloned();
    for name in ["rope_scaling", "rope_parameters"] {
        let Some(serde_json::Value::Object(scaling)) = own.get_mut(name) else {
            continue;
        };
        for field in ["type", "rope_type"] {
            if let Some(kind) = scaling.get_mut(field)
                && matches!(kind.as_str(), Some("su" | "yarn"))
            {
                *kind = "longrope".into();
            }
        }
        if let (Some(old), false) = (
            &old,
            scaling.contains_key("original_max_position_embeddings"),
        ) {
            scaling.insert("original_max_position_embeddings".into(), old.clone());
        }
    }
    own.entry("original_max_position_embeddings")
        .or_insert(4096.into());
    Renamed(own)
}
