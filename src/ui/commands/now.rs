//! The commands that can be done now, and the reasons why others cannot.

use super::command::Command;
use super::recorded;
use crate::engine::figures::FigureKind;
use crate::ui::document::recorded::Texts;
use crate::ui::language::tr;
use crate::ui::session::earlier::EarlierSession;
use crate::ui::views::Pane;
use std::sync::Arc;

/// The state that decides which commands can be done.
#[derive(Debug, Clone, Default)]
pub struct Now {
    /// A model is open.
    pub model: bool,
    /// The open model is a file of the user's.
    pub file: bool,
    /// The open model is the checkpoint of a training run.
    pub run: bool,
    /// That run is followed.
    pub follows: bool,
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
    /// Sessions that no window has open.
    pub earlier: Arc<[EarlierSession]>,
    /// The view that was used last.
    pub used: Option<Pane>,
    /// Figures that cannot be made, and why.
    pub missing: Vec<(FigureKind, &'static str)>,
}

impl Now {
    /// True if the open model is a recorded run.
    pub fn is_recorded(&self) -> bool {
        self.texts.is_some()
    }

    /// Why there is no such figure now.
    pub fn missing(&self, kind: FigureKind) -> Option<&'static str> {
        let found = self.missing.iter().find(|(other, _)| *other == kind);
        found.map(|(_, reason)| *reason)
    }

    /// The figure of the view that was used last: the first that can be made, or else the first.
    pub fn figure_at_hand(&self) -> FigureKind {
        let all = self.used.map_or(&[FigureKind::Spans][..], Pane::figures);
        let mut possible = all.iter().filter(|kind| self.missing(**kind).is_none());
        let found = possible.next().or(all.first());
        found.copied().unwrap_or(FigureKind::Spans)
    }
}

impl Command {
    /// Why it cannot be done with the model that is open, where that is not plain to see.
    pub fn refusal(&self, now: &Now) -> Option<&'static str> {
        match self {
            Self::ExportView => now.missing(now.figure_at_hand()),
            Self::Export(kind, _) => now.missing(*kind),
            // A page has no other page beside it.
            Self::ExportPage if cfg!(not(feature = "desktop")) => {
                Some(tr("The program on a desktop writes such pages"))
            }
            Self::ExportPage if now.edited => Some(tr(
                "A recorded run shows a model as it is: take back what was changed first (Edit → All heads as trained)",
            )),
            Self::FollowRun if !now.run => Some(tr(
                "The open model is no training run: open the folder of one",
            )),
            _ => recorded::refusal(self).filter(|_| now.is_recorded()),
        }
    }

    /// True if it can be done.
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
            | Self::Change(_)
            | Self::FirstTokens(_)
            | Self::Ablate { .. }
            | Self::AblateNeuron { .. }
            | Self::SpanOfSelected(_)
            | Self::AblateEach
            | Self::OpenExamples
            | Self::ShowPlace { .. }
            | Self::RepeatedText
            | Self::ShuffledText
            | Self::AblateSelected => open,
            Self::ExportView
            | Self::Export(..)
            | Self::FigureOptions
            | Self::ExportPage
            | Self::Move { .. }
            | Self::SelectHead(_)
            | Self::SelectLayer
            | Self::NextUnknown
            | Self::SelectAll
            | Self::ModelFacts => now.model,
            _ => true,
        }
    }
}
