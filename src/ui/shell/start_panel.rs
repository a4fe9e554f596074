//! What stands in the window when no model is open: the ways to open one.

use crate::engine::SAMPLES;
use crate::ui::commands::command::{Command, Now, key_text};
use crate::ui::display;
use crate::ui::language::tr;
use crate::ui::theme::{quiet, strong};
use eframe::egui::{self, Ui};
use std::path::PathBuf;

/// Width of the panel, in points.
const WIDTH: f32 = 420.0;

/// Recent files that are offered.
const RECENT: usize = 6;

/// Draws the panel.
pub fn show(ui: &mut Ui, now: &Now, recent: &[PathBuf], commands: &mut Vec<Command>) {
    let area = ui.available_rect_before_wrap();
    egui::ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            let width = WIDTH.min(ui.available_width() - 24.0).max(120.0);
            let side = (ui.available_width() - width) / 2.0;
            ui.add_space((area.height() * 0.14).min(120.0));
            ui.horizontal_top(|ui| {
                ui.add_space(side);
                ui.vertical(|ui| {
                    ui.set_width(width);
                    contents(ui, now, recent, commands);
                });
            });
        });
}

fn contents(ui: &mut Ui, now: &Now, recent: &[PathBuf], commands: &mut Vec<Command>) {
    ui.heading(tr("No model is open"));
    ui.label(quiet(match display::takes_drops() {
        true => tr("Open one here, or drop a file or a folder on the window."),
        false => tr("Open one here."),
    }));
    ui.add_space(8.0);
    for command in [Command::OpenModel, Command::OpenRun] {
        entry(ui, now, command, commands);
    }
    section(ui, tr("Sample models"));
    for sample in &SAMPLES {
        entry(ui, now, Command::OpenSample(sample), commands);
    }
    if recent.is_empty() {
        return;
    }
    section(ui, tr("Recent files"));
    for path in recent.iter().take(RECENT) {
        entry(ui, now, Command::OpenRecent(path.clone()), commands);
    }
}

fn section(ui: &mut Ui, name: &str) {
    ui.add_space(10.0);
    ui.label(strong(name));
}

/// A command over the whole width, with its key.
fn entry(ui: &mut Ui, now: &Now, command: Command, commands: &mut Vec<Command>) {
    let mut button = egui::Button::new(command.name())
        .wrap_mode(egui::TextWrapMode::Truncate)
        .min_size(egui::vec2(ui.available_width(), 0.0));
    if let Some(shortcut) = command.shortcut() {
        button = button.shortcut_text(key_text(ui.ctx(), &shortcut));
    }
    let layout = egui::Layout::top_down_justified(egui::Align::Min);
    let possible = command.possible(now);
    let response = ui
        .with_layout(layout, |ui| ui.add_enabled(possible, button))
        .inner;
    if response.on_hover_text(command.explanation()).clicked() {
        commands.push(command);
    }
}
