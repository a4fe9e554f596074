//! The families of networks: each knows the names of its tensors and the words of its configuration, and nobody else does.
//!
//! A new family is a file here and a line in [`FAMILIES`].

pub mod adaptive_span;
mod base;
mod bloom;
mod falcon;
mod family;
mod foreign;
mod gemma;
mod gguf;
mod gpt2;
mod gpt_neo;
mod gpt_neox;
mod gpt_oss;
mod llama;
pub(super) mod missing;
mod olmo;
mod opt;
mod phi;
pub(super) mod plan;
mod rotary;
pub(super) mod settings;
pub(super) mod sources;
mod starcoder2;

use crate::shown::shown;
use family::Family;
use settings::{Refusal, Settings};

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
