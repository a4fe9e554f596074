//! The families of networks: each knows the names of its tensors and the words of its configuration, and nobody else does.
//!
//! A new family is a file here and a line in [`FAMILIES`].

pub mod adaptive_span;
mod base;
mod bloom;
mod falcon;
pub(super) mod foreign;
mod gemma;
mod gguf;
mod gpt2;
mod gpt_neo;
mod gpt_neox;
mod gpt_oss;
mod llama;
mod olmo;
mod opt;
mod phi;
pub(super) mod plan;
mod rotary;
pub(super) mod settings;
pub(super) mod sources;
mod starcoder2;

use super::architecture::Architecture;
use crate::shown::shown;
use settings::{Refusal, Settings};
use sources::{EndSources, LayerSources, Source};

/// A family of networks that Hugging Face's `config.json` describes.
pub(super) trait Family: Sync {
    /// Its names there: `model_type`.
    fn names(&self) -> &'static [&'static str];

    /// The prefixes that the names of its tensors may have.
    fn prefixes(&self) -> &'static [&'static str] {
        &["model."]
    }

    /// The architecture that a configuration describes.
    ///
    /// # Errors
    /// In words, what is missing, cannot be, or does not run here.
    fn architecture(&self, config: &Settings<'_>) -> Result<Architecture, Refusal>;

    /// The places of the numbers of layer `i`.
    fn layer(&self, of: &Architecture, config: &Settings<'_>, i: usize) -> LayerSources {
        let _ = (of, config);
        llama::sources(i)
    }

    /// The places of the numbers before and after the layers.
    fn ends(&self, of: &Architecture, config: &Settings<'_>) -> EndSources {
        let _ = (of, config);
        llama::ends()
    }
}

/// All families, by their age.
pub(super) static FAMILIES: &[&dyn Family] = &[
    &gpt2::Gpt2,
    &gpt_neo::GptNeo,
    &gpt_neox::GptNeoX,
    &opt::Opt,
    &bloom::Bloom,
    &bloom::Mpt,
    &falcon::Falcon,
    &phi::Phi,
    &phi::Phi3,
    &llama::Llama,
    &llama::Mistral,
    &llama::Qwen2,
    &llama::Qwen3,
    &llama::SmolLm3,
    &llama::Granite,
    &gemma::Gemma2,
    &gemma::Gemma3,
    &olmo::Olmo2,
    &olmo::Olmo3,
    &starcoder2::StarCoder2,
    &gpt_oss::GptOss,
];

/// The family that a configuration names.
///
/// # Errors
/// When it names none, or one that does not run here.
pub(super) fn of(config: &Settings<'_>) -> Result<&'static dyn Family, Refusal> {
    let named = config.word(&["model_type"])?;
    let known = |name: &str| {
        FAMILIES
            .iter()
            .find(|family| family.names().contains(&name))
    };
    match named {
        Some(name) => known(name).copied().ok_or_else(|| {
            format!(
                "its model_type is {}; those that run here are: {}",
                shown(name),
                names().join(", ")
            )
        }),
        None => Err(format!(
            "it says no model_type; those that run here are: {}",
            names().join(", ")
        )),
    }
}

/// The names of all families, those of adaptive span first.
pub fn names() -> Vec<&'static str> {
    let others = FAMILIES
        .iter()
        .filter_map(|family| family.names().first().copied());
    std::iter::once(super::architecture::FamilyId::ADAPTIVE_SPAN)
        .chain(others)
        .collect()
}

/// A layer of queries, keys, values and output, of gates, ups and downs, with nothing else.
fn layer_sources(
    attention: [Source; 4],
    gate: Option<Source>,
    up: Source,
    down: Source,
) -> LayerSources {
    let [query, key, value, output] = attention;
    LayerSources {
        query,
        key,
        value,
        output,
        around_attention: [None, None],
        around_ff: [None, None],
        after_sums: None,
        query_norm: None,
        key_norm: None,
        sinks: None,
        gate,
        up,
        down,
        experts: None,
    }
}

/// Queries, keys and values in one tensor that has [query, key, value] of every head, d rows each.
fn head_by_head(name: &str, heads: usize, d: usize) -> [Source; 3] {
    [0, 1, 2].map(|part| {
        let of_head = |head: usize| {
            let start = (3 * head + part) * d;
            start..start + d
        };
        Source::of(name).rows((0..heads).map(of_head).collect(), 3 * heads * d)
    })
}
