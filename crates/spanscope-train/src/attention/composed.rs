//! The same attention as tensor operations, which run on any device and whose gradients the library knows.

use super::{EPSILON, Heads, Tensors};
use crate::dropout::Dropout;
use crate::numbers::tensor_like;
use candle_core::{Result, Tensor};

pub(super) fn attend(
    heads: &Heads,
    q: &Tensor,
    kv: &Tensor,
    tensors: &Tensors<'_>,
    dropout: Dropout,
) -> Result<Tensor> {
    let (batch, tokens, width) = q.dims3()?;
    let Heads {
        heads: count,
        head_dim: d,
        limit,
        vectors,
        ..
    } = *heads;
    let kept = heads.longest();
    let columns = kept + tokens - 1;
    let start = kv.dim(1)? - tokens - kept;
    let of_heads = |x: &Tensor, rows: usize| {
        x.reshape((batch, rows, count, d))?
            .transpose(1, 2)?
            .contiguous()
    };
    let scale = 1.0 / (d as f64).sqrt();
    let q = (of_heads(q, tokens)? * scale)?;
    let kv = kv.narrow(1, start, columns)?;
    let keys = of_heads(&kv.narrow(2, 0, width)?.contiguous()?, columns)?;
    let values = of_heads(&kv.narrow(2, width, width)?.contiguous()?, columns)?;
    let widest = tensors.positions.dim(1)?;
    let positions = tensors
        .positions
        .narrow(1, widest - kept, kept)?
        .contiguous()?;

    let by_key = q.matmul(&keys.transpose(2, 3)?.contiguous()?)?;
    let by_position = q.reshape((batch * count * tokens, d))?.matmul(&positions)?;
    let by_position = by_position.reshape((batch, count, tokens, kept))?;
    let mut scores = (by_distance(&by_key, kept)? + by_position)?;
    if let Some((keys, _)) = tensors.persistent {
        let q = (&q * (d as f64).sqrt())?;
        let beside = q.broadcast_matmul(&keys.unsqueeze(0)?)?;
        scores = Tensor::cat(&[&scores, &beside], 3)?;
    }
    let terms = scores
        .broadcast_sub(&scores.max_keepdim(3)?.detach())?
        .exp()?;
    let total = terms.sum_keepdim(3)?;
    let mut context = terms.narrow(3, 0, kept)?.contiguous()?;
    if let (Some(span), Some((ramp, _))) = (tensors.span, &heads.spans) {
        let farthest_first: Vec<f32> = (1..=kept)
            .rev()
            .map(|distance| (*ramp as f32 + 1.0 - distance as f32) / *ramp as f32)
            .collect();
        let template = tensor_like(&q, farthest_first, (1, 1, kept))?;
        let mask = (span * (limit as f64 / *ramp as f64))?
            .broadcast_add(&template)?
            .clamp(0.0, 1.0)?;
        context = context.broadcast_mul(&mask)?;
    }
    let beside = match vectors {
        0 => None,
        _ => Some(terms.narrow(3, kept, vectors)?.contiguous()?),
    };
    let mut divisor = context.sum_keepdim(3)?;
    if let Some(beside) = &beside {
        divisor = (divisor + beside.sum_keepdim(3)?)?;
    }
    if heads.spans.is_some() {
        divisor = (divisor + (total * f64::from(EPSILON))?)?;
    }
    let bands = heads.bands();
    let drop = |weights: Tensor, first: &dyn Fn(usize) -> usize| -> Result<Tensor> {
        if !dropout.drops() {
            return Ok(weights);
        }
        let (rows, columns) = (batch * count * tokens, weights.dim(3)?);
        let mut factors = vec![0.0; rows * columns];
        for (row, factors) in factors.chunks_exact_mut(columns).enumerate() {
            let (dropped, band) = (dropout.row(row as u64), first(row / tokens % count));
            for (column, factor) in factors.iter_mut().enumerate() {
                let column = column.wrapping_add(band) as u32;
                *factor = match dropped.drops(column) {
                    true => 0.0,
                    false => dropout.upscale(),
                };
            }
        }
        let factors = tensor_like(&weights, factors, (batch, count, tokens, columns))?;
        weights * factors
    };
    // A head's own columns are counted from its farthest distance, as where every head has a band of its own.
    let context = context.broadcast_div(&divisor)?;
    let context = drop(context, &|head| bands[head].wrapping_sub(kept))?;
    let mut read = by_column(&context)?.matmul(&values)?;
    if let (Some(beside), Some((_, values))) = (beside, tensors.persistent) {
        let weights = drop(beside.broadcast_div(&divisor)?, &|head| bands[head])?;
        let values = (values.unsqueeze(0)? * (vectors as f64).sqrt())?;
        read = (read + weights.broadcast_matmul(&values)?)?;
    }
    read.transpose(1, 2)?
        .contiguous()?
        .reshape((batch, tokens, width))
}

/// From one column per key to one per distance: row i begins at its column i.
fn by_distance(scores: &Tensor, kept: usize) -> Result<Tensor> {
    let (batch, heads, m, columns) = scores.dims4()?;
    scores
        .reshape((batch, heads, m * columns))?
        .pad_with_zeros(2, 0, m)?
        .reshape((batch, heads, m, columns + 1))?
        .narrow(3, 0, kept)?
        .contiguous()
}

/// The way back, with zeros for the keys that a row does not see.
fn by_column(weights: &Tensor) -> Result<Tensor> {
    let (batch, heads, m, kept) = weights.dims4()?;
    let columns = kept + m - 1;
    weights
        .pad_with_zeros(3, 0, m)?
        .reshape((batch, heads, m * (columns + 1)))?
        .narrow(2, 0, m * columns)?
        .contiguous()?
        .reshape((batch, heads, m, columns))
}
