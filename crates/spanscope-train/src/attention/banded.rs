//! Attention in which every head computes its own band, as one operation with a backward pass.
//!
//! Queries go in tiles. Scores of a tile stand by key, so that they are plain matrix products; the part that a query can see
//! begins one column further right than that of the query before it. Read with rows longer by one, the same numbers stand by
//! distance: so the product with the positions goes to the same place, and nothing is moved.

use super::rows::{Dropped, back_to_mask, back_to_scores, back_to_weights, masked_sum, weigh};
use super::{EPSILON, Heads, Tensors};
use crate::dropout::Dropout;
use crate::numbers::{numbers_of, on_cpu, wrong};
use crate::product::{Matrix, Place};
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;
use spanscope_core::model::{exp_sum, largest};
use std::sync::{Mutex, PoisonError};

/// Queries of a tile.
const TILE: usize = 64;

pub(super) fn attend(
    heads: &Heads,
    q: &Tensor,
    kv: &Tensor,
    tensors: &Tensors<'_>,
    dropout: Dropout,
) -> Result<Tensor> {
    let (batch, tokens, _) = q.dims3()?;
    let mut parts = vec![tensors.positions.flatten_all()?];
    if let Some(span) = tensors.span {
        parts.push(span.flatten_all()?);
    }
    if let Some((keys, values)) = tensors.persistent {
        parts.push(keys.flatten_all()?);
        parts.push(values.flatten_all()?);
    }
    let op = Banded {
        bands: heads.bands(),
        masks: heads.masks(),
        heads: heads.clone(),
        batch,
        tokens,
        context: kv.dim(1)? - tokens,
        widest: tensors.positions.dim(1)?,
        dropout,
        terms: Mutex::default(),
    };
    let parameters = Tensor::cat(&parts, 0)?;
    q.contiguous()?
        .apply_op3(&kv.contiguous()?, &parameters, op)
}

struct Banded {
    heads: Heads,
    /// Distances of each head, and their mask by falling distance; empty for fixed spans.
    bands: Vec<usize>,
    masks: Vec<Vec<f32>>,
    /// B, T, C.
    batch: usize,
    tokens: usize,
    context: usize,
    /// W: distances that the positions have.
    widest: usize,
    dropout: Dropout,
    /// The results of the forward pass for the backward one: per batch row and head, T × (band + N) terms of the softmax over
    /// the sum of those that the mask left, with the sign set where they were dropped.
    terms: Mutex<Vec<Vec<Vec<f32>>>>,
}

/// The shared parameters, by head.
struct Parameters<'a> {
    positions: &'a [f32],
    keys: &'a [f32],
    values: &'a [f32],
}

impl Banded {
    fn width(&self) -> usize {
        self.heads.heads * self.heads.head_dim
    }

    /// The offsets of positions, spans, persistent keys and persistent values in the parameters, and the offset of their end.
    fn places(&self) -> [usize; 5] {
        let Heads {
            heads,
            head_dim,
            vectors,
            ..
        } = self.heads;
        let spans = if self.heads.spans.is_some() { heads } else { 0 };
        let positions = head_dim * self.widest;
        let persistent = heads * head_dim * vectors;
        [
            0,
            positions,
            positions + spans,
            positions + spans + persistent,
            positions + spans + 2 * persistent,
        ]
    }

    fn of_head<'a>(&self, all: &'a [f32], head: usize) -> Parameters<'a> {
        let [positions, spans, keys, values, _] = self.places();
        let size = self.heads.head_dim * self.heads.vectors;
        Parameters {
            positions: &all[positions..spans],
            keys: &all[keys + head * size..][..size],
            values: &all[values + head * size..][..size],
        }
    }

    fn check(&self, q: usize, kv: usize, parameters: usize) -> Result<()> {
        let width = self.width();
        let longest = self.bands.iter().max().copied().unwrap_or(0);
        let fits = q == self.batch * self.tokens * width
            && kv == self.batch * (self.context + self.tokens) * 2 * width
            && parameters == self.places()[4]
            && longest <= self.context
            && longest <= self.widest;
        match fits {
            true => Ok(()),
            false => Err(wrong(format!(
                "attention: {q} queries, {kv} keys and values, {parameters} parameters do not fit a batch of {} × {} tokens \
                 after {} with bands up to {longest}",
                self.batch, self.tokens, self.context
            ))),
        }
    }

    /// One row of the batch. Returns the terms of every head.
    fn forward(
        &self,
        row: usize,
        q: &[f32],
        kv: &[f32],
        all: &[f32],
        out: &mut [f32],
    ) -> Vec<Vec<f32>> {
        let (width, d, vectors) = (self.width(), self.heads.head_dim, self.heads.vectors);
        let scale = 1.0 / (d as f32).sqrt();
        let mut moved = Vec::new();
        let mut used_vectors = vec![0.0; TILE * vectors];
        (0..self.heads.heads)
            .map(|head| {
                let (band, mask) = (self.bands[head], self.masks[head].as_slice());
                let own = self.of_head(all, head);
                let stride = band + vectors;
                let mut terms = vec![0.0; self.tokens * stride];
                for first in (0..self.tokens).step_by(TILE) {
                    let m = TILE.min(self.tokens - first);
                    let columns = m + band - 1;
                    moved.resize(m * columns, 0.0);
                    let queries = Matrix::new(&q[first * width + head * d..], m, d, width);
                    let start = (self.context + first - band) * 2 * width + head * d;
                    let keys = Matrix::new(&kv[start..], columns, d, 2 * width);
                    let values = Matrix::new(&kv[start + width..], columns, d, 2 * width);
                    let positions =
                        Matrix::new(&own.positions[self.widest - band..], d, band, self.widest);
                    Place::new(&mut moved, m, columns, columns).set(scale, queries, keys.t());
                    Place::new(&mut moved, m, band, columns + 1).add(scale, queries, positions);
                    let terms = &mut terms[first * stride..][..m * stride];
                    if vectors > 0 {
                        let keys = Matrix::new(own.keys, d, vectors, vectors);
                        Place::new(&mut terms[band..], m, vectors, stride).set(1.0, queries, keys);
                    }
                    for (i, terms) in terms.chunks_exact_mut(stride).enumerate() {
                        let moved = &mut moved[i * columns..][..columns];
                        let (near, persistent) = terms.split_at_mut(band);
                        near.copy_from_slice(&moved[i..i + band]);
                        moved[..i].fill(0.0);
                        moved[i + band..].fill(0.0);
                        let max = largest(near).max(largest(persistent));
                        let context = exp_sum(near, max, 1.0);
                        let beside = exp_sum(persistent, max, 1.0);
                        let sum = match mask.is_empty() {
                            true => context + beside,
                            false => masked_sum(mask, near) + beside + EPSILON * (context + beside),
                        };
                        let place = (row * self.heads.heads + head) * self.tokens + first + i;
                        let dropped = Dropped::new(self.dropout, place as u64);
                        weigh(near, &mut moved[i..i + band], mask, 1.0 / sum, dropped, 0);
                        let used = &mut used_vectors[i * vectors..][..vectors];
                        weigh(persistent, used, &[], 1.0 / sum, dropped, band as u32);
                    }
                    let read = Matrix::new(&moved, m, columns, columns);
                    let at = first * width + head * d;
                    Place::new(&mut out[at..], m, d, width).set(1.0, read, values);
                    if vectors > 0 {
                        let used = Matrix::new(&used_vectors, m, vectors, vectors);
                        let values = Matrix::new(own.values, vectors, d, d);
                        let factor = (vectors as f32).sqrt();
                        Place::new(&mut out[at..], m, d, width).add(factor, used, values);
                    }
                }
                terms
            })
            .collect()
    }

    /// The gradients of one row of the batch: of queries and of keys and values into their places, of the parameters
    /// returned.
    fn backward(
        &self,
        terms: &[Vec<f32>],
        (q, kv, all): (&[f32], &[f32], &[f32]),
        out: &[f32],
        dq: &mut [f32],
        dkv: &mut [f32],
    ) -> Vec<f32> {
        let (width, d, vectors) = (self.width(), self.heads.head_dim, self.heads.vectors);
        let (scale, factor) = (1.0 / (d as f32).sqrt(), (vectors as f32).sqrt());
        let adaptive = self.heads.spans.is_some();
        let upscale = self.dropout.upscale();
        let [_, spans_at, keys_at, values_at, end] = self.places();
        let mut shared = vec![0.0; end];
        let (mut used, mut gradient) = (Vec::new(), Vec::new());
        let mut used_vectors = vec![0.0; TILE * vectors];
        let mut gradient_vectors = vec![0.0; TILE * vectors];
        for (head, terms) in terms.iter().enumerate() {
            let (band, mask) = (self.bands[head], self.masks[head].as_slice());
            let own = self.of_head(all, head);
            let stride = band + vectors;
            let ramp = self.ramp(head);
            let mut by_mask = 0.0;
            for first in (0..self.tokens).step_by(TILE) {
                let m = TILE.min(self.tokens - first);
                let columns = m + band - 1;
                used.resize(m * columns, 0.0);
                gradient.resize(m * columns, 0.0);
                let at = first * width + head * d;
                let queries = Matrix::new(&q[at..], m, d, width);
                let out = Matrix::new(&out[at..], m, d, width);
                let start = (self.context + first - band) * 2 * width + head * d;
                let keys = Matrix::new(&kv[start..], columns, d, 2 * width);
                let values = Matrix::new(&kv[start + width..], columns, d, 2 * width);
                let positions =
                    Matrix::new(&own.positions[self.widest - band..], d, band, self.widest);
                Place::new(&mut gradient, m, columns, columns).set(1.0, out, values.t());
                if vectors > 0 {
                    let values = Matrix::new(own.values, vectors, d, d);
                    Place::new(&mut gradient_vectors, m, vectors, vectors).set(
                        factor,
                        out,
                        values.t(),
                    );
                }
                for i in 0..m {
                    let terms = &terms[(first + i) * stride..][..stride];
                    let (near, persistent) = terms.split_at(band);
                    let (used, gradient) = (
                        &mut used[i * columns..][..columns],
                        &mut gradient[i * columns..][..columns],
                    );
                    for row in [&mut *used, &mut *gradient] {
                        row[..i].fill(0.0);
                        row[i + band..].fill(0.0);
                    }
                    let (used, gradient) = (&mut used[i..i + band], &mut gradient[i..i + band]);
                    let mut mean = back_to_weights(near, used, gradient, mask, upscale);
                    let used = &mut used_vectors[i * vectors..][..vectors];
                    let beside = &mut gradient_vectors[i * vectors..][..vectors];
                    mean += back_to_weights(persistent, used, beside, &[], upscale);
                    if adaptive {
                        by_mask += back_to_mask(&near[..ramp], &gradient[..ramp], mean);
                    }
                    back_to_scores(near, gradient, mask, mean, adaptive, scale);
                    back_to_scores(persistent, beside, &[], mean, adaptive, 1.0);
                }
                let by_key = Matrix::new(&gradient, m, columns, columns);
                let by_distance = Matrix::new(&gradient, m, band, columns + 1);
                let read = Matrix::new(&used, m, columns, columns);
                let d_values = &mut dkv[start + width..];
                Place::new(d_values, columns, d, 2 * width).add(1.0, read.t(), out);
                Place::new(&mut dkv[start..], columns, d, 2 * width).add(1.0, by_key.t(), queries);
                Place::new(&mut dq[at..], m, d, width).set(1.0, by_key, keys);
                Place::new(&mut dq[at..], m, d, width).add(1.0, by_distance, positions.t());
                let d_positions = &mut shared[self.widest - band..spans_at];
                Place::new(d_positions, d, band, self.widest).add(1.0, queries.t(), by_distance);
                if vectors > 0 {
                    let size = d * vectors;
                    let scores = Matrix::new(&gradient_vectors, m, vectors, vectors);
                    let used = Matrix::new(&used_vectors, m, vectors, vectors);
                    let keys = Matrix::new(own.keys, d, vectors, vectors);
                    Place::new(&mut dq[at..], m, d, width).add(1.0, scores, keys.t());
                    let d_keys = &mut shared[keys_at + head * size..][..size];
                    Place::new(d_keys, d, vectors, vectors).add(1.0, queries.t(), scores);
                    let d_values = &mut shared[values_at + head * size..][..size];
                    Place::new(d_values, vectors, d, d).add(factor, used.t(), out);
                }
            }
            if let Some((ramp, _)) = self.heads.spans {
                shared[spans_at + head] = by_mask * self.heads.limit as f32 / ramp as f32;
            }
        }
        shared
    }

    /// The number of a head's distances, from the farthest, on the ramp, its ends included: there the mask moves with z.
    fn ramp(&self, head: usize) -> usize {
        let Some((ramp, spans)) = &self.heads.spans else {
            return 0;
        };
        let (z, band) = (spans[head], self.bands[head]);
        let on_ramp =
            |distance: &usize| (z + *ramp as f32 + 1.0 - *distance as f32) <= *ramp as f32;
        (1..=band).rev().take_while(on_ramp).count()
    }
}

impl CustomOp3 for Banded {
    fn name(&self) -> &'static str {
        "banded attention"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        q_layout: &Layout,
        kv: &CpuStorage,
        kv_layout: &Layout,
        parameters: &CpuStorage,
        parameters_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let q = numbers_of(q, q_layout)?;
        let kv = numbers_of(kv, kv_layout)?;
        let all = numbers_of(parameters, parameters_layout)?;
        self.check(q.len(), kv.len(), all.len())?;
        let (rows, kv_rows) = (q.len() / self.batch, kv.len() / self.batch);
        let mut out = vec![0.0; q.len()];
        let terms: Vec<Vec<Vec<f32>>> = out
            .par_chunks_exact_mut(rows)
            .zip(q.par_chunks_exact(rows))
            .zip(kv.par_chunks_exact(kv_rows))
            .enumerate()
            .map(|(row, ((out, q), kv))| self.forward(row, q, kv, all, out))
            .collect();
        *self.terms.lock().unwrap_or_else(PoisonError::into_inner) = terms;
        let shape = (self.batch, self.tokens, self.width());
        Ok((CpuStorage::F32(out), shape.into()))
    }

    fn bwd(
        &self,
        q: &Tensor,
        kv: &Tensor,
        parameters: &Tensor,
        _out: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let device = q.device().clone();
        let terms = std::mem::take(&mut *self.terms.lock().unwrap_or_else(PoisonError::into_inner));
        if terms.len() != self.batch {
            return Err(wrong("attention goes back once per forward pass".into()));
        }
        let gradient = gradient.contiguous()?;
        let mut dq = vec![0.0; q.elem_count()];
        let mut dkv = vec![0.0; kv.elem_count()];
        let shared = on_cpu([q, kv, parameters, &gradient], |[q, kv, all, out]| {
            let (rows, kv_rows) = (q.len() / self.batch, kv.len() / self.batch);
            let shared: Vec<Vec<f32>> = dq
                .par_chunks_exact_mut(rows)
                .zip(dkv.par_chunks_exact_mut(kv_rows))
                .zip(q.par_chunks_exact(rows))
                .zip(kv.par_chunks_exact(kv_rows))
                .zip(out.par_chunks_exact(rows))
                .zip(terms.par_iter())
                .map(|(((((dq, dkv), q), kv), out), terms)| {
                    self.backward(terms, (q, kv, all), out, dq, dkv)
                })
                .collect();
            shared
        })?;
        // In the order of the batch, so that the sum does not depend on which thread came first.
        let mut sums = shared.into_iter();
        let mut sum = sums.next().unwrap_or_default();
        for more in sums {
            for (sum, more) in sum.iter_mut().zip(more) {
                *sum += more;
            }
        }
        Ok((
            Some(Tensor::from_vec(dq, q.shape(), &device)?),
            Some(Tensor::from_vec(dkv, kv.shape(), &device)?),
            Some(Tensor::from_vec(sum, parameters.shape(), &device)?),
        ))
    }
}
