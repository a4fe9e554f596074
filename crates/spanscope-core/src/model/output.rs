//! From ids to hidden states and from hidden states to probabilities, plain and adaptive.

use super::kernel::{Packed, add, log_softmax};
use super::weights::{Cluster, Network};
use rayon::prelude::*;
use std::borrow::Cow;

/// Rows that one thread takes at a time.
const ROWS: usize = 64;

/// The input of the first layer for the tokens from position `first` on: n × D.
pub(super) fn embed(network: &Network, first: usize, ids: &[u32]) -> Vec<f32> {
    let mut out = embed_tokens(network, ids);
    let dim = network.architecture.width;
    let positions = network.input.positions.get(first * dim..);
    for (out, position) in out.iter_mut().zip(positions.unwrap_or_default()) {
        *out += position;
    }
    if let Some(norm) = &network.input.norm {
        norm.apply(&mut out);
    }
    out
}

/// The embeddings of tokens, before positions are added and before a norm: n × D.
pub(super) fn embed_tokens(network: &Network, ids: &[u32]) -> Vec<f32> {
    let of = &network.architecture;
    let (dim, scale) = (of.width, of.input.scale);
    let cutoffs = match of.clusters() {
        Some(clusters) => clusters.cutoffs.as_slice(),
        None => std::slice::from_ref(&of.vocab_size),
    };
    let mut out = vec![0.0; ids.len() * dim];
    for (&id, out) in ids.iter().zip(out.chunks_exact_mut(dim)) {
        let id = id as usize;
        let c = cutoffs.partition_point(|&end| end <= id);
        let Some(cluster) = network.input.clusters.get(c) else {
            continue;
        };
        let start = c.checked_sub(1).map_or(0, |before| cutoffs[before]);
        let row = cluster.table.row(id - start);
        match &cluster.proj {
            Some(proj) => {
                let row: Vec<f32> = row.collect();
                proj.multiply(&row, out);
                out.iter_mut().for_each(|o| *o *= scale);
            }
            None => out.iter_mut().zip(row).for_each(|(o, r)| *o = scale * r),
        }
    }
    out
}

/// The last layer's output as the output layer reads it: normed, where there is a last norm.
fn normed<'a>(network: &Network, hidden: &'a [f32]) -> Cow<'a, [f32]> {
    let Some(norm) = &network.output.norm else {
        return hidden.into();
    };
    let mut rows = hidden.to_vec();
    norm.apply(&mut rows);
    rows.into()
}

/// Puts the scale and the soft cap into logits.
fn finish(network: &Network, logits: &mut [f32]) {
    let of = &network.architecture.output;
    if of.scale != 1.0 {
        logits.iter_mut().for_each(|logit| *logit *= of.scale);
    }
    if let Some(cap) = of.cap {
        logits
            .iter_mut()
            .for_each(|logit| *logit = cap * libm::tanhf(*logit / cap));
    }
}

/// The input of a cluster's logits: the hidden states, projected where its width is not D.
fn projected(cluster: &Cluster, hidden: &[f32]) -> Option<Vec<f32>> {
    let proj = cluster.proj.as_ref()?;
    let mut out = vec![0.0; hidden.len() / proj.inputs().max(1) * proj.outputs()];
    proj.multiply(hidden, &mut out);
    Some(out)
}

fn product(rows: &[f32], weight: &Packed) -> Vec<f32> {
    let n = rows.len() / weight.inputs().max(1);
    let mut out = vec![0.0; n * weight.outputs()];
    // One row is what an appended token asks for; more come in pieces, a thread each.
    if n == 1 {
        weight.multiply_wide(rows, &mut out);
    } else {
        weight.multiply(rows, &mut out);
    }
    out
}

fn logits(cluster: &Cluster, hidden: &[f32]) -> Vec<f32> {
    let mut logits = unbiased_logits(cluster, hidden);
    if let Some(bias) = &cluster.bias {
        add(&mut logits, bias);
    }
    logits
}

/// The logits of a cluster's tokens without their biases: n × tokens.
pub(super) fn unbiased_logits(cluster: &Cluster, hidden: &[f32]) -> Vec<f32> {
    let projected = projected(cluster, hidden);
    product(projected.as_deref().unwrap_or(hidden), &cluster.table)
}

/// The logits of the further clusters, without their biases: n × (clusters − 1), cluster 1 being the last column. Nothing
/// where there is but one cluster.
pub(super) fn unbiased_cluster_logits(network: &Network, hidden: &[f32]) -> Vec<f32> {
    let (Some(first), Some((weight, _))) = (
        network.output.clusters.first(),
        &network.output.cluster_proj,
    ) else {
        return Vec::new();
    };
    // They extend the first cluster's logits, so they too see the hidden state through its projection.
    let projected = projected(first, hidden);
    product(projected.as_deref().unwrap_or(hidden), weight)
}

/// Log-probabilities of the first cluster's tokens, then one column per further cluster.
fn head(network: &Network, hidden: &[f32]) -> (Vec<f32>, usize) {
    let Some(first) = network.output.clusters.first() else {
        return (Vec::new(), 0);
    };
    let mut values = logits(first, hidden);
    finish(network, &mut values);
    let mut width = first.table.outputs();
    if let Some((weight, bias)) = &network.output.cluster_proj {
        let mut further = unbiased_cluster_logits(network, hidden);
        if let Some(bias) = bias {
            add(&mut further, bias);
        }
        let more = weight.outputs();
        let joined = values
            .chunks_exact(width)
            .zip(further.chunks_exact(more))
            .flat_map(|(a, b)| a.iter().chain(b))
            .copied();
        values = joined.collect();
        width += more;
    }
    log_softmax(&mut values, width);
    (values, width)
}

/// Log-probabilities of all tokens, n × V.
pub(super) fn log_probs(network: &Network, hidden: &[f32]) -> Vec<f32> {
    let (dim, vocab) = (network.architecture.width, network.architecture.vocab_size);
    let mut out = vec![0.0; hidden.len() / dim * vocab];
    out.par_chunks_mut(ROWS * vocab)
        .zip(hidden.par_chunks(ROWS * dim))
        .for_each(|(out, hidden)| some_log_probs(network, hidden, out));
    out
}

fn some_log_probs(network: &Network, hidden: &[f32], out: &mut [f32]) {
    let vocab = network.architecture.vocab_size;
    let hidden = &*normed(network, hidden);
    let (head, width) = head(network, hidden);
    let Some(io) = network.architecture.clusters() else {
        out.copy_from_slice(&head);
        return;
    };
    for (out, head) in out.chunks_exact_mut(vocab).zip(head.chunks_exact(width)) {
        out[..io.cutoffs[0]].copy_from_slice(&head[..io.cutoffs[0]]);
    }
    for (c, cluster) in network.output.clusters.iter().enumerate().skip(1) {
        let (start, end) = (io.cutoffs[c - 1], io.cutoffs[c]);
        let mut tail = logits(cluster, hidden);
        log_softmax(&mut tail, end - start);
        for ((out, head), tail) in out
            .chunks_exact_mut(vocab)
            .zip(head.chunks_exact(width))
            .zip(tail.chunks_exact(end - start))
        {
            // Cluster 1 is the last column: the published code counts from the end.
            let cluster = head[width - c];
            out[start..end]
                .iter_mut()
                .zip(tail)
                .for_each(|(o, t)| *o = cluster + t);
        }
    }
}

/// −log p of one target per row; for adaptive output only the targets' clusters are computed.
pub(super) fn nll(network: &Network, hidden: &[f32], targets: &[u32]) -> Vec<f32> {
    let dim = network.architecture.width;
    hidden
        .par_chunks(ROWS * dim)
        .zip(targets.par_chunks(ROWS))
        .flat_map_iter(|(hidden, targets)| some_nll(network, hidden, targets))
        .collect()
}

fn some_nll(network: &Network, hidden: &[f32], targets: &[u32]) -> Vec<f32> {
    let of = &network.architecture;
    let hidden = &*normed(network, hidden);
    let (head, width) = head(network, hidden);
    let clusters = of.clusters();
    let first = clusters.map_or(of.vocab_size, |io| io.cutoffs[0]);
    let of = |(row, &target): (&[f32], &u32)| -> f32 {
        row.get(target as usize)
            .filter(|_| (target as usize) < first)
            .map_or(0.0, |p| -p)
    };
    let mut nll: Vec<f32> = head.chunks_exact(width).zip(targets).map(of).collect();
    let Some(io) = clusters else {
        return nll;
    };
    for (c, cluster) in network.output.clusters.iter().enumerate().skip(1) {
        let range = io.cutoffs[c - 1] as u32..io.cutoffs[c] as u32;
        let places: Vec<usize> = (0..targets.len())
            .filter(|&i| range.contains(&targets[i]))
            .collect();
        if places.is_empty() {
            continue;
        }
        let dim = network.architecture.width;
        let selected: Vec<f32> = places
            .iter()
            .flat_map(|i| &hidden[i * dim..(i + 1) * dim])
            .copied()
            .collect();
        let mut tail = logits(cluster, &selected);
        log_softmax(&mut tail, range.len());
        for (&i, tail) in places.iter().zip(tail.chunks_exact(range.len())) {
            nll[i] = -(head[i * width + width - c] + tail[(targets[i] - range.start) as usize]);
        }
    }
    nll
}
