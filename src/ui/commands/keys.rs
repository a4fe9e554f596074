//! Which commands the keys ask for.

use super::command::Command;
use crate::engine::figures::FigureKind;
use crate::ui::export::figures::Way;
use crate::ui::views::Pane;
use eframe::egui::{self, Modifiers};

/// The holders of the keyboard besides the commands.
#[derive(Debug, Clone, Copy)]
pub struct Keyboard {
    /// A dialog, the palette or the sheet of keys is open.
    pub modal: bool,
    /// The place where the model's text is typed.
    pub text: egui::Id,
}

/// Commands that work over an open dialog.
const OVER_DIALOGS: [Command; 6] = [
    Command::Palette,
    Command::Help,
    Command::Quit,
    Command::ZoomIn,
    Command::ZoomOut,
    Command::ZoomReset,
];

/// Commands that work whatever has the focus. The longer combination first: Ctrl+O must not take Ctrl+Shift+O.
const ANYWHERE: [Command; 9] = [
    Command::OpenText,
    Command::OpenModel,
    Command::Export(FigureKind::Attention, Way::Save),
    Command::ExportView,
    Command::EditText,
    Command::SelectLayer,
    Command::FullScreen,
    Command::StopReading,
    Command::ModelFacts,
];

/// Commands whose keys would edit a text that has the focus.
const BESIDE_TEXT: [Command; 1] = [Command::SelectAll];

/// Commands whose keys belong to whatever has the focus.
const BESIDE_FOCUS: [Command; 5] = [
    Command::Move {
        layers: -1,
        heads: 0,
    },
    Command::Move {
        layers: 1,
        heads: 0,
    },
    Command::Move {
        layers: 0,
        heads: -1,
    },
    Command::Move {
        layers: 0,
        heads: 1,
    },
    Command::ClearSelection,
];

/// The commands whose keys were pressed.
pub fn pressed(ctx: &egui::Context, keyboard: Keyboard) -> Vec<Command> {
    let focus = ctx.memory(|memory| memory.focused());
    let in_text = ctx.text_edit_focused();
    // An open menu has the keys as well: Escape closes it, and nothing behind it.
    let busy = focus.is_some() || egui::Popup::is_any_open(ctx);
    ctx.input_mut(|input| {
        let mut commands = Vec::new();
        let mut take = |command: &Command, plain: bool| {
            for shortcut in command.shortcuts() {
                // A key alone would be typed.
                let typed = shortcut.modifiers == Modifiers::NONE && !is_function(shortcut);
                if (plain || !typed) && input.consume_shortcut(&shortcut) {
                    commands.push(command.clone());
                    return;
                }
            }
        };
        for command in &OVER_DIALOGS {
            take(command, !busy && !keyboard.modal);
        }
        if keyboard.modal {
            return commands;
        }
        for command in &ANYWHERE {
            take(command, true);
        }
        for pane in Pane::ALL {
            take(&Command::ShowView(pane), true);
        }
        // The text's history is the window's; any other field has its own.
        if !in_text {
            take(&Command::Redo, true);
            take(&Command::Undo, true);
        }
        if !in_text && focus != Some(keyboard.text) {
            BESIDE_TEXT.iter().for_each(|command| take(command, true));
        }
        if !busy {
            BESIDE_FOCUS.iter().for_each(|command| take(command, true));
        }
        commands
    })
}

/// True if the key is one that types nothing in any field.
fn is_function(shortcut: egui::KeyboardShortcut) -> bool {
    use egui::Key;
    matches!(shortcut.logical_key, Key::F1 | Key::F11)
}
