//! Every action of the window: its name, what it does, its key, and when it can be done. Menus, keys, the palette and the
//! sheet of keys all take from here.

pub use super::now::Now;
use crate::engine::figures::FigureKind;
use crate::engine::{Combine, GenerationRequest, Sample};
use crate::model::{FirstTokens, HeadId, NeuronId, WhatIf};
use crate::ui::export::figures::Way;
use crate::ui::language::Language;
use crate::ui::session::earlier::EarlierSession;
use crate::ui::session::settings::ThemeChoice;
use crate::ui::views::Pane;
use eframe::egui::{self, Key, KeyboardShortcut, Modifiers};
use std::ops::Range;
use std::path::PathBuf;

/// Something that a menu, a key or a view asks the window to do. Layers and heads count from 0.
#[derive(Debug, Clone)]
pub enum Command {
    /// Ask for a checkpoint.
    OpenModel,
    /// Ask for the folder of a training run.
    OpenRun,
    /// Follow the training run that is open, or do so no more.
    FollowRun,
    /// Open this checkpoint.
    OpenRecent(PathBuf),
    /// Open the session of a window that was closed, in the place of the present one.
    OpenEarlier(EarlierSession),
    /// Open a bundled model with its text.
    OpenSample(&'static Sample),
    /// Show another text of a recorded run.
    ShowRecorded {
        /// Which, from 0.
        index: usize,
        /// Its name.
        name: String,
    },
    /// Show the text of a recorded run that is so many places further on.
    StepRecorded(isize),
    /// Ask for a text.
    OpenText,
    /// Ask for a file of places that show what heads do.
    OpenExamples,
    /// Show a place of that file in its text.
    ShowPlace {
        /// The text, by its number in the file.
        text: usize,
        /// The token.
        token: usize,
    },
    /// Put random tokens, twice, in the place of the text.
    RepeatedText,
    /// Put the words of the text in random order.
    ShuffledText,
    /// Ask for the file that gives the model's vocabulary.
    OpenVocabulary,
    /// Open the model again with another ramp.
    SetRamp(crate::model::Ramp),
    /// Take back the last change of the text or of the model.
    Undo,
    /// Do again what was taken back.
    Redo,
    /// Show the text, and put the caret into it.
    EditText,
    /// Close a text that is too long to be typed in: the one before it comes back.
    CloseText,
    /// Ask where to write the view that was last used.
    ExportView,
    /// Write a figure to a file that is asked for, or copy it.
    Export(FigureKind, Way),
    /// Choose how exported figures look.
    FigureOptions,
    /// Choose what a page for a browser holds of the run, and write it.
    ExportPage,
    /// Select the head `layers` and `heads` away from the selected one.
    Move {
        /// Layers down.
        layers: isize,
        /// Heads to the right.
        heads: isize,
    },
    /// Select one head.
    SelectHead(HeadId),
    /// Select all heads of the leading head's layer.
    SelectLayer,
    /// Go to the next part of the text that is not in the vocabulary.
    NextUnknown,
    /// Select all heads.
    SelectAll,
    /// Select no token, so that the views follow the end of the text.
    ClearSelection,
    /// Put several heads together so from now on.
    SetCombine(Combine),
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
    Continue(GenerationRequest),
    /// Stop writing on.
    StopContinuing,
    /// Set a head's span by hand, or back to what was trained.
    SetSpan {
        /// Layer and head.
        head: HeadId,
        /// z in tokens.
        span: Option<f32>,
    },
    /// Let a head contribute nothing, or restore it.
    Ablate {
        /// Layer and head.
        head: HeadId,
        /// True if it contributes nothing.
        ablated: bool,
    },
    /// Let a neuron of a feed-forward sublayer contribute nothing, or restore it.
    AblateNeuron {
        /// The neuron.
        id: NeuronId,
        /// True if it contributes nothing.
        ablated: bool,
    },
    /// Change windows, soft masks, first tokens, heads and sublayers by hand, beside what is changed already.
    Change(Box<WhatIf>),
    /// Say what becomes of the first tokens.
    FirstTokens(Option<FirstTokens>),
    /// Set z of all selected heads, in tokens.
    SpanOfSelected(f32),
    /// Silence the selected heads.
    AblateSelected,
    /// Leave the selected heads as they were trained.
    RestoreSelected,
    /// Leave every head as it was trained.
    ClearEdits,
    /// Ablate every head in turn, and rank them by what that costs.
    AblateEach,
    /// Bring a view to the front; open it if it is closed.
    ShowView(Pane),
    /// Close a view, or open it.
    ToggleView(Pane),
    /// Put the tiles back where they were, all views among them.
    ResetLayout,
    /// Light, dark, or as the desktop.
    SetTheme(ThemeChoice),
    /// The language of the window.
    SetLanguage(Language),
    /// What a text may take of the memory, in MB.
    SetMemory(usize),
    /// Take special tokens that are spelled in the text for tokens, or for text like any other.
    TakeSpecialTokens(bool),
    /// Make everything larger.
    ZoomIn,
    /// Make everything smaller.
    ZoomOut,
    /// Back to the usual size.
    ZoomReset,
    /// The whole screen, or a window again.
    FullScreen,
    /// Stop the run over the text where it is.
    StopReading,
    /// Go on with a run that was stopped.
    ReadOn,
    /// Open no model after all.
    StopOpening,
    /// Show or hide the facts about the model.
    ModelFacts,
    /// Search everything that can be done.
    Palette,
    /// Show or hide the sheet of keys and gestures.
    Help,
    /// Begin the walk over the window.
    Tour,
    /// Show what program this is.
    About,
    /// Close the window.
    Quit,
}

const NUMBERS: [Key; 9] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
];

/// Commands that need no object, by sections, as the sheet of keys and the palette list them. Sections are named in
/// English.
pub const SECTIONS: [(&str, &[Command]); 6] = [
    (
        "File",
        &[
            Command::OpenModel,
            Command::OpenRun,
            Command::FollowRun,
            Command::OpenText,
            Command::OpenExamples,
            Command::RepeatedText,
            Command::ShuffledText,
            Command::OpenVocabulary,
            Command::Quit,
        ],
    ),
    (
        "Edit",
        &[
            Command::Undo,
            Command::Redo,
            Command::EditText,
            Command::AblateSelected,
            Command::RestoreSelected,
            Command::ClearEdits,
            Command::AblateEach,
            Command::StopReading,
            Command::ReadOn,
            Command::StopOpening,
        ],
    ),
    (
        "Selection",
        &[
            Command::SelectLayer,
            Command::NextUnknown,
            Command::SelectAll,
            Command::ClearSelection,
            Command::SetCombine(Combine::Mean),
            Command::SetCombine(Combine::Max),
        ],
    ),
    (
        "Export",
        &[
            Command::ExportView,
            Command::Export(FigureKind::Attention, Way::Save),
            Command::FigureOptions,
            Command::ExportPage,
        ],
    ),
    (
        "Help",
        &[
            Command::Help,
            Command::ModelFacts,
            Command::Tour,
            Command::About,
        ],
    ),
    (
        "View",
        &[
            Command::Palette,
            Command::StepRecorded(1),
            Command::StepRecorded(-1),
            Command::ResetLayout,
            Command::ZoomIn,
            Command::ZoomOut,
            Command::ZoomReset,
            Command::FullScreen,
        ],
    ),
];

impl Command {
    /// The key that menus show, if it has one.
    pub fn shortcut(&self) -> Option<KeyboardShortcut> {
        self.shortcuts().next()
    }

    /// All its keys, the usual one first.
    pub fn shortcuts(&self) -> impl Iterator<Item = KeyboardShortcut> {
        const NONE: Modifiers = Modifiers::NONE;
        const CTRL: Modifiers = Modifiers::COMMAND;
        const BOTH: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);
        let numbered = |pane: Pane| NUMBERS.get(usize::from(pane.key()?).checked_sub(1)?);
        let keys: [Option<(Modifiers, Key)>; 2] = match *self {
            Self::OpenModel => [Some((CTRL, Key::O)), None],
            Self::OpenText => [Some((BOTH, Key::O)), None],
            Self::ExportView => [Some((CTRL, Key::S)), None],
            Self::Export(FigureKind::Attention, Way::Save) => [Some((BOTH, Key::S)), None],
            Self::Undo => [Some((CTRL, Key::Z)), None],
            Self::Redo => [Some((BOTH, Key::Z)), Some((CTRL, Key::Y))],
            Self::EditText => [Some((CTRL, Key::E)), None],
            Self::Move { layers: -1, .. } => {
                [Some((NONE, Key::ArrowUp)), Some((NONE, Key::OpenBracket))]
            }
            Self::Move { layers: 1, .. } => [
                Some((NONE, Key::ArrowDown)),
                Some((NONE, Key::CloseBracket)),
            ],
            Self::Move { heads: -1, .. } => [Some((NONE, Key::ArrowLeft)), None],
            Self::Move { heads: 1, .. } => [Some((NONE, Key::ArrowRight)), None],
            Self::SelectLayer => [Some((CTRL, Key::L)), None],
            Self::SelectAll => [Some((CTRL, Key::A)), None],
            Self::ClearSelection => [Some((NONE, Key::Escape)), None],
            Self::ShowView(pane) => [numbered(pane).map(|key| (CTRL, *key)), None],
            Self::ZoomIn => [Some((CTRL, Key::Plus)), Some((CTRL, Key::Equals))],
            Self::ZoomOut => [Some((CTRL, Key::Minus)), None],
            Self::ZoomReset => [Some((CTRL, Key::Num0)), None],
            Self::FullScreen => [Some((NONE, Key::F11)), None],
            Self::StopReading => [Some((CTRL, Key::Period)), None],
            Self::ModelFacts => [Some((CTRL, Key::I)), None],
            Self::Palette => [Some((CTRL, Key::P)), None],
            Self::Help => [Some((NONE, Key::F1)), Some((NONE, Key::Questionmark))],
            Self::Quit => [Some((CTRL, Key::Q)), None],
            _ => [None, None],
        };
        let shortcut = |(modifiers, key)| KeyboardShortcut::new(modifiers, key);
        keys.into_iter().flatten().map(shortcut)
    }
}

/// A key as it is printed on keyboards, in a few letters.
pub fn key_text(ctx: &egui::Context, shortcut: &KeyboardShortcut) -> String {
    let text = ctx.format_shortcut(shortcut);
    let symbol = match shortcut.logical_key {
        Key::ArrowUp => "↑",
        Key::ArrowDown => "↓",
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::OpenBracket => "[",
        Key::CloseBracket => "]",
        Key::Questionmark => "?",
        Key::Plus => "+",
        Key::Minus => "−",
        Key::Equals => "=",
        Key::Period => ".",
        Key::Escape => "Esc",
        _ => return text,
    };
    // The key stands last.
    let name = shortcut.logical_key.name();
    let modifiers = text
        .strip_suffix(name)
        .or(text.strip_suffix(shortcut.logical_key.symbol_or_name()));
    format!("{}{symbol}", modifiers.unwrap_or_default())
}

/// A menu entry for `command`, with its key; grey where it cannot be done.
pub fn menu_item(ui: &mut egui::Ui, now: &Now, command: Command, out: &mut Vec<Command>) {
    let mut button = egui::Button::new(command.name());
    if let Some(shortcut) = command.shortcut() {
        button = button.shortcut_text(key_text(ui.ctx(), &shortcut));
    }
    let response = ui.add_enabled(command.possible(now), button);
    let response = match command.refusal(now) {
        Some(reason) => response.on_disabled_hover_text(reason),
        None => response.on_hover_text(command.explanation()),
    };
    if response.clicked() {
        ui.close();
        out.push(command);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn all() -> Vec<Command> {
        let plain = SECTIONS.iter().flat_map(|(_, commands)| commands.iter());
        let views = Pane::ALL.map(Command::ShowView);
        let moves = [(0, -1), (0, 1), (-1, 0), (1, 0)];
        let moves = moves.map(|(layers, heads)| Command::Move { layers, heads });
        plain.cloned().chain(views).chain(moves).collect()
    }

    #[test]
    fn no_key_does_two_things() {
        let mut keys = HashMap::new();
        for command in all() {
            for shortcut in command.shortcuts() {
                let before =
                    keys.insert((shortcut.modifiers, shortcut.logical_key), command.name());
                assert_eq!(before, None, "{}", command.name());
            }
        }
        assert!(keys.len() > 30);
    }

    #[test]
    fn every_command_has_a_name_of_its_own_and_says_what_it_does() {
        let mut names: Vec<String> = all().iter().map(Command::name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(
            all()
                .iter()
                .all(|command| !command.explanation().is_empty())
        );
    }
}
