//! The first tokens that queries see beside their windows: a narrow band of their own.

use super::band::{Context, Queries};
use super::cache::{BLOCK_TOKENS, value_width};
use super::heads::Head;
use super::kernel::{Job, LANES, Left, Numbers, PANEL, add_products, products};

/// From one query's scores of the first tokens to the next one's; 0 where none are seen beside the window.
pub(super) fn first_stride(head: &Head) -> usize {
    match head.first {
        0 => 0,
        count => count.next_multiple_of(PANEL) + LANES,
    }
}

/// The scores of the first tokens that the queries see beside their windows.
pub(super) fn fill_first(cx: &Context<'_>, queries: Queries, scores: &mut Numbers) {
    let stride = first_stride(cx.head);
    let most = cx.head.beside(queries.first + queries.count - 1);
    scores.make_room(queries.count * stride);
    let left = queries.left(cx, &(0..queries.count));
    let jobs = (0..most.div_ceil(PANEL)).filter_map(|panel| {
        Some(Job {
            left,
            right: cx.keys.keys(panel, 1)?,
            at: panel * PANEL,
            stride,
        })
    });
    products(jobs, scores);
}

/// Sets to zero what some rows of a tile see of the first tokens beside their windows, and others do not.
pub(super) fn close_first(cx: &Context<'_>, queries: Queries, scores: &mut Numbers) {
    let stride = first_stride(cx.head);
    let most = cx.head.beside(queries.first + queries.count - 1);
    for i in 0..queries.count {
        let beside = cx.head.beside(queries.first + i);
        scores[i * stride..][beside..most].fill(0.0);
    }
}

/// Adds what is read from the first tokens beside the windows.
pub(super) fn read_first(cx: &Context<'_>, queries: Queries, weights: &Numbers, out: &mut [f32]) {
    let dv = value_width(cx.dim);
    let most = cx.head.beside(queries.first + queries.count - 1);
    let jobs = (0..most).step_by(BLOCK_TOKENS).map(|from| {
        let cols = BLOCK_TOKENS.min(most - from);
        Job {
            left: Left {
                data: &weights[from..],
                rows: queries.count,
                cols,
                stride: first_stride(cx.head),
            },
            right: cx.keys.values(from / BLOCK_TOKENS, 0..cols),
            at: 0,
            stride: dv,
        }
    });
    add_products(jobs, out);
}
