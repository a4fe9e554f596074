//! The description of a network in a file, and the places of its numbers: all that loading asks of a family.

use super::family::Family;
use super::settings::Settings;
use super::sources::{EndSources, LayerSources};
use crate::checkpoint::Checkpoint;
use crate::model::architecture::Architecture;
use crate::model::{Assumption, ModelError};
use serde_json::{Map, Value};

/// The description of a network in a file, and the places of its numbers.
pub(in crate::model) struct Plan<'a> {
    pub architecture: Architecture,
    /// The prefixes that the names of tensors may have.
    pub prefixes: &'a [&'a str],
    pub layers: Vec<LayerSources>,
    pub ends: EndSources,
    /// Names of tensors that are known and hold no weights end like these.
    pub buffers: &'a [&'a str],
    /// The assumptions that had to be made.
    pub assumed: Vec<Assumption>,
}

/// The tensors that old files hold beside weights: masks and tables that follow from the configuration.
const BUFFERS: [&str; 6] = [
    ".attn.bias",
    ".attn.masked_bias",
    ".attention.bias",
    ".attention.masked_bias",
    ".rotary_emb.inv_freq",
    ".attn.attention.bias",
];

/// True if a tensor of this name holds no weights, but what follows from the configuration.
pub fn is_buffer(name: &str) -> bool {
    BUFFERS.iter().any(|end| name.ends_with(end))
}

impl Plan<'static> {
    /// Of a model whose configuration is that of Hugging Face.
    pub fn of(checkpoint: &Checkpoint, config: &Map<String, Value>) -> Result<Self, ModelError> {
        let refused = |what: String| ModelError::Config {
            path: checkpoint.path().to_owned(),
            what,
        };
        // Models for pictures as well keep the settings of their text model apart.
        let text = config.get("text_config").and_then(Value::as_object);
        let config = Settings(text.unwrap_or(config));
        let family: &'static dyn Family = super::of(&config).map_err(refused)?;
        let architecture = family.architecture(&config).map_err(refused)?;
        let layers =
            (0..architecture.layers.len()).map(|i| family.layer(&architecture, &config, i));
        Ok(Self {
            layers: layers.collect(),
            ends: family.ends(&architecture, &config),
            prefixes: family.prefixes(),
            buffers: &BUFFERS,
            architecture,
            assumed: Vec::new(),
        })
    }
}
