//! Selecting tokens with the keyboard and by dragging.

use super::grid::{Grid, token_near};
use super::layout::Rows;
use crate::analysis::TokenSet;
use crate::ui::commands::command::Command;
use crate::ui::views::context::ViewContext;
use eframe::egui::{self, EventFilter, Key, Modifiers, Pos2, Response, Ui, vec2};

/// The start of a selection made in this view, and the place to which it is being moved.
#[derive(Debug, Default)]
pub(super) struct Caret {
    anchor: usize,
    at: usize,
    /// The selection as this view left it.
    left: TokenSet,
    /// True if a range is being dragged.
    dragging: bool,
}

/// Keys that move the selection.
const KEYS: [Key; 8] = [
    Key::ArrowLeft,
    Key::ArrowRight,
    Key::ArrowUp,
    Key::ArrowDown,
    Key::Home,
    Key::End,
    Key::PageUp,
    Key::PageDown,
];

/// Points per frame that the view scrolls while a range is dragged beyond its edge, at most.
const SCROLL: f32 = 24.0;

impl Caret {
    /// True if the tokens were selected elsewhere since this view last looked; it takes notice.
    pub fn moved_elsewhere(&mut self, cx: &ViewContext<'_>) -> bool {
        if self.left == cx.selection.tokens {
            return false;
        }
        self.left = cx.selection.tokens.clone();
        self.anchor = self.left.first().unwrap_or(0);
        self.at = self.left.last().unwrap_or(0);
        true
    }

    /// The selection was changed in this view: `at` is the token that was clicked or reached.
    pub fn leave(&mut self, cx: &ViewContext<'_>, at: usize) {
        self.left = cx.selection.tokens.clone();
        self.at = at;
    }

    /// True if a range is being dragged.
    pub fn is_dragging(&self) -> bool {
        self.dragging
    }

    /// A click on a token, with the keys that are held.
    pub fn click(&mut self, ui: &Ui, cx: &mut ViewContext<'_>, token: usize) {
        if !ui.input(|input| input.modifiers.shift) {
            self.anchor = token;
        }
        cx.click_token(ui, token);
        self.leave(cx, token);
    }

    /// Selects what the pointer is dragged over, and scrolls where it leaves the view.
    pub fn drag(
        &mut self,
        ui: &Ui,
        response: &Response,
        cx: &mut ViewContext<'_>,
        rows: &Rows,
        grid: &Grid,
    ) {
        let tokens = &cx.snapshot.tokens;
        let near = |at: Pos2| token_near(tokens, grid.nearest(rows, at)?);
        if response.drag_started_by(egui::PointerButton::Primary) {
            response.request_focus();
            let origin = ui.input(|input| input.pointer.press_origin());
            if let Some(token) = origin.and_then(near) {
                self.dragging = true;
                // With Shift a range goes on from where it began.
                if !ui.input(|input| input.modifiers.shift) {
                    self.anchor = token;
                }
            }
        }
        if self.dragging
            && response.dragged()
            && let Some(at) = response.interact_pointer_pos()
        {
            if let Some(token) = near(at) {
                cx.selection.drag_tokens(self.anchor, token);
                self.leave(cx, token);
            }
            let beyond = (at.y - grid.clip.bottom()).max(0.0) - (grid.clip.top() - at.y).max(0.0);
            if beyond != 0.0 {
                let step = vec2(0.0, -beyond.clamp(-SCROLL, SCROLL));
                ui.scroll_with_delta_animation(step, egui::style::ScrollAnimation::none());
                ui.ctx().request_repaint();
            }
        }
        if !response.dragged() {
            self.dragging = false;
        }
    }

    /// Takes the keys while the view has the focus; returns the token to bring into view. A page is so many rows; where letters are
    /// typed, they are no commands.
    pub fn keys(
        &mut self,
        ui: &Ui,
        response: &Response,
        cx: &mut ViewContext<'_>,
        rows: &Rows,
        (page, is_typed_in): (usize, bool),
    ) -> Option<usize> {
        if !response.has_focus() {
            return None;
        }
        ui.memory_mut(|memory| {
            memory.set_focus_lock_filter(
                response.id,
                EventFilter {
                    horizontal_arrows: true,
                    vertical_arrows: true,
                    ..EventFilter::default()
                },
            );
        });
        // The keys that move between layers do so here as well, where nothing can be typed: the arrows are taken.
        for (key, layers) in [(Key::OpenBracket, -1), (Key::CloseBracket, 1)] {
            if !is_typed_in && ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
                cx.commands.push(Command::Move { layers, heads: 0 });
            }
        }
        let last = cx.snapshot.done.checked_sub(1)?;
        let mut reached = None;
        for (key, extend) in pressed(ui) {
            let from = if cx.selection.tokens.is_empty() {
                self.anchor = last;
                last
            } else {
                self.at.min(last)
            };
            let to = target(key, from, last, cx, rows, page);
            if !extend {
                self.anchor = to;
            }
            cx.selection.drag_tokens(self.anchor, to);
            self.leave(cx, to);
            reached = Some(to);
        }
        reached
    }
}

/// The keys pressed in this frame in their order, each with whether Shift was held.
fn pressed(ui: &Ui) -> Vec<(Key, bool)> {
    ui.input_mut(|input| {
        let mut keys = Vec::new();
        input.events.retain(|event| match event {
            egui::Event::Key {
                key,
                pressed: true,
                modifiers,
                ..
            } if KEYS.contains(key) && !modifiers.alt => {
                keys.push((*key, modifiers.shift));
                false
            }
            _ => true,
        });
        keys
    })
}

/// The token that a key leads to from the one at `from`.
fn target(
    key: Key,
    from: usize,
    last: usize,
    cx: &ViewContext<'_>,
    rows: &Rows,
    page: usize,
) -> usize {
    let to = match key {
        Key::ArrowLeft => from.saturating_sub(1),
        Key::ArrowRight => from + 1,
        Key::Home => 0,
        Key::End => last,
        Key::ArrowUp => vertical(cx, rows, from, -1),
        Key::ArrowDown => vertical(cx, rows, from, 1),
        Key::PageUp => vertical(cx, rows, from, -(page as isize)),
        _ => vertical(cx, rows, from, page as isize),
    };
    to.min(last)
}

/// The token that stands `by` rows below the one at `from`, as nearly as can be.
fn vertical(cx: &ViewContext<'_>, rows: &Rows, from: usize, by: isize) -> usize {
    let tokens = &cx.snapshot.tokens;
    let Some((row, cell)) = rows.place(tokens, from) else {
        return from;
    };
    let to = row.saturating_add_signed(by).min(rows.len() - 1);
    if to == row {
        return from;
    }
    let cells = rows.row(to);
    let i = cells.partition_point(|other| other.column <= cell.column);
    token_near(tokens, rows.start(to) + i.saturating_sub(1)).unwrap_or(from)
}
