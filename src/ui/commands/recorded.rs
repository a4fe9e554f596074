//! The commands that cannot be done with a recorded run, and the choice among its texts.

use super::command::Command;
use crate::ui::document::recorded::Texts;
use crate::ui::language::tr;
use eframe::egui::Ui;

/// Why something cannot be done with a recorded run.
pub fn refusal(command: &Command) -> Option<&'static str> {
    Some(match command {
        Command::Undo
        | Command::Redo
        | Command::EditText
        | Command::OpenText
        | Command::RepeatedText
        | Command::ShuffledText
        | Command::Insert { .. }
        | Command::Replace { .. }
        | Command::Type { .. } => {
            tr("A recorded run: the text cannot be changed; open the model to type")
        }
        Command::Continue(_) => {
            tr("A recorded run holds no weights: open the model to continue the text")
        }
        Command::SetSpan { .. }
        | Command::Change(_)
        | Command::FirstTokens(_)
        | Command::Ablate { .. }
        | Command::SpanOfSelected(_)
        | Command::AblateSelected
        | Command::RestoreSelected
        | Command::ClearEdits
        | Command::AblateEach => {
            tr("A recorded run holds no weights: open the model to change its heads")
        }
        Command::OpenVocabulary | Command::SetRamp(_) => {
            tr("A recorded run has its vocabulary and its ramp in it")
        }
        _ => return None,
    })
}

/// The command that shows text `index` of a run.
pub fn command(texts: &Texts, index: usize) -> Option<Command> {
    let name = texts.names.get(index)?.clone();
    Some(Command::ShowRecorded { index, name })
}

/// The texts of the run, one below the other.
pub fn menu(ui: &mut Ui, texts: &Texts, out: &mut Vec<Command>) {
    for (index, name) in texts.names.iter().enumerate() {
        let words = format!("{}  {name}", index + 1);
        if ui.selectable_label(index == texts.shown, words).clicked() {
            out.extend(command(texts, index));
            ui.close();
        }
    }
}
