//! Every action of the window: its name, its shortcut, when it can be done.

use crate::engine::{ContinuationRequest, Sample};
use eframe::egui::{self, Key, KeyboardShortcut, Modifiers};
use std::ops::Range;
use std::path::PathBuf;

/// Something that a menu, a key or a view asks the window to do.
#[derive(Debug, Clone)]
pub enum Command {
    /// Ask for a checkpoint.
    OpenModel,
    /// Open this checkpoint.
    OpenRecent(PathBuf),
    /// Open a bundled model with its text.
    OpenSample(&'static Sample),
    /// Ask for a text.
    OpenText,
    /// Ask for the file that gives the model's vocabulary.
    OpenVocabulary,
    /// Open the model again with another ramp.
    SetRamp(usize),
    /// Bring back the text that another one replaced.
    RestoreText,
    /// Put a text in at this byte of the text.
    Insert {
        /// The byte before which it stands.
        at: usize,
        /// What to put in.
        text: String,
    },
    /// Put a text in the place of a part of the text.
    Replace {
        /// The bytes that go.
        range: Range<usize>,
        /// What takes their place.
        text: String,
    },
    /// Write on after the selected token, or after the last one.
    Continue(ContinuationRequest),
    /// Stop writing on.
    StopContinuing,
    /// Set a head's span by hand, or back to what was trained.
    SetSpan {
        /// Layer and head, from 0.
        head: (usize, usize),
        /// z in tokens.
        span: Option<f32>,
    },
    /// Let a head contribute nothing, or let it speak again.
    Silence {
        /// Layer and head, from 0.
        head: (usize, usize),
        /// Whether it contributes nothing.
        silenced: bool,
    },
    /// Take back everything that was changed in the model by hand.
    ClearEdits,
    /// Ask where to write the span chart.
    ExportSpans,
    /// Ask where to write the attention heatmap.
    ExportAttention,
    /// Select the head `layers` and `heads` away from the selected one.
    Move {
        /// Layers down.
        layers: isize,
        /// Heads to the right.
        heads: isize,
    },
    /// Select no token, so that the views follow the end of the text.
    ClearSelection,
    /// Put the tiles back where they were.
    ResetLayout,
    /// Show or hide the facts about the model.
    ModelFacts,
    /// Show or hide the list of keys.
    Help,
    /// Close the window.
    Quit,
}

impl Command {
    /// The name, for menus.
    pub fn name(&self) -> String {
        match self {
            Self::OpenModel => "Open model…".into(),
            Self::OpenRecent(path) => path.display().to_string(),
            Self::OpenSample(sample) => sample.name.into(),
            Self::OpenText => "Open text…".into(),
            Self::OpenVocabulary => "Choose vocabulary…".into(),
            Self::SetRamp(ramp) => format!("Ramp {ramp}"),
            Self::RestoreText => "Bring back the earlier text".into(),
            Self::Insert { .. } => "Insert text".into(),
            Self::Replace { .. } => "Replace text".into(),
            Self::Continue(_) => "Continue the text".into(),
            Self::StopContinuing => "Stop continuing".into(),
            Self::SetSpan { .. } => "Set span".into(),
            Self::Silence { .. } => "Silence head".into(),
            Self::ClearEdits => "Clear model edits".into(),
            Self::ExportSpans => "Export span chart…".into(),
            Self::ExportAttention => "Export attention…".into(),
            Self::Move { .. } => "Move between heads".into(),
            Self::ClearSelection => "Clear selection".into(),
            Self::ResetLayout => "Reset layout".into(),
            Self::ModelFacts => "About this model".into(),
            Self::Help => "Keys".into(),
            Self::Quit => "Quit".into(),
        }
    }

    /// The key, if it has one.
    pub fn shortcut(&self) -> Option<KeyboardShortcut> {
        let (modifiers, key) = match self {
            Self::OpenModel => (Modifiers::COMMAND, Key::O),
            Self::OpenText => (Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::O),
            Self::ExportSpans => (Modifiers::COMMAND, Key::S),
            Self::ExportAttention => (Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::S),
            Self::ModelFacts => (Modifiers::COMMAND, Key::I),
            Self::Help => (Modifiers::NONE, Key::F1),
            Self::Quit => (Modifiers::COMMAND, Key::Q),
            Self::ClearSelection => (Modifiers::NONE, Key::Escape),
            _ => return None,
        };
        Some(KeyboardShortcut::new(modifiers, key))
    }
}

/// Keys that work whatever has the focus. The longer combination first: Ctrl+O must not take Ctrl+Shift+O.
const ANYWHERE: [Command; 7] = [
    Command::OpenText,
    Command::OpenModel,
    Command::ExportAttention,
    Command::ExportSpans,
    Command::ModelFacts,
    Command::Help,
    Command::Quit,
];

/// Keys that would edit a text while one has the focus.
const ELSEWHERE: [(Key, Command); 7] = [
    (
        Key::ArrowUp,
        Command::Move {
            layers: -1,
            heads: 0,
        },
    ),
    (
        Key::ArrowDown,
        Command::Move {
            layers: 1,
            heads: 0,
        },
    ),
    (
        Key::ArrowLeft,
        Command::Move {
            layers: 0,
            heads: -1,
        },
    ),
    (
        Key::ArrowRight,
        Command::Move {
            layers: 0,
            heads: 1,
        },
    ),
    (
        Key::OpenBracket,
        Command::Move {
            layers: -1,
            heads: 0,
        },
    ),
    (
        Key::CloseBracket,
        Command::Move {
            layers: 1,
            heads: 0,
        },
    ),
    (Key::Escape, Command::ClearSelection),
];

/// The commands whose keys were pressed.
pub fn pressed(ctx: &egui::Context) -> Vec<Command> {
    // An open menu has the keys as well: Escape closes it, and nothing behind it.
    let typing = ctx.egui_wants_keyboard_input() || egui::Popup::is_any_open(ctx);
    ctx.input_mut(|input| {
        let mut commands: Vec<Command> = ANYWHERE
            .iter()
            .filter(|command| {
                command
                    .shortcut()
                    .is_some_and(|shortcut| input.consume_shortcut(&shortcut))
            })
            .cloned()
            .collect();
        if !typing {
            for (key, command) in &ELSEWHERE {
                if input.consume_key(Modifiers::NONE, *key) {
                    commands.push(command.clone());
                }
            }
        }
        commands
    })
}

/// A menu entry for `command`, with its key.
pub fn menu_item(ui: &mut egui::Ui, command: Command, out: &mut Vec<Command>) {
    let mut button = egui::Button::new(command.name());
    if let Some(shortcut) = command.shortcut() {
        button = button.shortcut_text(ui.ctx().format_shortcut(&shortcut));
    }
    if ui.add(button).clicked() {
        ui.close();
        out.push(command);
    }
}
