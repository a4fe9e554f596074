//! Short notes at the corner of the window: what was written, what went wrong.

use crate::shown::message;
use crate::ui::export::reveal::Reveal;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{self, Palette};
use eframe::egui::{self, Align2, Color32, Frame, Key, RichText, Stroke, vec2};
use std::path::PathBuf;

/// True where a file that was written has a place that can be shown.
const HAS_FOLDERS: bool = cfg!(feature = "desktop");

/// Seconds that good news stays; errors stay until they are closed.
const SECONDS: f64 = 6.0;

/// Notes kept at once: a flood of errors must not cover the window.
const MOST: usize = 4;

#[derive(Debug, Clone)]
struct Toast {
    /// Rises with every note: a note keeps its place on the screen when another one goes.
    number: u64,
    text: String,
    error: bool,
    /// True if the text cannot be read: it is there once, and goes with the text.
    of_text: bool,
    /// The file that was written, to be handed to the desktop.
    file: Option<PathBuf>,
    /// When it disappears by itself; counted from the frame in which it is first drawn.
    until: Option<f64>,
}

/// The notes on show.
#[derive(Debug, Clone, Default)]
pub struct Toasts {
    toasts: Vec<Toast>,
    count: u64,
}

impl Toasts {
    /// Good news.
    pub fn info(&mut self, text: impl Into<String>) {
        self.push(text.into(), false, None);
    }

    /// A file was written: it can be opened from here.
    pub fn wrote(&mut self, text: impl Into<String>, file: PathBuf) {
        self.push(text.into(), false, Some(file));
    }

    /// Something went wrong; the text says what and what to do.
    pub fn error(&mut self, text: impl Into<String>) {
        self.push(text.into(), true, None);
    }

    /// The text cannot be read. Whoever types on is told once, in the words for the text as it is now.
    pub fn of_text(&mut self, text: impl Into<String>) {
        self.text_is_well();
        self.push(text.into(), true, None);
        if let Some(last) = self.toasts.last_mut() {
            last.of_text = true;
        }
    }

    /// The text can be read again.
    pub fn text_is_well(&mut self) {
        self.toasts.retain(|toast| !toast.of_text);
    }

    fn push(&mut self, text: String, error: bool, file: Option<PathBuf>) {
        // What is laid out takes a hundred times the memory of its characters, and nobody reads so much.
        let text = message(&text);
        self.toasts.retain(|toast| toast.text != text);
        self.count += 1;
        self.toasts.push(Toast {
            number: self.count,
            text,
            error,
            of_text: false,
            file,
            until: None,
        });
        if self.toasts.len() > MOST {
            // Good news can be missed; the oldest error goes only where all are errors.
            let at = self.toasts.iter().position(|toast| !toast.error);
            self.toasts.remove(at.unwrap_or(0));
        }
    }

    /// The error on show, if any.
    pub fn complaint(&self) -> Option<&str> {
        let error = self.toasts.iter().find(|toast| toast.error);
        error.map(|toast| toast.text.as_str())
    }

    /// Closes everything.
    pub fn clear(&mut self) {
        self.toasts.clear();
    }

    /// Draws the notes at the bottom right, `above` points above the lower edge of the window; returns a file that the
    /// desktop is to show, and how.
    pub fn show(
        &mut self,
        ctx: &egui::Context,
        palette: &Palette,
        above: f32,
    ) -> Option<(PathBuf, Reveal)> {
        let now = ctx.input(|i| i.time);
        for toast in self.toasts.iter_mut().filter(|toast| !toast.error) {
            toast.until.get_or_insert(now + SECONDS);
        }
        self.toasts
            .retain(|toast| toast.until.is_none_or(|until| until > now));
        if self.toasts.is_empty() {
            return None;
        }
        let mut closed = None;
        let mut reveal = None;
        let mut read = false;
        let room = ctx.content_rect();
        // Half of the window at most: what lies below can still be reached.
        let width = (room.width() * 0.5).clamp(220.0, 440.0);
        egui::Area::new(egui::Id::unique("toasts"))
            .anchor(Align2::RIGHT_BOTTOM, vec2(-12.0, -above - 8.0))
            .order(egui::Order::Foreground)
            .show(ctx, |ui| {
                ui.spacing_mut().item_spacing.y = 6.0;
                for toast in &self.toasts {
                    let size = vec2(width, room.height() * 0.4);
                    let frame = one(ui, toast, palette, size, &mut closed, &mut reveal);
                    read |= frame.contains_pointer();
                }
            });
        self.toasts.retain(|toast| Some(toast.number) != closed);
        // What is being read does not go away.
        if read {
            for toast in &mut self.toasts {
                toast.until = toast.until.map(|until| until.max(now + 2.0));
            }
        }
        let next = self.toasts.iter().filter_map(|toast| toast.until);
        if let Some(until) = next.reduce(f64::min) {
            let wait = std::time::Duration::from_secs_f64((until - now).max(0.01));
            ctx.request_repaint_after(wait);
        }
        reveal
    }
}

/// Draws one note; puts its number into `closed` when it is closed, and what the desktop is to do into `reveal`.
fn one(
    ui: &mut egui::Ui,
    toast: &Toast,
    palette: &Palette,
    size: egui::Vec2,
    closed: &mut Option<u64>,
    reveal: &mut Option<(PathBuf, Reveal)>,
) -> egui::Response {
    let (color, sign, kind) = if toast.error {
        (palette.unknown, "⚠", tr("Error"))
    } else {
        (palette.accent, "✓", tr("Note"))
    };
    let inner = Frame::popup(ui.style())
        .stroke(Stroke::new(1.0, color))
        .inner_margin(theme::NOTE_MARGIN)
        .show(ui, |ui| {
            ui.set_width(size.x);
            ui.push_id(toast.number, |ui| {
                ui.horizontal_top(|ui| {
                    let sign = ui.label(RichText::new(sign).color(color));
                    sign.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, kind));
                    let buttons = if toast.error { 80.0 } else { 28.0 };
                    let room = vec2(ui.available_width() - buttons, 0.0);
                    ui.allocate_ui(room, |ui| {
                        egui::ScrollArea::vertical()
                            .max_height(size.y)
                            // Without it an area that scrolls has no more than 64 points here, and the end of a message is what to do.
                            .min_scrolled_height(size.y)
                            .show(ui, |ui| {
                                ui.add(egui::Label::new(&toast.text).wrap().selectable(true));
                            });
                    });
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                        let button = |text| egui::Button::new(text).fill(Color32::TRANSPARENT);
                        let close = ui.add(button("×"));
                        close.widget_info(|| {
                            let name = tr("Close this note");
                            egui::WidgetInfo::labeled(egui::Role::Button, true, name)
                        });
                        let escaped = close.has_focus() && ui.input(|i| i.key_pressed(Key::Escape));
                        if close.on_hover_text(tr("Close this note")).clicked() || escaped {
                            *closed = Some(toast.number);
                        }
                        if toast.error {
                            let copy = ui.add(egui::Button::new(theme::quiet(tr("Copy"))));
                            copy.widget_info(|| {
                                let name = tr("Copy this note");
                                egui::WidgetInfo::labeled(egui::Role::Button, true, name)
                            });
                            if copy.clicked() {
                                ui.ctx().copy_text(toast.text.clone());
                            }
                        }
                    });
                });
                // Of a page it is a download, which the browser shows.
                if let Some(file) = toast.file.as_ref().filter(|_| HAS_FOLDERS) {
                    ui.horizontal(|ui| {
                        // Below the words, not below the sign.
                        ui.add_space(18.0);
                        let ways = [
                            (Reveal::Open, tr("Open")),
                            (Reveal::InFolder, tr("Show in folder")),
                        ];
                        for (how, words) in ways {
                            let button = ui.add(egui::Button::new(theme::quiet(words)));
                            button.widget_info(|| {
                                let name = trf("{0}: {1}", &[&words, &file.display()]);
                                egui::WidgetInfo::labeled(egui::Role::Button, true, name)
                            });
                            if button.clicked() {
                                *reveal = Some((file.clone(), how));
                            }
                        }
                    });
                }
            });
        });
    inner.response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_outlast_good_news_and_nothing_stands_twice() {
        let mut toasts = Toasts::default();
        toasts.error("first");
        for i in 0..MOST {
            toasts.info(i.to_string());
        }
        toasts.error("first");
        toasts.error("second");
        let texts: Vec<&str> = toasts.toasts.iter().map(|toast| &*toast.text).collect();
        assert_eq!(texts, ["2", "3", "first", "second"]);
        assert_eq!(toasts.complaint(), Some("first"));
        for i in 0..2 * MOST {
            toasts.error(format!("error {i}"));
        }
        assert_eq!(toasts.toasts.len(), MOST);
    }

    #[test]
    fn what_is_wrong_with_the_text_is_said_once_and_goes_with_it() {
        let mut toasts = Toasts::default();
        toasts.error("another");
        toasts.of_text("65 tokens");
        toasts.of_text("66 tokens");
        let texts: Vec<&str> = toasts.toasts.iter().map(|toast| &*toast.text).collect();
        assert_eq!(texts, ["another", "66 tokens"]);
        toasts.text_is_well();
        assert_eq!(
            (toasts.toasts.len(), toasts.complaint()),
            (1, Some("another"))
        );
    }

    #[test]
    fn a_note_is_no_longer_than_anybody_reads() {
        let mut toasts = Toasts::default();
        toasts.error("\u{1b}long\n".repeat(1 << 20));
        let text = &toasts.toasts[0].text;
        assert!(
            text.chars().count() <= crate::shown::MESSAGE && text.starts_with("\\u{1b}long\\n")
        );
    }
}
