//! The use that a text makes of the neurons of feed-forward sublayers, which are key–value memories: a key that reads the stream, an
//! activation, and a value that is added to it (arXiv 2012.14913; 1907.01470, section 3, makes both sublayers one by that).

use super::VectorUsage;
use crate::model::{Architecture, Network, NeuronId, NeuronRows, Observer};
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Tokens that are kept of every neuron: those that use it most.
pub const USERS: usize = 8;

/// Neurons that one thread adds up at a time, where there are no experts.
const PIECE: usize = 512;

/// The tokens that use a neuron most.
#[derive(Debug, Clone, Copy)]
struct Users {
    /// By falling size; 0 where there are fewer.
    activations: [f32; USERS],
    positions: [u32; USERS],
}

impl Users {
    const NONE: Self = Self {
        activations: [0.0; USERS],
        positions: [0; USERS],
    };

    /// Puts a token in its place, after those that use the neuron as much.
    fn put(&mut self, position: usize, activation: f32) {
        let size = activation.abs();
        // Nothing, and what is no number, is no use.
        if size.is_nan() || size <= self.activations[USERS - 1].abs() {
            return;
        }
        let less = self.activations.iter().position(|a| a.abs() < size);
        let at = less.unwrap_or(USERS - 1);
        self.activations.copy_within(at..USERS - 1, at + 1);
        self.positions.copy_within(at..USERS - 1, at + 1);
        self.activations[at] = activation;
        self.positions[at] = u32::try_from(position).unwrap_or(u32::MAX);
    }
}

/// What is added up of a layer.
#[derive(Debug, Clone, Default)]
struct LayerSums {
    /// Neurons that stand together: those of an expert, or [`PIECE`].
    piece: usize,
    tokens: usize,
    /// Σ |c| of every neuron, in the order of the tokens; of an expert, each times its weight.
    sums: Vec<f64>,
    users: Vec<Users>,
    /// The tokens that chose each expert, and the sum of its weights.
    experts: Vec<(u64, f64)>,
}

impl LayerSums {
    fn add(&mut self, first: usize, rows: &NeuronRows) {
        let (width, used) = (rows.width, rows.used);
        let pieces = self.sums.par_chunks_mut(self.piece.max(1));
        let pieces = pieces.zip(self.users.par_chunks_mut(self.piece.max(1)));
        pieces.enumerate().for_each(|(piece, (sums, users))| {
            for (i, row) in rows.activations.chunks_exact(width.max(1)).enumerate() {
                let (position, at, share) = match rows.chosen.get(i) {
                    Some((expert, _)) if *expert as usize != piece => continue,
                    Some((_, share)) => (first + i / used, 0, *share),
                    None => (first + i, piece * self.piece, 1.0),
                };
                let row = &row[at..(at + sums.len()).min(width)];
                for ((sum, users), activation) in sums.iter_mut().zip(&mut *users).zip(row) {
                    let activation = share * activation;
                    *sum += f64::from(activation.abs());
                    users.put(position, activation);
                }
            }
        });
        for (expert, weight) in &rows.chosen {
            if let Some((tokens, sum)) = self.experts.get_mut(*expert as usize) {
                *tokens += 1;
                *sum += f64::from(*weight);
            }
        }
        self.tokens += rows.tokens();
    }
}

/// Adds up the use of every neuron while a network runs. Sums are taken in the order of the tokens, so they are the same however a
/// text is cut.
#[derive(Debug)]
pub struct NeuronRecorder {
    layers: Vec<Mutex<LayerSums>>,
}

impl Clone for NeuronRecorder {
    fn clone(&self) -> Self {
        let layers = self.layers.iter();
        Self {
            layers: layers
                .map(|layer| {
                    // Sums are whole even where another thread gave up.
                    let sums = layer.lock().unwrap_or_else(PoisonError::into_inner);
                    Mutex::new(sums.clone())
                })
                .collect(),
        }
    }
}

impl NeuronRecorder {
    /// Sums of nothing yet.
    pub fn new(architecture: &Architecture) -> Self {
        let layers = 0..architecture.nb_layers();
        let layers = layers.map(|layer| {
            let (count, spec) = (
                architecture.neurons(layer),
                architecture.feed_forward_of(layer),
            );
            let experts = spec.and_then(|spec| spec.experts);
            Mutex::new(LayerSums {
                piece: match (experts, spec) {
                    (Some(_), Some(spec)) => spec.width,
                    _ => PIECE,
                },
                tokens: 0,
                sums: vec![0.0; count],
                users: vec![Users::NONE; count],
                experts: vec![(0, 0.0); experts.map_or(0, |of| of.count)],
            })
        });
        Self {
            layers: layers.collect(),
        }
    }

    /// Memory of the sums over a network, in bytes.
    pub fn bytes(architecture: &Architecture) -> usize {
        let each = size_of::<f64>() + size_of::<Users>();
        architecture.all_neurons().saturating_mul(each)
    }

    /// The use of a layer's neurons over `tokens` tokens; `None` where it has none.
    pub fn usage(&self, network: &Network, layer: usize, tokens: usize) -> Option<NeuronUsage> {
        let sums = self.layers.get(layer)?;
        let sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
        if sums.sums.is_empty() {
            return None;
        }
        let norms = network.value_norms(layer);
        let weighted = sums.sums.iter().zip(norms);
        let weighted: Vec<f64> = weighted.map(|(sum, norm)| sum * f64::from(*norm)).collect();
        let count = tokens.max(1) as f64;
        let usage = VectorUsage::from_sums(&weighted, tokens.max(1));
        let total: f64 = usage.order.iter().map(|n| weighted[*n as usize]).sum();
        let mut held = 0.0;
        let held = usage.order.iter().map(|n| {
            held += weighted[*n as usize];
            match total > 0.0 {
                true => (held / total) as f32,
                false => 0.0,
            }
        });
        Some(NeuronUsage {
            layer,
            tokens,
            held: held.collect(),
            total: (total / count) as f32,
            activations: sums.sums.iter().map(|sum| (sum / count) as f32).collect(),
            experts: sums
                .experts
                .iter()
                .map(|(chosen, weight)| ExpertUsage {
                    share: *chosen as f64 / count,
                    weight: match chosen {
                        0 => 0.0,
                        _ => weight / *chosen as f64,
                    },
                })
                .collect(),
            usage,
        })
    }

    /// The tokens that use a neuron most: positions in the text and its activations, which in a mixture of experts count by the
    /// expert's weight, by falling size. At most [`USERS`], and none that does not use it.
    pub fn users(&self, architecture: &Architecture, id: NeuronId) -> Vec<(usize, f32)> {
        let place = architecture
            .feed_forward_of(id.layer)
            .and_then(|spec| spec.place(id));
        let (Some(sums), Some(place)) = (self.layers.get(id.layer), place) else {
            return Vec::new();
        };
        let sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
        let users = sums.users.get(place).copied().unwrap_or(Users::NONE);
        let users = users.positions.into_iter().zip(users.activations);
        let users = users.filter(|(_, activation)| *activation != 0.0);
        users
            .map(|(position, activation)| (position as usize, activation))
            .collect()
    }
}

impl Observer for NeuronRecorder {
    fn wants(&self, _: usize, _: usize) -> bool {
        false
    }

    fn wants_neurons(&self, layer: usize) -> bool {
        layer < self.layers.len()
    }

    fn neurons(&self, layer: usize, first: usize, rows: &NeuronRows) {
        if let Some(sums) = self.layers.get(layer) {
            let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
            sums.add(first, rows);
        }
    }
}

/// The use of the neurons of a layer over some tokens.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NeuronUsage {
    /// The layer, from 0.
    pub layer: usize,
    /// The tokens.
    pub tokens: usize,
    /// By neuron, those of all experts one after the other: its use, which is the mean of |c|·‖v‖ over the tokens, c what
    /// multiplies its value v; the neurons by falling use; the effective number of them, and how many are never used.
    pub usage: VectorUsage,
    /// The mean of |c| by neuron.
    pub activations: Vec<f32>,
    /// The share of the layer's use that the neurons up to each place hold, the most used first.
    pub held: Vec<f32>,
    /// The use of all neurons together.
    pub total: f32,
    /// Of each expert of a mixture.
    pub experts: Vec<ExpertUsage>,
}

/// The use of an expert of a mixture.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ExpertUsage {
    /// The share of the tokens that chose it.
    pub share: f64,
    /// The router's mean weight where it was chosen.
    pub weight: f64,
}

impl NeuronUsage {
    /// Neurons of the layer.
    pub fn count(&self) -> usize {
        self.usage.mean.len()
    }

    /// The share of the layer's use that a neuron has, by its place among all.
    pub fn share(&self, place: usize) -> f32 {
        let of = self.usage.mean.get(place).copied().unwrap_or(0.0);
        match self.total > 0.0 {
            true => of / self.total,
            false => 0.0,
        }
    }

    /// The neuron at a rank by falling use, from 0, by its place among all.
    pub fn ranked(&self, rank: usize) -> Option<usize> {
        self.usage.order.get(rank).map(|place| *place as usize)
    }

    /// How many neurons, the most used first, hold a share of the use.
    pub fn holding(&self, share: f32) -> usize {
        match self.total > 0.0 {
            true => (self.held.partition_point(|held| *held < share) + 1).min(self.count()),
            false => 0,
        }
    }

    /// True if a neuron has less than 1 % of an even share.
    pub fn is_never_used(&self, place: usize) -> bool {
        let even = self.total / self.count().max(1) as f32;
        let of = self.usage.mean.get(place).copied().unwrap_or(0.0);
        super::usage::is_never_used(of, even)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_are_kept_in_order() {
        let mut users = Users::NONE;
        let all = [
            0.5,
            -3.0,
            0.0,
            3.0,
            f32::NAN,
            1.0,
            0.25,
            -0.75,
            2.0,
            0.1,
            9.0,
            0.6,
        ];
        for (position, activation) in all.into_iter().enumerate() {
            users.put(position, activation);
        }
        let kept = [9.0, -3.0, 3.0, 2.0, 1.0, -0.75, 0.6, 0.5];
        assert_eq!(users.activations, kept);
        assert_eq!(users.positions, [10, 1, 3, 8, 5, 7, 11, 0]);
    }
}
