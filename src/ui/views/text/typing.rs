//! Typing in the shaded text: what is typed goes in after the selected token, or at the end.
//!
//! Changes are commands for the text at hand, which the snapshot shows a moment later. So the view keeps what it has made of the
//! text until the snapshot has it, and then selects the token before the caret.

use super::grid::Grid;
use super::layout::Rows;
use crate::analysis::TokenSet;
use crate::engine::Tokens;
use crate::text::{character_at, to_bytes, to_text};
use crate::ui::commands::command::Command;
use crate::ui::views::context::ViewContext;
use eframe::egui::output::IMEOutput;
use eframe::egui::{self, Event, ImeEvent, Key, Modifiers, Pos2, Rect, Response, Stroke, Ui, vec2};
use std::ops::Range;
use std::sync::Arc;

/// Longest text that is typed in, in bytes: as in the text field.
const EDITABLE: usize = 100_000;

/// The caret, and what was typed and is not shown yet.
#[derive(Debug, Default)]
pub(super) struct Typing {
    /// The byte before which the next letter goes, and the selection that this holds for; without one, after the selection.
    at: Option<(usize, TokenSet)>,
    /// The text with what was typed, until the snapshot has it.
    ahead: Option<Vec<u8>>,
    /// The frame in which it was typed: its commands are carried out when that has ended.
    frame: u64,
    /// The text whose token before the caret was selected.
    seen: Option<Arc<Tokens>>,
    /// What an input method composes.
    composed: String,
}

/// A change of the text by a key.
enum Change {
    Put(String),
    Back,
    Delete,
    Copy,
    Cut,
}

impl Typing {
    /// True if the text can be changed here.
    pub fn is_open(cx: &ViewContext<'_>) -> bool {
        let len = cx.snapshot.tokens.bytes().len();
        let insert = Command::Type {
            range: 0..0,
            text: String::new(),
        };
        len <= EDITABLE && cx.refusal(&insert).is_none()
    }

    /// The byte before which the caret stands.
    fn place(&self, cx: &ViewContext<'_>) -> usize {
        let tokens = &cx.snapshot.tokens;
        let end = self.ahead.as_ref().map_or(tokens.bytes().len(), Vec::len);
        match &self.at {
            Some((at, of)) if *of == cx.selection.tokens => (*at).min(end),
            _ => match cx.selection.tokens.last() {
                Some(token) => range_of(tokens, token).map_or(end, |range| range.end),
                None => end,
            },
        }
    }

    /// The bytes of several selected tokens that stand beside each other.
    fn selected(&self, cx: &ViewContext<'_>) -> Option<Range<usize>> {
        let [range] = cx.selection.tokens.ranges() else {
            return None;
        };
        let tokens = &cx.snapshot.tokens;
        let (first, last) = (range.start, range.end.checked_sub(1)?);
        // What was typed took the place of what is selected.
        let is_typed = self
            .at
            .as_ref()
            .is_some_and(|(_, of)| *of == cx.selection.tokens);
        (first < last && !is_typed).then_some(())?;
        Some(range_of(tokens, first)?.start..range_of(tokens, last)?.end)
    }

    /// Selects the token before the caret once the snapshot has what was typed; true where it did.
    pub fn follow(&mut self, ui: &Ui, cx: &mut ViewContext<'_>) -> bool {
        let tokens = Arc::clone(&cx.snapshot.tokens);
        let is_there = self
            .ahead
            .as_deref()
            .is_none_or(|ahead| *ahead == *tokens.bytes());
        // However long the model takes; what never comes was changed by something else meanwhile.
        let is_wanted = || {
            let ahead = self.ahead.as_deref();
            ui.ctx().cumulative_frame_nr() <= self.frame
                || ahead.is_some_and(|ahead| *ahead == *to_bytes(cx.text))
        };
        if !is_there && is_wanted() {
            ui.ctx().request_repaint();
            return false;
        }
        let had = self.ahead.take().is_some();
        if self
            .seen
            .as_ref()
            .is_some_and(|seen| Arc::ptr_eq(seen, &tokens))
            || !had
        {
            return false;
        }
        self.seen = Some(Arc::clone(&tokens));
        let at = self.place(cx);
        if at >= tokens.bytes().len() || at == 0 {
            cx.selection.clear_tokens();
        } else {
            let piece = tokens.pieces.partition_point(|piece| piece.range.end < at);
            match super::grid::token_near(&tokens, piece) {
                Some(token) => cx.selection.drag_tokens(token, token),
                None => cx.selection.clear_tokens(),
            }
        }
        self.at = Some((at, cx.selection.tokens.clone()));
        true
    }

    /// Takes what is typed while the view has the focus; true where the text changes.
    pub fn keys(&mut self, ui: &Ui, response: &Response, cx: &mut ViewContext<'_>) -> bool {
        if !response.has_focus() || !Self::is_open(cx) {
            self.composed.clear();
            return false;
        }
        // Before the first token there is none to select: the caret goes there alone.
        let first = cx.selection.tokens.single() == Some(0) && self.place(cx) > 0;
        if first && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowLeft)) {
            self.at = Some((0, cx.selection.tokens.clone()));
        }
        let mut changed = false;
        for stroke in self.strokes(ui) {
            changed |= self.stroke(ui, cx, stroke);
        }
        changed
    }

    /// What is typed in this frame, in its order; nobody else gets it.
    fn strokes(&mut self, ui: &Ui) -> Vec<Change> {
        let mut strokes = Vec::new();
        let composed = &mut self.composed;
        ui.input_mut(|input| {
            input.events.retain(|event| {
                match event {
                    Event::Text(text) if !text.is_empty() && text != "\n" && text != "\r" => {
                        strokes.push(Change::Put(text.clone()));
                    }
                    Event::Paste(text) if !text.is_empty() => {
                        strokes.push(Change::Put(text.clone()))
                    }
                    Event::Copy => strokes.push(Change::Copy),
                    Event::Cut => strokes.push(Change::Cut),
                    Event::Ime(ImeEvent::Preedit { text, .. }) => composed.clone_from(text),
                    Event::Ime(ImeEvent::Commit(text)) => {
                        composed.clear();
                        if !text.is_empty() && text != "\n" && text != "\r" {
                            strokes.push(Change::Put(text.clone()));
                        }
                    }
                    Event::Key {
                        key,
                        pressed,
                        modifiers,
                        ..
                    } if !modifiers.alt && !modifiers.command => match (key, pressed) {
                        (Key::Enter, true) => strokes.push(Change::Put("\n".into())),
                        (Key::Backspace, true) => strokes.push(Change::Back),
                        (Key::Delete, true) => strokes.push(Change::Delete),
                        // A key that types would also press what has the focus.
                        (Key::Space | Key::Enter, _) => {}
                        _ => return true,
                    },
                    _ => return true,
                }
                false
            });
        });
        strokes
    }

    fn stroke(&mut self, ui: &Ui, cx: &mut ViewContext<'_>, stroke: Change) -> bool {
        let selected = self.selected(cx);
        let at = self.place(cx);
        let bytes = match &self.ahead {
            Some(ahead) => ahead.as_slice(),
            None => cx.snapshot.tokens.bytes(),
        };
        if matches!(stroke, Change::Copy | Change::Cut) {
            let part = selected.clone().and_then(|range| bytes.get(range));
            let Some(part) = part else {
                return false;
            };
            ui.ctx().copy_text(to_text(part.to_vec()));
        }
        let before = || {
            let last = at.checked_sub(1)?;
            Some(character_at(bytes, last).map_or(last..at, |(_, whole)| whole.start..at))
        };
        let after = || {
            let whole = character_at(bytes, at).map(|(_, whole)| at..whole.end);
            (at < bytes.len()).then(|| whole.unwrap_or(at..at + 1))
        };
        let (range, text) = match stroke {
            Change::Copy => return false,
            Change::Cut => (selected, String::new()),
            Change::Put(text) => (Some(selected.unwrap_or(at..at)), text),
            Change::Back => (selected.or_else(before), String::new()),
            Change::Delete => (selected.or_else(after), String::new()),
        };
        let Some(range) = range.filter(|range| range.end <= bytes.len()) else {
            return false;
        };
        let new = to_bytes(&text);
        let mut ahead = bytes.to_vec();
        ahead.splice(range.clone(), new.iter().copied());
        let end = range.start + new.len();
        self.ahead = Some(ahead);
        self.frame = ui.ctx().cumulative_frame_nr();
        cx.commands.push(Command::Type { range, text });
        self.at = Some((end, cx.selection.tokens.clone()));
        true
    }

    /// Draws the caret, and tells input methods where it is.
    pub fn paint(
        &self,
        ui: &Ui,
        response: &Response,
        cx: &ViewContext<'_>,
        rows: &Rows,
        grid: &Grid,
    ) {
        if !response.has_focus() || !Self::is_open(cx) {
            return;
        }
        let Some(top) = self.on_screen(cx, rows, grid) else {
            return;
        };
        let rect = Rect::from_min_size(top, vec2(1.5, grid.cell.y));
        ui.output_mut(|output| {
            output.ime = Some(IMEOutput {
                purpose: egui::IMEPurpose::Normal,
                rect: grid.clip,
                cursor_rect: rect,
                should_interrupt_composition: false,
            });
        });
        if !grid.clip.intersects(rect) {
            return;
        }
        let painter = ui.painter().with_clip_rect(grid.clip);
        painter.rect_filled(rect, 0.0, cx.palette.accent);
        if !self.composed.is_empty() {
            let font = egui::TextStyle::Monospace.resolve(ui.style());
            let galley =
                painter.layout_no_wrap(self.composed.clone(), font, ui.visuals().text_color());
            let place = Rect::from_min_size(rect.right_top(), vec2(galley.size().x, grid.cell.y));
            painter.rect_filled(place, 0.0, ui.visuals().extreme_bg_color);
            painter.galley(place.min, galley, ui.visuals().text_color());
            let line = Stroke::new(1.0, cx.palette.accent);
            painter.hline(place.x_range(), place.bottom() - 1.0, line);
        }
    }

    /// The upper end of the caret.
    fn on_screen(&self, cx: &ViewContext<'_>, rows: &Rows, grid: &Grid) -> Option<Pos2> {
        let tokens = &cx.snapshot.tokens;
        let at = self.place(cx);
        let pieces = &tokens.pieces;
        // After the piece before it; after the end of a line, and at the start, before the next one.
        let piece = pieces.partition_point(|piece| piece.range.start < at);
        let before = piece.checked_sub(1);
        let ends_line = before.is_none_or(|before| {
            let range = pieces.get(before).map(|piece| piece.range.clone());
            range
                .and_then(|range| tokens.bytes().get(range))
                .is_some_and(|b| b.ends_with(b"\n"))
        });
        if ends_line {
            if let Some((row, cell)) = rows.place_of(piece) {
                return Some(grid.rect(row, cell.column..cell.column).min);
            }
            let row = if pieces.is_empty() { 0 } else { rows.len() };
            return Some(grid.rect(row, 0..0).min);
        }
        let (row, cell) = rows.place_of(before?)?;
        Some(grid.rect(row, cell.end()..cell.end()).min)
    }
}

/// The bytes of a token.
fn range_of(tokens: &Tokens, token: usize) -> Option<Range<usize>> {
    let piece = *tokens.piece_of.get(token)? as usize;
    Some(tokens.pieces.get(piece)?.range.clone())
}
