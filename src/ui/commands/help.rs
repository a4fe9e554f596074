//! The sheet of keys and gestures.

use super::command::{Command, SECTIONS, key_text};
use crate::ui::language::tr;
use crate::ui::theme::{dialog_frame, quiet, strong};
use crate::ui::views::Pane;
use eframe::egui::{self, Modifiers, Ui};

/// The sheet.
#[derive(Debug, Default)]
pub struct Help {
    open: bool,
}

/// Width of one of its columns, in points.
const COLUMN: f32 = 400.0;

/// Width of the keys in a column, in points.
const KEYS: f32 = 136.0;

impl Help {
    /// True if it is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Opens or closes it.
    pub fn toggle(&mut self) {
        self.open = !self.open;
    }

    /// Closes it.
    pub fn close(&mut self) {
        self.open = false;
    }

    /// Draws it over everything else, if it is open.
    pub fn show(&mut self, ctx: &egui::Context) {
        if !self.open {
            return;
        }
        let room = ctx.content_rect().size();
        let width = (room.x - 60.0).clamp(200.0, 2.0 * COLUMN + 24.0);
        let modal = egui::Modal::new(egui::Id::unique("help"))
            .frame(dialog_frame(ctx))
            .show(ctx, |ui| {
                ui.set_width(width);
                // At first it stands where its corner alone is in the middle, with half of the room below it.
                ui.set_max_height(room.y - 60.0);
                ui.horizontal(|ui| {
                    ui.heading(tr("Keys and gestures"));
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        if ui.button(tr("Close")).clicked() {
                            ui.close();
                        }
                    });
                });
                ui.add_space(4.0);
                egui::ScrollArea::vertical()
                    .max_height((room.y - 150.0).max(80.0))
                    .auto_shrink([false, true])
                    .show(ui, |ui| {
                        if width >= 2.0 * COLUMN {
                            ui.horizontal_top(|ui| {
                                ui.spacing_mut().item_spacing.x = 20.0;
                                column(ui, left);
                                column(ui, right);
                            });
                        } else {
                            left(ui);
                            right(ui);
                        }
                    });
                ui.add_space(4.0);
                ui.label(quiet(match crate::ui::display::takes_drops() {
                    true => tr(
                        "Files can be dropped on the window: models, their folders, and texts.",
                    ),
                    false => tr(
                        "On Wayland no files can be dropped on the window: open them from the File menu.",
                    ),
                }));
            });
        if modal.should_close() {
            self.open = false;
        }
    }
}

fn column(ui: &mut Ui, contents: fn(&mut Ui)) {
    ui.vertical(|ui| {
        ui.set_width(COLUMN - 10.0);
        contents(ui);
    });
}

fn left(ui: &mut Ui) {
    let [file, edit, selection, export, help, _] = &SECTIONS;
    for (name, commands) in [file, edit, export, help] {
        commands_of(ui, section_name(name), commands);
    }
    let (name, commands) = selection;
    let moves = [(0, -1), (0, 1), (-1, 0), (1, 0)];
    let moves = moves.map(|(layers, heads)| Command::Move { layers, heads });
    let all: Vec<Command> = moves.into_iter().chain(commands.iter().cloned()).collect();
    commands_of(ui, section_name(name), &all);
}

fn right(ui: &mut Ui) {
    let [.., (name, commands)] = &SECTIONS;
    let mut rows = rows_of(ui, commands);
    let numbered = Pane::in_menus().into_iter();
    let mut keys = numbered.filter_map(|view| Command::ShowView(view).shortcut());
    let ends = [keys.next(), keys.next_back()].into_iter().flatten();
    let ends: Vec<String> = ends.map(|key| key_text(ui.ctx(), &key)).collect();
    rows.push((
        ends.join(" … "),
        tr("A view, in the order of the View menu").to_owned(),
    ));
    section(ui, section_name(name), &rows);
    mouse(ui);
}

fn mouse(ui: &mut Ui) {
    let click = |ui: &Ui, modifiers: Modifiers| {
        let names = egui::ModifierNames::NAMES;
        let mac = ui.ctx().os().is_mac();
        let key = names.format(&modifiers, mac);
        format!("{key} + {}", tr("click"))
    };
    let arrows = |ui: &Ui| {
        let names = egui::ModifierNames::NAMES;
        let key = names.format(&Modifiers::COMMAND, ui.ctx().os().is_mac());
        format!("{key} + ← →")
    };
    let gestures = [
        (
            tr("Click").to_owned(),
            tr("Select a head, a token or a vector; click a token again to deselect it"),
        ),
        (
            click(ui, Modifiers::COMMAND),
            tr("Add a head or a token, or take it out"),
        ),
        (
            click(ui, Modifiers::SHIFT),
            tr("All from the one selected to this one"),
        ),
        (
            tr("Arrows after a click").to_owned(),
            tr(
                "In the text: the caret, with Shift a range. In the map: move it. Esc gives the arrows back to heads",
            ),
        ),
        (arrows(ui), tr("In the text: by tokens or words")),
        (
            tr("Drag over the text").to_owned(),
            tr("Select a range of the text"),
        ),
        (tr("Drag a plot").to_owned(), tr("Move it")),
        (
            tr("Ctrl + wheel, pinch").to_owned(),
            tr("Zoom a plot at the pointer"),
        ),
        (
            tr("Double click").to_owned(),
            tr("Reset a plot; in the text, select a word"),
        ),
        (
            tr("Drag a tab").to_owned(),
            tr("Move a view, beside or behind others"),
        ),
        (tr("Middle click").to_owned(), tr("Close a view by its tab")),
    ];
    section(ui, tr("Mouse"), &gestures);
}

/// The section's name in the language of the window.
pub fn section_name(section: &str) -> &'static str {
    match section {
        "File" => tr("File"),
        "Edit" => tr("Edit"),
        "Selection" => tr("Selection"),
        "Export" => tr("Export"),
        "Help" => tr("Help"),
        _ => tr("View"),
    }
}

/// Keys and names of the commands that have a key.
fn rows_of(ui: &Ui, commands: &[Command]) -> Vec<(String, String)> {
    let keys = |command: &Command| {
        let shortcuts = command.shortcuts();
        let keys: Vec<String> = shortcuts.map(|key| key_text(ui.ctx(), &key)).collect();
        keys.join(", ")
    };
    let rows = commands
        .iter()
        .map(|command| (keys(command), command.name()));
    rows.filter(|(keys, _)| !keys.is_empty()).collect()
}

fn commands_of(ui: &mut Ui, name: &str, commands: &[Command]) {
    let rows = rows_of(ui, commands);
    section(ui, name, &rows);
}

fn section(ui: &mut Ui, name: &str, rows: &[(String, impl AsRef<str>)]) {
    // Scripts that have no semi-bold letters here stand out by their colour.
    ui.label(strong(name).color(ui.visuals().strong_text_color()));
    ui.add_space(-2.0);
    egui::Grid::new(name)
        .num_columns(2)
        .spacing([12.0, 3.0])
        .min_col_width(KEYS)
        .striped(true)
        .show(ui, |ui| {
            for (keys, what) in rows {
                ui.label(strong(keys));
                let width = COLUMN - KEYS - 26.0;
                ui.scope(|ui| {
                    ui.set_max_width(width);
                    ui.set_min_width(width);
                    ui.add(egui::Label::new(what.as_ref()).wrap());
                });
                ui.end_row();
            }
        });
    ui.add_space(8.0);
}
