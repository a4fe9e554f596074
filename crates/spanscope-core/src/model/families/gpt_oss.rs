//! gpt-oss: windows in every other layer, a learned sink per head, and a mixture of experts with clamped gates.

use super::base::{Base, layer, pre_norm, rms_norm, sliding_layers, sliding_window, window};
use super::family::Family;
use super::llama;
use super::rotary::{Defaults, rotary};
use super::settings::{Refusal, Settings};
use super::sources::{ExpertForm, ExpertSources, LayerSources, Source};
use crate::model::architecture::{Activation, Architecture, Experts, FeedForwardSpec};

pub(super) struct GptOss;

impl Family for GptOss {
    fn names(&self) -> &'static [&'static str] {
        &["gpt_oss"]
    }

    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal> {
        let mut base = Base::read(config)?;
        base.head_dim = config.size_or(&["head_dim"], 64)?;
        let norm = rms_norm(config.positive(&["rms_norm_eps"], 1e-5)?);
        let defaults = Defaults {
            base: 150_000.0,
            ..Defaults::default()
        };
        let mut attention = base.attention(rotary(config, base.head_dim, None, &defaults)?);
        let bias = config.flag("attention_bias", true)?;
        (attention.bias, attention.output_bias, attention.sink) = (bias, bias, true);
        let count = config.size_or(&["num_local_experts", "num_experts"], 128)?;
        let used = config.size_or(&["num_experts_per_tok", "experts_per_token"], 4)?;
        if used > count || count > 1 << 12 {
            return Err(format!("{used} experts per token of {count}"));
        }
        let inner = FeedForwardSpec {
            width: config.need(&["intermediate_size"])?,
            // x·σ(1.702x).
            activation: Activation::QuickGelu,
            gated: true,
            bias: true,
            experts: Some(Experts {
                count,
                used,
                limit: config.positive(&["swiglu_limit"], 7.0)? as f32,
            }),
        };
        let most = window(sliding_window(config, Some(128))?);
        let slides = sliding_layers(config, base.layers, |i| i % 2 == 0)?;
        let layers = slides.into_iter().map(|slides| {
            let mut attention = attention.clone();
            if slides {
                attention.window = most;
            }
            layer(attention, inner.clone(), pre_norm(norm))
        });
        base.network(config, "gpt_oss", layers.collect(), Some(norm), false)
    }

    fn layer(&self, _: &Architecture, _: &Settings<'_>, i: usize) -> LayerSources {
        let p = format!("layers.{i}.");
        let expert = |part: &str| {
            [
                format!("{p}mlp.experts.{part}"),
                format!("{p}mlp.experts.{part}_bias"),
            ]
        };
        LayerSources {
            sinks: Some(format!("{p}self_attn.sinks")),
            experts: Some(ExpertSources {
                router: Source::of(format!("{p}mlp.router")),
                form: ExpertForm::InOut,
                gate_up: expert("gate_up_proj"),
                down: expert("down_proj"),
            }),
            ..llama::sources(i)
        }
    }
}
