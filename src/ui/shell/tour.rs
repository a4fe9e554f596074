//! A walk over the window: a few short notes, each beside what it is about.

use crate::ui::language::{tr, trf};
use crate::ui::theme::{Palette, dialog_frame, quiet, strong_font};
use crate::ui::views::Pane;
use eframe::egui::{self, Key, Modifiers, Rect, Stroke, Vec2, pos2, vec2};

/// Width of a note, in points.
const WIDTH: f32 = 320.0;

/// Between a note and what it is about, and the window's edges.
const GAP: f32 = 10.0;

/// The subject of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Window,
    Spans,
    Heads,
    Text,
    Attention,
    Predictions,
    Persistent,
    Typing,
    Menus,
}

/// The notes, in their order.
const STOPS: [About; 9] = [
    About::Window,
    About::Spans,
    About::Heads,
    About::Text,
    About::Attention,
    About::Predictions,
    About::Persistent,
    About::Typing,
    About::Menus,
];

/// Heading and words of a note.
fn words(about: About) -> (&'static str, String) {
    match about {
        About::Window => (
            tr("How far does every head look?"),
            tr("This small Transformer learned, for each of its heads, how far to look back. It reads the text below, and every view shows the same heads and tokens. A short note on each part shows where to begin: Enter goes on, Esc ends.").into(),
        ),
        About::Spans => (
            tr("The span of every head"),
            tr("One stem for each head: the distance up to which it can look. Most stay short, a few look far. Click one to select it. With Edit switched on, drag its point to see what another span would cost.").into(),
        ),
        About::Heads => (
            tr("Find a head"),
            tr("Every head is a cell, coloured by any of its numbers, and a line of the list. Role names the heads that attend to the first token, the token before, or what followed the same token earlier; Alike groups those that attend alike. Type reach>40 or L3H1 to find.").into(),
        ),
        About::Text => (
            tr("Where a token looks"),
            tr("Click a token: the text before it is shaded by the weight that the selected heads give it. The arrow keys then move the caret to other tokens, and after Esc select other heads.").into(),
        ),
        About::Attention => (
            tr("All weights of a head"),
            tr("Every query is a row, every key a column. Point at a cell for its numbers; zoom with Ctrl and the wheel, drag to move.").into(),
        ),
        About::Predictions => (
            tr("What the model expects next"),
            tr("The likeliest tokens after the selected one, how each layer changes the guess, and which heads speak for it.").into(),
        ),
        About::Persistent => (
            tr("What the layers have stored"),
            tr("The neurons of the feed-forward sublayers, or the persistent vectors of an all-attention model: which this text uses most, which tokens use one, and which tokens it promotes.").into(),
        ),
        About::Typing => (
            tr("Your own text"),
            tr("Type or paste at the caret, in the shaded text itself: every view follows at once. Undo takes back text and changes of the model alike. Your session is restored on restart.").into(),
        ),
        About::Menus => (
            tr("Your own model, your own figures"),
            trf(
                "File opens models (.pt, .safetensors, .gguf, folders of Hugging Face) and training runs; Export writes every view as SVG, PDF or PNG, or its numbers. {0} finds any command, {1} lists all keys. Help has this tour.",
                &[&"Ctrl+P", &"F1"],
            ),
        ),
    }
}

/// The position in the walk.
#[derive(Debug, Default)]
pub struct Tour {
    stop: Option<usize>,
}

/// The outcome of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// The note stays.
    Stays,
    /// The next one is about this view, which is to be in front.
    GoesTo(Pane),
    /// It was walked or skipped.
    Ends,
}

impl Tour {
    /// A walk that begins at once, or none.
    pub fn new(begins: bool) -> Self {
        Self {
            stop: begins.then_some(0),
        }
    }

    /// Begins anew.
    pub fn begin(&mut self) {
        self.stop = Some(0);
    }

    /// True if a note is shown.
    pub fn is_open(&self) -> bool {
        self.stop.is_some()
    }

    /// The view that the note is about.
    pub fn view(&self) -> Option<Pane> {
        match STOPS[self.stop?] {
            About::Spans => Some(Pane::SPANS),
            About::Heads => Some(Pane::HEADS),
            About::Text | About::Typing => Some(Pane::TEXT),
            About::Attention => Some(Pane::ATTENTION),
            About::Predictions => Some(Pane::PREDICTIONS),
            About::Persistent => Some(Pane::PERSISTENT),
            About::Window | About::Menus => None,
        }
    }

    /// True if Escape was pressed to end it: to be asked before keys go elsewhere. An open menu has the key first.
    pub fn escaped(&self, ctx: &egui::Context) -> bool {
        self.is_open()
            && !egui::Popup::is_any_open(ctx)
            && ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape))
    }

    /// Draws the note. `place` is where its view stands, if it can be seen.
    pub fn show(&mut self, ctx: &egui::Context, palette: &Palette, place: Option<Rect>) -> Walk {
        let Some(stop) = self.stop else {
            return Walk::Stays;
        };
        let window = ctx.content_rect();
        let about = STOPS[stop];
        let place = match about {
            About::Window => None,
            About::Menus => Some(Rect::from_min_size(
                window.min,
                vec2(window.width().min(330.0), 28.0),
            )),
            _ => place,
        };
        let place = place.map(|place| place.intersect(window));
        let place = place.filter(|place| place.is_positive());
        if let Some(place) = place {
            outline(ctx, place, palette);
        }
        let id = egui::Id::unique("tour");
        // Of the frame before; notes differ by a line or two.
        let size = ctx.memory(|m| m.area_rect(id)).map(|rect| rect.size());
        let size = size.unwrap_or(vec2(WIDTH, 150.0));
        let mut next = Some(stop);
        egui::Area::new(id)
            .order(egui::Order::Foreground)
            .fixed_pos(beside(place, size, window))
            .show(ctx, |ui| {
                dialog_frame(ctx).show(ui, |ui| {
                    ui.set_width(WIDTH.min(window.width() - 60.0));
                    next = note(ui, stop, about);
                });
            });
        // Nothing else waits for the key.
        let is_free = ctx.memory(|m| m.focused().is_none()) && !egui::Popup::is_any_open(ctx);
        if is_free && ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter)) {
            next = Some(stop + 1);
        }
        if next == self.stop {
            return Walk::Stays;
        }
        self.stop = next.filter(|next| *next < STOPS.len());
        ctx.request_repaint();
        match (self.stop, self.view()) {
            (None, _) => Walk::Ends,
            (_, Some(view)) => Walk::GoesTo(view),
            _ => Walk::Stays,
        }
    }

    /// Ends it.
    pub fn end(&mut self) {
        self.stop = None;
    }
}

/// A note's contents: the number of the one to show next, or none.
fn note(ui: &mut egui::Ui, stop: usize, about: About) -> Option<usize> {
    let (heading, text) = words(about);
    ui.label(egui::RichText::new(heading).font(strong_font(15.0)));
    ui.add_space(2.0);
    ui.add(egui::Label::new(text).wrap());
    ui.add_space(8.0);
    let mut next = Some(stop);
    ui.horizontal(|ui| {
        ui.label(quiet(trf("{0} of {1}", &[&(stop + 1), &STOPS.len()])));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let last = stop + 1 == STOPS.len();
            let words = if last { tr("Done") } else { tr("Next") };
            if ui.button(words).clicked() {
                next = if last { None } else { Some(stop + 1) };
            }
            let back = egui::Button::new(tr("Back"));
            if ui.add_enabled(stop > 0, back).clicked() {
                next = stop.checked_sub(1);
            }
            if !last && ui.button(tr("Skip the tour")).clicked() {
                next = None;
            }
        });
    });
    next
}

/// A line around what the note is about.
fn outline(ctx: &egui::Context, place: Rect, palette: &Palette) {
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("tour outline"));
    let stroke = Stroke::new(2.0, palette.edge);
    let inner = place.shrink(1.0);
    ctx.layer_painter(layer)
        .rect_stroke(inner, 4.0, stroke, egui::StrokeKind::Inside);
}

/// The upper left corner of a note: beside its place where there is room, else over its lower right.
fn beside(place: Option<Rect>, size: Vec2, window: Rect) -> egui::Pos2 {
    let room = window.shrink(GAP);
    let Some(place) = place else {
        return room.center() - 0.5 * size;
    };
    let across = |x: f32| x.min(room.right() - size.x).max(room.left());
    let down = |y: f32| y.min(room.bottom() - size.y).max(room.top());
    let corners = [
        pos2(place.right() + GAP, down(place.top())),
        pos2(place.left() - GAP - size.x, down(place.top())),
        pos2(across(place.left()), place.bottom() + GAP),
        pos2(across(place.left()), place.top() - GAP - size.y),
    ];
    let fits = |corner: &&egui::Pos2| room.contains_rect(Rect::from_min_size(**corner, size));
    let inside = place.intersect(room).max - size - vec2(GAP, GAP);
    let inside = pos2(across(inside.x), down(inside.y));
    corners.iter().find(fits).copied().unwrap_or(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_stands_beside_its_place_and_within_the_window() {
        let size = vec2(320.0, 150.0);
        for (width, height) in [(1280.0, 800.0), (640.0, 420.0), (2560.0, 1440.0)] {
            let window = Rect::from_min_size(pos2(0.0, 0.0), vec2(width, height));
            for place in [
                Rect::from_min_size(pos2(0.0, 0.0), vec2(330.0, 28.0)),
                Rect::from_min_size(pos2(0.0, 28.0), vec2(width / 3.0, height / 2.0)),
                Rect::from_min_size(pos2(width / 3.0, 28.0), vec2(width / 3.0, height / 2.0)),
                Rect::from_min_size(pos2(width / 2.0, 100.0), vec2(width / 2.0, height - 100.0)),
                Rect::from_min_size(pos2(0.0, height - 90.0), vec2(width, 90.0)),
                window,
            ] {
                let note = Rect::from_min_size(beside(Some(place), size, window), size);
                assert!(window.contains_rect(note), "{window:?} {place:?} {note:?}");
                if width > 1000.0 && place != window {
                    assert!(!note.intersects(place), "{window:?} {place:?} {note:?}");
                }
            }
            let middle = Rect::from_min_size(beside(None, size, window), size);
            assert_eq!(middle.center(), window.center());
        }
    }
}
