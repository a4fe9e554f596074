//! The names of key–value memories: neurons of feed-forward sublayers, and persistent vectors of heads.

use crate::model::{Architecture, HeadId, NeuronId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A neuron, or a persistent vector of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MemoryId {
    /// A neuron.
    Neuron(NeuronId),
    /// A persistent vector, by its number in its head, from 0.
    Vector(HeadId, usize),
}

/// `L3N120`, or `L3H1V17`.
impl fmt::Display for MemoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Neuron(id) => write!(f, "{id}"),
            Self::Vector(head, vector) => write!(f, "{head}V{vector}"),
        }
    }
}

/// Neurons or persistent vectors that are asked for together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MemoryChoice {
    /// All neurons.
    AllNeurons,
    /// Those of a layer.
    NeuronsOf(usize),
    /// One.
    Neuron(NeuronId),
    /// All persistent vectors.
    AllVectors,
    /// Those of a head.
    VectorsOf(HeadId),
    /// One.
    Vector(HeadId, usize),
}

/// Why a text names no neurons, or no vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoMemory {
    /// No neurons.
    #[error(
        "expected a neuron as LAYER.NEURON or L3N120 (of a mixture of experts L3E2N120), a layer as L3, or all; all counted from 0"
    )]
    Neuron,
    /// No vectors.
    #[error(
        "expected a persistent vector as LAYER.HEAD.VECTOR or L3H1V17, a head as L3H1, or all; all counted from 0"
    )]
    Vector,
}

fn number(digits: &str) -> Option<usize> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

impl MemoryChoice {
    /// Neurons: `all`, `L3`, `3.120` or `L3N120`.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn neurons(text: &str) -> Result<Self, NoMemory> {
        let text = text.trim();
        let layer = text.strip_prefix(['L', 'l']).and_then(number);
        match (text, layer) {
            ("all", _) => Ok(Self::AllNeurons),
            (_, Some(layer)) => Ok(Self::NeuronsOf(layer)),
            (text, None) => {
                let id = text.parse().map_err(|_| NoMemory::Neuron)?;
                Ok(Self::Neuron(id))
            }
        }
    }

    /// Persistent vectors: `all`, `3.1` or `L3H1`, `3.1.17` or `L3H1V17`.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn vectors(text: &str) -> Result<Self, NoMemory> {
        let text = text.trim();
        if text == "all" {
            return Ok(Self::AllVectors);
        }
        if let Ok(head) = text.parse() {
            return Ok(Self::VectorsOf(head));
        }
        let cut = match text.starts_with(['L', 'l']) {
            true => text.rsplit_once(['V', 'v']),
            false => text.rsplit_once('.'),
        };
        let (head, vector) = cut.ok_or(NoMemory::Vector)?;
        let vector = number(vector).ok_or(NoMemory::Vector)?;
        let head = head.parse().map_err(|_| NoMemory::Vector)?;
        Ok(Self::Vector(head, vector))
    }

    /// True if `id` is among them.
    pub fn has(self, id: MemoryId) -> bool {
        match (self, id) {
            (Self::AllNeurons, MemoryId::Neuron(_)) | (Self::AllVectors, MemoryId::Vector(..)) => {
                true
            }
            (Self::NeuronsOf(layer), MemoryId::Neuron(id)) => id.layer == layer,
            (Self::Neuron(one), MemoryId::Neuron(id)) => one == id,
            (Self::VectorsOf(of), MemoryId::Vector(head, _)) => of == head,
            (Self::Vector(of, one), MemoryId::Vector(head, vector)) => (of, one) == (head, vector),
            _ => false,
        }
    }

    /// Those of a network.
    fn of(self, architecture: &Architecture) -> Result<Vec<MemoryId>, String> {
        let layers = architecture.nb_layers();
        let of_layer = |layer: usize| {
            let spec = architecture.feed_forward_of(layer);
            let places = 0..spec.map_or(0, |spec| spec.neurons());
            let named = places.filter_map(move |place| Some(spec?.named(layer, place)));
            named.map(MemoryId::Neuron)
        };
        let vectors = architecture.persistent();
        let of_head = |head: HeadId| (0..vectors).map(move |vector| MemoryId::Vector(head, vector));
        let heads = (0..layers)
            .flat_map(|layer| (0..architecture.nb_heads()).map(move |i| HeadId::new(layer, i)));
        let known = |head: HeadId| architecture.head(head).map_err(|error| error.to_string());
        let found: Vec<MemoryId> = match self {
            Self::AllNeurons => (0..layers).flat_map(of_layer).collect(),
            Self::NeuronsOf(layer) => of_layer(layer).collect(),
            Self::Neuron(id) => {
                let id = architecture.neuron(id).map_err(|error| error.to_string())?;
                vec![MemoryId::Neuron(id)]
            }
            Self::AllVectors => heads.flat_map(of_head).collect(),
            Self::VectorsOf(head) => {
                known(head)?;
                of_head(head).collect()
            }
            Self::Vector(head, vector) => {
                known(head)?;
                of_head(head).skip(vector).take(1).collect()
            }
        };
        match (found.is_empty(), self) {
            (false, _) => Ok(found),
            (true, Self::NeuronsOf(layer)) if layer >= layers => Err(format!(
                "there is no layer {layer}: layers go from 0 to {}",
                layers.saturating_sub(1)
            )),
            (true, Self::AllNeurons | Self::NeuronsOf(_) | Self::Neuron(_)) => {
                Err("it has no feed-forward sublayers there, and so no neurons".into())
            }
            (true, Self::Vector(head, vector)) if vectors > 0 => Err(format!(
                "there is no vector {vector} of {head}: vectors go from 0 to {}",
                vectors - 1
            )),
            (true, _) => Err("the model has no persistent vectors".into()),
        }
    }

    /// How many of a network they are, at most.
    fn count(self, architecture: &Architecture) -> usize {
        let heads = architecture
            .nb_layers()
            .saturating_mul(architecture.nb_heads());
        match self {
            Self::AllNeurons => architecture.all_neurons(),
            Self::NeuronsOf(layer) => architecture.neurons(layer),
            Self::AllVectors => heads.saturating_mul(architecture.persistent()),
            Self::VectorsOf(_) => architecture.persistent(),
            Self::Neuron(_) | Self::Vector(..) => 1,
        }
    }
}

/// The most neurons and vectors that are looked at together.
pub const MOST_MEMORIES: usize = 1 << 20;

/// Neurons and persistent vectors of a network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memories {
    /// As they were chosen, in rising order.
    pub chosen: Vec<MemoryChoice>,
    /// All of them, in rising order, each once.
    pub ids: Vec<MemoryId>,
}

impl Memories {
    /// Those that are chosen.
    ///
    /// # Errors
    /// In words: when the network lacks one, or they are more than [`MOST_MEMORIES`].
    pub fn new(architecture: &Architecture, chosen: &[MemoryChoice]) -> Result<Self, String> {
        let count = chosen.iter().fold(0_usize, |sum, choice| {
            sum.saturating_add(choice.count(architecture))
        });
        if count > MOST_MEMORIES {
            return Err(format!(
                "{count} neurons and vectors, at most {MOST_MEMORIES} expected: name fewer"
            ));
        }
        let mut all = BTreeSet::new();
        for choice in chosen {
            let found = choice.of(architecture).map_err(|why| match choice {
                // It is named there.
                MemoryChoice::Neuron(_) => why,
                _ => format!("{choice}: {why}"),
            })?;
            all.extend(found);
        }
        let chosen: BTreeSet<MemoryChoice> = chosen.iter().copied().collect();
        Ok(Self {
            chosen: chosen.into_iter().collect(),
            ids: all.into_iter().collect(),
        })
    }
}

impl fmt::Display for MemoryChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllNeurons => write!(f, "all neurons"),
            Self::NeuronsOf(layer) => write!(f, "neurons of L{layer}"),
            Self::Neuron(id) => write!(f, "{id}"),
            Self::AllVectors => write!(f, "all vectors"),
            Self::VectorsOf(head) => write!(f, "vectors of {head}"),
            Self::Vector(head, vector) => write!(f, "{}", MemoryId::Vector(*head, *vector)),
        }
    }
}

impl FromStr for MemoryChoice {
    type Err = NoMemory;

    /// As it is written.
    fn from_str(text: &str) -> Result<Self, NoMemory> {
        if let Some(of) = text.strip_prefix("neurons of ") {
            return match Self::neurons(of)? {
                layer @ Self::NeuronsOf(_) => Ok(layer),
                _ => Err(NoMemory::Neuron),
            };
        }
        if let Some(of) = text.strip_prefix("vectors of ") {
            return match Self::vectors(of)? {
                head @ Self::VectorsOf(_) => Ok(head),
                _ => Err(NoMemory::Vector),
            };
        }
        match text {
            "all neurons" => Ok(Self::AllNeurons),
            "all vectors" => Ok(Self::AllVectors),
            _ => match text.parse() {
                Ok(id) => Ok(Self::Neuron(id)),
                Err(_) => match Self::vectors(text)? {
                    one @ Self::Vector(..) => Ok(one),
                    _ => Err(NoMemory::Vector),
                },
            },
        }
    }
}

/// Files keep a choice as it is written.
impl From<MemoryChoice> for String {
    fn from(choice: MemoryChoice) -> Self {
        choice.to_string()
    }
}

impl TryFrom<String> for MemoryChoice {
    type Error = NoMemory;

    fn try_from(text: String) -> Result<Self, NoMemory> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_as_they_are_written() {
        let head = HeadId::new(3, 1);
        for (choice, name) in [
            (MemoryChoice::AllNeurons, "all neurons"),
            (MemoryChoice::NeuronsOf(3), "neurons of L3"),
            (MemoryChoice::Neuron(NeuronId::new(3, 120)), "L3N120"),
            (MemoryChoice::AllVectors, "all vectors"),
            (MemoryChoice::VectorsOf(head), "vectors of L3H1"),
            (MemoryChoice::Vector(head, 17), "L3H1V17"),
        ] {
            assert_eq!(choice.to_string(), name);
            assert_eq!(name.parse(), Ok(choice));
        }
        for text in [
            "",
            "all",
            "L3",
            "L3H1",
            "neurons of L3N1",
            "vectors of all",
            "L3H1V",
        ] {
            assert!(text.parse::<MemoryChoice>().is_err(), "{text}");
        }
    }

    #[test]
    fn choices_are_read_as_people_write_them() {
        let head = HeadId::new(3, 1);
        for (text, choice) in [
            ("all", MemoryChoice::AllNeurons),
            ("L3", MemoryChoice::NeuronsOf(3)),
            ("3.120", MemoryChoice::Neuron(NeuronId::new(3, 120))),
            (" l3n120", MemoryChoice::Neuron(NeuronId::new(3, 120))),
        ] {
            assert_eq!(MemoryChoice::neurons(text), Ok(choice), "{text}");
        }
        for (text, choice) in [
            ("all", MemoryChoice::AllVectors),
            ("3.1", MemoryChoice::VectorsOf(head)),
            ("L3H1", MemoryChoice::VectorsOf(head)),
            ("3.1.17", MemoryChoice::Vector(head, 17)),
            ("l3h1v17", MemoryChoice::Vector(head, 17)),
        ] {
            assert_eq!(MemoryChoice::vectors(text), Ok(choice), "{text}");
        }
        for text in ["", "3", "L", "L3H1", "L3N", "all neurons"] {
            assert_eq!(MemoryChoice::neurons(text), Err(NoMemory::Neuron), "{text}");
        }
        for text in ["", "3", "L3", "L3N1", "3.1.x", "L3H1V+1", "L3V1"] {
            assert_eq!(MemoryChoice::vectors(text), Err(NoMemory::Vector), "{text}");
        }
    }
}
