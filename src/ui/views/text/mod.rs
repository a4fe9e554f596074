//! The text, token by token, shaded by what the selected tokens read, by who reads them, or by surprisal.

mod arcs;
mod change;
mod grid;
mod keys;
mod layout;
mod paint;
mod rows;
mod shade;
mod tip;
mod typing;

use super::context::ViewContext;
use super::pane::{Home, ViewInfo};
use super::view::View;
use crate::chart::{Scale, thousands};
use crate::engine::Snapshot;
use crate::engine::figures::{FigureChoice, FigureKind};
use crate::ui::language::{tr, trf};
use crate::ui::theme::{QUIET, quiet};
use crate::ui::widgets::choices::{name_combo, scale_name};
use crate::ui::widgets::names::{heads_name, percent, signed};
use crate::ui::widgets::paint::{grid_color, nothing};
use eframe::egui::{self, FontId, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use grid::Grid;
use keys::Caret;
use layout::Rows;
use paint::Written;
use serde::{Deserialize, Serialize};
use shade::{DisplayName, Ramps, Shade, Shading, blind, gathered};
use std::ops::Range;
use tip::weight;
use typing::Typing;

/// The state of the view.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct TextView {
    shade: Shade,
    /// Of several selected tokens the mean is shown, not the sum.
    mean: bool,
    /// True if surprisal is shown as what the edits of the model add to it.
    change: bool,
    /// How weights are spread over the shades.
    scale: Scale,
    #[serde(skip)]
    rows: Rows,
    #[serde(skip)]
    written: Written,
    #[serde(skip)]
    caret: Caret,
    #[serde(skip)]
    typing: Typing,
    #[serde(skip)]
    ramps: Option<Ramps>,
    /// The rows that were wholly in view.
    #[serde(skip)]
    seen: Range<usize>,
    /// The model whose query was brought into view.
    #[serde(skip)]
    model: u64,
    /// True while the query is still to be brought into view: its row may not be laid out yet.
    #[serde(skip)]
    brings: bool,
}

impl Default for TextView {
    fn default() -> Self {
        Self {
            shade: Shade::default(),
            mean: false,
            change: true,
            // Small weights are told apart better.
            scale: Scale::Sqrt,
            rows: Rows::default(),
            written: Written::default(),
            caret: Caret::default(),
            typing: Typing::default(),
            ramps: None,
            seen: 0..0,
            model: 0,
            brings: false,
        }
    }
}

/// Room for the scroll bar at the right, and around the cells for the ring that shows the focus, in points.
const ROOM: (f32, f32) = (14.0, 3.0);

/// Width from which the toolbar and its words stand in one row, in points.
const WIDE: f32 = 1100.0;

impl View for TextView {
    const INFO: ViewInfo = ViewInfo {
        name: "text",
        title: || tr("Text"),
        figures: &[FigureKind::Text, FigureKind::Surprisal],
        key: Some(4),
        home: Home::Below,
        before_weights: false,
    };

    fn choose(&self, kind: FigureKind, _snapshot: &Snapshot, choice: &mut FigureChoice) {
        if kind == FigureKind::Text {
            choice.shade = self.shade;
            choice.shade_mean = self.mean;
            choice.shade_scale = self.scale;
        }
    }

    fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        if cx.snapshot.tokens.pieces.is_empty() {
            return nothing(
                ui,
                tr("Type or paste a text below, or open one with File → Open text."),
            );
        }
        let ramps = Ramps::of(self.ramps.take(), ui, &cx.palette);
        self.toolbar(ui, cx, &ramps);
        let font = egui::TextStyle::Monospace.resolve(ui.style());
        let advance = ui.ctx().fonts_mut(|fonts| fonts.glyph_width(&font, 'm'));
        let cell = vec2(advance.max(1.0), (font.size * 1.45).round());
        let room = ui.available_rect_before_wrap();
        let columns = ((room.width() - ROOM.0 - ROOM.1) / cell.x).max(8.0) as usize;
        let laid = self.rows.update(cx.snapshot, columns);
        self.written.forget(laid.from);
        if laid.more {
            ui.ctx().request_repaint();
        }

        let id = ui.scope_id().with("cells");
        let page = ((room.height() / cell.y) as usize).max(2) - 1;
        // The keys are taken before the cells are drawn, so that what they select is in view at once.
        let known = ui.ctx().read_response(id);
        if let Some(response) = &known {
            self.typing.keys(ui, response, cx);
        }
        if self.typing.follow(ui, cx) {
            let query = cx.query().unwrap_or(0);
            self.caret.leave(cx, query);
        }
        let page = (page, Typing::is_open(cx));
        let reached =
            known.and_then(|response| self.caret.keys(ui, &response, cx, &self.rows, page));
        let mut area = egui::ScrollArea::vertical()
            .id_salt("text")
            .auto_shrink(false)
            .stick_to_bottom(cx.selection.tokens.is_empty());
        let middle = |row: usize| {
            let middle = 0.5 * (room.height() - cell.y);
            (row as f32 * cell.y - middle).max(0.0)
        };
        let another = std::mem::replace(&mut self.model, cx.snapshot.model_number);
        // Another text, or another width of the view, moves all rows.
        let moved = laid.from == 0 && laid.edited.is_none();
        self.brings |= self.caret.moved_elsewhere(cx) | (another != self.model) | moved;
        if let Some(token) = cx.query().filter(|_| self.brings)
            && let Some((row, _)) = self.rows.place(&cx.snapshot.tokens, token)
        {
            self.brings = false;
            area = area.vertical_scroll_offset(middle(row));
        } else if let Some(row) = laid.edited.filter(|row| !self.seen.contains(row)) {
            // What is typed is seen, wherever in the text it is.
            area = area.vertical_scroll_offset(middle(row));
        }
        area.show_viewport(ui, |ui, view| {
            ui.set_height(self.rows.len() as f32 * cell.y);
            let top = ui.max_rect().top();
            let row = |y: f32| (y / cell.y).max(0.0);
            self.seen = row(view.min.y).ceil() as usize..row(view.max.y).floor() as usize;
            let shown = row(view.min.y).floor() as usize..row(view.max.y).ceil() as usize;
            let grid = Grid {
                clip: ui
                    .clip_rect()
                    .intersect(ui.max_rect().with_max_x(ui.clip_rect().right())),
                origin: pos2(ui.max_rect().left() + ROOM.1, top),
                cell,
                shown: shown.start.min(self.rows.len())..shown.end.min(self.rows.len()),
            };
            if let Some((row, _)) =
                reached.and_then(|token| self.rows.place(&cx.snapshot.tokens, token))
            {
                let rect = grid.rect(row, 0..1).expand2(vec2(0.0, cell.y));
                ui.scroll_to_rect_animation(rect, None, egui::style::ScrollAnimation::none());
            }
            self.cells(ui, cx, id, &grid, &font, &ramps);
        });
        self.ramps = Some(ramps);
    }
}

impl TextView {
    fn toolbar(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, ramps: &Ramps) {
        let shading = self.shading(cx);
        let (full, half, low) = (shading.full, shading.half(), shading.low());
        let selected = cx.tokens();
        // Not by the room that is left: the rows must not move while weights come in.
        let wide = ui.available_width() >= WIDE;
        ui.horizontal_wrapped(|ui| {
            for shade in Shade::ALL {
                ui.selectable_value(&mut self.shade, shade, shade.name())
                    .on_hover_text(shade.words());
            }
            ui.separator();
            if self.shade != Shade::Surprisal {
                if selected.len() > 1 {
                    for (mean, name, words) in [
                        (
                            false,
                            tr("Sum"),
                            tr("The weights of the selected tokens, added up"),
                        ),
                        (
                            true,
                            tr("Mean"),
                            tr("The weights of the selected tokens, averaged"),
                        ),
                    ] {
                        ui.selectable_value(&mut self.mean, mean, name)
                            .on_hover_text(words);
                    }
                }
                let combo = egui::ComboBox::from_id_salt("text scale")
                    .selected_text(scale_name(self.scale))
                    .show_ui(ui, |ui| {
                        for scale in Scale::ALL {
                            ui.selectable_value(&mut self.scale, scale, scale_name(scale));
                        }
                    })
                    .response;
                name_combo(&combo, tr("Scale of the shades"));
                combo.on_hover_text(tr("How weights are spread over the shades"));
            }
            if self.shade == Shade::Surprisal && knows_change(cx) {
                ui.toggle_value(&mut self.change, tr("Δ by edits")).on_hover_text(tr(
                    "Shade: the bits that the edits of the model add to each token's surprisal, and in another colour those that they take away",
                ));
            }
            let ends = match self.shade {
                _ if shading.is_change() => {
                    let most = format!("{full:.0}");
                    [format!("\u{2212}{most}"), trf("+{0} bits", &[&most])]
                }
                Shade::Surprisal => ["0".into(), trf("≥ {0} bits", &[&format!("{full:.1}")])],
                _ if low > 0.0 => [format!("≤ {}", weight(low)), weight(full)],
                _ => ["0".into(), weight(full)],
            };
            let words = match self.shade {
                _ if shading.is_change() => trf(
                    "From {0} bits less to {0} bits more than without the edits",
                    &[&format!("{full:.0}")],
                ),
                Shade::Surprisal => trf(
                    "From 0 to {0} bits: as many as a blind guess among all tokens would give",
                    &[&format!("{:.2}", blind(cx.snapshot))],
                ),
                _ => trf(
                    "From {0} to the largest weight, {1}; half way {2}",
                    &[&ends[0], &weight(full), &weight(half)],
                ),
            };
            legend(ui, ramps, (self.shade, shading.is_change()), &ends, &words);
            if !cx.selection.tokens.is_empty()
                && ui
                    .small_button(tr("Follow the end"))
                    .on_hover_text(tr("Select no token: the last one is the query (Esc)"))
                    .clicked()
            {
                cx.selection.clear_tokens();
            }
            if !wide {
                ui.end_row();
            }
            let words = self.words(cx);
            ui.add(egui::Label::new(quiet(words)).truncate());
        });
    }

    /// The shades of this frame.
    fn shading<'a>(&self, cx: &ViewContext<'a>) -> Shading<'a> {
        let of = (self.averages(cx), self.change && knows_change(cx));
        Shading::new(self.shade, self.scale, of, cx)
    }

    /// True if the mean over the selected tokens is shown.
    fn averages(&self, cx: &ViewContext<'_>) -> bool {
        self.mean && cx.selection.tokens.len() > 1
    }

    /// What is shown, in words.
    fn words(&self, cx: &ViewContext<'_>) -> String {
        let Some(query) = cx.query() else {
            return String::new();
        };
        if self.shade == Shade::Surprisal {
            let bits = cx.snapshot.bits_per_token;
            if self.change
                && knows_change(cx)
                && let (Some(now), Some(before)) = (bits, cx.snapshot.unedited_bits)
            {
                let change = signed(now - before, 3);
                return trf("mean {0} bits per token by the edits", &[&change]);
            }
            let bits = bits.map_or_else(|| "–".to_owned(), |bits| format!("{bits:.2}"));
            return trf("mean {0} bits per token", &[&bits]);
        }
        let selected = cx.tokens();
        let mut words = vec![heads_name(&cx.selection.heads)];
        let label = || cx.snapshot.label(query);
        words.push(match (self.shade, selected.single()) {
            (Shade::Readers, Some(_)) => trf("key {0} “{1}”", &[&thousands(query), &label()]),
            (Shade::Readers, None) => trf("{0} keys", &[&thousands(selected.len())]),
            (_, Some(_)) => trf("query {0} “{1}”", &[&thousands(query), &label()]),
            (_, None) => trf("{0} queries", &[&thousands(selected.len())]),
        });
        let shares = match gathered(cx) {
            Some(sums) if self.shade == Shade::Read && sums.queries > 0 => {
                if sums.queries < selected.len() && sums.tokens == selected {
                    words.push(trf(
                        "weights at hand of {0} of them",
                        &[&thousands(sums.queries)],
                    ));
                }
                let count = sums.queries as f32;
                let masked = cx.detail().is_some_and(|detail| detail.loses_weight);
                Some([
                    Some(sums.empty / count),
                    sums.persistent.map(|sum| sum / count),
                    masked.then_some(sums.masked / count),
                ])
            }
            _ => None,
        };
        let named = |name: fn(&String) -> String, share: Option<f32>| Some(name(&percent(share?)));
        if let Some([empty, persistent, masked]) = shares {
            let model = cx.snapshot.model.as_ref();
            let has = model.is_some_and(|m| m.network.architecture().has_empty_context());
            let empty = empty.filter(|_| has);
            words.extend(named(|s| trf("empty context {0}", &[s]), empty));
            words.extend(named(|s| trf("persistent vectors {0}", &[s]), persistent));
            words.extend(named(|s| trf("masked, not renormalised {0}", &[s]), masked));
        }
        words.push(trf("reach {0} tokens", &[&thousands(cx.reach())]));
        words.join(" · ")
    }

    fn cells(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        id: egui::Id,
        grid: &Grid,
        font: &FontId,
        ramps: &Ramps,
    ) {
        let response = ui.interact(grid.clip, id, Sense::click_and_drag());
        let tokens = &cx.snapshot.tokens;
        let at = response.hover_pos().or(response.interact_pointer_pos());
        let piece = at.and_then(|at| grid.piece_at(&self.rows, at));
        let under = piece.map(|piece| (piece, tokens.token_of(piece)));
        self.caret.drag(ui, &response, cx, &self.rows, grid);
        if response.clicked() {
            response.request_focus();
            match under {
                Some((_, Some(token))) => self.caret.click(ui, cx, token),
                // What the model does not see cannot be selected: the click lets go.
                Some((_, None)) => cx.selection.clear_tokens(),
                None => {}
            }
        }
        let name = trf(
            "Text, {0} tokens; click one to select it",
            &[&thousands(tokens.ids.len())],
        );
        let value = cx.query().map(|query| {
            let label = cx.snapshot.label(query);
            trf("query {0} “{1}”", &[&thousands(query), &label])
        });
        response.widget_info(|| {
            let mut info = egui::WidgetInfo::labeled(egui::Role::Canvas, true, &name);
            info.current_text_value = value.clone();
            info
        });

        let shading = self.shading(cx);
        let painter = ui.painter().with_clip_rect(grid.clip);
        let both = [ramps.ramp(self.shade), ramps.ramp(FALL)];
        paint::shades(&painter, cx, &self.rows, grid, &shading, both);
        self.written.paint(ui, &painter, cx, &self.rows, grid, font);
        paint::marks(ui, &painter, cx, &self.rows, grid);
        if self.shade == Shade::Read {
            paint::span(&painter, cx, &self.rows, grid);
        }
        if !self.caret.is_dragging() {
            arcs::paint(ui, &painter, cx, &self.rows, grid);
        }
        self.typing.paint(ui, &response, cx, &self.rows, grid);
        if response.has_focus() {
            let ring = Stroke::new(1.5, cx.palette.accent);
            painter.rect_stroke(grid.clip.shrink(0.5), 3.0, ring, StrokeKind::Inside);
        }
        let Some((piece, token)) = under.filter(|_| response.contains_pointer()) else {
            return;
        };
        cx.hovering.token = token.or(cx.hovering.token);
        if !self.caret.is_dragging() {
            let shade = self.shade;
            response
                .on_hover_ui_at_pointer(|ui| tip::show(ui, cx, (piece, token), shade, &shading));
        }
    }
}

/// The shade whose colours stand for a surprisal that falls.
const FALL: Shade = Shade::Read;

/// True if it is known what the edits of the model do to each token's surprisal.
fn knows_change(cx: &ViewContext<'_>) -> bool {
    (1..cx.snapshot.done.min(3)).any(|token| cx.snapshot.surprisal_change(token).is_some())
}

/// The colours of the shades between their least and their largest value.
fn legend(
    ui: &mut Ui,
    ramps: &Ramps,
    (shade, both): (Shade, bool),
    ends: &[String; 2],
    words: &str,
) {
    let ramp = ramps.ramp(shade);
    let ink = ui.visuals().weak_text_color();
    let lay = |text: &String| {
        let font = FontId::proportional(QUIET);
        ui.painter().layout_no_wrap(text.clone(), font, ink)
    };
    let [low, high] = [lay(&ends[0]), lay(&ends[1])];
    // One piece: where the row ends it goes to the next as a whole.
    let (bar, gap) = (vec2(72.0, 10.0), 5.0);
    let height = ui.spacing().interact_size.y;
    let size = vec2(low.size().x + high.size().x + bar.x + 2.0 * gap, height);
    let (all, response) = ui.allocate_exact_size(size, Sense::hover());
    let left = all.left() + low.size().x + gap;
    let rect = Rect::from_min_size(pos2(left, all.center().y - bar.y / 2.0), bar);
    let mut mesh = egui::Mesh::default();
    let step = rect.width() / 36.0;
    for i in 0..36_u8 {
        let left = rect.left() + f32::from(i) * step;
        let part = Rect::from_min_max(pos2(left, rect.top()), pos2(left + step, rect.bottom()));
        let color = match (both, i < 18) {
            (false, _) => ramp.color(i * 7 + 3),
            // From the strongest fall over nothing to the strongest rise.
            (true, true) => ramps.ramp(FALL).color((17 - i) * 15),
            (true, false) => ramp.color((i - 18) * 15),
        };
        mesh.add_colored_rect(part, color);
    }
    let painter = ui.painter();
    painter.add(egui::Shape::mesh(mesh));
    let line = Stroke::new(1.0, grid_color(ui));
    painter.rect_stroke(rect, 0.0, line, StrokeKind::Outside);
    let top = |galley: &egui::Galley| all.center().y - galley.size().y / 2.0;
    let (at_low, at_high) = (top(&low), top(&high));
    painter.galley(pos2(all.left(), at_low), low, ink);
    painter.galley(pos2(rect.right() + gap, at_high), high, ink);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words));
    response.on_hover_text(words);
}
