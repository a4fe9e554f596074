//! From tokens to vectors and from vectors to the loss: plain tables, or clusters of falling width (adaptive input and output).

use super::dropout::Dropout;
use super::layers::{linear, negative_log_likelihood};
use super::numbers::{tensor_like, wrong};
use super::parameters::Parameters;
use candle_core::{Device, Result, Tensor};
use spanscope_core::model::{AdaptIo, Config};

/// The vectors of `ids`, one row each.
///
/// # Errors
/// When an id is not below V, or the device fails.
pub(super) fn embed(
    parameters: &Parameters,
    config: &Config,
    ids: &[u32],
    dropout: Dropout,
) -> Result<Tensor> {
    let Some(io) = &config.adapt_io else {
        let table = parameters.get("in_emb.weight")?;
        let ids = Tensor::from_slice(ids, ids.len(), table.device())?;
        return table.index_select(&ids, 0);
    };
    let device = parameters.get("in_emb.emb_projs.0")?.device().clone();
    let mut parts = Vec::new();
    let mut order = vec![0_u32; ids.len()];
    let mut placed = 0_u32;
    for c in 0..io.cutoffs.len() {
        let rows = rows_of(io, c, ids);
        if rows.is_empty() {
            continue;
        }
        for row in &rows {
            order[*row as usize] = placed;
            placed += 1;
        }
        let table = parameters.get(&format!("in_emb.emb_layers.{c}.weight"))?;
        let own = own_ids(io, c, &rows, ids, &device)?;
        let proj = parameters.get(&format!("in_emb.emb_projs.{c}"))?;
        parts.push(linear(&table.index_select(&own, 0)?, proj)?);
    }
    if placed as usize != ids.len() {
        return Err(wrong("an id is beyond the vocabulary".into()));
    }
    let order = Tensor::from_slice(&order, order.len(), &device)?;
    let all = Tensor::cat(&parts, 0)?.index_select(&order, 0)?;
    let scaled = (all * (config.hidden_size as f64).sqrt())?;
    drop_some(&scaled, dropout)
}

/// The sum of −log p of the targets, in nats. `hidden` is n × D.
///
/// # Errors
/// When a target is not below V, or the device fails.
pub(super) fn loss(
    parameters: &Parameters,
    config: &Config,
    hidden: &Tensor,
    targets: &[u32],
    dropout: Dropout,
) -> Result<Tensor> {
    let Some(io) = &config.adapt_io else {
        let logits = linear(hidden, parameters.get("out_emb.weight")?)?;
        return negative_log_likelihood(&logits, parameters.get("out_emb.bias")?, targets);
    };
    let hidden = drop_some(hidden, dropout)?;
    let get = |part: &str, c: usize, of: &str| parameters.get(&format!("out_emb.{part}.{c}{of}"));
    let clusters = io.cutoffs.len();
    let first = io.cutoffs[0] as u32;
    let cluster_of = |target: u32| io.cutoffs.iter().position(|end| (target as usize) < *end);
    // Of the first cluster's columns, and one per further cluster: the first of these is the last column.
    let mut columns = Vec::with_capacity(targets.len());
    for target in targets {
        columns.push(match cluster_of(*target) {
            Some(0) => *target,
            Some(c) => first + (clusters - 1 - c) as u32,
            None => return Err(wrong("a target is beyond the vocabulary".into())),
        });
    }
    let project = |hidden: &Tensor, c: usize| linear(hidden, &get("out_projs", c, "")?.t()?);
    let head = project(&hidden, 0)?;
    let weight = Tensor::cat(
        &[
            get("out_layers", 0, ".weight")?,
            parameters.get("out_emb.cluster_proj.weight")?,
        ],
        0,
    )?;
    let bias = Tensor::cat(
        &[
            get("out_layers", 0, ".bias")?,
            parameters.get("out_emb.cluster_proj.bias")?,
        ],
        0,
    )?;
    let mut sum = negative_log_likelihood(&linear(&head, &weight)?, &bias, &columns)?;
    for c in 1..clusters {
        let rows = rows_of(io, c, targets);
        if rows.is_empty() {
            continue;
        }
        let start = io.cutoffs[c - 1] as u32;
        let own: Vec<u32> = rows
            .iter()
            .map(|row| targets[*row as usize] - start)
            .collect();
        let rows = Tensor::from_slice(&rows, rows.len(), hidden.device())?;
        let tail = project(&hidden.index_select(&rows, 0)?, c)?;
        let logits = linear(&tail, get("out_layers", c, ".weight")?)?;
        let more = negative_log_likelihood(&logits, get("out_layers", c, ".bias")?, &own)?;
        sum = (sum + more)?;
    }
    Ok(sum)
}

/// The places of the ids that lie in cluster `c`.
fn rows_of(io: &AdaptIo, c: usize, ids: &[u32]) -> Vec<u32> {
    let start = if c == 0 { 0 } else { io.cutoffs[c - 1] };
    let range = start..io.cutoffs[c];
    let rows = (0..)
        .zip(ids)
        .filter(|(_, id)| range.contains(&(**id as usize)));
    rows.map(|(row, _)| row).collect()
}

fn own_ids(io: &AdaptIo, c: usize, rows: &[u32], ids: &[u32], device: &Device) -> Result<Tensor> {
    let start = if c == 0 { 0 } else { io.cutoffs[c - 1] as u32 };
    let own: Vec<u32> = rows.iter().map(|row| ids[*row as usize] - start).collect();
    Tensor::from_vec(own, rows.len(), device)
}

fn drop_some(x: &Tensor, dropout: Dropout) -> Result<Tensor> {
    if !dropout.drops() {
        return Ok(x.clone());
    }
    let (rows, width) = x.dims2()?;
    x * tensor_like(x, dropout.factors(rows, width), (rows, width))?
}
