//! Continuing the text: how tokens are drawn, and what came of it.

use super::candidates::end_of;
use super::detokenize::{bits_per_token, next_seed, unescaped};
use super::generation_layout::{Layout, laid_out, token_at};
use crate::analysis::bits;
use crate::chart::thousands;
use crate::engine::figures::percentage;
use crate::engine::{Ended, Generated, GenerationRequest, LoadedModel, Sampling, Snapshot, Tokens};
use crate::ui::commands::command::Command;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{quiet, strong};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::axes::together;
use crate::ui::widgets::names::bits_unit;
use crate::ui::widgets::number_field::number_field;
use eframe::egui::emath::Numeric;
use eframe::egui::{self, Color32, DragValue, Sense, Ui, vec2};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::sync::{Arc, Weak};

/// Most tokens to draw at a time.
const MOST: usize = 2000;

/// Largest seed of the field: up to here every whole number is one of the numbers that it holds.
const LARGEST_SEED: u64 = 1 << 53;

/// The settings of the text's continuation, and what is shown of it.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub struct GenerationPanel {
    temperature: f32,
    top_p: f32,
    seed: u64,
    tokens: usize,
    stop: String,
    /// The last request.
    #[serde(skip)]
    asked: Option<Asked>,
    #[serde(skip)]
    layout: Option<Layout>,
}

impl Default for GenerationPanel {
    fn default() -> Self {
        Self {
            temperature: 0.8,
            top_p: 0.95,
            seed: 1,
            tokens: 200,
            stop: String::new(),
            asked: None,
            layout: None,
        }
    }
}

/// A wish for a continuation.
struct Asked {
    /// The text that it continues.
    text: Weak<Tokens>,
    /// The continuation that there was before.
    before: u64,
    /// The version of the requests that the snapshot took into account then.
    version: u64,
    stopped: bool,
}

impl GenerationPanel {
    /// Draws the controls and the continuation.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, model: &LoadedModel) {
        ui.horizontal_wrapped(|ui| {
            ui.label(strong(tr("Continue the text")));
            self.controls(ui, model);
        });
        let continued = cx.snapshot.continued.clone();
        // One of another text would not fit behind this one.
        let continued = continued.filter(|continued| {
            self.asked
                .as_ref()
                .is_some_and(|asked| continued.number > asked.before && is_of(asked, cx.snapshot))
        });
        let running = self.running(cx.snapshot, continued.as_deref());
        ui.horizontal_wrapped(|ui| self.buttons(ui, cx, continued.as_deref(), running));
        match &continued {
            Some(continued) => self.text(ui, cx, model, continued),
            None if running => {
                ui.label(quiet(tr("Computing…")));
            }
            None if model.recorded.is_some() => {
                let words = cx.refusal(&Command::Continue(self.request(model)));
                ui.label(quiet(words.unwrap_or_default()));
            }
            None => {
                ui.label(quiet(tr(
                    "Start draws tokens after the selected one, or after the end of the text.",
                )));
            }
        }
    }

    fn controls(&mut self, ui: &mut Ui, model: &LoadedModel) {
        number(
            ui,
            tr("Temperature"),
            (&mut self.temperature, 0.0..=5.0),
            |field| field.speed(0.01).fixed_decimals(2),
            tr(
                "Divides the log-probabilities: below 1 likely tokens become likelier; 0 always takes the likeliest",
            ),
        );
        number(
            ui,
            tr("Top-p"),
            (&mut self.top_p, 0.01..=1.0),
            |field| field.speed(0.005).fixed_decimals(2),
            tr(
                "Only the likeliest tokens that together hold this probability are drawn; 1 keeps all",
            ),
        );
        number(
            ui,
            tr("Tokens"),
            (&mut self.tokens, 1..=MOST),
            |field| field,
            tr("Most tokens to draw"),
        );
        number(
            ui,
            tr("Seed"),
            (&mut self.seed, 0..=LARGEST_SEED),
            |field| field,
            tr("The same seed gives the same text"),
        );
        if ui
            .small_button(tr("New seed"))
            .on_hover_text(tr("Another seed, for another text"))
            .clicked()
        {
            self.seed = next_seed(self.seed);
        }
        if model.vocabulary.is_some() {
            let name = tr("Stop at");
            together(ui, width_of(ui, name) + 90.0, |ui| {
                let label = ui.label(name);
                let field = egui::TextEdit::singleline(&mut self.stop);
                let field = field.desired_width(70.0).hint_text("\\n");
                ui.add(field).labelled_by(label.id).on_hover_text(tr(
                    "Ends with the token that completes this text; \\n is a line break. Empty: goes on to the last token",
                ));
            });
        }
    }

    /// The request for the settings at hand.
    fn request(&self, model: &LoadedModel) -> GenerationRequest {
        let stop = unescaped(&self.stop);
        GenerationRequest {
            sampling: Sampling {
                temperature: self.temperature,
                top_p: self.top_p,
                seed: self.seed,
            },
            tokens: self.tokens.clamp(1, MOST),
            stop: (!stop.is_empty() && model.vocabulary.is_some()).then_some(stop),
        }
    }

    fn running(&self, snapshot: &Snapshot, continued: Option<&Generated>) -> bool {
        self.asked.as_ref().is_some_and(|asked| {
            let ended = continued.is_some_and(|continued| continued.ended.is_some());
            // Until the worker has heard of it, it is not busy with it.
            let waiting = snapshot.version <= asked.version || snapshot.busy;
            !asked.stopped && !ended && waiting && is_of(asked, snapshot)
        })
    }

    fn buttons(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        continued: Option<&Generated>,
        running: bool,
    ) {
        let Some(model) = cx.snapshot.model.clone() else {
            return;
        };
        if running {
            if ui.button(tr("Stop")).clicked() {
                cx.commands.push(Command::StopContinuing);
                if let Some(asked) = &mut self.asked {
                    asked.stopped = true;
                }
            }
            ui.spinner();
        } else {
            let command = Command::Continue(self.request(&model));
            let refusal = cx.refusal(&command);
            let ready = cx.query().is_some() && refusal.is_none();
            let start = ui.add_enabled(ready, egui::Button::new(tr("Start")));
            if start
                .on_disabled_hover_text(refusal.unwrap_or(tr("There is no text")))
                .clicked()
            {
                cx.commands.push(command);
                self.asked = Some(Asked {
                    text: Arc::downgrade(&cx.snapshot.tokens),
                    before: cx.snapshot.continued.as_ref().map_or(0, |c| c.number),
                    version: cx.snapshot.version,
                    stopped: false,
                });
            }
        }
        let Some(continued) = continued.filter(|continued| !continued.drawn.is_empty()) else {
            return;
        };
        let insert = ui.button(tr("Insert into the text"));
        if insert
            .on_hover_text(tr(
                "Puts it where it was drawn for: after the token it begins at",
            ))
            .clicked()
            && let Some(at) = end_of(cx.snapshot, continued.after)
        {
            let text = continued.text.clone();
            cx.commands.push(Command::Insert { at, text });
        }
        if ui.button(tr("Copy")).clicked() {
            ui.ctx().copy_text(continued.text.clone());
        }
        let count = thousands(continued.drawn.len());
        let mean = bits_per_token(continued).map_or_else(String::new, |bits| format!("{bits:.2}"));
        let of = [
            &count as &dyn std::fmt::Display,
            &mean,
            &bits_unit(Some(&model)),
        ];
        let words = match continued.ended {
            None if running => trf("{0} tokens, {1} {2}", &of),
            None => trf("{0} tokens, {1} {2}; stopped", &of),
            Some(Ended::Length) => trf("{0} tokens, {1} {2}; done", &of),
            Some(Ended::Stop) => trf("{0} tokens, {1} {2}; ended by “Stop at”", &of),
        };
        ui.label(quiet(words)).on_hover_text(tr(
            "By the model's own probabilities, before temperature and top-p",
        ));
    }

    fn text(
        &mut self,
        ui: &mut Ui,
        cx: &ViewContext<'_>,
        model: &LoadedModel,
        continued: &Generated,
    ) {
        let dark = ui.visuals().dark_mode;
        let known = self.layout.take().filter(|layout| {
            (layout.number, layout.drawn, layout.dark)
                == (continued.number, continued.drawn.len(), dark)
        });
        let layout = known.unwrap_or_else(|| {
            let colors = [
                ui.visuals().text_color(),
                ui.visuals().weak_text_color(),
                cx.palette.persistent,
            ];
            laid_out(cx.snapshot, model, continued, dark, colors)
        });
        egui::ScrollArea::vertical()
            .id_salt("continuation")
            .auto_shrink([false, false])
            .stick_to_bottom(true)
            .show(ui, |ui| {
                let mut job = layout.job.clone();
                job.wrap.max_width = ui.available_width();
                let galley = ui.painter().layout_job(job);
                let size = vec2(ui.available_width(), galley.size().y);
                let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
                let ink = ui.visuals().text_color();
                ui.painter().galley(rect.min, Arc::clone(&galley), ink);
                response.widget_info(|| {
                    let name = trf("Continuation: {0}", &[&continued.text]);
                    egui::WidgetInfo::labeled(egui::Role::Label, true, name)
                });
                let Some(at) = response.hover_pos().map(|at| at - rect.min) else {
                    return;
                };
                let caret = galley.cursor_from_pos(at);
                // The caret may stand before or behind the character that was meant.
                let behind = galley.pos_from_cursor(caret).left() > at.x;
                let index = caret.index.0.saturating_sub(usize::from(behind));
                let Some(token) = token_at(&layout.ends, index) else {
                    return;
                };
                if let Some(drawn) = continued.drawn.get(token) {
                    response.on_hover_ui_at_pointer(|ui| {
                        let place = thousands(continued.after + 1 + token);
                        let label = model.label(drawn.id);
                        ui.label(strong(trf("Token {0} “{1}”", &[&place, &label])));
                        ui.label(trf(
                            "surprisal {0} bits, probability {1} %",
                            &[
                                &format!("{:.2}", bits(-drawn.log_p).max(0.0)),
                                &percentage(100.0 * drawn.log_p.exp()),
                            ],
                        ));
                    });
                }
            });
        self.layout = Some(layout);
    }
}

fn is_of(asked: &Asked, snapshot: &Snapshot) -> bool {
    std::ptr::eq(asked.text.as_ptr(), Arc::as_ptr(&snapshot.tokens))
}

/// A number with its name.
fn number<N: Numeric>(
    ui: &mut Ui,
    name: &str,
    (value, range): (&mut N, RangeInclusive<N>),
    look: impl FnOnce(DragValue<'_>) -> DragValue<'_>,
    hint: &str,
) {
    let width = width_of(ui, name) + 58.0;
    together(ui, width, |ui| {
        let label = ui.label(name);
        number_field(ui, value, range, look)
            .labelled_by(label.id)
            .on_hover_text(hint);
    });
}

fn width_of(ui: &Ui, words: &str) -> f32 {
    let font = egui::TextStyle::Body.resolve(ui.style());
    let galley = ui
        .painter()
        .layout_no_wrap(words.to_owned(), font, Color32::WHITE);
    galley.size().x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_what_was_set() {
        let model = LoadedModel::open_sample(&crate::engine::SAMPLES[0]).unwrap();
        let mut settings = GenerationPanel {
            stop: "\\n".into(),
            tokens: 1_000_000,
            ..GenerationPanel::default()
        };
        let request = settings.request(&model);
        assert_eq!(
            (request.stop.as_deref(), request.tokens),
            (Some("\n"), MOST)
        );
        settings.stop.clear();
        assert_eq!(settings.request(&model).stop, None);
    }
}
