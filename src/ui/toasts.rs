//! Short notes at the corner of the window: what was written, what went wrong.

use super::theme::Palette;
use eframe::egui::{self, Align2, Color32, RichText, Stroke, vec2};

/// Seconds that good news stays; errors stay until they are closed.
const SECONDS: f64 = 5.0;

#[derive(Debug, Clone)]
struct Toast {
    text: String,
    error: bool,
    /// When it disappears by itself.
    until: Option<f64>,
}

/// The notes on show.
#[derive(Debug, Clone, Default)]
pub struct Toasts {
    toasts: Vec<Toast>,
}

impl Toasts {
    /// Good news.
    pub fn info(&mut self, ctx: &egui::Context, text: impl Into<String>) {
        let until = Some(ctx.input(|i| i.time) + SECONDS);
        self.push(text.into(), false, until);
    }

    /// Something went wrong; the text says what and what to do.
    pub fn error(&mut self, text: impl Into<String>) {
        self.push(text.into(), true, None);
    }

    fn push(&mut self, text: String, error: bool, until: Option<f64>) {
        self.toasts.retain(|toast| toast.text != text);
        self.toasts.push(Toast { text, error, until });
        // A flood of errors must not cover the window.
        if self.toasts.len() > 4 {
            self.toasts.remove(0);
        }
    }

    /// The error on show, if any.
    pub fn complaint(&self) -> Option<&str> {
        self.toasts
            .iter()
            .find(|toast| toast.error)
            .map(|toast| toast.text.as_str())
    }

    /// Closes everything.
    pub fn clear(&mut self) {
        self.toasts.clear();
    }

    /// Draws the notes.
    pub fn show(&mut self, ctx: &egui::Context, palette: &Palette) {
        let now = ctx.input(|i| i.time);
        self.toasts
            .retain(|toast| toast.until.is_none_or(|until| until > now));
        if self.toasts.is_empty() {
            return;
        }
        let mut closed = None;
        egui::Area::new(egui::Id::unique("toasts"))
            .anchor(Align2::RIGHT_BOTTOM, vec2(-14.0, -40.0))
            .order(egui::Order::Foreground)
            .show(ctx, |ui| {
                for (i, toast) in self.toasts.iter().enumerate() {
                    let line = if toast.error {
                        palette.unknown
                    } else {
                        palette.accent
                    };
                    egui::Frame::popup(ui.style())
                        .stroke(Stroke::new(1.0, line))
                        .show(ui, |ui| {
                            ui.set_max_width(460.0);
                            ui.horizontal_top(|ui| {
                                let sign = if toast.error { "⚠" } else { "✓" };
                                ui.label(RichText::new(sign).color(line));
                                let width = ui.available_width() - 30.0;
                                ui.allocate_ui(vec2(width.min(400.0), 0.0), |ui| {
                                    ui.add(egui::Label::new(&toast.text).wrap().selectable(true));
                                });
                                let close = egui::Button::new("×").fill(Color32::TRANSPARENT);
                                if ui.add(close).on_hover_text("Close this note").clicked() {
                                    closed = Some(i);
                                }
                            });
                        });
                }
            });
        if let Some(i) = closed {
            self.toasts.remove(i);
        }
        if let Some(until) = self
            .toasts
            .iter()
            .filter_map(|toast| toast.until)
            .reduce(f64::min)
        {
            ctx.request_repaint_after(std::time::Duration::from_secs_f64((until - now).max(0.01)));
        }
    }
}
