//! The text, token by token, shaded by what the selected query attends to or by surprisal.

use super::super::state::{ViewContext, head_name, percent};
use super::super::theme::{quiet, strong};
use crate::engine::{Snapshot, Tokens};
use crate::text::{Piece, Unit};
use eframe::egui::{self, Align2, Color32, FontId, Rect, Sense, Stroke, Ui, vec2};
use std::sync::Arc;

/// What the shade of a token means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Shade {
    #[default]
    Attention,
    Surprisal,
}

/// A piece of the text at its place in the grid of characters.
#[derive(Debug, Clone, Copy)]
struct Cell {
    piece: u32,
    column: u16,
    width: u16,
}

/// Rows of cells, as wide as the view.
#[derive(Debug, Default)]
struct Rows {
    tokens: Option<Arc<Tokens>>,
    model: u64,
    columns: usize,
    cells: Vec<Cell>,
    /// Index of every row's first cell.
    starts: Vec<usize>,
}

/// The state of the view.
#[derive(Debug, Default)]
pub struct TextView {
    shade: Shade,
    rows: Rows,
    /// The query that was last scrolled to.
    query: Option<usize>,
}

/// Bits per token at which the shade of a surprise is full.
const FULL_SURPRISE: f32 = 8.0;

impl TextView {
    /// Draws the view.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        if cx.snapshot.tokens.pieces.is_empty() {
            return super::nothing(
                ui,
                "Type or paste a text below, or open one with File → Open text.",
            );
        }
        self.toolbar(ui, cx);
        let font = egui::TextStyle::Monospace.resolve(ui.style());
        let advance = ui.ctx().fonts_mut(|fonts| fonts.glyph_width(&font, 'm'));
        let cell = vec2(advance.max(1.0), (font.size * 1.45).round());
        let columns = ((ui.available_width() - 14.0) / cell.x).max(8.0) as usize;
        self.rows.update(cx.snapshot, columns);
        let follow = cx.selection.query.is_none();
        let mut area = egui::ScrollArea::vertical()
            .auto_shrink(false)
            .stick_to_bottom(follow);
        if self.query != cx.selection.query {
            // Selected in another view: bring it into this one.
            self.query = cx.selection.query;
            if let Some(row) = self
                .query
                .and_then(|query| self.rows.row_of(&cx.snapshot.tokens, query))
            {
                let middle = 0.5 * (ui.available_height() - cell.y);
                area = area.vertical_scroll_offset((row as f32 * cell.y - middle).max(0.0));
            }
        }
        area.show_rows(
            ui,
            cell.y - ui.spacing().item_spacing.y,
            self.rows.starts.len(),
            |ui, shown| {
                self.paint(ui, cx, shown, cell, &font);
            },
        );
    }

    fn toolbar(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        ui.horizontal(|ui| {
            ui.selectable_value(&mut self.shade, Shade::Attention, "Attention")
                .on_hover_text(
                    "Shade: the weight that the selected token gives each token before it",
                );
            ui.selectable_value(&mut self.shade, Shade::Surprisal, "Surprisal")
                .on_hover_text("Shade: −log₂ of the probability that the model gave each token");
            ui.separator();
            let words = match (self.shade, cx.query()) {
                (Shade::Surprisal, _) => {
                    format!("stronger = more surprising; full at {FULL_SURPRISE} bits")
                }
                (Shade::Attention, Some(query)) => {
                    let mut words = format!(
                        "{} · query {} “{}”",
                        head_name(cx.selection.head),
                        query,
                        cx.snapshot.label(query)
                    );
                    if let Some(detail) = cx.detail() {
                        if let Some(empty) = detail.empty(query) {
                            words += &format!(" · empty context {}", percent(empty));
                        }
                        if detail.weights.vectors > 0
                            && let Some(share) = detail.persistent(query)
                        {
                            words += &format!(" · persistent {}", percent(share));
                        }
                    }
                    words
                }
                (Shade::Attention, None) => String::new(),
            };
            ui.label(quiet(words));
            if cx.selection.query.is_some() && ui.small_button("Follow the end").clicked() {
                cx.selection.query = None;
            }
        });
    }

    fn paint(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        shown: std::ops::Range<usize>,
        cell: egui::Vec2,
        font: &FontId,
    ) {
        let size = vec2(ui.available_width(), cell.y * shown.len() as f32);
        let (area, response) = ui.allocate_exact_size(size, Sense::click());
        let snapshot = cx.snapshot;
        let query = cx.query();
        let shading = Shading::new(self.shade, cx);
        let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
        let ink = ui.visuals().text_color();
        let mut under = None;
        for (line, row) in shown.enumerate() {
            for placed in self.rows.row(row) {
                let min = area.min + vec2(f32::from(placed.column) * cell.x, line as f32 * cell.y);
                let rect = Rect::from_min_size(min, vec2(f32::from(placed.width) * cell.x, cell.y));
                let piece = placed.piece as usize;
                let token = snapshot.tokens.token_of(piece);
                let ground = token.and_then(|token| shading.of(token));
                if let Some(fill) = ground {
                    painter.rect_filled(rect, 0.0, fill);
                }
                let glyph = glyph(snapshot, piece);
                let waiting = token.is_some_and(|token| token >= snapshot.done);
                let color = match token {
                    None => cx.palette.unknown,
                    Some(_) if waiting => ink.gamma_multiply(0.4),
                    Some(_) if matches!(glyph.as_str(), "⏎" | "␣" | "·") => {
                        ink.gamma_multiply(0.35)
                    }
                    Some(_) => ink,
                };
                if !matches!(glyph.as_str(), "␣" | "") {
                    painter.text(
                        rect.left_center(),
                        Align2::LEFT_CENTER,
                        &glyph,
                        font.clone(),
                        color,
                    );
                }
                if token.is_none() {
                    painter.hline(
                        rect.x_range(),
                        rect.bottom() - 1.0,
                        Stroke::new(1.0, cx.palette.unknown),
                    );
                }
                let marked = if token.is_some() && token == query {
                    Some(Stroke::new(1.5, cx.palette.accent))
                } else if token.is_some() && token == cx.selection.hovered {
                    Some(Stroke::new(1.0, ui.visuals().weak_text_color()))
                } else {
                    None
                };
                if let Some(stroke) = marked {
                    painter.rect_stroke(rect, 2.0, stroke, egui::StrokeKind::Inside);
                }
                if response.hover_pos().is_some_and(|at| rect.contains(at)) {
                    under = Some((piece, token));
                }
            }
        }
        let words = || {
            format!(
                "Text, {} tokens; click one to select it",
                snapshot.tokens.ids.len()
            )
        };
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, words()));
        let Some((piece, token)) = under else {
            return;
        };
        if response.clicked() {
            // A second click lets go.
            cx.selection.query = token.filter(|token| cx.selection.query != Some(*token));
            // It is in view already.
            self.query = cx.selection.query;
        }
        cx.selection.hovered = token.or(cx.selection.hovered);
        response.on_hover_ui_at_pointer(|ui| tooltip(ui, cx, piece, token));
    }
}

/// The shades of one frame.
struct Shading<'a> {
    shade: Shade,
    snapshot: &'a Snapshot,
    query: Option<usize>,
    row: &'a [f32],
    largest: f32,
    color: Color32,
}

impl<'a> Shading<'a> {
    fn new(shade: Shade, cx: &'a ViewContext<'_>) -> Self {
        let query = cx.query();
        let row = match (cx.detail(), query) {
            (Some(detail), Some(query)) => detail.row(query),
            _ => &[],
        };
        let seen = query.unwrap_or(0).min(row.len());
        let color = match shade {
            Shade::Attention => cx.palette.accent,
            Shade::Surprisal => cx.palette.persistent,
        };
        Self {
            shade,
            snapshot: cx.snapshot,
            query,
            row,
            largest: row[..seen].iter().fold(0.0, |m, w| m.max(*w)),
            color,
        }
    }

    fn of(&self, token: usize) -> Option<Color32> {
        let share = match self.shade {
            Shade::Attention => {
                let distance = self.query?.checked_sub(token)?;
                let weight = self.row.get(distance.checked_sub(1)?)?;
                // The square root: small weights are told apart better.
                (weight / self.largest.max(f32::MIN_POSITIVE)).sqrt()
            }
            Shade::Surprisal => self.snapshot.surprisal_of(token)? / FULL_SURPRISE,
        };
        (share > 0.01).then(|| self.color.gamma_multiply(0.75 * share.clamp(0.0, 1.0)))
    }
}

fn tooltip(ui: &mut Ui, cx: &ViewContext<'_>, piece: usize, token: Option<usize>) {
    let Some(token) = token else {
        ui.label(strong(glyph(cx.snapshot, piece)));
        ui.label("not in the model's vocabulary: the model does not see it");
        return;
    };
    ui.label(strong(format!(
        "token {token}  {}",
        cx.snapshot.label(token)
    )));
    if let Some(bits) = cx.snapshot.surprisal_of(token) {
        ui.label(format!(
            "surprisal {bits:.2} bits (p = {:.4})",
            (-bits).exp2()
        ));
    }
    if let (Some(detail), Some(query)) = (cx.detail(), cx.query())
        && let Some(weight) = detail.weight(query, token)
    {
        ui.label(format!("weight {weight:.5}, {} back", query - token));
    }
}

/// What stands for a piece: its own characters where they can be seen.
fn glyph(snapshot: &Snapshot, piece: usize) -> String {
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

impl Rows {
    fn row(&self, row: usize) -> &[Cell] {
        let start = self.starts.get(row).copied().unwrap_or(self.cells.len());
        let end = self
            .starts
            .get(row + 1)
            .copied()
            .unwrap_or(self.cells.len());
        self.cells.get(start..end).unwrap_or_default()
    }

    /// The row of the token at position `token`.
    fn row_of(&self, tokens: &Tokens, token: usize) -> Option<usize> {
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
    fn update(&mut self, snapshot: &Snapshot, columns: usize) {
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
            let glyph = glyph(snapshot, piece);
            let width = glyph.chars().count().clamp(1, columns);
            if column > 0 && column + width > columns {
                column = self.break_row(space.take());
            }
            self.cells.push(Cell {
                piece: piece as u32,
                column: column as u16,
                width: width as u16,
            });
            column += width + gap;
            if glyph == "␣" {
                space = Some(self.cells.len());
            }
            if glyph == "⏎" {
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
