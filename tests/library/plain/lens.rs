//! The parts of a logit: every part of one token's stream carried along as a vector of its own, through norms that are held at the
//! mean and the scale of their sum.

use super::Norm;
use super::weights::{Cluster, Head, PlainNetwork};
use super::{QueryWeights, TextRun};
use spanscope_bench::double::{Matrix, add, add_scaled, dot};
use std::collections::BTreeMap;

/// The parts of a stream by their names.
pub type Parts = BTreeMap<String, Vec<f64>>;

fn put(parts: &mut Parts, name: String, more: &[f64]) {
    let part = parts.entry(name).or_insert_with(|| vec![0.0; more.len()]);
    add_scaled(part, 1.0, more);
}

/// Their sum.
pub fn sum(parts: &Parts) -> Vec<f64> {
    let mut all = parts.values();
    let first = all.next().unwrap().clone();
    all.fold(first, |sum, part| add(&sum, part))
}

impl Norm {
    /// Every part through the norm, held at their sum; the shift is a part of its own.
    fn of_parts(&self, parts: &Parts) -> Parts {
        let at = sum(parts);
        let n = at.len() as f64;
        let mean = |row: &[f64]| row.iter().sum::<f64>() / n;
        let middle = mean(&at);
        let variance = at.iter().map(|x| (x - middle).powi(2)).sum::<f64>() / n;
        let scale = 1.0 / (variance + 1e-5).sqrt();
        let mut out = Parts::new();
        for (name, row) in parts {
            let own = mean(row);
            let each = row.iter().zip(&self.weight);
            let row: Vec<f64> = each.map(|(x, w)| (x - own) * scale * w).collect();
            put(&mut out, name.clone(), &row);
        }
        put(&mut out, "norm shifts".into(), &self.bias);
        out
    }
}

/// What comes of one head's reading by its columns of the output projection.
fn written(out: &Matrix, head: usize, read: &[f64]) -> Vec<f64> {
    let mut all = vec![0.0; out.cols];
    all[head * read.len()..(head + 1) * read.len()].copy_from_slice(read);
    out.times(&all)
}

/// The part of what a head reads that comes of its persistent vectors.
fn of_vectors(head: &Head, weights: &QueryWeights) -> Vec<f64> {
    let mut out = vec![0.0; weights.read.len()];
    let root = (weights.persistent.len() as f64).sqrt();
    for (weight, value) in weights.persistent.iter().zip(&head.pers_val) {
        let speaks = f64::from(u8::from(!head.ablated));
        add_scaled(&mut out, speaks * root * weight, value);
    }
    out
}

impl PlainNetwork {
    /// The parts of the last stream of the token at `at`, through the last norm where there is one.
    pub fn parts_of(&self, ids: &[u32], at: usize, run: &TextRun) -> Parts {
        let mut parts = Parts::new();
        put(&mut parts, "embedding".into(), &self.embed(ids[at]));
        for (index, layer) in self.layers.iter().enumerate() {
            for (number, head) in layer.heads.iter().enumerate() {
                let weights = &run.layers[index].heads[number][at];
                let persistent = of_vectors(head, weights);
                let mut rest = weights.read.clone();
                add_scaled(&mut rest, -1.0, &persistent);
                let name = format!("L{index}H{number}");
                put(
                    &mut parts,
                    name.clone(),
                    &written(&layer.out, number, &rest),
                );
                if !head.pers_val.is_empty() {
                    let name = format!("{name} persistent vectors");
                    put(&mut parts, name, &written(&layer.out, number, &persistent));
                }
            }
            if !self.pre_norm {
                parts = layer.norm1.of_parts(&parts);
            }
            if let Some(ff) = &layer.feed_forward {
                let stream = sum(&parts);
                let read = match self.pre_norm {
                    true => ff.norm2.apply(&stream),
                    false => stream,
                };
                let inner = add(&ff.fc1.times(&read), &ff.b1);
                let inner: Vec<f64> = inner.into_iter().map(|x| x.max(0.0)).collect();
                let more = add(&ff.fc2.times(&inner), &ff.b2);
                put(&mut parts, format!("L{index} feed-forward"), &more);
                if !self.pre_norm {
                    parts = ff.norm2.of_parts(&parts);
                }
            }
        }
        match &self.out_norm {
            Some(norm) => norm.of_parts(&parts),
            None => parts,
        }
    }

    /// The logit of a token along a row that is as the output embedding reads it, without and with its biases: of a token of a
    /// further cluster that of its cluster plus its own less the mean over the cluster.
    pub fn logit_of(&self, id: u32, row: &[f64]) -> (f64, f64) {
        let mut local = id as usize;
        for (i, cluster) in self.output.iter().enumerate() {
            let count = cluster.table.rows();
            if local >= count {
                local -= count;
                continue;
            }
            let bias = |of: &Option<Vec<f64>>, at: usize| of.as_ref().map_or(0.0, |b| b[at]);
            let narrow = |of: &Cluster| of.narrow(row);
            let own = dot(cluster.table.row(local), &narrow(cluster));
            let own_bias = bias(&cluster.bias, local);
            if i == 0 {
                return (own, own + own_bias);
            }
            let all = cluster.table.times(&narrow(cluster));
            let mean = all.iter().sum::<f64>() / count as f64;
            let biases = cluster.bias.as_ref();
            let mean_bias = biases.map_or(0.0, |b| b.iter().sum::<f64>() / count as f64);
            let (weight, further) = self.cluster_proj.as_ref().unwrap();
            // The published code counts from the end: cluster 1 is the last column.
            let column = weight.rows() - i;
            let of_cluster = dot(weight.row(column), &narrow(&self.output[0]));
            let plain = of_cluster + own - mean;
            return (plain, plain + bias(further, column) + own_bias - mean_bias);
        }
        panic!("token {id} is in no cluster");
    }
}
