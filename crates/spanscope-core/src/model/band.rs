//! The scores of a tile of queries as a *band*: a row per query, a column per position of the text.
//!
//! Query t of a head with reach W sees the keys t − W … t − 1, or, where a token sees itself, t − W + 1 … t: of its row the
//! *window* of these W columns counts. Distances before the text's start are columns of negative position, where only the
//! position score is not zero.
//!
//! A band is filled in two sweeps of small matrix products, the position scores q · p_δ first (each row one column
//! further right than the last, because the same distance is one position later), the context scores q · k on top. No
//! product outside the windows is taken but what fills a register tile.

use super::architecture::Outside;
use super::cache::{BLOCK_TOKENS, HeadCache};
use super::heads::Head;
use super::kernel::{Job, Left, Numbers, PANEL, Packed, add_products, products};
use std::ops::Range;

/// Queries that share register tiles: their windows differ by as many columns.
const GROUP: usize = 12;

/// The inputs of a head's computation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub head: &'a Head,
    /// The head's queries.
    pub cache: &'a HeadCache,
    /// The keys and values that it reads: its own, or those of the first head of its group.
    pub keys: &'a HeadCache,
    /// Column x is the distance `positions.outputs() − x`; nothing where no position scores join.
    pub positions: &'a Packed,
    /// d.
    pub dim: usize,
}

impl Context<'_> {
    /// The factor on products of queries and keys.
    pub fn scale(&self) -> f32 {
        self.head.scale
    }

    /// Number of distances that the query at position `t` can see, where the softmax ends at the text's start; else the reach.
    pub fn reach_at(&self, t: usize) -> usize {
        match self.head.outside {
            Outside::Nothing => self.head.reach.min(t + self.head.shift()),
            Outside::EmptyContext => self.head.reach,
        }
    }

    /// Number of columns of the weights of the query at position `t`: as [`reach_at`](Self::reach_at), or all distances of the text
    /// so far where the first tokens are seen beside the window.
    pub fn columns_at(&self, t: usize) -> usize {
        match self.head.first {
            0 => self.reach_at(t),
            _ => t + self.head.shift(),
        }
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
    pub fn groups(self) -> impl Iterator<Item = Range<usize>> + Clone {
        (0..self.count)
            .step_by(GROUP)
            .map(move |row| row..(row + GROUP).min(self.count))
    }

    /// Some rows as a left-hand matrix.
    pub fn left<'a>(self, cx: &Context<'a>, rows: &Range<usize>) -> Left<'a> {
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
    /// 1 where a token sees itself, else 0: how much later than its query the nearest key's window ends.
    shift: usize,
}

impl Band {
    /// The start of the window of the query at position `t` in its row.
    fn start(&self, t: usize) -> usize {
        // The base lies before every window.
        usize::try_from((t + self.shift) as isize - self.far as isize - self.base).unwrap_or(0)
    }

    /// The window of row `i`, the query at position `t`: distance `far` first, `near + 1` last.
    pub fn window(&self, i: usize, t: usize) -> &[f32] {
        let start = i * self.stride + self.start(t);
        &self.data[start..start + self.far - self.near]
    }

    pub fn window_mut(&mut self, i: usize, t: usize) -> &mut [f32] {
        let start = i * self.stride + self.start(t);
        &mut self.data[start..start + self.far - self.near]
    }

    /// Makes room for the windows of `queries`.
    fn lay_out(&mut self, cx: &Context<'_>, queries: Queries, near: usize, far: usize) {
        let Queries { first, count } = queries;
        let panel = PANEL as isize;
        self.shift = cx.head.shift();
        let first = first + self.shift;
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
        if cx.positions.outputs() == 0 {
            return self.fill_context(cx, queries, near, far);
        }
        self.lay_out(cx, queries, near, far);
        let first = queries.first + self.shift;
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
        if let Some(before) = &cx.head.before {
            for (i, query) in queries.rows(cx).chunks_exact(cx.dim).enumerate() {
                let t = queries.first + i;
                let empty = self.before_text(t);
                if empty > 0 {
                    let score = before.score(query);
                    let row = &mut self.window_mut(i, t)[..empty];
                    row.iter_mut().for_each(|of| *of += score);
                }
            }
        }
    }

    /// Fills the windows with q · k, as far as they lie within the text; see [`Band::in_text`].
    pub fn fill_context(&mut self, cx: &Context<'_>, queries: Queries, near: usize, far: usize) {
        self.lay_out(cx, queries, near, far);
        let (base, stride) = (self.base, self.stride);
        products(
            context(cx, queries, near, far, base, stride),
            &mut self.data,
        );
    }

    /// The part of the window of row `i`, the query at position `t`, that lies within the text.
    pub fn in_text(&self, i: usize, t: usize) -> &[f32] {
        &self.window(i, t)[self.before_text(t)..]
    }

    /// Number of columns of the window of the query at position `t` that lie before the text.
    fn before_text(&self, t: usize) -> usize {
        let before = self.far.saturating_sub(t + self.shift);
        before.min(self.far - self.near)
    }

    /// The weights of the rows of a group for the keys at `from..to`, as a left-hand matrix. The group must be
    /// [closed](Self::close).
    pub fn weights(&self, rows: &Range<usize>, from: isize, to: isize) -> Left<'_> {
        let column = usize::try_from(from - self.base).unwrap_or(0);
        Left {
            data: &self.data[rows.start * self.stride + column..],
            rows: rows.len(),
            cols: usize::try_from(to - from).unwrap_or(0),
            stride: self.stride,
        }
    }

    /// Sets to zero what the rows of a group do not share of their windows, and gives the positions that the group
    /// covers.
    pub fn close(&mut self, first: usize, rows: &Range<usize>) -> Range<isize> {
        let width = self.far - self.near;
        for i in rows.clone() {
            let start = i * self.stride + self.start(first + i);
            let (before, after) = (i - rows.start, rows.end - 1 - i);
            self.data[start - before..start].fill(0.0);
            self.data[start + width..start + width + after].fill(0.0);
        }
        let first = (first + self.shift) as isize;
        let (start, end) = (rows.start as isize, rows.end as isize);
        first + start - self.far as isize..first + end - 1 - self.near as isize
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
    let first = queries.first + cx.head.shift();
    let position = move |i: usize, distance: usize| (first + i) as isize - distance as isize;
    let low = position(0, far).max(0) / panel;
    let high = (position(queries.count, near + 1).max(0) + panel - 1) / panel;
    let per_block = BLOCK_TOKENS as isize / panel;
    (low / per_block..(high + per_block - 1) / per_block).flat_map(move |block| {
        queries.groups().filter_map(move |rows| {
            let (from, to) = (position(rows.start, far), position(rows.end, near + 1));
            // The panels of the block that the group's windows reach into: wider tiles read a row of the left less often.
            let first = from.div_euclid(panel).max(block * per_block);
            let last = (to + panel - 1).div_euclid(panel);
            let count = last.min((block + 1) * per_block) - first;
            let count = usize::try_from(count).ok().filter(|count| *count > 0)?;
            Some(Job {
                left: queries.left(cx, &rows),
                right: cx.keys.keys(usize::try_from(first).ok()?, count)?,
                at: rows.start * stride + (first * panel - base) as usize,
                stride,
            })
        })
    })
}
