//! Moving the caret by keys and pointer, and the tokens that are selected with it.

use super::grid::{Grid, byte_in};
use super::layout::Rows;
use super::shown::{Kind, Shown};
use super::typing::{Step, place_of};
use crate::analysis::TokenSet;
use crate::ui::document::draft::{self, TextCaret};
use crate::ui::views::context::ViewContext;
use eframe::egui::{self, Response, Ui, vec2};

/// What the view keeps of the selection and its caret.
#[derive(Debug, Default)]
pub(super) struct Selecting {
    /// The selection as this view left it.
    left: TokenSet,
    /// True if a range is being dragged.
    dragging: bool,
    /// The column to which the caret goes on in rows that are long enough.
    column: Option<f32>,
}

/// Points per frame that the view scrolls while a range is dragged beyond its edge, at most.
const SCROLL: f32 = 24.0;

impl Selecting {
    /// True if the tokens were selected elsewhere since this view last looked; it takes notice, and the caret goes there.
    pub fn moved_elsewhere(&mut self, cx: &mut ViewContext<'_>, shown: &Shown) -> bool {
        if self.left == cx.selection.tokens {
            return false;
        }
        self.left = cx.selection.tokens.clone();
        self.column = None;
        let tokens = &self.left;
        let last = tokens.last().and_then(|last| shown.range_of(last));
        match last {
            // Of a token that the caret is in, it stays there.
            Some(_) if tokens_of(cx.draft.caret, shown) == *tokens => {}
            Some(last) => {
                let first = match tokens.ranges() {
                    [range] if range.len() > 1 => shown.range_of(range.start),
                    _ => None,
                };
                cx.draft.caret = TextCaret {
                    at: last.end,
                    anchor: first.map_or(last.end, |first| first.start),
                };
            }
            None => cx.draft.caret.anchor = cx.draft.caret.at,
        }
        true
    }

    /// Selects the tokens of the caret's range, or the one before the caret; at the end of what was typed, none: it is followed.
    pub fn select(&mut self, cx: &mut ViewContext<'_>, shown: &Shown, follows_end: bool) {
        let caret = cx.draft.caret;
        let tokens = tokens_of(caret, shown);
        let at_end = caret.at == caret.anchor && (caret.at == 0 || caret.at >= shown.end());
        match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) if !(follows_end && at_end) => {
                cx.selection.drag_tokens(first, last);
            }
            _ => cx.selection.clear_tokens(),
        }
        self.left = cx.selection.tokens.clone();
    }

    /// True if a range is being dragged.
    pub fn is_dragging(&self) -> bool {
        self.dragging
    }

    /// The caret is where the keys and the pointer did not put it.
    pub fn forget_column(&mut self) {
        self.column = None;
    }

    /// A step of the caret; with `extend` the range from where it was. A page is so many rows.
    pub fn step(
        &mut self,
        cx: &mut ViewContext<'_>,
        (rows, shown): (&Rows, &Shown),
        (step, extend): (Step, bool),
        page: usize,
    ) {
        let caret = cx.draft.caret;
        let at = caret.at.min(shown.end());
        let range = caret.range();
        let column = self.column.take();
        let to = match step {
            // Without Shift a range is let go at its end.
            Step::Left if !extend && !range.is_empty() => range.start,
            Step::Right if !extend && !range.is_empty() => range.end,
            Step::Left => left(shown, at),
            Step::Right => right(shown, at),
            Step::WordLeft if shown.is_by_letter() => draft::word_before(shown.bytes(), at),
            Step::WordRight if shown.is_by_letter() => draft::word_after(shown.bytes(), at),
            Step::WordLeft => token_left(shown, at),
            Step::WordRight => token_right(shown, at),
            Step::Start => 0,
            Step::End => shown.end(),
            Step::RowStart => byte_in(rows, shown, place_of(rows, shown, at).0, 0.0),
            Step::RowEnd => byte_in(rows, shown, place_of(rows, shown, at).0, f32::INFINITY),
            Step::Up | Step::Down | Step::PageUp | Step::PageDown => {
                let by = match step {
                    Step::Up => -1,
                    Step::Down => 1,
                    Step::PageUp => -(page as isize),
                    _ => page as isize,
                };
                let (row, now) = place_of(rows, shown, at);
                let column = column.unwrap_or(now);
                self.column = Some(column);
                let to = row.saturating_add_signed(by);
                if row == 0 && by < 0 {
                    0
                } else if to >= rows.len() {
                    shown.end()
                } else {
                    byte_in(rows, shown, to, column)
                }
            }
        };
        cx.draft.caret = TextCaret {
            at: to,
            anchor: if extend { caret.anchor } else { to },
        };
        self.select(cx, shown, false);
    }

    /// What a click on a part does, with the keys that are held; `at` is the place between two characters that is nearest.
    pub fn click(
        &mut self,
        ui: &Ui,
        cx: &mut ViewContext<'_>,
        shown: &Shown,
        (part, at): (Option<usize>, usize),
    ) {
        self.column = None;
        let (shift, add) = ui.input(|input| (input.modifiers.shift, input.modifiers.command));
        let token = part.and_then(|part| shown.token(part));
        match token {
            Some(token) if shift || add => {
                cx.click_token(ui, token);
                let range = match cx.selection.tokens.ranges() {
                    [range] if shift => Some(range.clone()),
                    _ => None,
                };
                let place = |token: usize| shown.range_of(token).unwrap_or(at..at);
                let range = range.map(|range| place(range.start).start..place(range.end - 1).end);
                cx.draft.caret = match range {
                    Some(range) => TextCaret {
                        at: range.end,
                        anchor: range.start,
                    },
                    None => TextCaret::one(at),
                };
            }
            Some(token) => {
                // A second click at the same place lets go; at another, it moves the caret within the token.
                let again = cx.selection.tokens.single() == Some(token);
                if !again || cx.draft.caret == TextCaret::one(at) {
                    cx.click_token(ui, token);
                }
                cx.draft.caret = TextCaret::one(at);
            }
            None => {
                cx.draft.caret = TextCaret {
                    at,
                    anchor: if shift { cx.draft.caret.anchor } else { at },
                };
                let is_unseen = part.is_some_and(|part| shown.kind(part) != Kind::Gap);
                if is_unseen && !shift {
                    // What the model does not see cannot be selected: the click lets go.
                    cx.selection.clear_tokens();
                } else {
                    return self.select(cx, shown, true);
                }
            }
        }
        self.left = cx.selection.tokens.clone();
    }

    /// Selects a range of the text, as after a double click.
    pub fn take(&mut self, cx: &mut ViewContext<'_>, shown: &Shown, range: std::ops::Range<usize>) {
        cx.draft.caret = TextCaret {
            at: range.end,
            anchor: range.start,
        };
        self.select(cx, shown, false);
    }

    /// Selects what the pointer is dragged over, and scrolls where it leaves the view.
    pub fn drag(
        &mut self,
        ui: &Ui,
        response: &Response,
        cx: &mut ViewContext<'_>,
        (rows, shown): (&Rows, &Shown),
        grid: &Grid,
    ) {
        if response.drag_started_by(egui::PointerButton::Primary) {
            response.request_focus();
            let origin = ui.input(|input| input.pointer.press_origin());
            if let Some(at) = origin.and_then(|at| grid.byte_at(rows, shown, at)) {
                self.dragging = true;
                self.column = None;
                // With Shift a range goes on from where it began.
                if !ui.input(|input| input.modifiers.shift) {
                    cx.draft.caret = TextCaret::one(at);
                }
            }
        }
        if self.dragging
            && response.dragged()
            && let Some(at) = response.interact_pointer_pos()
        {
            if let Some(to) = grid.byte_at(rows, shown, at) {
                cx.draft.caret.at = to;
                self.select(cx, shown, false);
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
}

/// The tokens that a caret's range touches; without a range the one before it.
fn tokens_of(caret: TextCaret, shown: &Shown) -> TokenSet {
    let range = caret.range();
    let tokens = match range.is_empty() {
        true => shown.token_before(caret.at).map(|token| token..token + 1),
        false => shown.tokens_in(&range),
    };
    tokens.map(TokenSet::from).unwrap_or_default()
}

/// The next place between two characters, or between two tokens of one character.
fn right(shown: &Shown, at: usize) -> usize {
    let end = draft::after(shown.bytes(), at);
    match shown.part_at(at).map(|part| shown.range(part)) {
        Some(part) if part.end > at => end.min(part.end),
        _ => end,
    }
    .min(shown.end())
}

/// The place before, between two characters, or between two tokens of one character.
fn left(shown: &Shown, at: usize) -> usize {
    let Some(last) = at.checked_sub(1) else {
        return 0;
    };
    let start = draft::before(shown.bytes(), at);
    let part = shown
        .part_at(last)
        .map_or(0, |part| shown.range(part).start);
    start.max(part.min(last))
}

/// The end of the token after `at`.
fn token_right(shown: &Shown, at: usize) -> usize {
    let first = shown.part_at(at).unwrap_or(0);
    let parts = (first..shown.len()).filter(|part| shown.kind(*part) != Kind::Gap);
    let mut ends = parts.map(|part| shown.range(part).end);
    ends.find(|end| *end > at).unwrap_or(shown.end())
}

/// The end of the token before the one that ends at `at`.
fn token_left(shown: &Shown, at: usize) -> usize {
    let last = at.checked_sub(1).and_then(|last| shown.part_at(last));
    let parts = (0..=last.unwrap_or(0))
        .rev()
        .filter(|part| shown.kind(*part) != Kind::Gap);
    let mut ends = parts.map(|part| shown.range(part).end);
    ends.find(|end| *end < at).unwrap_or(0)
}
