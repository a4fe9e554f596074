//! The menu bar, the status bar and the sheet of keys.

use super::app::App;
use super::command::{Command, menu_item};
use super::settings::ThemeChoice;
use super::theme::{quiet, strong};
use crate::chart::thousands;
use crate::engine::SAMPLES;
use crate::model::Device;
use eframe::egui::{self, Ui};

/// The menu bar, with the open model at its right end.
pub fn menu(app: &mut App, ui: &mut Ui) {
    egui::Panel::top("menu").show(ui, |ui| {
        egui::MenuBar::new().ui(ui, |ui| {
            ui.menu_button("File", |ui| file_menu(app, ui));
            ui.menu_button("View", |ui| {
                for (choice, name) in [
                    (ThemeChoice::System, "As the desktop"),
                    (ThemeChoice::Dark, "Dark"),
                    (ThemeChoice::Light, "Light"),
                ] {
                    if ui.radio(app.settings.theme == choice, name).clicked() {
                        app.set_theme(ui.ctx(), choice);
                        ui.close();
                    }
                }
                ui.separator();
                ui.menu_button("Memory for a text", |ui| memory_menu(app, ui));
                ui.separator();
                menu_item(ui, Command::ResetLayout, &mut app.commands);
                menu_item(ui, Command::ClearSelection, &mut app.commands);
            });
            ui.menu_button("Export", |ui| {
                menu_item(ui, Command::ExportSpans, &mut app.commands);
                menu_item(ui, Command::ExportAttention, &mut app.commands);
            });
            ui.menu_button("Help", |ui| {
                menu_item(ui, Command::Help, &mut app.commands);
                menu_item(ui, Command::ModelFacts, &mut app.commands);
                ui.separator();
                ui.label(quiet(format!("spanscope {}", env!("CARGO_PKG_VERSION"))));
            });
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                model_button(app, ui)
            });
        });
    });
}

/// How much of the memory the run over a text may take.
fn memory_menu(app: &mut App, ui: &mut Ui) {
    let now = app.settings.memory_bytes() / 1_000_000;
    for mb in [250, 500, 1000, 2000, 4000, 8000, 16000] {
        let words = match mb {
            0..1000 => format!("{mb} MB"),
            _ => format!("{} GB", mb / 1000),
        };
        if ui.radio(now == mb, words).clicked() {
            app.set_memory(mb);
            ui.close();
        }
    }
    ui.label(quiet(
        "A longer text is read to its end all the same; weights are then\nat hand around the selected token.",
    ));
}

fn file_menu(app: &mut App, ui: &mut Ui) {
    menu_item(ui, Command::OpenModel, &mut app.commands);
    ui.menu_button("Recent", |ui| {
        if app.settings.recent.is_empty() {
            ui.label(quiet("nothing yet"));
        }
        for path in app.settings.recent.clone() {
            menu_item(ui, Command::OpenRecent(path), &mut app.commands);
        }
    });
    ui.menu_button("Sample models", |ui| {
        for sample in &SAMPLES {
            menu_item(ui, Command::OpenSample(sample), &mut app.commands);
        }
    });
    ui.separator();
    menu_item(ui, Command::OpenText, &mut app.commands);
    ui.add_enabled_ui(app.editor.can_restore(), |ui| {
        menu_item(ui, Command::RestoreText, &mut app.commands);
    });
    menu_item(ui, Command::OpenVocabulary, &mut app.commands);
    ui.separator();
    menu_item(ui, Command::Quit, &mut app.commands);
}

fn model_button(app: &mut App, ui: &mut Ui) {
    let Some(model) = &app.snapshot.model else {
        return;
    };
    let config = model.network.config();
    let name = model.file_name();
    let parameters = model.network.parameters() as f64;
    let size = if parameters < 1e6 {
        format!("{:.0}K", parameters / 1e3)
    } else if parameters < 1e7 {
        format!("{:.1}M", parameters / 1e6)
    } else {
        format!("{:.0}M", parameters / 1e6)
    };
    let text = format!(
        "{name} · {} layers × {} heads · {size}",
        config.nb_layers, config.nb_heads
    );
    let button = egui::Button::new(text).frame_when_inactive(false);
    let note = if model.assumed.is_empty() {
        "What was read, inferred and assumed".to_owned()
    } else {
        format!("Assumed: {}", model.assumed.join("; "))
    };
    let questions = model.has_questions();
    if ui.add(button).on_hover_text(note).clicked() {
        app.commands.push(Command::ModelFacts);
    }
    if questions {
        let words = egui::RichText::new("⚠ assumptions")
            .color(ui.visuals().warn_fg_color)
            .size(12.0);
        let button = egui::Button::new(words).frame_when_inactive(false);
        if ui
            .add(button)
            .on_hover_text("What the file does not say, and where to set it")
            .clicked()
        {
            app.commands.push(Command::ModelFacts);
        }
    }
}

/// The status bar: what is known of the text, and whether there is work going on.
pub fn status(app: &mut App, ui: &mut Ui) {
    let snapshot = std::sync::Arc::clone(&app.snapshot);
    egui::Panel::bottom("status").show(ui, |ui| {
        ui.horizontal(|ui| {
            let tokens = &snapshot.tokens;
            let mut words = format!("{} tokens", thousands(tokens.ids.len()));
            if let Some(bits) = snapshot.bits_per_token {
                let unit = snapshot
                    .model
                    .as_ref()
                    .and_then(|model| model.vocabulary.as_ref());
                let unit = match unit.map(crate::text::Vocabulary::unit) {
                    Some(crate::text::Unit::Byte | crate::text::Unit::Char) => "bits/char",
                    _ => "bits/token",
                };
                words += &format!(" · {bits:.3} {unit}");
            }
            if let Some(milliseconds) = snapshot.milliseconds {
                words += &match milliseconds {
                    0.0..10_000.0 => format!(" · {milliseconds:.0} ms"),
                    _ => format!(" · {:.1} s", milliseconds / 1e3),
                };
            }
            ui.label(quiet(words));
            if tokens.unknown > 0 {
                let words = format!("{} not in the vocabulary", thousands(tokens.unknown));
                ui.label(
                    egui::RichText::new(words)
                        .color(ui.visuals().warn_fg_color)
                        .size(12.0),
                )
                .on_hover_text("Underlined in the text; the model does not see them");
            }
            if tokens.left_out > 0 {
                let words = format!(
                    "the last {} bytes are left out",
                    thousands(tokens.left_out)
                );
                ui.label(
                    egui::RichText::new(words)
                        .color(ui.visuals().warn_fg_color)
                        .size(12.0),
                )
                .on_hover_text("More pieces than a window can show; `spanscope eval` takes texts of any length");
            }
            let at_hand = &snapshot.at_hand;
            if at_hand.len() < snapshot.done {
                let words = format!(
                    "weights at hand for tokens {} to {}",
                    thousands(at_hand.start),
                    thousands(at_hand.end.saturating_sub(1))
                );
                ui.label(quiet(words)).on_hover_text(
                    "The text is longer than the memory for it holds (View → Memory for a text). Select a token elsewhere, \
                     and the weights around it are computed again",
                );
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let device = snapshot.model.as_ref().map(|model| model.network.device());
                let device = match device.unwrap_or_default() {
                    Device::Cpu => format!("CPU · {} threads", rayon::current_num_threads()),
                    device => device.to_string(),
                };
                let state = if snapshot.opening {
                    "opening…".to_owned()
                } else if snapshot.busy && !tokens.ids.is_empty() {
                    format!("{} %", 100 * snapshot.done / tokens.ids.len())
                } else {
                    "ready".into()
                };
                ui.label(quiet(format!("{device} · {state}")));
                if snapshot.busy && tokens.ids.len() > 2000 {
                    let share = snapshot.done as f32 / tokens.ids.len() as f32;
                    ui.add(
                        egui::ProgressBar::new(share)
                            .desired_width(120.0)
                            .desired_height(8.0),
                    );
                }
            });
        });
    });
}

/// The sheet of keys.
pub fn help(app: &mut App, ctx: &egui::Context) {
    if !app.help {
        return;
    }
    let mut open = true;
    egui::Window::new("Keys")
        .open(&mut open)
        .collapsible(false)
        .resizable(false)
        .anchor(egui::Align2::CENTER_CENTER, egui::Vec2::ZERO)
        .show(ctx, |ui| {
            egui::Grid::new("keys")
                .num_columns(2)
                .spacing([24.0, 4.0])
                .striped(true)
                .show(ui, |ui| {
                    let mut row = |key: String, what: &str| {
                        ui.label(strong(key));
                        ui.label(what);
                        ui.end_row();
                    };
                    for command in [
                        Command::OpenModel,
                        Command::OpenText,
                        Command::ExportSpans,
                        Command::ExportAttention,
                        Command::ModelFacts,
                        Command::Help,
                        Command::Quit,
                    ] {
                        if let Some(shortcut) = command.shortcut() {
                            row(ctx.format_shortcut(&shortcut), &command.name());
                        }
                    }
                    row("← →".into(), "Previous or next head of the layer");
                    row("↑ ↓ or [ ]".into(), "Previous or next layer");
                    row("Esc".into(), "Clear the selection and close notes");
                    row("Drag, Ctrl+wheel".into(), "Move and zoom a plot");
                    row("Double click".into(), "Back to where a plot began");
                });
            ui.add_space(4.0);
            ui.label(quiet(
                "Files can be dropped on the window: checkpoints, and texts ending in .txt.",
            ));
        });
    app.help = open;
}
