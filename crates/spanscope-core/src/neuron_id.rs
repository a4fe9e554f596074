//! The name of a neuron of a feed-forward sublayer: its layer, its expert where there are several, and its number there, all
//! from 0.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A neuron of a network.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct NeuronId {
    /// Its layer, from 0.
    pub layer: usize,
    /// Its expert, from 0, in a mixture of experts.
    pub expert: Option<usize>,
    /// Its number in the sublayer, or in the expert, from 0.
    pub neuron: usize,
}

impl NeuronId {
    /// Neuron `neuron` of layer `layer`, both from 0, of a layer without experts.
    pub const fn new(layer: usize, neuron: usize) -> Self {
        Self {
            layer,
            expert: None,
            neuron,
        }
    }
}

/// `L3N120`, or `L3E2N120` in a mixture of experts.
impl fmt::Display for NeuronId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}", self.layer)?;
        if let Some(expert) = self.expert {
            write!(f, "E{expert}")?;
        }
        write!(f, "N{}", self.neuron)
    }
}

/// Files keep a neuron as its name.
impl From<NeuronId> for String {
    fn from(id: NeuronId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for NeuronId {
    type Error = NoNeuron;

    fn try_from(text: String) -> Result<Self, NoNeuron> {
        text.parse()
    }
}

/// Why a text names no neuron.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a neuron as LAYER.NEURON or L3N120, of a mixture of experts LAYER.EXPERT.NEURON or L3E2N120; all counted from 0"
)]
pub struct NoNeuron;

impl FromStr for NeuronId {
    type Err = NoNeuron;

    /// `3.120` or `L3N120`: layer 3, neuron 120; `3.2.120` or `L3E2N120`: that of expert 2.
    fn from_str(text: &str) -> Result<Self, NoNeuron> {
        let text = text.trim();
        let (layer, expert, neuron) = match text.strip_prefix(['L', 'l']) {
            Some(rest) => {
                let (place, neuron) = rest.split_once(['N', 'n']).ok_or(NoNeuron)?;
                match place.split_once(['E', 'e']) {
                    Some((layer, expert)) => (layer, Some(expert), neuron),
                    None => (place, None, neuron),
                }
            }
            None => {
                let (layer, rest) = text.split_once('.').ok_or(NoNeuron)?;
                match rest.split_once('.') {
                    Some((expert, neuron)) => (layer, Some(expert), neuron),
                    None => (layer, None, rest),
                }
            }
        };
        let number = |digits: &str| match digits.bytes().all(|b| b.is_ascii_digit()) {
            true => digits.parse().map_err(|_| NoNeuron),
            false => Err(NoNeuron),
        };
        Ok(Self {
            layer: number(layer)?,
            expert: expert.map(number).transpose()?,
            neuron: number(neuron)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neuron_is_read_as_it_is_written() {
        let of_expert = NeuronId {
            expert: Some(2),
            ..NeuronId::new(3, 120)
        };
        for (text, id, name) in [
            ("3.120", NeuronId::new(3, 120), "L3N120"),
            (" l0n7 ", NeuronId::new(0, 7), "L0N7"),
            ("3.2.120", of_expert, "L3E2N120"),
            ("L3E2N120", of_expert, "L3E2N120"),
        ] {
            assert_eq!(text.parse(), Ok(id));
            assert_eq!(id.to_string(), name);
            assert_eq!(name.parse(), Ok(id));
        }
        for text in [
            "",
            "3",
            "3.",
            ".1",
            "1.2.3.4",
            "L3",
            "L3H1",
            "L3E1",
            "LN1",
            "3.+1",
            "-3.1",
            "N1",
            "L1N99999999999999999999",
        ] {
            assert_eq!(text.parse::<NeuronId>(), Err(NoNeuron), "{text}");
        }
    }
}
