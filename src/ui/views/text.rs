//! The text, token by token, shaded by what the selected query attends to or by surprisal.

use super::super::state::{ViewContext, head_name, percent};
use super::super::theme::{quiet, strong};
use super::text_rows::{Rows, glyph, name, part};
use crate::engine::Snapshot;
use eframe::egui::{self, Align2, Color32, FontId, Rect, Sense, Stroke, Ui, vec2};
use serde::{Deserialize, Serialize};

/// What the shade of a token means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Shade {
    #[default]
    Attention,
    Surprisal,
}

/// The state of the view.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TextView {
    shade: Shade,
    #[serde(skip)]
    rows: Rows,
    /// The query that was last scrolled to.
    #[serde(skip)]
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
        let follow = cx.selection.tokens.is_empty();
        let mut area = egui::ScrollArea::vertical()
            .auto_shrink(false)
            .stick_to_bottom(follow);
        if self.query != cx.selection.tokens.last() {
            // Selected in another view: bring it into this one.
            self.query = cx.selection.tokens.last();
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
                        head_name(cx.selection.heads.leading()),
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
            if !cx.selection.tokens.is_empty() && ui.small_button("Follow the end").clicked() {
                cx.selection.clear_tokens();
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
                    Some(_) if matches!(glyph.as_str(), "⏎" | "␣" | "·" | "⇥") => {
                        ink.gamma_multiply(0.35)
                    }
                    // What has no form of its own stands back behind what has.
                    Some(_)
                        if glyph.starts_with(|c| matches!(c, '⟨' | '\u{2400}'..='\u{2421}')) =>
                    {
                        ink.gamma_multiply(0.6)
                    }
                    Some(_) => ink,
                };
                if !matches!(glyph.as_str(), "␣" | "") {
                    put(&painter, rect, glyph, font, color);
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
                } else if token.is_some() && token == cx.hover.token {
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
            match token {
                Some(token) => cx.click_token(ui, token),
                None => cx.selection.clear_tokens(),
            }
            // It is in view already.
            self.query = cx.selection.tokens.last();
        }
        cx.hovering.token = token.or(cx.hovering.token);
        response.on_hover_ui_at_pointer(|ui| tooltip(ui, cx, piece, token));
    }
}

/// Draws a piece's text in its cells: in their middle where it leaves room, smaller where it has not enough.
fn put(painter: &egui::Painter, rect: Rect, text: String, font: &FontId, color: Color32) {
    let lay = |size: f32| {
        let font = FontId::new(size, font.family.clone());
        painter.layout_no_wrap(text.clone(), font, color)
    };
    let mut galley = lay(font.size);
    let room = rect.width() - galley.size().x;
    if room < -1.0 {
        galley = lay((font.size * rect.width() / galley.size().x).max(0.5 * font.size));
    }
    let align = if room.abs() <= 1.0 {
        Align2::LEFT_CENTER
    } else {
        Align2::CENTER_CENTER
    };
    let place = align.align_size_within_rect(galley.size(), rect);
    painter.galley(place.min, galley, color);
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
        ui.label(strong(name(cx.snapshot, piece)));
        if let Some(part) = part(cx.snapshot, piece) {
            ui.label(part);
        }
        ui.label("not in the model's vocabulary: the model does not see it");
        return;
    };
    ui.label(strong(format!(
        "token {token}  {}",
        cx.snapshot.label(token)
    )));
    if let Some(part) = part(cx.snapshot, piece) {
        ui.label(part);
    }
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
