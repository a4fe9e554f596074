//! Architectures in files: an adaptive-span network's own configuration, as its files have always had it, or all fields.

use super::{Architecture, FamilyId, InputSpec, LayerSpec, OutputSpec};
use crate::model::families::adaptive_span::Config;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// What a file holds of an architecture: an adaptive-span network's own configuration, or all of it.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Stored {
    AdaptiveSpan(Config),
    Other(Plain),
}

/// [`Architecture`], field by field.
#[derive(Serialize, Deserialize)]
pub(super) struct Plain {
    family: FamilyId,
    vocab_size: usize,
    width: usize,
    context: Option<usize>,
    input: InputSpec,
    layers: Vec<LayerSpec>,
    output: OutputSpec,
}

impl From<Architecture> for Stored {
    fn from(of: Architecture) -> Self {
        match of.own {
            Some(config) => Self::AdaptiveSpan(config),
            None => Self::Other(Plain {
                family: of.family,
                vocab_size: of.vocab_size,
                width: of.width,
                context: of.context,
                input: of.input,
                layers: of.layers,
                output: of.output,
            }),
        }
    }
}

impl<'de> Deserialize<'de> for Architecture {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(from)?;
        // An adaptive-span network's own configuration names no family.
        if value.get("family").is_none() {
            let config: Config = serde_json::from_value(value).map_err(D::Error::custom)?;
            return match config.cannot_be() {
                Some(what) => Err(D::Error::custom(what)),
                None => Ok(Self::from(&config)),
            };
        }
        let of: Plain = serde_json::from_value(value).map_err(D::Error::custom)?;
        Ok(Self {
            family: of.family,
            vocab_size: of.vocab_size,
            width: of.width,
            context: of.context,
            input: of.input,
            layers: of.layers,
            output: of.output,
            own: None,
        })
    }
}
