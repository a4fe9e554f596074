//! The part of the rows that is in view: from tokens to places on the screen and back.

use super::layout::{Cell, Rows};
use crate::engine::Tokens;
use eframe::egui::{Pos2, Rect, Vec2, pos2};
use std::ops::Range;

/// The rows on the screen.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    /// The part of them in view.
    pub clip: Rect,
    /// The upper left corner of the first row of the text, in view or not.
    pub origin: Pos2,
    /// Size of a cell in points.
    pub cell: Vec2,
    /// The rows in view, partly or whole.
    pub shown: Range<usize>,
}

/// A row in view, with the place of its first piece among the pieces and the tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub cells: &'a [Cell],
    pub piece: usize,
    pub token: usize,
}

impl<'a> Line<'a> {
    /// A row of `rows`.
    pub fn new(rows: &'a Rows, tokens: &Tokens, row: usize) -> Self {
        let piece = rows.start(row);
        Self {
            cells: rows.row(row),
            piece,
            token: tokens.piece_of.partition_point(|p| (*p as usize) < piece),
        }
    }

    /// Its pieces with their cells, and with their tokens where the model knows them.
    pub fn pieces(
        self,
        tokens: &'a Tokens,
    ) -> impl Iterator<Item = (usize, Cell, Option<usize>)> + 'a {
        let mut next = self.token;
        self.cells.iter().enumerate().map(move |(i, cell)| {
            let piece = self.piece + i;
            let known = tokens
                .piece_of
                .get(next)
                .is_some_and(|p| *p as usize == piece);
            let token = known.then_some(next);
            next += usize::from(known);
            (piece, *cell, token)
        })
    }
}

impl Grid {
    /// The upper edge of a row.
    pub fn top(&self, row: usize) -> f32 {
        self.origin.y + row as f32 * self.cell.y
    }

    /// The place of the columns from one up to another of a row.
    pub fn rect(&self, row: usize, columns: Range<u16>) -> Rect {
        let x = |column: u16| self.origin.x + f32::from(column) * self.cell.x;
        let top = self.top(row);
        Rect::from_min_max(
            pos2(x(columns.start), top),
            pos2(x(columns.end), top + self.cell.y),
        )
    }

    /// The place of a token, in view or not.
    pub fn place(&self, rows: &Rows, tokens: &Tokens, token: usize) -> Option<Rect> {
        let (row, cell) = rows.place(tokens, token)?;
        Some(self.rect(row, cell.column..cell.end()))
    }

    /// The piece under `at`, if there is one.
    pub fn piece_at(&self, rows: &Rows, at: Pos2) -> Option<usize> {
        let row = self.row_at(at.y)?;
        let column = (at.x - self.origin.x) / self.cell.x;
        let cells = rows.row(row);
        let i = cells
            .partition_point(|cell| f32::from(cell.column) <= column)
            .checked_sub(1)?;
        (column < f32::from(cells.get(i)?.end())).then_some(rows.start(row) + i)
    }

    /// The piece nearest to `at` among the rows in view.
    pub fn nearest(&self, rows: &Rows, at: Pos2) -> Option<usize> {
        let last = self.shown.end.checked_sub(1)?;
        let inside = at.y.clamp(self.clip.top(), self.clip.bottom() - 1.0);
        let row = self.row_at(inside).unwrap_or(last);
        let column = (at.x - self.origin.x) / self.cell.x;
        let cells = rows.row(row);
        let i = cells.partition_point(|cell| f32::from(cell.column) <= column);
        Some(rows.start(row) + i.saturating_sub(1))
    }

    fn row_at(&self, y: f32) -> Option<usize> {
        let row = ((y - self.origin.y) / self.cell.y).floor();
        let row = (row >= 0.0).then_some(row as usize)?;
        self.shown.contains(&row).then_some(row)
    }
}

/// The token of a piece, or the last one before it: the model does not see every piece.
pub(super) fn token_near(tokens: &Tokens, piece: usize) -> Option<usize> {
    let after = tokens.piece_of.partition_point(|p| (*p as usize) <= piece);
    (!tokens.piece_of.is_empty()).then(|| after.saturating_sub(1))
}
