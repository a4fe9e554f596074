//! From ids to hidden states and from hidden states to probabilities, plain and adaptive.

use super::ModelError;
use super::weights::{Cluster, Network};
use candle_core::{Device, Tensor};

/// The input of the first layer: n × D. Adaptive input is scaled by √D, plain input is not.
pub(super) fn embed(network: &Network, ids: &[u32]) -> Result<Vec<f32>, ModelError> {
    let dim = network.config.hidden_size;
    let cutoffs = match &network.config.adapt_io {
        Some(io) => io.cutoffs.clone(),
        None => vec![network.config.vocab_size],
    };
    let scale = if network.config.adapt_io.is_some() {
        (dim as f32).sqrt()
    } else {
        1.0
    };
    let mut out = vec![0.0; ids.len() * dim];
    let mut start = 0;
    for (cluster, &end) in network.input.iter().zip(&cutoffs) {
        let range = start as u32..end as u32;
        let places: Vec<usize> = (0..ids.len())
            .filter(|&i| range.contains(&ids[i]))
            .collect();
        if !places.is_empty() {
            let local: Vec<u32> = places.iter().map(|&i| ids[i] - range.start).collect();
            let n = local.len();
            let mut rows = cluster
                .table
                .index_select(&Tensor::from_vec(local, n, &Device::Cpu)?, 0)?;
            if let Some(proj) = &cluster.proj {
                rows = rows.matmul(&proj.t()?)?;
            }
            let rows: Vec<f32> = rows.flatten_all()?.to_vec1()?;
            for (&i, row) in places.iter().zip(rows.chunks_exact(dim)) {
                out[i * dim..(i + 1) * dim]
                    .iter_mut()
                    .zip(row)
                    .for_each(|(o, r)| *o = scale * r);
            }
        }
        start = end;
    }
    Ok(out)
}

fn logits(cluster: &Cluster, hidden: &Tensor) -> Result<Tensor, ModelError> {
    let projected = match &cluster.proj {
        Some(proj) => hidden.matmul(proj)?,
        None => hidden.clone(),
    };
    let logits = projected.matmul(&cluster.table.t()?)?;
    Ok(match &cluster.bias {
        Some(bias) => logits.broadcast_add(bias)?,
        None => logits,
    })
}

/// log-softmax of every row of `width` numbers, in place.
fn log_softmax(values: &mut [f32], width: usize) {
    for row in values.chunks_exact_mut(width) {
        let max = row.iter().fold(f32::NEG_INFINITY, |m, x| m.max(*x));
        let log_sum = row.iter().map(|x| (x - max).exp()).sum::<f32>().ln() + max;
        row.iter_mut().for_each(|x| *x -= log_sum);
    }
}

/// Log-probabilities of the first cluster's tokens, then one column per further cluster.
fn head(network: &Network, hidden: &Tensor) -> Result<(Vec<f32>, usize), ModelError> {
    let first = network
        .output
        .clusters
        .first()
        .ok_or_else(|| candle_core::Error::Msg("no output".into()))?;
    let mut all = logits(first, hidden)?;
    if let Some((weight, bias)) = &network.output.cluster_proj {
        // The cluster logits extend the first cluster's, so they too see the hidden state through its projection.
        let projected = match &first.proj {
            Some(proj) => hidden.matmul(proj)?,
            None => hidden.clone(),
        };
        let mut further = projected.matmul(&weight.t()?)?;
        if let Some(bias) = bias {
            further = further.broadcast_add(bias)?;
        }
        all = Tensor::cat(&[all, further], 1)?;
    }
    let width = all.dim(1)?;
    let mut values: Vec<f32> = all.flatten_all()?.to_vec1()?;
    log_softmax(&mut values, width);
    Ok((values, width))
}

fn tensor(network: &Network, hidden: &[f32]) -> Result<Tensor, ModelError> {
    let dim = network.config.hidden_size;
    Ok(Tensor::from_slice(
        hidden,
        (hidden.len() / dim, dim),
        &Device::Cpu,
    )?)
}

/// Log-probabilities of all tokens, n × V.
pub(super) fn log_probs(network: &Network, hidden: &[f32]) -> Result<Vec<f32>, ModelError> {
    if hidden.is_empty() {
        return Ok(Vec::new());
    }
    let hidden = tensor(network, hidden)?;
    let (head, width) = head(network, &hidden)?;
    let Some(io) = &network.config.adapt_io else {
        return Ok(head);
    };
    let (n, vocab) = (hidden.dim(0)?, network.config.vocab_size);
    let mut out = vec![0.0; n * vocab];
    for (out, head) in out.chunks_exact_mut(vocab).zip(head.chunks_exact(width)) {
        out[..io.cutoffs[0]].copy_from_slice(&head[..io.cutoffs[0]]);
    }
    for (c, cluster) in network.output.clusters.iter().enumerate().skip(1) {
        let (start, end) = (io.cutoffs[c - 1], io.cutoffs[c]);
        let mut tail: Vec<f32> = logits(cluster, &hidden)?.flatten_all()?.to_vec1()?;
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
    Ok(out)
}

/// −log p of one target per row; for adaptive output only the targets' clusters are computed.
pub(super) fn nll(
    network: &Network,
    hidden: &[f32],
    targets: &[u32],
) -> Result<Vec<f32>, ModelError> {
    if hidden.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tensor(network, hidden)?;
    let (head, width) = head(network, &rows)?;
    let first = network
        .config
        .adapt_io
        .as_ref()
        .map_or(network.config.vocab_size, |io| io.cutoffs[0]);
    let mut nll: Vec<f32> = targets
        .iter()
        .enumerate()
        .map(|(i, &t)| {
            if (t as usize) < first {
                -head[i * width + t as usize]
            } else {
                0.0
            }
        })
        .collect();
    let Some(io) = &network.config.adapt_io else {
        return Ok(nll);
    };
    for (c, cluster) in network.output.clusters.iter().enumerate().skip(1) {
        let range = io.cutoffs[c - 1] as u32..io.cutoffs[c] as u32;
        let places: Vec<u32> = (0..targets.len() as u32)
            .filter(|&i| range.contains(&targets[i as usize]))
            .collect();
        if places.is_empty() {
            continue;
        }
        let selected =
            rows.index_select(&Tensor::from_slice(&places, places.len(), &Device::Cpu)?, 0)?;
        let mut tail: Vec<f32> = logits(cluster, &selected)?.flatten_all()?.to_vec1()?;
        log_softmax(&mut tail, range.len());
        for (&i, tail) in places.iter().zip(tail.chunks_exact(range.len())) {
            let i = i as usize;
            nll[i] = -(head[i * width + width - c] + tail[(targets[i] - range.start) as usize]);
        }
    }
    Ok(nll)
}
