//! The status bar: what is known of the text, and what is going on, with a way to stop it.

use super::run_status;
use crate::chart::thousands;
use crate::engine::Snapshot;
use crate::model::Device;
use crate::ui::commands::command::{Command, Now};
use crate::ui::document::Document;
use crate::ui::export::files::Exports;
use crate::ui::export::making::Asked;
use crate::ui::language::{said, tr, trf};
use crate::ui::theme::{self, QUIET, quiet};
use crate::ui::widgets::names::{bits_unit, tokens as in_tokens};
use eframe::egui::{self, Rect, RichText, Role, Ui, WidgetInfo};
use std::sync::Arc;

/// Tokens from which a run shows how far it is.
const LONG: usize = 2000;

/// The bar, for one frame.
pub struct StatusBar<'a> {
    /// The commands that are possible now.
    pub now: &'a Now,
    /// The open document.
    pub document: &'a mut Document,
    /// Figures that wait for their numbers.
    pub figures: &'a mut Vec<Asked>,
    /// Files being written.
    pub exports: &'a mut Exports,
    /// The commands that the user gives.
    pub commands: &'a mut Vec<Command>,
}

impl StatusBar<'_> {
    /// Draws the bar; returns where it is.
    pub fn show(mut self, ui: &mut Ui) -> Rect {
        bar(&mut self, ui)
    }
}

fn bar(bar: &mut StatusBar<'_>, ui: &mut Ui) -> Rect {
    let snapshot = Arc::clone(&bar.document.snapshot);
    let frame = egui::Frame::side_top_panel(ui.style())
        .fill(theme::palette(ui.visuals()).bar)
        .inner_margin(theme::BAR_MARGIN);
    let shown = egui::Panel::bottom("status").frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            // What goes on is drawn first: where there is little room it is the facts that are cut off.
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                state(bar, ui, &snapshot);
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.set_clip_rect(ui.clip_rect().intersect(ui.max_rect()));
                    run_status::show(bar.document, ui, bar.commands);
                    facts(ui, &snapshot, bar.commands);
                });
            });
        });
    });
    shown.response.rect
}

/// The facts known of the text.
fn facts(ui: &mut Ui, snapshot: &Snapshot, commands: &mut Vec<Command>) {
    let tokens = &snapshot.tokens;
    let color = ui.visuals().warn_fg_color;
    let warn = |words: String| RichText::new(words).color(color).size(QUIET);
    let mut words = match &snapshot.refused {
        Some(reason) => {
            let words = warn(tr("the text is not read").to_owned());
            ui.label(words).on_hover_text(said(reason));
            return;
        }
        None => in_tokens(tokens.ids.len()),
    };
    if let Some(bits) = snapshot.bits_per_token {
        let unit = bits_unit(snapshot.model.as_deref());
        words += &format!(" · {bits:.3} {unit}");
    }
    if let Some(milliseconds) = snapshot.milliseconds {
        words += &match milliseconds {
            0.0..1_000.0 => format!(" · {milliseconds:.0} ms"),
            _ => format!(" · {:.1} s", milliseconds / 1e3),
        };
    }
    let unknown = (tokens.unknown > 0).then(|| {
        let share = 100.0 * tokens.unknown as f64 / tokens.pieces.len().max(1) as f64;
        warn(trf(
            "{0} not in the vocabulary ({1} %)",
            &[&thousands(tokens.unknown), &format!("{share:.1}")],
        ))
    });
    let left_out = (tokens.left_out > 0).then(|| {
        let bytes = thousands(tokens.left_out);
        warn(trf("the last {0} bytes are left out", &[&bytes]))
    });
    ui.label(quiet(words));
    if let Some(words) = unknown {
        let link = ui.link(words);
        let link = link.on_hover_text(tr(
            "Underlined in the text; the model does not see them. Click to go to the next one",
        ));
        if link.clicked() {
            commands.push(Command::NextUnknown);
        }
    }
    if let Some(words) = left_out {
        ui.label(words).on_hover_text(tr(
            "More pieces than a window can show; `spanscope eval` takes texts of any length",
        ));
    }
    if let Some(context) = exceeded(snapshot) {
        let words = trf("longer than the context of {0}", &[&thousands(context)]);
        ui.label(warn(words)).on_hover_text(tr(
            "The model was trained for shorter texts. Heads without a window see all of this one: what they use may lie beyond their reach, which is the context",
        ));
    }
    let at_hand = &snapshot.at_hand;
    if at_hand.len() < snapshot.done {
        let (first, last) = (at_hand.start, at_hand.end.saturating_sub(1));
        let words = trf(
            "weights available for tokens {0} to {1}",
            &[&thousands(first), &thousands(last)],
        );
        let is_recorded = snapshot.recorded.is_some();
        let hint = if is_recorded {
            tr(
                "The run was recorded with the weights of these tokens, or is larger than the memory for a text (View → Memory \
                 for a text): then those around a token that is selected are read again",
            )
        } else {
            tr(
                "The text is longer than the memory for it holds (View → Memory for a text). Select a token elsewhere, and the \
             weights around it are computed again",
            )
        };
        ui.label(quiet(words)).on_hover_text(hint);
    }
}

/// The tokens that the model was trained for, where the text has more.
fn exceeded(snapshot: &Snapshot) -> Option<usize> {
    let architecture = snapshot.model.as_ref()?.network.architecture();
    // Where no token sees itself, the empty context goes on before the text, and nothing else ends it.
    let context = architecture
        .context
        .filter(|_| architecture.nearest() == 0)?;
    (snapshot.tokens.ids.len() > context).then_some(context)
}

/// The work in progress, from right to left.
fn state(bar: &mut StatusBar<'_>, ui: &mut Ui, snapshot: &Snapshot) {
    let now = bar.now;
    let device = snapshot.model.as_ref().map(|model| model.network.device());
    let device = match device.unwrap_or_default() {
        Device::Cpu => match rayon::current_num_threads() {
            1 => tr("CPU · 1 thread").to_owned(),
            threads => trf("CPU · {0} threads", &[&threads]),
        },
        device => device.to_string(),
    };
    ui.label(quiet(device));
    let tokens = snapshot.tokens.ids.len();
    let mut idle = true;
    if snapshot.opening {
        idle = false;
        let words = match bar.document.asked.last() {
            None => tr("stopping…").to_owned(),
            Some((_, file)) => {
                let name = file.as_ref().and_then(|(path, _)| path.file_name());
                match name {
                    Some(name) => trf("opening {0}…", &[&name.to_string_lossy()]),
                    None => tr("opening…").to_owned(),
                }
            }
        };
        let known = !bar.document.asked.is_empty();
        if known && cancel(ui, tr("Stop opening the model")) {
            bar.commands.push(Command::StopOpening);
        }
        busy(ui, words);
    } else if now.reading {
        idle = false;
        let percent = 100 * snapshot.done / tokens.max(1);
        if tokens > LONG {
            if cancel(ui, tr("Stop processing")) {
                bar.commands.push(Command::StopReading);
            }
            let share = snapshot.done as f32 / tokens as f32;
            let bar = egui::ProgressBar::new(share)
                .desired_width(120.0)
                .desired_height(8.0);
            let bar = ui.add(bar);
            let name = trf("The text is read: {0} %", &[&percent]);
            bar.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, &name));
        }
        ui.label(quiet(format!("{percent} %")));
    } else if now.stopped {
        idle = false;
        if ui.small_button(tr("Resume")).clicked() {
            bar.commands.push(Command::ReadOn);
        }
        let words = trf(
            "stopped after {0} of {1} tokens",
            &[&thousands(snapshot.done), &thousands(tokens)],
        );
        ui.label(
            RichText::new(words)
                .color(ui.visuals().warn_fg_color)
                .size(QUIET),
        );
    }
    if let Some(file) = &bar.document.text_file {
        idle = false;
        let name = file
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if cancel(ui, tr("Read no text file")) {
            bar.document.text_file = None;
        }
        busy(ui, trf("reading {0}…", &[&name]));
    }
    let waiting: Vec<&str> = bar.figures.iter().filter_map(Asked::waiting).collect();
    if let Some(name) = waiting.first() {
        idle = false;
        if cancel(ui, tr("Make no figure")) {
            // The preview waits by itself.
            bar.figures.retain(|asked| asked.waiting().is_none());
        }
        busy(ui, trf("{0} waits for its numbers…", &[name]));
    }
    for (number, name) in bar.exports.running() {
        idle = false;
        if cancel(ui, &trf("Do not write {0}", &[&name])) {
            bar.exports.cancel(number);
        }
        busy(ui, trf("writing {0}…", &[&name]));
    }
    if idle {
        let words = if snapshot.busy {
            tr("computing…")
        } else {
            tr("ready")
        };
        ui.label(quiet(words));
    }
}

/// Something is done whose end is not known.
fn busy(ui: &mut Ui, words: String) {
    ui.label(quiet(words));
    ui.add(egui::Spinner::new().size(12.0));
}

fn cancel(ui: &mut Ui, what: &str) -> bool {
    let button = ui.small_button(tr("Cancel"));
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, what));
    button.on_hover_text(what).clicked()
}
