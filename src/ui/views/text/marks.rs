//! Draws what stands on the text: what is selected, what the vocabulary lacks, where the span ends.

use super::grid::{Grid, Line, stops};
use super::layout::Rows;
use super::paint::Fills;
use super::shown::{Kind, Shown};
use crate::ui::theme::Palette;
use crate::ui::views::context::ViewContext;
use eframe::egui::{Color32, Painter, Rect, Shape, Stroke, StrokeKind, Ui, vec2};
use std::ops::Range;

/// Fills the letters from one byte up to another.
pub(super) fn selected(
    painter: &Painter,
    range: &Range<usize>,
    (rows, shown): (&Rows, &Shown),
    grid: &Grid,
    color: Color32,
) {
    let mut fills = Fills::new();
    for row in grid.shown.clone() {
        for (part, cell, _) in Line::new(rows, shown, row).parts(shown) {
            let all = shown.range(part);
            if all.end <= range.start || all.start >= range.end {
                continue;
            }
            let rect = grid.rect(row, cell.column..cell.end());
            let stops = stops(shown, part, cell);
            let x = |byte: usize| {
                let stop = stops.iter().rev().find(|(at, _)| *at <= byte);
                rect.left() + stop.map_or(0.0, |(_, x)| *x) * grid.cell.x
            };
            let left = x(range.start.max(all.start));
            let right = x(range.end.min(all.end));
            fills.add(rect.with_min_x(left).with_max_x(right), color);
        }
    }
    fills.finish(painter);
}

/// Underlines what the vocabulary lacks, and outlines the selected tokens and what is under the pointer.
pub(super) fn marks(
    ui: &Ui,
    painter: &Painter,
    cx: &ViewContext<'_>,
    (rows, shown): (&Rows, &Shown),
    grid: &Grid,
) {
    let selected = cx.tokens();
    let mut fills = Fills::new();
    let accent = Stroke::new(1.5, cx.palette.accent);
    let outline = |run: Option<Rect>| {
        if let Some(rect) = run {
            painter.rect_stroke(rect, 2.0, accent, StrokeKind::Inside);
        }
    };
    for row in grid.shown.clone() {
        let line = Line::new(rows, shown, row);
        let end = line.token + line.cells.len();
        let touched = selected.first().is_some_and(|first| first < end)
            && selected.last().is_some_and(|last| last >= line.token);
        if !touched && cx.snapshot.tokens.unknown == 0 {
            continue;
        }
        let mut run: Option<Rect> = None;
        for (part, cell, token) in line.parts(shown) {
            let rect = grid.rect(row, cell.column..cell.end());
            if token.is_some_and(|token| touched && selected.contains(token)) {
                run = Some(run.map_or(rect, |run| run.union(rect)));
            } else {
                outline(run.take());
            }
            if shown.kind(part) == Kind::Unknown {
                let line = rect.with_min_y(rect.bottom() - 2.0);
                fills.add(line.with_max_y(rect.bottom() - 1.0), cx.palette.unknown);
            }
        }
        outline(run);
    }
    fills.finish(painter);
    let quiet = Stroke::new(1.0, ui.visuals().weak_text_color());
    for token in [cx.hover.token, cx.hover.key].into_iter().flatten() {
        if let Some(rect) = grid.place(rows, shown, token)
            && grid.clip.intersects(rect)
        {
            painter.rect_stroke(rect.expand(1.0), 2.0, quiet, StrokeKind::Inside);
        }
    }
}

/// Draws where the leading head's span ends for the query: a bracket before the farthest token within its reach, and
/// under the tokens on the ramp a bar as strong as the soft mask.
pub(super) fn span(
    painter: &Painter,
    cx: &ViewContext<'_>,
    (rows, shown): (&Rows, &Shown),
    grid: &Grid,
) {
    let (Some(span), Some(query), Some(_)) = (cx.span(), cx.query(), &cx.snapshot.model) else {
        return;
    };
    let edge = cx.palette.edge;
    let farthest = query.checked_sub(span.farthest());
    let farthest = farthest.filter(|_| span.reach > 0);
    if let Some(whole) = span.falls_beyond() {
        let mut fills = Fills::new();
        let whole = whole as usize;
        let ramp = farthest.unwrap_or(0)..query.saturating_sub(whole);
        for row in grid.shown.clone() {
            let line = Line::new(rows, shown, row);
            if line.token >= ramp.end || line.token + line.cells.len() <= ramp.start {
                continue;
            }
            for (_, cell, token) in line.parts(shown) {
                let Some(token) = token.filter(|token| ramp.contains(token)) else {
                    continue;
                };
                let mask = span.mask(query - token);
                let rect = grid.rect(row, cell.column..cell.end());
                let bar = rect.with_min_y(rect.bottom() - 1.0 - 2.0 * mask.max(0.25));
                fills.add(
                    bar.with_max_y(rect.bottom() - 0.5),
                    edge.gamma_multiply(0.3 + 0.7 * mask),
                );
            }
        }
        fills.finish(painter);
    }
    let place = farthest.and_then(|token| grid.place(rows, shown, token));
    if let Some(rect) = place.filter(|rect| grid.clip.intersects(*rect)) {
        bracket(painter, rect, &cx.palette);
    }
}

/// An opening bracket at the left edge of a cell.
fn bracket(painter: &Painter, rect: Rect, palette: &Palette) {
    let rect = rect.shrink2(vec2(0.0, 1.0));
    let foot = vec2(4.0, 0.0);
    let points = vec![
        rect.left_top() + foot,
        rect.left_top(),
        rect.left_bottom(),
        rect.left_bottom() + foot,
    ];
    painter.add(Shape::line(points, Stroke::new(1.75, palette.edge)));
}
