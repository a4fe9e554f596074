//! The feed-forward sublayer.

use super::{ROWS, sum_in_order};
use crate::dropout::Dropout;
use crate::numbers::{is_ours, numbers_of, on_cpu, tensor_like, wrong};
use crate::product::{Matrix, Place};
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use pulp::Arch;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// The weights of a feed-forward sublayer: I × D, I, D × I, D.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weights<'a> {
    pub fc1: &'a Tensor,
    pub b1: &'a Tensor,
    pub fc2: &'a Tensor,
    pub b2: &'a Tensor,
}

/// W2 · dropout(relu(W1 · x + b1)) + b2 over the last dimension of `x`.
///
/// # Errors
/// When shapes do not fit, or the device fails.
pub(crate) fn feed_forward(x: &Tensor, weights: Weights<'_>, dropout: Dropout) -> Result<Tensor> {
    let (inner, width) = weights.fc1.dims2()?;
    if is_ours(x) {
        let parts = [weights.fc1, weights.b1, weights.fc2, weights.b2];
        let parts = parts.map(Tensor::flatten_all);
        let parts = parts.into_iter().collect::<Result<Vec<_>>>()?;
        let op = FeedForward {
            inner,
            width,
            dropout,
            active: Mutex::default(),
        };
        return x.contiguous()?.apply_op2(&Tensor::cat(&parts, 0)?, op);
    }
    let rows = x.elem_count() / width;
    let active = x.reshape((rows, width))?.matmul(&weights.fc1.t()?)?;
    let mut active = active.broadcast_add(weights.b1)?.relu()?;
    if dropout.drops() {
        let factors = tensor_like(x, dropout.factors(rows, inner), (rows, inner))?;
        active = (active * factors)?;
    }
    let out = active.matmul(&weights.fc2.t()?)?;
    out.broadcast_add(weights.b2)?.reshape(x.shape())
}

struct FeedForward {
    /// I and D.
    inner: usize,
    width: usize,
    dropout: Dropout,
    /// The outputs of the inner units, for the backward pass: n × I.
    active: Mutex<Vec<f32>>,
}

/// The parts of the parameters.
struct Parts<'a> {
    fc1: Matrix<'a>,
    b1: &'a [f32],
    fc2: Matrix<'a>,
    b2: &'a [f32],
}

impl FeedForward {
    fn parts<'a>(&self, all: &'a [f32]) -> Parts<'a> {
        let size = self.inner * self.width;
        Parts {
            fc1: Matrix::new(all, self.inner, self.width, self.width),
            b1: &all[size..size + self.inner],
            fc2: Matrix::new(
                &all[size + self.inner..],
                self.width,
                self.inner,
                self.inner,
            ),
            b2: &all[2 * size + self.inner..],
        }
    }

    /// active ← dropout(relu(active + bias)), for rows from `first` on.
    fn activate(&self, first: usize, active: &mut [f32], bias: &[f32]) {
        let (drops, upscale) = (self.dropout.drops(), self.dropout.upscale());
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (i, row) in active.chunks_exact_mut(bias.len()).enumerate() {
                    let dropped = self.dropout.row((first + i) as u64);
                    for ((x, bias), column) in row.iter_mut().zip(bias).zip(0..) {
                        let relu = (*x + bias).max(0.0);
                        let kept = if drops && dropped.drops(column) {
                            0.0
                        } else {
                            upscale
                        };
                        *x = relu * kept;
                    }
                }
            },
        );
    }
}

impl CustomOp2 for FeedForward {
    fn name(&self) -> &'static str {
        "feed-forward"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        all: &CpuStorage,
        all_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (inner, width) = (self.inner, self.width);
        let x = numbers_of(x, x_layout)?;
        let parts = self.parts(numbers_of(all, all_layout)?);
        let rows = x.len() / width;
        let mut active = vec![0.0; rows * inner];
        let mut out = vec![0.0; x.len()];
        let groups = active
            .par_chunks_mut(ROWS * inner)
            .zip(out.par_chunks_mut(ROWS * width))
            .zip(x.par_chunks(ROWS * width));
        groups.enumerate().for_each(|(group, ((active, out), x))| {
            let n = x.len() / width;
            let x = Matrix::new(x, n, width, width);
            Place::new(active, n, inner, inner).set(1.0, x, parts.fc1.t());
            self.activate(group * ROWS, active, parts.b1);
            for out in out.chunks_exact_mut(width) {
                out.copy_from_slice(parts.b2);
            }
            let active = Matrix::new(active, n, inner, inner);
            Place::new(out, n, width, width).add(1.0, active, parts.fc2.t());
        });
        *self.active.lock().unwrap_or_else(PoisonError::into_inner) = active;
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        all: &Tensor,
        _out: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (inner, width, upscale) = (self.inner, self.width, self.dropout.upscale());
        let mut active =
            std::mem::take(&mut *self.active.lock().unwrap_or_else(PoisonError::into_inner));
        let rows = x.elem_count() / width;
        if active.len() != rows * inner {
            return Err(wrong("a sublayer goes back once per forward pass".into()));
        }
        let gradient = gradient.contiguous()?;
        let mut dx = vec![0.0; x.elem_count()];
        let mut shared = vec![0.0; all.elem_count()];
        on_cpu([x, all, &gradient], |[x, all, g]| {
            let parts = self.parts(all);
            let (d_fc1, rest) = shared.split_at_mut(inner * width);
            let (d_b1, rest) = rest.split_at_mut(inner);
            let (d_fc2, d_b2) = rest.split_at_mut(inner * width);
            let out = Matrix::new(g, rows, width, width);
            // Of the second matrix, by its columns: transposed, so that every thread has rows of its own.
            let mut by_column = vec![0.0; inner * width];
            by_column
                .par_chunks_mut(ROWS * width)
                .enumerate()
                .for_each(|(group, place)| {
                    let n = place.len() / width;
                    let some = Matrix::new(&active[group * ROWS..], rows, n, inner);
                    Place::new(place, n, width, width).set(1.0, some.t(), out);
                });
            for (i, row) in d_fc2.chunks_exact_mut(inner).enumerate() {
                for (d, column) in row.iter_mut().zip(by_column.chunks_exact(width)) {
                    *d = column[i];
                }
            }
            let groups = active
                .par_chunks_mut(ROWS * inner)
                .zip(dx.par_chunks_mut(ROWS * width))
                .zip(g.par_chunks(ROWS * width));
            let biases: Vec<Vec<f32>> = groups
                .map(|((active, dx), g)| {
                    let n = g.len() / width;
                    let mut back = vec![0.0; n * inner];
                    let out = Matrix::new(g, n, width, width);
                    Place::new(&mut back, n, inner, inner).set(1.0, out, parts.fc2);
                    let mut sums = vec![0.0; inner + width];
                    let (b1, b2) = sums.split_at_mut(inner);
                    // What was cut off or dropped is zero, and nothing else is.
                    for (active, back) in
                        active.chunks_exact_mut(inner).zip(back.chunks_exact(inner))
                    {
                        for ((active, back), sum) in active.iter_mut().zip(back).zip(b1.iter_mut())
                        {
                            *active = if *active > 0.0 { back * upscale } else { 0.0 };
                            *sum += *active;
                        }
                    }
                    for g in g.chunks_exact(width) {
                        for (sum, g) in b2.iter_mut().zip(g) {
                            *sum += g;
                        }
                    }
                    let inner = Matrix::new(active, n, inner, inner);
                    Place::new(dx, n, width, width).set(1.0, inner, parts.fc1);
                    sums
                })
                .collect();
            let biases = sum_in_order(biases, inner + width);
            d_b1.copy_from_slice(&biases[..inner]);
            d_b2.copy_from_slice(&biases[inner..]);
            let x = Matrix::new(x, rows, width, width);
            d_fc1
                .par_chunks_mut(ROWS * width)
                .enumerate()
                .for_each(|(group, place)| {
                    let n = place.len() / width;
                    let some = Matrix::new(&active[group * ROWS..], rows, n, inner);
                    Place::new(place, n, width, width).set(1.0, some.t(), x);
                });
        })?;
        let device = x.device();
        Ok((
            Some(Tensor::from_vec(dx, x.shape(), device)?),
            Some(Tensor::from_vec(shared, all.shape(), device)?),
        ))
    }
}
