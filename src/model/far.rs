//! What lies beyond a head's reach, for the one place where it shows.
//!
//! The published code takes the softmax over all distances that it keeps for the layer, multiplies by the mask and
//! divides by (sum + 1e-8). Beyond the reach the mask is zero, so that part of the softmax cancels, but for the 1e-8:
//! the result differs once nearly all of a query's softmax lies beyond its reach.
//!
//! That is ruled out by the norms of query, keys and positions (Cauchy–Schwarz) where they are short enough; else a
//! sample of the distances beyond estimates what lies there; where the estimate says that it could change a weight by
//! more than 1e-5 of itself, all of it is computed.

use super::attention::{Band, Context, Queries, Softmax};
use super::kernel::{exp_sum, largest};

/// As much beyond the reach as changes a weight by 1e-5 of itself: 1e-8 · NEGLIGIBLE.
const NEGLIGIBLE: f64 = 1e3;

/// Distances looked at in one place of the sample.
const STRETCH: usize = 32;

/// Places of the sample.
const PLACES: usize = 2;

/// Adds to the totals of the softmax what lies beyond the reach, where it matters.
pub(super) fn add(cx: &Context<'_>, queries: Queries, rows: &mut [Softmax], band: &mut Band) {
    let (near, far) = (cx.head.reach, cx.head.kept);
    let distances = far.saturating_sub(near);
    if distances == 0 {
        return;
    }
    // Row by row: whether a query needs it must not depend on its neighbours.
    let mut needs = may_matter(cx, queries, rows, distances);
    let sampled = PLACES * STRETCH;
    if distances > 2 * sampled && needs.contains(&true) {
        let mut estimates = vec![0.0; rows.len()];
        for place in 0..PLACES {
            let middle = near + distances * (2 * place + 1) / (2 * PLACES);
            let start = middle - STRETCH / 2;
            let part = beyond(cx, queries, rows, start, start + STRETCH, band);
            for (estimate, part) in estimates.iter_mut().zip(part) {
                *estimate += part * distances as f64 / sampled as f64;
            }
        }
        for ((needs, estimate), row) in needs.iter_mut().zip(estimates).zip(rows.iter()) {
            *needs &= estimate > NEGLIGIBLE * row.kept;
        }
    }
    if needs.contains(&true) {
        let all = beyond(cx, queries, rows, near, far, band);
        for ((row, more), needs) in rows.iter_mut().zip(all).zip(needs) {
            row.total += if needs { more } else { 0.0 };
        }
    }
}

/// Σ exp over the distances `near + 1 ..= far` of every query, relative to its softmax.
fn beyond(
    cx: &Context<'_>,
    queries: Queries,
    rows: &[Softmax],
    near: usize,
    far: usize,
    band: &mut Band,
) -> Vec<f64> {
    band.fill(cx, queries, near, far);
    let scale = cx.scale();
    let mut terms = Vec::new();
    let mut row = |(i, row): (usize, &Softmax)| {
        let window = band.window(i, queries.first + i);
        let max = largest(window);
        terms.clear();
        terms.extend_from_slice(window);
        // Relative to its own maximum: it may be larger than the row's by more than f32 can hold.
        f64::from(exp_sum(&mut terms, max, scale))
            * (f64::from(max - row.max) * f64::from(scale)).exp()
    };
    rows.iter().enumerate().map(&mut row).collect()
}

/// For which queries the norms do not rule out that what lies beyond shows.
fn may_matter(cx: &Context<'_>, queries: Queries, rows: &[Softmax], distances: usize) -> Vec<bool> {
    let bound = cx.cache.longest_key() + cx.head.longest_far_position;
    let scale = f64::from(cx.scale());
    let most = (NEGLIGIBLE / distances as f64).ln();
    let norms = queries
        .rows(cx)
        .chunks_exact(cx.dim)
        .map(|q| q.iter().map(|x| x * x).sum::<f32>().sqrt());
    norms
        .zip(rows)
        .map(|(norm, row)| f64::from(norm * bound - row.max) * scale - row.kept.ln() > most)
        .collect()
}
