//! Feed-forward sublayers.

use super::add;
use super::file::{File, Matrix};

pub enum Neurons {
    /// W2 · gelu(W1 x + b1) + b2.
    Gelu([Matrix; 2], [Vec<f64>; 2]),
    /// W2 (silu(Wg x) ⊙ Wu x).
    Gated([Matrix; 3]),
    /// gpt-oss: the two experts of the largest scores, by the softmax of these.
    Experts {
        router: (Matrix, Vec<f64>),
        experts: Vec<Expert>,
    },
}

/// Gates and ups take turns.
pub struct Expert {
    up: Matrix,
    up_bias: Vec<f64>,
    down: Matrix,
    down_bias: Vec<f64>,
}

/// The tanh form, as GPT-2 and BLOOM have it.
fn gelu(x: f64) -> f64 {
    let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
    0.5 * x * (1.0 + inner.tanh())
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Neurons {
    pub fn read(file: &File, family: &str, start: &str) -> Self {
        let matrix = |part: &str| file.matrix(&format!("{start}.mlp.{part}")).unwrap();
        let vector = |part: &str| file.vector(&format!("{start}.mlp.{part}")).unwrap();
        match family {
            "gpt2" => Self::Gelu(
                ["c_fc.weight", "c_proj.weight"].map(|name| matrix(name).transposed()),
                ["c_fc.bias", "c_proj.bias"].map(vector),
            ),
            "bloom" => Self::Gelu(
                ["dense_h_to_4h.weight", "dense_4h_to_h.weight"].map(matrix),
                ["dense_h_to_4h.bias", "dense_4h_to_h.bias"].map(vector),
            ),
            "llama" => {
                Self::Gated(["gate_proj.weight", "up_proj.weight", "down_proj.weight"].map(matrix))
            }
            "gpt_oss" => {
                let tensor =
                    |part: &str| file.tensor(&format!("{start}.mlp.experts.{part}")).unwrap();
                let (ups, downs) = (tensor("gate_up_proj"), tensor("down_proj"));
                let biases = ["gate_up_proj_bias", "down_proj_bias"]
                    .map(|name| vector(&format!("experts.{name}")));
                // x · W, so that W lies in × out.
                let expert = |(shape, values): &(Vec<usize>, Vec<f64>), e: usize| {
                    let (rows, cols) = (shape[1], shape[2]);
                    let values = values[e * rows * cols..(e + 1) * rows * cols].to_vec();
                    Matrix { cols, values }.transposed()
                };
                let count = ups.0[0];
                let experts = (0..count).map(|e| {
                    let (up, down) = (expert(&ups, e), expert(&downs, e));
                    let bias = |all: &[f64], width: usize| all[e * width..(e + 1) * width].to_vec();
                    Expert {
                        up_bias: bias(&biases[0], up.rows()),
                        down_bias: bias(&biases[1], down.rows()),
                        up,
                        down,
                    }
                });
                Self::Experts {
                    router: (matrix("router.weight"), vector("router.bias")),
                    experts: experts.collect(),
                }
            }
            other => panic!("{other}"),
        }
    }

    /// What multiplies the values, those of all experts one after the other; of experts that are not chosen nothing, of the others
    /// times their weight. And the weights.
    pub fn activations(&self, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        match self {
            Self::Gelu([up, _], [up_bias, _]) => {
                let mut inner = up.times(x);
                add(&mut inner, up_bias);
                inner.iter_mut().for_each(|x| *x = gelu(*x));
                (inner, Vec::new())
            }
            Self::Gated([gate, up, _]) => {
                let gates = gate.times(x).into_iter().map(|g| g * sigmoid(g));
                let inner = gates.zip(up.times(x)).map(|(g, u)| g * u);
                (inner.collect(), Vec::new())
            }
            Self::Experts { router, experts } => {
                let mut scores = router.0.times(x);
                add(&mut scores, &router.1);
                let mut order: Vec<usize> = (0..scores.len()).collect();
                order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
                let two = &order[..2];
                let sum: f64 = two.iter().map(|e| scores[*e].exp()).sum();
                let shares = (0..experts.len()).map(|e| match two.contains(&e) {
                    true => scores[e].exp() / sum,
                    false => 0.0,
                });
                let shares: Vec<f64> = shares.collect();
                let all = experts.iter().zip(&shares).flat_map(|(expert, share)| {
                    let own = expert.activations(x).into_iter();
                    own.map(move |c| share * c)
                });
                (all.collect(), shares)
            }
        }
    }

    /// The value of a neuron, by its place among all.
    pub fn value(&self, place: usize) -> Vec<f64> {
        match self {
            Self::Gelu([_, down], _) | Self::Gated([_, _, down]) => down.column(place),
            Self::Experts { experts, .. } => {
                let width = experts[0].down.cols;
                experts[place / width].down.column(place % width)
            }
        }
    }

    /// Of one expert.
    pub fn width(&self) -> usize {
        match self {
            Self::Gelu([_, down], _) | Self::Gated([_, _, down]) => down.cols,
            Self::Experts { experts, .. } => experts[0].down.cols,
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Gelu([_, down], _) | Self::Gated([_, _, down]) => down.cols,
            Self::Experts { experts, .. } => experts.len() * experts[0].down.cols,
        }
    }

    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::Gelu([up, down], [up_bias, down_bias]) => {
                let mut inner = up.times(x);
                add(&mut inner, up_bias);
                inner.iter_mut().for_each(|x| *x = gelu(*x));
                let mut out = down.times(&inner);
                add(&mut out, down_bias);
                out
            }
            Self::Gated([gate, up, down]) => {
                let gates = gate.times(x).into_iter().map(|g| g * sigmoid(g));
                let inner: Vec<f64> = gates.zip(up.times(x)).map(|(g, u)| g * u).collect();
                down.times(&inner)
            }
            Self::Experts { router, experts } => {
                let mut scores = router.0.times(x);
                add(&mut scores, &router.1);
                let mut order: Vec<usize> = (0..scores.len()).collect();
                order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
                let two = &order[..2];
                let sum: f64 = two
                    .iter()
                    .map(|e| (scores[*e] - scores[two[0]]).exp())
                    .sum();
                let mut out = vec![0.0; x.len()];
                for e in two {
                    let share = (scores[*e] - scores[two[0]]).exp() / sum;
                    let given = experts[*e].apply(x);
                    out.iter_mut()
                        .zip(given)
                        .for_each(|(out, x)| *out += share * x);
                }
                out
            }
        }
    }
}

impl Expert {
    fn activations(&self, x: &[f64]) -> Vec<f64> {
        let mut rows = self.up.times(x);
        add(&mut rows, &self.up_bias);
        let inner = rows.chunks_exact(2).map(|pair| {
            let (gate, up) = (pair[0].min(7.0), pair[1].clamp(-7.0, 7.0));
            (up + 1.0) * gate * sigmoid(1.702 * gate)
        });
        inner.collect()
    }

    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut out = self.down.times(&self.activations(x));
        add(&mut out, &self.down_bias);
        out
    }
}
