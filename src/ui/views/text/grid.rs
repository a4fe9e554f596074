//! The part of the rows that is in view: from tokens and bytes to places on the screen and back.

use super::layout::{Cell, Rows};
use super::rows::{cells, glyph};
use super::shown::Shown;
use crate::text;
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

/// A row in view, with its first part, and the first token from there on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub cells: &'a [Cell],
    pub part: usize,
    pub token: usize,
}

impl<'a> Line<'a> {
    /// A row of `rows`.
    pub fn new(rows: &'a Rows, shown: &Shown, row: usize) -> Self {
        let part = rows.start(row);
        Self {
            cells: rows.row(row),
            part,
            token: match shown.token(part) {
                Some(token) => token,
                None => shown.token_near(part).map_or(0, |near| near + 1),
            },
        }
    }

    /// Its parts with their cells, and with their tokens where the model knows them.
    pub fn parts(
        self,
        shown: &'a Shown,
    ) -> impl Iterator<Item = (usize, Cell, Option<usize>)> + 'a {
        self.cells.iter().enumerate().map(move |(i, cell)| {
            let part = self.part + i;
            (part, *cell, shown.token(part))
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
    pub fn place(&self, rows: &Rows, shown: &Shown, token: usize) -> Option<Rect> {
        let (row, cell) = rows.place(shown, token)?;
        Some(self.rect(row, cell.column..cell.end()))
    }

    /// The part under `at`, if there is one.
    pub fn part_at(&self, rows: &Rows, at: Pos2) -> Option<usize> {
        let row = self.row_at(at.y)?;
        let column = (at.x - self.origin.x) / self.cell.x;
        let cells = rows.row(row);
        let i = cells
            .partition_point(|cell| f32::from(cell.column) <= column)
            .checked_sub(1)?;
        (column < f32::from(cells.get(i)?.end())).then_some(rows.start(row) + i)
    }

    /// The place between two characters that is nearest to `at`, in bytes, among the rows in view.
    pub fn byte_at(&self, rows: &Rows, shown: &Shown, at: Pos2) -> Option<usize> {
        if at.y >= self.top(rows.len()) {
            return Some(shown.end());
        }
        let last = self.shown.end.checked_sub(1)?;
        let inside = at.y.clamp(self.clip.top(), self.clip.bottom() - 1.0);
        let row = self.row_at(inside).unwrap_or(last);
        Some(byte_in(
            rows,
            shown,
            row,
            (at.x - self.origin.x) / self.cell.x,
        ))
    }

    fn row_at(&self, y: f32) -> Option<usize> {
        let row = ((y - self.origin.y) / self.cell.y).floor();
        let row = (row >= 0.0).then_some(row as usize)?;
        self.shown.contains(&row).then_some(row)
    }
}

/// The place between two characters of a row that is nearest to a column, in bytes. The end of a line is before its break.
pub(super) fn byte_in(rows: &Rows, shown: &Shown, row: usize, column: f32) -> usize {
    let cells = rows.row(row);
    let i = cells.partition_point(|cell| f32::from(cell.column) <= column);
    let Some(i) = i.checked_sub(1) else {
        return shown.range(rows.start(row)).start;
    };
    let part = rows.start(row) + i;
    let within = column - f32::from(cells[i].column);
    let range = shown.range(part);
    // The place after a line break is in the next row, and so is that after a row that goes on.
    let ends =
        i + 1 == cells.len() && row + 1 < rows.len() || shown.bytes_of(part).ends_with(b"\n");
    let mut best = (f32::INFINITY, range.start);
    for (at, x) in stops(shown, part, cells[i]) {
        let is_next = ends && at == range.end && !range.is_empty();
        let off = (x - within).abs();
        if off < best.0 && !is_next {
            best = (off, at);
        }
    }
    best.1
}

/// The places between the characters of a part, its ends included: the byte, and the column within its cell.
pub(super) fn stops(shown: &Shown, part: usize, cell: Cell) -> Vec<(usize, f32)> {
    let range = shown.range(part);
    let bytes = shown.bytes_of(part);
    let width = f32::from(cell.width);
    let mut stops = vec![(range.start, 0.0)];
    if let Ok(text) = str::from_utf8(bytes) {
        let all = cells(&glyph(shown, part)).max(1) as f32;
        for (at, c) in text.char_indices().skip(1) {
            // A mark stays with its letter.
            if unicode_width::UnicodeWidthChar::width(c) == Some(0) {
                continue;
            }
            let before = cells(&text::visible(&text[..at])) as f32;
            stops.push((range.start + at, (before / all * width).min(width)));
        }
    }
    stops.push((range.end, width));
    stops
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{LoadedModel, SAMPLES, Snapshot, Tokens};
    use crate::model::Cancel;
    use crate::text::{Unit, Vocabulary};
    use crate::ui::views::text::typing::place_of;
    use std::sync::Arc;

    #[test]
    fn places_between_letters_are_found_and_shown_where_they_are() {
        let mut model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
        let words = ["one", "two", "<eos>"].map(Into::into).to_vec();
        model.vocabulary = Vocabulary::from_tokens(words, Unit::Word).ok();
        let text = "one  two\nxyz one";
        let tokens = Tokens::new(&model, text.into(), 1000, &Cancel::default()).unwrap();
        let shown = Arc::new(Shown::of(&Snapshot {
            tokens: Arc::new(tokens),
            model: Some(Arc::new(model)),
            ..Snapshot::default()
        }));
        let mut rows = Rows::default();
        rows.update(&shown, 0, 6);
        // "one  ", "two⏎", "xyz ", "one".
        assert_eq!(rows.len(), 4);
        let byte = |row, column| byte_in(&rows, &shown, row, column);
        assert_eq!(
            [byte(0, 0.0), byte(0, 0.4), byte(0, 0.6), byte(0, 2.4)],
            [0, 0, 1, 2]
        );
        // Before the white space that a row breaks at, before a line's end, and at the end of all.
        assert_eq!([byte(0, 99.0), byte(1, 99.0), byte(3, 99.0)], [4, 8, 16]);
        let all: Vec<(usize, f32)> = (0..=text.len())
            .map(|at| place_of(&rows, &shown, at))
            .collect();
        assert_eq!(all[..5], [(0, 0.0), (0, 1.0), (0, 2.0), (0, 3.0), (0, 4.0)]);
        assert_eq!(
            (all[5], all[8], all[9], all[16]),
            ((1, 0.0), (1, 3.0), (2, 0.0), (3, 3.0))
        );
        for (at, (row, column)) in all.into_iter().enumerate() {
            assert_eq!(byte(row, column), at);
        }
    }
}
