//! What the keys do in the text while it has the focus, and its caret.

use super::grid::{Grid, stops};
use super::layout::Rows;
use super::shown::Shown;
use crate::ui::document::draft::{self, Draft};
use crate::ui::theme::Palette;
use eframe::egui::output::IMEOutput;
use eframe::egui::{self, Event, ImeEvent, Key, Modifiers, Pos2, Rect, Response, Stroke, Ui, vec2};

/// What a key does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// Puts letters in.
    Put(String),
    /// Deletes before the caret: a character, or a word.
    Back { word: bool },
    /// Deletes after the caret: a character, or a word.
    Delete { word: bool },
    /// Copies what is selected.
    Copy,
    /// Copies what is selected, and deletes it.
    Cut,
    /// Selects all of the text.
    All,
    /// Moves the caret; with Shift what is selected grows.
    Move(Step, bool),
}

/// A way that the caret goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Left,
    Right,
    WordLeft,
    WordRight,
    Up,
    Down,
    PageUp,
    PageDown,
    RowStart,
    RowEnd,
    Start,
    End,
}

/// The step of a key.
fn step(key: Key, modifiers: Modifiers) -> Option<Step> {
    let far = modifiers.command || modifiers.alt;
    Some(match key {
        Key::ArrowLeft if far => Step::WordLeft,
        Key::ArrowRight if far => Step::WordRight,
        Key::ArrowLeft => Step::Left,
        Key::ArrowRight => Step::Right,
        Key::ArrowUp if !far => Step::Up,
        Key::ArrowDown if !far => Step::Down,
        Key::PageUp if !far => Step::PageUp,
        Key::PageDown if !far => Step::PageDown,
        Key::Home if far => Step::Start,
        Key::End if far => Step::End,
        Key::Home => Step::RowStart,
        Key::End => Step::RowEnd,
        _ => return None,
    })
}

/// The text that an input method composes.
#[derive(Debug, Default)]
pub(super) struct Composed(String);

impl Composed {
    /// What the keys of this frame do, in their order, as far as the text takes them: nobody else gets those. Where it cannot be
    /// changed, it takes no more than those that move and copy.
    pub fn actions(&mut self, ui: &Ui, response: &Response, is_open: bool) -> Vec<Action> {
        if !response.has_focus() {
            self.0.clear();
            return Vec::new();
        }
        ui.memory_mut(|memory| {
            let filter = egui::EventFilter {
                horizontal_arrows: true,
                vertical_arrows: true,
                ..egui::EventFilter::default()
            };
            memory.set_focus_lock_filter(response.id, filter);
        });
        let mut actions = Vec::new();
        ui.input_mut(|input| {
            input.events.retain(|event| {
                let action = self.action(event, is_open);
                match action {
                    Taken::No => return true,
                    Taken::By(action) => actions.push(action),
                    Taken::Only => {}
                }
                false
            });
        });
        actions
    }

    fn action(&mut self, event: &Event, is_open: bool) -> Taken {
        let put = |text: &str| match text {
            // Enter comes as a key.
            "" | "\n" | "\r" => Taken::Only,
            text => Taken::By(Action::Put(text.to_owned())),
        };
        match event {
            Event::Copy => Taken::By(Action::Copy),
            Event::Key {
                key,
                pressed,
                modifiers,
                ..
            } => {
                let does = |action| match pressed {
                    true => Taken::By(action),
                    false => Taken::Only,
                };
                let word = modifiers.command || modifiers.alt;
                match key {
                    Key::A if modifiers.command && !modifiers.shift => does(Action::All),
                    Key::Backspace if is_open => does(Action::Back { word }),
                    Key::Delete if is_open => does(Action::Delete { word }),
                    Key::Enter if is_open && !word => does(Action::Put("\n".into())),
                    // A key that types would also press what has the focus.
                    Key::Space | Key::Enter if !word => Taken::Only,
                    key => match step(*key, *modifiers) {
                        Some(step) => does(Action::Move(step, modifiers.shift)),
                        None => Taken::No,
                    },
                }
            }
            _ if !is_open => Taken::No,
            Event::Text(text) => put(text),
            Event::Paste(text) => match text.is_empty() {
                true => Taken::Only,
                false => Taken::By(Action::Put(text.clone())),
            },
            Event::Cut => Taken::By(Action::Cut),
            Event::Ime(ImeEvent::Preedit { text, .. }) => {
                self.0.clone_from(text);
                Taken::Only
            }
            Event::Ime(ImeEvent::Commit(text)) => {
                self.0.clear();
                put(text)
            }
            _ => Taken::No,
        }
    }

    /// Draws the caret, and tells input methods where it is.
    pub fn paint(&self, ui: &Ui, at: Pos2, grid: &Grid, palette: &Palette) {
        let rect = Rect::from_min_size(at - vec2(1.0, 0.0), vec2(2.0, grid.cell.y));
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
        painter.rect_filled(rect, 0.0, ui.visuals().strong_text_color());
        if !self.0.is_empty() {
            let font = egui::TextStyle::Monospace.resolve(ui.style());
            let ink = ui.visuals().text_color();
            let galley = painter.layout_no_wrap(self.0.clone(), font, ink);
            let place = Rect::from_min_size(rect.right_top(), vec2(galley.size().x, grid.cell.y));
            painter.rect_filled(place, 0.0, ui.visuals().extreme_bg_color);
            painter.galley(place.min, galley, ink);
            let line = Stroke::new(1.0, palette.accent);
            painter.hline(place.x_range(), place.bottom() - 1.0, line);
        }
    }
}

/// Whether the text takes an event, and what it does with it.
enum Taken {
    No,
    Only,
    By(Action),
}

/// Changes the text or what is selected in it; movements are not its affair.
pub(super) fn change(ui: &Ui, draft: &mut Draft, action: &Action) {
    match action {
        Action::Put(text) => draft.put(text),
        Action::Back { word: false } => draft.delete(draft::before),
        Action::Back { word: true } => draft.delete(draft::word_before),
        Action::Delete { word: false } => draft.delete(draft::after),
        Action::Delete { word: true } => draft.delete(draft::word_after),
        Action::Copy | Action::Cut => {
            if let Some(text) = draft.selected() {
                ui.ctx().copy_text(text);
                if *action == Action::Cut {
                    draft.put("");
                }
            }
        }
        Action::All | Action::Move(..) => {}
    }
}

/// The row and the column of the caret before the byte `at`.
pub(super) fn place_of(rows: &Rows, shown: &Shown, at: usize) -> (usize, f32) {
    let Some(last) = shown.len().checked_sub(1) else {
        return (0, 0.0);
    };
    let part = if at >= shown.end() {
        last
    } else {
        shown.part_at(at).unwrap_or(0)
    };
    let Some((row, cell)) = rows.place_of(part) else {
        return (rows.len().saturating_sub(1), 0.0);
    };
    if at >= shown.end() && shown.bytes_of(last).ends_with(b"\n") {
        return (row + 1, 0.0);
    }
    let stops = stops(shown, part, cell);
    let x = stops.iter().rev().find(|(byte, _)| *byte <= at);
    (row, f32::from(cell.column) + x.map_or(0.0, |(_, x)| *x))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: Key, modifiers: Modifiers) -> Event {
        Event::Key {
            key,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers,
        }
    }

    #[test]
    fn keys_do_what_they_do_in_any_field() {
        let mut composed = Composed::default();
        let mut does = |event: &Event, is_open| match composed.action(event, is_open) {
            Taken::By(action) => Some(action),
            _ => None,
        };
        let none = Modifiers::NONE;
        let ctrl = Modifiers::COMMAND;
        let all = [
            (key(Key::Home, none), Action::Move(Step::RowStart, false)),
            (key(Key::End, ctrl), Action::Move(Step::End, false)),
            (
                key(Key::ArrowLeft, Modifiers::SHIFT),
                Action::Move(Step::Left, true),
            ),
            (key(Key::A, ctrl), Action::All),
            (Event::Copy, Action::Copy),
        ];
        for (event, action) in all {
            assert_eq!(does(&event, true), Some(action.clone()));
            assert_eq!(does(&event, false), Some(action));
        }
        let writes = [
            (key(Key::Backspace, ctrl), Action::Back { word: true }),
            (key(Key::Enter, none), Action::Put("\n".into())),
            (Event::Paste("a\nb".into()), Action::Put("a\nb".into())),
            (
                Event::Ime(ImeEvent::Commit("中".into())),
                Action::Put("中".into()),
            ),
            (Event::Cut, Action::Cut),
        ];
        for (event, action) in writes {
            assert_eq!(does(&event, true), Some(action));
            assert_eq!(does(&event, false), None);
        }
        // Commands of the window are not the text's.
        assert_eq!(does(&key(Key::O, ctrl), true), None);
        assert_eq!(does(&key(Key::ArrowUp, ctrl), true), None);
    }
}
