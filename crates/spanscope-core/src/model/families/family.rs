//! What each family answers: what its configuration describes, and where its numbers lie.

use super::llama;
use super::settings::{Refusal, Settings};
use super::sources::{EndSources, LayerSources};
use crate::model::architecture::Architecture;

/// A family of networks that Hugging Face's `config.json` describes.
pub(in crate::model) trait Family: Sync {
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
