//! The text: read and typed in one place, token by token, shaded by what the selected tokens read, by who reads them, or by
//! surprisal.

mod arcs;
mod change;
mod grid;
mod keys;
mod layout;
mod marks;
mod notice;
mod paint;
mod rows;
mod shade;
mod shown;
mod tip;
mod toolbar;
mod typing;

use super::context::ViewContext;
use super::pane::{Home, Needs, ViewInfo};
use super::view::View;
use crate::chart::{Scale, thousands};
use crate::engine::Snapshot;
use crate::engine::figures::{FigureChoice, FigureKind};
use crate::ui::document::draft::{TextCaret, line_at, word_at};
use crate::ui::language::{tr, trf};
use crate::ui::theme::strong;
use eframe::egui::{self, FontId, Pos2, Sense, Stroke, StrokeKind, Ui, pos2, vec2};
use grid::Grid;
use keys::Selecting;
use layout::{Laid, Rows};
use paint::Written;
use serde::{Deserialize, Serialize};
use shade::{Ramps, Shade};
use shown::Shown;
use std::ops::Range;
use std::sync::Arc;
use toolbar::FALL;
use typing::{Action, Composed, change, place_of};

/// The id of the place where the text is read and typed.
pub fn id() -> egui::Id {
    egui::Id::unique("text to run the model on")
}

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
    shown: Arc<Shown>,
    #[serde(skip)]
    rows: Rows,
    #[serde(skip)]
    written: Written,
    #[serde(skip)]
    selecting: Selecting,
    #[serde(skip)]
    composed: Composed,
    /// True while the pointer rests where it was when a key was pressed: what it points at is not said meanwhile.
    #[serde(skip)]
    rests: bool,
    /// True if the token before the caret is to be selected, once what was typed is cut into tokens.
    #[serde(skip)]
    typed: bool,
    /// The number of times that something else than a key had set the caret when this view last looked.
    #[serde(skip)]
    placed: Option<u64>,
    #[serde(skip)]
    ramps: Option<Ramps>,
    /// The model whose query was brought into view.
    #[serde(skip)]
    model: u64,
    /// True while the query is still to be brought into view: its row may not be laid out yet.
    #[serde(skip)]
    brings: bool,
    /// True while the model goes no further into the text, which it has not read whole.
    #[serde(skip)]
    halts: bool,
}

impl Default for TextView {
    fn default() -> Self {
        Self {
            shade: Shade::default(),
            mean: false,
            change: true,
            // Small weights are told apart better.
            scale: Scale::Sqrt,
            shown: Arc::default(),
            rows: Rows::default(),
            written: Written::default(),
            selecting: Selecting::default(),
            composed: Composed::default(),
            rests: false,
            typed: false,
            placed: None,
            ramps: None,
            model: 0,
            brings: false,
            halts: false,
        }
    }
}

/// Room for the scroll bar at the right, and around the cells for the ring that shows the focus, in points.
const ROOM: (f32, f32) = (14.0, 3.0);

impl View for TextView {
    const INFO: ViewInfo = ViewInfo {
        name: "text",
        title: || tr("Text"),
        figures: &[FigureKind::Text, FigureKind::Surprisal],
        key: Some(4),
        home: Home::Below,
        needs: Needs::Nothing,
    };

    fn choose(&self, kind: FigureKind, _snapshot: &Snapshot, choice: &mut FigureChoice) {
        if kind == FigureKind::Text {
            choice.shade = self.shade;
            choice.shade_mean = self.mean;
            choice.shade_scale = self.scale;
        }
    }

    fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let ramps = Ramps::of(self.ramps.take(), ui, &cx.palette);
        if cx.snapshot.model.is_some() || cx.snapshot.opening {
            self.toolbar(ui, cx, &ramps);
        } else {
            // There is nothing to shade it by.
            ui.label(strong(tr("Text")));
        }
        notice::show(ui, cx);
        let font = egui::TextStyle::Monospace.resolve(ui.style());
        let advance = ui.ctx().fonts_mut(|fonts| fonts.glyph_width(&font, 'm'));
        let cell = vec2(advance.max(1.0), (font.size * 1.45).round());
        let room = ui.available_rect_before_wrap();
        let columns = ((room.width() - ROOM.0 - ROOM.1) / cell.x).max(8.0) as usize;
        let page = ((room.height() / cell.y) as usize).max(2) - 1;

        let laid = self.lay_out(ui, cx, columns);
        // The keys are taken before the cells are drawn, so that what they do is in view at once.
        let follows = self.keys(ui, cx, (columns, page));
        let another = std::mem::replace(&mut self.model, cx.snapshot.model_number) != self.model;
        let elsewhere = self.selecting.moved_elsewhere(cx, &self.shown);
        let unread = cx.snapshot.done < cx.snapshot.tokens.ids.len();
        let halts = unread && !cx.snapshot.busy;
        let halted = !std::mem::replace(&mut self.halts, halts) && halts;
        // Another text, or another width of the view, moves all rows.
        let moved = laid.from == 0 && laid.edited.is_none();
        self.brings =
            (self.brings || elsewhere || another || moved || halted) && !follows && !self.typed;

        let mut area = egui::ScrollArea::vertical()
            .id_salt("text")
            .auto_shrink(false)
            .stick_to_bottom(cx.selection.tokens.is_empty() && !halts);
        // The selected token itself, also where the model has not read so far yet.
        let wanted = cx.selection.tokens.last().or_else(|| cx.query());
        if let Some(token) = wanted.filter(|_| self.brings)
            && let Some((row, _)) = self.rows.place(&self.shown, token)
        {
            self.brings = false;
            let middle = 0.5 * (room.height() - cell.y);
            area = area.vertical_scroll_offset((row as f32 * cell.y - middle).max(0.0));
        }
        area.show_viewport(ui, |ui, view| {
            // After the end of a last line there is one more row, for the caret.
            let ends = self.shown.bytes().ends_with(b"\n");
            let height = (self.rows.len() + usize::from(ends)) as f32 * cell.y;
            ui.set_height(height.max(view.height()));
            let row = |y: f32| (y / cell.y).max(0.0);
            let shown = row(view.min.y).floor() as usize..row(view.max.y).ceil() as usize;
            let grid = Grid {
                clip: ui
                    .clip_rect()
                    .intersect(ui.max_rect().with_max_x(ui.clip_rect().right())),
                origin: pos2(ui.max_rect().left() + ROOM.1, ui.max_rect().top()),
                cell,
                shown: shown.start.min(self.rows.len())..shown.end.min(self.rows.len()),
            };
            if follows {
                let rect = egui::Rect::from_min_size(self.caret(cx, &grid), cell);
                let rect = rect.expand2(vec2(0.0, 0.5 * cell.y));
                ui.scroll_to_rect_animation(rect, None, egui::style::ScrollAnimation::none());
            }
            self.cells(ui, cx, &grid, &font, &ramps);
        });
        self.ramps = Some(ramps);
    }
}

impl TextView {
    /// Takes what is new of the text, and lays it out.
    fn lay_out(&mut self, ui: &Ui, cx: &ViewContext<'_>, columns: usize) -> Laid {
        self.shown = Shown::update(&self.shown, cx.snapshot, cx.draft.text());
        let laid = self
            .rows
            .update(&self.shown, cx.snapshot.model_number, columns);
        self.written.forget(laid.from);
        if laid.more {
            ui.ctx().request_repaint();
        }
        laid
    }

    /// What the keys do; true if the caret is to be in view.
    fn keys(&mut self, ui: &Ui, cx: &mut ViewContext<'_>, (columns, page): (usize, usize)) -> bool {
        let mut follows = false;
        if let Some(response) = ui.ctx().read_response(id()) {
            // Where it was pressed the text stays, however little of its line is in view: a drag begins there.
            let pressed = ui.input(|i| i.pointer.any_down() || i.pointer.any_released());
            follows = response.gained_focus() && !pressed;
            if response.has_focus() && !cx.draft.is_open {
                self.layers(ui, cx);
            }
            for action in self.composed.actions(ui, &response, cx.draft.is_open) {
                follows |= action != Action::Copy;
                self.rests = true;
                match action {
                    Action::Move(step, extend) => {
                        let text = (&self.rows, &*self.shown);
                        self.selecting.step(cx, text, (step, extend), page);
                        self.typed = false;
                    }
                    Action::All => self.selecting.take(cx, &self.shown, 0..self.shown.end()),
                    action => {
                        let changes = cx.draft.changes.len();
                        change(ui, cx.draft, &action);
                        if cx.draft.changes.len() > changes {
                            self.typed = true;
                            self.selecting.forget_column();
                            self.lay_out(ui, cx, columns);
                        }
                    }
                }
            }
        }
        let placed = self.placed.replace(cx.draft.placed);
        if placed.is_some_and(|placed| placed != cx.draft.placed) {
            self.typed = true;
            follows = true;
        }
        if self.typed && self.shown.is_cut() {
            self.typed = false;
            self.selecting.select(cx, &self.shown, true);
        }
        follows
    }

    /// The keys that move between layers do so where nothing can be typed: the arrows are taken.
    fn layers(&self, ui: &Ui, cx: &mut ViewContext<'_>) {
        use egui::{Key, Modifiers};
        for (key, layers) in [(Key::OpenBracket, -1), (Key::CloseBracket, 1)] {
            if ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
                let command = crate::ui::commands::command::Command::Move { layers, heads: 0 };
                cx.commands.push(command);
            }
        }
    }

    /// The upper end of the caret.
    fn caret(&self, cx: &ViewContext<'_>, grid: &Grid) -> Pos2 {
        let (row, column) = place_of(&self.rows, &self.shown, cx.draft.caret.at);
        pos2(grid.origin.x + column * grid.cell.x, grid.top(row))
    }

    fn cells(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        grid: &Grid,
        font: &FontId,
        ramps: &Ramps,
    ) {
        let response = ui.interact(grid.clip, id(), Sense::click_and_drag());
        let shown = Arc::clone(&self.shown);
        let text = (&self.rows, &*shown);
        let at = response.hover_pos().or(response.interact_pointer_pos());
        let part = at.and_then(|at| grid.part_at(&self.rows, at));
        self.selecting.drag(ui, &response, cx, text, grid);
        let byte = at.and_then(|at| grid.byte_at(&self.rows, &shown, at));
        let byte = byte.unwrap_or(shown.end());
        if response.clicked() {
            response.request_focus();
            let bytes = shown.bytes();
            let place = part.map_or(byte, |part| shown.range(part).start);
            if response.triple_clicked() {
                self.selecting.take(cx, &shown, line_at(bytes, byte));
            } else if response.double_clicked() {
                self.selecting.take(cx, &shown, word_at(bytes, place));
            } else {
                self.selecting.click(ui, cx, &shown, (part, byte));
            }
            self.typed = false;
        }
        self.describe(cx, &response);

        let shading = self.shading(cx);
        let painter = ui.painter().with_clip_rect(grid.clip);
        let both = [ramps.ramp(self.shade), ramps.ramp(FALL)];
        paint::shades(&painter, text, grid, &shading, both);
        let fill = ui.visuals().selection.bg_fill.gamma_multiply(0.6);
        if let Some(range) = exact(cx.draft.caret, cx, &shown) {
            marks::selected(&painter, &range, text, grid, fill);
        }
        self.written.paint(ui, &painter, cx, text, grid, font);
        if shown.bytes().is_empty() {
            let ink = ui.visuals().weak_text_color();
            painter.text(
                grid.origin,
                egui::Align2::LEFT_TOP,
                hint(cx),
                font.clone(),
                ink,
            );
        }
        marks::marks(ui, &painter, cx, text, grid);
        if self.shade == Shade::Read {
            marks::span(&painter, cx, text, grid);
        }
        if !self.selecting.is_dragging() {
            arcs::paint(ui, &painter, cx, text, grid);
        }
        if response.has_focus() {
            if cx.draft.is_open {
                let caret = self.caret(cx, grid);
                self.composed.paint(ui, caret, grid, &cx.palette);
            }
            let ring = Stroke::new(1.5, cx.palette.accent);
            painter.rect_stroke(grid.clip.shrink(0.5), 3.0, ring, StrokeKind::Inside);
        }
        let response = match cx.draft.is_open {
            true => response.on_hover_cursor(egui::CursorIcon::Text),
            false => response,
        };
        self.rests &= ui.input(|input| {
            input.pointer.delta() == egui::Vec2::ZERO && !input.pointer.any_pressed()
        });
        let points = response.contains_pointer() && !self.rests;
        let Some(part) = part.filter(|_| points) else {
            return;
        };
        cx.hovering.token = shown.token(part).or(cx.hovering.token);
        let says = matches!(
            shown.kind(part),
            shown::Kind::Token(_) | shown::Kind::Unknown
        );
        if says && !self.selecting.is_dragging() {
            let shade = self.shade;
            response
                .on_hover_ui_at_pointer(|ui| tip::show(ui, cx, (&shown, part), shade, &shading));
        }
    }

    /// Names the text for screen readers.
    fn describe(&self, cx: &ViewContext<'_>, response: &egui::Response) {
        response.widget_info(|| {
            let count = thousands(cx.snapshot.tokens.ids.len());
            let mut name = match notice::is_recorded(cx) {
                false => trf(
                    "Text to run the model on, {0} tokens; click one to select it",
                    &[&count],
                ),
                true => trf(
                    "Text of the recorded run, {0} tokens; click one to select it",
                    &[&count],
                ),
            };
            if let Some(query) = cx.query() {
                let label = cx.snapshot.label(query);
                name += " · ";
                name += &trf("query {0} “{1}”", &[&thousands(query), &label]);
            }
            let is_open = cx.draft.is_open;
            let mut info = egui::WidgetInfo::labeled(egui::Role::MultilineTextInput, is_open, name);
            info.current_text_value = is_open.then(|| cx.draft.text().to_string());
            info
        });
    }
}

/// The range of a caret where it is not just that of the selected tokens.
fn exact(caret: TextCaret, cx: &ViewContext<'_>, shown: &Shown) -> Option<Range<usize>> {
    let range = caret.range();
    let tokens = &cx.selection.tokens;
    let edge = |token: Option<usize>| token.and_then(|token| shown.range_of(token));
    let same = edge(tokens.first()).is_some_and(|first| first.start == range.start)
        && edge(tokens.last()).is_some_and(|last| last.end == range.end);
    (!range.is_empty() && !same).then_some(range)
}

/// What stands where there is no text yet.
fn hint(cx: &ViewContext<'_>) -> &'static str {
    let model = cx.snapshot.model.as_ref();
    match model.is_some_and(|model| model.vocabulary.is_none()) {
        true => tr("This model's vocabulary is not known: type token ids, such as 12 0 7"),
        false => tr("Type or paste a text: every view follows"),
    }
}
