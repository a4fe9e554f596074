//! The softmax beyond a head's reach, as far as it shows.
//!
//! The published code takes the softmax over all distances that it keeps for the layer, multiplies by the mask and
//! divides by (sum + 1e-8). Beyond the reach the mask is zero, so that part of the softmax cancels, but for the 1e-8:
//! the result differs once nearly all of a query's softmax lies beyond its reach.
//!
//! That is ruled out by the norms of query, keys and positions (Cauchy–Schwarz) where they are short enough for what
//! lies there to change no weight by more than 1e-5 of itself. Elsewhere it is computed: the scores only, no values.
//! (An estimate from a sample of the distances would miss what matters most, a single far key that outweighs all.)
//!
//! fairseq's port does not divide by the sum, so nothing cancels: what lies beyond takes its share of the softmax, and is
//! left out only where the norms say that it changes no weight by more than 1e-6 of itself.

use super::attention::Softmax;
use super::band::{Band, Context, Queries};
use super::kernel::{exp_sum, largest};
use super::normalisation::Normalisation;

/// As much beyond the reach as changes a weight by 1e-5 of itself: 1e-8 · NEGLIGIBLE.
const NEGLIGIBLE: f64 = 1e3;

/// The same where the softmax itself is the divisor.
const NEGLIGIBLE_SHARE: f64 = 1e-6;

/// Adds to the totals of the softmax what lies beyond the reach, where it matters.
pub(super) fn add(cx: &Context<'_>, queries: Queries, rows: &mut [Softmax], band: &mut Band) {
    let (near, far) = (cx.head.reach, cx.head.kept);
    if far <= near {
        return;
    }
    // Row by row: whether a query needs it must not depend on its neighbours.
    let mut needs = by_norms(cx, queries, rows);
    if !needs.contains(&true) {
        return;
    }
    // Where all that lies beyond counts, the context scores would hardly ever rule it out.
    if cx.head.normalisation == Normalisation::Renormalised {
        band.fill_context(cx, queries, near, far);
        for (i, needs) in needs.iter_mut().enumerate() {
            *needs = *needs && by_context(cx, queries, i, &rows[i], band);
        }
        if !needs.contains(&true) {
            return;
        }
    }
    band.fill(cx, queries, near, far);
    for (i, _) in needs.iter().enumerate().filter(|(_, needs)| **needs) {
        add_row(cx, queries, i, rows, band);
    }
}

/// As [`add`], for all queries, whether it shows or not.
pub(super) fn add_all(cx: &Context<'_>, queries: Queries, rows: &mut [Softmax], band: &mut Band) {
    let (near, far) = (cx.head.reach, cx.head.kept);
    if far > near {
        band.fill(cx, queries, near, far);
        for i in 0..rows.len() {
            add_row(cx, queries, i, rows, band);
        }
    }
}

/// Adds what lies in the window of row `i`.
fn add_row(cx: &Context<'_>, queries: Queries, i: usize, rows: &mut [Softmax], band: &mut Band) {
    let Some(row) = rows.get_mut(i) else { return };
    let window = band.window_mut(i, queries.first + i);
    let max = largest(window);
    // Relative to its own maximum: it may be larger than the row's by more than f32 can hold.
    row.total += f64::from(exp_sum(window, max, cx.scale()))
        * (f64::from(max - row.max) * f64::from(cx.scale())).exp();
}

/// The log of the largest sum of exponentials beyond the reach, relative to the row's softmax, that does not show.
fn limit(cx: &Context<'_>, row: &Softmax) -> f64 {
    match cx.head.normalisation {
        Normalisation::Renormalised => NEGLIGIBLE.ln() + row.kept.ln(),
        Normalisation::Masked => NEGLIGIBLE_SHARE.ln() + row.total.ln(),
    }
}

/// For which queries the norms do not rule out that what lies beyond shows: no score is larger than
/// ‖q‖ · (‖k‖ + ‖p‖).
fn by_norms(cx: &Context<'_>, queries: Queries, rows: &[Softmax]) -> Vec<bool> {
    let distances = (cx.head.kept - cx.head.reach) as f64;
    let scale = f64::from(cx.scale());
    let norms = queries.rows(cx).chunks_exact(cx.dim).map(norm);
    norms
        .zip(rows)
        .enumerate()
        .map(|(i, (norm, row))| {
            let before = cx.head.before.as_ref().map_or(0.0, |before| before.norm());
            let longest = cx.keys.longest_key(queries.first + i).max(before);
            let bound = norm * (longest + cx.head.longest_far_position);
            f64::from(bound - row.max) * scale + distances.ln() > limit(cx, row)
        })
        .collect()
}

/// True if the context scores of query `i`, and the norms of the positions alone, do not rule it out either: no score
/// is larger than q · k + ‖q‖ · ‖p‖.
fn by_context(cx: &Context<'_>, queries: Queries, i: usize, row: &Softmax, band: &Band) -> bool {
    let scale = f64::from(cx.scale());
    let q = &queries.rows(cx)[i * cx.dim..(i + 1) * cx.dim];
    let position = norm(q) * cx.head.longest_far_position;
    let in_text = band.in_text(i, queries.first + i);
    let empty = cx.head.kept - cx.head.reach - in_text.len();
    // Relative to the row's softmax, of all distances as if each had the largest score.
    // What queries find before the text: a key of zeros, or that of a norm's shift.
    let before = cx
        .head
        .before
        .as_ref()
        .map_or(0.0, |before| before.score(q));
    let max = largest(in_text).max(if empty > 0 { before } else { f32::NEG_INFINITY });
    let all = (in_text.len() + empty) as f64;
    if f64::from(max + position - row.max) * scale + all.ln() <= limit(cx, row) {
        return false;
    }
    let mut terms = in_text.to_vec();
    let sum = f64::from(exp_sum(&mut terms, max, cx.scale()))
        + empty as f64 * (f64::from(before - max) * scale).exp();
    f64::from(max + position - row.max) * scale + sum.ln() > limit(cx, row)
}

fn norm(row: &[f32]) -> f32 {
    row.iter().map(|x| x * x).sum::<f32>().sqrt()
}
