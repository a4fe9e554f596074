//! The direction of the residual stream that a token's logit is read from.

use super::kernel::Packed;
use super::norms::FrozenNorm;
use super::weights::{Cluster, Network};

/// The row of the output embedding that a logit is the product of the last normed stream with, and its bias: of a token, or of
/// the difference between two. A soft cap of the logits comes after it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OutputDirection {
    pub(super) row: Vec<f64>,
    pub(super) bias: f64,
}

/// Unit rows that go through the output embedding together, when the mean of a cluster is taken.
const UNITS: usize = 8;

impl Network {
    /// The direction of the logit of token `id`; `None` where there is no such token, or the weights were not read.
    ///
    /// With adaptive output, the logit of a token of a further cluster is, as in [`Network::unembed`], that of its cluster plus its
    /// own less the mean over its cluster, which the cluster's softmax does not see.
    pub fn direction(&self, id: u32) -> Option<OutputDirection> {
        let scale = f64::from(self.architecture.output.scale);
        let mut direction = self.unscaled_direction(id)?;
        if scale != 1.0 {
            direction.row.iter_mut().for_each(|x| *x *= scale);
            direction.bias *= scale;
        }
        Some(direction)
    }

    /// The same without what logits are multiplied by.
    pub(super) fn unscaled_direction(&self, id: u32) -> Option<OutputDirection> {
        let mut local = id as usize;
        let first = self.output.clusters.first()?;
        for (c, cluster) in self.output.clusters.iter().enumerate() {
            let count = cluster.table.outputs();
            if local >= count {
                local -= count;
                continue;
            }
            let own: Vec<f64> = cluster.table.row(local).map(f64::from).collect();
            let bias = bias(cluster.bias.as_deref(), local);
            if c == 0 {
                return Some(OutputDirection {
                    row: through(&own, cluster),
                    bias,
                });
            }
            let means = mean(&cluster.table);
            let less: Vec<f64> = own.iter().zip(means).map(|(x, mean)| x - mean).collect();
            // Cluster 1 is the last column: the published code counts from the end.
            let (weight, _) = self.output.cluster_proj.as_ref()?;
            let column = weight.outputs().checked_sub(c)?;
            let of_cluster: Vec<f64> = weight.row(column).map(f64::from).collect();
            let row = through(&less, cluster).into_iter();
            let row = row.zip(through(&of_cluster, first)).map(|(a, b)| a + b);
            return Some(OutputDirection {
                row: row.collect(),
                bias: bias + self.cluster_bias(c),
            });
        }
        None
    }

    /// The mean over the vocabulary of the directions of all tokens, without scales and biases. Of a further cluster, all tokens
    /// together have that of the cluster's own logit.
    pub(super) fn mean_direction(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.architecture.width];
        let mut tokens = 0;
        let Some(first) = self.output.clusters.first() else {
            return sums;
        };
        for (c, cluster) in self.output.clusters.iter().enumerate() {
            let count = cluster.table.outputs();
            tokens += count;
            let of_cluster = match c {
                0 => through(&cluster.table.combine(&vec![1.0; count]), cluster),
                _ => {
                    let further = self.output.cluster_proj.as_ref();
                    let column = further.and_then(|(weight, _)| weight.outputs().checked_sub(c));
                    let (Some((weight, _)), Some(column)) = (further, column) else {
                        continue;
                    };
                    let row = weight.row(column).map(|x| f64::from(x) * count as f64);
                    through(&row.collect::<Vec<_>>(), first)
                }
            };
            sums.iter_mut()
                .zip(of_cluster)
                .for_each(|(sum, x)| *sum += x);
        }
        sums.iter_mut().for_each(|sum| *sum /= tokens.max(1) as f64);
        sums
    }

    /// The logit along `direction` of a stream that is as the last layer leaves it, before a soft cap: the last norm is applied first.
    pub fn logit(&self, direction: &OutputDirection, stream: &[f32]) -> f64 {
        let product = |row: &[f64]| -> f64 {
            let terms = row.iter().zip(&direction.row).map(|(x, u)| x * u);
            terms.sum::<f64>() + direction.bias
        };
        match &self.output.norm {
            Some(norm) => product(&FrozenNorm::at(norm, stream).apply(stream)),
            None => product(&stream.iter().copied().map(f64::from).collect::<Vec<_>>()),
        }
    }

    /// The logit of every token for one stream that is as the last layer leaves it, before a soft cap: V numbers, each as
    /// [`Network::direction`] has it.
    pub fn logits_of(&self, stream: &[f32]) -> Vec<f32> {
        let mut row = stream.to_vec();
        if let Some(norm) = &self.output.norm {
            norm.apply(&mut row);
        }
        let mut logits = self.unembed(&row);
        let mut rest = logits.as_mut_slice();
        for (c, cluster) in self.output.clusters.iter().enumerate() {
            let count = cluster.table.outputs().min(rest.len());
            let (own, later) = rest.split_at_mut(count);
            rest = later;
            let shift = self.cluster_bias(c) as f32;
            for (i, logit) in own.iter_mut().enumerate() {
                *logit += bias(cluster.bias.as_deref(), i) as f32 + shift;
            }
        }
        let scale = self.architecture.output.scale;
        if scale != 1.0 {
            logits.iter_mut().for_each(|logit| *logit *= scale);
        }
        logits
    }

    /// What the biases add to all tokens of a cluster alike: nothing of the first one; of a further one, the bias of its own logit,
    /// less the mean of its tokens' biases.
    fn cluster_bias(&self, c: usize) -> f64 {
        let further = self.output.cluster_proj.as_ref().filter(|_| c > 0);
        let of_cluster = further.map_or(0.0, |(weight, biases)| {
            let column = weight.outputs().checked_sub(c);
            column.map_or(0.0, |column| bias(biases.as_deref(), column))
        });
        let biases = self.output.clusters.get(c).and_then(|of| of.bias.as_ref());
        let mean = biases.filter(|_| c > 0).map_or(0.0, |biases| {
            biases.iter().map(|b| f64::from(*b)).sum::<f64>() / biases.len().max(1) as f64
        });
        of_cluster - mean
    }

    /// log p of every token, for one stream that is as the last layer leaves it: V numbers, in nats.
    pub fn log_probs_of(&self, stream: &[f32]) -> Vec<f32> {
        match stream.len() == self.architecture.width && !self.output.clusters.is_empty() {
            true => super::output::log_probs(self, stream),
            false => Vec::new(),
        }
    }
}

impl OutputDirection {
    /// The direction in which the logit of one token grows over that of another.
    #[must_use]
    pub fn less(&self, other: &Self) -> Self {
        let row = self.row.iter().zip(&other.row).map(|(a, b)| a - b);
        Self {
            row: row.collect(),
            bias: self.bias - other.bias,
        }
    }
}

fn bias(biases: Option<&[f32]>, i: usize) -> f64 {
    let bias = biases.and_then(|biases| biases.get(i));
    bias.copied().map_or(0.0, f64::from)
}

/// A row of a cluster's table as a direction of the stream: back through the projection that the stream goes through.
fn through(row: &[f64], cluster: &Cluster) -> Vec<f64> {
    let Some(proj) = &cluster.proj else {
        return row.to_vec();
    };
    let mut out = vec![0.0; proj.inputs()];
    for (i, x) in row.iter().enumerate() {
        for (out, weight) in out.iter_mut().zip(proj.row(i)) {
            *out += x * f64::from(weight);
        }
    }
    out
}

/// The mean row of a table.
fn mean(table: &Packed) -> Vec<f64> {
    let (count, width) = (table.outputs(), table.inputs());
    let mut means = Vec::with_capacity(width);
    let mut products = vec![0.0; UNITS * count];
    for from in (0..width).step_by(UNITS) {
        let units = UNITS.min(width - from);
        let mut rows = vec![0.0; units * width];
        for i in 0..units {
            rows[i * width + from + i] = 1.0;
        }
        let products = &mut products[..units * count];
        table.multiply_wide(&rows, products);
        means.extend(
            products
                .chunks_exact(count.max(1))
                .map(|of| of.iter().map(|x| f64::from(*x)).sum::<f64>() / count.max(1) as f64),
        );
    }
    means
}
