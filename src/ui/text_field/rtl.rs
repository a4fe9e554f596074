//! Scripts written from right to left, in a text field.

use eframe::egui;
use eframe::egui::text::{LayoutJob, LayoutSection};
use std::ops::Range;
use unicode_width::UnicodeWidthChar;

/// True if a character belongs to a script that is written from right to left.
pub(in crate::ui) fn is_rtl(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// A text with every letter of a script written from right to left laid out by itself, left to right like all others.
///
/// egui joins such letters and turns them round, but still counts glyphs from left to right, and some twice: a click
/// behind a word in Arabic would set the caret letters away from where it shows.
pub(in crate::ui) fn letters_apart(
    text: &str,
    font: egui::FontId,
    color: egui::Color32,
    width: f32,
) -> LayoutJob {
    let mut job = LayoutJob::simple(text.to_owned(), font, color, width);
    job.keep_trailing_whitespace = true;
    let Some(whole) = job.sections.pop() else {
        return job;
    };
    let mut add = |range: Range<usize>| {
        job.sections.push(LayoutSection {
            byte_range: range.start.into()..range.end.into(),
            ..whole.clone()
        });
    };
    let mut start = 0;
    let mut before = false;
    for (at, c) in text.char_indices() {
        // A mark stays with its letter.
        let mark = before && c.width() == Some(0);
        if at > start && (before || is_rtl(c)) && !mark {
            add(start..at);
            start = at;
        }
        before = is_rtl(c) || mark;
    }
    add(start..text.len());
    job
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_where_it_shows() {
        let ctx = egui::Context::default();
        crate::ui::theme::install(&ctx);
        ctx.run_ui(egui::RawInput::default(), |_| {})
            .textures_delta
            .clear();
        let texts = [
            "ab سلام لا cd\nلالا x",
            "مَرحَبًا بِكَ (سلام) 12",
            "\u{5e9}\u{5b8}\u{5dc}\u{5d5}\u{5dd} ab",
            "中é😀 ل",
        ];
        for text in texts {
            let font = egui::FontId::monospace(13.0);
            let job = letters_apart(text, font, egui::Color32::WHITE, 400.0);
            assert_eq!(job.text, text);
            let galley = ctx.fonts_mut(|fonts| fonts.layout_job(job));
            let glyphs = galley.rows.iter().map(|row| row.row.glyphs.len());
            let letters = text.chars().filter(|c| *c != '\n');
            assert_eq!(glyphs.sum::<usize>(), letters.count(), "{text}");
            // Before every letter of the first line; its marks have no place of their own.
            let letters = text.chars().take_while(|c| *c != '\n').enumerate();
            let places: Vec<f32> = letters
                .filter(|(_, c)| c.width() != Some(0))
                .map(|(at, _)| galley.pos_from_cursor(egui::text::CCursor::new(at)))
                .map(|place| place.left())
                .collect();
            assert!(places.is_sorted(), "{text}: {places:?}");
        }
    }
}
