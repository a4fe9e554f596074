//! The negative log-likelihood of the tokens that follow.

use super::{ROWS, sum_in_order};
use crate::numbers::{is_ours, numbers_of, on_cpu};
use candle_core::{CpuStorage, CustomOp2, D, Layout, Result, Shape, Tensor};
use rayon::prelude::*;
use spanscope_core::model::{exp_sum, largest};

/// The sum over rows of −log softmax(logits + bias) at the row's target, in nats. `logits` is n × V, `targets` n ids.
///
/// # Errors
/// When shapes do not fit, a target is not below V, or the device fails.
pub(crate) fn negative_log_likelihood(
    logits: &Tensor,
    bias: &Tensor,
    targets: &[u32],
) -> Result<Tensor> {
    if is_ours(logits) {
        let targets = targets.to_vec();
        return logits.apply_op2(bias, NegativeLogLikelihood { targets });
    }
    let logits = logits.broadcast_add(bias)?;
    let max = logits.max_keepdim(D::Minus1)?.detach();
    let shifted = logits.broadcast_sub(&max)?;
    let log_sum = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
    let targets = Tensor::from_slice(targets, (targets.len(), 1), logits.device())?;
    let chosen = shifted.gather(&targets, 1)?;
    (log_sum - chosen)?.sum_all()
}

struct NegativeLogLikelihood {
    targets: Vec<u32>,
}

impl CustomOp2 for NegativeLogLikelihood {
    fn name(&self) -> &'static str {
        "negative log-likelihood"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let logits = numbers_of(logits, logits_layout)?;
        let bias = numbers_of(bias, bias_layout)?;
        let width = bias.len().max(1);
        let groups = logits
            .par_chunks(ROWS * width)
            .zip(self.targets.par_chunks(ROWS));
        let sums: Vec<f64> = groups
            .map(|(logits, targets)| {
                let mut row = vec![0.0; width];
                let rows = logits.chunks_exact(width).zip(targets);
                rows.map(|(logits, target)| {
                    for ((row, logit), bias) in row.iter_mut().zip(logits).zip(bias) {
                        *row = logit + bias;
                    }
                    let (max, chosen) = (largest(&row), row[*target as usize]);
                    f64::from(exp_sum(&mut row, max, 1.0).ln() + max - chosen)
                })
                .sum()
            })
            .collect();
        let sum: f64 = sums.into_iter().sum();
        Ok((CpuStorage::F32(vec![sum as f32]), Shape::from(())))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        bias: &Tensor,
        _out: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let scale = gradient.to_scalar::<f32>()?;
        let width = bias.elem_count();
        let mut dx = vec![0.0; logits.elem_count()];
        let d_bias = on_cpu([logits, bias], |[logits, bias]| {
            let groups = dx
                .par_chunks_mut(ROWS * width)
                .zip(logits.par_chunks(ROWS * width))
                .zip(self.targets.par_chunks(ROWS));
            let parts: Vec<Vec<f32>> = groups
                .map(|((dx, logits), targets)| {
                    let mut sums = vec![0.0; width];
                    let rows = dx.chunks_exact_mut(width).zip(logits.chunks_exact(width));
                    for ((dx, logits), target) in rows.zip(targets) {
                        for ((dx, logit), bias) in dx.iter_mut().zip(logits).zip(bias) {
                            *dx = logit + bias;
                        }
                        let max = largest(dx);
                        let factor = scale / exp_sum(dx, max, 1.0);
                        dx.iter_mut().for_each(|x| *x *= factor);
                        dx[*target as usize] -= scale;
                        for (sum, dx) in sums.iter_mut().zip(dx) {
                            *sum += *dx;
                        }
                    }
                    sums
                })
                .collect();
            sum_in_order(parts, width)
        })?;
        let device = logits.device();
        Ok((
            Some(Tensor::from_vec(dx, logits.shape(), device)?),
            Some(Tensor::from_vec(d_bias, bias.shape(), device)?),
        ))
    }
}
