//! Architectures in files: an adaptive-span network's own configuration, as its files have always had it, or all fields.

use super::{
    Architecture, AttentionSpec, FamilyId, InputSpec, LayerSpec, OutputSpec, Outside, Position,
    Window,
};
use crate::model::families::adaptive_span::Config;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// The form in which a file holds an architecture: an adaptive-span network's own configuration, or all of it.
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
        if let Some(what) = of.cannot_be() {
            return Err(D::Error::custom(what));
        }
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

/// The most layers, heads of a layer, and features of a head that are believed where a file says them beside its tensors.
const MOST: usize = 1 << 14;

/// The most heads of all layers.
const MOST_HEADS: usize = 1 << 18;

/// The widest layer, the longest window and the most tokens that are.
const WIDEST: usize = 1 << 24;

/// True if heads have what only adaptive-span networks have.
fn is_learned(of: &AttentionSpec) -> bool {
    matches!(of.window, Window::Soft { .. })
        || matches!(of.position, Position::Relative { .. })
        || of.outside == Outside::EmptyContext
        || of.persistent > 0
}

impl Plain {
    /// Why no network can be so: what is measured on its heads is indexed by these numbers.
    fn cannot_be(&self) -> Option<&'static str> {
        let within =
            |numbers: &[usize], most: usize| numbers.iter().all(|n| (1..=most).contains(n));
        let Some(first) = self.layers.first() else {
            return Some("it has no layers");
        };
        let of_first = &first.attention;
        let is_like = |layer: &LayerSpec| {
            let of = &layer.attention;
            (
                of.heads,
                of.kv_heads,
                of.head_dim,
                of.nearest,
                of.persistent,
                of.outside,
            ) == (
                of_first.heads,
                of_first.kv_heads,
                of_first.head_dim,
                of_first.nearest,
                of_first.persistent,
                of_first.outside,
            )
        };
        let windows = self
            .layers
            .iter()
            .filter_map(|layer| layer.attention.window.most());
        let inner = self
            .layers
            .iter()
            .filter_map(|layer| layer.feed_forward.as_ref());
        let experts = inner.clone().filter_map(|of| of.experts).map(|of| of.count);
        let sizes: Vec<usize> = windows
            .chain(inner.map(|of| of.width))
            .chain(experts)
            .chain(self.context)
            .chain([self.vocab_size, self.width])
            .collect();
        if !within(
            &[self.layers.len(), of_first.heads, of_first.head_dim],
            MOST,
        ) || of_first.nearest > 1
        {
            Some("its layers or heads are out of range")
        } else if self.layers.len() * of_first.heads > MOST_HEADS {
            Some("it has more heads than are believed")
        } else if self.layers.iter().any(|layer| is_learned(&layer.attention)) {
            Some(
                "only an adaptive-span network has spans, persistent vectors and positions that are learned",
            )
        } else if of_first.kv_heads == 0 || !of_first.heads.is_multiple_of(of_first.kv_heads) {
            Some("its heads cannot share that many key-value heads")
        } else if !self.layers.iter().all(is_like) {
            Some("its layers differ in their heads")
        } else if !within(&sizes, WIDEST) {
            Some("its sizes are out of range")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::model::Network;
    use serde_json::{Value, json};
    use std::path::Path;

    fn of(name: &str) -> Architecture {
        let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data"));
        let file = Checkpoint::open(&data.join(name)).unwrap();
        Architecture::clone(Network::outline(&file, None).unwrap().architecture())
    }

    #[test]
    fn what_is_written_is_read_again() {
        for name in [
            "tiny_adaptive.pt",
            "families/gemma2",
            "families/gpt_oss",
            "families/bloom",
        ] {
            let of = of(name);
            let text = serde_json::to_string(&of).unwrap();
            assert_eq!(
                serde_json::from_str::<Architecture>(&text).unwrap(),
                of,
                "{name}"
            );
        }
    }

    #[test]
    fn what_no_network_can_be_is_refused() {
        let good = serde_json::to_value(of("families/gpt_oss")).unwrap();
        let refused = |change: fn(&mut Value)| {
            let mut value = good.clone();
            change(&mut value);
            serde_json::from_value::<Architecture>(value)
                .unwrap_err()
                .to_string()
        };
        let far = |value: &mut Value| {
            value["layers"][1]["attention"]["window"] = json!({"fixed": 1_u64 << 40})
        };
        assert!(refused(|value| value["layers"] = json!([])).contains("no layers"));
        assert!(
            refused(|value| value["layers"][0]["attention"]["heads"] = json!(1_u64 << 40))
                .contains("range")
        );
        assert!(
            refused(|value| value["layers"][0]["attention"]["kv_heads"] = json!(0))
                .contains("key-value")
        );
        assert!(
            refused(|value| value["layers"][1]["attention"]["head_dim"] = json!(3))
                .contains("differ")
        );
        assert!(refused(|value| value["context"] = json!(1_u64 << 40)).contains("sizes"));
        assert!(refused(far).contains("sizes"));
    }
}
