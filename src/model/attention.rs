//! One head's attention over a tile of queries (arXiv 1905.07799, section 2; persistent vectors: 1907.01470).
//!
//! Scores form a band: query t sees the keys t − W … t − 1, with W the head's reach. A tile of B queries
//! therefore needs the products with W + B − 1 keys, whatever the length of the text; the position scores
//! q · p_δ are one more product, and the two are added with a shift by the query's row.

use super::gemm::{Matrix, add_times, times_transposed};
use super::mask::soft_mask;
use super::weights::Head;

/// Queries computed together.
pub(super) const TILE: usize = 64;

/// The weights of one head for consecutive queries.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadWeights {
    /// Position of the first query in the text.
    pub first: usize,
    /// Number of queries.
    pub queries: usize,
    /// Number of distances kept: the head's reach.
    pub reach: usize,
    /// Number of persistent vectors.
    pub vectors: usize,
    /// queries × reach; column c is distance c + 1. Distances before the text's start hold the weight that
    /// falls on empty context there.
    pub weights: Vec<f32>,
    /// queries × vectors.
    pub persistent: Vec<f32>,
    /// Per query, the weight on distances before the text's start.
    pub empty: Vec<f32>,
}

impl HeadWeights {
    /// The weights of query `i` of this tile by distance, from 1.
    pub fn row(&self, i: usize) -> &[f32] {
        self.weights
            .get(i * self.reach..(i + 1) * self.reach)
            .unwrap_or_default()
    }

    /// The weights of query `i` on the persistent vectors.
    pub fn persistent_row(&self, i: usize) -> &[f32] {
        self.persistent
            .get(i * self.vectors..(i + 1) * self.vectors)
            .unwrap_or_default()
    }
}

/// What a head computes with, apart from its own parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// Position of the first row below: 0, or later in a run that has forgotten.
    pub start: usize,
    /// One row of D numbers per token: queries, keys and values of the text so far.
    pub q: &'a [f32],
    pub k: &'a [f32],
    pub v: &'a [f32],
    /// S × d.
    pub positions: &'a [f32],
    pub hidden: usize,
    pub dim: usize,
    /// R, or `None` for a fixed span.
    pub ramp: Option<usize>,
}

impl<'a> Context<'a> {
    fn rows(&self, of: &'a [f32], head: usize, from: usize, to: usize) -> Matrix<'a> {
        let start = ((from - self.start) * self.hidden + head * self.dim).min(of.len());
        Matrix::new(&of[start..], to - from, self.dim, self.hidden)
    }
}

/// The weights of head `index` for the queries `first..first + queries`.
pub(super) fn weights(
    cx: Context<'_>,
    index: usize,
    head: &Head,
    first: usize,
    queries: usize,
) -> HeadWeights {
    let (reach, d) = (head.reach, cx.dim);
    let vectors = head.pers_key.len() / d;
    let start = first.saturating_sub(reach);
    let keys = (first + queries - start).saturating_sub(1);
    let q = cx.rows(cx.q, index, first, first + queries);
    let mut content = vec![0.0; queries * keys];
    times_transposed(q, cx.rows(cx.k, index, start, start + keys), &mut content);
    let mut scores = vec![0.0; queries * reach];
    times_transposed(q, Matrix::new(cx.positions, reach, d, d), &mut scores);
    let mut persistent = vec![0.0; queries * vectors];
    times_transposed(
        q,
        Matrix::new(&head.pers_key, vectors, d, d),
        &mut persistent,
    );

    let mask: Vec<f32> = match cx.ramp {
        Some(ramp) => (1..=reach)
            .map(|distance| soft_mask(head.span, ramp, distance))
            .collect(),
        None => Vec::new(),
    };
    let scale = 1.0 / (d as f32).sqrt();
    let mut empty = Vec::with_capacity(queries);
    for i in 0..queries {
        let t = first + i;
        let row = &mut scores[i * reach..(i + 1) * reach];
        // Distance δ is key t − δ; before the text's start the key is zero and only the position counts.
        let seen = (t - start).min(reach);
        let content = &content[i * keys..(i + 1) * keys];
        for (score, content) in row[..seen]
            .iter_mut()
            .zip(content[..t - start].iter().rev())
        {
            *score += content;
        }
    }
    // A fixed span leaves nothing beyond the reach.
    let beyond = if cx.ramp.is_some() {
        beyond(cx, index, reach, first, queries, &scores, scale)
    } else {
        None
    };
    for i in 0..queries {
        let row = &mut scores[i * reach..(i + 1) * reach];
        let pers = &mut persistent[i * vectors..(i + 1) * vectors];
        normalise(
            row,
            pers,
            scale,
            &mask,
            beyond.as_ref().and_then(|b| b.get(i)).copied(),
        );
        let seen = (first + i - start).min(reach);
        empty.push(row[seen..].iter().sum());
    }
    HeadWeights {
        first,
        queries,
        reach,
        vectors,
        weights: scores,
        persistent,
        empty,
    }
}

/// The part of a query's softmax that falls beyond the reach: its largest score, and Σ exp(score − largest).
#[derive(Debug, Clone, Copy)]
struct Beyond {
    max: f32,
    sum: f32,
}

/// What lies beyond the reach is masked to zero and the final division cancels its share of the softmax, but for
/// the 1e-8 added to the divisor: that shows once nearly all of the softmax lies beyond. It is computed only where
/// the norms of queries, keys and positions (Cauchy–Schwarz) do not rule that out.
fn beyond(
    cx: Context<'_>,
    index: usize,
    reach: usize,
    first: usize,
    queries: usize,
    scores: &[f32],
    scale: f32,
) -> Option<Vec<Beyond>> {
    let d = cx.dim;
    let distances = (cx.positions.len() / d).saturating_sub(reach);
    if distances == 0 {
        return None;
    }
    let start = first.saturating_sub(reach + distances);
    // The last query's nearest key beyond the reach.
    let keys = (first + queries - start).saturating_sub(reach + 1);
    let q = cx.rows(cx.q, index, first, first + queries);
    let k = cx.rows(cx.k, index, start, start + keys);
    let norm = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>().sqrt();
    let longest = |m: Matrix<'_>| {
        (0..m.rows)
            .map(|i| norm(&m.data[i * m.stride..][..d]))
            .fold(0.0, f32::max)
    };
    let p = Matrix::new(&cx.positions[reach * d..], distances, d, d);
    let bound = longest(k) + longest(p);
    // exp(NEGLIGIBLE) · 1e-8 changes a weight by 3e-6 of itself.
    const NEGLIGIBLE: f32 = 5.7;
    let slack = (distances as f32).ln();
    let matters = (0..queries).any(|i| {
        let max = scores[i * reach..(i + 1) * reach]
            .iter()
            .fold(f32::NEG_INFINITY, |m, s| m.max(*s));
        (norm(&q.data[i * q.stride..][..d]) * bound - max) * scale + slack > NEGLIGIBLE
    });
    if !matters {
        return None;
    }
    let mut content = vec![0.0; queries * keys];
    times_transposed(q, k, &mut content);
    let mut far = vec![0.0; queries * distances];
    times_transposed(q, p, &mut far);
    let rows = far.chunks_exact_mut(distances).enumerate().map(|(i, row)| {
        // Column c is distance reach + 1 + c, key first + i − that.
        let seen = (first + i).saturating_sub(start + reach).min(keys);
        for (score, content) in row.iter_mut().zip(content[i * keys..][..seen].iter().rev()) {
            *score += content;
        }
        let max = row.iter().fold(f32::NEG_INFINITY, |m, s| m.max(*s));
        Beyond {
            max,
            sum: row.iter().map(|s| ((s - max) * scale).exp()).sum(),
        }
    });
    Some(rows.collect())
}

/// Softmax over context and persistent scores together, then the soft mask on the context and the division by
/// what remains.
fn normalise(
    context: &mut [f32],
    persistent: &mut [f32],
    scale: f32,
    mask: &[f32],
    beyond: Option<Beyond>,
) {
    let max = context
        .iter()
        .chain(persistent.iter())
        .fold(f32::NEG_INFINITY, |m, s| m.max(*s));
    let mut sum = 0.0;
    for score in context.iter_mut().chain(persistent.iter_mut()) {
        *score = ((*score - max) * scale).exp();
        sum += *score;
    }
    if sum <= 0.0 || !sum.is_finite() {
        return;
    }
    let mut factor = 1.0 / sum;
    if !mask.is_empty() {
        let mut kept: f32 = persistent.iter().sum();
        for (weight, m) in context.iter_mut().zip(mask) {
            *weight *= m;
            kept += *weight;
        }
        // In f64: what lies beyond may be larger by more than f32 can hold.
        let far = beyond.map_or(0.0, |b| {
            f64::from(b.sum) * (f64::from(b.max - max) * f64::from(scale)).exp()
        });
        factor = (1.0 / (f64::from(kept) + 1e-8 * (f64::from(sum) + far))) as f32;
    }
    context
        .iter_mut()
        .chain(persistent.iter_mut())
        .for_each(|weight| *weight *= factor);
}

/// What the head reads with `weights`: queries × d.
pub(super) fn read(cx: Context<'_>, index: usize, head: &Head, weights: &HeadWeights) -> Vec<f32> {
    let (reach, d, queries, first) = (weights.reach, cx.dim, weights.queries, weights.first);
    let start = first.saturating_sub(reach);
    let keys = (first + queries - start).saturating_sub(1);
    // Back from distances to positions: the band as a queries × keys matrix.
    let mut band = vec![0.0; queries * keys];
    for i in 0..queries {
        let t = first + i;
        let row = &mut band[i * keys..(i + 1) * keys];
        for (cell, weight) in row[..t - start].iter_mut().rev().zip(weights.row(i)) {
            *cell = *weight;
        }
    }
    let mut out = vec![0.0; queries * d];
    add_times(
        Matrix::new(&band, queries, keys, keys),
        cx.rows(cx.v, index, start, start + keys),
        &mut out,
    );
    if weights.vectors > 0 {
        let persistent = Matrix::new(
            &weights.persistent,
            queries,
            weights.vectors,
            weights.vectors,
        );
        add_times(
            persistent,
            Matrix::new(&head.pers_val, weights.vectors, d, d),
            &mut out,
        );
    }
    out
}
