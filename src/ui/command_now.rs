//! What can be done now, and why something cannot.

use super::command::Command;
use super::recorded::{self, Texts};
use super::views::Pane;

/// What decides which commands can be done.
#[derive(Debug, Clone, Default)]
pub struct Now {
    /// A model is open.
    pub model: bool,
    /// The open model is a file of the user's.
    pub file: bool,
    /// A model is being opened.
    pub opening: bool,
    /// There is something to take back.
    pub undo: bool,
    /// There is something to do again.
    pub redo: bool,
    /// The run is on its way through the text.
    pub reading: bool,
    /// The run was stopped before the end of the text.
    pub stopped: bool,
    /// Something is changed in the model.
    pub edited: bool,
    /// Some selected head is changed.
    pub edited_selected: bool,
    /// Views that are open.
    pub open_views: Vec<Pane>,
    /// The texts of the open model, if it is a recorded run.
    pub texts: Option<Texts>,
}

impl Command {
    /// Why it cannot be done with the model that is open, where that is not plain to see.
    pub fn refusal(&self, now: &Now) -> Option<&'static str> {
        recorded::refusal(self).filter(|_| now.is_recorded())
    }

    /// Whether it can be done.
    pub fn possible(&self, now: &Now) -> bool {
        if self.refusal(now).is_some() {
            return false;
        }
        let open = now.model && !now.opening;
        let texts = now.texts.as_ref();
        match self {
            Self::ShowRecorded { index, .. } => {
                texts.is_some_and(|texts| *index < texts.names.len())
            }
            Self::StepRecorded(by) => texts.is_some_and(|texts| {
                let to = texts.shown.checked_add_signed(*by);
                to.is_some_and(|to| to < texts.names.len())
            }),
            Self::Undo => now.undo,
            Self::Redo => now.redo,
            Self::OpenVocabulary | Self::SetRamp(_) => now.file,
            Self::StopReading => now.reading,
            Self::ReadOn => now.stopped,
            Self::StopOpening => now.opening,
            Self::ClearEdits => now.edited && open,
            Self::RestoreSelected => now.edited_selected && open,
            Self::Continue(_)
            | Self::SetSpan { .. }
            | Self::Silence { .. }
            | Self::SpanOfSelected(_)
            | Self::SilenceSelected => open,
            Self::ExportView
            | Self::Export(..)
            | Self::FigureOptions
            | Self::Move { .. }
            | Self::SelectHead(_)
            | Self::SelectLayer
            | Self::SelectAll
            | Self::ModelFacts => now.model,
            _ => true,
        }
    }
}
