//! A recorded run in the window: its text, which cannot be changed, and a choice among its texts.

use super::model_file::OpenModel;
use crate::chart::thousands;
use crate::engine::Snapshot;
use crate::model::Edits;
use crate::ui::app::App;
use crate::ui::commands::command::{Command, Now};
use crate::ui::language::{tr, trf};
use crate::ui::theme::quiet;
use eframe::egui::{self, Ui};
use std::sync::Arc;

/// Longest text that is laid out in the field, in bytes.
const SHOWN: usize = 100_000;

/// What a window with a recorded run shows of its texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// Their names, in order.
    pub names: Vec<String>,
    /// The one that is shown, from 0.
    pub shown: usize,
}

impl Texts {
    /// The texts of the open model, if it is a recorded run.
    pub fn of(snapshot: &Snapshot) -> Option<Self> {
        let run = snapshot.model.as_ref()?.recorded.as_ref()?;
        let names = run.header().texts.iter().map(|text| text.name.clone());
        Some(Self {
            names: names.collect(),
            shown: snapshot.recorded.unwrap_or(0),
        })
    }

    /// The command that shows text `index`.
    pub fn command(&self, index: usize) -> Option<Command> {
        let name = self.names.get(index)?.clone();
        Some(Command::ShowRecorded { index, name })
    }
}

/// Why something cannot be done with a recorded run.
pub fn refusal(command: &Command) -> Option<&'static str> {
    Some(match command {
        Command::Undo
        | Command::Redo
        | Command::EditText
        | Command::OpenText
        | Command::Insert { .. }
        | Command::Replace { .. } => {
            tr("A recorded run: the text cannot be changed; open the model to type")
        }
        Command::Continue(_) => {
            tr("A recorded run holds no weights: open the model to continue the text")
        }
        Command::SetSpan { .. }
        | Command::Silence { .. }
        | Command::SpanOfSelected(_)
        | Command::SilenceSelected
        | Command::RestoreSelected
        | Command::ClearEdits => {
            tr("A recorded run holds no weights: open the model to change its heads")
        }
        Command::OpenVocabulary | Command::SetRamp(_) => {
            tr("A recorded run has its vocabulary and its ramp in it")
        }
        _ => return None,
    })
}

/// Draws the text in the place of the text field, with a note why it cannot be changed.
pub fn text(ui: &mut Ui, snapshot: &Snapshot, texts: &Texts, out: &mut Vec<Command>) {
    let name = texts.names.get(texts.shown);
    let name = name.map_or("", String::as_str);
    ui.horizontal(|ui| {
        if texts.names.len() > 1 {
            choice(ui, texts, out);
        } else {
            ui.label(name);
        }
        let note = tr("A recorded run: the text cannot be changed; open the model to type");
        ui.add(egui::Label::new(quiet(note)).truncate());
    });
    let text = &snapshot.tokens.text;
    if text.len() > SHOWN {
        let words = trf("{0}: {1} bytes", &[&name, &thousands(text.len())]);
        ui.label(quiet(words));
        return;
    }
    egui::ScrollArea::vertical()
        .auto_shrink(false)
        .show(ui, |ui| {
            // A borrowed text can be selected and copied, and takes no keys.
            let mut shown: &str = text;
            let edit = egui::TextEdit::multiline(&mut shown)
                .id(egui::Id::unique("text of a recorded run"))
                .font(egui::TextStyle::Monospace)
                .desired_width(f32::INFINITY)
                .desired_rows(2);
            let response = ui.add_sized(ui.available_size(), edit);
            response.widget_info(|| {
                let name = tr("Text of the recorded run");
                egui::WidgetInfo::labeled(egui::Role::MultilineTextInput, false, name)
            });
        });
}

/// A choice among the texts of the run.
fn choice(ui: &mut Ui, texts: &Texts, out: &mut Vec<Command>) {
    let name = texts.names.get(texts.shown);
    let shown = name.map_or_else(String::new, |name| {
        trf(
            "{0} of {1}: {2}",
            &[&(texts.shown + 1), &texts.names.len(), name],
        )
    });
    let combo = egui::ComboBox::from_id_salt("text of the run")
        .selected_text(shown)
        .width(220.0)
        .truncate()
        .show_ui(ui, |ui| menu(ui, texts, out));
    let response = combo.response;
    response.widget_info(|| {
        let name = tr("Text of the run to show");
        egui::WidgetInfo::labeled(egui::Role::ComboBox, true, name)
    });
    response.on_hover_text(tr("The texts that were recorded; each has its own views"));
}

/// The texts of the run, one below the other.
pub fn menu(ui: &mut Ui, texts: &Texts, out: &mut Vec<Command>) {
    for (index, name) in texts.names.iter().enumerate() {
        let words = format!("{}  {name}", index + 1);
        if ui.selectable_label(index == texts.shown, words).clicked() {
            out.extend(texts.command(index));
            ui.close();
        }
    }
}

impl App {
    /// Shows another text of the recorded run.
    pub(in crate::ui) fn show_recorded(&mut self, index: usize) {
        let Some(texts) = Texts::of(&self.snapshot) else {
            return;
        };
        if index < texts.names.len() && index != texts.shown {
            self.selection.clear_tokens();
            self.engine.show_recorded(index);
        }
    }

    /// Shows the text `by` places further on in the recorded run.
    pub(in crate::ui) fn step_recorded(&mut self, by: isize) {
        if let Some(texts) = Texts::of(&self.snapshot)
            && let Some(index) = texts.shown.checked_add_signed(by)
        {
            self.show_recorded(index);
        }
    }

    /// Whether the open model is a recorded run.
    pub fn is_recorded(&self) -> bool {
        let model = self.snapshot.model.as_ref();
        model.is_some_and(|model| model.recorded.is_some())
    }

    /// The model now open: `behind` is the one that the history's changes belong to while a recorded run is shown. Returns
    /// whether these changes are to be forgotten.
    pub(in crate::ui) fn step_behind(&mut self, now: Option<OpenModel>) -> bool {
        let before = std::mem::replace(&mut self.opened, now);
        let is_recorded = self.is_recorded();
        let was_recorded = std::mem::replace(&mut self.shows_recorded, is_recorded);
        if self.shows_recorded {
            if !was_recorded && before.is_some() {
                self.behind = before;
            }
            return false;
        }
        let behind = self.behind.take();
        let is_back = was_recorded && behind.is_some() && behind == self.opened;
        if is_back {
            let edits = self.history.present().edits.as_ref().clone();
            if !edits.is_empty() {
                self.engine.edit_of(self.snapshot.model_number, edits);
            }
        }
        !is_back
    }

    /// What is changed by hand in the model that is open: nothing in a recorded run, whatever waits for its model.
    pub fn edits(&self) -> &Edits {
        static NONE: std::sync::OnceLock<Edits> = std::sync::OnceLock::new();
        match self.shows_recorded {
            true => NONE.get_or_init(Edits::default),
            false => &self.history.present().edits,
        }
    }

    /// The text that the views show: that of the recorded run, else the one that is typed.
    pub fn text(&self) -> &Arc<str> {
        match self.shows_recorded {
            true => &self.snapshot.tokens.text,
            false => &self.history.present().text.text,
        }
    }

    /// The text in the history: the user's own, also while a recorded run is shown.
    pub(in crate::ui) fn own_text(&self) -> &Arc<str> {
        &self.history.present().text.text
    }
}

impl Now {
    /// The same with what a recorded run allows.
    pub(in crate::ui) fn with_recorded(self, texts: Option<Texts>) -> Self {
        Self { texts, ..self }
    }

    /// Whether the open model is a recorded run.
    pub fn is_recorded(&self) -> bool {
        self.texts.is_some()
    }
}
