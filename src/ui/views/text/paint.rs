//! Draws the rows in view: shades, then the text of each row as one piece.

use super::grid::{Grid, Line};
use super::layout::{Cell, Rows};
use super::rows::glyph;
use super::shade::{Ramp, Shading};
use super::shown::{Kind, Shown};
use crate::ui::views::context::ViewContext;
use eframe::egui::text::{LayoutJob, TextFormat};
use eframe::egui::{Align, Color32, FontId, Mesh, Painter, Rect, Shape, Ui};
use std::collections::HashMap;

/// The style in which the text of a row is written.
#[derive(Debug, Clone, PartialEq)]
struct Style {
    font: FontId,
    cell: f32,
    height: f32,
    ink: Color32,
    unknown: Color32,
}

/// Widths of parts kept, at most.
const MOST_WIDTHS: usize = 4096;

/// The text of the rows in view, ready to be drawn as long as it stays.
#[derive(Debug, Default)]
pub(super) struct Written {
    style: Option<Style>,
    /// Per row: the number of tokens that the network has run over when it was written, as far as it matters, and the
    /// text.
    rows: HashMap<usize, (usize, LayoutJob)>,
    /// Widths in points of parts that are not plain letters.
    widths: HashMap<String, f32>,
}

impl Written {
    /// Forgets the rows from `row` on: they have changed.
    pub fn forget(&mut self, row: usize) {
        self.rows.retain(|at, _| *at < row);
    }

    /// Draws the text of the rows in view.
    pub fn paint(
        &mut self,
        ui: &Ui,
        painter: &Painter,
        cx: &ViewContext<'_>,
        (rows, shown): (&Rows, &Shown),
        grid: &Grid,
        font: &FontId,
    ) {
        let style = Style {
            font: font.clone(),
            cell: grid.cell.x,
            height: grid.cell.y,
            ink: ui.visuals().text_color(),
            unknown: cx.palette.unknown,
        };
        if self.style.as_ref() != Some(&style) {
            self.rows.clear();
            self.widths.clear();
            self.style = Some(style.clone());
        }
        self.rows.retain(|row, _| grid.shown.contains(row));
        for row in grid.shown.clone() {
            let line = Line::new(rows, shown, row);
            // Tokens still to be run over are fainter.
            let end = line.token + line.cells.len();
            let done = cx.snapshot.done.clamp(line.token, end);
            let job = match self.rows.get(&row) {
                Some((at, job)) if *at == done => job.clone(),
                _ => {
                    let job = self.write(ui, cx.snapshot.done, (line, shown), &style);
                    self.rows.insert(row, (done, job.clone()));
                    job
                }
            };
            if !job.text.is_empty() {
                let at = grid.rect(row, 0..0).min;
                let galley = ui.ctx().fonts_mut(|fonts| fonts.layout_job(job));
                painter.galley(at, galley, style.ink);
            }
        }
    }

    /// The text of a row: plain letters run on, everything else is put into the middle of its cells.
    fn write(
        &mut self,
        ui: &Ui,
        done: usize,
        (line, shown): (Line<'_>, &Shown),
        style: &Style,
    ) -> LayoutJob {
        let mut pen = Pen::new(style);
        for (part, cell, _) in line.parts(shown) {
            let text = glyph(shown, part);
            let color = match shown.kind(part) {
                Kind::Unknown => style.unknown,
                Kind::Token(token) if token >= done => style.ink.gamma_multiply(0.4),
                _ if matches!(text.as_str(), "⏎" | "·" | "⇥") => {
                    style.ink.gamma_multiply(0.35)
                }
                // What has no form of its own stands back behind what has.
                _ if text.starts_with(|c| matches!(c, '⟨' | '\u{2400}'..='\u{2421}')) => {
                    style.ink.gamma_multiply(0.6)
                }
                _ => style.ink,
            };
            if matches!(text.as_str(), "␣" | "") {
                continue;
            }
            if text.len() == usize::from(cell.width) && text.bytes().all(|b| b.is_ascii_graphic()) {
                pen.letters(cell, &text, color);
            } else {
                let width = self.width(ui, &text, style);
                pen.sign(cell, &text, width, color);
            }
        }
        pen.finish()
    }

    /// The width of a text by itself, in points: how far the pen goes on. Where its last glyph ends is not it, for each glyph is
    /// moved to a whole pixel.
    fn width(&mut self, ui: &Ui, text: &str, style: &Style) -> f32 {
        if let Some(width) = self.widths.get(text) {
            return *width;
        }
        if self.widths.len() >= MOST_WIDTHS {
            self.widths.clear();
        }
        let galley = ui.ctx().fonts_mut(|fonts| {
            fonts.layout_no_wrap(text.to_owned(), style.font.clone(), style.ink)
        });
        let glyphs = galley.rows.iter().flat_map(|row| row.glyphs.iter());
        let width = glyphs.map(|glyph| glyph.advance_width).sum();
        self.widths.insert(text.to_owned(), width);
        width
    }
}

/// Writes pieces on the grid of cells, as few sections as can be.
struct Pen<'a> {
    style: &'a Style,
    job: LayoutJob,
    /// Letters not written yet, with their colour, the columns at which they begin and end.
    run: String,
    color: Color32,
    columns: (u16, u16),
    /// The x at which the text written so far ends, in points.
    x: f32,
}

impl<'a> Pen<'a> {
    fn new(style: &'a Style) -> Self {
        let mut job = LayoutJob {
            break_on_newline: false,
            keep_trailing_whitespace: true,
            ..LayoutJob::default()
        };
        job.wrap.max_width = f32::INFINITY;
        Self {
            style,
            job,
            run: String::new(),
            color: style.ink,
            columns: (0, 0),
            x: 0.0,
        }
    }

    fn letters(&mut self, cell: Cell, text: &str, color: Color32) {
        if color != self.color || self.run.is_empty() {
            self.flush();
            self.color = color;
            self.columns = (cell.column, cell.column);
        }
        let gap = cell.column.saturating_sub(self.columns.1);
        self.run.extend((0..gap).map(|_| ' '));
        self.run.push_str(text);
        self.columns.1 = cell.end();
    }

    fn sign(&mut self, cell: Cell, text: &str, width: f32, color: Color32) {
        self.flush();
        let room = f32::from(cell.width) * self.style.cell;
        // What has not enough room is written smaller. Nothing follows the end of a line: it may be broader.
        let share = if width > room + 1.0 && text != "⏎" {
            (room / width).max(0.5)
        } else {
            1.0
        };
        let at = f32::from(cell.column) * self.style.cell + 0.5 * (room - share * width).max(0.0);
        self.put(at, text, color, share);
        self.x = at + share * width;
    }

    fn flush(&mut self) {
        if self.run.is_empty() {
            return;
        }
        let run = std::mem::take(&mut self.run);
        let (from, to) = self.columns;
        self.put(f32::from(from) * self.style.cell, &run, self.color, 1.0);
        self.x = f32::from(to) * self.style.cell;
    }

    fn put(&mut self, at: f32, text: &str, color: Color32, share: f32) {
        let font = FontId::new(self.style.font.size * share, self.style.font.family.clone());
        let format = TextFormat {
            line_height: Some(self.style.height),
            valign: Align::Center,
            ..TextFormat::simple(font, color)
        };
        self.job.append(text, at - self.x, format);
    }

    fn finish(mut self) -> LayoutJob {
        self.flush();
        self.job
    }
}

/// Puts together rectangles of one colour that touch each other.
pub(super) struct Fills {
    mesh: Mesh,
    open: Option<(Rect, Color32)>,
}

impl Fills {
    pub fn new() -> Self {
        Self {
            mesh: Mesh::default(),
            open: None,
        }
    }

    pub fn add(&mut self, rect: Rect, color: Color32) {
        match &mut self.open {
            Some((open, same))
                if *same == color
                    && open.right() >= rect.left() - 0.01
                    && open.top() == rect.top()
                    && open.bottom() == rect.bottom() =>
            {
                open.max.x = rect.right();
            }
            _ => {
                self.flush();
                self.open = Some((rect, color));
            }
        }
    }

    fn flush(&mut self) {
        if let Some((rect, color)) = self.open.take() {
            self.mesh.add_colored_rect(rect, color);
        }
    }

    pub fn finish(mut self, painter: &Painter) {
        self.flush();
        if !self.mesh.is_empty() {
            painter.add(Shape::mesh(self.mesh));
        }
    }
}

/// Draws the shades of the tokens in view; values that are a fall have colours of their own.
pub(super) fn shades(
    painter: &Painter,
    (rows, shown): (&Rows, &Shown),
    grid: &Grid,
    shading: &Shading<'_>,
    [ramp, falling]: [&Ramp; 2],
) {
    let mut fills = Fills::new();
    for row in grid.shown.clone() {
        for (_, cell, token) in Line::new(rows, shown, row).parts(shown) {
            let level = token.map_or(0, |token| shading.level(token));
            if level > 0 {
                let falls = token.is_some_and(|token| shading.falls(token));
                let ramp = if falls { falling } else { ramp };
                fills.add(grid.rect(row, cell.column..cell.end()), ramp.color(level));
            }
        }
    }
    fills.finish(painter);
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui;

    /// Pieces of a tokenizer, to the end of a long line: each begins where its cells do.
    #[test]
    fn letters_stand_in_their_cells_to_the_end_of_a_line() {
        let ctx = egui::Context::default();
        crate::ui::theme::install(&ctx);
        for size in [12.0, 13.0, 14.5] {
            let mut widths = Vec::new();
            let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
                let font = FontId::monospace(size);
                let cell = ui.ctx().fonts_mut(|fonts| fonts.glyph_width(&font, 'm'));
                let style = Style {
                    font,
                    cell,
                    height: 19.0,
                    ink: Color32::BLACK,
                    unknown: Color32::RED,
                };
                let mut written = Written::default();
                let mut pen = Pen::new(&style);
                let mut column = 0;
                let mut begins = Vec::new();
                for word in ["␣vessels", "of", "␣counted", ",", "␣and", "Größe", "␣a"].repeat(9)
                {
                    let width = word.chars().count() as u16;
                    let cell = Cell { column, width };
                    begins.push((pen_text(&pen), f32::from(column) * style.cell));
                    match word.is_ascii() {
                        true => pen.letters(cell, word, style.ink),
                        false => {
                            let wide = written.width(ui, word, &style);
                            pen.sign(cell, word, wide, style.ink);
                        }
                    }
                    column += width;
                }
                let galley = ui.ctx().fonts_mut(|fonts| fonts.layout_job(pen.finish()));
                let glyphs: Vec<f32> = galley.rows[0].glyphs.iter().map(|g| g.pos.x).collect();
                for (char, place) in begins {
                    widths.push((glyphs[char], place));
                }
            });
            output.textures_delta.clear();
            for (at, place) in widths {
                assert!(
                    (at - place).abs() < 1.01,
                    "{at} instead of {place}, size {size}"
                );
            }
        }
    }

    /// Characters written so far.
    fn pen_text(pen: &Pen<'_>) -> usize {
        pen.job.text.chars().count() + pen.run.chars().count()
    }
}
