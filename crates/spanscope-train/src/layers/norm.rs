//! LayerNorm of a sum.

use super::{ROWS, sum_in_order};
use crate::numbers::{is_ours, numbers_of, on_cpu, sum_of};
use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor};
use pulp::Arch;
use rayon::prelude::*;

/// ε beside the variance.
const EPSILON: f32 = 1e-5;

/// LayerNorm(hidden + more) · weight + bias over the last dimension, with ε = 1e-5.
///
/// # Errors
/// When shapes do not fit, or the device fails.
pub(crate) fn add_norm(
    hidden: &Tensor,
    more: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
) -> Result<Tensor> {
    let sum = (hidden + more)?;
    if is_ours(&sum) {
        return sum.apply_op3(weight, bias, Norm);
    }
    let centred = sum.broadcast_sub(&sum.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let scaled = centred.broadcast_div(&(variance + f64::from(EPSILON))?.sqrt()?)?;
    scaled.broadcast_mul(weight)?.broadcast_add(bias)
}

struct Norm;

/// Mean, and 1 / √(variance + ε).
#[inline(always)]
fn moments(row: &[f32]) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = sum_of(row, row, |x, _| x) / n;
    let variance = sum_of(row, row, |x, _| (x - mean) * (x - mean)) / n;
    (mean, 1.0 / (variance + EPSILON).sqrt())
}

impl CustomOp3 for Norm {
    fn name(&self) -> &'static str {
        "layer norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = numbers_of(x, x_layout)?;
        let weight = numbers_of(weight, weight_layout)?;
        let bias = numbers_of(bias, bias_layout)?;
        let width = weight.len().max(1);
        let mut out = vec![0.0; x.len()];
        let groups = out
            .par_chunks_mut(ROWS * width)
            .zip(x.par_chunks(ROWS * width));
        groups.for_each(|(out, x)| {
            Arch::new().dispatch(
                #[inline(always)]
                || {
                    for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                        let (mean, scale) = moments(x);
                        for (((out, x), weight), bias) in
                            out.iter_mut().zip(x).zip(weight).zip(bias)
                        {
                            *out = (x - mean) * scale * weight + bias;
                        }
                    }
                },
            );
        });
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _out: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let width = weight.elem_count();
        let mut dx = vec![0.0; x.elem_count()];
        let shared = on_cpu([x, weight, &gradient], |[x, weight, gradient]| {
            let groups = dx
                .par_chunks_mut(ROWS * width)
                .zip(x.par_chunks(ROWS * width))
                .zip(gradient.par_chunks(ROWS * width));
            let parts: Vec<Vec<f32>> = groups
                .map(|((dx, x), gradient)| {
                    let mut shared = vec![0.0; 2 * width];
                    let (d_weight, d_bias) = shared.split_at_mut(width);
                    Arch::new().dispatch(
                        #[inline(always)]
                        || {
                            let rows = dx.chunks_exact_mut(width).zip(x.chunks_exact(width));
                            for ((dx, x), g) in rows.zip(gradient.chunks_exact(width)) {
                                back(x, weight, g, dx, d_weight, d_bias);
                            }
                        },
                    );
                    shared
                })
                .collect();
            sum_in_order(parts, 2 * width)
        })?;
        let device = x.device();
        let (d_weight, d_bias) = shared.split_at(width);
        Ok((
            Some(Tensor::from_vec(dx, x.shape(), device)?),
            Some(Tensor::from_slice(d_weight, weight.shape(), device)?),
            Some(Tensor::from_slice(d_bias, bias.shape(), device)?),
        ))
    }
}

/// One row back.
#[inline(always)]
fn back(
    x: &[f32],
    weight: &[f32],
    g: &[f32],
    dx: &mut [f32],
    d_weight: &mut [f32],
    d_bias: &mut [f32],
) {
    let n = x.len();
    let (weight, g, dx) = (&weight[..n], &g[..n], &mut dx[..n]);
    let (d_weight, d_bias) = (&mut d_weight[..n], &mut d_bias[..n]);
    let (mean, scale) = moments(x);
    for i in 0..n {
        d_bias[i] += g[i];
        d_weight[i] += g[i] * (x[i] - mean) * scale;
        dx[i] = g[i] * weight[i];
    }
    let by_mean = sum_of(dx, dx, |a, _| a) / n as f32;
    let by_scale = sum_of(dx, x, |a, x| a * (x - mean)) * scale * scale / n as f32;
    for i in 0..n {
        dx[i] = scale * (dx[i] - by_mean - (x[i] - mean) * by_scale);
    }
}
