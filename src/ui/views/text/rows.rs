//! The glyphs that stand for a part of the text, the cells it takes, and what ends with it.
//!
//! Cells follow one another from left to right in the order of the tokens, in any script: what the model sees is a
//! sequence, and a query's past is always to its left. So Arabic characters stand in the order in which they are read
//! by the model, not by people. Within a part, a word say, letters are joined and ordered as they are written.

use super::shown::Shown;
use crate::text;
use crate::ui::language::trf;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The unit of text that ends with a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Word,
    Line,
}

/// The width of a part in cells, and what ends with it. Plain letters are told at a glance: a text has millions of
/// parts, and nearly all are such.
pub(super) fn shape(shown: &Shown, part: usize) -> (usize, Option<End>) {
    let range = shown.range(part);
    if let [byte] = shown.bytes_of(part) {
        match byte {
            b' ' => return (1, Some(End::Word)),
            b'\n' => return (1, Some(End::Line)),
            byte if byte.is_ascii_graphic() => return (1, None),
            _ => {}
        }
    }
    let glyph = glyph(shown, part);
    let end = match glyph.as_str() {
        "␣" => Some(End::Word),
        _ if glyph.ends_with('⏎') => Some(End::Line),
        // A line may end after any character of a script without spaces, but not within one.
        _ => text::character_at(shown.bytes(), range.start)
            .filter(|(c, whole)| whole.end == range.end && c.width() == 2)
            .map(|_| End::Word),
    };
    (cells(&glyph), end)
}

/// The width of a text in cells: a letter takes one, a Chinese character or an emoji two, as in a terminal.
pub(super) fn cells(text: &str) -> usize {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        // Letters made to be joined, and signs of two or three small letters, are broader than a cell.
        (Some('\u{620}'..='\u{6d5}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'), None) => {
            2
        }
        (Some('\u{2400}'..='\u{2421}'), None) => 2,
        (Some(c), None) => c.width().unwrap_or(1).max(1),
        _ => text.width().max(1),
    }
}

/// The characters that stand for a part: its own where they can be seen. Of a character that is several parts, the
/// first one shows it and the others show "·".
pub(super) fn glyph(shown: &Shown, part: usize) -> String {
    let bytes = shown.bytes_of(part);
    let range = shown.range(part);
    match str::from_utf8(bytes) {
        Ok("\r\n") => "⏎".into(),
        // To a model of words it is a line break.
        Ok("\r") => shown
            .token(part)
            .and_then(|token| shown.label(token))
            .unwrap_or_else(|| text::visible("\r")),
        Ok(text) => text::visible(text),
        Err(_) => match text::character_at(shown.bytes(), range.start) {
            Some((c, whole)) if range.end <= whole.end => {
                if range.start == whole.start {
                    text::visible(c)
                } else {
                    "·".into()
                }
            }
            _ => text::visible(&text::to_text(bytes.to_vec())),
        },
    }
}

/// Of a part that is less than a character: which byte, and of which character.
pub(super) fn part_of_character(shown: &Shown, part: usize) -> Option<String> {
    let range = shown.range(part);
    let (character, whole) = text::character_at(shown.bytes(), range.start)?;
    (range.end <= whole.end && !range.is_empty() && range.len() < whole.len()).then(|| {
        trf(
            "byte {0} of {1} of “{2}”",
            &[
                &(range.start - whole.start + 1),
                &whole.len(),
                &text::visible(character),
            ],
        )
    })
}

/// A name of a part by itself: of a byte that is no character, its number.
pub(super) fn name(shown: &Shown, part: usize) -> String {
    match shown.bytes_of(part) {
        [byte @ 0x80..=0xff] => text::byte_label(*byte),
        _ => glyph(shown, part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{LoadedModel, SAMPLES, Snapshot, Tokens};
    use crate::model::Cancel;
    use crate::text::{Unit, Vocabulary, to_text};
    use crate::ui::views::text::layout::Rows;
    use std::sync::Arc;

    fn shown(text: &str, vocabulary: Option<Vocabulary>) -> Arc<Shown> {
        let mut model = LoadedModel::open_sample(&SAMPLES[0]).unwrap();
        model.vocabulary = vocabulary.or(model.vocabulary);
        Arc::new(Shown::of(&Snapshot {
            tokens: Arc::new(Tokens::new(&model, text.into(), 1000, &Cancel::default()).unwrap()),
            model: Some(Arc::new(model)),
            ..Snapshot::default()
        }))
    }

    fn glyphs(shown: &Shown) -> String {
        let glyphs: Vec<String> = (0..shown.len()).map(|part| glyph(shown, part)).collect();
        glyphs.join("|")
    }

    fn rows(text: &str, columns: usize) -> Vec<usize> {
        let shown = shown(text, None);
        let mut rows = Rows::default();
        rows.update(&shown, 0, columns);
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

    #[test]
    fn the_first_byte_of_a_character_shows_it() {
        let bytes = shown("é中😀سa\u{301}", None);
        let all = "é|·|中|·|·|😀|·|·|·|س|·|a|◌\u{301}|·";
        assert_eq!(glyphs(&bytes), all);
        let mut rows = Rows::default();
        rows.update(&bytes, 0, 80);
        let widths: Vec<u16> = rows.row(0).iter().map(|cell| cell.width).collect();
        assert_eq!(widths, [1, 1, 2, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 1]);
        assert_eq!(
            part_of_character(&bytes, 3).as_deref(),
            Some("byte 2 of 3 of “中”")
        );
        assert_eq!(
            (part_of_character(&bytes, 11), name(&bytes, 11)),
            (None, "a".into())
        );
        assert_eq!(name(&bytes, 3), "⟨xB8⟩");
    }

    #[test]
    fn what_is_no_character_shows_its_bytes() {
        let broken = to_text(b"a\xe4b\xe4\xb8 \0\t\r\x7f\xff\n".to_vec());
        let bytes = shown(&broken, None);
        assert_eq!(glyphs(&bytes), "a|⟨xE4⟩|b|⟨xE4⟩|⟨xB8⟩|␣|␀|⇥|␍|␡|⟨xFF⟩|⏎");
        assert_eq!(part_of_character(&bytes, 1), None);
        let mut rows = Rows::default();
        rows.update(&bytes, 0, 80);
        let widths: Vec<u16> = rows.row(0).iter().map(|cell| cell.width).collect();
        assert_eq!(widths, [1, 5, 1, 5, 5, 1, 2, 1, 2, 2, 5, 1]);
    }

    #[test]
    fn characters_and_words_show_as_they_are() {
        let list = |unit| {
            let tokens = ["é", "中", "سلام", "na", "<eos>"];
            Vocabulary::from_tokens(tokens.map(Into::into).to_vec(), unit).ok()
        };
        let text = to_text(
            "é中\u{200b}س\u{85}\r\n"
                .bytes()
                .chain(*b"\xe4\xb8")
                .collect(),
        );
        let chars = shown(&text, list(Unit::Char));
        assert_eq!(glyphs(&chars), "é|中|⟨U+200B⟩|س|⟨U+0085⟩|␍|⏎|⟨xE4⟩⟨xB8⟩");
        let text = to_text("é中 سلام\r👨‍👩‍👧 ".bytes().chain(*b"na\xefve").collect());
        let words = shown(&text, list(Unit::Word));
        assert_eq!(glyphs(&words), "é中|␣|سلام|⏎|👨‍👩‍👧|␣|na⟨xEF⟩ve");
        let mut rows = Rows::default();
        rows.update(&words, 0, 80);
        let widths: Vec<u16> = (0..2)
            .flat_map(|row| rows.row(row).iter().map(|cell| cell.width))
            .collect();
        // The last two letters of the Arabic word are one sign, the emoji one as well.
        assert_eq!(widths, [3, 1, 3, 1, 2, 1, 9]);
    }

    #[test]
    fn a_line_breaks_between_wide_characters() {
        // Each is three bytes, in four cells.
        assert_eq!(rows("中中中", 9), [6, 3]);
        assert_eq!(rows("ab中cd", 6), [5, 2]);
    }
}
