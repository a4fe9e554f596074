//! The text laid out in rows of cells: where every piece stands, and what stands for it.

use crate::engine::{Snapshot, Tokens};
use crate::text::{Piece, Unit};
use std::sync::Arc;

/// A piece of the text at its place in the grid of characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub piece: u32,
    pub column: u16,
    pub width: u16,
}

/// Rows of cells, as wide as the view.
#[derive(Debug, Default)]
pub(super) struct Rows {
    tokens: Option<Arc<Tokens>>,
    model: u64,
    columns: usize,
    cells: Vec<Cell>,
    /// Index of every row's first cell.
    pub starts: Vec<usize>,
}

impl Rows {
    pub fn row(&self, row: usize) -> &[Cell] {
        let start = self.starts.get(row).copied().unwrap_or(self.cells.len());
        let end = self
            .starts
            .get(row + 1)
            .copied()
            .unwrap_or(self.cells.len());
        self.cells.get(start..end).unwrap_or_default()
    }

    /// The row of the token at position `token`.
    pub fn row_of(&self, tokens: &Tokens, token: usize) -> Option<usize> {
        let piece = *tokens.piece_of.get(token)? as usize;
        // Every piece has a cell, in order.
        Some(
            self.starts
                .partition_point(|start| *start <= piece)
                .saturating_sub(1),
        )
    }

    /// Ends a row that is full, after its last space if there is one, so that a word stays whole; returns the column
    /// at which the next cell stands.
    fn break_row(&mut self, space: Option<usize>) -> usize {
        let start = self.starts.last().copied().unwrap_or(0);
        let at = space.filter(|at| *at > start).unwrap_or(self.cells.len());
        self.starts.push(at);
        let Some(first) = self.cells.get(at).map(|cell| cell.column) else {
            return 0;
        };
        let mut end = 0;
        for cell in self.cells.iter_mut().skip(at) {
            cell.column -= first;
            end = cell.column + cell.width;
        }
        usize::from(end)
    }

    /// Lays the text out again if it or the width changed.
    pub fn update(&mut self, snapshot: &Snapshot, columns: usize) {
        let same_text = self
            .tokens
            .as_ref()
            .is_some_and(|t| Arc::ptr_eq(t, &snapshot.tokens));
        if same_text && self.columns == columns && self.model == snapshot.model_number {
            return;
        }
        self.tokens = Some(Arc::clone(&snapshot.tokens));
        self.columns = columns;
        self.model = snapshot.model_number;
        self.cells.clear();
        self.starts = vec![0];
        let unit = snapshot
            .model
            .as_ref()
            .and_then(|model| model.vocabulary.as_ref())
            .map(|vocabulary| vocabulary.unit());
        // Words and numbers stand apart, characters do not.
        let gap = usize::from(!matches!(unit, Some(Unit::Byte | Unit::Char)));
        let mut column = 0;
        // The cell after the last space of the row.
        let mut space = None;
        for piece in 0..snapshot.tokens.pieces.len() {
            let (width, end) = shape(snapshot, piece);
            let width = width.clamp(1, columns);
            if column > 0 && column + width > columns {
                column = self.break_row(space.take());
            }
            self.cells.push(Cell {
                piece: piece as u32,
                column: column as u16,
                width: width as u16,
            });
            column += width + gap;
            if end == Some(End::Word) {
                space = Some(self.cells.len());
            }
            if end == Some(End::Line) {
                space = None;
                self.starts.push(self.cells.len());
                column = 0;
            }
        }
        if self.starts.last() == Some(&self.cells.len()) && self.starts.len() > 1 {
            self.starts.pop();
        }
    }
}

/// What ends with a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Word,
    Line,
}

/// How many cells a piece takes, and what ends with it. Plain letters are told at a glance: a text has millions of
/// pieces, and nearly all are such.
fn shape(snapshot: &Snapshot, piece: usize) -> (usize, Option<End>) {
    let tokens = &snapshot.tokens;
    if let Some(Piece { range, .. }) = tokens.pieces.get(piece)
        && let [byte] = tokens
            .text
            .as_bytes()
            .get(range.clone())
            .unwrap_or_default()
    {
        match byte {
            b' ' => return (1, Some(End::Word)),
            b'\n' => return (1, Some(End::Line)),
            byte if byte.is_ascii_graphic() => return (1, None),
            _ => {}
        }
    }
    let glyph = glyph(snapshot, piece);
    let end = match glyph.as_str() {
        "␣" => Some(End::Word),
        "⏎" => Some(End::Line),
        _ => None,
    };
    (glyph.chars().count(), end)
}

/// What stands for a piece: its own characters where they can be seen.
pub(super) fn glyph(snapshot: &Snapshot, piece: usize) -> String {
    let tokens = &snapshot.tokens;
    let Some(Piece { id, range }) = tokens.pieces.get(piece) else {
        return String::new();
    };
    match tokens.text.get(range.clone()) {
        Some(text) if text.chars().all(|c| !c.is_control() && c != ' ') => text.to_owned(),
        Some(text) => match (text, id, &snapshot.model) {
            (" ", ..) => "␣".into(),
            ("\n" | "\r\n", ..) => "⏎".into(),
            (_, Some(id), Some(model)) => model.label(*id),
            (other, ..) => other.escape_default().to_string(),
        },
        // A byte within a character: the first one shows it whole.
        None => match tokens
            .text
            .get(range.start..)
            .and_then(|rest| rest.chars().next())
        {
            Some(c) => c.to_string(),
            None => "·".into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Model, SAMPLES};
    use crate::model::Cancel;

    fn rows(text: &str, columns: usize) -> Vec<usize> {
        let model = Model::open_sample(&SAMPLES[0]).unwrap();
        let snapshot = Snapshot {
            tokens: Arc::new(Tokens::new(&model, text.into(), 1000, &Cancel::default()).unwrap()),
            model: Some(Arc::new(model)),
            ..Snapshot::default()
        };
        let mut rows = Rows::default();
        rows.update(&snapshot, columns);
        (0..rows.starts.len()).map(|i| rows.row(i).len()).collect()
    }

    #[test]
    fn lines_break_at_line_ends_and_at_the_edge() {
        assert_eq!(rows("abcdef\nab", 4), [4, 3, 2]);
        // Words stay whole where they fit.
        assert_eq!(rows("To be\nor not", 4), [3, 3, 3, 3]);
        assert_eq!(rows("ab\n", 8), [3]);
        // Every byte keeps its cell, the second of a character too.
        assert_eq!(rows("né", 8), [3]);
    }
}
