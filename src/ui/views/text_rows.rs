//! What stands for a piece of the text, how many cells it takes, and what ends with it.

use crate::engine::Snapshot;
use crate::text::Piece;

/// What ends with a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Word,
    Line,
}

/// How many cells a piece takes, and what ends with it. Plain letters are told at a glance: a text has millions of
/// pieces, and nearly all are such.
pub(super) fn shape(snapshot: &Snapshot, piece: usize) -> (usize, Option<End>) {
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
    use super::super::text_layout::Rows;
    use super::*;
    use crate::engine::{Model, SAMPLES, Tokens};
    use crate::model::Cancel;
    use std::sync::Arc;

    fn rows(text: &str, columns: usize) -> Vec<usize> {
        let model = Model::open_sample(&SAMPLES[0]).unwrap();
        let snapshot = Snapshot {
            tokens: Arc::new(Tokens::new(&model, text.into(), 1000, &Cancel::default()).unwrap()),
            model: Some(Arc::new(model)),
            ..Snapshot::default()
        };
        let mut rows = Rows::default();
        rows.update(&snapshot, columns);
        (0..rows.len()).map(|i| rows.row(i).len()).collect()
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
