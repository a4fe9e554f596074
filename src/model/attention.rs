//! One head's attention for a tile of queries (arXiv 1905.07799, section 2; persistent vectors: 1907.01470).
//!
//! Query t of a head with reach W sees the keys t − W … t − 1. A tile of queries therefore works on a *band*: a row
//! per query, a column per position of the text, of which the row's window of W columns counts. Distances before the
//! text's start are columns of negative position, where only the position score is not zero.
//!
//! The band is filled in two sweeps of small matrix products, the position scores q · p_δ first (each row one column
//! further right than the last, because the same distance is one position later), the context scores q · k on top.
//! The softmax runs over a row's window in place, and the band times the values is what the head reads. Nothing
//! larger than a tile's band is ever held, and no product outside the windows is taken but what fills a register tile.

use super::cache::{BLOCK_TOKENS, HeadCache, value_width};
use super::far;
use super::head_weights::{HeadSums, HeadWeights, Part};
use super::kernel::{
    Job, LANES, Left, Numbers, PANEL, Packed, Right, add_products, exp_sum, largest, products,
    reversed, scale_by, sum,
};
use super::weights::Head;
use std::ops::Range;

/// Queries that share register tiles: their windows differ by as many columns.
const GROUP: usize = 12;

/// Persistent vectors that are summed up together: their values fit the nearest cache.
const VECTORS: usize = 64;

/// What a head computes with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub head: &'a Head,
    pub cache: &'a HeadCache,
    /// Column x is the distance `positions.outputs() − x`.
    pub positions: &'a Packed,
    /// d.
    pub dim: usize,
}

impl Context<'_> {
    /// 1 / √d.
    pub fn scale(&self) -> f32 {
        1.0 / (self.dim as f32).sqrt()
    }
}

/// Consecutive queries within one block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Queries {
    /// Position of the first.
    pub first: usize,
    pub count: usize,
}

impl Queries {
    /// The queries `from..to`, cut where blocks end.
    pub fn tiles(from: usize, to: usize) -> impl Iterator<Item = Self> + Clone {
        let mut at = from;
        std::iter::from_fn(move || {
            let end = ((at / BLOCK_TOKENS + 1) * BLOCK_TOKENS).min(to);
            let tile = Self {
                first: at,
                count: end.checked_sub(at).filter(|n| *n > 0)?,
            };
            at = end;
            Some(tile)
        })
    }

    /// Groups of rows that go through the registers together.
    fn groups(self) -> impl Iterator<Item = Range<usize>> + Clone {
        (0..self.count)
            .step_by(GROUP)
            .map(move |row| row..(row + GROUP).min(self.count))
    }

    /// Some rows as a left-hand matrix.
    fn left<'a>(self, cx: &Context<'a>, rows: &Range<usize>) -> Left<'a> {
        Left {
            data: &self.rows(cx)[rows.start * cx.dim..],
            rows: rows.len(),
            cols: cx.dim,
            stride: cx.dim,
        }
    }

    /// count × d.
    pub fn rows<'a>(self, cx: &Context<'a>) -> &'a [f32] {
        let at = self.first % BLOCK_TOKENS;
        let block = self.first / BLOCK_TOKENS;
        cx.cache.queries(block, at..at + self.count)
    }
}

/// Scores or weights of a tile of queries for the distances `near + 1 ..= far`.
#[derive(Debug, Default)]
pub(super) struct Band {
    data: Numbers,
    stride: usize,
    /// The position in the text that the first column stands for; may be negative.
    base: isize,
    near: usize,
    far: usize,
}

impl Band {
    /// Where the window of the query at position `t` begins in its row.
    fn start(&self, t: usize) -> usize {
        // The base lies before every window.
        usize::try_from(t as isize - self.far as isize - self.base).unwrap_or(0)
    }

    /// The window of row `i`, the query at position `t`: distance `far` first, `near + 1` last.
    pub fn window(&self, i: usize, t: usize) -> &[f32] {
        let start = i * self.stride + self.start(t);
        &self.data[start..start + self.far - self.near]
    }

    fn window_mut(&mut self, i: usize, t: usize) -> &mut [f32] {
        let start = i * self.stride + self.start(t);
        &mut self.data[start..start + self.far - self.near]
    }

    /// Makes room for the windows of `queries`.
    fn lay_out(&mut self, queries: Queries, near: usize, far: usize) {
        let Queries { first, count } = queries;
        let panel = PANEL as isize;
        let low = first as isize - far as isize;
        // One past the last key.
        let high = (first + count) as isize - 1 - near as isize;
        // A panel more on either side: the outermost products stick out.
        self.base = (low.div_euclid(panel) - 1) * panel;
        self.stride = (high - self.base) as usize + 2 * PANEL;
        (self.near, self.far) = (near, far);
        self.data.make_room(count * self.stride);
    }

    /// Fills the windows with q · (k + p_δ), not yet divided by √d.
    pub fn fill(&mut self, cx: &Context<'_>, queries: Queries, near: usize, far: usize) {
        self.lay_out(queries, near, far);
        let first = queries.first;
        let last = cx.positions.outputs();
        let (base, stride) = (self.base, self.stride);
        let panels = (last - far) / PANEL..(last - near).div_ceil(PANEL);
        let positions = panels.flat_map(|x| {
            queries.groups().map(move |rows| {
                let t = (first + rows.start) as isize;
                let column = t - last as isize + (x * PANEL) as isize - base;
                Job {
                    left: queries.left(cx, &rows),
                    right: cx.positions.panel(x),
                    at: rows.start * stride + column as usize,
                    // A row further down is one position later.
                    stride: stride + 1,
                }
            })
        });
        products(positions, &mut self.data);
        add_products(
            context(cx, queries, near, far, base, stride),
            &mut self.data,
        );
    }

    /// Fills the windows with q · k, as far as they lie within the text; see [`Band::in_text`].
    pub fn fill_context(&mut self, cx: &Context<'_>, queries: Queries, near: usize, far: usize) {
        self.lay_out(queries, near, far);
        let (base, stride) = (self.base, self.stride);
        products(
            context(cx, queries, near, far, base, stride),
            &mut self.data,
        );
    }

    /// The part of the window of row `i`, the query at position `t`, that lies within the text.
    pub fn in_text(&self, i: usize, t: usize) -> &[f32] {
        let before = self.far.saturating_sub(t).min(self.far - self.near);
        &self.window(i, t)[before..]
    }

    /// Sets to zero what the rows of a group do not share of their windows, and gives the positions that the group
    /// covers.
    fn close(&mut self, first: usize, rows: &Range<usize>) -> Range<isize> {
        let width = self.far - self.near;
        for i in rows.clone() {
            let start = i * self.stride + self.start(first + i);
            let (before, after) = (i - rows.start, rows.end - 1 - i);
            self.data[start - before..start].fill(0.0);
            self.data[start + width..start + width + after].fill(0.0);
        }
        let from = (first + rows.start) as isize - self.far as isize;
        from..(first + rows.end) as isize - 1 - self.near as isize
    }
}

/// The products of queries with the keys in their windows.
fn context<'a>(
    cx: &'a Context<'_>,
    queries: Queries,
    near: usize,
    far: usize,
    base: isize,
    stride: usize,
) -> impl Iterator<Item = Job<'a>> {
    let panel = PANEL as isize;
    let position =
        move |i: usize, distance: usize| (queries.first + i) as isize - distance as isize;
    let low = position(0, far).max(0) / panel;
    let high = (position(queries.count, near + 1).max(0) + panel - 1) / panel;
    (low..high)
        .filter_map(move |p| Some((p, cx.cache.keys(p as usize)?)))
        .flat_map(move |(p, keys)| {
            queries.groups().filter_map(move |rows| {
                let (from, to) = (position(rows.start, far), position(rows.end, near + 1));
                let column = (p * panel - base) as usize;
                (from < (p + 1) * panel && p * panel < to).then(|| Job {
                    left: queries.left(cx, &rows),
                    right: keys,
                    at: rows.start * stride + column,
                    stride,
                })
            })
        })
}

/// A query's softmax before it is normalised: everything is relative to exp(largest score).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Softmax {
    /// The largest score, not yet divided by √d.
    pub max: f32,
    /// Σ exp over everything that the published code puts into the softmax.
    pub total: f64,
    /// The same after the soft mask.
    pub kept: f64,
    empty: f32,
    persistent: f32,
}

/// Memory for a tile, to be used again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    band: Band,
    /// count × vectors, filled up to whole panels.
    persistent: Numbers,
    pub far: Band,
    softmax: Vec<Softmax>,
    /// What each row has to be multiplied by to be weights.
    factors: Vec<f32>,
}

/// A tile's weights, not yet normalised, in `scratch`.
fn weigh(cx: &Context<'_>, queries: Queries, scratch: &mut Scratch) {
    let Queries { first, count } = queries;
    let (head, scale) = (cx.head, cx.scale());
    scratch.band.fill(cx, queries, 0, head.reach);
    let vectors = head.vectors();
    let width = persistent_stride(head);
    scratch.persistent.make_room(count * width);
    let left = queries.left(cx, &(0..count));
    let persistent = (0..head.pers_key.panels()).map(|panel| Job {
        left,
        right: head.pers_key.panel(panel),
        at: panel * PANEL,
        stride: width,
    });
    products(persistent, &mut scratch.persistent);
    scratch.softmax.clear();
    for i in 0..count {
        let row = scratch.band.window_mut(i, first + i);
        let persistent = &mut scratch.persistent[i * width..i * width + vectors];
        let max = largest(row).max(largest(persistent));
        let empty = head.reach.saturating_sub(first + i);
        let (faded, full) = row.split_at_mut(head.ramp.len());
        let faded_before = exp_sum(faded, max, scale);
        scale_by(faded, &head.ramp);
        let faded_after = sum(faded);
        let full = exp_sum(full, max, scale);
        let persistent = exp_sum(persistent, max, scale);
        let rest = f64::from(full) + f64::from(persistent);
        scratch.softmax.push(Softmax {
            max,
            total: f64::from(faded_before) + rest,
            kept: f64::from(faded_after) + rest,
            empty: sum(&row[..empty]),
            persistent,
        });
    }
    if head.adaptive {
        far::add(cx, queries, &mut scratch.softmax, &mut scratch.far);
    }
    scratch.factors.clear();
    scratch.factors.extend(scratch.softmax.iter().map(|row| {
        if head.adaptive {
            (1.0 / (row.kept + 1e-8 * row.total)) as f32
        } else {
            (1.0 / row.total) as f32
        }
    }));
}

/// From one query's persistent scores to the next one's. Not a multiple of a page: a column would then fall into one set of
/// the nearest cache.
fn persistent_stride(head: &Head) -> usize {
    head.pers_key.panels() * PANEL + LANES
}

/// What a tile gives: what the head reads, how its weight divides and, if wanted, its weights.
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
    weigh(cx, queries, scratch);
    let weights = wants_weights.then(|| {
        let (reach, vectors) = (cx.head.reach, cx.head.vectors());
        let mut weights = HeadWeights::room(queries.first, queries.count, reach, vectors);
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
        let context = row.kept - f64::from(row.empty) - f64::from(row.persistent);
        sums.context.push(context.max(0.0) as f32 * factor);
        sums.persistent.push(row.persistent * factor);
        sums.empty.push(row.empty * factor);
    }
    Tile {
        queries,
        read: read(cx, queries, scratch),
        sums,
        weights,
    }
}

/// Only the weights of a tile.
pub(super) fn weights(cx: &Context<'_>, queries: Queries, scratch: &mut Scratch, out: Part<'_>) {
    weigh(cx, queries, scratch);
    hand_out(cx, queries, scratch, out);
}

/// The weights in `scratch`, normalised.
fn hand_out(cx: &Context<'_>, queries: Queries, scratch: &Scratch, out: Part<'_>) {
    let (reach, vectors) = (cx.head.reach, cx.head.vectors());
    let width = persistent_stride(cx.head);
    for (i, (factor, row)) in scratch.factors.iter().zip(&scratch.softmax).enumerate() {
        // The window begins with the farthest.
        let window = scratch.band.window(i, queries.first + i);
        reversed(
            &mut out.weights[i * reach..(i + 1) * reach],
            window,
            *factor,
        );
        let persistent = &mut out.persistent[i * vectors..(i + 1) * vectors];
        for (out, weight) in persistent.iter_mut().zip(&scratch.persistent[i * width..]) {
            *out = weight * factor;
        }
        out.empty[i] = row.empty * factor;
    }
}

/// Σ a(δ) · v + √N · Σ a_n · val_n: count × [`value_width`].
fn read(cx: &Context<'_>, queries: Queries, scratch: &mut Scratch) -> Vec<f32> {
    let Queries { first, count } = queries;
    let dv = value_width(cx.dim);
    let mut out = vec![0.0; count * dv];
    let covered: Vec<(Range<usize>, Range<isize>)> = queries
        .groups()
        .map(|rows| (rows.clone(), scratch.band.close(first, &rows)))
        .collect();
    let band = &scratch.band;
    let low = first.saturating_sub(cx.head.reach) / BLOCK_TOKENS;
    let blocks = low..(first + count - 1).div_ceil(BLOCK_TOKENS);
    let context = blocks.flat_map(|block| {
        let start = (block * BLOCK_TOKENS) as isize;
        covered.iter().filter_map(move |(rows, keys)| {
            let from = keys.start.max(start);
            let to = keys.end.min(start + BLOCK_TOKENS as isize);
            let at = rows.start * band.stride + usize::try_from(from - band.base).ok()?;
            (from < to).then(|| Job {
                left: Left {
                    data: &band.data[at..],
                    rows: rows.len(),
                    cols: (to - from) as usize,
                    stride: band.stride,
                },
                right: cx
                    .cache
                    .values(block, (from - start) as usize..(to - start) as usize),
                at: rows.start * dv,
                stride: dv,
            })
        })
    });
    add_products(context, &mut out);
    let width = persistent_stride(cx.head);
    let vectors = cx.head.vectors();
    let persistent = (0..vectors).step_by(VECTORS).map(|n| Job {
        left: Left {
            data: &scratch.persistent[n..],
            rows: count,
            cols: VECTORS.min(vectors - n),
            stride: width,
        },
        right: Right {
            data: &cx.head.pers_val[n * dv..],
            cols: dv,
            stride: dv,
        },
        at: 0,
        stride: dv,
    });
    add_products(persistent, &mut out);
    for (row, factor) in out.chunks_exact_mut(dv).zip(&scratch.factors) {
        row.iter_mut().for_each(|x| *x *= factor);
    }
    out
}
