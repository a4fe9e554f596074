//! Gemma 2 and 3: RMSNorm before and after the sublayers with weights stored less one, GeGLU, embeddings times √D, windows in most
//! layers. Gemma 2 caps scores and logits; Gemma 3 norms queries and keys and has rotary positions of two kinds.

use super::base::{
    Base, activation, feed_forward, layer, rms_norm, sliding_layers, sliding_window, window,
};
use super::family::Family;
use super::llama;
use super::rotary::{Defaults, plain, rotary};
use super::settings::{Refusal, Settings};
use super::sources::LayerSources;
use crate::model::architecture::{
    Activation, Architecture, FeedForwardSpec, InputSpec, NormSpec, Order, OutputSpec, QueryKeyNorm,
};

fn norm(config: &Settings<'_>) -> Result<NormSpec, Refusal> {
    Ok(NormSpec {
        one_more: true,
        ..rms_norm(config.positive(&["rms_norm_eps"], 1e-6)?)
    })
}

/// The settings that both have in common.
struct Common {
    base: Base,
    norm: NormSpec,
    scale: f32,
    feed_forward: FeedForwardSpec,
    order: Order,
}

fn common(config: &Settings<'_>) -> Result<Common, Refusal> {
    if config.flag("use_bidirectional_attention", false)? {
        return Err("use_bidirectional_attention: its heads see what comes later, and only causal models run here".into());
    }
    let mut base = Base::read(config)?;
    base.head_dim = config.size_or(&["head_dim"], 256)?;
    let norm = norm(config)?;
    let act = activation(config, &["hidden_activation"], Activation::GeluTanh)?;
    Ok(Common {
        base,
        norm,
        scale: 1.0 / config.positive(&["query_pre_attn_scalar"], 256.0)?.sqrt() as f32,
        feed_forward: feed_forward(config.need(&["intermediate_size"])?, act, true, false),
        order: Order::Sequence {
            attention: [Some(norm); 2],
            feed_forward: [Some(norm); 2],
            residual_of_norm: false,
        },
    })
}

fn finish(config: &Settings<'_>, network: Architecture) -> Result<Architecture, Refusal> {
    Ok(Architecture {
        input: InputSpec {
            scale: (network.width as f32).sqrt(),
            ..InputSpec::default()
        },
        output: OutputSpec {
            cap: cap(config, "final_logit_softcapping")?,
            ..network.output.clone()
        },
        ..network
    })
}

/// c of a soft cap, or none.
fn cap(config: &Settings<'_>, name: &str) -> Result<Option<f32>, Refusal> {
    match config.number(&[name])? {
        Some(cap) if cap > 0.0 => Ok(Some(cap as f32)),
        Some(cap) => Err(format!("{name} is {cap}; a number above 0 expected")),
        None => Ok(None),
    }
}

/// The tensors of a layer: Llama's, and norms after the sublayers.
fn sources(i: usize) -> LayerSources {
    let name = |part: &str| Some(format!("layers.{i}.{part}_layernorm"));
    LayerSources {
        around_attention: [name("input"), name("post_attention")],
        around_ff: [name("pre_feedforward"), name("post_feedforward")],
        ..llama::sources(i)
    }
}

pub(super) struct Gemma2;

impl Family for Gemma2 {
    fn names(&self) -> &'static [&'static str] {
        &["gemma2"]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let of = common(config)?;
        let mut attention = of.base.attention(rotary(
            config,
            of.base.head_dim,
            None,
            &Defaults::default(),
        )?);
        attention.scale = of.scale;
        // The published files say both caps; where they are absent they are these, and where null there are none.
        attention.score_cap = match config.0.contains_key("attn_logit_softcapping") {
            true => cap(config, "attn_logit_softcapping")?,
            false => Some(50.0),
        };
        let most = window(sliding_window(config, Some(4096))?);
        let slides = sliding_layers(config, of.base.layers, |i| i % 2 == 0)?;
        let layers = slides.into_iter().map(|slides| {
            let mut attention = attention.clone();
            if slides {
                attention.window = most;
            }
            layer(attention, of.feed_forward.clone(), of.order.clone())
        });
        let mut network = finish(
            config,
            of.base
                .network(config, "gemma2", layers.collect(), Some(of.norm), true)?,
        )?;
        if !config.0.contains_key("final_logit_softcapping") {
            network.output.cap = Some(30.0);
        }
        Ok(network)
    }

    fn layer(&self, _: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        sources(i)
    }
}

pub(super) struct Gemma3;

impl Family for Gemma3 {
    fn names(&self) -> &'static [&'static str] {
        &["gemma3_text"]
    }

    fn prefixes(&self) -> &'static [&'static str] {
        &[
            "model.",
            "language_model.model.",
            "model.language_model.",
            "language_model.",
        ]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let of = common(config)?;
        let d = of.base.head_dim;
        let far = Defaults {
            base: 1_000_000.0,
            ..Defaults::default()
        };
        let full = rotary(config, d, Some("full_attention"), &far)?;
        let sliding = match config.inner("rope_parameters")? {
            Some(_) => rotary(config, d, Some("sliding_attention"), &Defaults::default())?,
            None => plain(config.positive(&["rope_local_base_freq"], 10_000.0)?, d),
        };
        let most = window(sliding_window(config, Some(4096))?);
        let every = config.size_or(&["sliding_window_pattern", "_sliding_window_pattern"], 6)?;
        let slides = sliding_layers(config, of.base.layers, |i| !(i + 1).is_multiple_of(every))?;
        let layers = slides.into_iter().map(|slides| {
            let mut attention = of.base.attention(if slides {
                sliding.clone()
            } else {
                full.clone()
            });
            attention.scale = of.scale;
            attention.query_key_norm = Some(QueryKeyNorm {
                norm: of.norm,
                over_all: false,
            });
            if slides {
                attention.window = most;
            }
            layer(attention, of.feed_forward.clone(), of.order.clone())
        });
        finish(
            config,
            of.base
                .network(config, "gemma3_text", layers.collect(), Some(of.norm), true)?,
        )
    }

    fn layer(&self, _: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        sources(i)
    }
}
