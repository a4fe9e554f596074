//! One head's attention for a tile of queries (arXiv 1905.07799, section 2; persistent vectors: 1907.01470).
//!
//! The tile's scores are a [`Band`]. The softmax, together with the scores of the persistent vectors, runs over a row's
//! window in place, the mask follows, and the band times the values is what the head reads. Nothing larger than a tile's
//! band is ever held.

use super::architecture::Outside;
use super::band::{Band, Context, Queries};
use super::beyond_reach;
use super::cache::{BLOCK_TOKENS, value_width};
use super::first_tokens::{close_first, fill_first, first_stride, read_first};
use super::head_weights::{HeadSums, HeadWeights, Part};
use super::heads::Head;
use super::kernel::{
    Job, LANES, Left, Numbers, PANEL, Right, add_products, exp_sum, largest, products, reversed,
    scale_by, sum,
};
use super::normalisation::Normalisation;
use std::ops::Range;

/// Persistent vectors that are summed up together: their values fit the nearest cache.
const VECTORS: usize = 64;

/// A query's softmax before it is normalised: everything is relative to exp(largest score).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Softmax {
    /// The largest score, not yet divided by √d.
    pub max: f32,
    /// Σ exp over everything that the public codes put into the softmax, as far as it shows.
    pub total: f64,
    /// The same after the soft mask.
    pub kept: f64,
    empty: f32,
    persistent: f32,
    sink: f32,
}

/// The constant that the published code adds to the sum of the masked weights, by which it divides them.
const EPSILON: f64 = 1e-8;

impl Softmax {
    /// The divisor that turns its terms into weights.
    fn divisor(&self, head: &Head) -> f64 {
        match (head.adaptive, head.normalisation) {
            // By the paper's equation, without the code's constant.
            _ if head.foreign => self.kept,
            (true, Normalisation::Renormalised) => self.kept + EPSILON * self.total,
            // What the mask takes away is missing from the sum of the weights; with no mask nothing is.
            (true, Normalisation::Masked) | (false, _) => self.total,
        }
    }
}

/// Memory for a tile, to be used again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    band: Band,
    /// count × vectors, filled up to whole panels.
    persistent: Numbers,
    /// count × first tokens that are seen beside the window, filled up to whole panels.
    first: Numbers,
    pub far: Band,
    softmax: Vec<Softmax>,
    /// The factor of each row that turns it into weights.
    factors: Vec<f32>,
}

/// The part of what lies beyond a head's reach that is added to the softmax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beyond {
    /// The part that shows in a weight.
    WhereItShows,
    /// All that the public codes compute.
    All,
}

/// A tile's weights, not yet normalised, in `scratch`.
fn weigh(cx: &Context<'_>, queries: Queries, beyond: Beyond, scratch: &mut Scratch) {
    let Queries { first, count } = queries;
    let head = cx.head;
    // Of a text that is shorter than the reach there is no more to see.
    let reach = cx.reach_at(first + count - 1);
    scratch.band.fill(cx, queries, 0, reach);
    let vectors = head.vectors();
    let width = persistent_stride(head);
    scratch.persistent.make_room(count * width);
    let left = queries.left(cx, &(0..count));
    let keys = &head.persistent.keys;
    let persistent = (0..keys.panels()).map(|panel| Job {
        left,
        right: keys.panel(panel),
        at: panel * PANEL,
        stride: width,
    });
    products(persistent, &mut scratch.persistent);
    fill_first(cx, queries, &mut scratch.first);
    scratch.softmax.clear();
    for i in 0..count {
        let row = scratch.band.window_mut(i, first + i);
        let persistent = &mut scratch.persistent[i * width..i * width + vectors];
        let t = first + i;
        let empty = reach.saturating_sub(t + head.shift());
        let row = match head.outside {
            Outside::EmptyContext => row,
            Outside::Nothing => {
                let (before, row) = row.split_at_mut(empty + dropped(head, t, reach));
                before.fill(0.0);
                row
            }
        };
        let scale = change_scores(head, row, head.nearest);
        let beside = head.beside(t);
        let beside = &mut scratch.first[i * first_stride(head)..][..beside];
        // The nearest of them last.
        change_scores(head, beside, t + 1 - beside.len());
        let sink = head.sink.map_or(f32::NEG_INFINITY, |sink| sink / scale);
        let max = largest(row)
            .max(largest(persistent))
            .max(largest(beside))
            .max(sink);
        // Of a row that is shorter than the reach, the farthest distances are missing.
        let ramp = &head.ramp[(head.reach - row.len()).min(head.ramp.len())..];
        let (faded, full) = row.split_at_mut(ramp.len());
        let faded_before = exp_sum(faded, max, scale);
        // First tokens within the window are seen whole.
        let whole = match head.first {
            0 => 0,
            count => count.saturating_sub((t + head.shift()).saturating_sub(head.reach)),
        };
        let whole = whole.min(faded.len());
        scale_by(&mut faded[whole..], &ramp[whole..]);
        let faded_after = sum(faded);
        let full = exp_sum(full, max, scale);
        let persistent = exp_sum(persistent, max, scale);
        let sink = match head.sink {
            Some(_) => libm::expf((sink - max) * scale),
            None => 0.0,
        };
        let beside = exp_sum(beside, max, scale);
        let rest = f64::from(full) + f64::from(persistent) + f64::from(sink) + f64::from(beside);
        scratch.softmax.push(Softmax {
            max,
            total: f64::from(faded_before) + rest,
            kept: f64::from(faded_after) + rest,
            empty: match head.outside {
                Outside::EmptyContext => sum(&row[..empty]),
                Outside::Nothing => 0.0,
            },
            persistent,
            sink,
        });
    }
    if head.adaptive {
        let add = match beyond {
            Beyond::WhereItShows => beyond_reach::add,
            Beyond::All => beyond_reach::add_all,
        };
        add(cx, queries, &mut scratch.softmax, &mut scratch.far);
    }
    scratch.factors.clear();
    let factors = scratch.softmax.iter();
    let factors = factors.map(|row| (1.0 / row.divisor(head)) as f32);
    scratch.factors.extend(factors);
}

/// Columns of the window of the query at position `t`, of `reach` columns as far as the text goes, that hold dropped tokens.
fn dropped(head: &Head, t: usize, reach: usize) -> usize {
    // Before all of them are there, there is nothing else to see.
    match t < head.dropped {
        true => 0,
        false => head
            .dropped
            .saturating_sub((t + head.shift()).saturating_sub(reach)),
    }
}

/// Puts the soft cap and the slope into the scores of a row, the farthest first and the nearest at distance `nearest`; gives what
/// they are still to be multiplied by.
fn change_scores(head: &Head, row: &mut [f32], nearest: usize) -> f32 {
    if head.cap.is_none() && head.slope == 0.0 {
        return head.scale;
    }
    if let Some(cap) = head.cap {
        let inner = head.scale / cap;
        row.iter_mut()
            .for_each(|score| *score = cap * libm::tanhf(*score * inner));
    } else {
        row.iter_mut().for_each(|score| *score *= head.scale);
    }
    if head.slope != 0.0 {
        for (distance, score) in row.iter_mut().rev().enumerate() {
            *score -= head.slope * (distance + nearest) as f32;
        }
    }
    1.0
}

/// From one query's persistent scores to the next one's. Not a multiple of a page: a column would then fall into one set of
/// the nearest cache.
fn persistent_stride(head: &Head) -> usize {
    head.persistent.keys.panels() * PANEL + LANES
}

/// The results of a tile: what the head reads, how its weight divides and, if wanted, its weights.
pub(super) struct Tile {
    pub queries: Queries,
    /// count × [`value_width`].
    pub read: Vec<f32>,
    pub sums: HeadSums,
    pub weights: Option<HeadWeights>,
}

/// A head's attention for a tile of queries.
pub(super) fn attend(
    cx: &Context<'_>,
    queries: Queries,
    wants_weights: bool,
    scratch: &mut Scratch,
) -> Tile {
    weigh(cx, queries, Beyond::WhereItShows, scratch);
    let weights = wants_weights.then(|| {
        let mut weights = room(cx, queries.first, queries.count);
        for part in weights.parts([queries.count]) {
            hand_out(cx, queries, scratch, part);
        }
        weights
    });
    let mut sums = HeadSums {
        first: queries.first,
        ..HeadSums::default()
    };
    for (row, factor) in scratch.softmax.iter().zip(&scratch.factors) {
        let elsewhere = [row.empty, row.persistent, row.sink].map(f64::from);
        let context = row.kept - elsewhere.iter().sum::<f64>();
        sums.context.push(context.max(0.0) as f32 * factor);
        sums.persistent.push(row.persistent * factor);
        sums.empty.push(row.empty * factor);
        if cx.head.sink.is_some() {
            sums.sink.push(row.sink * factor);
        }
    }
    Tile {
        queries,
        read: read(cx, queries, scratch),
        sums,
        weights,
    }
}

/// Room for the weights of consecutive queries.
pub(super) fn room(cx: &Context<'_>, first: usize, count: usize) -> HeadWeights {
    let reach = cx.columns_at((first + count).saturating_sub(1));
    HeadWeights::room(first, count, cx.head, reach)
}

/// Only the weights of a tile.
pub(super) fn weights(cx: &Context<'_>, queries: Queries, scratch: &mut Scratch, out: Part<'_>) {
    weigh(cx, queries, Beyond::WhereItShows, scratch);
    hand_out(cx, queries, scratch, out);
}

/// The weights of a tile, and into `removed` the share of each query's softmax that the soft mask takes away.
pub(super) fn weights_and_removed(
    cx: &Context<'_>,
    queries: Queries,
    scratch: &mut Scratch,
    out: Part<'_>,
    removed: &mut [f32],
) {
    weigh(cx, queries, Beyond::All, scratch);
    hand_out(cx, queries, scratch, out);
    for (removed, row) in removed.iter_mut().zip(&scratch.softmax) {
        *removed = if cx.head.adaptive {
            (1.0 - row.kept / row.total).clamp(0.0, 1.0) as f32
        } else {
            0.0
        };
    }
}

/// The weights in `scratch`, normalised.
fn hand_out(cx: &Context<'_>, queries: Queries, scratch: &Scratch, out: Part<'_>) {
    let (reach, vectors) = (out.reach, cx.head.vectors());
    let width = persistent_stride(cx.head);
    for (i, (factor, row)) in scratch.factors.iter().zip(&scratch.softmax).enumerate() {
        // The window begins with the farthest.
        let window = scratch.band.window(i, queries.first + i);
        let (seen, beyond) = out.weights[i * reach..(i + 1) * reach].split_at_mut(window.len());
        reversed(seen, window, *factor);
        // Rows of the same queries in a longer text may be longer.
        beyond.fill(0.0);
        let t = queries.first + i;
        let beside = cx.head.beside(t);
        let farthest = t + cx.head.shift();
        for (weight, key) in scratch.first[i * first_stride(cx.head)..][..beside]
            .iter()
            .zip(0..)
        {
            if let Some(out) = out.weights[i * reach..(i + 1) * reach].get_mut(farthest - 1 - key) {
                *out = weight * factor;
            }
        }
        let persistent = &mut out.persistent[i * vectors..(i + 1) * vectors];
        for (out, weight) in persistent.iter_mut().zip(&scratch.persistent[i * width..]) {
            *out = weight * factor;
        }
        out.empty[i] = row.empty * factor;
        if let Some(sink) = out.sink.get_mut(i) {
            *sink = row.sink * factor;
        }
    }
}

/// Σ a(δ) · v + √N · Σ a_n · val_n, empty context included: count × [`value_width`]; zeros for an ablated head.
pub(super) fn read(cx: &Context<'_>, queries: Queries, scratch: &mut Scratch) -> Vec<f32> {
    let Queries { first, count } = queries;
    let dv = value_width(cx.dim);
    let mut out = vec![0.0; count * dv];
    if cx.head.ablated {
        return out;
    }
    close_first(cx, queries, &mut scratch.first);
    let covered: Vec<(Range<usize>, Range<isize>)> = queries
        .groups()
        .map(|rows| (rows.clone(), scratch.band.close(first, &rows)))
        .collect();
    let band = &scratch.band;
    let end = first + count - 1 + cx.head.shift();
    let low = (first + cx.head.shift()).saturating_sub(cx.head.reach) / BLOCK_TOKENS;
    let blocks = low..end.div_ceil(BLOCK_TOKENS);
    let context = blocks.flat_map(|block| {
        let start = (block * BLOCK_TOKENS) as isize;
        covered.iter().filter_map(move |(rows, keys)| {
            let from = keys.start.max(start);
            let to = keys.end.min(start + BLOCK_TOKENS as isize);
            (from < to).then(|| Job {
                left: band.weights(rows, from, to),
                right: cx
                    .keys
                    .values(block, (from - start) as usize..(to - start) as usize),
                at: rows.start * dv,
                stride: dv,
            })
        })
    });
    add_products(context, &mut out);
    read_first(cx, queries, &scratch.first, &mut out);
    let width = persistent_stride(cx.head);
    let vectors = cx.head.vectors();
    let values: &[f32] = &cx.head.persistent.values;
    let persistent = (0..vectors).step_by(VECTORS).map(|n| Job {
        left: Left {
            data: &scratch.persistent[n..],
            rows: count,
            cols: VECTORS.min(vectors - n),
            stride: width,
        },
        right: Right {
            data: &values[n * dv..],
            cols: dv,
            stride: dv,
        },
        at: 0,
        stride: dv,
    });
    add_products(persistent, &mut out);
    if let Some(before) = &cx.head.before {
        for (row, softmax) in out.chunks_exact_mut(dv).zip(&scratch.softmax) {
            let values = row.iter_mut().zip(&before.value);
            values.for_each(|(x, value)| *x += softmax.empty * value);
        }
    }
    for (row, factor) in out.chunks_exact_mut(dv).zip(&scratch.factors) {
        row.iter_mut().for_each(|x| *x *= factor);
    }
    out
}
